# Meetings of the program itself: `dlb serve` in one home, `dlb meet` in another.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

meeting_port=29488
nncp_port=29489

# Sets $serving.
serve_home() { # HOME ADDRESS COMMAND...
	local home=$1 address=$2
	shift 2
	: >"$scratch/serve.log" # what the one before said there
	DLB_HOME=$home "$@" "$dlb" serve --port "$meeting_port" --address "$address" \
		--no-lan --no-media >"$scratch/serve.log" 2>&1 &
	serving=$!
	begun "$serving"
	until grep -q ' ready on port' "$scratch/serve.log"; do
		kill -0 "$serving" 2>/dev/null || die "dlb serve: $(cat "$scratch/serve.log")"
		sleep 0.02
	done
}

# Leaves in $served what the meeting took by the log of who was called, from the
# connection on until all is written down: whoever calls has a home to open first.
end_serving() {
	end "$serving"
	served=$(sed -n 's/.* met .* for \([0-9.]*\) s: .*/\1/p' "$scratch/serve.log")
	[ -n "$served" ] || die "the meeting: $(cat "$scratch/serve.log")"
}

meeting_call() { # HOME
	DLB_HOME=$1 "$dlb" meet -q "127.0.0.1:$meeting_port"
}

# A courier's home without a cell, in the same place each time.
empty_home() { # HOME
	rm -rf "$1"
	DLB_HOME=$1 "$dlb" init -q --courier --sparse --no-passphrase \
		--size "$((mib * 5 + 64))M"
}

carries() { # HOME CELLS
	local there
	there=$(DLB_HOME=$1 "$dlb" status | sed -n 's/^ *\([0-9,]*\) of .* for carrying .*/\1/p')
	[ "${there//,/}" -ge "$2" ] || die "$1 has $there of $2 cells"
}

# The caller is the one that lacks, or the one that gives: WHO is meet or meet_give.
meeting_ours() { # WHO SERVES CALLS
	empty_home "$where/to"
	serve_home "$where/$2" 127.0.0.1
	timed meeting "$1" meeting_call "$where/$3"
	end_serving
	carries "$where/to" "$cells"
}

# Until the packet is there and its checksum has been looked at; nncp-call itself
# waits longer, in case there is more.
meeting_nncp() {
	local daemon call from till
	nncp_nodes "$where/nncp"
	letter=$where/bytes nncp_file || return
	nncp-daemon -cfg "$nncp/bob.cfg" -quiet -bind "127.0.0.1:$nncp_port" \
		>"$scratch/said" 2>&1 &
	daemon=$!
	begun "$daemon"
	listens "$nncp_port" "$daemon" || return
	from=$EPOCHREALTIME
	nncp-call -cfg "$nncp/alice.cfg" -quiet -onlinedeadline 2 \
		bob "127.0.0.1:$nncp_port" >"$scratch/said" 2>&1 &
	call=$!
	until [ -n "$(find "$nncp/bob/spool" -path '*/rx/*' -type f -size "+$((mib * 2 - 1))M" \
		! -name '*.*')" ]; do
		kill -0 "$call" 2>/dev/null || break
		sleep 0.02
	done
	till=$EPOCHREALTIME
	wait "$call" || :
	end "$daemon"
	[ -n "$(find "$nncp/bob/spool" -path '*/rx/*' -type f ! -name '*.*')" ] || {
		say "nncp-call moved nothing: $(cat "$scratch/said")"
		return 0
	}
	record meeting nncp "$(awk -v a="$from" -v b="$till" 'BEGIN { printf "%.6f", b - a }')"
	rm -rf "$where/nncp"
}

meeting_loopback() {
	local i
	title "A meeting on loopback, $((mib * 2)) MiB of cells that one lacks, both homes on tmpfs"
	openssl_setup
	"$build/bench/meeting_bench" carrier "$where/from" "$cells"
	head -c "$((mib << 21))" /dev/zero >"$where/bytes"
	# The first time the pages of both homes are new.
	for ((i = 0; i < repeat; i++)); do
		meeting_ours meet from to
		openssl_link "$where/bytes" && record meeting openssl "$took"
		meeting_ours meet_give to from
		! has nncp-call nncp || meeting_nncp
	done
	compare meeting "dlb serve gives, dlb meet takes" meet openssl \
		"openssl s_client | s_server" speed 0.60
	compare meeting "dlb meet gives, dlb serve takes" meet_give openssl \
		"openssl s_client | s_server" speed 0.60
	compare meeting "dlb meet, its home's opening included" meet nncp \
		"NNCP: daemon and call" speed -
	rm -rf "$where"/{from,to,bytes}
}

# Nothing is lacking, but for what `dlb meet` adds to every meeting.
meeting_equals() {
	local i
	title "A meeting of two homes that hold the same $open_cells cells"
	"$build/bench/meeting_bench" equals "$where" "$open_cells"
	for ((i = 0; i < repeat; i++)); do
		record_all equals "$build/bench/meeting_bench" meet "$where"
		serve_home "$where/a" 127.0.0.1
		meeting_call "$where/b"
		end_serving
		record equals program "$served"
	done
	alone equals "nothing goes: from connecting to the end" equal_s s 1
	alone equals "nothing goes: processor time of the caller" equal_cpu s 1
	alone equals "nothing goes: all bytes of the stream, both ways" equal_bytes B 8192
	alone equals "dlb serve and dlb meet, 64 own new cells go" program s 1
	rm -rf "$where"/{a,b}
}

# The kernel's own TCP over a link that a program makes slow (tests/net/tunlink.c).
meeting_far() {
	local rate=12500000 i end network
	if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ] || ! has ip iproute2; then
		say "a slow link needs root, /dev/net/tun and ip: its row is left out"
		return 0
	fi
	title "A meeting over a link of 100 Mbit/s, 50 ms each way, $mib MiB of cells that one lacks"
	"$build/bench/meeting_bench" carrier "$where/from" "$((cells / 2))"
	[ -p "$scratch/tun.fifo" ] || mkfifo "$scratch/tun.fifo"
	for end in a b; do
		ip netns add "dlb-bench$$$end"
		namespaces+=("dlb-bench$$$end")
	done
	"$build/bench/tunlink" "${namespaces[@]}" delay=50 rate="$rate" \
		<>"$scratch/tun.fifo" >"$scratch/tun.log" &
	network=$!
	begun "$network"
	until grep -q ready "$scratch/tun.log"; do
		kill -0 "$network" 2>/dev/null || die "no slow link could be made"
		sleep 0.05
	done
	for ((i = 0; i < repeat_letters; i++)); do
		empty_home "$where/to"
		serve_home "$where/from" 10.77.0.2 ip netns exec "dlb-bench$$b"
		DLB_HOME=$where/to ip netns exec "dlb-bench$$a" \
			"$dlb" meet -q "10.77.0.2:$meeting_port"
		end_serving
		carries "$where/to" "$((cells / 2))"
		record far meet "$served"
		record far link "$(awk -v n="$((cells / 2))" -v r="$rate" 'BEGIN { printf "%.6f", n * 65536 / r }')"
	done
	end "$network"
	compare far "dlb serve gives, dlb meet takes" meet link \
		"these cells' bytes at the link's rate" speed 0.85
	rm -rf "$where"/{from,to}
}

row_meeting() {
	# Its homes have no key file; those of the rows before had one.
	unset DLB_KEY_FILE
	local where=$ram/meeting cells=$((mib * 32)) serving served
	mkdir "$where"
	meeting_loopback
	meeting_equals
	meeting_far
	rm -rf "$where"
}
