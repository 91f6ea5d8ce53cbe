#!/usr/bin/env bash
# Everything that is checked without running the program. Each check prints one
# line; what is wrong stands under it. Exit 1 if any check fails.
#
#   tools/lint.sh            all checks
#   tools/lint.sh NAME...    some of them: format tidy cppcheck shell manual arrows
#                            length banned hosts whitespace named
#   tools/lint.sh reformat   lets clang-format write the C files anew
# The checks are called by their names, through check():
# shellcheck disable=SC2317,SC2016 # and back ticks in patterns are those of documents
set -u
cd "$(dirname "$0")/.." || exit
dir=${LINT_BUILD:-build/lint}
mkdir -p "$dir"
failed=0

# Tracked files and those about to be, but none that is ignored or deleted.
files() {
	git ls-files --cached --others --exclude-standard -- "$@" |
		while read -r f; do [ -f "$f" ] && printf '%s\n' "$f"; done | sort -u
}

# name, command: its output is shown only when it fails
check() {
	local name=$1 log="$dir/$1.log"
	shift
	if "$@" >"$log" 2>&1; then
		printf '%-10s good: %s\n' "$name" "$(tail -n 1 "$log")"
	else
		printf '%-10s BAD\n' "$name"
		sed 's/^/    /' "$log"
		failed=1
	fi
}

format() {
	files '*.c' '*.h' >"$dir/c-files"
	xargs clang-format --style=file --dry-run -Werror <"$dir/c-files" 2>&1 |
		grep -oE '^[^:]+:[0-9]+' | cut -d: -f1 | sort | uniq -c >"$dir/unformatted"
	if [ -s "$dir/unformatted" ]; then
		printf 'places that clang-format would write otherwise (make format):\n'
		cat "$dir/unformatted"
		return 1
	fi
	printf '%s files\n' "$(wc -l <"$dir/c-files")"
}

tidy() {
	CC=clang tools/build.sh "$dir/clang" -Dbuildtype=debug -Dtests=false \
		>"$dir/build.log" 2>&1 || {
		cat "$dir/build.log"
		return 1
	}
	files 'src/*.c' >"$dir/sources"
	xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$dir/clang" \
		<"$dir/sources" 2>"$dir/tidy.err" |
		grep -vE '^[0-9]+ warnings' >"$dir/tidy.out"
	local code=("${PIPESTATUS[@]}")
	if [ "${code[0]}" -ne 0 ]; then
		grep -E '(error|warning):' "$dir/tidy.out" | sed 's#^.*/src/#src/#' | sort -u
		printf 'the ways that lead there are in %s\n' "$dir/tidy.out"
		return 1
	fi
	printf '%s files\n' "$(wc -l <"$dir/sources")"
}

cppcheck_() {
	local includes=(src/*/)
	includes=("${includes[@]/#/-I}")
	cppcheck --quiet --std=c11 --language=c --error-exitcode=1 -j "$(nproc)" \
		--enable=warning,portability --inline-suppr --force \
		--suppress=missingIncludeSystem --suppress=unknownMacro \
		--suppress=nullPointerOutOfMemory --suppress=normalCheckLevelMaxBranches \
		-D_GNU_SOURCE "${includes[@]}" src || return 1
	printf 'no warning\n'
}

shell() {
	files '*.sh' '.ci/run' >"$dir/scripts"
	xargs shellcheck --severity=style <"$dir/scripts" &&
		printf '%s scripts\n' "$(wc -l <"$dir/scripts")"
}

manual() {
	local page found=0
	for page in $(files 'man/*.1' 'man/*.5'); do
		mandoc -Tlint -Wwarning "$page" || return 1
		found=$((found + 1))
	done
	printf '%s pages\n' "$found"
	[ "$found" -gt 0 ]
}

arrows() {
	tools/arrows.sh
}

length() {
	files '*.c' '*.h' '*.sh' '*.py' '*.mjs' | xargs wc -l | grep -v ' total$' |
		sort -rn >"$dir/lengths"
	awk '$1 > 800 { print "over 800 lines: " $2 " has " $1; bad = 1 }
		$1 > 600 && $1 <= 800 { print "over 600 lines, is it one concept? " $2 " has " $1 }
		NR == 1 { longest = $2 " with " $1 }
		END { print "the longest is " longest; exit bad }' "$dir/lengths"
}

# Functions that write without knowing how much room there is, that keep hidden
# state, or that come from a weak generator.
banned() {
	local names='strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|stpcpy'
	names+='|alloca|rand|srand|random|drand48|mktemp|tmpnam|tempnam|system|popen'
	names+='|atoi|atol|atoll|asctime|ctime|gmtime|localtime|scanf|sscanf|memcmp_s'
	# The call itself, not a member (ops->random) and not another's name.
	if files 'src/*.[ch]' | xargs grep -nE "(^|[^_[:alnum:].>])($names)[[:space:]]*\(" |
		grep -vE '^[^:]*:[0-9]+:[[:space:]]*(\*|/\*|//)'; then
		printf 'these functions are banned: %s\n' "$names"
		return 1
	fi
	printf 'none called\n'
}

# Where packages come from is each machine's own matter.
hosts() {
	if files | grep -v '^tools/lint\.sh$' |
		xargs grep -nIE 'registry\.npm|npmjs\.(org|com)|registry\.yarn|deb\.debian\.org|(ftp|archive|snapshot)\.[a-z.]*debian\.org|"resolved":'; then
		printf 'no file may name the host of a package registry\n'
		return 1
	fi
	printf 'no registry is named\n'
}

whitespace() {
	if files | grep -vE '^tests/(vectors|fuzz/seeds)/|\.(png|svg|bin)$' |
		xargs grep -nIE '[[:space:]]+$'; then
		printf 'white space at the end of these lines\n'
		return 1
	fi
	printf 'no line ends in white space\n'
}

# Files that the documents name exist, and so do the tests of docs/threats.md.
named() {
	local name bad=0 seen=0
	files >"$dir/all"
	while read -r name; do
		seen=$((seen + 1))
		grep -qE "(^|/)${name//./\\.}\$" "$dir/all" && continue
		printf 'no such file: %s\n' "$name"
		bad=1
	done < <(grep -ohE '`[a-z0-9_/-]+\.(c|h|sh|mjs|py|md)`' README.md \
		CONTRIBUTING.md docs/*.md | tr -d '`' | sort -u)
	while read -r name; do
		seen=$((seen + 1))
		grep -rqw --include='*.c' "$name" tests && continue
		printf 'docs/threats.md names a test that is not there: %s\n' "$name"
		bad=1
	done < <(grep -oE '`[a-z]+_[a-z_]+`' docs/threats.md | tr -d '`' | sort -u)
	printf '%s names\n' "$seen"
	return "$bad"
}

if [ "${1:-}" = reformat ]; then
	files '*.c' '*.h' | xargs clang-format --style=file -i
	exit
fi
[ $# -gt 0 ] ||
	set -- format tidy cppcheck shell manual arrows length banned hosts whitespace named
for name; do
	case $name in
	format | tidy | shell | manual | arrows | length | banned | hosts | whitespace | named)
		check "$name" "$name"
		;;
	cppcheck) check cppcheck cppcheck_ ;;
	*)
		printf 'lint: there is no check called %s\n' "$name" >&2
		exit 2
		;;
	esac
done
exit $failed
