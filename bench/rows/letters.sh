# Many small letters the whole way. NNCP gets fewer of them, and its time is scaled up:
# its cost is by the letter.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

# One file of random bytes, cut.
make_letters() { # DIRECTORY COUNT
	mkdir "$1"
	head -c $(($2 * 1024)) /dev/urandom | (cd "$1" && split -a 5 -b 1024 - letter.)
}

letters_ours() { # ROW
	local letter=$where/many
	# shellcheck disable=SC2034 # dlb_send looks at it
	local each=(--each)
	people "$where/dlb" "$((letters * 2 * 68 / 1024 + 64))M" "$((letters * 68 / 1024 + 64))M"
	timed_steps "$1" dlb 1 dlb_send dlb_give dlb_take dlb_read
	same "$letter" "$at/read"
	rm -rf "$where/dlb"
}

letters_nncp() { # ROW
	local letter=$where/few
	nncp_nodes "$where/nncp"
	! timed_steps "$1" nncp $((letters / letters_nncp)) nncp_file nncp_give nncp_take nncp_toss ||
		same "$letter" "$nncp/bob/incoming"
	rm -rf "$where/nncp"
}

letters_at() { # ROW PLACE
	local where=$2 i
	make_letters "$where/many" "$letters"
	make_letters "$where/few" "$letters_nncp"
	for ((i = 0; i < repeat_letters; i++)); do
		letters_ours "$1"
		! has nncp-file nncp || letters_nncp "$1"
	done
	rm -rf "$where/many" "$where/few"
}

row_letters() {
	title "$letters letters of 1 KiB the whole way (NNCP: $letters_nncp, its time scaled)"
	letters_at letters-disk "$disk"
	compare letters-disk "on the disk" dlb nncp "NNCP: file, xfer, xfer, toss" time 0.067
	steps letters-disk dlb "dlb, disk" 4
	steps letters-disk nncp "NNCP, disk" 4
	letters_at letters-ram "$ram"
	compare letters-ram "on tmpfs" dlb nncp "NNCP: file, xfer, xfer, toss" time 0.067
	steps letters-ram dlb "dlb, tmpfs" 4
	steps letters-ram nncp "NNCP, tmpfs" 4
}
