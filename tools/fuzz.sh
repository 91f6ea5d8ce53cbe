#!/usr/bin/env bash
# Searches for inputs that make a reader of outside bytes misbehave: libFuzzer
# with ASan and UBSan, two targets at a time, from the seeds and from what earlier
# runs found (build/fuzz/corpus). Ends with a line a target; an input that breaks
# one is kept, and the command that shows it again is printed.
#
#   FUZZ_SECONDS=60          for each target
#   FUZZ_TARGETS="card cell" only these
#   FUZZ_SEED=1              the first random number of libFuzzer
set -u
cd "$(dirname "$0")/.." || exit
dir=${FUZZ_BUILD:-build/fuzz}
seconds=${FUZZ_SECONDS:-60}
seed=${FUZZ_SEED:-1}
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

CC=clang tools/build.sh "$dir" -Dbuildtype=debugoptimized -Dfuzz=true \
	-Dtests=false -Db_sanitize=address,undefined -Db_lundef=false || exit 1

fuzz() {
	local name=$1 found="$dir/found/$1" log="$dir/$1.log" code

	mkdir -p "$dir/corpus/$name" "$found" "tests/fuzz/seeds/$name"
	"$dir/tests/fuzz/${name}_fuzz" -seed="$seed" -timeout=30 -print_final_stats=1 \
		-rss_limit_mb=4096 -max_total_time="$seconds" -artifact_prefix="$found/" \
		"$dir/corpus/$name" "tests/fuzz/seeds/$name" >"$log" 2>&1
	code=$?
	if [ $code -eq 0 ]; then
		printf '%-10s no finding in %s s: %s runs, %s inputs kept, %s edges\n' \
			"$name" "$seconds" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
			"$(find "$dir/corpus/$name" -type f | wc -l)" \
			"$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d' ' -f2)"
		return 0
	fi
	printf '%-10s FOUND something (log: %s):\n' "$name" "$log"
	grep -E '^(SUMMARY|==[0-9]+==ERROR)|runtime error' "$log" | head -n 5
	find "$found" -type f -printf "    $dir/tests/fuzz/${name}_fuzz %p\n"
	return 1
}

targets=${FUZZ_TARGETS:-$(cd tests/fuzz && printf '%s\n' *_fuzz.c | sed 's/_fuzz\.c$//')}
running=0
status=0
for name in $targets; do
	name=${name%_fuzz}
	if [ ! -x "$dir/tests/fuzz/${name}_fuzz" ]; then
		printf 'fuzz: there is no target %s\n' "$name" >&2
		status=1
		continue
	fi
	if [ $running -ge 2 ]; then
		wait -n || status=1
		running=$((running - 1))
	fi
	fuzz "$name" &
	running=$((running + 1))
done
while [ $running -gt 0 ]; do
	wait -n || status=1
	running=$((running - 1))
done
[ $status -eq 0 ] && printf 'fuzz: nothing found\n'
exit $status
