#!/usr/bin/env bash
# Losing a machine: shares of who one is, handed out, handed back and put together.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

friends="bob carol dave erin frank"
for who in alice $friends; do
	person "$who"
done
mkdir usb
run as alice box create usb --open
for who in $friends; do
	run as alice know "$who.card"
	run as "$who" know alice.card
	run as "$who" verify alice --confirm
done
fingerprint=$(as alice card --words | tail -n 3)
person grace
run as alice bulletin follow grace.card

# What can not be.
run as alice backup
exits 1 "no backup yet"
has "$err" "dlb backup --need 3 --to" "how to make one is said"
refused() {
	run as alice backup "${@:3}"
	ok "refused: ${*:3}" test "$code" -ne 0
	has "$err" "$1" "$2"
}
refused "a backup wants both" "both are wanted" --need 3
refused "a backup wants both" "both are wanted" --to bob
refused "need 2 of them at least" "one alone is too few" --need 1 --to bob,carol
refused "name more, or need fewer" "more than there are" --need 3 --to bob,carol
refused "bob is named twice" "twice the same" --need 2 --to bob,bob
refused "alice is you" "oneself" --need 2 --to bob,alice
refused "your own card" "one's own card" --need 2 --to bob,alice.card
refused "no correspondent zebedee" "who is not known" --need 2 --to bob,zebedee
refused "did you mean carol" "a slip" --need 2 --to bob,carl
refused "commas between" "a comma too many" --need 2 --to bob,,carol
refused "takes a number" "no number" --need two --to bob,carol
is "$(as alice status --json | jq .waiting_cells)" 0 "nothing is sealed"

run as alice backup --need 3 --to bob,carol,dave,erin,frank
exits 0 "a backup"
has "$out" "any 3 " "how many are needed is said"
has "$out" "bob, carol, dave, erin and frank" "and who they are"
has "$err" "not verified" "who is not verified is said"
is "$(as alice backup --json | jq -c '[.need, .arrived, (.holders | length)]')" \
	"[3,0,5]" "nobody has it yet"
run as alice backup
has "$err" "0 of the 3 that are needed" "which is said"
has "$(as alice status)" "too few" "status says so"
has "$(as alice doctor)" "0 of 5 have said" "and doctor"
run as alice meet usb
for who in $friends; do
	run as "$who" meet usb
done
run as alice meet usb
is "$(as alice backup --json | jq .arrived)" 5 "all have it"
run as alice backup
has "$out" "It can be had again." "which is said"
lacks "$out" "New since then" "and nothing is new"
person heidi
run as alice know heidi.card
run as alice bulletin follow heidi.card
run as alice backup
has "$out" "not in it: 1 person, 1 author." "what is new is said"
run as alice bulletin unfollow heidi
is "$(as alice status --json | jq -c '[.backup.arrived, .backup.need]')" "[5,3]" \
	"status knows"
is "$(as dave inbox --json)" "[]" "it is no letter of the inbox"
is "$(as dave backup list --json | jq -c '.[] | [.from, .handed_to_you, .need]')" \
	'["alice",false,3]' "a holder sees that they keep one"
run as dave backup list
has "$out" "kept for alice" "and for whom"
is "$(as dave exposure --json | jq -c '[.open.shares_kept, .open.backup_holders]')" \
	"[1,0]" "exposure counts it"
has "$(as dave exposure)" "1 share of others' backups" "and says so"
has "$(as alice exposure)" "who the 5 are who keep shares" "of its owner, too"
is "$(as alice outbox --json)" "[]" "shares are no letters of the outbox"

# The machine is gone.
mv home-alice lost
run as again restore
exits 2 "with nothing there is nothing to restore"
has "$err" "dlb init --restore" "what to do is said"
run as again restore bob.card
ok "a card is no share" test "$code" -ne 0
has "$err" "bob.card: not a share" "it is named"
ok "no home is made" test ! -e home-again
run as again init --restore --no-passphrase --sparse --size 256M
exits 0 "a home that waits"
has "$out" "waits for the shares" "says so"
has "$out" "restoring.card" "and has a card for those who keep them"
has "$(as again status)" "waits for its shares" "status says so"
rm restoring.card
run as again init --restore --no-passphrase --sparse --size 256M
exits 0 "said again, it is the same home"
has "$out" "waits for the shares of your backup already" "which is said"
ok "and its card is there" test -s restoring.card
run as again init --restore
exits 0 "also where the card is there"
run as again backup --need 2 --to bob,carol
ok "it has no backup of its own" test "$code" -ne 0
has "$err" "waits for the shares" "which is said"
run as again restore
exits 3 "no share is there"
has "$err" "dlb backup give" "how they come is said"

# Who asks? Without an answer nothing goes.
run as bob backup give alice
exits 2 "it has to go somewhere"
run as bob know carol.card
run as bob backup give carol --to restoring.card
exits 1 "nothing is kept for carol"
has "$err" "no share of a backup is kept for carol" "which is said"
run as bob backup give alice --to alice.card
exits 2 "not to the card that was lost"
has "$err" "was lost" "which is said"
run as bob backup give alice --to restoring.card
exits 1 "nothing goes without a yes"
has "$err" "Anyone can say that their machine was lost" "the danger is said"
has "$out" "$(as again card --words | tail -n 1)" "the words are shown"
is "$(as bob status --json | jq .waiting)" 0 "nothing is sealed"
run "$PTY" "expect:Is it alice who asks" 'send:n\n' -- env "DLB_HOME=$work/home-bob" "$DLB" backup give alice \
	--to restoring.card
has "$out" "nothing was handed over" "a no is a no"
run as bob backup give alice --to restoring.card --checked
exits 0 "who is sure says so"
run as bob meet usb
echo news >news
mkdir stand
run as grace box create stand --open
run as grace bulletin post news
run as grace meet stand
run as again meet stand
run as again meet usb
is "$(as again inbox --json | jq length)" 1 "it comes as a letter"
has "$(as again inbox)" "hands back a share" "that says what it is"
has "$(as again backup list)" "handed to you" "and is listed"
run as carol backup give alice --file carol.share --checked
exits 0 "another one as a file"
is "$(stat -c %a carol.share)" 600 "for its owner's eyes alone"
has "$err" "delete it then" "that it is in clear is said"
run as carol backup give alice --file carol.share --checked
ok "no file is replaced" test "$code" -ne 0
run as dave backup give alice --file dave.share --checked
run as erin backup give alice --file erin.share --checked

run as again restore carol.share
exits 3 "two are too few"
has "$err" "1 more share is needed" "how many are missing is said"
has "$(as again status)" "waits for its shares" "it goes on waiting"
cp dave.share bad.share
damage bad.share 20
run as again restore carol.share bad.share
exits 3 "a bad one does not count"
has "$err" "bad.share: a share of a backup that was altered" "it is named"
cp dave.share newer.share
damage newer.share 4
run as again restore carol.share newer.share
exits 3 "nor does one of a newer program"
has "$err" "newer.share: a share of a backup of a newer program" "which is said"
head -c 1000 dave.share >cut.share
run as again restore carol.share cut.share
exits 3 "nor one that is cut short"
has "$err" "cut.share: a share of a backup that is damaged: ask its holder" "what to do is said"
run as again restore carol.share carol.share
exits 3 "the same one twice counts once"
has "$out" "the same share again" "which is said"

# Shares of another backup do not combine.
mv lost home-alice
run as alice backup --need 3 --to bob,carol,dave,erin,frank
run as alice meet usb
run as frank meet usb
mv home-alice lost
run as frank backup give alice --file frank.share --checked
exits 0 "a holder with two backups hands back both"
ok "in two files" test -s frank.share.2
run as again restore carol.share frank.share
exits 3 "shares of two backups do not combine"
has "$out" "of another backup" "which is said"

run as again restore carol.share bad.share frank.share dave.share --tell
exits 0 "three do"
has "$err" "bad.share" "the bad one is named"
has "$out" "This home is alice again" "who it is is said"
has "$out" "$fingerprint" "with the words of before"
has "$out" "12 months" "and what is lost"
has "$out" "A letter to each of 5" "all are told"
is "$(as again people --json | jq length)" 5 "people are there again"
is "$(as again bulletins --json | jq -r '.[].by')" grace \
	"what came before of whom one follows is found"
is "$(as again inbox --json)" "[]" "shares are not left behind"
sent=$(as again outbox --json | jq length)
run as again restore carol.share dave.share erin.share --tell
exits 0 "said again, it is done"
has "$out" "nothing is left to do" "which is said"
is "$(as again outbox --json | jq length)" "$sent" "nobody is told twice"
run as again restore frank.share
exits 1 "a person's home is not restored over"
has "$err" "stays so" "which is said"
run as again init --restore --no-passphrase
exits 1 "nor does it wait again"
run as bob restore carol.share dave.share erin.share
exits 1 "nor another person's"

run as again meet usb
run as bob meet usb
has "$(as bob inbox)" "I lost my machine" "a friend is told"
is "$(as bob people --json | jq -c '.[] | select(.name == "alice").verified')" true \
	"and need not verify again"
run as bob send alice -m "welcome back" --stick usb
run as again meet usb
has "$(as again inbox)" "welcome back" "and writes to the new card"
mv lost home-alice
run as alice meet usb
lacks "$(as alice inbox)" "welcome back" "which the lost machine does not open"
run as again card -o new.card
run as alice know new.card
has "$err" "restored elsewhere" "and is told of"

# From files alone, and under a lock.
printf 'a passphrase' >pass
run as third restore carol.share dave.share erin.share --size 64M --sparse \
	--passphrase-file pass --card-file third.card
exits 0 "files need no home"
has "$out" "This home is alice again" "it is alice's"
run as third people
ok "it is locked" test "$code" -ne 0
is "$(as third people --json --passphrase-file pass | jq length)" 5 "and opens"
# Cut short: here, its card could not be written.
run as cut restore carol.share dave.share erin.share --size 64M --sparse --no-passphrase \
	--card-file nowhere/cut.card
exits 0 "where the card can not be written, the home is made"
has "$err" "your card was not written" "which is said"
run as cut restore carol.share dave.share erin.share --size 64M --sparse --no-passphrase \
	--card-file cut.card
exits 0 "said again, it goes on"
has "$err" "something was left to do" "which is said"
has "$out" "This home is alice again" "with all there is to say"
ok "the card is there" test -s cut.card
run as cut restore
has "$out" "nothing is left to do" "then it is done"
is "$(as cut outbox --json)" "[]" "and nobody was told"
run as cut restore --tell
has "$out" "A letter to each of 5" "until that is said"
run as cut restore --tell
has "$out" "nothing is left to do" "once"
is "$(as cut outbox --json | jq length)" 5 "nobody is told twice"
run as alice restore
exits 1 "what was never restored is another thing"

run as fourth restore carol.share dave.share
exits 3 "too few files"
ok "make no home" test ! -e home-fourth

run as dave backup forget alice
exits 0 "a holder can forget"
run as dave backup list
has "$out" "no share" "and keeps none then"
run as dave backup forget alice
exits 1 "twice is once too often"
done_testing
