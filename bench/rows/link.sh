# Bytes through a link, beside OpenSSL's own two ends of one.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

row_link() {
	local i mb=$((mib * 8))
	has openssl openssl || return 0
	title "$mb MB through a link on loopback, TLS 1.3"
	openssl_setup
	head -c "${mb}000000" /dev/zero >"$ram/link"
	for ((i = 0; i < repeat; i++)); do
		record_all link "$build/bench/link_bench" "$mb"
		openssl_link "$ram/link" && record link openssl "$took"
	done
	rm -f "$ram/link"
	compare link "one link" link openssl "openssl s_client | s_server" speed 1.5
	say "    $(awk -v n="$mb" -v s="$(median link link)" 'BEGIN { printf "%.0f MB/s", n / s }')"
}
