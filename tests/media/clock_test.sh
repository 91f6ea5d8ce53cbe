#!/usr/bin/env bash
# A clock that is years off, ahead and behind: nothing is evicted, destroyed or sealed
# until its owner has spoken, letters go on travelling, and the messages say what to do.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

# then_at OFFSET HOME VERB...: with the clock so far off, as faketime says it
then_at() {
	run env LD_PRELOAD="$faketime" "FAKETIME=$1" FAKETIME_DONT_RESET=1 \
		DLB_HOME="$work/home-$2" "$DLB" "${@:3}"
	note_crash "$@"
	return "$code"
}

in_doubt() {
	local offset=$1 carried
	new_pair
	new_courier carol
	mkdir stick other
	head -c 1M /dev/urandom >big
	must alice box create stick --open --size 24M --sparse
	must alice box create other --open --size 24M --sparse
	must alice send bob big --stick stick
	must carol meet stick
	must alice send bob -m 'and this' --stick stick
	carried=$(number carol carried)

	then_at "$offset" carol doctor
	exits 1 "$offset: doctor is not content"
	told 'wrong +the clock says' "  and says why"
	told 'set the clock' "  and what to do"
	then_at "$offset" carol meet stick
	exits 0 "$offset: a courier meets"
	told 'the clock says .* set it' "  and is warned"
	then_at "$offset" carol meet other
	exits 0 "  and gives what it carries"
	[ "$(number carol carried)" -gt "$carried" ]
	report $? "  nothing is lost of it, and more has come"
	then_at "$offset" bob read --from stick -o out
	exits 0 "$offset: a reader reads"
	arrived out big && says 'and this'
	report $? "  every byte"
	then_at "$offset" bob send alice -m 'late'
	exits 1 "$offset: nothing is sealed"
	told 'couriers would refuse what is dated wrongly: set the clock|can not be: set it' \
		"  it says why, and what to do"
	is "$(letters bob outbox)" 0 "  nothing of it is kept"

	check "with the right clock all is well" healthy carol --thorough
	check "  here too" healthy bob --thorough
	expect 0 "  and it can be sealed" bob send alice -m 'in time'
	new_courier dave
	expect 0 "  what the courier gave is taken on" dave meet other
	told 'taken +[1-9][0-9]* cells' "  by the next"
}

ahead() {
	in_doubt +3y
}

behind() {
	in_doubt -1y
}

before_all() {
	in_doubt '@1970-01-03 00:00:00'
	then_at '@1970-01-03 00:00:00' bob doctor --confirm-clock
	exits 1 "a clock of 1970 can not be confirmed"
	told 'can not be: set it' "  it says what to do"
}

# Confirmed by mistake, and set right again.
confirmed() {
	new_pair
	mkdir stick
	head -c 1M /dev/urandom >big
	must alice box create stick --open --size 24M --sparse
	must alice send bob big --stick stick
	must bob meet stick
	then_at +3y bob doctor --confirm-clock
	exits 0 "a clock that is ahead is confirmed"
	then_at +3y bob meet stick
	exits 0 "  then it is believed"
	then_at +3y bob doctor --thorough
	exits 0 "  and nothing is wrong"
	then_at +3y bob read 1 -o out
	exits 0 "  a letter that came before is read"
	check "  every byte of it" arrived out big
	at bob doctor
	exits 1 "the right clock is in doubt then"
	expect 0 "  until it is confirmed" bob doctor --confirm-clock
	check "  and all is well" healthy bob --thorough
	must bob card -o bob.new
	must alice know bob.new
	expect 0 "  letters can be sealed to its card" alice send bob -m 'still there?'
	must alice meet stick
	expect 0 "  and arrive" bob read --from stick
	told 'still there' "  with all in them"
}

# A home that is made while the clock is wrong.
made() {
	local name=dora
	new_pair
	mkdir stick
	must alice box create stick --open --size 24M --sparse
	then_at '@1970-01-03 00:00:00' "$name" init --no-passphrase --sparse \
		--size 24M --name "$name" --card-file "$name.card"
	exits 1 "none is made in 1970"
	told 'can not be: set it' "  it says what to do"
	then_at +5y "$name" init --no-passphrase --sparse --size 24M \
		--name "$name" --card-file "$name.card"
	exits 0 "a home is made five years from now"
	at "$name" doctor || must "$name" doctor --confirm-clock
	check "  it is well once the clock is right" healthy "$name"
	must alice know "$name.card"
	at alice send "$name" -m 'early' || {
		says 'ask for (another|a newer) card' &&
			at "$name" card -o "$name.again" &&
			at alice know "$name.again" && at alice send "$name" -m 'early'
	}
	report $? "  letters can be sealed to it, or another card is asked for"
	must alice meet stick
	expect 0 "  and arrive" "$name" read --from stick
	told early "  with all in them"
}

# A home made with a clock that is behind: what it meets is dated ahead.
contradicted() {
	new_home alice
	mkdir stick
	must alice box create stick --open --size 24M --sparse
	must alice meet stick
	then_at -40d eve init --no-passphrase --sparse --size 24M --name eve \
		--card-file eve.card
	then_at -40d eve know alice.card
	then_at -40d eve send alice -m 'late'
	exits 1 "a card from ahead is not sealed to"
	told 'was issued in the week of .* set the clock' "  it says what to do"
	then_at -40d eve know alice.card
	told 'issued in the week of .* nothing can be sealed to it before' "  and know says so"
	then_at -40d eve meet stick
	exits 0 "a stick is met"
	then_at -40d eve send alice -m 'late'
	told 'cells that were met say .* set it' "  and contradicts the clock, who sends is told"
	at eve status
	! says 'cells that were met'
	report $? "  and no more once it is set"
}

# A letter is offered for sending again when its own time is over, and not sooner; one
# that can not be sent again by itself stays so, and says what is missing.
overdue() {
	new_pair
	mkdir stick
	must alice box create stick --open --size 24M --sparse
	echo map >map
	must alice send bob map --again 10d
	must alice send bob -m 'no hurry' --stick stick
	then_at +9d alice outbox
	! says overdue
	report $? "nothing is overdue before its time"
	rm map
	then_at +11d alice meet stick
	exits 0 "a file that is gone is in no meeting's way"
	then_at +11d alice outbox
	told '1 +[0-9-]+ [0-9:]+ +bob .*overdue' "what should have been sent again is overdue"
	! says '2 +[0-9-]+ [0-9:]+ +bob .*overdue'
	report $? "  and nothing else is"
	told 'no receipt in time for letter 1; .* dlb resend 1' "  it says what to do"
	then_at +11d alice resend 1
	exits 1 "which then fails"
	told 'map' "  and names what is missing"
	told 'name what it held: dlb resend 1 PATH' "  and what to do"
	echo map >map
	then_at +11d alice meet stick
	then_at +11d alice outbox
	! says overdue
	report $? "what is there again goes by itself"
	then_at +29d alice outbox
	told '2 +[0-9-]+ [0-9:]+ +bob .*overdue' "others are overdue after four weeks"
}

faketime=$(find /usr/lib/*/faketime /usr/lib/faketime -name libfaketimeMT.so.1 2>/dev/null |
	head -n 1)

# A sanitizer and faketime do not always bear each other.
can_faketime() {
	[ -n "$faketime" ] || return 1
	rm -rf "$work/home-try"
	new_courier try
	then_at +1000d try status && says "clock +$(date -d '+1000 days' +%Y)-"
}

section faketime "a clock that is ahead" ahead
section faketime "a clock that is behind" behind
section faketime "a clock before all time" before_all
section faketime "a clock that was confirmed, and set right" confirmed
section faketime "a clock that cards and cells contradict" contradicted
section faketime "letters without a receipt" overdue
section faketime "a home made under a wrong clock" made
finish
