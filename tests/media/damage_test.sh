#!/usr/bin/env bash
# Sticks and homes that are damaged: a flipped byte in each region, cut off, from
# another box, read-only, pulled half-way, locked. A clear message, the right exit code,
# nothing lost that is whole, nothing made worse, nothing left behind.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

RANDOM=20240302
cell=65536

# Where things lie in a box of that many bytes (docs/satchel.md): slots, table_1,
# slot_1, table_2, header_2, table_len.
layout_of() {
	local size=$1 entries
	for ((slots = size / cell; ; slots--)); do
		entries=$(((slots + slots / 4 + 64 + 15) / 16 * 16))
		table_1=4096 table_len=$((entries * 256))
		slot_1=$(((table_1 + table_len + cell - 1) / cell * cell))
		table_2=$((slot_1 + slots * cell))
		header_2=$((table_2 + table_len))
		[ $((header_2 + 4096)) -le "$size" ] && return
	done
}

# random_in FROM LENGTH: an offset, in $at; no subshell, which would draw anew
random_in() {
	at=$(($1 + (RANDOM * 32768 + RANDOM) % $2))
}

# flip FILE OFFSET...: one bit each
flip() {
	python3 - "$@" <<-'EOF'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    for at in map(int, sys.argv[2:]):
		        f.seek(at)
		        old = f.read(1)[0]
		        f.seek(at)
		        f.write(bytes([old ^ 1 << at % 8]))
	EOF
}

# flip_slots FILE STEP: a byte in each STEP-th slot
flip_slots() {
	local i all=()
	for ((i = 0; i < slots; i += $2)); do
		random_in $((slot_1 + i * cell)) $cell
		all+=("$at")
	done
	flip "$1" "${all[@]}"
}

# A stick with a letter for bob on it.
given_stick() {
	new_pair
	mkdir stick
	head -c 3M /dev/urandom >big
	must alice box create stick --open --size 24M
	must alice send bob big --stick stick
	layout_of "$(size_of stick/box.dlb)"
	save given stick
	cp -a "$work/home-bob" bob.before
}

again() {
	restore given
	rm -rf "$work/home-bob" out
	cp -a bob.before "$work/home-bob"
}

flipped_byte() {
	local where
	given_stick
	for where in salt keyslots super table_1 filling table_2 header_2; do
		again
		case $where in
		salt) random_in 0 32 ;;
		keyslots) random_in 32 576 ;;
		super) random_in 608 3488 ;;
		table_1) random_in "$table_1" "$table_len" ;;
		filling) random_in $((table_1 + table_len)) $((slot_1 - table_1 - table_len)) ;;
		table_2) random_in "$table_2" "$table_len" ;;
		header_2) random_in "$header_2" 4096 ;;
		esac
		flip stick/box.dlb "$at"
		expect 0 "a flipped byte in $where: it is read" bob read --from stick -o out
		check "  every byte arrived" arrived out big
		expect 0 "  it opens for others" alice meet stick
	done
	# One sector is damaged in each table, and other ones.
	again
	flip stick/box.dlb $((table_1 + 300)) $((table_2 + 5000)) 700
	expect 0 "one in each table and a header: it is read" bob read --from stick -o out
	check "  every byte arrived" arrived out big
}

damaged_slots() {
	given_stick
	again
	flip_slots stick/box.dlb 2
	at bob read --from stick -o out
	# Its first cell may be among them: then nobody knows of it.
	[ "$code" -eq 3 ] || { [ "$code" -eq 0 ] && says 'no new ones'; }
	report $? "a flipped byte in every other slot: the letter is not whole"
	told 'refused +[0-9]+ cells that were damaged' "  the meeting says what was refused"
	check "  nothing is written" test ! -e out
	check "  nothing is wrong at home" healthy bob --thorough
	restore given
	expect 0 "  with the others it is whole" bob read --from stick -o out
	check "  every byte arrived" arrived out big
	is "$(letters bob inbox)" 1 "  once"
}

cut_off() {
	local len
	given_stick
	again
	for len in 0 100 4096 $((table_1 + 5000)) $((slot_1 + 5 * cell + 77)) \
		"$header_2" $((header_2 + 4095)); do
		again
		truncate -s "$len" stick/box.dlb
		cp stick/box.dlb before
		expect 1 "cut off after $len bytes: refused" bob meet stick
		told 'too short|cut off' "  it says so"
		expect 1 "  to the sender too" alice meet stick/box.dlb
		cmp -s before stick/box.dlb
		report $? "  nothing is written to it"
	done
	check "nothing is wrong at home" healthy bob
	check "nor at the sender's" healthy alice
}

other_box() {
	given_stick
	again
	mkdir other
	must alice box create other --open --size 24M
	dd if=other/box.dlb of=stick/box.dlb bs=$cell seek=100 skip=100 conv=notrunc \
		status=none
	at bob read --from stick -o out
	[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
	report $? "half of another box: what is whole is taken"
	check "  nothing half-written stays" tidy stick "$work/home-bob"
	check "  nothing is wrong at home" healthy bob --thorough
	restore given
	expect 0 "  with its own half all is read" bob read --from stick -o out --force
	again
	head -c 24M /dev/urandom >stick/box.dlb
	cp stick/box.dlb before
	expect 1 "a file that is no box: refused" bob meet stick
	told 'not a box that is open to all, nor one whose key is known' "  it says why"
	cmp -s before stick/box.dlb
	report $? "  nothing is written to it"
}

locked() {
	new_pair
	mkdir stick
	echo 'right' >right
	echo 'wrong' >wrong
	head -c 64 /dev/urandom >key
	must alice box create stick --passphrase-file right --size 8M
	cp stick/box.dlb before
	expect 1 "a wrong passphrase: refused" \
		bob meet stick --box-passphrase-file wrong
	told 'does not open with that passphrase' "  it says so"
	expect 1 "a key file that is none of its" bob meet stick --box-key-file key
	cmp -s before stick/box.dlb
	report $? "  nothing is written to it"
	expect 0 "the right one opens" bob meet stick --box-passphrase-file right
}

home() {
	local file
	given_stick
	must bob meet stick
	layout_of "$(size_of "$work/home-bob/satchel")"
	flip_slots "$work/home-bob/satchel" 1
	expect 3 "damaged cells at home: the letter is not whole" bob read 1 -o out
	told '[0-9]+ of [0-9]+ cells are here; meet more boxes' "  it says what to do"
	check "  nothing is written" test ! -e out
	expect 0 "  which helps" bob meet stick
	expect 0 "  and it is read" bob read 1 -o out
	check "  every byte is there" arrived out big
	again
	must bob meet stick
	flip_slots "$work/home-bob/satchel" 1
	at bob doctor --thorough
	exits 1 "doctor finds damaged cells"
	told 'cells were damaged and are gone now' "  and says so"
	check "  then nothing is wrong" healthy bob --thorough
	for file in letterbox satchel; do
		again
		truncate -s 1000 "$work/home-bob/$file"
		expect 1 "a $file that was cut off: refused" bob inbox
		told 'damaged|cut off|too short' "  it says so"
	done
	again
	flip "$work/home-bob/letterbox" 100000
	expect 1 "a flipped byte in the letterbox: refused" bob inbox
	told 'is damaged: restore it from a backup' "  it says what to do"
}

read_only() {
	new_pair
	new_tmpfs stick 32M
	head -c 3M /dev/urandom >big
	expect 0 "preparing" alice box create stick --open --size 16M
	must alice send bob big --stick stick
	mount -o remount,ro stick
	cp stick/box.dlb before
	expect 0 "a read-only stick is taken from" bob read --from stick -o out
	told 'read-only: nothing could be given' "  it says that nothing was given"
	check "  every byte arrived" arrived out big
	cmp -s before stick/box.dlb
	report $? "  nothing is written to it"
	must alice send bob -m 'more'
	expect 0 "a sender is told too" alice meet stick
	told 'read-only' "  in so many words"
	is "$(letters alice outbox waiting)" 1 "  and the letter waits"
	expect 1 "no box is made there" alice box create stick/second.dlb --open
	told 'read-only; mount it writable' "  it says what to do"
	expect 1 "nothing is read onto it" bob read 1 -o stick/out
	told 'nothing can be written into .*-o' "  it says what to do"
}

# A stick that is gone in the midst of a meeting: all of its calls fail from then on.
pulled() {
	local k who
	new_pair
	head -c 3M /dev/urandom >big
	new_ext4 stick 40M
	must alice box create stick --open --size 24M
	must alice send bob big
	umount_at stick
	save alice stick.img
	cp -a "$work/home-alice" alice.before
	cp -a "$work/home-bob" bob.before
	mount_ext4 stick
	for who in alice bob; do
		if [ "$who" = bob ]; then
			must alice meet stick
			umount_at stick
			save bob stick.img
			mount_ext4 stick
		fi
		events_of "$who" meet stick
		for ((k = 0; k < 3; k++)); do
			umount_at stick
			restore "$who"
			mount_ext4 stick
			rm -rf "$work/home-$who" out
			cp -a "$who.before" "$work/home-$who"
			pick_moment "$k" 3
			cut_at "$moment" cut stick "$who" meet stick
			# After its last write there is nothing left to notice.
			[ "$k" -eq 2 ] ||
				{ [ "$code" -eq 1 ] && says 'stick' && says 'meet again'; }
			report $? "pulled at event $moment of $events of $who's meeting: it says so"
			check "  nothing is wrong at home" healthy "$who" --thorough
			umount_at stick
			mount_ext4 stick
			expect 0 "  the next meeting goes on" "$who" meet stick
			[ "$who" = bob ] || must bob meet stick
			at bob read 1 -o out && arrived out big
			report $? "  it arrives whole"
			is "$(letters bob inbox)" 1 "  once"
			rm -rf "$work/home-bob"
			cp -a bob.before "$work/home-bob"
		done
	done
}

section any "a flipped byte" flipped_byte
section any "damaged slots" damaged_slots
section any "cut off" cut_off
section any "from another box" other_box
section any "locked" locked
section any "a damaged home" home
section mount "a read-only stick" read_only
section loop "a stick that is pulled half-way" pulled
finish
