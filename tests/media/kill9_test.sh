#!/usr/bin/env bash
# Kills the program with SIGKILL at moments spread over all that it does to the disk:
# while it makes a home or a box, seals, meets, reads, deletes. Then goes on, and holds
# it to the promise: every home and box opens, what was acknowledged is there, the
# letter arrives once, and nothing half-done stays after the next run.
#
# The moments come from a seed, one in each equal part of a command's events. Each
# kill starts from the same state, so that each hits the whole work.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

RANDOM=20240229
kills=${KILLS:-4}

# kill_each STATE WHAT HOME VERB...: from that state; then what after_WHAT checks
kill_each() {
	local state=$1 what=$2 k
	shift 2
	restore "$state"
	rm -rf out home-dora other.card
	events_of "$@"
	for ((k = 0; k < kills; k++)); do
		restore "$state"
		rm -rf out home-dora other.card
		pick_moment "$k" "$kills"
		killed_at "$moment" "$@"
		exits 137 "$what: killed at event $moment of $events"
		"after_$what"
	done
}

# bob gets it, once, whatever comes by again.
arrives_once() {
	at bob read --from stick -o out && arrived out big folder
	report $? "  it arrives whole"
	check "  nothing half-written stays" tidy out home-bob stick
	at bob meet stick && [ "$(letters bob inbox)" -eq 1 ]
	report $? "  it arrives once"
	kept=$(number bob kept)
	is "$kept" "$cells" "  bob keeps all its cells"
}

new_pair
mkdir stick other folder
for i in {1..20}; do
	head -c "$((i * 1000))" /dev/urandom >"folder/$i"
done
head -c 17M /dev/urandom >big
must alice box create stick --open --size 64M --sparse
save start home-alice home-bob stick other

# ---- init -----------------------------------------------------------------------------

init=(dora init --no-passphrase --name dora --size 24M --card-file)

after_init() {
	at "${init[@]}" dora.card ||
		{ says 'there is a letterbox .* already' && at dora card -o dora.card; }
	report $? "  a second init makes it, or says that it is made"
	check "  the home opens, nothing is wrong" healthy dora
	check "  nothing half-made stays" tidy home-dora
	at alice know dora.card && at alice send dora -m 'to a new home' &&
		at alice meet stick && at dora read --from stick && says 'to a new home'
	report $? "  and it gets letters"
	rm -rf home-dora dora.card
}

kill_each start init "${init[@]}" other.card

# ---- box create -----------------------------------------------------------------------

after_box() {
	at alice box create other --open --size 8M ||
		{ says 'there is a box already' && at alice meet other; }
	report $? "  a second box create makes it, or says that it is made"
	is "$(find other -type f)" other/box.dlb "  nothing half-made stays"
	check "  nothing is wrong at home" healthy alice
	at alice send bob -m 'by the new box' && at alice meet other &&
		at bob read --from other && says 'by the new box'
	report $? "  the box carries"
}

kill_each start box alice box create other --open --size 8M

# ---- send -----------------------------------------------------------------------------

after_send() {
	local sent
	check "  the home opens, nothing is wrong" healthy alice --thorough
	sent=$(letters alice outbox)
	is "$(number alice kept)" $((sent * cells)) "  it keeps the cells of $sent letters"
	[ "$sent" -eq 1 ] || must alice send bob big folder
	must alice meet stick
	check "  nothing half-written stays" tidy home-alice
	arrives_once
}

restore start
must alice send bob big folder
cells=$(number alice kept)
save sent home-alice home-bob stick
kill_each start send alice send bob big folder

# ---- meet, giving ---------------------------------------------------------------------

after_giving() {
	check "  the home opens, nothing is wrong" healthy alice --thorough
	expect 0 "  the stick opens for another" carol meet stick --take-only
	expect 0 "  the next meeting goes on" alice meet stick
	check "  nothing half-written stays" tidy home-alice stick
	is "$(letters alice outbox 'on its way')" 1 "  all of the letter is given"
	arrives_once
}

new_courier carol
kill_each sent giving alice meet stick

# ---- meet, taking ---------------------------------------------------------------------

after_taking() {
	check "  the home opens, nothing is wrong" healthy bob --thorough
	expect 0 "  the stick opens for another" carol meet stick --take-only
	arrives_once
}

restore sent
must alice meet stick
save given home-alice home-bob stick
kill_each given taking bob meet stick

# ---- read -----------------------------------------------------------------------------

after_reading() {
	check "  the home opens, nothing is wrong" healthy bob
	# It may have been in place already: then it says so.
	at bob read 1 -o out ||
		{ says 'is there already' && at bob read 1 -o out --force; }
	report $? "  it can be read again"
	check "  every byte is there" arrived out big folder
	check "  nothing half-written stays" tidy out home-bob
}

restore given
must bob meet stick
save taken home-alice home-bob stick
kill_each taken reading bob read 1 -o out

# ---- delete ---------------------------------------------------------------------------

after_deleting() {
	check "  the home opens, nothing is wrong" healthy bob --thorough
	[ "$(letters bob inbox)" -eq 0 ] || must bob delete 1
	is "$(number bob kept)" 0 "  no cell of it is kept"
	check "  nothing half-written stays" tidy home-bob
	at bob meet stick && [ "$(letters bob inbox)" -eq 0 ]
	report $? "  it does not come again"
}

kill_each taken deleting bob delete 1

finish
