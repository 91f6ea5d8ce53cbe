#!/usr/bin/env bash
# What lies open to whoever holds the stick, the courier's disk or a locked home, after
# a whole journey: nothing of the letter, of who sent it and whom it is for; and bytes
# that no statistic of ours tells from random ones.
# shellcheck source=tests/media/lib.sh
. "$(dirname "$0")/lib.sh"

# holds PATTERN FILE...: as it is, in UTF-16, or in hexadecimal
holds() {
	local pattern=$1 wide hex
	shift
	hex=$(printf '%s' "$pattern" | od -An -v -tx1 | tr -d ' \n')
	wide=$(printf '%s' "$pattern" | sed 's/./&\\x00/g')
	LC_ALL=C grep -q -a -F -e "$pattern" -e "$hex" "$@" && return
	LC_ALL=C grep -q -a -P -e "$wide" "$@"
}

secret='the harbour at midnight'
name='shipping-list.txt'
head -c 64 /dev/urandom >key
# All homes are locked: what is looked at is what a thief sees.
export DLB_KEY_FILE=$work/key
for person in alice bob; do
	must "$person" init --size 40M --now --name "$person-Lindqvist" \
		--card-file "$person.card"
done
must carol init --courier --size 40M
must alice know bob.card --as bob
must bob know alice.card
mkdir stick other
for i in {1..4000}; do
	echo "$i $secret"
done >"$name"
head -c 1M /dev/urandom >data.bin
must alice box create stick --open --size 24M
must alice send bob "$name" data.bin -m "$secret"
must alice meet stick
must carol meet stick
must carol box create other --open --size 24M
must carol meet other
must bob read --from other -o out
check "the letter arrived" arrived out "$name" data.bin

files=(stick/box.dlb other/box.dlb home-carol/satchel home-alice/satchel
	home-bob/satchel home-alice/letterbox home-alice/ring home-bob/letterbox
	home-bob/ring home-carol/letterbox)
check "the search finds what is there" holds "$secret" "$name"
# The words of the letter, its names, the names of both, and what says what this is.
# Nothing short, which random bytes hold by chance.
for pattern in "$secret" "$name" data.bin Lindqvist dead-letter 'SQLite format'; do
	! holds "$pattern" "${files[@]}"
	report $? "nowhere stands \"$pattern\""
done
# Their keys, as their cards show them.
for person in alice bob; do
	grep -v '[^A-Za-z0-9+/=]' "$person.card" | base64 -d >"$person.keys" 2>/dev/null
	python3 - "$person.keys" "${files[@]}" <<-'EOF'
		import sys
		keys = open(sys.argv[1], "rb").read()
		# From all over the card; its identity is near its start.
		pieces = [keys[i:i + 16] for i in range(64, len(keys) - 16, len(keys) // 5)]
		for path in sys.argv[2:]:
		    data = open(path, "rb").read()
		    for piece in pieces:
		        if piece in data:
		            sys.exit("%s holds a key of the card" % path)
		sys.exit(not pieces)
	EOF
	report $? "nor a key of $person"
done
# And the content itself, which is random already.
python3 - data.bin "${files[@]}" <<-'EOF'
	import sys
	data = open(sys.argv[1], "rb").read()
	for path in sys.argv[2:]:
	    held = open(path, "rb").read()
	    if any(data[i:i + 16] in held for i in range(0, len(data), 250000)):
	        sys.exit(path)
EOF
report $? "nor the content"

head -c 12M /dev/urandom >reference
check "random bytes pass" "$CHI" reference
yes "$secret" | head -c 12M >text
! "$CHI" text
report $? "text does not"
python3 - <<-'EOF'
	data = bytearray(open("reference", "rb").read())
	for i in range(0, len(data), 50):
	    data[i] &= 0xfe
	open("biased", "wb").write(data)
EOF
! "$CHI" biased
report $? "nor bytes of which one in fifty is even"
for file in stick/box.dlb other/box.dlb home-carol/satchel home-alice/satchel; do
	check "$file looks random" "$CHI" "$file"
done
check "letterboxes and rings do" "$CHI" home-*/letterbox home-*/ring
# What a stranger sees of a home beside them.
is "$(cd home-carol && echo *)" "letterbox lock ring satchel" "a home has no other files"
grep -q '^[0-9]* *$' home-carol/lock
report $? "the lock has the number of a process and nothing else"
finish
