#!/usr/bin/env bash
# Every verb explains itself, and the man page knows every verb and option.
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
page=${MAN_PAGE:?the man page}

run "$DLB" help
exits 0 "help"
verbs=$(printf '%s\n' "$out" | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
ok "there are verbs" test "$(printf '%s\n' "$verbs" | wc -l)" -ge 14
for group in box node audit backup roster; do
	run "$DLB" help "$group"
	verbs=$(printf '%s\n%s' "$verbs" "$(printf '%s\n' "$out" |
		sed -n "s/^  \($group [a-z]*\)  *[a-z].*/\1/p" | grep -v '/')")
done
tr '\n' ' ' <"$page" | sed 's/\\-/-/g' >flat

printf '%s\n' "$verbs" >verbs
while read -r verb; do
	# shellcheck disable=SC2086
	run "$DLB" $verb --help
	exits 0 "$verb --help"
	has "$out" "Example:" "$verb has an example"
	example=$(printf '%s\n' "$out" | sed -n '/^Example:/,$p' | sed 1d)
	has "$example" "dlb $verb" "the example of $verb is of $verb"
	long=$(printf '%s\n' "$out" | LC_ALL=C.UTF-8 awk 'length > 79' | wc -l)
	is "$long" 0 "$verb --help fits 80 columns"
	same=$out
	# shellcheck disable=SC2086
	run "$DLB" help $verb
	is "$out" "$same" "help $verb is the same"
	ok "the man page has $verb" grep -qE "^\\.(Ss|It) .*${verb#* }" "$page"
	for option in $(printf '%s\n' "$out" |
		sed -n '/^Options:/,/^Example:/p' | grep -oE '^  (-., )?--[a-z-]+' |
		grep -oE -e '--[a-z-]+'); do
		ok "the man page has $verb $option" \
			grep -qF "Fl ${option#-}" flat
	done
done <verbs

# What it names, the program has.
while read -r verb; do
	# shellcheck disable=SC2086
	"$DLB" $verb --help
done <verbs >helps
echo --version >>helps
grep -oE 'Fl -[a-z-]+' flat | sort -u | cut -c4- >options
while read -r option; do
	ok "the program has -$option" grep -qF -e "-$option" helps
done <options
run "$DLB" help nothing
exits 2 "help of no verb"
if command -v mandoc >/dev/null; then
	run mandoc -Tlint -Wwarning "$page"
	exits 0 "the man page is well-formed"
fi
done_testing
