#!/usr/bin/env bash
# Installs what a task needs: Debian packages, and the pinned npm packages.
#
#   tools/setup.sh build|test|lint|cover|bench
#
# What is there already is left alone, so that a second run needs no network.
set -eu
cd "$(dirname "$0")/.."

fail() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

packages=(
	gcc libc6-dev meson ninja-build pkg-config ca-certificates
	libsodium-dev libssl-dev libsqlite3-dev libzstd-dev libkeyutils-dev
	libavahi-client-dev libqrencode-dev libpng-dev libjpeg62-turbo-dev
	libzbar-dev libisal-dev
)
# Files cut in clang 14's way are what lint compares with; the sanitizers'
# run-time library is a package of its own.
testing=(
	clang libclang-rt-14-dev llvm libcmocka-dev
	fusefat dosfstools e2fsprogs faketime jq
	iproute2 procps util-linux avahi-daemon dbus-daemon python3
	openssh-server openssh-client zbar-tools qrencode librsvg2-bin
	libjpeg-turbo-progs
)
case ${1:-} in
build) ;;
test) packages+=("${testing[@]}") ;;
lint) packages+=("${testing[@]}" clang-format clang-tidy cppcheck shellcheck mandoc) ;;
cover) packages+=("${testing[@]}" gcovr) ;;
# What the program is measured beside.
bench) packages+=(age gnupg nncp openssl liblmdb-dev iproute2) ;;
*) fail "say what for: build, test, lint, cover or bench" ;;
esac
# Debian's own will do, but so does any other that is there.
for program in node npm; do
	command -v "$program" >/dev/null || packages+=("${program/%node/nodejs}")
done

debian() {
	local missing=() package as_root=()

	for package in "${packages[@]}"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
			as_root=(sudo)
		else
			fail "these packages are missing; install them as root and start again:
    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
		fi
	fi
	printf 'setup: installing %s\n' "${missing[*]}"
	as_root+=(env DEBIAN_FRONTEND=noninteractive)
	"${as_root[@]}" apt-get -q update </dev/null ||
		fail "the package lists could not be fetched (is there a network?)"
	# Never at the price of what is installed.
	"${as_root[@]}" apt-get -q install -y --no-install-recommends --no-remove \
		"${missing[@]}" </dev/null ||
		fail "the packages could not be installed; the lines above say why"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	debian
else
	printf 'setup: not a Debian system; it needs what these packages hold: %s\n' \
		"${packages[*]}" >&2
fi

# The copy of the lock file is made when all that it names is there.
done_for=node_modules/.done-for-lock
if ! cmp -s package-lock.json "$done_for"; then
	printf 'setup: fetching the npm packages that package-lock.json pins\n'
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null ||
		fail "npm could not fetch them (is there a network?)"
	cp package-lock.json "$done_for"
fi
