#!/usr/bin/env bash
# Meetings with other nodes: through a command's two ends, through a port of this
# machine, and with `dlb serve` lending its home meanwhile.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need python3

person alice
person bob
as courier init --courier --no-passphrase --sparse --size 64M >/dev/null 2>&1 </dev/null
as bob card -o bob.card 2>/dev/null
as alice know bob.card >/dev/null 2>&1
as alice card -o alice.card 2>/dev/null
as bob know alice.card >/dev/null 2>&1
head -c 200000 /dev/urandom >photo

# ---- a command's two ends ---------------------------------------------------------

as alice send bob photo -m "by pipe" --now -q 2>/dev/null
other=$(printf 'DLB_HOME=%q %q meet -' "$work/home-bob" "$DLB")
run as alice meet --pipe "$other"
exits 0 "a meeting through a pipe"
has "$out" "given    64 cells" "gives the constant number"
has "$err" "letters  1 new" "the other end says what came, and not into the pipe"
run as bob read 1 -o got
exits 0 "the letter is there"
ok "and whole" cmp photo got/photo
run as alice meet --pipe "exit 3"
exits 1 "a command that ends at once"
has "$err" "3" "and says with which code"
run as alice meet --pipe "cat"
exits 1 "an echo is no node"
run as alice meet --pipe "head -c 100000 /dev/urandom; cat >/dev/null"
exits 1 "nor is noise"
run as alice meet
exits 2 "nobody to meet"
run as alice meet --pipe "$other" /tmp
exits 2 "two at once"
run as alice meet --policy friends --pipe "$other"
exits 2 "a policy that there is not"
run as alice meet -
exits 1 "standard input that is no node"

# ---- who it is ----------------------------------------------------------------------

run as alice meet --policy known --pipe "$other"
exits 1 "a stranger is not met where only known nodes are"
has "$err" "pair the two first" "and what to do is said"
as alice node pair bobs 2>/dev/null | grep '^    ' >words
run as bob node pair alices --code
exits 1 "without the words"
as bob node pair alices --code <words >/dev/null 2>&1
ok "paired by the words" test $? -eq 0
run as alice meet --policy known --pipe "$other --policy known"
exits 0 "known nodes meet"
has "$out" "Met bobs" "and know each other's name"
run as alice meet --policy vetted --pipe "$other"
exits 1 "but are not vetted"
as alice node pair bob --card >/dev/null 2>&1
as bob node pair alice --card >/dev/null 2>&1
run as alice node forget bobs
run as alice meet --policy known --pipe "$other"
has "$out" "Met bob " "by cards they know each other too"

# ---- dlb serve --------------------------------------------------------------------------

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >told <<'END'
#!/bin/sh
printf '%s %s %s %s\n' "$1" "$DLB_WHO" "$DLB_TAKEN" "$DLB_BULLETINS_UNREAD" >>"${0%/*}/events"
END
chmod +x told
mkdir folder
# Waits for a line of the log, for as long as a test may take.
await() {
	timeout 60 tail -n +1 -f serve.log | grep -q -m1 -e "$1"
}
# Not through a shell, which would get the signal.
DLB_HOME=$work/home-bob "$DLB" serve --no-lan --no-media --address 127.0.0.1 --port "$port" \
	--on-event "$work/told" >serve.log 2>&1 </dev/null &
serving=$!
await "ready on port $port"
report $? "serve says when it is ready"
as alice send bob -m "by wire" -q 2>/dev/null
run as alice meet "127.0.0.1:$port"
exits 0 "a meeting over a port"
await "met alice"
report $? "serve says with whom"
run as bob inbox
exits 0 "other verbs work meanwhile"
has "$out" "by wire" "and see what came"
run as bob send alice -m "an answer" --now
exits 0 "sending too"
has "$err$out" "the first meeting that \`dlb serve\` has after 20" "it says when that letter goes"
run as bob status
has "$out" "at once with \`dlb meet\`, by \`dlb serve\` after 20" "so does status"
is "$(as bob status --json | jq '(.serve_gives_from | fromdate) as $at | $at > now and $at < now + 3601')" true \
	"within the hour"
run as alice meet "127.0.0.1:$port"
exits 0 "and it goes on meeting"
as bob inbox >one 2>&1 &
as bob outbox >two 2>&1 &
run as bob status
exits 0 "several borrow at once, one after the other"
wait %2 %3 2>/dev/null
DLB_HOME=$work/home-bob run timeout 20 "$DLB" serve --no-lan --no-media --no-listen --wait 1
exits 1 "a second serve does not run in the same home"
run as courier serve --no-lan --no-media --address 127.0.0.1 --port "$port"
exits 1 "nor one on the same port"
has "$err" "$port" "and the port is named"
# What one follows is said when it comes, and only then.
printf 'The bridge is open.\n' >news.txt
as alice card --short -o alice.short >/dev/null
as bob bulletin follow alice.short >/dev/null 2>&1
as alice bulletin post news.txt -q >/dev/null 2>&1
for _ in 1 2; do
	run as alice meet "127.0.0.1:$port"
done
await "bulletins to be read: 1 (dlb bulletins)"
report $? "serve says that a bulletin came"
# One who says nothing, and one who says something else.
exec 9<>"/dev/tcp/127.0.0.1/$port"
printf 'GET / HTTP/1.0\r\n\r\n' >&9
cat <&9 >/dev/null
exec 9>&-
run as alice meet "127.0.0.1:$port"
exits 0 "and goes on after one who speaks something else"
kill -TERM $serving
wait $serving
is $? 0 "serve ends when it is told to"
ok "and leaves no socket" test ! -e "$work/home-bob/socket"
has "$(cat events)" "met alice 64" "the user's program was told"
is "$(grep -c 'bulletins to be read' serve.log)" 1 "of bulletins once"
is "$(awk '$1 == "met" {print $4}' events | sort -u | tr '\n' ' ')" "0 1 " \
	"and the program too, by how many are to be read"
run as alice meet "127.0.0.1:$port"
exits 1 "nobody answers any more"
one_line "which it says in a line"
has "$err" "dlb serve" "with what to look for"
run as alice meet no-such-host.invalid
exits 1 "a host that is not there"
# What began by itself took no own cells along again: it asks for a meeting itself.
run as alice meet --pipe "$other"
exits 0 "without serve, by pipe"
has "$out" "64 of them new ones from here" "a full home takes all that is new"
run as alice inbox
has "$out" "an answer" "the answer came"
run as bob doctor
exits 0 "all is sound"

# ---- unlocked for a while ------------------------------------------------------------------

printf 'a passphrase of the tests\n' >pass
DLB_HOME=$work/home-locked "$DLB" init --courier --sparse --size 16M \
	--passphrase-file pass >/dev/null 2>&1
run as locked status
exits 1 "a locked home"
if as locked unlock --for 5m --passphrase-file pass >/dev/null 2>&1; then
	run as locked status
	exits 0 "opens while it is unlocked"
	run as locked exposure
	has "$out" "UNLOCKED" "exposure says so"
	run as locked lock
	exits 0 "lock"
	run as locked status
	exits 1 "and does not open any more"
fi
run as locked unlock --for ever
exits 2 "a time span that is none"
done_testing
