#!/usr/bin/env bash
# Links over a network that is slow, loses packets and is cut.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
: "${TUNLINK:?the network}"
need_namespaces
[ -c /dev/net/tun ] || skip_all 'no TUN devices here'

a='' b=''
namespace a a
namespace b b
call() { ip netns exec "$a" "$NET_TOOL" call "$@" <&6 >"$work/call" 2>&1; }
# network OPTION...: until descriptor 8 is shut
network() { start 8 network "$TUNLINK" "$a" "$b" "$@"; }
gone() { ! ip -n "$a" link show dlbtun >/dev/null 2>&1; }
unplug() {
	exec 8>&-
	local end=$((SECONDS + patience))
	until gone; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}

start 7 listener ip netns exec "$b" "$NET_TOOL" listen 29486 4
says listener 'listens' listens

network delay=500
says network 'a network with a round trip of one second' ready
ok 'calls over it' call 10.77.0.2 100000
ms=$(sed -n 's/.*, \([0-9]*\) ms$/\1/p' "$work/call")
printf '# the handshake took the caller %s ms\n' "$ms"
ok 'TLS takes one round trip' [ "${ms:-99999}" -ge 900 -a "${ms:-99999}" -lt 1800 ]
says listener 'all of it came' 'got 100000'
ok 'unplugs' unplug

network delay=10 loss=2 seed=77
says network 'a network that loses one packet in fifty' ready
ok 'calls over it' call 10.77.0.2 2000000
says listener 'all of it came' 'got 2000000'
ok 'unplugs' unplug

network delay=5 cut=400000
says network 'a network that is cut' ready
call 10.77.0.2 4000000
says network 'is cut' cut
says call 'who sends is not told that all was sent' 'error: stalled'
ok 'unplugs' unplug
ok 'the other end got less, or waits' [ "$(grep -c 'got 4000000' "$work/listener")" = 0 ]
done_testing
