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

# Each daemon's own: bus, configuration, and the directory of which there is one.
daemon_files() { # LETTER
	cat >"$work/bus-$1.conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><type>system</type><listen>unix:path=$work/bus-$1</listen>
		<auth>EXTERNAL</auth><policy context="default"><allow user="*"/>
		<allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
		</policy></busconfig>
	END
	# The machine's name is told by nobody: that is what is looked for later.
	cat >"$work/avahi-$1.conf" <<-END
		[server]
		host-name=secretmachine$1
		allow-interfaces=veth0
		enable-dbus=yes
		[publish]
		publish-addresses=no
		publish-hinfo=no
		publish-workstation=no
	END
	cat >"$work/daemons-$1" <<-END
		mkdir -p /run/avahi-daemon
		mount -t tmpfs none /run/avahi-daemon
		export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus-$1
		rm -f $work/bus-$1 $work/pid-$1
		dbus-daemon --config-file=$work/bus-$1.conf --nofork --nopidfile &
		bus=\$!
		until [ -S $work/bus-$1 ]; do sleep 0.05; done
		while read -r word; do
			case \$word in
			start)
				avahi-daemon -f $work/avahi-$1.conf --no-drop-root --no-chroot \\
					--no-rlimits --no-proc-title &
				avahi=\$!
				;;
			stop) kill \$avahi; wait \$avahi; echo "stopped" ;;
			esac
		done
		kill \$avahi \$bus
		wait
	END
}
bus_a() { DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus-a "$@"; }
bus_b() { DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus-b "$@"; }
daemon_files a
daemon_files b

# All that is said to all, as B hears it.
cat >"$work/listen.py" <<-'END'
	import select, socket, sys
	wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
	print("hears", flush=True)
	while True:
	    ready = select.select([wire, sys.stdin], [], [])[0]
	    if sys.stdin in ready:
	        break
	    sys.stdout.write(ascii(wire.recv(65536)) + "\n")
END

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
