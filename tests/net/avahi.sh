# shellcheck shell=bash
# avahi: an avahi-daemon in each of two namespaces, on buses of their own, and one who
# listens to all that is said. Sourced after tap.sh.
: "${work:?from tap.sh}"

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

# All that is said to all, as who runs it hears it, in $work/listen.py.
listen_files() {
	cat >"$work/listen.py" <<-'END'
		import select, socket, sys
		wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
		print("hears", flush=True)
		while True:
		    ready = select.select([wire, sys.stdin], [], [])[0]
		    if sys.stdin in ready:
		        break
		    print(ascii(wire.recv(65536)), flush=True)
	END
}
