#!/usr/bin/env bash
# Letters that are called back.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
run as courier init --courier --no-passphrase --sparse --size 64M
mkdir usb other
run as alice box create usb --open
run as alice box create other --open
run as alice know bob.card
run as bob know alice.card

state() { as alice outbox --json | jq -r ".[] | select(.number == $1).state"; }

run as alice recall 1
exits 1 "a letter that is not there"
has "$err" "there is no letter 1 here that you sent" "and that is said"
run as alice recall
exits 2 "which one is to be said"

run as alice send bob -m "better not"
run as alice recall 1
exits 0 "one that has not left"
has "$out" "nothing of it had left" "and that is said"
is "$(state 1)" recalled "the list shows it"

run as alice send bob -m "too soon" --stick usb
run as courier meet usb
run as courier meet other
run as alice recall 2
exits 0 "one that is on its way"
has "$out" "the next meeting calls back its 1 cell" "how it goes on is said"
has "$out" "has read it" "and what it can not do"
is "$(state 2)" recalled "the list shows it"
is "$(as alice outbox --json | jq '.[-1].overdue')" false "nobody is waited for"
run as alice meet usb
run as alice recall 2
has "$out" "called back already" "twice is once"
run as alice resend 2
exits 1 "its cells can not go again"
has "$err" "was called back" "and that is said"
run as courier meet usb
run as courier meet other
run as bob meet other
exits 0 "a reader who comes too late"
is "$(as bob inbox --json)" "[]" "does not get it"

run as alice send bob -m "as agreed" --stick usb
run as bob meet usb
run as alice meet usb
run as alice recall 3
has "$out" "its reader has it" "one that has arrived"
is "$(state 3)" arrived "stays so in the list"
run as alice meet usb
run as bob meet usb
run as bob read 1
has "$out" "as agreed" "and can be read"

done_testing
