#!/usr/bin/env bash
# Builds twice and runs every test in each: with gcc as for use, and with clang
# under ASan and UBSan, the fuzz targets over their seeds included. The last line
# is 'N passed, N failed'; the exit code is 0 only if none failed and some ran.
#
#   tests/run.sh [gcc|sanitize]...      both, when none is named
#   TEST_BUILD=DIR                      where to build, instead of build/
#   TEST_ARGS="--suite cell"            handed to `meson test`
set -u
cd "$(dirname "$0")/.." || exit
exec </dev/null
export LC_ALL=C.UTF-8 TZ=UTC
# What the tests need of the environment they make themselves.
unset DLB_HOME DLB_PASSPHRASE_FILE XDG_DATA_HOME XDG_CONFIG_HOME CFLAGS LDFLAGS

root=${TEST_BUILD:-build}
logs=()
broken=()

# name, compiler, options of meson
suite() {
	local name=$1 compiler=$2 dir="$root/$1"
	shift 2
	printf '== %s: building\n' "$name"
	if ! CC=$compiler tools/build.sh "$dir" -Dwerror=true "$@"; then
		broken+=("$name")
		return
	fi
	printf '== %s: testing\n' "$name"
	rm -f "$dir/meson-logs/testlog.json"
	# Its own account is kept in the logs; tests/summary.py tells it.
	# shellcheck disable=SC2086 # several arguments are meant
	meson test -C "$dir" --no-rebuild --num-processes "$(nproc)" \
		${TEST_ARGS:-} >"$dir/meson-logs/run.log" 2>&1
	if [ -e "$dir/meson-logs/testlog.json" ]; then
		logs+=("$name=$dir/meson-logs/testlog.json")
	else
		cat "$dir/meson-logs/run.log"
		broken+=("$name")
	fi
}

[ $# -gt 0 ] || set -- gcc sanitize
for which; do
	case $which in
	gcc) suite gcc gcc -Dbuildtype=debugoptimized ;;
	sanitize)
		export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
		export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
		# A network takes much longer there.
		export SIM_SEEDS=${SIM_SEEDS:-15}
		suite sanitize clang -Dbuildtype=debugoptimized -Dfuzz=true \
			-Db_sanitize=address,undefined -Db_lundef=false \
			-Dwerror=false
		;;
	*)
		printf 'tests/run.sh: no suite is called %s\n' "$which" >&2
		exit 2
		;;
	esac
done

python3 tests/summary.py "${logs[@]+"${logs[@]}"}" "${broken[@]+"${broken[@]/#/broken=}"}"
