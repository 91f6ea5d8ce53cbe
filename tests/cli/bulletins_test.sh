#!/usr/bin/env bash
# Public letters: posting, following, reading, proving.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
run as courier init --courier --no-passphrase --sparse --size 64M
mkdir usb other
run as courier box create usb --open
run as courier box create other --open
as alice card --short -o alice.short >/dev/null
printf 'The bridge is open.\n' >news.txt

run as bob bulletins
exits 0 "a home that follows nobody"
has "$out" "You follow nobody" "and that is said"

run as alice bulletin post news.txt --title "The bridge"
exits 0 "a bulletin is posted"
has "$out" "Bulletin 1 is signed and sealed (20 bytes)" "which one it is"
run as alice outbox
has "$out" "(bulletin)" "the outbox shows it as one"
is "$(as alice outbox --json | jq -r '.[0] | .kind, .to, .state' | tr '\n' ' ')" \
	"bulletin null waiting " "and so for programs"
run as alice resend 1
exits 2 "it is not sent again"
has "$err" "dlb bulletin post" "but posted"
run as alice meet usb

# The courier is there first: it lies at home before anyone follows.
run as courier meet usb
run as courier meet other
run as bob meet other
run as bob bulletin follow alice.short
exits 0 "an author is followed"
has "$out" "You follow alice from now on" "who it is"
has "$out" "1 bulletin of theirs lies here already" "what lay here is found"
run as bob bulletin follow alice.short
has "$out" "You follow alice already" "twice is once"
run as bob inbox
has "$out" "No letters" "it is no letter"
run as bob bulletins
has "$out" "new    The bridge" "it is listed as new"
is "$(as bob status --json | jq .unread)" 0 "and is no unread letter"
run as bob read --all
has "$err" "No unread letters" "nor is it read with them"

run as bob bulletin read 1
exits 0 "it is read"
is "$out" "The bridge is open." "what it says"
has "$err" "by alice, posted" "and whose it is"
run as bob read 1
is "$out" "The bridge is open." "as a letter is read, too"
run as bob read 1 -o letters
exits 2 "but files are not written so"
has "$err" "dlb bulletin read 1" "and that is said"
run as bob bulletins
has "$out" "read 2 times" "how often is counted here"
is "$(as bob bulletins --json | jq '.[0].opened')" 2 "and so for programs"
run as bob bulletin read 1 -o news.out
ok "into a file" cmp news.txt news.out
run as bob bulletin read 2
exits 1 "one that is not there"
has "$err" "dlb bulletins" "and how to see which are"

run as bob bulletin prove 1
cp .out news.proof
run as bob bulletin prove 1 -o news2.proof
ok "the proof is the same each time" cmp news.proof news2.proof
check() { run env -u DLB_HOME "$DLB" bulletin check "$@"; }
check news.proof alice.short
exits 0 "anyone can check it"
has "$out" "signed by the owner of this card (alice)" "against the card"
check news.proof
exits 0 "or without"
has "$out" "$(as alice card --words -q | head -n 1 | xargs -n 4 echo | head -1 | cut -c1-6)" \
	"by the fingerprint"
check news.proof -o signed.txt
ok "what was signed comes out" cmp signed.txt news.txt
as bob card --short -o bob.short >/dev/null
check news.proof bob.short
exits 1 "another's card"
has "$err" "not by the owner of that card" "and that is said"
for at in 30 100 200 239 245 255; do
	cp news.proof bad.proof
	damage bad.proof $at
	check bad.proof
	exits 1 "a byte that was changed (at $at)"
done
head -c 100 news.proof >bad.proof
check bad.proof
exits 1 "one that is cut short"
check news.txt
has "$err" "this is not a bulletin" "what is none"

run as alice bulletin post nothing.txt
exits 1 "a file that is not there"
head -c 2097153 /dev/zero >large
run as alice bulletin post large
exits 1 "one that is too large"
has "$err" "at most 2 MiB" "and how large it may be"
run as alice bulletin post news.txt --title "$(printf 'a\033[31m')"
exits 2 "a title that a terminal can not show"
run as bob bulletin follow alice.short --as "our alice"
exits 0 "another name for who is followed"
has "$out" "You follow our alice already, who has this name here" "is said"
is "$(as bob bulletins --authors --json | jq -r '.[].name')" "our alice" "and kept"
run as bob bulletin follow alice.short --as "our alice"
has "$out" "You follow our alice already." "the same again"
run as bob bulletin follow alice.short --as " /"
ok "no name" test "$code" -ne 0
run as bob bulletin follow alice.short --as alice
run as alice bulletin follow alice.short
exits 1 "nobody follows themselves"
has "$err" "your own card" "and that is said"
run as bob bulletin follow nobody
exits 1 "who is not known"
run as bob bulletin unfollow nobody
exits 1 "and not followed"
run as courier bulletin post news.txt
exits 1 "a courier signs nothing"
run as courier bulletin follow alice.short
exits 0 "but may follow"
is "$(as courier bulletins --json | jq length)" 1 "and read"

for i in $(seq 2 16); do
	as alice bulletin post news.txt --title "number $i" >/dev/null
done
run as alice bulletin post news.txt
exits 1 "the day has no more room"
has "$err" "tomorrow" "and when there is"
run as alice meet usb
run as bob meet usb
has "$out" "15 bulletins that you have not read" "they all come in one meeting"
is "$(as bob bulletins --json | jq length)" 16 "each once"
run as bob meet usb
is "$(as bob bulletins --json | jq length)" 16 "and not again"
run as bob delete 1
run as bob meet other
is "$(as bob bulletins --json | jq length)" 15 "one that was deleted stays away"

run as alice recall 16
exits 0 "one is called back"
run as bob bulletin unfollow alice
exits 0 "an author is followed no more"
is "$(as bob bulletins --json | jq length)" 0 "what was theirs is gone"
run as bob bulletins --authors
has "$out" "You follow nobody" "and so are they"

done_testing
