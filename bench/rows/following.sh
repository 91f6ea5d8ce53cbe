# Following many authors of bulletins.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_following() {
	title "Following 1000 authors, $search_cells cells, $cores threads"
	record_all following "$build/bench/following_bench" "$ram" 1000 "$search_cells" "$repeat"
	compare following "ask of each cell whether it is of one of them" ask scalarmult \
		"a trial each, for one author" time 0.02
	compare following "a meeting begins: handles kept, table made" load scalarmult \
		"a trial each, for one author" time -
	compare following "a day is added: 16000 handles" day scalarmult \
		"a trial each, for one author" time -
	say "    $(awk -v s="$(median following follow)" \
		'BEGIN { printf "%.1f ms to follow one more", s * 1000 }')"
}
