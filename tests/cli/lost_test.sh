#!/usr/bin/env bash
# A home that has lost one of its files: what is said, and that there is a way out.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
mkdir stick
as alice box create stick --open --size 8M --sparse >/dev/null 2>&1
as bob know alice.card --as alice >/dev/null 2>&1
as alice know bob.card --as bob >/dev/null 2>&1
as bob send alice -m 'to the old keys' --stick stick >/dev/null 2>&1

# The letterbox.
cp -a home-bob home-less
rm home-less/letterbox
for verb in status inbox doctor 'meet stick' 'init --no-passphrase'; do
	# shellcheck disable=SC2086
	run as less $verb
	exits 1 "$verb without the letterbox"
	one_line "$verb: one line"
	# shellcheck disable=SC2016
	has "$err" 'lost its file `letterbox`' "$verb: says what is gone"
	has "$err" "from a copy" "$verb: and what to do"
done
ok "nothing else is touched" cmp -s home-bob/satchel home-less/satchel

# Another user's.
mkdir -m 0 shut
other=()
if [ "$(id -u)" = 0 ]; then
	other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 711 "$work"
	chown 0:0 shut
	install -m 755 "$DLB" "$work/dlb-of-others"
fi
if "${other[@]}" test -x "$work" 2>/dev/null && ! "${other[@]}" test -x shut; then
	program=$DLB
	[ ${#other[@]} = 0 ] || program=$work/dlb-of-others
	run "${other[@]}" env DLB_HOME="$work/shut/home" "$program" status
	exits 1 "a home of another user"
	has "$err" "can not be looked into" "says so"
	has "$err" "ermission denied" "and why"
	has "$err" "DLB_HOME" "and what to do"
else
	report 0 "a home of another user # SKIP nobody else to be"
fi

# The ring: whatever is done meanwhile, it can be put back.
mkdir copy
cp -a home-alice/ring copy/
rm home-alice/ring
for verb in status inbox 'meet stick' card; do
	# shellcheck disable=SC2086
	run as alice $verb
	exits 0 "$verb without the ring"
	has "$err" "18 of your keys are gone" "$verb: says so"
	has "$err" "dlb doctor" "$verb: and where to look"
	is "$(grep -c gone <<<"$err")" 1 "$verb: once"
	ok "$verb: makes no other" test ! -e home-alice/ring
done
run as alice doctor
exits 1 "doctor without the ring"
has "$out" "18 of your keys are gone" "says so"
has "$out" "from a copy" "names one way out"
has "$out" "dlb doctor --new-keys" "and the other"
rm -rf home-ring
cp -a home-alice home-ring
cp -a copy/ring home-ring/ring
run as ring doctor
exits 0 "a ring that is put back"
run as ring inbox
is "$err" "" "nothing is missing"
run as ring meet stick
run as ring inbox
has "$out" "to the old keys" "it opens what came meanwhile"

run as alice doctor --new-keys
exits 0 "keys are given up"
has "$out" "18 keys" "so many"
has "$out" "dlb card" "the new card is to be given away"
run as alice doctor
exits 0 "doctor after that"
has "$out" "18 of your keys were given up" "remembers"
run as alice status
is "$err" "" "no verb warns any more"
run as alice doctor --new-keys
exits 2 "where none is lost, there is nothing to give up"
run as alice doctor --new-keys --json
exits 2 "--new-keys goes alone"

# The same box under two names.
as alice box share stick >box.key 2>/dev/null
run as bob box add box.key --name cafe
exits 0 "a box is added"
run as bob box add box.key --name cafe2
exits 1 "and again under another name"
has "$err" 'known already, as "cafe"' "says that it is known"

done_testing
