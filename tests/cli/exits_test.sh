#!/usr/bin/env bash
# Exit codes, refusals, and that nothing is replaced by surprise.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

run "$DLB"
exits 0 "plain dlb shows how to start"
has "$out" "dlb init" "and names the first verb"
run "$DLB" --version
exits 0 "--version"
has "$out" "dlb 0" "the version is a number"

for wrong in "sedn" "inbox --jsn" "inbox extra" "send" "delete x" "delete 0" \
	"delete -- -1" "init --size 4Q" "init --size" "box" "box crate x" "--quiet inbox" \
	"read" "read 1 --all" "know a b" "init --now --spread" "inbox --json=yes" \
	"status --wait x" "status --wait -1" "init --courier --name x"; do
	# shellcheck disable=SC2086
	run as nobody $wrong
	case $wrong in
	box) exits 0 "box alone explains itself" ;;
	*)
		exits 2 "wrong usage: dlb $wrong"
		one_line "one line: dlb $wrong"
		;;
	esac
done
run as nobody inbox --bogus
has "$err" "dlb help inbox" "an unknown option says where they are"
run "$DLB" sedn
has "$err" "dlb send" "an unknown verb suggests the nearest"
run "$DLB" box crate x
has "$err" "dlb box create" "in a group too"
run "$DLB" help nix
lacks "$err" "did you mean" "what is near to nothing suggests nothing"
run "$DLB" inbox extra
lacks "$err" "inbox  " "no hole where a verb takes no operand"
run "$DLB" inbox --jsn
has "$err" "--json" "an unknown option suggests the nearest"

run as nobody inbox
exits 1 "no home"
has "$err" "dlb init" "says what to do"
ok "and makes none" test ! -e home-nobody

run as locked init
exits 2 "init without a terminal"
for option in --passphrase-file --passphrase-fd --key-file --no-passphrase; do
	has "$err" "$option" "names $option"
done
ok "and makes nothing" test ! -e home-locked

echo >file
DLB_HOME=$work/file run "$DLB" init --no-passphrase
exits 1 "a file where the home would be"
has "$err" "$work/file is not a directory" "says what is in the way"
has "$err" "DLB_HOME" "and what to do"
run as huge init --no-passphrase --size 900T
exits 1 "a satchel larger than the disk"
has "$err" "TiB" "is told in sizes that people read"
ok "and makes nothing" test ! -e home-huge

person alice
person bob
run as alice init --no-passphrase
exits 1 "a second init"
has "$err" "already" "says that there is one"

# What is there stays.
echo precious >carol.card
run as carol init --no-passphrase --sparse --size 64M --name carol
exits 3 "init with a card in the way is partly done"
has "$err" "dlb card -o" "and says how to go on"
is "$(cat carol.card)" precious "the file stays"
run as carol card -o carol.card
exits 1 "card -o does not replace"
is "$(cat carol.card)" precious "the file still stays"
run as carol card -o carol2.card
exits 0 "card -o writes a new file"
run as carol init --no-passphrase
exits 1 "init never makes a home anew"

run as alice know bob.card
run as alice know bob.card
exits 0 "know again"
has "$out" "known already" "says that it was known"
run as alice know alice.card
exits 1 "one's own card"
run as alice know carol.card
exits 1 "no card"
one_line "says so in a line"
sed 's/^A/B/;s/^[a-z]/Q/' bob.card >forged.card
run as alice know forged.card
exits 1 "a card that was changed"
run as alice know carol2.card --as bob
exits 1 "a name that is taken"
run as alice send bobb bob.card
exits 1 "an unknown correspondent"
has "$err" "did you mean bob?" "suggests the nearest"
run as alice send bob nothing.txt
exits 1 "a file that is not there"
has "$err" "nothing.txt" "is named"
is "$(as alice outbox --json)" "[]" "and nothing was sealed"
for place in new.txt nowhere/box.dlb nowhere; do
	run as alice box create $place --open --sparse --size 64M
	exits 1 "a box in no directory: $place"
	lacks "$err" "box create" "does not advise what was just tried"
	has "$err" ".dlb" "and says what can be named"
done
run as alice send bob bob.card --stick /nowhere/at/all
exits 1 "a stick that is not there"
is "$(as alice outbox --json)" "[]" "is found out before sealing"
mkdir odd
mkfifo odd/box.dlb
run as alice meet odd
exits 1 "something in a box's place that is none"
met=$err
run as alice send bob -m hello --stick odd
exits 1 "send finds it out before sealing"
is "$err" "$met" "and both say the same"
has "$err" "is no box" "namely what is true"
is "$(as alice outbox --json)" "[]" "nothing was sealed"
run as alice send bob -m "$(printf '\377')"
exits 2 "a message that is not text"
run as alice send bob bob.card - -m x
exits 2 "standard input with other files"

# What does not fit is not asked about.
truncate -s 200M hole
for how in "" --each; do
	# shellcheck disable=SC2086
	run as alice send bob hole $how
	exits 1 "more than the home holds: $how"
	has "$err" "MiB of the home satchel" "says so: $how"
	lacks "$err" "--spread" "and does not ask how it should go: $how"
done
rm hole

# 3: some files left out.
mkdir mixed
echo yes >mixed/good
mkfifo mixed/pipe
run as alice send bob mixed
exits 3 "send leaves out what can not travel"
has "$err" "dlb: left out \"mixed/pipe\": " "and says what and why"
has "$out" "Letter" "and seals the rest"
is "$(as alice outbox --json | jq '.[-1].files')" 1 "folders do not count as files"

# 3: sealed, and the box does not open: nothing is to be sent twice.
mkdir locked
echo abacus >boxpass
echo zebra >wrongpass
run as bob box create locked --passphrase-file boxpass --sparse --size 17M
run as alice send bob -m hello --stick locked --box-passphrase-file wrongpass
exits 3 "a box that does not open"
has "$err" "sealed and waiting" "says that the letter is sealed"
has "$err" "dlb meet locked" "and the next command, which is not send again"
one_line "in a line"
person zoe
run as zoe send bob.card -m hello
run as zoe status
has "$out" "(1 cell)" "one cell is one"
run as alice meet locked --box-passphrase-file boxpass
exits 0 "that command does it"

# A box that was there.
mkdir gone
run as alice box create gone --open --sparse --size 8M --name gone
mv gone/box.dlb elsewhere.dlb
for where in gone gone/box.dlb "$work/gone"; do
	run as alice meet "$where"
	exits 1 "a stick that is not put in"
	has "$err" "box gone was at $work/gone/box.dlb" "is said to have been there"
	lacks "$err" "box create" "and not to be made anew"
done
rmdir gone
run as alice meet gone
has "$err" "put it in" "also where its mount point is gone"

# 3: a letter that is not whole. Half of its cells stay at alice's.
head -c 6000000 /dev/urandom >big
mkdir stick
run as alice box create stick --open --sparse --size 64M
run as alice send bob big
exits 1 "a large letter wants an answer"
has "$err" "--spread" "and says which"
run as alice send bob big --spread
exits 0 "send --spread"
has "$out" "sealed" "is sealed"
run as alice meet stick
run as bob meet stick
run as bob inbox
big=$(as bob inbox | awk '/of .* cells/ { print $1 }')
ok "inbox shows how much is missing" test -n "$big"
run as bob read "$big" -o out
exits 3 "a letter that is not whole"
has "$err" "cells" "says what is missing"
ok "nothing of it is written" test ! -e out/big
run as bob read --all -o out
exits 3 "read --all of what is not whole"
run as alice meet stick
run as bob read --from stick -o out
exits 0 "the next meeting brings the rest"
ok "and it is whole" cmp big out/big

# Files in the way.
echo mine >out/big
run as bob read "$big" -o out
exits 1 "read does not replace"
has "$err" "--force" "and says how to"
is "$(cat out/big)" mine "the file stays"
run as bob read "$big" -o out --force
exits 0 "read --force"
ok "replaces" cmp big out/big

# Numbers stay.
for i in one two three; do run as alice send bob -m "$i"; done
numbers=$(as alice outbox | awk '/one$|three$/ { print $1 }')
two=$(as alice outbox | awk '/two$/ { print $1 }')
run as alice delete "$two"
exits 0 "delete"
is "$(as alice outbox | awk '/one$|three$/ { print $1 }')" "$numbers" \
	"the other numbers stay"
run as alice send bob -m four
last=$(as alice outbox | awk '/four$/ { print $1 }')
ok "a number is not given again" test "$last" -gt "$two"
run as alice delete "$two"
exits 1 "what was deleted is not there"
run as alice delete "$last" "$two"
exits 3 "some deleted, some not"
run as alice delete x "$(as alice outbox | awk '/one$/ { print $1 }')"
exits 2 "a slip deletes nothing"
has "$(as alice outbox)" one "it is still there"
run as bob read 999
exits 1 "a letter that is not there"

# A home that lost its satchel.
person frank
truncate -s 3M home-frank/satchel
run as frank inbox
exits 1 "a satchel that was cut off"
has "$err" "cut off" "says so"
has "$err" "from a copy" "and what to do"
rm home-frank/satchel
run as frank inbox
exits 1 "a satchel that is gone"
has "$err" "from a copy" "likewise"

# A reader that goes away, and a full disk.
as alice help send 2>pipe.err | head -n 1 >/dev/null
is "$(cat pipe.err)" "" "a reader that went away is no error message"
if [ -c /dev/full ]; then
	"$DLB" help >/dev/full 2>full.err
	is $? 1 "output that can not be written"
	has "$(cat full.err)" "standard output" "says so"
fi
"$DLB" help <&- >&- 2>&-
code=$?
report 0 "closed descriptors do no harm (exit $code)"
done_testing
