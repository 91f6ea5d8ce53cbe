#!/usr/bin/env bash
# `dlb serve` and a folder of single cells that two share, as one that is synced: each
# meets it when the other has put something in, and not for what it put there itself.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/net/homes.sh
. "$(dirname "$0")/homes.sh"

home_size=128M homes ann bea
mkdir "$work/folder" "$work/later" "$work/locked"
printf 'a passphrase of the tests\n' >"$work/.pass"
run as bea box create "$work/folder" --cells --open --size 64M
exits 0 'a folder becomes a box'
run as bea box create "$work/locked" --cells --size 8M --passphrase-file "$work/.pass"
exits 0 'another one with a passphrase'

cat >"$work/bell" <<-'EOF'
	#!/bin/sh
	printf '%s at=%s given=%s taken=%s whole=%s pull=%s\n' "$1" "$DLB_WHERE" \
		"$DLB_GIVEN" "$DLB_TAKEN" "$DLB_LETTERS_COMPLETE" "$DLB_MAY_BE_PULLED" >>"$0.told"
EOF
chmod +x "$work/bell"
# here NAME DIRS OPTION...: serves, without any network
here() {
	local name=$1 dirs=$2
	shift 2
	: >"$work/$name.log"
	DLB_HOME=$work/home-$name "$DLB" serve --no-lan --no-listen --no-media --dirs "$dirs" \
		"$@" <&6 >"$work/$name.log" 2>&1 4>&- 5>&- 7>&- 8>&- 9>&- &
	serving=$!
	served+=("$serving")
}
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

as bea send ann -m 'in the folder' --now -q <&6 2>/dev/null
here ann "$work/folder:$work/later:$work/locked" --on-event "$work/bell"
ann=$serving
says bell.told 'it is met' "box-met at=$work/folder given=64 taken=0"
says ann.log 'of one that is locked it is said what would open it' \
	"$work/locked is not a box that is open to all"
here bea "$work/folder"
bea=$serving
says bea.log 'the other one meets it' "at $work/folder: gave 64 cells, took 64"
says bell.told 'who put something in sees what came' "box-met at=$work/folder given=0 taken=64 whole=1"
ok 'the letter came' letters ann 'in the folder' 1
ok 'nothing is said of pulling it' [ "$(grep -c 'pull=1' "$work/bell.told")" = 0 ]
ok 'nor of leaving it' [ "$(grep -c 'leave the stick' "$work/ann.log")" = 0 ]

# A box beside it that is met later shows that nothing more came of all this.
before=$(cpu "$ann")
run as bea box create "$work/box.dlb" --open --size 8M
mv "$work/box.dlb" "$work/later/"
says bell.told 'the next box is met' "box-met at=$work/later/box.dlb"
ok 'each was told of the folder what it had to be told' \
	[ "$(grep -c "box-met at=$work/folder " "$work/bell.told")" = 2 ]
ok 'so was the other' [ "$(grep -c "met .* at $work/folder:" "$work/bea.log")" = 1 ]
ok 'of the locked one it was said once' [ "$(grep -c "$work/locked is not" "$work/ann.log")" = 1 ]
ok 'and next to no time was spent' [ $(($(cpu "$ann") - before)) -lt 200 ]

# One that another process has open is met when that one is done.
run as bea box create "$work/held.dlb" --open --size 8M
exec 9<"$work/held.dlb"
flock -n 9
ok 'a box is held' [ $? = 0 ]
mv "$work/held.dlb" "$work/later/"
says ann.log 'it is said' "$work/later/held.dlb is in use by another process: it is tried again"
exec 9<&-
says bell.told 'and met a while later' "box-met at=$work/later/held.dlb"

# What is half there is left, what is no cell refused.
head -c 1000 /dev/urandom >"$work/folder/00112233445566778899aabbccddeeff"
length=$(stat -c %s "$(find "$work/folder" -name '????????????????????????????????' -size +60k | head -n 1)")
head -c "$length" /dev/urandom >"$work/.noise"
mv "$work/.noise" "$work/folder/ffeeddccbbaa99887766554433221100"
run as bea box create "$work/box2.dlb" --open --size 8M
mv "$work/box2.dlb" "$work/later/"
says bell.told 'serve goes on beside noise' "box-met at=$work/later/box2.dlb"
rm -r "$work/folder"
ok 'and without the folder' kill -0 "$ann"
for pid in "$ann" "$bea"; do
	kill -TERM "$pid"
	wait "$pid"
	code=$?
	exits 0 'serve ends'
done
for name in ann bea; do
	run as "$name" doctor
	exits 0 'all is sound'
done
done_testing
