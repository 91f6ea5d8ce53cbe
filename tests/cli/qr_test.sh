#!/usr/bin/env bash
# Cards as QR codes, drawn and read again: by this program, and by readers that are
# not ours (zbarimg, rsvg-convert).
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
need jq
need python3
need zbarimg
need rsvg-convert
pictures=$(dirname "$0")/picture.py

# What another reader finds in a picture; it may find the same twice.
scan() {
	zbarimg --raw -q "$1" 2>/dev/null | sort -u
}

draw() {
	python3 "$pictures" draw "$@"
}

for name in alice bob carol; do person "$name"; done
as alice card -o - >alice.out 2>/dev/null
as alice card >alice.same 2>/dev/null
ok "-o - is standard output" cmp alice.out alice.same
ok "and no file" test ! -e ./-
as alice card --svg - >out.svg 2>/dev/null
has "$(head -c 100 out.svg)" "<svg" "so is --svg -"
as alice card --png - >out.png 2>/dev/null
is "$(head -c 4 out.png | tail -c 3)" PNG "and --png -"
ok "no file is called so" test ! -e ./-
run as alice card --png - --svg -
exits 2 "one of them"
run "$PTY" -- env "DLB_HOME=$work/home-alice" "$DLB" card --png -
has "$out" "does not go to a terminal" "not to a terminal"
run as alice card --png alice.png --svg alice.svg
exits 0 "card --png --svg"
has "$out" "alice.png" "says what is where"
lacks "$out" "BEGIN" "and prints no text"
# shellcheck disable=SC2012
is "$(ls -l alice.png alice.svg | cut -c1-10 | sort -u)" "-rw-r--r--" "cards are for everyone"
scan alice.png >alice.digits
ok "another reader finds a card's digits" grep -qE '^DLB CARD [0-9]{3300,3600}$' alice.digits
rsvg-convert alice.svg -o drawn.png
is "$(scan drawn.png | sha256sum)" "$(sha256sum <alice.digits)" "the same in the SVG"
rsvg-convert -w 1500 alice.svg -o drawn.png
is "$(scan drawn.png | sha256sum)" "$(sha256sum <alice.digits)" "of any size"

# Over nothing that is there.
cp alice.png kept.png
cp alice.svg kept.svg
for how in png svg; do
	run as bob card --$how alice.$how
	exits 1 "$how: a file that is there stays"
	has "$err" "or say --replace" "and it says how"
	ok "as it is" cmp -s alice.$how kept.$how
done
run as bob card --png kept.png --replace
exits 0 "--replace replaces"
is "$(as carol know kept.png | grep -c "bob is known now")" 1 "with a whole picture"
run as bob card --png missing/x.png
exits 1 "no directory"
mkdir folder
run as bob card --png folder --replace
exits 1 "a folder is not replaced"
ln -s "$work/nowhere" link.png
run as bob card --png link.png
exits 1 "a link is not followed"
ok "nothing was written there" test ! -e nowhere
is "$(find . -name '*.new-*' | wc -l)" 0 "no draft is left"
for wrong in --invert --replace; do
	run as bob card $wrong
	exits 2 "card $wrong alone"
done

# On terminals, dark and light.
tty() {
	DLB_HOME=$work/home-alice PTY_COLUMNS=$1 "$PTY" -- "$DLB" card --qr >"$work/.out" 2>"$work/.err"
	code=$?
	out=$(tr -d '\0' <"$work/.out")
}
tty 140
exits 0 "card --qr on a terminal"
printf '%s\n' "$out" | grep -v '^dlb: ' >screen
has "$out" "make its letters smaller" "says when it is too low"
for colours in '0 255' '255 0' '40 200' '250 90'; do
	# shellcheck disable=SC2086
	draw screen.png $colours screen
	is "$(scan screen.png | sha256sum)" "$(sha256sum <alice.digits)" "a terminal of $colours shows it"
done
tty 80
exits 1 "no code for a terminal that is too narrow"
has "$out" "--png FILE" "and says what to do"
lacks "$out" "█" "and prints none"
run as alice card --qr
is "$(printf '%s\n' "$out" | wc -lL | tr -s ' ')" " 67 133" "67 lines of 133"
printf '%s\n' "$out" >dark
draw dark.png 0 255 dark
is "$(scan dark.png | sha256sum)" "$(sha256sum <alice.digits)" "in a file: for a dark background"
run as alice card --qr --invert
printf '%s\n' "$out" >light
draw light.png 255 0 light
is "$(scan light.png | sha256sum)" "$(sha256sum <alice.digits)" "inverted: for a light one"

# Back again.
run as bob know alice.digits
exits 0 "know reads the digits"
has "$out" "alice is known now" "of alice"
is "$(as bob people --json | jq -r '.[].fingerprint')" \
	"$(as alice card --words | tail -n 3 | sed 's/^ *//' | paste -sd- | sed 's/-/ - /g')" "whoever scanned them"
run as carol know - <alice.digits
exits 1 "run has no standard input"
fold -w 60 alice.digits >folded
as carol know - <folded >told 2>&1
ok "in lines, from standard input" grep -q "alice is known now" told
if [ ! -x "$(dirname "$DLB")/dlb-scan" ]; then
	run as bob know alice.png
	exits 1 "without dlb-scan a picture is not read"
	has "$err" "dlb-scan" "and it says so"
	done_testing
	exit
fi
person dave
run as dave know alice.png
exits 0 "know reads the picture"
has "$out" "alice is known now" "of alice"
run as carol know screen.png --as alicia
exits 0 "and a picture of a screen"
as carol know - <drawn.png >told 2>&1
ok "and one from standard input" grep -q "alicia was known already" told
run as dave send alice -m "to your short card"
exits 0 "and a letter can be sent"

# As a camera sees it: turned, not evenly lit, not quite sharp.
path=$(sed -n '/<path/,/"\/>/p' alice.svg)
cat >seen.svg <<END
<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="1200" viewBox="-33 -33 200 200">
<defs><filter id="f"><feGaussianBlur stdDeviation="0.25"/></filter>
<linearGradient id="g"><stop offset="0" stop-color="#666"/><stop offset="1" stop-color="#ddd"/>
</linearGradient></defs><rect x="-40" y="-40" width="300" height="300" fill="url(#g)"/>
<g transform="rotate(12 66 66) skewX(3)" filter="url(#f)" opacity="0.85">
<rect width="133" height="133" fill="#fff"/>$path</g></svg>
END
rsvg-convert seen.svg -o seen.png
run as dave know seen.png
has "$out" "alice was known already" "and a picture that was taken of it"
if command -v cjpeg >/dev/null && ldd "$(dirname "$DLB")/dlb-scan" | grep -q libjpeg; then
	python3 "$pictures" pgm dark.pgm 0 255 dark
	cjpeg -quality 60 dark.pgm >seen.jpg
	run as dave know seen.jpg
	has "$out" "alice was known already" "and a JPEG"
	head -c 2000 seen.jpg >cut.jpg
	run as dave know cut.jpg
	exits 1 "but not what is left of one"
	python3 "$pictures" widen seen.jpg wide.jpg
	run as dave know wide.jpg
	has "$err" "too large" "nor one that says that it is larger than any"
fi

# What nobody means well with, and what went wrong.
person eve
python3 "$pictures" hostile alice.png
as bob card --qr >bob.text
draw two.png 0 255 dark bob.text
draw twice.png 0 255 dark dark
draw blank2.png 255 0 <(printf '  \n')
printf '\377\330\377\340 and so on' >photo.jpg
printf 'GIF89a and so on' >photo.gif
printf '\0\0\0\030ftypheic\0\0\0\0' >photo.heic
while read -r name why; do
	run as eve know "$name"
	exits 1 "$name"
	has "$err" "$why" "$name: says why"
	one_line "$name: in one line"
done <<'END'
huge.png damaged
wide.png too large
many.png too large
bomb.png no QR code
beside.png no QR code
blank.png no QR code
blank2.png no QR code
cut.png damaged
flipped.png damaged
start.png damaged
long.png too large
two.png more than one
photo.jpg damaged
photo.gif not read here
photo.heic not read here
alice.svg not read here
END
is "$(as eve people --json)" "[]" "and nobody is known by it"
run as eve know twice.png
exits 0 "the same code twice is one"
if command -v qrencode >/dev/null; then
	printf 'https://example.org/\033[2J' | qrencode -o other.png
	qrencode -o almost.png 'DLB CARD 1234'
	for name in other.png almost.png; do
		run as eve know "$name"
		exits 1 "$name"
		has "$err" "says no card that is good" "$name: a code that is no card"
	done
fi
done_testing
