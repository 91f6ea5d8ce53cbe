# One letter the whole way by stick: send, meet, meet, read; beside NNCP's four steps
# and beside cp of the same bytes with a sync, four times.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

copy() {
	cp "$1" "$2" && sync "$2"
}
copy_1() { copy "$letter" "$where/copy.1"; }
copy_2() { copy "$where/copy.1" "$where/copy.2"; }
copy_3() { copy "$where/copy.2" "$where/copy.3"; }
copy_4() { copy "$where/copy.3" "$where/copy.4"; }

journey_ours() { # ROW
	people "$where/dlb" "$((mib * 5 / 2 + 64))M" "$((mib * 5 / 4 + 64))M"
	timed_steps "$1" dlb 1 dlb_send dlb_give dlb_take dlb_read
	same "$letter" "$at/read/${letter##*/}"
	rm -rf "$where/dlb"
}

journey_nncp() { # ROW
	nncp_nodes "$where/nncp"
	! timed_steps "$1" nncp 1 nncp_file nncp_give nncp_take nncp_toss ||
		same "$letter" "$nncp/bob/incoming/${letter##*/}"
	rm -rf "$where/nncp"
}

journey_copy() { # ROW
	timed_steps "$1" cp 1 copy_1 copy_2 copy_3 copy_4
	rm -f "$where"/copy.?
}

journeys() { # ROW PLACE
	local where=$2 i
	letter=$2/letter
	# The first time warms up what all will use.
	for ((i = 0; i < repeat; i++)); do
		journey_ours "$1"
		! has nncp-file nncp || journey_nncp "$1"
		journey_copy "$1"
	done
}

row_journey() {
	title "One letter of $mib MiB the whole way: send, give, take, read"
	journeys journey-ram "$ram"
	compare journey-ram "on tmpfs" dlb nncp "NNCP: file, xfer, xfer, toss" time 0.40
	compare journey-ram "on tmpfs" dlb cp "cp and sync, four times" time -
	steps journey-ram dlb "dlb, tmpfs" 4
	steps journey-ram nncp "NNCP, tmpfs" 4
	steps journey-ram cp "cp, tmpfs" 4
	journeys journey-disk "$disk"
	compare journey-disk "on the disk" dlb cp "cp and sync, four times" time 1.30
	compare journey-disk "on the disk" dlb nncp "NNCP: file, xfer, xfer, toss" time -
	steps journey-disk dlb "dlb, disk" 4
	steps journey-disk nncp "NNCP, disk" 4
	steps journey-disk cp "cp, disk" 4
}
