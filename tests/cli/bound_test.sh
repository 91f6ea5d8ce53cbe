#!/usr/bin/env bash
# Letters that are split, and whom they are bound for: a courier gets one stripe, the
# reader and the box that a letter goes by way of get all.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person carol
run as bob init --no-passphrase --sparse --size 160M --name bob
for who in bob carol; do
	run as alice know $who.card
done
run as bob know alice.card
head -c 300000 /dev/urandom >film

# Of the last letter: stripes that are out, couriers, strangers.
out_of_last() {
	as alice outbox --json |
		jq -c '.[-1] | [.stripes_given, (.couriers | length), .strangers_at_most]'
}

whole_at_bob() {
	as bob inbox --json | jq '[.[] | select(.state == "unread")] | length'
}

# ---- nodes ------------------------------------------------------------------------------

other=$(printf 'DLB_HOME=%q %q meet -' "$work/home-bob" "$DLB")
as alice node pair bob --card >/dev/null 2>&1
as bob node pair alice --card >/dev/null 2>&1
run as alice send bob film --need 2 --of 3
run as alice meet --pipe "$other"
is "$(out_of_last)" "[3,1,0]" "its reader's node gets all of it"
is "$(whole_at_bob)" 1 "and has it"

run as alice send carol film --need 2 --of 3
run as alice meet --pipe "$other"
is "$(out_of_last)" "[1,1,0]" "another's node does not"
run as alice node forget bob
as alice node pair bob --card >/dev/null 2>&1
run as alice meet --pipe "$other"
is "$(out_of_last)" "[1,1,0]" "and is the same one when it is paired again"
run as alice node forget bob
run as alice roster add bob
run as alice meet --pipe "$other" --policy known
exits 0 "it is known by a roster, too"
is "$(out_of_last)" "[1,1,0]" "and is the same one then"

# ---- boxes ------------------------------------------------------------------------------

mkdir usb stick folder
run as alice box create usb --open --size 16M --sparse --name usb
run as alice box create stick --open --size 32M --sparse --name stick
run as alice box create folder --cells --open --size 48M --name folder
for box in stick folder; do
	run as alice send bob film --need 2 --of 3 --threshold --via $box
	[ $box = stick ] && run as alice meet usb && is "$(out_of_last)" "[0,0,0]" \
		"one with a threshold waits for vetted nodes"
	run as alice meet $box
	is "$(out_of_last | jq '.[0]')" 3 "the $box itself gets all of it"
	before=$(whole_at_bob)
	run as bob meet $box --take-only
	is "$(whole_at_bob)" $((before + 1)) "so that the letter is there"
done
done_testing
