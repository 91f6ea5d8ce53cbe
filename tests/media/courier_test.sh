#!/usr/bin/env bash
# A courier who means harm, between a sender and a reader: alters, multiplies, swaps,
# replays and invents cells in a box that anyone can open. Nothing is written for the
# reader but what was sent; honest letters arrive, once; the disk that it takes stays
# bounded.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

harm() {
	SEED=7 "$COURIER" stick/box.dlb "$@" || give_up "courier $*"
}

# All that bob's home takes on the disk, and may: its satchel is of one size.
home_is_bounded() {
	local rest
	[ "$(size_of home-bob/satchel)" -eq "$satchel" ] || return 1
	rest=$(size_of home-bob/letterbox home-bob/ring)
	[ "$rest" -lt $((2 << 20)) ] && [ "$(find home-bob -type f | wc -l)" -le 4 ]
}

fresh() {
	restore given
	rm -rf out
}

# Both letters, and nothing else, as they were sent.
both_arrive() {
	at bob read --from stick -o out
	exits 0 "$1: it is read"
	arrived out big && [ "$(find out -type f | wc -l)" -eq 1 ] && says 'as agreed'
	report $? "  what was sent, and nothing else"
	is "$(letters bob inbox read)" 2 "  both letters"
	is "$(letters bob inbox)" 2 "  each once"
	is "$(number bob kept)" "$cells" "  only true cells are kept"
	check "  nothing is wrong at home" healthy bob --thorough
	check "  the home takes no more of the disk" home_is_bounded
}

# What is left of the letters can not be read, and nothing of it is written.
none_arrives() {
	at bob meet stick
	exits 0 "$1: the meeting ends well"
	at bob read --all -o out
	check "  nothing is written" test ! -e out
	is "$(letters bob inbox unread)" 0 "  no letter is whole"
	is "$(letters bob inbox)" "${2:-0}" "  nor known of, but by a true head"
	check "  nothing is wrong at home" healthy bob --thorough
	restore_stick
	both_arrive "  with the true cells"
}

restore_stick() {
	rm -rf stick
	cp -a --sparse=always .saved/given/stick stick
}

new_pair
mkdir stick
head -c 3M /dev/urandom >big
must alice box create stick --open --size 64M --sparse
must alice send bob big
cells=$(number alice kept)
must alice send bob -m 'as agreed'
cells=$((cells + 1))
must alice meet stick
satchel=$(size_of home-bob/satchel)
"$COURIER" stick/box.dlb keep all.cells
save given home-bob stick

fresh
harm alter 2
both_arrive "two altered copies of each cell"

fresh
harm alter 12
both_arrive "twelve altered copies of each"

fresh
harm retag 3
both_arrive "copies under other box tags"

fresh
harm splice
both_arrive "each waybill with another's body"

fresh
harm reorder
both_arrive "another order"

fresh
harm invent 300
both_arrive "300 invented cells beside them"

fresh
harm malform 60
at bob meet stick
# A sixth says that it has expired, and is not looked at.
told 'refused +50 cells' "malformed cells are refused, and counted"
both_arrive "60 malformed cells beside them"
at bob meet stick
expect 0 "  and not carried on" bob box create other.dlb --open --size 64M --sparse
at bob meet other.dlb
is "$("$COURIER" other.dlb count)" "$(number bob carried)" "  but the true ones"
rm other.dlb

fresh
harm replace
none_arrives "an altered copy in the place of each"

fresh
harm lie
none_arrives "each cell under the name of another"

fresh
harm clear
none_arrives "all taken out"

# ---- again and again --------------------------------------------------------------------

fresh
both_arrive "before a replay"
harm replay all.cells
at bob meet stick
is "$(letters bob inbox)" 2 "a replay brings no second"
must bob delete 1 2
harm clear
harm replay all.cells
at bob meet stick
is "$(letters bob inbox)" 0 "nor of what was deleted"
harm retag 1
at bob meet stick
is "$(letters bob inbox)" 0 "nor under another box tag"
is "$(number bob kept)" 0 "nothing of it is kept"

# ---- more than there is room for ----------------------------------------------------------

fresh
harm clear
harm invent 800
for i in 1 2 3; do
	at bob meet stick
done
check "a box full of invented cells: the home takes no more" home_is_bounded
[ "$(number bob carried)" -le "$(number bob carried_max)" ]
report $? "  it carries no more than it may"
restore_stick
both_arrive "  and then"

# A stranger with bob's card can send what opens; a correspondent's still finds room.
new_home mallory
must mallory know bob.card
rm -rf home-bob
must bob init --no-passphrase --sparse --size 17M --name bob --card-file new.card
must bob know alice.card
must alice know new.card --as bob2
must mallory know new.card --as bob2
mkdir flood
for i in {1..200}; do
	echo "$i" >"flood/$i"
done
satchel=$(size_of home-bob/satchel)
rm -rf stick out
mkdir stick
must alice box create stick --open --size 64M --sparse
must mallory send bob2 flood --each --now
must mallory meet stick
at bob meet stick
told 'from strangers: no room for more' "a stranger's flood is refused beyond a part"
head -c 500k /dev/urandom >small
must alice send bob2 small
must alice meet stick
at bob meet stick
number=$(ask bob inbox --json | grep -o '"number":[0-9]*,"arrived":"[^"]*","from":"alice"' |
	tail -n 1 | grep -o '[0-9]*' | head -n 1)
expect 0 "a correspondent's letter finds room" bob read "${number:-0}" -o out
check "  every byte arrived" arrived out small
check "  nothing is wrong at home" healthy bob --thorough
check "  the home takes no more of the disk" home_is_bounded
finish
