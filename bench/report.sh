# The table as a part of docs/bench.md: what stands between the two marks is written
# anew, all else (why a limit was missed, above all) stays.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

mark_begin='<!-- measured: begin -->'
mark_end='<!-- measured: end -->'

report_measured() {
	printf '%s\n\n' "$mark_begin"
	paste -sd ';' "$scratch/facts" | sed 's/;/; /g; s/$/./'
	printf '\n| work | ours | beside | theirs | ratio | limit | |\n'
	printf '| --- | ---: | --- | ---: | ---: | ---: | --- |\n'
	awk -F'\t' '
		NF == 1 { printf "| **%s** | | | | | | |\n", $1; next }
		{
			if ($7 == "-") $7 = ""
			if ($7 == "MISSED") $7 = "**missed**"
			gsub(/>=/, "≥", $6); gsub(/<=/, "≤", $6)
			for (i = 1; i <= NF; i++) gsub(/\|/, "\\|", $i)
			printf "| %s | %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5, $6, $7
		}' "$scratch/table"
	if [ -s "$scratch/steps" ]; then
		printf '\n| steps | send + give + take + read, or the like |\n| --- | --- |\n'
		awk -F'\t' '{ printf "| %s | %s |\n", $1, $2 }' "$scratch/steps"
	fi
	printf '\n%s\n' "$mark_end"
}

report() { # FILE
	report_measured >"$scratch/measured"
	[ -e "$1" ] || printf '# Measured\n\n%s\n%s\n\n## Where a limit is missed\n' \
		"$mark_begin" "$mark_end" >"$1"
	[ "$(grep -cxF -e "$mark_begin" -e "$mark_end" "$1")" -eq 2 ] ||
		die "$1 has not the two marks between which the table goes"
	awk -v begin="$mark_begin" -v end="$mark_end" -v table="$scratch/measured" '
		$0 == begin { while ((getline line < table) > 0) print line; inside = 1 }
		!inside { print }
		$0 == end { inside = 0 }' "$1" >"$scratch/report"
	cat "$scratch/report" >"$1"
}
