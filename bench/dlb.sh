# Two people's homes and a stick between them, with the program that is measured.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

# Sets $at: alice and bob, who know each other, their key file, an open box on a stick.
# Nothing of it is timed.
people() { # DIRECTORY HOME_SIZE BOX_SIZE
	at=$1
	mkdir -p "$at"/{alice,bob,stick}
	export DLB_KEY_FILE=$at/key
	head -c 32 /dev/urandom >"$at/key"
	(cd "$at/alice" && as alice init -q --name alice --size "$2")
	(cd "$at/bob" && as bob init -q --name bob --size "$2")
	as alice know -q "$at/bob/bob.card"
	as bob know -q "$at/alice/alice.card"
	as alice box create -q "$at/stick" --open --size "$3"
	sync -f "$at"
}

as() { # alice|bob ARGUMENT...
	local who=$1
	shift
	DLB_HOME=$at/$who/home "$dlb" "$@"
}

# $letter is what is sent: a file, or with $each a folder of letters.
each=()
dlb_send() { as alice send -q bob "${each[@]}" "$letter" --now; }
dlb_give() { as alice meet -q "$at/stick"; }
dlb_take() { as bob meet -q "$at/stick"; }
dlb_read() { as bob read -q --all -o "$at/read"; }
