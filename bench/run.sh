#!/usr/bin/env bash
# Measures the program beside its peers, and prints one table: each row our figure, a
# peer's, and their ratio with its limit. Figures are medians of repetitions that take
# turns (A B A B), so that what else the machine does hits all alike. Installs nothing;
# says what is missing and goes on.
#
#   bench/run.sh                    as `make bench` does
#   BENCH_QUICK=1                   less of everything, in a minute
#   BENCH_WRITE=1                   writes the table into docs/bench.md
#   BENCH_ROWS="memory open"        of: memory commands journey letters search following store open
#                                   reconcile engine link meeting contact
#   BENCH_DIR=DIR                   on the disk to be measured (default: build)
#   BENCH_TMPFS=DIR                 on a tmpfs (default: /dev/shm)
#
# Works in directories of its own below these two and removes them. Exit 0 also where a
# limit was missed: the table says so.
set -eu -o pipefail
export LC_ALL=C TZ=UTC
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
# shellcheck disable=SC2034 # the rows use these
{
	build=$PWD/build/release
	dlb=$build/src/cli/dlb
	cores=$(nproc)
}
unset DLB_HOME DLB_KEY_FILE DLB_PASSPHRASE_FILE XDG_DATA_HOME

for part in lib facts report dlb nncp openssl; do
	# shellcheck source=/dev/null
	. "$here/$part.sh"
done

# shellcheck disable=SC2034
if [ "${BENCH_QUICK:-0}" = 1 ]; then
	mib=32 repeat=3 letters=500 letters_nncp=50 repeat_letters=1
	search_cells=2048 store_cells=512 open_cells=100000 set_ids=200000 need_mib=600
else
	mib=256 repeat=5 letters=10000 letters_nncp=500 repeat_letters=3
	search_cells=8192 store_cells=4096 open_cells=1000000 set_ids=1000000 need_mib=5000
fi

# ---- places ------------------------------------------------------------------------

scratch='' disk='' ram=''
running=() namespaces=()
clean_up() {
	local ns
	cd /
	[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || :
	for ns in "${namespaces[@]+"${namespaces[@]}"}"; do
		ip netns delete "$ns" 2>/dev/null || :
	done
	[ -z "${GNUPGHOME:-}" ] || gpgconf --kill all 2>/dev/null || :
	rm -rf "$scratch" "$disk" "$ram"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

place() { # NAME BELOW
	local free
	[ -d "$2" ] || die "$2 is no directory; name another with $1"
	free=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$need_mib" ] ||
		die "$2 has $free MiB free and $need_mib are needed; name another place with $1, or set BENCH_QUICK=1"
	mktemp -d "$2/dlb-bench.XXXXXX"
}

"$here/../tools/build.sh" "$build" >/dev/null
ninja -C "$build" --quiet bench/cell_bench bench/satchel_bench bench/search_bench bench/following_bench \
	bench/reconcile_bench bench/engine_bench bench/link_bench \
	bench/meeting_bench bench/contact_bench bench/tunlink
scratch=$(mktemp -d)
disk=$(place BENCH_DIR "$(realpath "${BENCH_DIR:-build}")")
ram=$(place BENCH_TMPFS "${BENCH_TMPFS:-/dev/shm}")
[ "$(file_system "$ram")" = tmpfs ] || say "BENCH_TMPFS is not on a tmpfs: rows that say so are wrong"
[ "$(file_system "$disk")" != tmpfs ] || say "BENCH_DIR is on a tmpfs: rows that speak of the disk are wrong"

: >"$scratch/figures"
: >"$scratch/table"
: >"$scratch/steps"
head -c $((mib << 20)) /dev/urandom >"$ram/letter"
cp "$ram/letter" "$disk/letter"
sync -f "$disk"

# ---- rows --------------------------------------------------------------------------

facts_begin
[ "${BENCH_QUICK:-0}" != 1 ] || say "BENCH_QUICK: the limits are meant for eight times as much and more"
header
for row in ${BENCH_ROWS:-memory commands journey letters search following store open reconcile engine link meeting contact}; do
	[ -e "$here/rows/$row.sh" ] || die "there is no row called $row"
	# shellcheck source=/dev/null
	. "$here/rows/$row.sh"
	"row_$row"
done
facts_end
if [ "${BENCH_WRITE:-0}" = 1 ]; then
	report docs/bench.md
	say "wrote docs/bench.md"
fi
