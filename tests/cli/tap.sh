# shellcheck shell=bash
# tap: what the tests of the command line share. Sourced; prints TAP.
#
# Each test file runs in a directory of its own that is removed at its end, with
# dlb on its path, and is independent of every other. DLB is the program, PTY the
# helper that plays a person at a terminal.
set -u
: "${DLB:?the program to test}" "${PTY:?the terminal helper}"
DLB=$(readlink -f "$DLB")
PTY=$(readlink -f "$PTY")
unset DLB_HOME DLB_PASSPHRASE_FILE DLB_KEY_FILE XDG_DATA_HOME
export LC_ALL=C.UTF-8 TZ=UTC
# In memory, where there is enough: most of what they wait for is syncs.
base=${TMPDIR:-/tmp}
[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] &&
	[ "$(df --output=avail -m /dev/shm | tail -n 1)" -gt 1024 ] && base=/dev/shm
work=$(mktemp -d "$base/dlb-cli-test.XXXXXX")
cd "$work" || exit 99
trap 'cd /; rm -rf "$work"' EXIT
export HOME=$work/nobody
mkdir "$HOME"

tests=0
code=0

# What a test needs and is not there.
need() {
	command -v "$1" >/dev/null || {
		printf '1..0 # SKIP %s is not here\n' "$1"
		exit 0
	}
}

# dlb as one of the homes: as alice send bob ...
as() {
	local home=$work/home-$1
	shift
	DLB_HOME=$home "$DLB" "$@"
}

# Runs with no terminal and nothing to read: out, err and code are what came of it.
run() {
	"$@" </dev/null >"$work/.out" 2>"$work/.err"
	code=$?
	out=$(tr -d '\0' <"$work/.out")
	err=$(tr -d '\0' <"$work/.err")
}

# Makes a person's home without a lock.
person() {
	as "$1" init --no-passphrase --sparse --size 64M --name "$1" \
		>/dev/null 2>&1 </dev/null
}

report() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d - %s\n' $tests "$2"
	else
		printf 'not ok %d - %s\n' $tests "$2"
		printf '# code %s\n' "$code"
		printf '%s\n' "${out:-}" | sed 's/^/# out: /' | head -n 20
		printf '%s\n' "${err:-}" | sed 's/^/# err: /' | head -n 20
	fi
}

# ok NAME COMMAND...: the command says so
ok() {
	local name=$1
	shift
	"$@" >/dev/null 2>&1
	report $? "$name"
}

# The code of the last run.
exits() {
	[ "$code" = "$1" ]
	report $? "$2"
}

# has TEXT PART NAME, lacks TEXT PART NAME
has() {
	case $1 in
	*"$2"*) report 0 "$3" ;;
	*) report 1 "$3" ;;
	esac
}

lacks() {
	case $1 in
	*"$2"*) report 1 "$3" ;;
	*) report 0 "$3" ;;
	esac
}

is() {
	[ "$1" = "$2" ] || printf '# %s is not %s\n' "$1" "$2"
	[ "$1" = "$2" ]
	report $? "$3"
}

# damage FILE AT: another byte there, whatever it was
damage() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the byte is the format
	printf "\\$(printf %03o $((byte ^ 255)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Every error is one line that starts with the program's name.
one_line() {
	local lines
	lines=$(printf '%s\n' "$err" | wc -l)
	[ "$lines" = 1 ] && [ "${err#dlb: }" != "$err" ]
	report $? "$1"
}

done_testing() {
	printf '1..%d\n' $tests
}
