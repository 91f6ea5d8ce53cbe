#!/usr/bin/env bash
# Reading: what goes to a terminal, into a pipe, into a folder; and letters that are bad.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq
: "${FORGE:?the helper that makes bad letters}"

# tty NAME STEP... -- ARGUMENTS of dlb
tty() {
	local home=$work/home-$1
	shift
	DLB_HOME=$home "$PTY" "$@" >"$work/.out" 2>"$work/.err"
	code=$?
	out=$(tr -d '\0' <"$work/.out")
	err=$(cat "$work/.err")
}

# The number of the letter whose summary has that.
number() {
	as bob inbox --json | jq "[.[] | select(.summary // \"\" | contains(\"$1\"))][-1].number"
}

person alice
person bob
run as alice know bob.card
run as bob know alice.card
mkdir stick
run as alice box create stick --open --sparse --size 64M
mkdir -p two only/empty
seq 100 >two/numbers
echo b >two/b
printf 'plain\033[2J\n\ttext \303\274\n' >escape.txt
printf 'first line\n\tsecond \303\274\n' >plain.txt
printf '\001\002\003' >binary
echo lone >lone.txt
as alice send bob two -m 'look at these' >/dev/null
as alice send bob plain.txt -m 'read this' >/dev/null
as alice send bob lone.txt >/dev/null
as alice send bob binary -m 'what is it' >/dev/null
as alice send bob escape.txt >/dev/null
as alice send bob only >/dev/null
as alice send bob -m 'a message alone' >/dev/null
run as alice meet stick
run as bob meet stick

# On a terminal.
n=$(number "look at these")
tty bob -- "$DLB" read "$n"
exits 3 "a message with files is partly shown"
has "$out" "look at these" "the message is"
has "$out" "2 files (two" "what else there is, is said"
has "$out" "dlb read $n -o DIR" "and how to get it"
is "$(as bob inbox --json | jq -r ".[] | select(.number == $n).state")" unread \
	"it counts as unread"
n=$(number "read this")
tty bob -- "$DLB" read "$n"
exits 0 "a lone file that is text is shown"
has "$out" "read this" "with its message"
has "$out" "plain.txt" "and its name"
has "$out" "second $(printf '\303\274')" "as it is"
is "$(as bob inbox --json | jq -r ".[] | select(.number == $n).state")" read \
	"and was read then"
n=$(number lone.txt)
tty bob -- "$DLB" read "$n" -o -
exits 0 "the same with -o -"
has "$out" "lone" "without a message"
n=$(number "what is it")
tty bob -- "$DLB" read "$n"
exits 3 "a binary is not shown"
has "$out" "what is it" "its message is"
lacks "$out" "$(printf '\001\002')" "not a byte of it"
n=$(number escape.txt)
tty bob -- "$DLB" read "$n"
exits 2 "nor what has escapes"
lacks "$out" "$(printf '\033[2J')" "the escape does not reach the terminal"
n=$(number only)
tty bob -- "$DLB" read "$n"
exits 2 "nor folders"
has "$out" "2 folders" "they are counted"

# Several to standard output: messages alone.
run as bob read --all
exits 3 "of several letters standard output takes messages"
has "$out" "a message alone" "they are there"
lacks "$out" "only" "no archive of folders is between them"
has "$err" "2 folders" "folders are refused as files are"
has "$err" "2 files" "as are files"
ok "each in a line" test "$(grep -c '^dlb: letter' .err)" = 4
lacks "$(sed -n '/^dlb:/,$p' .err)" "

dlb" "without empty lines between"

# What is not whole is not begun.
head -c 6000000 /dev/urandom >big
as alice send bob big --spread >/dev/null
run as alice meet stick
run as bob meet stick
n=$(as bob inbox --json | jq '.[] | select(.state == "partly").number')
run as bob read "$n"
exits 3 "a letter that is not whole"
is "$out" "" "has no byte of it on standard output"
has "$err" "cells are here" "and says what is missing"

# Bad letters.
for _ in 1 2 3; do "$FORGE" home-alice bob; done
run as alice meet stick
run as bob meet stick
run as bob read --all -o out
exits 3 "bad letters among good ones"
ok "those are read" test -s out/two/numbers
is "$(grep -c '^dlb: letter [0-9]* from alice: "sz": it is too large; .*dlb delete [0-9]*$' .err)" 3 \
	"each bad one is named, with its sender and what to do"
ok "without empty lines" test "$(grep -c '^dlb: .*sz' .err)" = \
	"$(sed -n '/sz/,/sz/p' .err | grep -c sz)"
ok "one after the other" test "$(grep -A1 'sz' .err | grep -c '^$')" = 0
n=$(as bob inbox --json | jq '[.[] | select(.state == "unread")][-1].number')
tty bob -- "$DLB" read "$n"
exits 1 "a bad one on a terminal"
lacks "$out" "0 files" "has not a number of files"
has "$out" "letter $n from alice: \"sz\": it is too large" "and is said to be bad"
has "$out" "dlb delete $n" "and what to do"
run as bob delete "$n"
exits 0 "which is done"

# Names that are one here: the archive takes both.
mkdir names
: >"names/a_b"
: >names/"$(printf 'a\nb')"
as alice send bob names >/dev/null
run as alice meet stick
run as bob meet stick
n=$(number names)
run as bob read "$n" -o out
exits 1 "two names that would be one"
has "$err" "dlb read N >FILE.tar" "says how to have both"
as bob read "$n" 2>/dev/null | tar tf - >list
is "$(wc -l <list)" 3 "which works"
done_testing
