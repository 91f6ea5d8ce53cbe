#!/usr/bin/env bash
# Meetings of the program itself that break, between two machines (network namespaces):
# either side killed, the line cut, both ends told to stop, in the middle of a meeting
# over a slow line. Nothing is lost, nothing comes twice, the next meeting goes on.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/net/homes.sh
. "$(dirname "$0")/homes.sh"
: "${TUNLINK:?the network}"
need_namespaces
need tc

a='' b=''
namespace a a
namespace b b
veth "$a" 10.78.0.1/24 "$b" 10.78.0.2/24
home_size=256M homes ann bea
head -c 1500000 /dev/urandom >"$work/.photo"
meet() {
	local to=${1:-10.78.0.2}
	DLB_HOME=$work/home-ann ip netns exec "$a" "$DLB" meet "$to" <&6
}
slow() { # RATE: in each direction
	local ns
	for ns in "$a" "$b"; do
		ip netns exec "$ns" tc qdisc replace dev veth0 root tbf \
			rate "$1" burst 32k latency 50ms
	done
}
fast() {
	local ns
	for ns in "$a" "$b"; do
		ip netns exec "$ns" tc qdisc del dev veth0 root
	done
}

# A letter, and a meeting of which so many bytes have gone out from A.
letter() { as ann send bea "$work/.photo" -m "$1" --now -q <&6 2>/dev/null; }
sent_now() { ip netns exec "$a" cat "/sys/class/net/$1/statistics/tx_bytes"; }
begin() { # BYTES [DEVICE TO]
	local device=${2:-veth0} to=${3:-10.78.0.2} until=$((SECONDS + patience)) before
	before=$(sent_now "$device")
	DLB_HOME=$work/home-ann ip netns exec "$a" "$DLB" meet "$to" \
		<&6 >"$work/meeting" 2>&1 &
	meeting=$!
	until [ $(($(sent_now "$device") - before)) -ge "$1" ]; do
		[ $SECONDS -lt $until ] || return 1
		kill -0 "$meeting" 2>/dev/null || return 1
		sleep 0.01
	done
}
ended() { # PID
	wait "$1" 2>/dev/null
	code=$?
}
starts() {
	serve "$b" bea --no-lan --no-media
	says bea.log 'serve is ready' 'ready on port 29486'
}
# What came is whole, and as often as it was sent.
whole() { # TEXT
	local number same
	letters bea "$1" 1 || return 1
	number=$(as bea inbox --json <&6 | jq --arg text "$1" \
		'.[] | select(.summary | startswith($text)) | .number')
	as bea read "$number" -o "$work/.got" <&6 >/dev/null 2>&1
	cmp -s "$work/.photo" "$work/.got/.photo"
	same=$?
	rm -rf "$work/.got"
	return $same
}

# ---- killed ------------------------------------------------------------------------

starts
for at in 100000 700000 1400000; do
	letter "caller killed at $at."
	slow 8mbit
	ok "a meeting is under way ($at bytes)" begin "$at"
	kill -9 "$meeting"
	ended "$meeting"
	fast
	run meet
	exits 0 'after the caller was killed it meets again'
	ok 'the letter came, whole and once' whole "caller killed at $at."
done
for at in 100000 700000 1400000; do
	letter "serve killed at $at."
	slow 8mbit
	ok "a meeting is under way ($at bytes)" begin "$at"
	kill -9 "$serving"
	ended "$serving"
	ended "$meeting"
	ok 'the caller is not told that all is well' [ $code -ne 0 ]
	says meeting 'but what to do' 'the next meeting goes on'
	fast
	starts
	run meet
	exits 0 'after serve was killed it meets again, over the socket that was left'
	ok 'the letter came, whole and once' whole "serve killed at $at."
done

# ---- told to stop ------------------------------------------------------------------

letter 'caller stopped.'
slow 8mbit
ok 'a meeting is under way' begin 500000
kill -TERM "$meeting"
ended "$meeting"
ok 'SIGTERM ends the caller, not as a crash does' [ $code -ne 0 -a $code -lt 128 ]
says meeting 'it says so' 'stopped here'
letter 'serve stopped.'
ok 'a meeting is under way' begin 500000
kill -TERM "$serving"
ended "$serving"
exits 0 'SIGTERM ends serve in the middle of a meeting'
ok 'its socket is gone' [ ! -e "$work/home-bea/socket" ]
ended "$meeting"
ok 'the caller is not told that all is well' [ $code -ne 0 -a $code -lt 128 ]
fast
starts
run meet
exits 0 'it meets again'
ok 'the one letter came, whole and once' whole 'caller stopped.'
ok 'the other did' whole 'serve stopped.'

# ---- cut ---------------------------------------------------------------------------

letter 'cable pulled.'
slow 8mbit
ok 'a meeting is under way' begin 500000
ip -n "$a" link set veth0 down
kill -TERM "$meeting"
ended "$meeting"
ok 'a meeting whose cable was pulled can be ended' [ $code -ne 0 -a $code -lt 128 ]
ip -n "$a" link set veth0 up
fast
run meet
exits 0 'plugged in again it meets again'
ok 'the letter came, whole and once' whole 'cable pulled.'

if [ -c /dev/net/tun ]; then
	start 8 network "$TUNLINK" "$a" "$b" delay=10 loss=1 seed=5 cut=900000
	says network 'a network that loses packets, and is cut' ready
	letter 'network gone.'
	ok 'a meeting is under way' begin 300000 dlbtun 10.77.0.2
	says network 'it is cut' cut
	kill -TERM "$meeting"
	ended "$meeting"
	exec 8>&-
	patience=45 line bea.log 'silent for too long'
	report $? 'who hears nothing more ends it by itself'
	run meet
	exits 0 'it meets again, by another way'
	ok 'the letter came, whole and once' whole 'network gone.'
else
	printf 'ok %d - a network that is cut # SKIP no TUN devices here\n' $((tests += 1))
fi

# ---- after all of it ---------------------------------------------------------------

for at in 100000 700000 1400000; do
	letters bea "caller killed at $at." 1 && letters bea "serve killed at $at." 1
	report $? "the letters of before are there once ($at)"
done
run as bea doctor
exits 0 'all is sound where it was taken'
run as ann doctor
exits 0 'and where it was given'
done_testing
