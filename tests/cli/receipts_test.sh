#!/usr/bin/env bash
# Letters that are acknowledged, and letters that are sent again.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
mkdir usb lost out
run as alice know bob.card
run as bob know alice.card
printf 'the film\n' >film
printf 'the map\n' >map

state() { as alice outbox --json | jq -r ".[] | select(.number == $1).state"; }

run as alice send bob film -m "as agreed" --stick usb
exits 0 "a letter"
is "$(state 1)" "on its way" "it is on its way"
run as bob meet usb
run as bob read 1 -o out
run as alice meet usb
is "$(state 1)" arrived "then it has arrived"
is "$(as alice outbox | grep -c ' arrived, 2')" 1 "the list says when"
is "$(as alice inbox --json)" "[]" "a receipt is no letter that people see"
run as alice resend 1 film
exits 1 "what has arrived is not sent again"
has "$err" "has arrived" "and that is said"

# Off, for a letter and for a person.
run as alice send bob map --no-receipt
run as bob people alice --receipts off
exits 0 "receipts can be off"
is "$(as bob people --json | jq -r '.[0].receipts')" false "people say so"
run as alice send bob -m "are you there"
run as alice meet usb
run as bob meet usb
run as alice meet usb
is "$(state 2)" "on its way" "nobody tells of a letter that did not ask"
is "$(state 3)" "on its way" "nobody tells whom they do not want to"
run as bob people alice --receipts on
run as bob people alice --receipts perhaps
exits 2 "on or off"
run as bob people alice
exits 2 "a name alone changes nothing"
run as bob people nobody --receipts off
exits 1 "nobody of that name"

# Sent again.
run as alice send bob map --stick lost
n=$(as alice outbox --json | jq '.[-1].number')
run as alice resend "$n"
exits 0 "no key is kept, but its cells are"
has "$out" "its 1 cell goes out again" "which is said"
run as alice resend "$n" map --stick usb
exits 0 "so it is named"
is "$(as alice outbox --json | jq '.[-1].number')" "$n" "it keeps its number"
before=$(as bob inbox --json | jq length)
run as bob meet usb
run as bob meet lost
is "$(as bob inbox --json | jq length)" "$((before + 1))" "it came once"
run as alice meet usb
is "$(state "$n")" arrived "and has arrived"
run as alice send bob map --again 3d
exits 2 "a receipt takes time"
run as alice send bob map --again 14d --no-receipt
exits 2 "and must be wanted"
run as alice send bob --again 14d -
exits 2 "standard input is not kept"
is "$(as alice outbox --json | jq '.[-1].number')" "$n" "nothing was sent"
run as alice send bob map --again 14d --stick usb
n=$(as alice outbox --json | jq '.[-1].number')
run as alice resend "$n"
exits 0 "what was kept needs no name"
# Overdue letters are named, as far as a line holds.
faketime=$(find /usr/lib/*/faketime /usr/lib/faketime -name libfaketimeMT.so.1 2>/dev/null |
	head -n 1)
later() {
	local home=$work/home-$1
	shift
	run env "LD_PRELOAD=$faketime" FAKETIME=+29d FAKETIME_DONT_RESET=1 "DLB_HOME=$home" "$DLB" "$@"
}
# sends_many WHO COUNT: all of them are given to a stick
sends_many() {
	person "$1"
	run as "$1" know bob.card
	for _ in $(seq "$2"); do
		as "$1" send bob -m "are you there" >/dev/null 2>&1
	done
	run as "$1" meet usb
}
# A sanitizer and faketime do not always bear each other.
[ -n "$faketime" ] && later alice --version
if [ -n "$faketime" ] && [ "$code" = 0 ]; then
	sends_many carol 3
	later carol outbox
	has "$err" "no receipt in time for letters 1, 2 and 3; to seal one again: dlb resend 1" \
		"all that are overdue are named"
	sends_many dora 14
	later dora outbox
	has "$err" "letters 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more;" "twelve at most"
else
	printf 'ok %d - overdue letters # SKIP faketime is not here, or does not bear this program\n' $((tests += 1))
fi
done_testing
