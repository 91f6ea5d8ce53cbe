# Timing, medians, and the table. Sourced by run.sh, which sets $scratch.
#
# Each measurement is a line "ROW WHO FIGURE" in $scratch/figures, seconds unless the
# row says otherwise; a row of the table compares the medians of two WHOs.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

# A peer that is not there, or that failed, must not hide what else there is to say.
missing=()
has() { # COMMAND PACKAGE
	command -v "$1" >/dev/null && return
	case " ${missing[*]-} " in
	*" $2 "*) ;;
	*)
		missing+=("$2")
		say "$1 is not here (Debian package $2): its rows are left out; tools/setup.sh bench installs it"
		;;
	esac
	return 1
}

say() {
	printf '%s\n' "$*" >&2
}

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

record() { # ROW WHO FIGURE
	printf '%s %s %s\n' "$1" "$2" "$3" >>"$scratch/figures"
}

# Records what a measuring program prints: lines "WHO FIGURE".
record_all() { # ROW COMMAND...
	local row=$1 who figure
	shift
	"$@" >"$scratch/lines" || return
	while read -r who figure; do
		record "$row" "$who" "$figure"
	done <"$scratch/lines"
}

# Runs a command and leaves its time in $took; what it says is shown where it fails.
took=0
run_timed() { # COMMAND...
	local from=$EPOCHREALTIME until
	if ! "$@" >"$scratch/said" 2>&1 </dev/null; then
		say "this failed: $*"
		cat "$scratch/said" >&2
		return 1
	fi
	until=$EPOCHREALTIME
	# In LC_ALL=C the point is one.
	took=$(awk -v a="$from" -v b="$until" 'BEGIN { printf "%.6f", b - a }')
}

timed() { # ROW WHO COMMAND...
	local row=$1 who=$2
	shift 2
	run_timed "$@" && record "$row" "$who" "$took"
}

# Steps one after the other: each is recorded as ROW.1, ROW.2 ..., their sum as ROW.
# SCALE: for who does only a part of the work.
timed_steps() { # ROW WHO SCALE STEP...
	local row=$1 who=$2 scale=$3 sum=0 i=0 step
	shift 3
	for step; do
		i=$((i + 1))
		run_timed "$step" || return
		took=$(awk -v a="$took" -v s="$scale" 'BEGIN { printf "%.6f", a * s }')
		record "$row.$i" "$who" "$took"
		sum=$(awk -v a="$sum" -v b="$took" 'BEGIN { printf "%.6f", a + b }')
	done
	record "$row" "$who" "$sum"
}

median() { # ROW WHO; empty where nothing was measured
	awk -v row="$1" -v who="$2" '$1 == row && $2 == who { print $3 }' "$scratch/figures" |
		sort -g | awk '{ v[NR] = $1 } END {
			if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# What arrived is what was sent, or the bench ends.
same() { # SENT ARRIVED
	diff -r "$1" "$2" >"$scratch/said" 2>&1 && return
	head -n 3 "$scratch/said" >&2
	die "what arrived is not what was sent ($(wc -l <"$scratch/said") differences)"
}

# Those that are at work beside are not left behind, whatever happens (run.sh).
begun() { # PROCESS
	running+=("$1")
}
end() { # PROCESS
	local one others=()
	kill "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
	for one in "${running[@]}"; do
		[ "$one" = "$1" ] || others+=("$one")
	done
	running=("${others[@]+"${others[@]}"}")
}

# ---- the table ---------------------------------------------------------------------

seconds() {
	awk -v s="$1" 'BEGIN {
		if (s == "") print "-"
		else if (s < 0.9995) printf "%.0f ms", s * 1000
		else if (s < 99.95) printf "%.2f s", s
		else printf "%.0f s", s }'
}

# Prints a line of the table and keeps it for the report: fields with tabs between.
line() { # WORK OURS BESIDE THEIRS RATIO LIMIT VERDICT
	local IFS=$'\t'
	printf '%s\n' "$*" >>"$scratch/table"
	printf '%-47s %9s  %-33s %9s %7s  %-7s %s\n' "$@"
}

header() {
	printf '%-47s %9s  %-33s %9s %7s  %-7s\n' work ours beside theirs ratio limit
}

title() {
	printf '%s\n' "$*" >>"$scratch/table"
	printf '\n%s\n' "$*"
}

# speed: how many times as fast as the peer, LIMIT is the least; time: of the peer's
# time, LIMIT is the most. LIMIT - is for what is there to be seen only.
compare() { # ROW WORK OURS PEER BESIDE speed|time LIMIT
	local ours theirs
	ours=$(median "$1" "$3")
	theirs=$(median "$1" "$4")
	[ -n "$ours" ] && [ -n "$theirs" ] || return 0
	set -- "$2" "$5" "$6" "$7" "$(awk -v a="$ours" -v b="$theirs" -v kind="$6" -v limit="$7" 'BEGIN {
		ratio = kind == "speed" ? b / a : a / b
		met = kind == "speed" ? ratio >= limit : ratio <= limit
		printf ratio < 0.0995 ? "%.3f" : "%.2f", ratio
		print limit == "-" ? " -" : met ? " met" : " MISSED" }')"
	local sign='>='
	[ "$3" = speed ] || sign='<='
	[ "$4" != - ] || sign=''
	line "$1" "$(seconds "$ours")" "$2" "$(seconds "$theirs")" "${5% *}" \
		"${sign:+$sign }${4#-}" "${5#* }"
}

# A figure that stands alone.
alone() { # ROW WORK WHO UNIT LIMIT
	local ours
	ours=$(median "$1" "$3")
	[ -n "$ours" ] || return 0
	line "$2" "$(awk -v a="$ours" -v u="$4" 'BEGIN { printf "%.2f %s", a, u }')" - - - \
		"<= $5" "$(awk -v a="$ours" -v l="$5" 'BEGIN { print a <= l ? "met" : "MISSED" }')"
}

# Where the time of a way goes: its steps, each one's median.
steps() { # ROW WHO NAME COUNT
	local i text=''
	[ -n "$(median "$1" "$2")" ] || return 0
	for ((i = 1; i <= $4; i++)); do
		text+="${text:+ + }$(seconds "$(median "$1.$i" "$2")")"
	done
	printf '%s\t%s\n' "$3" "$text" >>"$scratch/steps"
	printf '    %-20s %s\n' "$3" "$text"
}
