#!/usr/bin/env bash
# Links over TCP between two machines (network namespaces joined by a cable): both
# families, addresses that are one link's only, a slow line, and what goes wrong.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
need_namespaces
need tc

a='' b=''
namespace a a
namespace b b
for ns in "$a" "$b"; do
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0
done
veth "$a" 10.78.0.1/24 "$b" 10.78.0.2/24
ip -n "$a" address add fd00:78::1/64 dev veth0
ip -n "$b" address add fd00:78::2/64 dev veth0
in_a() { ip netns exec "$a" "$@" <&6; }
in_b() { ip netns exec "$b" "$@" <&6; }
link_local() {
	ip -n "$1" -6 -o address show dev veth0 scope link |
		awk '{ sub("/.*", "", $4); print $4 }'
}
call() { in_a "$NET_TOOL" call "$@" >"$work/call" 2>&1; }

start 7 listener ip netns exec "$b" "$NET_TOOL" listen 29486 4
says listener 'listens' listens
ok 'calls by IPv4' call 10.78.0.2 3000000
says listener 'all of it came, from the other address' 'got 3000000 from 10.78.0.1:'
ok 'calls by IPv6' call '[fd00:78::2]:29486' 200000
says listener 'all of it came, by IPv6' 'got 200000 from [fd00:78::1]:'
ok 'calls by an address of the link' call "$(link_local "$b")%veth0" 100000
says listener 'the interface is told with it' "got 100000 from [$(link_local "$a")%veth0]:"

in_b "$NET_TOOL" listen 29486 1 >"$work/second"
says second 'a port in use is said' 'port 29486 is in use'

# 20 Mbit/s: 5 MB take two seconds on it.
ip netns exec "$a" tc qdisc add dev veth0 root tbf rate 20mbit burst 32k latency 50ms
ok 'calls over a slow line' call 10.78.0.2 5000000
says listener 'all of it came, slowly' 'got 5000000 from'
ms=$(sed -n 's/.* in \([0-9]*\) ms.*/\1/p' "$work/call")
printf '# 5 MB at 20 Mbit/s: %s ms, 2000 are needed\n' "$ms"
ok 'four fifths of the line carry bytes' [ "${ms:-99999}" -lt 2500 ]
ip netns exec "$a" tc qdisc del dev veth0 root

call 10.78.0.2:29487 1
says call 'nothing listens' 'nothing answers at 10.78.0.2 on port 29487'
call 10.99.0.1 1
says call 'no way there' 'there is no way to 10.99.0.1'
call 10.78.0.99 1
ok 'nobody has the address' grep -qE 'there is no way|did not answer within 3 s' "$work/call"
call "$(link_local "$b")" 1
says call 'an address of the link needs its interface' 'needs its interface'
call "fe80::1%nosuchthing" 1
says call 'an interface that is not there' 'is there such an interface'
call nosuchhost.invalid 1
ok 'a name that nobody can look up' grep -qE 'could not be looked up|no host is called' "$work/call"
done_testing
