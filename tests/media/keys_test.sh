#!/usr/bin/env bash
# The keys that letters are opened with: listed, kept as long as was said, and gone
# after that: a letter that comes later stays closed, and is not even found.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

# on DATE HOME VERB...: at noon of that day
on() {
	run env LD_PRELOAD="$faketime" "FAKETIME=@$1 12:00:00" FAKETIME_DONT_RESET=1 \
		TZ=UTC DLB_HOME="$work/home-$2" "$DLB" "${@:3}"
	note_crash "$@"
	return "$code"
}

must_on() {
	on "$@" || give_up "on $*"
}

listed() {
	new_home alice
	expect 0 "keys are listed" alice keys
	told '^opening +20[0-9-]+ +20[0-9-]+ +20[0-9-]+$' "  an opening key a month"
	told '^finding +20[0-9-]+ to 20[0-9-]+ +20' "  a finding key a quarter"
	told '^last resort +card [0-9]+ +the next card$' "  the last-resort key of the card"
	told 'destroyed 90 days after' "  and how long they are kept"
	expect 0 "for programs" alice keys --json
	told '^\{"keep_days":90,"since":"20.*"keys":\[\{"kind":"finding",' "  too"
	is "$(grep -o '"kind"' <<<"$out" | wc -l)" 18 "  all of them"
	expect 0 "another time is set" alice keys --keep 30
	told 'destroyed 30 days after' "  and said"
	told 'under way for 12 weeks' "  with what it costs"
	at alice keys
	told 'destroyed 30 days after' "  it is kept"
	for days in 6 3651 99999999999 -1 '' 5x; do
		expect 2 "--keep '$days' is refused" alice keys "--keep=$days"
	done
	expect 2 "--keep and --json" alice keys --keep 30 --json
	at alice keys
	told 'destroyed 30 days after' "  and nothing has changed"
	expect 0 "exposure says since when letters can be opened" alice exposure
	told 'sealed to you since' "  so"
	expect 0 "doctor does" alice doctor
	told 'sealed since 20' "  so"
	new_courier carol
	expect 1 "a courier has no keys" carol keys
}

# All that a seizure takes, in January and in June, and a stick from January.
destroyed() {
	local day
	for day in alice bob; do
		must_on 2027-01-10 $day init --no-passphrase --name $day \
			--card-file $day.card --sparse --now --size 24M
	done
	must_on 2027-01-10 alice know bob.card
	must_on 2027-01-10 bob know alice.card
	mkdir stick
	must_on 2027-01-11 alice box create stick --open --size 16M --sparse
	must_on 2027-01-11 alice send bob -m 'of January' --stick stick
	must_on 2027-01-12 bob read --from stick
	must_on 2027-01-12 bob delete 1
	must_on 2027-01-13 alice send bob -m 'on its way' --stick stick
	cp -a "$work/home-bob" before
	cp -a stick stick.january
	# 90 days after January it is the 2nd of May. Looking is use enough.
	for day in 01-30 02-20 03-15 04-10 05-01 05-02 05-02 05-04; do
		must_on 2027-$day bob status
	done
	on 2027-05-04 bob keys
	told '^opening +2027-01 ' "the key of January is there on the second day"
	must_on 2027-05-05 bob status
	on 2027-05-05 bob keys
	told '^opening +2027-02 ' "on the third that of February is"
	! says '^opening +2027-01 '
	report $? "  and that of January is destroyed"
	on 2027-05-05 bob doctor
	exits 0 "  and all is well"
	# The finding key of the quarter goes in July.
	for day in 05-28 06-20 07-06 07-08 07-09 07-10 07-11 07-12; do
		must_on 2027-$day bob status
	done
	on 2027-07-12 bob keys
	! says '^finding +2027-01 '
	report $? "so is that of the quarter"
	cp -a "$work/home-bob" after

	# Whoever has the home and the stick, at any clock of theirs.
	rm -rf "$work/home-bob" && cp -a before "$work/home-bob"
	rm -rf stick && cp -a stick.january stick
	on 2027-01-14 bob read --from stick
	told 'on its way' "the home of January opens the stick"
	for day in 2027-01-14 2027-07-12; do
		rm -rf "$work/home-bob" && cp -a after "$work/home-bob"
		rm -rf stick && cp -a stick.january stick
		on $day bob meet stick
		exits 0 "the home of July meets it at $day"
		told 'letters +no new ones' "  no letter is found"
		is "$(on_count $day inbox)" 0 "  and none is there"
	done
}

on_count() {
	on "$1" bob "$2" --json
	grep -o '"state"' <<<"$out" | wc -l
}

faketime=$(find /usr/lib/*/faketime /usr/lib/faketime -name libfaketimeMT.so.1 2>/dev/null |
	head -n 1)

# A sanitizer and faketime do not always bear each other.
can_faketime() {
	[ -n "$faketime" ] || return 1
	rm -rf "$work/home-try"
	new_courier try
	on 2031-05-06 try status && says 'clock +2031-05-06'
}

section any "keys" listed
section faketime "keys that are gone" destroyed
finish
