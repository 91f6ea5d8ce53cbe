#!/usr/bin/env bash
# Which lines the tests run: builds with coverage, runs them all, and prints the
# lines covered of each file and module. COVER_HTML=DIR writes pages as well.
set -eu
cd "$(dirname "$0")/.."
dir=${COVER_BUILD:-build/cover}

CC=gcc tools/build.sh "$dir" -Dbuildtype=debug -Db_coverage=true
find "$dir" -name '*.gcda' -delete
meson test -C "$dir" --no-rebuild </dev/null >"$dir/run.log" 2>&1 ||
	printf 'cover: some tests failed (%s); the figures are of what ran\n' "$dir/run.log"
gcovr --root . --filter src/ --object-directory "$dir" --exclude-unreachable-branches \
	--csv "$dir/cover.csv" --txt "$dir/cover.txt" "$dir" >/dev/null 2>"$dir/gcovr.log"
if [ -n "${COVER_HTML:-}" ]; then
	mkdir -p "$COVER_HTML"
	gcovr --root . --filter src/ --html-details "$COVER_HTML/index.html" "$dir"
fi
cat "$dir/cover.txt"
# filename,line_total,line_covered,line_percent,...
awk -F, 'NR > 1 {
	split($1, part, "/")
	total[part[2]] += $2; covered[part[2]] += $3; all += $2; hit += $3
} END {
	for (m in total)
		printf "%-12s %6d of %6d lines %5.1f %%\n", m, covered[m], total[m], 100 * covered[m] / total[m]
	if (all)
		printf "%-12s %6d of %6d lines %5.1f %%\n", "all", hit, all, 100 * hit / all
}' "$dir/cover.csv" | sort
