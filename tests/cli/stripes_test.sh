#!/usr/bin/env bash
# Letters that are split, from hand to hand.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

person alice
person bob
mkdir usb
run as bob know alice.card
run as alice know bob.card
head -c 300000 /dev/urandom >film

run as alice send bob film --need 3
exits 2 "--need alone says too little"
run as alice send bob film --threshold
exits 2 "--threshold alone too"
run as alice send bob film --need 6 --of 5
exits 2 "more than there are can not be needed"
has "$err" "1 to 5" "and that is said"
run as alice send bob film --need x --of 5
exits 2 "a number is one"
run as alice send bob film --need 1 --of 5 --threshold
exits 2 "a threshold of one is none"
is "$(as alice outbox --json)" "[]" "nothing was sent"

run as alice send bob film --need 3 --of 5 --stick usb
exits 0 "a letter in stripes"
has "$out" "Any 3 of its 5 stripes suffice" "and that is said"
has "$err" "5 stripes and 0 couriers" "and that couriers are few"
run as alice send bob film --need 2 --of 3 --threshold --stick usb
exits 0 "with a threshold"
has "$out" "fewer are worth nothing" "and what that means"
has "$err" "no node is vetted" "and that there is nobody to wait for"
is "$(as alice outbox --json | jq -c '.[] | [.stripes_given, .cells_given * .stripes == .cells, (.couriers | length)]')" \
	"[1,true,1]
[1,true,1]" "a courier got one stripe of each"
has "$(as alice outbox)" "1 of 5 stripes, 1 courier" "and the list says so"
run as alice meet usb
is "$(as alice outbox --json | jq -c '.[].stripes_given')" "1
1" "and no other one on the same day"
run as alice meet usb --now
exits 0 "but when told so"
is "$(as alice outbox --json | jq -c '.[] | [.stripes_needed, .stripes, .threshold]')" \
	"[3,5,false]
[2,3,true]" "the outbox knows"
is "$(as alice outbox --json | jq -c '.[] | [(.couriers | length), (.couriers | add) == .cells]')" \
	"[1,true]
[1,true]" "and that one courier took all"
has "$(as alice outbox)" "on its way, 5 of 5 stripes, 1 courier" "the list says so"

run as bob meet usb
is "$(as bob inbox --json | jq -c '.[] | [.state, .stripes_needed, .stripes_here]' | sort)" \
	'["unread",2,3]
["unread",3,5]' "each is one letter"
run as bob read 1 -o one
run as bob read 2 -o two
ok "one is what was sent" cmp one/film film
ok "the other too" cmp two/film film
run as alice meet usb
is "$(as alice outbox --json | jq -r '.[].state')" "arrived
arrived" "both have arrived"

# What a courier was to have and had no room for.
mkdir full
run as alice box create full --cells --open --size 4M
run as alice meet full
run as alice send bob film --need 2 --of 3
run as alice meet full
has "$out" "waiting  9 cells of yours" "a full folder takes nothing"
is "$(as alice outbox --json | jq -c '.[-1] | [.stripes_given, (.couriers | length), .strangers_at_most]')" \
	"[0,0,0]" "and is no courier of it"
run as alice meet usb
is "$(as alice outbox --json | jq -c '.[-1] | [.stripes_given, (.couriers | length)]')" \
	"[1,1]" "another one is"
done_testing
