#!/usr/bin/env bash
# The power goes, for real: ext4 on loop devices is shut down without a flush, at
# moments spread over a command and right after it said that it was done; then mounted
# again, which replays the journal. What was acknowledged is there, everything opens,
# the letter arrives once.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

RANDOM=20240301
cuts=${CUTS:-3}

mount_both() {
	mount_ext4 disk || give_up "mounting the disk"
	mount_ext4 stick || give_up "mounting the stick"
}

umount_both() {
	umount_at disk || give_up "unmounting the disk"
	umount_at stick || give_up "unmounting the stick"
}

# The homes lie on `disk`, the box on `stick`.
set_up() {
	new_ext4 disk 256M || give_up "a disk"
	new_ext4 stick 80M || give_up "a stick"
	chmod 700 disk
	mkdir disk/home-alice disk/home-bob disk/home-dora
	ln -s "$PWD/disk/home-alice" "$PWD/disk/home-bob" "$PWD/disk/home-dora" "$work"
}

# keep_state STATE, back_to STATE: both, unmounted meanwhile
keep_state() {
	umount_both
	mkdir -p "$1"
	cp --sparse=always disk.img stick.img "$1"
	mount_both
}

back_to() {
	umount_both
	# The kernel lets go of an image some time after it was unmounted; one that is
	# written over before that is mounted with what it remembers of the old.
	rm -f disk.img stick.img
	cp --sparse=always "$1"/*.img .
	mount_both
}

# cut_each STATE WHAT HOME VERB...: at several moments of it; then after_WHAT
cut_each() {
	local state=$1 what=$2 k
	shift 2
	back_to "$state"
	events_of "$@"
	for ((k = 0; k < cuts; k++)); do
		back_to "$state"
		pick_moment "$k" "$cuts"
		cut_at "$moment" cut,kill disk:stick "$@"
		exits 137 "$what: power cut at event $moment of $events"
		power_on disk stick
		"after_$what"
	done
}

# acknowledged HOME VERB...: the power goes when it has said that it is done
acknowledged() {
	must "$@"
	cut_now disk stick
	power_on disk stick
}

arrives_once() {
	rm -rf disk/out
	at bob read --from stick -o disk/out && arrived disk/out big folder
	report $? "  it arrives whole"
	check "  nothing half-written stays" tidy disk stick
	at bob meet stick && [ "$(letters bob inbox)" -eq 1 ]
	report $? "  it arrives once"
}

after_init() {
	at dora init --no-passphrase --name dora --size 24M --card-file disk/dora.card ||
		{ says 'there is a letterbox .* already' && at dora card; }
	report $? "  a second init makes it, or says that it is made"
	check "  the home opens, nothing is wrong" healthy dora
	check "  nothing half-made stays" tidy disk
}

after_box() {
	at alice box create stick/second.dlb --open --size 4M ||
		{ says 'there is a box already' && at alice meet stick/second.dlb; }
	report $? "  a second box create makes it, or says that it is made"
	check "  nothing half-made stays" tidy stick
	expect 0 "  it can be met" bob meet stick/second.dlb
	check "  nothing is wrong at home" healthy alice
}

after_send() {
	local sent
	check "  the home opens, nothing is wrong" healthy alice --thorough
	sent=$(letters alice outbox)
	is "$(number alice kept)" $((sent * cells)) "  it keeps the cells of $sent letters"
	[ "$sent" -eq 1 ] || must alice send bob big folder
	must alice meet stick
	arrives_once
}

after_giving() {
	check "  the home opens, nothing is wrong" healthy alice --thorough
	is "$(letters alice outbox)" 1 "  the letter that was sent is there"
	expect 0 "  the next meeting goes on" alice meet stick
	is "$(letters alice outbox 'on its way')" 1 "  all of the letter is given"
	arrives_once
}

after_taking() {
	check "  the home opens, nothing is wrong" healthy bob --thorough
	arrives_once
}

after_reading() {
	check "  the home opens, nothing is wrong" healthy bob
	at bob read 1 -o disk/out ||
		{ says 'is there already' && at bob read 1 -o disk/out --force; }
	report $? "  it can be read again"
	check "  every byte is there" arrived disk/out big folder
	check "  nothing half-written stays" tidy disk
}

after_deleting() {
	check "  the home opens, nothing is wrong" healthy bob --thorough
	[ "$(letters bob inbox)" -eq 0 ] || must bob delete 1
	is "$(number bob kept)" 0 "  no cell of it is kept"
}

midst() {
	mkdir folder
	for i in {1..20}; do
		head -c "$((i * 1000))" /dev/urandom >"folder/$i"
	done
	head -c 3M /dev/urandom >big
	set_up
	new_pair
	must alice box create stick --open --size 40M --sparse
	keep_state start
	cut_each start init dora init --no-passphrase --name dora --size 24M \
		--card-file disk/dora.card
	cut_each start box alice box create stick/second.dlb --open --size 4M
	back_to start
	must alice send bob big folder
	cells=$(number alice kept)
	keep_state sent
	cut_each start send alice send bob big folder
	cut_each sent giving alice meet stick
	back_to sent
	must alice meet stick
	keep_state given
	cut_each given taking bob meet stick
	back_to given
	must bob meet stick
	keep_state taken
	cut_each taken reading bob read 1 -o disk/out
	cut_each taken deleting bob delete 1
}

done_is_done() {
	mkdir folder
	printf 1 >folder/a
	head -c 3M /dev/urandom >big
	set_up
	acknowledged alice init --no-passphrase --name alice --sparse --now --size 64M \
		--card-file disk/alice.card
	check "init was done: the home opens" healthy alice
	check "  its card is there" test -s disk/alice.card
	must bob init --no-passphrase --name bob --sparse --size 64M --card-file bob.card
	acknowledged alice know bob.card
	ask alice people | grep -q bob
	report $? "know was done: he is known"
	acknowledged alice box create stick --open --size 40M
	expect 0 "box create was done: it can be met" bob meet stick
	is "$(ask alice box list | grep -c stick)" 1 "  its key is known"
	acknowledged alice send bob big folder -m 'as agreed'
	is "$(letters alice outbox)" 1 "send was done: the letter waits"
	check "  nothing is wrong" healthy alice --thorough
	acknowledged alice meet stick
	is "$(letters alice outbox 'on its way')" 1 "meet was done: it is on its way"
	acknowledged bob meet stick
	is "$(letters bob inbox unread)" 1 "meet was done: it is in the inbox"
	acknowledged bob read 1 -o disk/out
	check "read was done: every byte is there" arrived disk/out big folder
	check "  nothing half-written stays" tidy disk
	is "$(letters bob inbox read)" 1 "  it is known as read"
	acknowledged bob delete 1
	is "$(letters bob inbox)" 0 "delete was done: it is gone"
	is "$(number bob kept)" 0 "  with all its cells"
}

section loop "the power goes when it said that it was done" done_is_done
section loop "the power goes in the midst" midst
finish
