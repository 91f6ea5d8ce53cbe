# What a meeting costs before the first cell moves: finding out what each end lacks.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

# NNCP 8.8 lists every packet that it holds, 89 bytes each.
nncp_listing=89

reconcile_size() { # DIFFER LIMIT, bytes
	local ours
	ours=$(median reconcile "bytes_$1")
	[ -n "$ours" ] || return 0
	local fields
	mapfile -t fields < <(awk -v n="$set_ids" -v ours="$ours" -v limit="$2" -v per="$nncp_listing" '
		function size(b) {
			return b < 1048576 ? sprintf("%.1f KiB", b / 1024) : sprintf("%.1f MiB", b / 1048576)
		}
		BEGIN {
			print size(ours); print size(n * per); printf "%.5f\n", ours / (n * per)
			print "<= " size(limit); print ours <= limit ? "met" : "MISSED"
		}')
	line "$1 differ: all bytes, both ways" "${fields[0]}" "NNCP's listing of as many packets" \
		"${fields[@]:1}"
}

row_reconcile() {
	local differ
	title "What differs between two sets of $set_ids ids (reconciliation alone)"
	record_all reconcile "$build/bench/reconcile_bench" "$set_ids" "$repeat"
	reconcile_size 10 2048
	reconcile_size 1000 40960
	reconcile_size 100000 3600000
	alone reconcile "10 differ: the hearer's processor time" hearer_10 s 0.3
	alone reconcile "1000 differ: the same" hearer_1000 s 0.5
	alone reconcile "100000 differ: the same" hearer_100000 s 1.5
	say "    symbols a difference, mean and 99 of 100:$(for differ in 10 1000 100000; do
		printf ' %.2f %.2f at %s;' "$(median reconcile "symbols_$differ")" \
			"$(median reconcile "symbols_p99_$differ")" "$differ"
	done)"
}
