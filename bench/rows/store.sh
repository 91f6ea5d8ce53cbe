# Cells into a satchel, durable.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_store() {
	title "$store_cells cells into a satchel on the disk, durable, 256 at a time"
	record_all store "$build/bench/satchel_bench" put "$disk" "$store_cells" 256 "$repeat"
	compare store "put" satchel plain "one fdatasync after all, new file" speed 0.80
	compare store "put" satchel plain_over "the same over old bytes" speed -
	compare store "put" satchel sqlite "SQLite, WAL, synchronous=full" speed 2
	compare store "put" satchel lmdb "LMDB" speed -
	compare store "put, satchel full: as many give way" satchel_full plain \
		"one fdatasync after all, new file" speed -
}
