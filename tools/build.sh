#!/usr/bin/env bash
# Sets up a build directory if need be, and builds.
#
#   tools/build.sh DIR [meson's options]      without options: for use
#   CC=clang tools/build.sh DIR -Db_sanitize=address,undefined ...
set -eu
cd "$(dirname "$0")/.."

dir=$1
shift
[ $# -gt 0 ] || set -- -Dbuildtype=release -Dtests=false
mkdir -p "$dir"
# What it was set up with: setting the same again would make all anew.
options=$dir/.options
if [ ! -e "$dir/build.ninja" ]; then
	# Also what a try left that was broken off.
	meson setup --wipe "$dir" "$@" >"$dir.log" 2>&1 ||
		meson setup "$dir" "$@" >"$dir.log" 2>&1
elif [ "$(cat "$options" 2>/dev/null)" != "$*" ]; then
	meson configure "$dir" "$@" >"$dir.log" 2>&1
fi || {
	cat "$dir.log" >&2
	exit 1
}
printf '%s\n' "$*" >"$options"
ninja -C "$dir" --quiet
