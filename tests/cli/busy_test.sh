#!/usr/bin/env bash
# Two at once in one home: the second waits, or says who is in the way; an interruption
# in the middle of work; and a disk that is full after one.
#
# Nothing here goes by the clock. The first is at work for as long as its standard
# input is open, and has the home as soon as it took more of it than a pipe holds.
# The second is known to wait when it has said so.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"

person alice
person bob
run as alice know bob.card
mkfifo feed waiting

# A letter from standard input, which stays open as descriptor 8 here. No child
# may inherit that, or the letter would not end.
hold() {
	DLB_HOME=$work/home-alice "$DLB" send bob --spread <feed >held 2>held.err &
	holder=$!
	exec 8>feed
	head -c 300000 /dev/zero >&8
}

hold
run as alice status --wait 0 8>&-
exits 1 "--wait 0 does not wait"
has "$err" "process $holder" "and says who is there"
one_line "in one line"
run as alice status --wait 1 8>&-
exits 1 "--wait 1 gives up"
has "$err" "waiting up to 1 s" "and said that it waits"

as alice status --wait 3600 >waited 2>waiting 8>&- &
waiter=$!
read -r said <waiting
has "$said" "process $holder" "the second says for whom it waits"
exec 8>&-
wait $holder
is $? 0 "the first is done"
wait $waiter
is $? 0 "the second gets its turn"
has "$(cat waited)" "waits for a meeting" "and sees what the first did"

# Interrupted while it waits for more of the letter: nothing is half there.
hold
kill -TERM $holder
wait $holder
is $? 1 "an interruption ends with 1"
exec 8>&-
has "$(cat held.err)" "interrupted" "and says so"
is "$(as alice outbox --quiet | grep -c waiting)" 1 "nothing is half there"
run as alice doctor
exits 0 "the home is sound"

# Killed, and nothing can be written from then on: what is here can be read.
hold
kill -KILL $holder
wait $holder 2>/dev/null
exec 8>&-
out=$(
	trap '' XFSZ
	ulimit -f 0
	as alice outbox 2>&1
)
has "$out" "stdin" "the letters are listed on a full disk"
is "$(grep -c waiting <<<"$out")" 1 "and nothing is half there"
run as alice doctor
exits 0 "the home is sound once there is room"
done_testing
