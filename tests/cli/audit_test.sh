#!/usr/bin/env bash
# The log: what is in it, and that changes are found.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
mkdir usb
run as alice audit
exits 1 "a log of nothing"
has "$err" "nothing in the log yet" "and that is said"
run as alice box create usb --open
run as alice know bob.card
run as alice send bob -m "nobody's business" --stick usb
run as alice node pair cafe
run as alice node vet cafe
run as alice node vet cafe --not
run as alice audit --json
exits 0 "the log"
is "$(jq -r '[.records[].event] | join(", ")' <<<"$out")" \
	"log begun, met a box, paired, vetted, vetted no more" "all is in it"
is "$(jq -c '.records[1].values' <<<"$out")" \
	'{"given":64,"own":64,"taken":0,"recalls heard":0}' "and how much moved"
head=$(jq -r .head <<<"$out")
run as alice audit
has "$out" "$head" "the list shows the head"
has "$out" "vetted no more" "and what was"

run as alice audit export plain.log
exits 0 "an export"
has "$out" "$head" "says the head"
run as alice audit export named.log --names
run as alice audit export named.log
exits 1 "a file that is there"
is "$(grep -c cafe plain.log)" 0 "without names"
is "$(grep -ao cafe named.log | wc -l)" 3 "with names"
is "$(stat -c %a plain.log)" 600 "is for its owner at first"
code=0
"$DLB" audit verify - <plain.log >from.stdin 2>&1 || code=$?
exits 0 "a log from standard input"
has "$(cat from.stdin)" "The file is sound" "is as sound"
run "$DLB" audit verify -
ok "nothing is no log" test "$code" -ne 0
run "$DLB" audit verify plain.log
exits 0 "checked without a home"
has "$out" "5 records, from 1 to 5" "all of it"
has "$out" "$head" "has the same head"

run as alice node forget cafe
run as alice audit verify --head "$head"
exits 0 "a head that was written down"
has "$out" "Up to record 5" "is found again"
run as alice audit export later.log --names
is "$(grep -c cafe later.log)" 0 "who is forgotten is struck out"
run as alice node pair bob --card
run as alice audit export friend.log --names
is "$(grep -c bob friend.log)" 0 "a correspondent is not named"
run as alice node forget bob
run as alice audit verify later.log --head "5:${head#*:}"
exits 0 "and the chain holds"
run "$DLB" audit verify plain.log --head "$(as alice audit --json | jq -r .head)"
exits 1 "one that is older than a head"
has "$err" "cut short or written anew" "says what that may mean"
run "$DLB" audit verify plain.log --head "3:${head#*:}"
exits 1 "another log"
has "$err" "is another one" "is told"
run "$DLB" audit verify plain.log --head nonsense
exits 1 "a head that is none"
has "$err" "not a head of a log" "is told"

size=$(stat -c %s plain.log)
head -c $((size - 60)) plain.log >cut.log
run "$DLB" audit verify cut.log
exits 1 "one that was cut"
has "$err" "record 5 is not as it was written" "says where"
cp plain.log bent.log
damage bent.log $((89 + 2 + 8 + 3))
run "$DLB" audit verify bent.log
exits 1 "one that was changed"
has "$err" "record 1 is not as it was written" "says where"
run "$DLB" audit verify bob.card
exits 1 "what is no log"
has "$err" "this is no log" "is told"
run "$DLB" audit verify nowhere.log
exits 1 "no file"

run as alice meet --pipe "env DLB_HOME=$work/home-bob $DLB meet -"
is "$(as alice audit --json | jq -c '.records[-1] | [.event, .values.meetings]')" \
	'["met strangers",1]' "strangers are in it"

run as alice exposure
has "$out" "the log of the last 90 days" "exposure says so"
run as alice audit --keep 0
exits 2 "a time too short"
run as alice audit --keep 30
exits 0 "another time"
run as alice audit off
exits 0 "off"
run as alice meet usb
is "$(as alice audit --json 2>/dev/null | jq -r '.records[-1].event')" "log stopped" "nothing is added"
run as alice audit on
is "$(as alice audit --json | jq -r '.records[-1].event')" "log resumed" "the gap is in it"
run as alice audit off --erase
exits 0 "erased"
run as alice audit
exits 1 "is gone"
has "$err" "it is off" "and that is said"
run as alice exposure
lacks "$out" "the log of the last" "exposure says nothing of it"
done_testing
