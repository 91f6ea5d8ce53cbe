#!/usr/bin/env bash
# `dlb serve` and boxes that appear while it runs: in a directory, and on a stick that is
# plugged in (a FAT image, mounted through FUSE), goes in the middle of its meeting, and
# comes again; and files that are no boxes.
# Mounts of this test are nobody else's to see.
if [ "$(id -u)" = 0 ] && [ "${DLB_OWN_MOUNTS:-}" != yes ]; then
	unshare --mount --propagation private true 2>/dev/null || {
		printf '1..0 # SKIP no mounts of its own can be made here\n'
		exit 0
	}
	exec unshare --mount --propagation private env DLB_OWN_MOUNTS=yes bash "$0"
fi
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/net/homes.sh
. "$(dirname "$0")/homes.sh"
need_root
need fusefat mkfs.fat fusermount
[ -c /dev/fuse ] || skip_all 'no FUSE here'

# Nor are others' of this test: what else is plugged in is not its to meet.
while read -r other; do
	umount -l "$other"
done < <(findmnt -rno TARGET,SOURCE,FSTYPE | awk '$2 ~ "/dev/loop" || $3 ~ "^fuse" { print $1 }')
home_size=256M homes ann bea
media=$(mktemp -d /mnt/dlb-media.XXXXXX)
fat=$media/fat
clean_up_more() {
	[ ${#served[@]} -eq 0 ] || kill "${served[@]}" 2>/dev/null
	umount -l "$fat" 2>/dev/null
	rmdir "$fat" "$media"
}
mkdir "$fat" "$work/dir" "$work/elsewhere"
for image in fat film; do
	truncate -s 64M "$work/$image.img"
	mkfs.fat -F 32 "$work/$image.img" >/dev/null 2>&1
done
# In the foreground of its own shell, so that its process is known.
plug() { # IMAGE
	fusefat -f -o rw+ -o nonempty "$work/$1.img" "$fat" >"$work/.fusefat" 2>&1 \
		4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	stick=$!
	local end=$((SECONDS + patience))
	until mountpoint -q "$fat"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
pull() {
	fusermount -u "$fat" && wait "$stick"
}
# As when it is drawn out without a word.
yank() {
	kill -9 "$stick"
	wait "$stick" 2>/dev/null
	umount -l "$fat"
}
cat >"$work/bell" <<-'EOF'
	#!/bin/sh
	printf '%s at=%s given=%s taken=%s whole=%s pull=%s why=%s\n' "$1" "$DLB_WHERE" \
		"$DLB_GIVEN" "$DLB_TAKEN" "$DLB_LETTERS_COMPLETE" "$DLB_MAY_BE_PULLED" \
		"$DLB_WHY" >>"$0.told"
EOF
chmod +x "$work/bell"
touch "$work/bell.told"
# cpu PID: clock ticks that it has used
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
post() { as bea send ann -m "$1" --now -q <&6 2>/dev/null; }

# Boxes that the other one has met, with a letter in each.
ok 'a stick is plugged in elsewhere' plug fat
run as bea box create "$work/elsewhere/dir.dlb" --open --size 8M
exits 0 'a box is made'
run as bea box create "$fat" --open
exits 2 'on a file system that does not tell how much is free'
says out 'a size is asked for' 'does not tell how much is free'
run as bea box create "$fat/stick.dlb" --open --size 12M
exits 0 'with one it is made'
post 'in a directory'
run as bea meet "$work/elsewhere/dir.dlb"
post 'on a stick'
run as bea meet "$fat/stick.dlb"
exits 0 'they are met'
ok 'the stick is pulled' pull
head -c 5M /dev/urandom >"$work/.film"
as bea send ann "$work/.film" -m 'a film' --now -q <&6 2>/dev/null
plug film
run as bea box create "$fat/stick.dlb" --open --size 12M
run as bea meet "$fat/stick.dlb"
exits 0 'another has more on it'
ok 'it is pulled' pull

: >"$work/ann.log"
DLB_HOME=$work/home-ann "$DLB" serve --no-lan --no-listen --dirs "$work/dir" \
	--on-event "$work/bell" <&6 >"$work/ann.log" 2>&1 4>&- 5>&- 7>&- 8>&- 9>&- &
serving=$!
served+=("$serving")
says ann.log 'serve is ready' ready

# ---- in a directory ----------------------------------------------------------------

mv "$work/elsewhere/dir.dlb" "$work/dir/dir.dlb"
says bell.told 'a box in a directory is met, the program told' "box-met at=$work/dir/dir.dlb"
ok 'the letter came' letters ann 'in a directory' 1
ok 'the program was told so, and not that anything may be pulled' \
	grep -q "box-met at=$work/dir/dir.dlb given=64 taken=64 whole=1 pull=0" "$work/bell.told"
ok 'nor is it said' [ "$(grep -c 'pull it' "$work/ann.log")" = 0 ]

# ---- on a stick --------------------------------------------------------------------

ok 'the stick is plugged in' plug fat
says ann.log 'it shall be left where it is' "meeting the box $fat/stick.dlb; leave the stick"
says ann.log 'until it may be pulled' 'unmount the stick, then pull it'
says bell.told 'the program is told, and that it may be pulled' "box-met at=$fat/stick.dlb"
ok 'of what moved too' grep -q "at=$fat/stick.dlb .* taken=[1-9].* whole=1 pull=1" "$work/bell.told"
ok 'it can be unmounted at once' pull
ok 'the letter came' letters ann 'on a stick' 1

# ---- no boxes ----------------------------------------------------------------------

head -c 2000000 /dev/urandom >"$work/elsewhere/noise.dlb"
mv "$work/elsewhere/noise.dlb" "$work/dir/"
says bell.told 'a file that is no box: the program is told' "failed at=$work/dir/noise.dlb"
says ann.log 'it is said what it may be' 'noise.dlb is not a box that is open to all, nor'
head -c 50000 /dev/urandom >"$work/dir/short.dlb"
touch "$work/dir/other.txt"
before=$(cpu "$serving")
# Whoever looks at it again has seen a box that comes after it.
run as bea box create "$work/elsewhere/more.dlb" --open --size 8M
mv "$work/elsewhere/more.dlb" "$work/dir/"
says bell.told 'the next box is met' "box-met at=$work/dir/more.dlb"
ok 'of the noise it was said once' [ "$(grep -c 'noise.dlb is not' "$work/ann.log")" = 1 ]
ok 'of the rest nothing' [ "$(grep -cE 'short|other' "$work/ann.log")" = 0 ]
ok 'next to no time is spent' [ $(($(cpu "$serving") - before)) -lt 200 ]

# ---- a stick that goes while it is met, and comes again ----------------------------

told=$(grep -c 'box-met' "$work/bell.told")
# The box is open, and so many bytes have been written to wherever.
written() { awk '/^wchar/ { print $2 }' "/proc/$serving/io"; }
amidst() {
	local end=$((SECONDS + patience)) from
	until find "/proc/$serving/fd" -lname "$fat/*" 2>/dev/null | grep -q .; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
	from=$(written)
	until [ $(($(written) - from)) -ge "$1" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}
ok 'the other stick is plugged in' plug film
ok 'a meeting is under way' amidst 2000000
ok 'the stick is drawn out in the middle of it' yank
says ann.log 'it is said' "$fat/stick.dlb: "
says bell.told 'and told the program' "failed at=$fat/stick.dlb"
ok 'it did not end well' [ "$(grep -c 'box-met' "$work/bell.told")" = "$told" ]
grep "$fat/stick.dlb: " "$work/ann.log" | sed 's/^/# /'
ok 'serve goes on' kill -0 "$serving"
ok 'the same stick again' plug film
patience=60 line bell.told box-met $((told + 1))
report $? 'it is met again'
ok 'it is pulled' pull
ok 'the letter came, once' letters ann 'a film' 1
run as ann read "$(as ann inbox --json <&6 | jq '.[] | select(.summary == "a film") | .number')" \
	-o "$work/got"
exits 0 'it is read'
ok 'and whole' cmp -s "$work/.film" "$work/got/.film"

kill -TERM "$serving"
wait "$serving"
code=$?
exits 0 'serve ends'
run as ann doctor
exits 0 'all is sound'
done_testing
