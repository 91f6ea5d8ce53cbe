#!/usr/bin/env bash
# At a terminal: passphrases, questions, the progress line, and what is refused.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"

# tty NAME STEP... -- ARGUMENTS of dlb
tty() {
	local home=$work/home-$1
	shift
	DLB_HOME=$home "$PTY" "$@" >"$work/.out" 2>"$work/.err"
	code=$?
	out=$(tr -d '\0' <"$work/.out")
	err=$(cat "$work/.err")
}

tty alice "expect:passphrase for this home: " hidden "send:zyzzyva\n" \
	"expect:Once more: " hidden "send:zyzzyvb\n" "expect:not the same" \
	"expect:passphrase for this home: " hidden "send:zyzzyva\n" \
	"expect:Once more: " hidden "send:zyzzyva\n" "expect:Your letterbox" \
	-- "$DLB" init --sparse --size 64M --name alice
exits 0 "init asks for a passphrase twice"
lacks "$out" zyzzyva "and shows none"
# Its standard input and output may be anything: the terminal answers.
tty alice "expect:Passphrase: " hidden "send:nightfall\n" "expect:not the passphrase" \
	"expect:Passphrase: " hidden "send:zyzzyva\n" "expect:satchel" \
	-- bash -c "$DLB status </dev/null | cat"
exits 0 "a wrong passphrase is asked for again, on the terminal"
lacks "$out" nightfall "and not shown"
tty alice "expect:already" "expect:Passphrase: " "send:\n" "expect:no passphrase" \
	-- "$DLB" init
exits 1 "init where there is a home says so before it asks"
tty alice "expect:Passphrase: " hidden "send:\c" shown "expect:interrupted" \
	-- bash -c "$DLB status; sleep 0.3"
report $code "Ctrl-C at the prompt brings the echo back"
tty alice "expect:Passphrase: " hidden "send:\c" -- "$DLB" status
exits 1 "and ends with 1"
tty alice "expect:Passphrase: " hidden "send:\n" "expect:no passphrase" \
	-- "$DLB" status
exits 1 "an empty line gives up"
# Stopped at the prompt, by a shell that goes on with it.
tty alice "expect:Passphrase: " hidden "send:\z" "expect:stopped" shown \
	"send:x\n" "expect:Passphrase: " hidden "send:zyzzyva\n" "expect:satchel" \
	-- bash -ic "set -m; $DLB status; echo stopped; read -r _; fg >/dev/null"
exits 0 "Ctrl-Z at the prompt brings the echo back, and fg asks again"

person bob
person carol
run as bob know carol.card
run as carol know bob.card
mkdir stick
run as bob box create stick --open --sparse --size 64M
printf 'hello\033[2J\n\tworld' >message
run as bob send carol -m "$(cat message)"
printf 'text\001' >file.txt
run as bob send carol file.txt
run as bob meet stick
run as carol meet stick
n=$(as carol inbox | awk '/hello/ { print $1 }')
tty carol "expect:world" -- "$DLB" read "$n"
exits 0 "a message is shown"
has "$out" "hello?[2J" "made harmless"
lacks "$out" "$(printf '\033[2J')" "the escape does not reach the terminal"
n=$(as carol inbox | awk '/file.txt/ { print $1 }')
tty carol "expect:-o DIR" -- "$DLB" read "$n"
exits 2 "files do not go to a terminal"
tty carol "expect:-o DIR" -- "$DLB" read "$n" -o -
exits 2 "not with -o - either"
tty bob "expect:nothing to send" -- "$DLB" send carol
exits 2 "send reads no letter from a terminal"

# A question for what is large.
head -c 5000000 /dev/urandom >big
tty bob "expect:n, s or c? " "send:c\n" "expect:nothing was sent" \
	-- "$DLB" send carol big
exits 1 "a large letter can be cancelled"
tty bob "expect:n, s or c? " "send:\c" "expect:interrupted; nothing was sent" \
	-- "$DLB" send carol big
exits 1 "Ctrl-C at the question sends nothing"
lacks "$out" "--spread" "and says nothing else"
tty bob "expect:n, s or c? " "send:?\n" "expect:n, s or c? " "send:s\n" \
	"expect:Letter" -- "$DLB" send carol big
exits 0 "or spread"
tty bob "expect:Letter" -- "$DLB" send carol big --now
exits 0 "nothing is asked where it was said"
run as dave init --no-passphrase --sparse --size 64M --name dave --spread
run as dave know carol.card
tty dave "expect:Letter" -- "$DLB" send carol big
exits 0 "nor where init was told"

# A locked box.
mkdir cafe
printf 'abacus\n' >boxpass
run as bob box create cafe --passphrase-file boxpass --sparse --size 64M
tty carol "expect:Passphrase of that box: " hidden "send:\n" "expect:no passphrase" \
	-- "$DLB" meet cafe
exits 1 "an empty line gives up"
tty carol "expect:Passphrase of that box: " hidden "send:zebra\n" \
	"expect:not the passphrase" "expect:Passphrase of that box: " hidden \
	"send:abacus\n" "expect:may be pulled" -- "$DLB" meet cafe
exits 0 "a wrong passphrase of a box is asked for again"
lacks "$out" "zebra" "and not shown"

# Lists fit, also with wide characters and long names.
run as bob send carol -m "$(printf 'wide \346\227\245\346\234\254\350\252\236 %s' \
	'and a summary that goes on for much longer than a line of a terminal has')"
for columns in 200 80 60 40; do
	PTY_COLUMNS=$columns tty bob -- "$DLB" outbox
	long=$(printf '%s\n' "$out" | tr -d '\r' | wc -L)
	ok "outbox fits $columns columns" test "$long" -le $columns
done

# The progress line: shown for what takes long, on a terminal only, gone after.
big=$(df --output=avail -m /tmp | tail -n 1)
if [ "$big" -gt 10000 ]; then
	far=$(mktemp -d /tmp/dlb-cli-test.XXXXXX)
	tty eve "expect:filling" "expect: of 8.0 GiB" "expect:left" \
		"send:\c" "expect:interrupted" \
		-- env DLB_HOME="$far/home" "$DLB" init --no-passphrase --size 8G --name eve
	exits 1 "long work shows how far it is, and can be interrupted"
	ok "and nothing is left" test ! -e "$far/home" -a ! -e eve.card
	rm -rf "$far"
	long=$(printf '%s\n' "$out" | tr '\r' '\n' | grep -c '.\{81\}')
	is "$long" 0 "the line fits the terminal"
else
	printf '# no room for a large satchel: the progress line is not looked at\n'
fi
done_testing
