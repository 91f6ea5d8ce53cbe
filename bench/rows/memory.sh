# In memory: a letter's cells sealed and opened, on all cores.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_memory() {
	title "In memory, $mib MiB in cells, $cores threads"
	record_all memory "$build/bench/cell_bench" "$mib" "$repeat"
	compare memory "seal and open, handles included" both raw_both \
		"OpenSSL ChaCha20-Poly1305" speed 0.50
	compare memory "seal" seal raw_seal "OpenSSL ChaCha20-Poly1305" speed -
	compare memory "code it, 3 of 5" code seal_name \
		"sealing and naming, unsplit" time 0.20
	compare memory "open" open raw_open "OpenSSL ChaCha20-Poly1305" speed -
}
