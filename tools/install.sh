#!/usr/bin/env bash
# Puts what `make` built where it is used from, or takes it away again.
#
#   tools/install.sh install PREFIX PROGRAM
#   tools/install.sh uninstall PREFIX
#   DESTDIR=DIR      stands before PREFIX, for who makes a package
set -eu
cd "$(dirname "$0")/.."

fail() {
	printf 'install: %s\n' "$*" >&2
	exit 1
}

verb=${1:-}
prefix=${2:-}
program=${3:-}
scanner=$(dirname "${program:-program}")/dlb-scan
case $prefix in
/*) ;;
*) fail "the prefix has to be a whole path, such as /usr/local: make install PREFIX=..." ;;
esac
root=${DESTDIR:-}${prefix%/}

# Mode, what, and where under the prefix: a line for each file. One that is made
# later gets its line here; install and uninstall and their test go by this list.
list() {
	# Where zbar is not, it was not built; beside the program otherwise.
	[ "$verb" = install ] && [ ! -f "$scanner" ] ||
		printf '%s\t%s\t%s\n' 755 "$scanner" libexec/dlb/dlb-scan
	printf '%s\t%s\t%s\n' \
		755 "${program:-program}" bin/dlb \
		644 man/dlb.1 share/man/man1/dlb.1 \
		644 share/dlb.bash share/bash-completion/completions/dlb \
		644 share/_dlb share/zsh/site-functions/_dlb \
		644 share/dlb.service.in lib/systemd/user/dlb.service
}

# A file that ends in .in names the prefix.
put() {
	install -D -m "$1" "$2" "$3" || return
	case $2 in
	*.in) sed "s|@PREFIX@|${prefix%/}|g" "$2" >"$3" ;;
	esac
}

case $verb in
install)
	# All or nothing: what is missing is found before the first is written.
	list | while IFS=$'\t' read -r _ from _; do
		[ -f "$from" ] || fail "there is no $from; build it first: make"
	done
	list | while IFS=$'\t' read -r mode from to; do
		put "$mode" "$from" "$root/$to" ||
			fail "$root/$to could not be written; is it for root to do?"
		printf 'install: %s\n' "$root/$to"
	done
	;;
uninstall)
	list | while IFS=$'\t' read -r _ _ to; do
		[ -e "$root/$to" ] || [ -L "$root/$to" ] || continue
		rm -f "$root/$to" ||
			fail "$root/$to could not be removed; is it for root to do?"
		printf 'uninstall: %s\n' "$root/$to"
	done
	;;
*) fail "say what to do: install or uninstall" ;;
esac
