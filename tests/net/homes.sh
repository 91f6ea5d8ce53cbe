# shellcheck shell=bash
# homes: what the tests of the program itself over real networks share, beside tap.sh.
: "${DLB:?the program}"
: "${work:?from tap.sh}"
unset DLB_HOME DLB_PASSPHRASE_FILE DLB_KEY_FILE XDG_DATA_HOME
export HOME=$work/nobody TZ=UTC
mkdir "$HOME"

as() {
	local home=$work/home-$1
	shift
	DLB_HOME=$home "$DLB" "$@"
}

# homes NAME...: made, with room for what a test moves, and each knows the next ones' cards and they its.
homes() {
	local one other
	for one; do
		# Its card is put where it is made.
		(cd "$work" && as "$one" init --size "${home_size:-24M}" --no-passphrase --sparse -q \
			--name "$one" <&6 >/dev/null 2>&1) || exit 1
	done
	for one; do
		for other; do
			[ "$one" = "$other" ] || as "$one" know "$work/$other.card" \
				<&6 >/dev/null 2>&1
		done
	done
}

# serve NAMESPACE NAME OPTION...: beside; its process is $serving, its log NAME.log.
serve() {
	local ns=$1 name=$2
	shift 2
	: >"$work/$name.log"
	DLB_HOME=$work/home-$name ip netns exec "$ns" "$DLB" serve "$@" \
		<&6 >"$work/$name.log" 2>&1 4>&- 5>&- 7>&- 8>&- 9>&- &
	serving=$!
	served+=("$serving")
}
served=()
clean_up_more() {
	[ ${#served[@]} -eq 0 ] || kill "${served[@]}" 2>/dev/null
}

# run COMMAND...: what it says is $work/out, its code $code.
code=0
run() {
	"$@" <&6 >"$work/out" 2>&1
	code=$?
}
exits() { # CODE TEST-NAME
	[ "$code" = "$1" ]
	report $? "$2"
}
# letters NAME TEXT COUNT: so many lines of the inbox have it
letters() {
	[ "$(as "$1" inbox <&6 2>/dev/null | grep -c -- "$2")" = "$3" ]
}
