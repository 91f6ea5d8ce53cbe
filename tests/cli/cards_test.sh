#!/usr/bin/env bash
# Cards as people hand them over: pasted, quoted, as an argument.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person bob
as bob card --short >short.txt
sed 's/^/> /' bob.card >quoted
sed 's/^/> > /' bob.card >twice
sed 's/^/| /' bob.card >bar
sed 's/^/  >/; s/$/\r/' bob.card >crlf
tr '\n' ' ' <bob.card >line
{
	printf '\357\273\277'
	cat bob.card
} >marked
person alice
for form in quoted twice bar crlf line marked; do
	run as alice know $form
	exits 0 "a card as pasted mail: $form"
	has "$out" "bob" "says whose it is: $form"
	DLB_HOME=$work/home-alice "$DLB" know - <$form >known 2>&1
	is $? 0 "the same from standard input: $form"
done

# The text itself in the place of a file.
for text in "$(cat bob.card)" "$(cat line)" "$(cat quoted)" "$(cat short.txt)" \
	"$(as bob card --png bob.png >/dev/null && zbarimg --raw -q bob.png 2>/dev/null)"; do
	[ -n "$text" ] || continue
	person carol
	run as carol know "$text"
	exits 0 "a card's text as an argument: $(printf '%.12s' "$text")"
	has "$out" "bob is known now" "is taken as a card"
	rm -rf home-carol carol.card
done
person carol
run as carol send "$(cat bob.card)" -m hello
exits 0 "send takes the text of a card"
has "$out" "for bob" "and knows whose it is"
mkdir erin
run as carol send erin -m hello
exits 1 "a directory of someone's name is no card"
has "$err" "there is no correspondent erin" "and says that nobody is known so"
run as carol know "$(head -n 20 bob.card)"
exits 1 "half a card"
has "$err" "cut short" "says so"
has "$err" "dlb: the card" "and names no text"
one_line "in one line"
run as carol know "-----BEGIN"
exits 2 "what is no card is an option that there is not"

# A home that was made says the least that suffices, what counts last.
DLB_HOME=$work/home-dave PTY_COLUMNS=80 "$PTY" -- "$DLB" init --no-passphrase --sparse \
	--size 64M --name dave >printed
ok "init fits a screen" test "$(wc -l <printed)" -le 20
lacks "$(cat printed)" "BEGIN" "and prints no card"
has "$(cat printed)" "dlb card --short" "but says how to have it as text"
has "$(tail -n 7 printed)" "$work/home-dave" "where the home is stands at the end"
has "$(tail -n 7 printed | tr -d '\r')" "$(as dave card --words | tail -n 1)" \
	"and so do the words"
done_testing
