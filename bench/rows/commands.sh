# Whole commands on tmpfs: sealing a file to a recipient, and opening it.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

age_seal() { age -r "$(age-keygen -y "$t/age.key" 2>/dev/null)" -o "$t/age" "$letter"; }
age_open() { age -d -i "$t/age.key" -o "$t/age.open" "$t/age"; }
gpg_seal() {
	gpg -q --batch --yes --trust-model always -z 0 -r reader -o "$t/gpg" -e "$letter"
}
gpg_open() { gpg -q --batch --yes -o "$t/gpg.open" -d "$t/gpg"; }
commands_read() { as bob read -q 1 -o "$at/again"; }

# The letter lies at Bob's from here on, to be read again and again.
commands_prepare() {
	# Room for the letter that is there, and for one that is measured.
	people "$t" "$((mib * 5 + 128))M" "$((mib * 5 / 4 + 64))M"
	dlb_send && dlb_give && dlb_take
	! has age age || age-keygen -o "$t/age.key" 2>/dev/null
	if has gpg gnupg; then
		export GNUPGHOME=$t/gnupg
		mkdir -m 700 "$GNUPGHOME"
		gpg -q --batch --passphrase '' --quick-gen-key reader default default never 2>/dev/null
	fi
	! has nncp-file nncp || nncp_nodes "$t/nncp"
}

commands_seal() {
	local last
	timed seal dlb dlb_send
	last=$(as alice outbox --json | grep -oE '"number": *[0-9]+' | grep -oE '[0-9]+' | sort -n | tail -n 1)
	as alice delete -q "$last" >/dev/null
	! has age age || timed seal age age_seal
	! has gpg gnupg || timed seal gpg gpg_seal
	! has nncp-file nncp || timed seal nncp nncp_file
}

commands_open() {
	timed open dlb commands_read
	same "$letter" "$at/again/${letter##*/}"
	! has age age || { timed open age age_open && same "$letter" "$t/age.open"; }
	! has gpg gnupg || { timed open gpg gpg_open && same "$letter" "$t/gpg.open"; }
	if has nncp-file nncp; then
		nncp_give && nncp_take && timed open nncp nncp_toss
	fi
	rm -rf "$at/again" "$t/age.open" "$t/gpg.open" "$t"/nncp/bob/incoming/*
}

row_commands() {
	local t=$ram/commands i
	title "Whole commands on tmpfs, $mib MiB"
	mkdir "$t"
	letter=$ram/letter
	commands_prepare >/dev/null
	for ((i = 0; i < repeat; i++)); do
		commands_seal
		commands_open
	done
	! has gpg gnupg || gpgconf --kill all
	rm -rf "$t"
	compare seal "dlb send" dlb age "age -r" speed 1.2
	compare seal "dlb send" dlb gpg "gpg -e, uncompressed" speed -
	compare seal "dlb send" dlb nncp "nncp-file" speed -
	compare open "dlb read" dlb age "age -d" speed 2.5
	compare open "dlb read" dlb gpg "gpg -d" speed -
	compare open "dlb read" dlb nncp "nncp-toss" speed -
}
