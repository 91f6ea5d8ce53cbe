#!/usr/bin/env bash
# People make sure of each other: the sentence, its two readers, the mark; and who
# comes with a known name and other keys.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

# tty NAME STEP... -- ARGUMENTS of dlb
tty() {
	local home=$work/home-$1
	shift
	DLB_HOME=$home "$PTY" "$@" >"$work/.out" 2>"$work/.err"
	code=$?
	out=$(tr -d '\0' <"$work/.out")
	err=$(cat "$work/.err")
}

verified() {
	as "$1" people --json | jq -r ".[] | select(.name == \"$2\").verified"
}

# The lines of the half that a heading announces.
half() {
	printf '%s\n' "$1" | grep -A4 "$2" | tail -n 4
}

for name in alice bob; do person "$name"; done
run as alice know bob.card
has "$out" "dlb verify bob" "know says how to make sure"
run as bob know alice.card
is "$(verified alice bob)" false "nobody is verified by being known"

run as alice verify bob
exits 0 "verify"
ours=$out
run as bob verify alice
theirs=$out
is "$(half "$ours" "You read")" "$(half "$theirs" "alice reads")" "bob sees what alice reads"
is "$(half "$ours" "bob reads")" "$(half "$theirs" "You read")" "and alice what bob reads"
is "$(printf '%s\n' "$ours" | grep -oE '^    .*')" "$(printf '%s\n' "$theirs" | grep -oE '^    .*')" \
	"both see one sentence in one order"
is "$(printf '%s\n' "$ours" | grep -c '^    [0-9][0-9][0-9] [0-9][0-9][0-9]$')" 2 \
	"with six digits in each half"
is "$(printf '%s\n%s\n' "$ours" "$theirs" | grep -c '^1. You read')" 1 "one of the two begins"
has "$ours" "$(as bob card --words | tail -n 3)" "the words are those of the fingerprint"
has "$ours" "dlb verify bob --confirm" "where nobody can be asked it says what to do"
is "$(verified alice bob)" false "looking is no verifying"

run as alice verify bob --confirm --no
exits 2 "--confirm and --no"
run as alice verify bob --confirm
exits 0 "verify --confirm"
has "$out" "bob is verified." "says so"
is "$(verified alice bob)" true "people --json knows"
run as alice people
has "$out" "verified" "people has a column"
run as alice status
has "$out" "1, 1 of them verified" "status counts"
is "$(as alice status --json | jq '[.people, .verified] | join(" ")' -r)" "1 1" "for programs too"
run as alice verify bob --confirm
has "$out" "verified already" "twice is no error"
run as alice verify bob
has "$out" "verified already" "verify says that it was done"
run as alice verify bob --no
has "$out" "not verified any more" "--no takes it back"
is "$(verified alice bob)" false "and it is so"
run as alice verify bub
exits 1 "verify of nobody"
has "$err" "did you mean bob" "guesses"
run as alice verify alice.card
exits 1 "verify of oneself"

# A new card of the same person: what was verified is the identity.
run as alice verify bob --confirm
run as alice know <(as bob card --short)
is "$(verified alice bob)" true "a card of the same person leaves the mark"

# At a terminal it asks.
tty bob "expect:n or y? " "send:\n" "expect:not verified" -- "$DLB" verify alice
exits 0 "an empty answer is no"
has "$out" "false card" "and says what another word means"
is "$(verified bob alice)" false "and marks nothing"
tty bob "expect:n or y? " "send:\c" "expect:interrupted" -- "$DLB" verify alice
exits 1 "Ctrl-C ends it"
tty bob "expect:n or y? " "send:maybe\n" "expect:n or y? " "send:y\n" "expect:alice is verified." \
	-- "$DLB" verify alice
exits 0 "y is yes"
is "$(verified bob alice)" true "and is remembered"
tty bob "expect:verified already" -- "$DLB" verify alice
exits 0 "nothing is asked twice"

# Someone comes with bob's name and other keys.
DLB_HOME=$work/home-bob2 "$DLB" init --no-passphrase --sparse --size 64M --name Bob \
	--card-file bob2.card >/dev/null 2>&1
before=$(as alice people --json)
run as alice know bob2.card
exits 1 "a known name with other keys is refused"
has "$err" 'other keys than the "bob" who is known and verified' "and said aloud"
run as alice send bob2.card -m 'to whom?'
exits 1 "send refuses it too"
is "$(as alice outbox --json)" "[]" "and sends nothing"
run as alice verify bob2.card
exits 1 "and verify"
has "$err" "dlb know CARD --as NAME" "and says how it can be known"
run as alice know bob2.card --as bob
exits 1 "nor is it taken in bob's place"
has "$err" "other keys" "and says why"
is "$(as alice people --json)" "$before" "nothing has changed"
run as alice know bob2.card --as bobby
exits 0 "under another name it is someone else's"
is "$(verified alice bobby)" false "whom nobody has verified"
is "$(verified alice bob)" true "and bob stays who he is"

# The same by a letter of a stranger.
mkdir stick
as alice card -o alice2.card >/dev/null
DLB_HOME=$work/home-bob3 "$DLB" init --no-passphrase --sparse --size 64M --name bob \
	--card-file bob3.card >/dev/null 2>&1
run as bob3 send alice2.card -m 'I am bob' --stick stick
run as alice meet stick
n=$(as alice inbox --json | jq '.[] | select(.from == null).number')
run as alice know "$n"
exits 1 "nor does a letter make a second bob"
has "$err" "other keys" "it says why"
has "$err" "dlb know $n --as NAME" "and what to do"

# Someone whose card says the name of a file with another's card.
DLB_HOME=$work/home-eve "$DLB" init --no-passphrase --sparse --size 64M --name carol.card \
	--card-file eve.card >/dev/null 2>&1
person carol
run as alice know eve.card
exits 0 "a name like a file's"
before=$(as alice outbox --json)
run as alice send carol.card -m "for carol alone"
exits 2 "who is meant is asked"
has "$err" "say ./carol.card" "with what to say"
is "$(as alice outbox --json)" "$before" "and nothing is sent"
run as alice send ./carol.card -m "for carol alone"
has "$out" "for carol:" "the file is the file's"
rm carol.card
run as alice send carol.card -m "for eve"
has "$out" "for carol.card:" "without one it is the name"
done_testing
