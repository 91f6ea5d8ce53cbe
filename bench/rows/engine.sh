# The meeting engine at both ends: greeting, summary, groups, answers, until both know
# what to send.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_engine() {
	title "Two meeting engines that hold $set_ids cells each, until both know what to send"
	record_all engine "$build/bench/engine_bench" "$set_ids" "$repeat"
	alone engine "nothing differs: all bytes, both ways" bytes_0 B 8192
	alone engine "10 differ" bytes_10 B 2048
	alone engine "1000 differ" bytes_1000 B 40960
	alone engine "100000 differ" bytes_100000 B 3600000
	alone engine "nothing differs: processor time of one side" cpu_0 s 1
	alone engine "10 differ" cpu_10 s 0.3
	alone engine "1000 differ" cpu_1000 s 0.5
	alone engine "100000 differ" cpu_100000 s 1.5
	alone engine "10 differ: round trips" trips_10 - 3
	alone engine "1000 differ: peak of memory, by the budget" memory_1000 B 268435456
}
