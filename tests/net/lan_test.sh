#!/usr/bin/env bash
# Being found and finding on a local network: two machines (network namespaces) with
# an avahi-daemon each, on message buses of their own; what they say is listened to.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
need_namespaces
need avahi-daemon dbus-daemon unshare python3
[ "$("$NET_TOOL" lan browse 0 </dev/null 2>&1 | grep -c 'built without')" = 0 ] ||
	skip_all 'built without Avahi'

a='' b=''
namespace a a
namespace b b
for ns in "$a" "$b"; do
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0
done
veth "$a" 10.78.0.1/24 "$b" 10.78.0.2/24

# shellcheck source=tests/net/avahi.sh
. "$(dirname "$0")/avahi.sh"
daemon_files a
daemon_files b
listen_files

start 5 wire ip netns exec "$b" python3 "$work/listen.py"
start 7 daemon-a ip netns exec "$a" sh "$work/daemons-a"
start 8 daemon-b ip netns exec "$b" sh "$work/daemons-b"
says wire 'the wire is listened to' hears
until [ -S "$work/bus-a" ] && [ -S "$work/bus-b" ]; do sleep 0.05; done
echo start >&7

start 9 find bus_b ip netns exec "$b" "$NET_TOOL" lan browse 0
says find 'no daemon: said, and what to do' 'Start avahi-daemon'
echo start >&8
says find 'the daemon came' up

start 4 node bus_a ip netns exec "$a" "$NET_TOOL" lan both 31234
says node 'announced' announced
name=$(sed -n 's/^announced //p' "$work/node")
ok 'under a random name' grep -qE '^[a-z]{12}$' <<<"$name"
says find 'found' "found $name"
ok 'with an address and the port' grep -qE "found $name .*(10.78.0.1|fe80::[0-9a-f:]*%veth0\]):31234" "$work/find"
exec 4>&-
says find 'lost when it ends' "lost $name"
ok 'who looks and announces does not find itself' [ "$(grep -c found "$work/node")" = 0 ]

start 4 again bus_a ip netns exec "$a" "$NET_TOOL" lan announce 31234
says again 'announced again' announced
second=$(sed -n 's/^announced //p' "$work/again")
ok 'under another name' [ -n "$second" -a "$second" != "$name" ]
says find 'found again' "found $second"

ip -n "$a" address add 10.79.0.1/24 dev veth0
line again announced 2
report $? 'on another network it is announced anew'
third=$(sed -n 's/^announced //p' "$work/again" | tail -n 1)
ok 'under a third name' [ "$third" != "$second" ]
says find 'the second is lost' "lost $second"
says find 'the third is found' "found $third"

echo stop >&8
says daemon-b 'the daemon stops' stopped
says find 'said' down
says find 'who was found is lost with it' "lost $third"
echo start >&8
line find up 2
report $? 'the daemon comes back'
line find "found $third" 2
report $? 'and who was found is found again'

exec 5>&- 4>&-
ok 'something was heard' grep -q "$name" "$work/wire"
ok 'nothing of the machine is told' [ "$(grep -c secretmachine "$work/wire")" = 0 ]
ok 'no cookie is told' [ "$(grep -ci cookie "$work/wire")" = 0 ]
done_testing
