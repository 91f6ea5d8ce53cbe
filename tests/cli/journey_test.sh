#!/usr/bin/env bash
# The main job: a letter goes by stick from one person by a courier to another.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

mkdir stick other
run as alice init --no-passphrase --sparse --size 64M --name alice
exits 0 "init makes a home"
has "$out" "$work/home-alice" "init says where"
has "$out" "64 MiB" "init says how large"
ok "init writes the card here" test -s alice.card
as alice card --short >printed
# shellcheck disable=SC2012
is "$(ls -ld home-alice | cut -c1-10)" drwx------ "the home is its owner's alone"
person bob
run as carol init --courier --no-passphrase --sparse --size 64M
exits 0 "init makes a courier"
lacks "$out" ".card" "a courier has no card"

run as bob know printed
has "$out" "alice is known now" "the short one is as good"
run as alice know bob.card
exits 0 "know takes a card"
has "$out" "bob is known now" "know says who"
words=$(as bob card --words | tail -n 3)
has "$out" "$words" "know shows the words that bob sees"

mkdir -p report/figures
seq 20000 >report/data.txt
head -c 100000 /dev/urandom >report/figures/one.png
ln -s data.txt report/link
printf 'empty' >report/space\ name
run as alice send bob report -m 'as promised'
exits 0 "send seals"
has "$out" "Letter 1 for bob" "send gives a number"
run as alice box create stick --open --sparse --size 64M
exits 0 "box create makes a box"
run as alice meet stick
exits 0 "meet gives"
has "$out" "may be pulled now" "meet says when it is over"
run as alice outbox
has "$out" "on its way" "outbox knows that it went"

run as carol meet stick
exits 0 "the courier takes"
lacks "$out" "letters" "a courier is told of no letters"
run as carol inbox
exits 1 "a courier has no inbox"
rm stick/*
run as carol box create other --open --sparse --size 64M
run as carol meet other
exits 0 "the courier gives"

run as bob read --from other -o letters
exits 0 "read --from meets and reads"
has "$err" "from alice" "read says from whom"
has "$out" "as promised" "the message is on standard output"
is "$(as bob inbox --json | jq '.[0].files')" 4 "inbox counts files and links, no folders"
ok "what came is what went" diff -r --no-dereference report letters/report
run as bob inbox
has "$out" "read" "inbox knows that it was read"
run as bob meet other
has "$out" "no new ones" "the letter does not come twice"

# --each: a letter of each file, also of those in folders
mkdir many
for i in 1 2 3; do echo "$i" >many/$i.txt; done
run as alice send bob many alice.card --each
exits 0 "send --each"
has "$out" "Letters" "send --each names several"
run as alice meet other
run as bob meet other
is "$(as bob inbox --quiet | grep -c unread)" 4 "each file is a letter"
run as bob read --all -o each
exits 0 "read --all"
ok "all files are there" test -s each/1.txt -a -s each/2.txt -a -s each/3.txt \
	-a -s each/alice.card

# Standard input and output.
head -c 70000 /dev/urandom >raw
as alice send bob --name as.named <raw >/dev/null
run as alice meet other
run as bob meet other
n=$(as bob inbox | awk '/unread/ { print $1 }')
as bob read "$n" >raw.again 2>/dev/null
ok "standard input comes out of standard output" cmp raw raw.again
as bob read "$n" -o - >raw.again 2>/dev/null
ok "-o - is standard output" cmp raw raw.again
run as bob read "$n" -o named
ok "--name names standard input" cmp raw named/as.named

as alice send bob many >/dev/null
run as alice meet other
run as bob meet other
n=$(as bob inbox | awk '/unread/ { print $1 }')
is "$(as bob read "$n" 2>/dev/null | tar tf - | grep -c txt)" 3 \
	"several files are an archive"

# By the card at once, a compressed letter, and a box that send makes.
dd if=/dev/zero of=zeros bs=1000 count=3000 2>/dev/null
run as bob send alice zeros --compress
has "$out" "in 1 cell" "a compressed letter is small"
mkdir third
run as dave init --no-passphrase --sparse --size 64M --name dave
run as dave send alice.card raw -m hello --stick third
exits 0 "send knows a card's file"
has "$out" "alice is known now" "and says so"
has "$out" "Made an open box there" "send --stick makes a box"
has "$out" "may be pulled" "and meets it"
run as bob meet third
run as alice read --from third -o in
exits 0 "letters of two people come in"
ok "the compressed file is whole" cmp zeros in/zeros
ok "and the other's" cmp raw in/raw
has "$out$err" "stranger" "a stranger's letter is shown as one"
n=$(as alice inbox --json | jq '.[] | select(.from == null).number')
has "$err" "dlb know $n --as NAME" "read says how to answer"

# A stranger is answered.
run as alice inbox
has "$err" "dlb know $n --as NAME" "inbox says how to answer"
run as alice know "$n" --as bob
exits 1 "a name that is taken"
run as alice know "$n" --as davy
exits 0 "know takes a letter's number"
has "$out" "$(as dave card --words | tail -n 3)" "and shows the words that dave sees"
has "$out" "Compare these words with davy" "and says that they must be compared"
is "$(as alice people --json | jq '.[] | select(.name == "davy").heard')" true \
	"whose letter is here was heard from"
run as alice inbox
lacks "$out$err" "stranger" "and the letter is no stranger's any more"
run as alice know "$n"
exits 0 "know of a known sender"
has "$out" "davy, who was known already" "says so"
run as alice know "$n" --as dave
has "$out" "davy is called dave from now on" "and can give them another name"
run as alice send dave -m 'hello too' --stick third
exits 0 "send answers"
run as dave know alice.card
run as dave read --from third
has "$out" "hello too" "and the answer arrives"
for no in 999 1; do
	run as alice know $no
	exits 1 "know of no letter that came in: $no"
	has "$err" "./$no" "names the file that may be meant"
done
run as alice know 0
exits 2 "0 is no letter"
done_testing
