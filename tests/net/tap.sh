# shellcheck shell=bash
# tap: what the tests over real networks share. Sourced; prints TAP.
#
# Each test has network namespaces of its own, named after its process, and removes
# them; nothing is sent outside of them. NET_TOOL and TUNLINK are the helpers.
set -u
: "${NET_TOOL:?the carrier from a shell}"
export LC_ALL=C.UTF-8
tests=0
work=$(mktemp -d /tmp/dlb-net-test.XXXXXX)
namespaces=()
# Standard input that never ends, for programs that end when theirs does.
mkfifo "$work/.never"
exec 6<>"$work/.never"
# How long a line is waited for that a healthy run says at once.
patience=${PATIENCE:-20}

skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

clean_up() {
	local ns
	exec 4>&- 5>&- 7>&- 8>&- 9>&-
	wait_for_ends
	for ns in "${namespaces[@]+"${namespaces[@]}"}"; do
		ip netns delete "$ns" 2>/dev/null
	done
	declare -F clean_up_more >/dev/null && clean_up_more
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

need_root() {
	[ "$(id -u)" = 0 ] || skip_all 'needs root'
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] ||
			skip_all "$program is not here"
	done
}

need_namespaces() {
	need_root
	need ip
	ip netns add "dlb$$-probe" 2>/dev/null ||
		skip_all 'no network namespaces can be made here'
	# To run in one takes mounts of one's own; a chroot's root has none.
	ip netns exec "dlb$$-probe" true 2>/dev/null || {
		ip netns delete "dlb$$-probe"
		skip_all 'nothing can be run in a network namespace here'
	}
	ip netns delete "dlb$$-probe"
}

# namespace VARIABLE NAME
namespace() {
	local ns="dlb$$-$2"
	ip netns add "$ns" || exit 1
	namespaces+=("$ns")
	ip -n "$ns" link set lo up
	printf -v "$1" %s "$ns"
}

# veth NS-A ADDRESS-A NS-B ADDRESS-B
veth() {
	ip link add veth0 netns "$1" type veth peer name veth0 netns "$3" || exit 1
	ip -n "$1" address add "$2" dev veth0
	ip -n "$3" address add "$4" dev veth0
	ip -n "$1" link set veth0 up
	ip -n "$3" link set veth0 up
}

# Programs that go on beside: start FD NAME COMMAND...: its standard input is FD (4, 5,
# 7, 8 or 9) of this shell and its output $work/NAME; it ends when FD is closed.
pids=()
start() {
	local fd=$1 name=$2
	shift 2
	rm -f "$work/in.$fd"
	mkfifo "$work/in.$fd"
	"$@" <"$work/in.$fd" >"$work/$name" 2>&1 4>&- 5>&- 7>&- 8>&- 9>&- &
	pids+=($!)
	eval "exec $fd>\"\$work/in.$fd\""
}

wait_for_ends() {
	local pid
	for pid in "${pids[@]+"${pids[@]}"}"; do
		wait "$pid" 2>/dev/null
	done
	pids=()
}

# line NAME PART [COUNT]: so many lines with PART in $work/NAME, waited for no longer
# than patience.
line() {
	local end=$((SECONDS + patience))
	until [ "$(grep -cF -- "$2" "$work/$1" 2>/dev/null)" -ge "${3:-1}" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

report() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d - %s\n' $tests "$2"
	else
		printf 'not ok %d - %s\n' $tests "$2"
		find "$work" -maxdepth 1 -type f -size -64k -name '[a-z]*' \
			-exec head -n 20 {} + | tr -d '\0' | sed 's/^/# /'
	fi
}

# ok NAME COMMAND...
ok() {
	local name=$1
	shift
	"$@"
	report $? "$name"
}

# says NAME TEST-NAME PART: $work/NAME has it or gets it
says() {
	line "$1" "$3"
	report $? "$2"
}

done_testing() {
	printf '1..%d\n' $tests
}
