# Searching a satchel for one's own letters.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_search() {
	title "Searching $search_cells cells for one's own, $cores threads"
	record_all search "$build/bench/search_bench" "$ram" "$search_cells" "$repeat"
	compare search "a satchel's cells, each tried once" search scalarmult \
		"bare scalar multiplications" speed 0.90
	say "    $(awk -v n="$search_cells" -v s="$(median search search)" -v c="$cores" \
		'BEGIN { printf "%.0f cells a second and core", n / s / c }')"
}
