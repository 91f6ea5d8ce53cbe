#!/usr/bin/env bash
# `dlb serve` on a local network of two machines (network namespaces, an avahi-daemon in
# each): who does not announce itself is not to be found, by whatever means; those who do
# find each other, and meet without anyone typing.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/net/homes.sh
. "$(dirname "$0")/homes.sh"
# shellcheck source=tests/net/avahi.sh
. "$(dirname "$0")/avahi.sh"
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
homes ann bea
daemon_files a
daemon_files b
listen_files
cat >"$work/bell" <<-'EOF'
	#!/bin/sh
	printf '%s who=%s where=%s given=%s taken=%s new=%s whole=%s pull=%s s=%s\n' "$1" \
		"$DLB_WHO" "$DLB_WHERE" "$DLB_GIVEN" "$DLB_TAKEN" "$DLB_LETTERS_NEW" \
		"$DLB_LETTERS_COMPLETE" "$DLB_MAY_BE_PULLED" "$DLB_SECONDS" >>"$0.told"
EOF
chmod +x "$work/bell"

start 5 wire ip netns exec "$b" python3 "$work/listen.py"
start 7 daemon-a ip netns exec "$a" sh "$work/daemons-a"
start 8 daemon-b ip netns exec "$b" sh "$work/daemons-b"
says wire 'the wire is listened to' hears
until [ -S "$work/bus-a" ] && [ -S "$work/bus-b" ]; do sleep 0.05; done
echo start >&7
echo start >&8
start 9 near bus_b ip netns exec "$b" "$NET_TOOL" lan browse 0
says near 'somebody looks who is near' up

# ---- silent, as it is by default ---------------------------------------------------

bus_a serve "$a" ann --no-media
quiet=$serving
says ann.log 'serve is ready' ready
bus_b serve "$b" bea --announce --no-media --no-listen 2>/dev/null
ended() {
	wait "$1" 2>/dev/null
	code=$?
}
ended "$serving"
exits 2 'to announce oneself and not to listen is refused'
# It is found as the other would have been.
start 4 probe bus_a ip netns exec "$a" "$NET_TOOL" lan announce 31234
says probe 'a probe is announced from the same machine' announced
probe=$(sed -n 's/^announced //p' "$work/probe")
says near 'and found' "found $probe"
ok 'nobody else is found' [ "$(grep -c '^found' "$work/near")" = 1 ]
exec 4>&-
says near 'the probe is gone' "lost $probe"
# A label of a name is its length, twelve here, and its letters; who announces has two,
# its own and a machine's.
labels() { grep -oE '\\x0c[a-z]{12}' "$work/wire" | sort -u; }
ok 'the wire heard it' grep -q "$probe" "$work/wire"
ok 'and nobody else of the kind' [ "$(labels | wc -l)" = 2 ]
ok 'nor was there what tells machines apart' \
	[ "$(grep -c secretmachine "$work/wire")" = 0 ]
kill -TERM "$quiet"
ended "$quiet"
exits 0 'serve ends'

# ---- announced ---------------------------------------------------------------------

as ann send bea -m 'from ann' --now -q <&6 2>/dev/null
as bea send ann -m 'from bea' --now -q <&6 2>/dev/null
bus_b serve "$b" bea --announce --no-media --on-event "$work/bell"
first=$serving
says bea.log 'one is announced' 'announced on the network as'
name=$(sed -n 's/.*announced on the network as //p' "$work/bea.log" | tail -n 1)
DLB_HOME=$work/home-ann bus_a run ip netns exec "$a" "$DLB" nearby
exits 0 'the other looks who is near'
says out 'and sees it' "$name"

bus_a serve "$a" ann --announce --no-media
says ann.log 'the other finds it' "found $name on the network"
says ann.log 'they meet' 'met a stranger'
says bea.log 'so says the one' 'met a stranger'
# Who listens may be behind those who meet.
has_labels() {
	local end=$((SECONDS + patience))
	until [ "$(labels | wc -l)" -ge 6 ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
ok 'now the wire has their names' has_labels
ok 'the letter of the one came' letters bea 'from ann' 1
ok 'and that of the other' letters ann 'from bea' 1
says bell.told 'the program is told that it is announced' 'announced who='
says bell.told 'that one was found' 'found who='
says bell.told 'that a meeting begins' 'meeting who='
says bell.told 'and with whom it was' 'met who=a stranger'
ok 'how much moved, which letters came, and how long it took' grep -qE \
	'^met .* where=[^ ]*(10\.78\.0\.1|fe80)[^ ]* given=64 taken=64 new=1 whole=1 pull=0 s=[0-9]+\.[0-9]{3}$' \
	"$work/bell.told"
ok 'they met once' [ "$(grep -c '^met' "$work/bell.told")" = 1 ]

exec 7>&-
says bea.log 'a machine that goes is said' 'gone from the network'
kill -TERM "$serving" "$first"
ended "$serving"
exits 0 'the one ends'
ended "$first"
exits 0 'and the other'
exec 5>&- 8>&- 9>&-
done_testing
