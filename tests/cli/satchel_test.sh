#!/usr/bin/env bash
# The home's satchel: shown, made larger and smaller with all that it holds, made anew
# where it was lost; and what is said where letters find no room.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

home() {
	as "$1" init --no-passphrase --sparse --now --size "${2:-24M}" --name "$1" \
		>/dev/null 2>&1 </dev/null
}

home alice
home bob
as alice know bob.card --as bob >/dev/null 2>&1
as bob know alice.card --as alice >/dev/null 2>&1
mkdir stick later
as alice box create stick --open --size 32M --sparse >/dev/null 2>&1
as alice box create later --open --size 32M --sparse >/dev/null 2>&1
head -c 5000000 /dev/urandom >film
head -c 3000000 /dev/urandom >song
as alice send bob film -m came --stick stick >/dev/null 2>&1
as bob meet stick >/dev/null 2>&1
as bob send alice song -m waits >/dev/null 2>&1
as bob send alice -m 'waits too' >/dev/null 2>&1
use() { as "$1" satchel --json | jq -c '[.carried, .kept]'; }

run as bob satchel
exits 0 "the satchel is shown"
has "$out" "24 MiB" "with its size"
before=$(use bob)
letters=$(as bob inbox --json; as bob outbox --json)

cp -a home-bob copy-bob
for size in 64M 40M 24M; do
	run as bob satchel --size $size --sparse
	exits 0 "made anew in $size"
	has "$out" "now" "says so"
	is "$(use bob)" "$before" "holds what it held"
done
run as bob satchel
has "$out" "24 MiB" "the size is the new one"
is "$(as bob inbox --json; as bob outbox --json)" "$letters" "all letters are there"
run as bob doctor --thorough
exits 0 "every cell is whole"
ok "nothing is left over" test -z "$(find home-bob -name 'satchel?*')"
run as bob satchel --size 5G --sparse
exits 0 "one of several files"
ok "has them" test -e home-bob/satchel.1
is "$(use bob)" "$before" "holds what it held"
run as bob satchel --size 24M --sparse
exits 0 "and one of one file again"
is "$(use bob)" "$before" "holds what it held"
ok "has no other" test -z "$(find home-bob -name 'satchel?*')"
run as bob satchel --size 17M
exits 2 "what is held needs more"
has "$err" "--size" "and how much is said"
run as bob satchel --size 1M
exits 2 "too small for anything"
run as bob satchel --size 900T
exits 1 "larger than the disk"
run as bob satchel --new
exits 2 "one that opens is not thrown away"
run as bob satchel --sparse
exits 2 "--sparse alone"
run as bob satchel --json --size 30M
exits 2 "--json goes alone"
run as bob read 1 -o out
exits 0 "a letter is read"
ok "whole" cmp -s film out/film
run as bob meet later
run as alice read --from later -o in
exits 0 "and one goes out"
ok "whole too" cmp -s song in/song

# Lost, cut off, overwritten.
for how in lost cut random other; do
	rm -rf home-bob
	cp -a copy-bob home-bob
	case $how in
	lost) rm home-bob/satchel ;;
	cut) truncate -s 5M home-bob/satchel ;;
	random) head -c 25165824 /dev/urandom >home-bob/satchel ;;
	other) cp home-alice/satchel home-bob/satchel ;;
	esac
	for verb in status inbox 'meet stick' 'send alice -m x' 'satchel --size 30M'; do
		# shellcheck disable=SC2086
		run as bob $verb
		exits 1 "$how: $verb"
		one_line "$how: $verb: one line"
		has "$err" "the home satchel does not open" "$how: $verb: what is wrong"
		has "$err" "dlb satchel --new" "$how: $verb: and the way out"
		lacks "$err" "passphrase" "$how: $verb: nothing of a passphrase"
	done
	run as bob doctor
	exits 1 "$how: doctor"
	has "$out" "the home satchel does not open" "$how: doctor lists it"
	has "$out" "dlb satchel --new" "$how: and the way out"
	has "$out" "the clock" "$how: and what else there is"
	has "$out" "letters to you that were sealed" "$how: keys too"
	run as bob doctor --thorough --json
	ok "$how: for programs" jq -e 'map(select(.level == "wrong")) | length == 1' <<<"$out"
	run as bob satchel --new --sparse
	exits 0 "$how: a new one"
	has "$err" "inbox (1) waits" "$how: what came waits again"
	has "$err" "2 letters in the outbox (2" "$how: what had not left is told"
	has "$err" "dlb resend" "$how: and what to do"
	run as bob doctor
	exits 0 "$how: doctor is content"
	has "$out" "1 letter in the inbox is not whole" "$how: the letter waits"
	run as bob meet stick
	run as bob read 1 -o "out-$how"
	ok "$how: the box brings it again" cmp -s film "out-$how/film"
	run as bob resend 2 song -m waits
	exits 0 "$how: a lost one is sealed again"
done
is "$(as bob satchel --json | jq .size)" "$(DLB_HOME=copy-bob "$DLB" satchel --json |
	jq .size)" "as large as the one before"

# A letter that finds no room: of a correspondent, then of a stranger.
head -c 15000000 /dev/urandom >long
home dora 96M
as dora know bob.card --as bob >/dev/null 2>&1
mkdir big
as dora box create big --open --size 96M --sparse >/dev/null 2>&1
as dora send bob long --stick big >/dev/null 2>&1
for who in correspondent stranger; do
	rm -rf home-bob
	cp -a copy-bob home-bob
	[ $who = stranger ] || as bob know dora.card --as dora >/dev/null 2>&1
	run as bob meet big
	exits 0 "a letter too large, of a $who"
	has "$out" "dlb satchel --size" "$who: what is needed is said"
	size=$(grep -o 'dlb satchel --size [0-9]*M' <<<"$out" | head -n 1 | cut -d' ' -f4)
	if [ $who = correspondent ]; then
		number=$(as bob inbox --json | jq 'map(.number) | max')
		run as bob inbox
		has "$err" "dlb satchel --size $size" "inbox says it"
		run as bob read "$number" -o large
		exits 3 "it is not whole"
		has "$err" "dlb satchel --size $size" "read says it"
		run as bob doctor
		has "$out" "dlb satchel --size $size" "doctor says it"
		lacks "$out" "meet more boxes" "and not what does not help"
	fi
	run as bob satchel --size "$size" --sparse
	exits 0 "$who: the size that was said ($size)"
	run as bob meet big
	lacks "$out" "dlb satchel" "$who: is enough"
	number=$(as bob inbox --json | jq 'map(.number) | max')
	run as bob read "$number" -o "large-$who"
	ok "$who: the letter is whole" cmp -s long "large-$who/long"
done
rm -rf home-bob
cp -a copy-bob home-bob
run as bob send alice long
exits 1 "one that is too large to be sent"
size=$(grep -o 'dlb satchel --size [0-9]*M' <<<"$err" | cut -d' ' -f4)
run as bob satchel --size "${size:-0}" --sparse
run as bob send alice long
exits 0 "goes in the size that was said ($size)"

done_testing
