#!/usr/bin/env bash
# What programs read: every --json is valid, whatever the bytes from outside.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
mkdir stick
run as alice know bob.card
run as bob know alice.card
for list in inbox outbox "box list"; do
	# shellcheck disable=SC2086
	is "$(as alice $list --json)" "[]" "$list --json of nothing"
done
odd='a "stick" \ here'
run as alice box create stick --open --sparse --size 64M --name "$odd"
nasty=$(printf 'quote " back \\ bell \a esc \033[31m bidi \342\200\256 tab \t end')
run as alice send bob -m "$nasty"
exits 0 "a message of all kinds"
touch "$(printf 'bad \377 name')"
run as alice send bob "$(printf 'bad \377 name')"
run as alice meet stick
run as bob meet stick
for verb in inbox outbox people status doctor "box list"; do
	for who in alice bob; do
		# shellcheck disable=SC2086
		as $who $verb --json >json 2>/dev/null
		ok "$verb --json of $who is JSON" jq -e . json
		is "$(LC_ALL=C grep -c "$(printf '[\001-\010\013-\037]')" json)" 0 \
			"$verb --json of $who has no control characters"
		is "$(wc -l <json)" 1 "$verb --json of $who is one line"
	done
done
n=$(as bob inbox --json | jq '.[] | select(.files == 0).number')
is "$(as bob inbox --json | jq -r ".[] | select(.number == $n).summary" | head -c 7)" \
	"quote \"" "the summary is what was sent"
is "$(as bob inbox --json | jq -r '[.[].from] | unique | join(",")')" alice \
	"from"
is "$(as bob inbox --json | jq -r '.[0].state')" unread "state"
is "$(as alice outbox --json | jq -r '.[0].to')" bob "to"
is "$(as alice box list --json | jq -r '.[0].name')" "$odd" "a box's name"
is "$(as alice status --json | jq -r '.person')" true "person"
is "$(as alice status --json | jq -r '.satchel.size')" \
	"$(as alice status --json | jq -r '.satchel.size | floor')" "size"
is "$(as bob status --json | jq -r '.unread')" 2 "unread"
is "$(as alice doctor --json | jq -r '[.[].level] | index("wrong")')" null "doctor"
is "$(as alice people --json | jq -r '.[0].fingerprint')" \
	"$(as bob card --words | tail -n 3 | sed 's/^ *//' | paste -sd'|' | sed 's/|/ - /g')" \
	"the fingerprint is the words that bob sees"

# For people: no control character reaches a terminal or a pipe.
for verb in inbox outbox people "box list"; do
	# shellcheck disable=SC2086
	as bob $verb >plain
	is "$(LC_ALL=C grep -c "$(printf '[\001-\010\013-\037\177]')" plain)" 0 \
		"$verb has no control characters"
	is "$(grep -c "$(printf '\342\200\256')" plain)" 0 "$verb turns nothing around"
done
is "$(as bob read "$n" 2>/dev/null)" "$nasty" "a message is raw in a pipe"
done_testing
