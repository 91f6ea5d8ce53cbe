# OpenSSL's own two ends of a link: s_client sends a file to s_server.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

openssl_port=29487

# A process is ready when the kernel has its port among those that listen.
listens() { # PORT PROCESS
	local hex
	hex=$(printf '%04X' "$1")
	until grep -q "0100007F:$hex 00000000:0000 0A" /proc/net/tcp; do
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.02
	done
}

# Once; the cipher that our own ends agree on here.
openssl_setup() {
	[ ! -e "$scratch/link.key" ] || return 0
	openssl req -x509 -newkey ed25519 -keyout "$scratch/link.key" \
		-out "$scratch/link.crt" -nodes -subj / -days 2 2>/dev/null
	mkfifo "$scratch/link.fifo"
	openssl_ciphers=$("$build/bench/link_bench" 1 2>&1 >/dev/null | awk '{ print $2 }')
}

# s_server ends when its standard input does: that is a pipe kept open. What it is sent
# must have no Q or R where a read begins: s_client takes them for commands.
openssl_link() { # FILE
	local pid
	openssl s_server -accept "127.0.0.1:$openssl_port" -quiet -naccept 1 -tls1_3 \
		-key "$scratch/link.key" -cert "$scratch/link.crt" \
		<>"$scratch/link.fifo" >/dev/null 2>&1 &
	pid=$!
	listens "$openssl_port" "$pid" || return
	run_timed openssl_both "$1" "$pid"
}

# What is timed: the client, and the server until it has all.
openssl_both() { # FILE SERVER
	openssl s_client -connect "127.0.0.1:$openssl_port" -quiet -no_ign_eof -tls1_3 \
		-ciphersuites "$openssl_ciphers" <"$1" && wait "$2"
}
