# A short meeting over a long way, in the simulator.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_contact() {
	title "In the simulator: a contact of 10 s, 100 Mbit/s each way, a round trip of 1 s"
	record_all contact "$build/bench/contact_bench" "$ram"
	alone contact "round trips lost to anything but cells" trips_lost - 3
}
