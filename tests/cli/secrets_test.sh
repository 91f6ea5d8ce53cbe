#!/usr/bin/env bash
# How a home and a box are unlocked, without a terminal.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq

printf 'correct horse\n' >pass
printf 'correct horse' >pass-bare
printf 'wrong\n' >wrong
head -c 64 /dev/urandom >key
head -c 64 /dev/urandom >other-key
head -c 8 /dev/urandom >short-key
: >empty

# Each use of a passphrase is slow on purpose: as few as will do.
run as alice init --passphrase-file pass --sparse --size 64M --name alice
exits 0 "init --passphrase-file"
run as alice status
exits 1 "locked, and no terminal"
has "$err" "--passphrase-file" "names a way"
has "$err" "DLB_KEY_FILE" "and another"
DLB_PASSPHRASE_FILE=wrong run as alice status --passphrase-file pass-bare
exits 0 "an option goes before the environment, and the last newline is no part"
DLB_PASSPHRASE_FILE=pass run as alice status
exits 0 "DLB_PASSPHRASE_FILE"
run as alice status --passphrase-file wrong
exits 1 "a wrong passphrase"
has "$err" "does not open" "says so"
lacks "$err" "wrong" "and does not say the passphrase"
run as alice status --passphrase-file empty
exits 2 "an empty passphrase"
run as alice status --passphrase-file nothing
exits 1 "no such file"
run as alice status --passphrase-fd 99
exits 1 "no such descriptor"
run as alice status --passphrase-fd x
exits 2 "no number"
run as alice status --passphrase-file pass --key-file key
exits 2 "two secrets"

# The descriptor is read up to its first line: the rest is the letter.
person bob
mkdir stick
printf 'correct horse\nthe letter' |
	as alice send bob.card --passphrase-fd 0 --stick stick >/dev/null 2>&1
run as bob meet stick
n=$(as bob inbox | awk '/unread/ { print $1 }')
is "$(as bob read "$n" 2>/dev/null)" "the letter" "--passphrase-fd 0 leaves the rest"

run as carol init --key-file key --sparse --size 64M --name carol
exits 0 "init --key-file"
run as carol status --key-file key
exits 0 "--key-file"
DLB_KEY_FILE=key run as carol status
exits 0 "DLB_KEY_FILE"
run as carol status --key-file other-key
exits 1 "another key file"
run as dave init --key-file short-key --sparse --size 64M
exits 2 "a key file that is too short"
ok "makes nothing" test ! -e home-dave

# Boxes: locked, shared, forgotten.
mkdir cafe
run as bob box create cafe --key-file key --sparse --size 64M --name cafe --sparse
exits 0 "box create --key-file"
run as carol meet cafe --key-file key
exits 1 "a locked box"
has "$err" "--box-key-file" "names a way"
run as carol meet cafe --key-file key --box-key-file other-key
exits 1 "a wrong key"
run as carol meet cafe --key-file key --box-key-file key
exits 0 "--box-key-file"
run as bob box share cafe -o cafe.key
exits 0 "box share"
# shellcheck disable=SC2012
is "$(ls -l cafe.key | cut -c1-10)" -rw------- "the key is for its owner alone"
run as carol box add cafe.key --name kiosk --key-file key
exits 0 "box add"
run as carol meet cafe --key-file key
exits 0 "a box that was added opens by itself"
is "$(as carol box list --json --key-file key | jq -r '.[].path')" "$work/cafe/box.dlb" \
	"box list knows where it was"
mkdir moved && mv cafe/box.dlb moved/
run as carol meet moved --key-file key
is "$(as carol box list --json --key-file key | jq -r '.[].path')" "$work/moved/box.dlb" \
	"and where it is now"
mv moved/box.dlb cafe/
run as bob meet cafe
has "$out" "Met cafe" "a box is met by its name"
run as carol box forget kiosk --key-file key
exits 0 "box forget"
run as carol meet cafe --key-file key
exits 1 "a box that was forgotten stays shut"
run as carol box forget kiosk --key-file key
exits 1 "forgetting it twice"
run as bob box create cafe
exits 1 "a box in the way"
text=$(as bob box share cafe 2>/dev/null)
run as carol box add "$text" --key-file key
exits 0 "box add of a text"
run as carol box add "dlb-box nonsense" --key-file key
exits 1 "a text that is no key"

# A home that opens with no secret, and a box with a passphrase of its own.
mkdir shop
run as carol box create shop --sparse --size 64M --home-key-file key
exits 2 "box create without a terminal"
has "$err" "--open" "names the options"
run as carol box create shop --sparse --size 64M --home-key-file key \
	--passphrase-file pass
exits 0 "box create --passphrase-file"
run as bob meet shop --box-passphrase-file pass
exits 0 "--box-passphrase-file"

# A letter by way of a box.
run as bob know alice.card
run as bob send alice -m 'by the cafe' --via cafe --stick cafe
exits 0 "send --via"
run as bob send alice -m x --via nowhere
exits 1 "by way of an unknown box"

# A courier's home becomes a person's.
run as eve init --courier --no-passphrase --sparse --size 64M
run as eve init --name eve
exits 0 "init in a courier's home"
ok "writes a card" test -s eve.card
run as eve inbox
exits 0 "it has an inbox now"
done_testing
