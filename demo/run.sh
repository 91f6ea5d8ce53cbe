#!/usr/bin/env bash
# The main job on real input: Alice sends Bob a folder of several thousand files
# and one of 256 MiB; a courier carries them from her stick to his; the three have
# homes of their own. Prints each command as typed, what it said and how long it
# took; what the courier's tools can see; and compares every byte at the end.
#
#   demo/run.sh path/to/dlb
#
# Works in a directory of its own under $TMPDIR (or /tmp) and removes it. As root,
# the sticks are file systems of their own, mounted; otherwise they are directories.
set -eu
export LC_ALL=C.UTF-8 TZ=UTC
exec 2>&1 </dev/null
umask 022
here=$(cd "$(dirname "$0")" && pwd)
dlb=$(realpath "$1")
unset DLB_HOME DLB_KEY_FILE XDG_DATA_HOME XDG_CONFIG_HOME XDG_STATE_HOME

# The sticks' size; homes and input need as much again, and more.
stick_mib=700
home_size=800M
box_size=600M
need_mib=5500
files_wanted=4000
big_len=$((257 << 20))

work=$(mktemp -d "${TMPDIR:-/tmp}/dlb-demo.XXXXXX")
mounted=()
clean_up() {
	local at

	cd /
	for at in "${mounted[@]+"${mounted[@]}"}"; do
		umount "$at" 2>/dev/null || umount -l "$at" || :
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
	printf '%s\n' "$*"
}
title() {
	printf '\n==== %s\n' "$*"
}
fail() {
	printf '\nThe demo FAILED: %s\n' "$*"
	exit 1
}
now_ms() {
	local t=$EPOCHREALTIME
	printf '%s\n' $((${t//[!0-9]/} / 1000))
}

free_mib=$(df -Pm "$work" | awk 'NR == 2 { print $4 }')
[ "$free_mib" -ge $need_mib ] ||
	fail "$work has $free_mib MiB free and $need_mib are needed; name another place with TMPDIR=..."

# ---- people, and what they type ------------------------------------------------

declare -A actions=([alice]=0 [courier]=0 [bob]=0)
took=()

# Runs dlb as one of the three, in their directory, with their home.
run() {
	local who=$1
	shift
	(
		cd "$work/$who"
		DLB_HOME=$work/$who/home DLB_PASSPHRASE_FILE=$work/$who/passphrase \
			exec "$dlb" "$@"
	)
}

typed() {
	local who=$1 word line=""
	shift
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=-]*) line+=" '$word'" ;;
		*) line+=" $word" ;;
		esac
	done
	printf '\n%s$ dlb%s\n' "$who" "$line"
}

# An action of the journey: counted and timed.
as() {
	local who=$1 from code=0
	typed "$@"
	from=$(now_ms)
	run "$@" || code=$?
	from=$(($(now_ms) - from))
	[ $code -eq 0 ] || fail "that exited with $code"
	actions[$who]=$((actions[$who] + 1))
	shift
	took+=("$(printf '%6d.%d s  %s$ dlb %s' $((from / 1000)) $((from % 1000 / 100)) "$who" "$*")")
}

# A look that is no part of the job. An exit code of its own is no failure.
look() {
	typed "$@"
	run "$@" || say "(exit code $?)"
}

# ---- sticks ---------------------------------------------------------------------

# An image of a file system, mounted, where that is allowed.
mount_stick() {
	local at=$1 image=$2 kind
	[ "$(id -u)" -eq 0 ] || return 1
	for kind in vfat ext4; do
		command -v "mkfs.$kind" >/dev/null || continue
		rm -f "$image"
		truncate -s ${stick_mib}M "$image"
		"mkfs.$kind" "$image" >/dev/null 2>&1 || continue
		if mount -t "$kind" -o loop "$image" "$at" 2>/dev/null; then
			mounted+=("$at")
			say "$at is a stick of $stick_mib MiB with $kind, mounted"
			return 0
		fi
	done
	rm -f "$image"
	return 1
}

make_stick() {
	mkdir -p "$work/media/$1"
	mount_stick "$work/media/$1" "$work/$1.image" ||
		say "$work/media/$1 is a directory that stands for a mounted stick"
}

# ---- input: the machine's own files ---------------------------------------------

make_folder() {
	local folder=$1
	mkdir -p "$folder"
	# Small files of every kind, with the names, modes and times they have.
	find /usr/share /usr/include /usr/lib /etc -xdev -type f -readable -size -256k \
		! -perm /7000 ! -path '/etc/*shadow*' ! -path '/etc/ssl/private/*' \
		-print0 2>/dev/null | sort -z | awk -v RS='\0' -v ORS='\0' '
			{ path[NR] = $0 }
			END {
				# Spread over all of them, so that it is of every kind.
				step = NR > wanted ? NR / wanted : 1
				for (i = 1; i <= NR; i += step)
					print path[int(i)]
			}' wanted=$files_wanted >"$work/list"
	tar -C / --null --files-from="$work/list" --mode=u+w -cf - 2>/dev/null |
		tar -C "$folder" -xpf -
	# And what makes programs stumble.
	mkdir -p "$folder/drafts of the report/empty folder"
	: >"$folder/drafts of the report/empty file"
	# shellcheck disable=SC1111 # these quotes are part of the name
	printf 'The meeting point is the old lighthouse at low tide.\n' \
		>"$folder/drafts of the report/Grüße, „Quelle“ 1.txt"
	printf '#!/bin/sh\nexit 0\n' >"$folder/drafts of the report/run me"
	chmod 755 "$folder/drafts of the report/run me"
	chmod 600 "$folder/drafts of the report/empty file"
	ln -s "../drafts of the report/run me" "$folder/drafts of the report/a link"
	touch -d '1999-12-31 23:59:59.987654321' "$folder/drafts of the report/empty folder"
}

make_big_file() {
	local len=0 from=$1.part
	find /usr/bin /usr/lib /usr/share -xdev -type f -readable -size +32k -print0 2>/dev/null |
		sort -z | xargs -0 cat 2>/dev/null | head -c $big_len >"$from" || :
	# A machine with less than that gives what it has more than once.
	while [ $len -lt $big_len ]; do
		cat "$from"
		len=$((len + $(stat -c %s "$from")))
	done | head -c $big_len >"$1" || :
	rm -f "$from"
	[ "$(stat -c %s "$1")" -eq $big_len ] || fail "no file of $big_len bytes could be made"
}

# ---- what is to be seen of it -----------------------------------------------------

# Words that the letter is full of: names of files, lines of text, pieces of programs.
make_words() {
	{
		printf '%s\n' 'as agreed, all of it' 'lighthouse at low tide' 'drafts of the report'
		find "$work/alice/papers" -type f -printf '%f\n' | awk 'length($0) >= 14' | awk 'NR % 40 == 1'
		find "$work/alice/papers" -type f -size -16k -print0 | sort -z | xargs -0 grep -hIoE '[[:alnum:] ,;_-]{24,60}' 2>/dev/null |
			awk 'NR % 97 == 1'
		head -c 64000000 "$work/alice/machine.bin" | grep -aoE '[[:alnum:] _%./-]{24,60}' | awk 'NR % 997 == 1'
	} | awk 'length($0) >= 14' | sort -u | head -n 600 >"$work/words"
}

# How many of the words stand in a file.
words_in() {
	{ grep -aoFf "$work/words" "$@" || :; } | sed 's/^[^:]*://' | sort -u | wc -l
}

# ---- the journey --------------------------------------------------------------------

say "dlb: $("$dlb" --version 2>/dev/null || printf '%s' "$dlb")"
mkdir -p "$work"/{alice,courier,bob,media}
for who in alice courier bob; do
	(umask 077 && printf 'the passphrase of %s, %s%s\n' "$who" $RANDOM $RANDOM \
		>"$work/$who/passphrase")
done

title "The input: this machine's own files"
make_folder "$work/alice/papers"
make_big_file "$work/alice/machine.bin"
files=$(find "$work/alice/papers" -type f | wc -l)
[ "$files" -ge 3000 ] || fail "only $files files could be found to send"
say "papers/      $files files in $(find "$work/alice/papers" -type d | wc -l) folders, $(du -sm --apparent-size "$work/alice/papers" | cut -f1) MiB"
say "machine.bin  $(($(stat -c %s "$work/alice/machine.bin") >> 20)) MiB of programs and libraries"
make_words
make_stick usb
make_stick other

title "Bob and Alice each have a letterbox; his card has reached her"
say "(passphrases come from files here, by DLB_PASSPHRASE_FILE)"
as bob init --name bob --size $home_size
as alice init --name alice --size $home_size
cp "$work/bob/bob.card" "$work/alice/bob.card"

title "Alice seals, onto a stick"
as alice send bob.card papers machine.bin -m 'as agreed, all of it' --now --stick ../media/usb

title "A courier takes what the stick holds, without knowing what it is"
as courier init --courier --size $home_size
as courier meet ../media/usb

title "What the courier can see"
look courier status
look courier inbox
satchel=$work/courier/home/satchel
box=$(find "$work/media/usb" -type f -size +1M | head -n 1)
[ -n "$box" ] || fail "there is no box on the stick"
# shellcheck disable=SC2012 # for a person to read
ls -l "$work/media/usb" "$work/courier/home" | sed "s#$work/##"
say ""
say "Of $(wc -l <"$work/words") names, lines and pieces of the letter, these many stand in:"
(cd "$work/alice" && find papers) >"$work/names"
known=$(words_in "$work/names" "$work/alice/machine.bin" -r "$work/alice/papers")
say "    what Alice sent:               $known  (so the search does find them)"
seen=0
for place in "$box" "$satchel" "$work/courier/home/letterbox"; do
	[ -e "$place" ] || continue
	found=$(words_in "$place")
	seen=$((seen + found))
	printf '    %-30s %s\n' "${place#"$work/"}:" "$found"
done
[ "$known" -gt 100 ] || fail "the search finds too little where it has to"
[ $seen -eq 0 ] || fail "the letter can be seen on the way"
say ""
python3 "$here/look.py" "Alice's file:$work/alice/machine.bin" \
	"/dev/urandom:/dev/urandom" "the stick's box:$box" "the satchel:$satchel" ||
	fail "what is carried does not look like random bytes"

title "Another stick, another town: Bob has made a box on it"
as bob box create ../media/other --open --size $box_size
as courier meet ../media/other

title "Bob opens his letter"
as bob read --from ../media/other -o letters
look bob inbox

title "The same stick comes by again: nothing comes twice"
look bob meet ../media/other
letters=$(run bob inbox --json | python3 -c '
import json, sys
inbox = json.load(sys.stdin)
print(len(inbox["letters"] if isinstance(inbox, dict) else inbox))')
[ "$letters" -eq 1 ] || fail "Bob has $letters letters instead of one"
say "Bob still has one letter."

title "Every byte, mode and time, compared"
cd "$work"
diff -r --no-dereference alice/papers bob/letters/papers || fail "files differ"
say "diff -r         no difference in $files files"
cmp alice/machine.bin bob/letters/machine.bin || fail "machine.bin differs"
say "cmp             no difference in machine.bin"
for side in alice bob/letters; do
	(cd $side && find papers machine.bin -printf '%P %f %y %m %T@ %s %l\n' | sed -E '/ d [0-9]+ /s/ [0-9]+ $//' | sort) \
		>"$work/list.${side%%/*}"
done
diff "$work/list.alice" "$work/list.bob" || fail "modes or times differ"
say "find -printf    kinds, modes, times, sizes and links of $(wc -l <"$work/list.bob") are the same"

title "How long each action took, and how many each side needed"
printf '%s\n' "${took[@]}"
say ""
for who in alice courier bob; do
	say "$who: ${actions[$who]} actions"
	[ "${actions[$who]}" -le 5 ] || fail "$who needed more than five"
done
say ""
say "The letter has arrived whole, and nobody on the way could read it."
