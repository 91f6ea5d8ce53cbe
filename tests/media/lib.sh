# shellcheck shell=bash
# What the tests on real media share, on top of those of the command line: mounting,
# killing, cutting the power, and leaving nothing behind, mounts and loop devices
# included.
#
# A test sources this, works below $work, and ends with `finish`. What needs root, a
# loop device or fuse asks can_mount, can_loop or can_fuse, and else skips by name.
# MOMENT is the library of moment.c, COURIER and CHI are the programs of courier.c and
# chi.c.
#
# Where nothing depends on the disk, it is left out: a kill loses no page of memory.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] &&
	[ "$(df -m --output=avail /dev/shm | tail -n 1)" -gt 1000 ]; then
	export TMPDIR=/dev/shm
fi
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/../cli/tap.sh"
: "${MOMENT:?what kills at a chosen moment}" "${COURIER:?the hostile courier}" \
	"${CHI:?chi-squared of files}"

crashes=0 # runs that ended by a signal of their own or a sanitizer's word
mounts=() # to be undone, the last first: "path [loop device | process]"

# undo_mount "PATH [LOOP DEVICE | PROCESS]"
undo_mount() {
	local path by
	read -r path by <<<"$1"
	umount "$path" || return
	case $by in
	/dev/*) losetup -d "$by" ;;
	# It writes the last when nobody can see it any more.
	?*) wait "$by" || : ;;
	esac
}

cleanup() {
	local i path
	trap - EXIT
	cd / || exit
	for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
		read -r path _ <<<"${mounts[i]}"
		undo_mount "${mounts[i]}" || umount -l "$path"
	done 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

# ---- TAP -----------------------------------------------------------------------------

# check NAME COMMAND...: the command says whether
check() {
	local name=$1
	shift
	"$@"
	report $? "$name"
}

skip() {
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' $tests "$1" "$2"
}

finish() {
	report "$crashes" "no run crashed"
	done_testing
}

# What the test itself stands on.
give_up() {
	report 1 "preparing: $*"
	done_testing
	exit 1
}

# ---- running -------------------------------------------------------------------------

# at HOME VERB...: runs the program in that home; fills out, err and code
at() {
	run as "$@"
	note_crash "$@"
	return "$code"
}

# A crash, as opposed to an error that was told. 137 is what the test itself did.
note_crash() {
	if { [ "$code" -ge 124 ] && [ "$code" -ne 137 ]; } ||
		grep -q -e 'Sanitizer' -e 'runtime error:' <<<"$err"; then
		crashes=$((crashes + 1))
		printf '# CRASH: code %s of: %s\n' "$code" "$*"
		printf '# %s\n' "$err"
	fi
}

# expect CODE NAME HOME VERB...
expect() {
	local want=$1 name=$2
	shift 2
	at "$@"
	exits "$want" "$name"
}

must() {
	at "$@" || give_up "$*"
}

# says PATTERN: the last run did, on either stream
says() {
	grep -Eq -e "$1" <<<"$out$err"
}

# told PATTERN NAME: that, as a test
told() {
	says "$1"
	report $? "$2"
}

# new_home NAME [OPTION...]: sparse, not locked, its letters sent at once; its card is
# NAME.card
new_home() {
	must "$1" init --no-passphrase --name "$1" --card-file "$1.card" \
		--sparse --now --size 64M "${@:2}"
}

new_courier() {
	must "$1" init --courier --no-passphrase --sparse --size 64M "${@:2}"
}

# Two who know each other.
new_pair() {
	new_home alice
	new_home bob
	must alice know bob.card
	must bob know alice.card
}

# save NAME WHAT...: files and directories as they are now; and back. Holes stay holes.
save() {
	local to=$work/.saved/$1
	rm -rf "$to"
	mkdir -p "$to"
	cp -a --sparse=always "${@:2}" "$to"
}

restore() {
	local from=$work/.saved/$1
	(cd "$from" && ls -A) | xargs rm -rf
	cp -a --sparse=always "$from"/. .
}

# What is read of a home and not written for a test: without a change of out, err, code.
ask() {
	as "$@" </dev/null 2>/dev/null
}

# number HOME KEY: of `status --json`, as in: number bob kept
number() {
	ask "$1" status --json | grep -o "\"$2\":[0-9]*" | head -n 1 | cut -d: -f2
}

# letters HOME inbox|outbox [STATE]: how many there are
letters() {
	ask "$1" "$2" --json | grep -o "\"state\":\"${3:-[^\"]*}\"" | wc -l
}

# healthy HOME [--thorough]: it opens and nothing is wrong there
healthy() {
	at "$1" doctor "${@:2}" && ! says '^wrong'
}

# tidy DIR...: no hidden left-over, no half-written file
tidy() {
	[ -z "$(find "$@" \( -name '.dlb*' -o -name '*.new*' \) 2>/dev/null)" ]
}

# arrived DIR WHAT...: every byte of it is in DIR
arrived() {
	local dir=$1 what
	shift
	for what; do
		diff -r --no-dereference "$what" "$dir/${what##*/}" >/dev/null ||
			return 1
	done
}

# size_of FILE...: their lengths together
size_of() {
	stat -c %s "$@" | awk '{ n += $1 } END { print n }'
}

# ---- moments ---------------------------------------------------------------------------

moment_env() {
	env LD_PRELOAD="$MOMENT" "MOMENT_AT=$1" "MOMENT_DO=$2" \
		"MOMENT_COUNT=$3" "MOMENT_FS=${4:-/nonexistent}" \
		DLB_HOME="$work/home-$5" "$DLB" "${@:6}"
}

# events_of HOME VERB...: how many events a whole run has, in $events
events_of() {
	run moment_env 0 '' "$work/.events" '' "$@"
	[ "$code" -eq 0 ] || give_up "$*"
	events=$(<"$work/.events")
	[ "${events:-0}" -gt 0 ] || give_up "counting the events of: $*"
}

# killed_at EVENT HOME VERB...: SIGKILL at that event
killed_at() {
	run moment_env "$1" kill '' '' "${@:2}"
	note_crash "${@:2}"
}

# cut_at EVENT DO MOUNTS HOME VERB...: no power for the file systems there (a:b)
cut_at() {
	run moment_env "$1" "$2" '' "$3" "${@:4}"
	note_crash "${@:4}"
}

# cut_now MOUNT...: no power from here on; what was not synced is lost
cut_now() {
	python3 - "$@" <<-'EOF'
		import fcntl, os, struct, sys
		for path in sys.argv[1:]:
		    fd = os.open(path, os.O_RDONLY)
		    fcntl.ioctl(fd, 0x8004587D, struct.pack("I", 2))
	EOF
}

# pick_moment PART PARTS: an event at random in that part of all $events, in $moment
pick_moment() {
	local first=$(($1 * events / $2)) last=$((($1 + 1) * events / $2))
	[ "$last" -gt "$first" ] || last=$((first + 1))
	# shellcheck disable=SC2034 # it is the answer
	moment=$((1 + first + (RANDOM * 32768 + RANDOM) % (last - first)))
}

# ---- media -----------------------------------------------------------------------------

there_are() {
	local program
	for program; do
		command -v "$program" >/dev/null || return 1
	done
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

# can_mount: root, with the right to mount (a container may lack it)
can_mount() {
	is_root && new_tmpfs .try 64k 2>/dev/null && umount_at .try
}

# can_loop: mounts files, and takes their power away
can_loop() {
	can_mount && there_are mkfs.ext4 losetup && new_ext4 .try 4M 2>/dev/null &&
		umount_at .try
}

# can_fuse: mounts FAT
can_fuse() {
	is_root && [ -c /dev/fuse ] && there_are fusefat mkfs.vfat fsck.vfat &&
		new_fat .try 1M && umount_at .try
}

# mount_at DIR MOUNT-ARGUMENTS...: undone at the end
mount_at() {
	local dir=$1
	shift
	mkdir -p "$dir"
	mount "$@" "$dir" || return 1
	mounts+=("$(realpath "$dir")")
}

# umount_at DIR: and forgotten
umount_at() {
	local path i where
	path=$(realpath "$1")
	for i in "${!mounts[@]}"; do
		read -r where _ <<<"${mounts[i]}"
		[ "$where" = "$path" ] || continue
		undo_mount "${mounts[i]}" || return 1
		unset 'mounts[i]'
		mounts=("${mounts[@]}")
		return 0
	done
	return 1
}

unmount_all() {
	local where
	while [ ${#mounts[@]} -gt 0 ]; do
		read -r where _ <<<"${mounts[-1]}"
		umount_at "$where" || give_up "unmounting $where"
	done
}

# new_tmpfs DIR SIZE
new_tmpfs() {
	mount_at "$1" -t tmpfs -o "size=$2,mode=700" tmpfs
}

# new_ext4 DIR SIZE: in DIR.img; no reserve for root, so that full is full
new_ext4() {
	rm -f "$1.img"
	truncate -s "$2" "$1.img"
	mkfs.ext4 -q -m 0 -O ^resize_inode "$1.img" && mount_ext4 "$1"
}

# A loop device of one's own: one that mount sets up goes some time after the file
# system, and takes with it whoever has got hold of it in between.
mount_ext4() {
	local device
	device=$(losetup -f --show "$1.img") || return 1
	mkdir -p "$1"
	if ! mount "$device" "$1"; then
		losetup -d "$device"
		return 1
	fi
	mounts+=("$(realpath "$1") $device")
}

# power_on MOUNT...: of file systems that lost it; their journals are replayed
power_on() {
	local dir
	for dir; do
		if ! umount_at "$dir" || ! mount_ext4 "$dir"; then
			give_up "mounting $dir again"
		fi
	done
}

# new_fat DIR SIZE: in DIR.img
new_fat() {
	rm -f "$1.img"
	truncate -s "$2" "$1.img"
	mkfs.vfat "$1.img" >/dev/null && mount_fat "$1"
}

mount_fat() {
	local pid tries
	mkdir -p "$1"
	fusefat -f -s -o "rw+${2:+,$2}" "$1.img" "$1" >/dev/null 2>&1 &
	pid=$!
	for ((tries = 0; tries < 200; tries++)); do
		if mountpoint -q "$1"; then
			mounts+=("$(realpath "$1") $pid")
			return 0
		fi
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.02
	done
	kill "$pid"
	return 1
}

# ---- sections ----------------------------------------------------------------------------

# section NEED NAME FUNCTION: a part of a test that needs something of the machine, in
# a directory of its own; skipped by its name where that is not there
section() {
	local need=$1 name=$2
	if [ "$need" != any ] && ! "can_$need"; then
		skip "$name" "${reasons[$need]}"
		return
	fi
	printf '# %s\n' "$name"
	rm -rf "$work/home-"*
	mkdir "$work/$3" && cd "$work/$3" || exit
	"$3"
	cd "$work" || exit
	unmount_all
	rm -rf "${work:?}/$3"
}

declare -A reasons=(
	[mount]='needs root, to mount'
	[loop]='needs root, loop devices and ext4'
	[fuse]='needs root, fuse and fusefat'
	[faketime]='needs faketime, and a program without a sanitizer'
)
