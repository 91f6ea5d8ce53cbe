#!/usr/bin/env bash
# Boxes and letters on FAT, as most sticks are: no holes, no links, no modes, no files
# of 4 GiB; and boxes of several files, which are made for that.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- FAT ----------------------------------------------------------------------------

# Out and in again, as when a stick is pulled and comes to another machine.
carry_stick() {
	umount_at stick
	fsck.vfat -n stick.img >fsck.out 2>&1
	report $? "$1"
	mount_fat stick "${2:-}" || give_up "mounting the stick again"
}

# fill_stick BYTES: so many are free then. Ones, so that they are not holes.
fill_stick() {
	local free
	free=$(df -B1 --output=avail stick | tail -n 1)
	head -c $((free - $1)) /dev/zero | tr '\0' '\1' >stick/fill
}

journey() {
	new_pair
	new_courier carol
	mkdir folder
	printf 'hello' >folder/a.txt
	head -c 3M /dev/urandom >folder/b.bin
	new_fat stick 48M || give_up "a FAT image"

	expect 0 "a letter makes its box on FAT" alice send bob folder --stick stick
	is "$(ls -A stick)" box.dlb "nothing but the box is on the stick"
	carry_stick "the stick's file system is whole"
	expect 0 "a courier takes it" carol meet stick
	rm stick/box.dlb
	expect 0 "a courier makes a box on FAT" carol box create stick --open --size 20M
	expect 0 "and gives" carol meet stick
	carry_stick "the file system is whole again"
	expect 0 "the reader reads from FAT" bob read --from stick -o out
	check "every byte arrived" arrived out folder
	carry_stick "and again"

	# Files alone: fusefat loses what is in a folder that is renamed.
	must alice send bob folder/a.txt folder/b.bin --stick stick
	must bob meet stick
	expect 0 "files are read onto FAT" bob read 2 -o stick/out
	check "every byte is on the stick" arrived stick/out folder/a.txt folder/b.bin
	check "nothing half-written stays" tidy stick
	rm -r stick/out
	carry_stick "read-only it mounts" ro
	expect 0 "a read-only stick is taken from" carol meet stick
	told 'read-only: nothing could be given' "and that is told"
}

full_stick() {
	new_pair
	new_fat stick 24M || give_up "a FAT image"
	head -c 2M /dev/urandom >big
	fill_stick $((3 << 20))
	expect 3 "a box that does not fit is not made" alice send bob big --stick stick
	told 'needs at least [0-9]+ MiB, and [0-9]+ MiB are free' "the message says the sizes"
	expect 1 "nor one of a size" alice box create stick --open --size 8M
	told 'give a smaller --size' "the message says what to do"
	is "$(ls -A stick)" fill "nothing is left of either"
	is "$(letters alice outbox waiting)" 1 "the letter waits"
	rm stick/fill
	expect 0 "with room it is made" alice box create stick --open --size 12M
	fill_stick 0
	expect 0 "a full stick does not hinder a meeting" alice meet stick
	expect 0 "nor the reader's" bob read --from stick -o out
	check "every byte arrived" arrived out big
	head -c 4M /dev/urandom >large
	must alice send bob large --stick stick
	must bob meet stick
	rm stick/fill
	fill_stick $((1 << 20))
	expect 1 "a letter that does not fit on the stick is not read onto it" \
		bob read 2 -o stick/out
	told 'make room, or name another directory' "the message says what to do"
	is "$(ls -A stick)" "box.dlb
fill" "nothing half-written stays"
	carry_stick "the file system is whole"
}

names() {
	new_pair
	new_fat stick 24M || give_up "a FAT image"
	mkdir -p links other
	printf 1 >links/a
	ln -s a links/b
	printf 2 >'other/Größe'
	must alice send bob links --stick stick
	must bob meet stick
	expect 1 "a letter with a link is not written where there are none" \
		bob read 1 -o stick/out
	told 'is a link, and there can be none .*archive: dlb read N >FILE.tar' \
		"the message says what to do"
	is "$(ls -A stick)" box.dlb "nothing half-written stays"
	as bob read 1 >stick/letter.tar 2>/dev/null </dev/null
	mkdir out
	tar -C out -xf stick/letter.tar && arrived out links
	report $? "as an archive it goes onto the stick"
	rm stick/letter.tar
	must alice send bob 'other/Größe' --stick stick
	must bob meet stick
	if at bob read 2 -o stick/out; then
		check "a name beyond ASCII is written" arrived stick/out 'other/Größe'
	else
		told 'can not write "Größe".*archive' \
			"a name that the medium refuses is told"
		is "$(ls -A stick)" box.dlb "nothing half-written stays"
	fi
}

# ---- several files --------------------------------------------------------------------

several_files() {
	new_pair
	mkdir stick other
	head -c 2M /dev/urandom >big
	expect 0 "a box above 4 GiB is made" \
		alice box create stick --open --sparse --size 4300M
	is "$(ls -A stick)" "box.dlb
box.dlb.1" "it is two files"
	is "$(stat -c %s stick/box.dlb)" 4294901760 "the first is below 4 GiB"
	must alice send bob big --stick stick
	mv stick/* other
	save box other
	expect 0 "both together open elsewhere" bob read --from other -o out
	check "every byte arrived" arrived out big
	for damage in missing cut first_cut alien; do
		restore box
		case $damage in
		missing) rm other/box.dlb.1 ;;
		cut) truncate -s -4096 other/box.dlb.1 ;;
		first_cut) truncate -s -4096 other/box.dlb ;;
		alien) truncate -s 65536 other/box.dlb.2 ;;
		esac
		expect 1 "one with a file $damage does not open" bob meet other
		told 'cut off' "and says why"
	done
	restore box
	expect 0 "it is as before" bob read --from other -o out --force
	check "a box of one's own is left alone" test -e other/box.dlb.1
	rm other/box.dlb
	expect 1 "over a part that is left no box is made" \
		bob box create other --open --size 4M
	told 'box.dlb.1 is there already: remove it' "the message says what to do"
}

section fuse "a letter's whole way over FAT" journey
section fuse "a full FAT stick" full_stick
section fuse "names and links that FAT has not" names
section any "a box of several files" several_files
finish
