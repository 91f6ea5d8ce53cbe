#!/usr/bin/env bash
# Runs many simulated networks, on all cores, and what the numbers of copies are
# chosen with. A seed that fails is printed, with the command that runs it alone.
#
#   SIM_SEEDS=2000     how many networks
#   SIM_SEED=1         the first
#   SIM_SPREAD=1       the table of policies as well (some minutes)
#   SIM_POOL=20        so many seeds of what couriers who pool find out
set -u
cd "$(dirname "$0")/.." || exit
dir=${SIM_BUILD:-build/sim}
seeds=${SIM_SEEDS:-2000}
first=${SIM_SEED:-1}
cores=$(nproc)

tools/build.sh "$dir" -Dbuildtype=debugoptimized -Dtests=true || exit 1
ninja -C "$dir" --quiet src/sim/dlb-sim tests/sim/sim_network_test || exit 1

# Small parts, so that something is said now and then.
part=50
run_part() {
	local out
	out=$(SIM_SEED=$1 SIM_SEEDS=$2 "$dir/tests/sim/sim_network_test" 2>&1)
	local code=$?
	printf '%s\n' "$out" | sed -n 's/^# /    /p'
	[ $code -eq 0 ] || printf '    run alone: SIM_SEED=N SIM_SEEDS=1 %s\n' \
		"$dir/tests/sim/sim_network_test"
	return $code
}
failed=0
running=0
for ((at = first; at < first + seeds; at += part)); do
	n=$((first + seeds - at < part ? first + seeds - at : part))
	if [ $running -ge "$cores" ]; then
		wait -n || failed=1
		running=$((running - 1))
	fi
	run_part "$at" "$n" &
	running=$((running + 1))
done
while [ $running -gt 0 ]; do
	wait -n || failed=1
	running=$((running - 1))
done
[ -z "${SIM_SPREAD:-}" ] || "$dir/src/sim/dlb-sim" spread || failed=1
[ -z "${SIM_POOL:-}" ] || "$dir/src/sim/dlb-sim" pool 1 "$SIM_POOL" || failed=1
if [ $failed -eq 0 ]; then
	printf 'sim: %s networks, from seed %s: nothing was lost, doubled or forged\n' \
		"$seeds" "$first"
else
	printf 'sim: something did not hold; see above\n'
fi
exit $failed
