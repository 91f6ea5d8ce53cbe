# What a reader has to know of the machine; nothing that names it.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

file_system() { # DIRECTORY
	df --output=fstype "$1" | tail -n 1
}

# Busy time of all cores, and that of this shell's children, in seconds.
cpu_all() {
	awk -v hz="$(getconf CLK_TCK)" '$1 == "cpu" {
		print ($2 + $3 + $4 + $7 + $8 + $9) / hz; exit }' /proc/stat
}
cpu_ours() {
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13 + $14 + $15) / hz }' "/proc/$$/stat"
}

facts_begin() {
	local model
	model=$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
	{
		printf '%s core%s (%s)\n' "$cores" "$([ "$cores" -eq 1 ] || printf s)" "${model:-unknown}"
		printf '%s MiB of memory\n' "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)"
		uname -srm
		printf '%s on the disk\n' "$(file_system "$disk")"
		! command -v openssl >/dev/null || openssl version | awk '{ print $1, $2 }'
		! command -v age >/dev/null || printf 'age %s\n' "$(age --version)"
		! command -v gpg >/dev/null || gpg --version | awk 'NR == 1 { print "gpg", $3 }'
		! command -v nncp-file >/dev/null || nncp-file -version | awk '{ print "NNCP", $3; exit }'
	} >"$scratch/facts"
	paste -sd ';' "$scratch/facts" | sed 's/;/; /g'
	printf '\n'
	facts_time=$EPOCHREALTIME
	facts_all=$(cpu_all)
	facts_ours=$(cpu_ours)
}

# How much of the machine others had meanwhile, the kernel's own threads among them.
facts_end() {
	awk -v t0="$facts_time" -v t1="$EPOCHREALTIME" -v a0="$facts_all" -v a1="$(cpu_all)" \
		-v o0="$facts_ours" -v o1="$(cpu_ours)" -v cores="$cores" 'BEGIN {
		others = (a1 - a0) - (o1 - o0)
		printf "other work took %.0f %% of the machine meanwhile\n",
			100 * (others < 0 ? 0 : others) / cores / (t1 - t0) }' >>"$scratch/facts"
	printf '\n%s (%.0f s)\n' "$(tail -n 1 "$scratch/facts")" \
		"$(awk -v a="$facts_time" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
}
