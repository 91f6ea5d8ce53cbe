# Bytes through a link, beside OpenSSL's own two ends of one.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

# s_server ends when its standard input does: that is a pipe kept open. It is ready
# when the kernel has its port among those that listen.
openssl_link() { # MEGABYTES-FILE PORT
	local pid hex
	hex=$(printf '%04X' "$2")
	openssl s_server -accept "127.0.0.1:$2" -quiet -naccept 1 -tls1_3 \
		-key "$scratch/link.key" -cert "$scratch/link.crt" \
		<>"$scratch/link.fifo" >/dev/null 2>&1 &
	pid=$!
	until grep -q "0100007F:$hex 00000000:0000 0A" /proc/net/tcp; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.02
	done
	run_timed openssl_both "$1" "$2" "$pid"
}

# What is timed: the client, and the server until it has all.
openssl_both() { # MEGABYTES-FILE PORT SERVER
	openssl s_client -connect "127.0.0.1:$2" -quiet -no_ign_eof -tls1_3 \
		-ciphersuites "$link_ciphers" <"$1" && wait "$3"
}

row_link() {
	local i mb=$((mib * 8)) port=29487
	has openssl openssl || return 0
	title "$mb MB through a link on loopback, TLS 1.3"
	openssl req -x509 -newkey ed25519 -keyout "$scratch/link.key" \
		-out "$scratch/link.crt" -nodes -subj / -days 2 2>/dev/null
	mkfifo "$scratch/link.fifo"
	head -c "${mb}000000" /dev/zero >"$ram/link"
	link_ciphers=$("$build/bench/link_bench" 1 2>&1 >/dev/null | awk '{ print $2 }')
	for ((i = 0; i < repeat; i++)); do
		record_all link "$build/bench/link_bench" "$mb"
		openssl_link "$ram/link" "$port" && record link openssl "$took"
	done
	rm -f "$ram/link"
	compare link "one link" link openssl "openssl s_client | s_server" speed 1.5
	say "    $(awk -v n="$mb" -v s="$(median link link)" 'BEGIN { printf "%.0f MB/s", n / s }')"
}
