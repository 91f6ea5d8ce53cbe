#!/usr/bin/env bash
# tools/install.sh: what it puts where, that it takes all of it away again, and
# what it refuses. Prints TAP. DLB is a program that was built.
set -u
: "${DLB:?the program to install}"
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/dlb-install-test.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
root="$work/a root"
export DESTDIR=$root
tests=0

is() {
	tests=$((tests + 1))
	if [ "$1" = "$2" ]; then
		printf 'ok %d - %s\n' $tests "$3"
	else
		printf 'not ok %d - %s\n# got:  %s\n# want: %s\n' $tests "$3" "$1" "$2"
	fi
}

run() {
	out=$("$here/tools/install.sh" "$@" 2>&1)
	code=$?
}

installed() {
	(cd "$root" && find . -type f -printf '%P %m\n' | sort | paste -sd' ')
}

all='opt/dlb/bin/dlb 755 opt/dlb/lib/systemd/user/dlb.service 644'
[ -f "$(dirname "$DLB")/dlb-scan" ] && all="$all opt/dlb/libexec/dlb/dlb-scan 755"
all="$all opt/dlb/share/bash-completion/completions/dlb 644"
all="$all opt/dlb/share/man/man1/dlb.1 644 opt/dlb/share/zsh/site-functions/_dlb 644"

umask 077
run install /opt/dlb "$DLB"
is "$code" 0 "install"
is "$(installed)" "$all" "all files, with modes that the umask does not change"
is "$("$root/opt/dlb/bin/dlb" --version)" "$("$DLB" --version)" "the program runs from there"
cmp -s "$here/man/dlb.1" "$root/opt/dlb/share/man/man1/dlb.1"
is $? 0 "the man page"
grep -q '^ExecStart=/opt/dlb/bin/dlb serve' "$root/opt/dlb/lib/systemd/user/dlb.service"
is $? 0 "the unit starts what was installed"
if command -v systemd-analyze >/dev/null; then
	mkdir "$work/run"
	sed "s|^ExecStart=[^ ]*|ExecStart=$DLB|" \
		"$root/opt/dlb/lib/systemd/user/dlb.service" >"$work/dlb.service"
	is "$(XDG_RUNTIME_DIR=$work/run systemd-analyze verify --user --man=no \
		"$work/dlb.service" 2>&1) $?" " 0" "systemd finds nothing wrong with the unit"
else
	tests=$((tests + 1))
	printf 'ok %d # SKIP systemd-analyze is not here\n' $tests
fi
# As the unit starts it: no terminal, little of an environment, a key file that it names.
head -c 64 /dev/urandom >"$work/key"
unit=(env -i "HOME=$work/somebody" PATH=/usr/bin:/bin "DLB_KEY_FILE=$work/key" "$DLB")
mkdir "$work/somebody"
"${unit[@]}" init --courier --sparse --size 24M --key-file "$work/key" \
	</dev/null >"$work/log" 2>&1
"${unit[@]}" serve --no-listen --no-lan --no-media </dev/null >"$work/log" 2>&1 &
serving=$!
is "$(timeout 30 tail -n +1 -f "$work/log" --pid=$serving | grep -m 1 -o 'ready')" ready \
	"it serves with the key file alone"
kill -TERM $serving
wait $serving
is $? 0 "and ends as systemd ends it"
complete_words() {
	PATH="$root/opt/dlb/bin:$PATH" bash -c '
		. "$1"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_dlb
		printf "%s\n" "${COMPREPLY[@]}"' - \
		"$root/opt/dlb/share/bash-completion/completions/dlb" "$@" | sort | paste -sd' '
}
is "$(complete_words dlb ex)" exposure "bash completes a verb"
is "$(complete_words dlb node ve)" vet "and one within a group"
is "$(complete_words dlb meet --pol)" --policy "and an option"
is "$(complete_words dlb box create --spa)" --sparse "and one within a group"
if command -v man >/dev/null; then
	is "$(man -M "$root/opt/dlb/share/man" -w dlb 2>&1)" \
		"$root/opt/dlb/share/man/man1/dlb.1" "man finds it"
else
	tests=$((tests + 1))
	printf 'ok %d # SKIP man is not here\n' $tests
fi

printf 'old' >"$root/opt/dlb/bin/dlb"
printf 'not ours' >"$root/opt/dlb/bin/other"
run install /opt/dlb/ "$DLB"
cmp -s "$DLB" "$root/opt/dlb/bin/dlb"
is $? 0 "a second time replaces the first"

run uninstall /opt/dlb
is "$code" 0 "uninstall"
is "$(installed)" 'opt/dlb/bin/other 600' "nothing of it stays, and what is not ours does"
run uninstall /opt/dlb
is "$code $out" "0 " "uninstall where nothing is"

run install opt/dlb "$DLB"
is "$code" 1 "a relative prefix is refused"
run install "" "$DLB"
is "$code" 1 "an empty prefix is refused"
run install /opt/dlb "$work/none"
is "$code $(installed)" "1 opt/dlb/bin/other 600" "a program that was not built: nothing is written"
is "$out" "install: there is no $work/none; build it first: make" "and it says so"
run remove /opt/dlb
is "$code" 1 "an unknown verb is refused"

: >"$work/file"
DESTDIR=$work/file run install /opt/dlb "$DLB"
is "$code" 1 "a place that can not be written"

printf '1..%d\n' $tests
