#!/usr/bin/env bash
# A full disk at every stage: of the home, of the stick, of the directory that a letter
# is read into. The message says so, nothing half-made stays, nothing is lost, and with
# room again it goes on.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

# The homes of these lie on the file system `disk`.
homes_on_disk() {
	local name
	for name; do
		mkdir -m 700 "disk/home-$name"
		ln -s "$PWD/disk/home-$name" "$work"
	done
}

# leave KIB DIR: so much is free there then
leave() {
	local free
	rm -f "$2/fill"
	free=$(df -k --output=avail "$2" | tail -n 1)
	head -c $(((free - $1) * 1024)) /dev/zero >"$2/fill"
}

refused() {
	is "$code" 1 "$1"
	told 'make room|are free|is free|--size' "  it says why, and what to do"
}

# init_in DIR OPTION...: a home in DIR/home
init_in() {
	run env "DLB_HOME=$PWD/$1/home" "$DLB" init --no-passphrase --name alice \
		--card-file "$1/alice.card" "${@:2}"
	note_crash init "$@"
}

making() {
	local kib
	for kib in 0 100 760 1200; do
		new_tmpfs disk $((kib + 4))k
		init_in disk --sparse --size 64M
		refused "no home is made with $kib KiB"
		is "$(ls -A disk)" "" "  nothing of it stays"
		umount_at disk
	done
	new_tmpfs disk 20M
	init_in disk --size 64M
	refused "no home is made that is larger than what is free"
	is "$(ls -A disk)" "" "  nothing of it stays"
	init_in disk --size 17M
	exits 0 "with room it is made"
	ln -s "$PWD/disk/home" "$work/home-alice"
	check "  and nothing is wrong" healthy alice
	leave 8 disk
	at alice card -o disk/second.card
	refused "no card is written"
	check "  nor half of one" test ! -e disk/second.card
}

sealing() {
	local kib
	new_tmpfs disk 24M
	homes_on_disk alice bob
	new_pair
	head -c 3M /dev/urandom >big
	mkdir stick
	must alice box create stick --open --size 24M --sparse
	for kib in 0 100 600 2000; do
		leave "$kib" disk
		at alice send bob big
		refused "a letter is not sealed with $kib KiB"
		rm disk/fill
		check "  nothing is wrong afterwards" healthy alice --thorough
		is "$(letters alice outbox)/$(number alice kept)" 0/0 \
			"  and nothing of it is kept"
		check "  nothing half-written stays" tidy disk
	done
	expect 0 "with room it is sealed" alice send bob big
	leave 0 disk
	at alice delete 1
	refused "with none it is not deleted"
	expect 0 "but listed" alice outbox
	rm disk/fill
	check "and nothing is wrong" healthy alice --thorough
	is "$(letters alice outbox)" 1 "it is there"
}

giving() {
	local kib
	new_pair
	head -c 3M /dev/urandom >big
	new_tmpfs stick 12M
	leave 1000 stick
	at alice box create stick/large.dlb --open --size 8M
	refused "no box is made that is larger than what is free"
	leave 100 stick
	at alice box create stick --open --size 24M --sparse
	refused "nor a sparse one without room for its tables"
	is "$(ls -A stick)" fill "  nothing of them stays"
	rm stick/fill
	must alice box create stick --open --size 24M --sparse
	must alice send bob big
	for kib in 0 100 2000; do
		leave "$kib" stick
		at alice meet stick
		refused "a meeting does not give with $kib KiB"
		told 'stick/box.dlb' "  it says where"
		check "  nothing is wrong at home" healthy alice --thorough
		rm stick/fill
	done
	expect 0 "with room it goes on" alice meet stick
	is "$(letters alice outbox 'on its way')" 1 "  all of it is given"
	expect 0 "  it is read" bob read --from stick -o out
	check "  every byte arrived" arrived out big
	is "$(letters bob inbox)" 1 "  once"
}

taking() {
	local kib
	new_tmpfs disk 24M
	homes_on_disk bob
	new_pair
	head -c 3M /dev/urandom >big
	mkdir stick
	must alice box create stick --open --size 24M --sparse
	must alice send bob big --stick stick
	for kib in 0 100 600 2000; do
		leave "$kib" disk
		at bob meet stick
		refused "a meeting does not take with $kib KiB"
		told 'home-bob' "  it says where"
		rm disk/fill
		check "  nothing is wrong afterwards" healthy bob --thorough
		check "  nothing half-written stays" tidy disk
	done
	expect 0 "with room it goes on" bob read --from stick -o out
	check "  every byte arrived" arrived out big
	is "$(letters bob inbox)" 1 "  once"
}

reading() {
	new_pair
	mkdir stick many
	head -c 3M /dev/urandom >big
	# Each takes a page, so that all together need more than their bytes.
	for i in {1..300}; do
		printf '%s' "$i" >"many/$i"
	done
	must alice box create stick --open --size 24M --sparse
	# One by one, so that their numbers are in that order.
	for what in big many 'big --compress'; do
		# shellcheck disable=SC2086 # several arguments are meant
		must alice send bob $what --stick stick
		must bob meet stick
	done
	new_tmpfs out 8M
	for number in 1 2 3; do
		leave 700 out
		at bob read "$number" -o out/new
		refused "letter $number is not written into a full directory"
		is "$(ls -A out)" fill "  nothing of it stays"
		is "$(letters bob inbox unread)" $((4 - number)) "  it is unread"
		rm out/fill
		expect 0 "  with room it is" bob read "$number" -o out/new
		case $number in
		2) arrived out/new many ;;
		*) arrived out/new big ;;
		esac
		report $? "  every byte of it"
		check "  nothing half-written stays" tidy out
		rm -r out/new
	done
	leave 0 out
	run as bob read 1
	as bob read 1 >out/archive 2>err
	code=$?
	err=$(<err)
	refused "nor into a full file"
}

section mount "making a home on a full disk" making
section mount "sealing on a full disk" sealing
section mount "giving to a full stick" giving
section mount "taking on a full disk" taking
section mount "reading onto a full disk" reading
finish
