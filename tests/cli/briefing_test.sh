#!/usr/bin/env bash
# A courier who is told which box to serve, and what happens where something is amiss.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
run as ferry init --courier --no-passphrase --sparse --size 64M
mkdir man usb
run as alice know bob.card
run as bob know alice.card
printf secret >box.pass

run as alice box create man --name manchester --place "42 Ship Street" \
	--passphrase-file box.pass --size 32M --sparse
exits 0 "a box with a place"
is "$(as alice box list --json | jq -r '.[0].place')" "42 Ship Street" "it is kept"
run as alice box share manchester -o man.key
run as bob box add man.key
is "$(as bob box list --json | jq -r '.[0].place')" "42 Ship Street" "and passed on"
run as bob box place manchester "behind the bar"
exits 0 "it can be changed"
is "$(as bob box list --json | jq -r '.[0].place')" "behind the bar" "and is"
run as bob box place manchester $'two\nlines'
exits 1 "but not to two lines"
run as bob box place lyon here
exits 1 "nor of a box that is not known"
has "$err" "dlb box list" "and it says what to do"
run as alice box create usb --open --size 32M --sparse

# Who can not be briefed, and what with.
until=$(date -u -d '+40 days' +%F)
run as ferry trip
exits 0 "a courier without a card has no trip"
has "$out" "places for carrying are taken" "and sees how full the satchel is"
has "$out" "dlb init --name" "and how to get a card"
run as alice brief ferry --box manchester --until "$until"
exits 1 "a courier whose card is not held"
has "$err" "dlb init --name NAME" "it says how they get one"
run as ferry init --name ferry
exits 0 "a courier's home gets a card"
run as alice know ferry.card
run as ferry know alice.card
run as alice brief ferry --box manchester
exits 2 "without a last day"
has "$err" "--until 2027-01-31" "it says how"
run as alice brief ferry --box manchester --until tomorrow
exits 2 "a day that is none"
run as alice brief ferry --box manchester --until 2026-02-30
exits 2 "a day that no month has"
run as alice brief ferry --box manchester --until 9999-12-31
exits 2 "a day that is too late"
has "$err" "the latest possible is 4707-11-29" "it says which is the latest"
run as alice brief ferry --box manchester --until 2020-01-01
exits 2 "a day that is past"
has "$err" "2020-01-01 is past" "and it says so"
run as alice brief ferry --until "$until"
exits 2 "without a box"
has "$err" "--box NAME" "it says how"
run as alice brief ferry --box lyon --until "$until"
exits 1 "a box that is not known"
has "$err" "dlb box list" "it says where they are listed"
run as alice brief ferry --box manchester --box manchester --until "$until"
exits 2 "one box twice"
run as alice brief ferry --box manchester --until "$until" \
	--note "$(printf 'n%.0s' $(seq 501))"
exits 2 "a note that is too long"
run as alice brief
exits 2 "nobody"
run as alice brief ferry --revoke
exits 1 "nothing to revoke"
has "$err" "dlb brief --list" "it says where that is listed"
run as alice brief --list
has "$out" "Nobody is briefed" "nothing was sealed"
run as bob brief --list ferry
exits 2 "a list of one"

# The trip.
run as alice send bob -m "by manchester" --via manchester
exits 0 "a letter by way of a box"
run as alice send bob -m "by chance"
run as alice brief ferry --box manchester --until "$until" \
	--note "side door, Tuesdays" --may-open
exits 0 "a briefing"
has "$out" "can open the box" "what is lent is said"
is "$(as alice brief --list --json | jq -r '.[0].state')" waiting "it waits"
is "$(as alice outbox --json | jq length)" 2 "it is no letter of the list"
run as alice meet usb
is "$(as alice brief --list --json | jq -r '.[0].state')" "on its way" "it goes"
run as ferry meet usb
is "$(as ferry inbox --json)" "[]" "nor is it one at the courier's"
run as ferry trip
has "$out" "42 Ship Street" "the trip has the place"
has "$out" "side door, Tuesdays" "and the note"
has "$out" "1 cell for it" "and what is carried"
run as ferry status
has "$out" "1 box to serve" "status says so"
is "$(as ferry trip --json | jq -r '.[0] | [.box, .until, .from] | join(" ")')" \
	"manchester $until alice" "for programs, too"
is "$(as bob trip --json)" "[]" "nobody else has one"
is "$(as ferry exposure --json | jq -c '.open | [.trips, .boxes_lent, .briefed]')" "[1,1,0]" \
	"exposure counts it"
run as ferry exposure
has "$out" "1 box that you were briefed to serve" "and says what a seizure would show"
has "$out" "the keys that open 1 of them" "and what it opens"
run as alice exposure
has "$out" "whom you briefed" "at who briefed, too"
run as ferry meet man
exits 0 "a locked box opens with what was lent"
has "$out" "given    1 cell (" "it gets what is its own"
has "$out" "served   as you were briefed" "and that is said"
has "$out" "goes by another box or node" "and that nothing of its own went"
has "$(as ferry audit)" "manchester" "the log says where it was"
has "$(as ferry exposure)" "with box manchester" "and so does exposure"
run as bob meet man
run as bob read 1
has "$out" "by manchester" "its reader finds it there"
run as alice meet usb
is "$(as alice brief --list --json | jq -r '.[0].state')" arrived "the sender hears of it"

# The end.
run as alice brief ferry --revoke --box manchester --until "$until"
exits 2 "an end with a last day"
run as alice brief ferry --revoke --box lyon
exits 1 "an end for a box that was not in it"
run as alice brief ferry --revoke --box manchester
exits 0 "an end"
run as ferry trip
has "$out" "manchester" "which has not come yet"
run as alice meet usb
run as ferry meet usb
run as ferry trip
has "$out" "No trip" "it ends when it comes"
lacks "$(as ferry audit)" "manchester" "and the log keeps no name of the box"
lacks "$(as ferry exposure)" "briefed" "exposure has none of it"
run as ferry meet man
exits 1 "and the box is closed to them again"
run as alice meet usb
is "$(as alice brief --list --json | jq -r '.[0].state')" revoked "the sender hears of that"

# A stranger's.
person mallory
run as mallory box create usb/m.dlb --open --size 8M --sparse --name m
run as mallory know ferry.card
run as mallory brief ferry --box m --until "$until"
run as mallory meet usb/m.dlb
run as ferry meet usb/m.dlb
run as ferry inbox
has "$out" "a briefing, and it was not taken: it is a stranger's" "is shown as refused"
run as ferry trip
has "$out" "No trip" "and is not taken"
run as ferry know 1 --as mallory
run as ferry trip
has "$out" "from     mallory" "but is, once they are known"

# Nobody has to serve.
run as ferry trip --end m --from alice
exits 1 "a trip that is another's"
run as ferry trip --end m
exits 0 "the courier ends one"
run as ferry trip
has "$out" "No trip" "and it is over"
run as ferry meet usb/m.dlb
lacks "$out" "as you were briefed" "the box is met as any other"
run as mallory brief ferry --box m --until "$until"
run as mallory meet usb/m.dlb
run as ferry meet usb/m.dlb
run as ferry trip
has "$out" "from     mallory" "it can be said anew"
run as ferry trip --refuse mallory
exits 0 "the courier takes none of theirs any more"
run as mallory brief ferry --box m --until "$until"
run as mallory meet usb/m.dlb
run as ferry meet usb/m.dlb
run as ferry trip
has "$out" "No trip" "it can not be said anew"
has "$out" "dlb trip --accept mallory" "that is shown"
run as ferry trip --accept mallory
exits 0 "and taken back"
run as ferry trip --end m --refuse mallory
exits 2 "two at a time"

# A node as the box.
run as alice serve --as-box lyon --no-lan --no-media --no-listen
exits 1 "a box that is not known can not be served"
has "$err" "dlb box list" "it says where they are listed"

done_testing
