#!/usr/bin/env bash
# Rosters: alice vouches, bob takes her word, the ferry is recognised.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

# Large enough that nothing has to give way.
for who in alice bob ferry mallory; do
	as "$who" init --no-passphrase --sparse --size 256M --name "$who" \
		>/dev/null 2>&1 </dev/null
done
run as courier init --courier --no-passphrase --sparse --size 256M
mkdir usb old

# Two nodes, through a pipe; what bob says of whom he met.
meets() {
	local policy=$1 who=$2
	run as bob meet --policy "$policy" \
		--pipe "env DLB_HOME=$work/home-$who $DLB meet - --policy anyone"
}

run as bob roster list
exits 0 "no roster"
has "$out" "None yet" "and that is said"
run as alice roster publish
exits 2 "publishing nothing"
has "$err" "your roster is empty" "is told"
run as courier roster trust alice.card
exits 2 "a courier without a card"
has "$err" "make one with: dlb init" "is told how to get one"
run as alice roster add alice.card
exits 1 "vouching for oneself"
has "$err" "that is yourself" "is refused"
run as alice roster add zed
exits 1 "someone unknown"
has "$err" "neither a correspondent nor the file of a card" "is told"
run as alice roster remove ferry.card
exits 1 "taking out who is not in"
has "$err" "is not in your roster" "is told"
run as alice roster add ferry.card --note "the ferry, Tuesdays"
exits 0 "vouching"
has "$out" "You vouch for ferry now" "and that is said"
run as alice roster add bob.card
run as alice roster list
has "$out" "the ferry, Tuesdays" "is in the list"
has "$out" "not published yet" "which is not out yet"
run as alice send bob.card -m "in parts" --need 2 --of 5
has "$err" "5 stripes and 2 couriers" "who is named there can be told apart"

run as alice roster export one.roster
exits 0 "an export"
run as alice roster list
has "$out" "not published yet" "does not publish it"
is "$(as alice roster list --json | jq -c '[.own.number,.own.published]')" \
	'[0,null]' "nor to programs"
run as bob roster import -
ok "nothing is no roster" test "$code" -ne 0
code=0
as bob roster import - <one.roster >from.stdin 2>&1 || code=$?
exits 1 "one from standard input"
has "$(cat from.stdin)" "rosters are not taken here" "is read"
run as bob roster import one.roster
exits 1 "of someone who is not followed"
has "$err" "rosters are not taken here" "is not taken"
run as bob roster trust alice.card
exits 0 "taking her word"
run as bob roster import one.roster
exits 0 "now it is"
has "$out" "2 vouched for, 0 revoked" "and what is in it"
run as bob roster import one.roster
exits 0 "twice"
has "$out" "held already" "is once"
meets vetted ferry
exits 1 "the ferry does not know bob"
run as ferry roster trust alice.card
run as ferry roster import one.roster
meets vetted ferry
exits 0 "now both take her word"
has "$out" "the ferry, Tuesdays (alice)" "and who it was is said"
meets vetted mallory
exits 1 "others are strangers"
meets vetted alice
exits 0 "she is vetted herself"

# Revoked: by bulletin, on a stick that a stranger carries.
run as alice roster revoke ferry.card
run as alice roster publish
exits 0 "publishing"
run as alice box create usb --open
run as alice meet usb
run as bob box create old --open
run as courier meet usb
run as courier meet old
run as bob meet old
is "$(as bob roster list --json | jq '.authors[0].revoked')" 1 "a newer one came by itself"
meets vetted ferry
exits 1 "and the ferry is vetted no more"
run as bob roster import one.roster
exits 1 "an older one"
has "$err" "a newer roster of alice is held" "does not come back"
run as bob node pair ferry --card
exits 1 "one has to know a card for that"
run as bob know ferry.card
run as bob node pair ferry --card --vetted
meets vetted ferry
exits 1 "vetting by hand does not outweigh it"
run as bob node list
has "$out" "revoked" "the list of nodes says so"
run as bob roster trust alice --not
meets vetted ferry
exits 0 "her word counts no more, one's own does"
run as bob roster trust alice
run as alice roster add ferry.card
run as alice roster export two.roster
run as bob roster import two.roster
meets vetted ferry
exits 0 "and back"

# Forged, cut, foreign.
cp two.roster bent.roster
damage bent.roster 30
run as bob roster import bent.roster
exits 1 "signed by another hand"
has "$err" "does not verify" "is told"
head -c 100 two.roster >cut.roster
run as bob roster import cut.roster
exits 1 "cut short"
has "$err" "damaged or cut short" "is told"
run as bob roster import bob.card
exits 1 "no roster"
has "$err" "this is no roster" "is told"
run as alice roster import two.roster
exits 1 "one's own"
has "$err" "your own roster" "is told"
run as alice roster add ferry.card --note "$(printf 'x%.0s' {1..65})"
exits 2 "a note too long"
is "$(as bob roster list alice --json | jq '.entries | length')" 2 "nothing was lost"
run as bob audit --json
has "$out" "author trusted" "it is in the log"
run as bob roster forget alice
exits 0 "forgotten"
is "$(as bob roster list --json | jq '.authors | length')" 0 "is gone"
done_testing
