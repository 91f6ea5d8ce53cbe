# A large satchel.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_open() {
	title "A satchel of $open_cells cells (sparse)"
	record_all open "$build/bench/satchel_bench" open "$disk" "$open_cells"
	alone open "opens" open_warm s 2
	alone open "opens, page cache cold" open_cold s 2
	alone open "peak of memory while and after" peak_bytes_per_cell B/cell 100
}
