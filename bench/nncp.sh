# Two NNCP nodes that know each other, and their four steps. All of NNCP's own checks
# and syncs are left as they come; progress and header files, which cost time and serve
# nothing here, are off.
# shellcheck shell=bash disable=SC2154 # run.sh sets what they share

nncp_key() { # FILE NAME: of the node's own keys
	sed -n "/neigh:/q; s/^ *$2: //p" "$1"
}

nncp_public() { # FILE
	local name
	for name in id exchpub signpub noisepub; do
		printf '      %s: %s\n' "$name" "$(nncp_key "$1" "$name")"
	done
}

nncp_config() { # OWN_KEYS PEER PEER_KEYS DIRECTORY
	sed "/neigh:/,\$d; s#/var/spool/nncp/log#$4/log#; s#/var/spool/nncp#$4/spool#" "$1"
	printf '  noprogress: true\n  nohdr: true\n  neigh: {\n    self: {\n'
	nncp_public "$1"
	printf '    }\n    %s: {\n' "$2"
	nncp_public "$3"
	printf '      incoming: "%s/incoming"\n    }\n  }\n}\n' "$4"
}

# Sets $nncp.
nncp_nodes() { # DIRECTORY
	nncp=$1
	mkdir -p "$nncp"/{alice,bob}/{spool,incoming} "$nncp/stick"
	nncp-cfgnew -nocomments >"$nncp/alice.keys"
	nncp-cfgnew -nocomments >"$nncp/bob.keys"
	nncp_config "$nncp/alice.keys" bob "$nncp/bob.keys" "$nncp/alice" >"$nncp/alice.cfg"
	nncp_config "$nncp/bob.keys" alice "$nncp/alice.keys" "$nncp/bob" >"$nncp/bob.cfg"
	sync -f "$nncp"
}

nncp_file() {
	local file
	if [ ! -d "$letter" ]; then
		nncp-file -cfg "$nncp/alice.cfg" -quiet "$letter" bob:
		return
	fi
	for file in "$letter"/*; do
		nncp-file -cfg "$nncp/alice.cfg" -quiet "$file" bob: || return
	done
}
nncp_give() { nncp-xfer -cfg "$nncp/alice.cfg" -quiet -mkdir -tx "$nncp/stick"; }
nncp_take() { nncp-xfer -cfg "$nncp/bob.cfg" -quiet -rx "$nncp/stick"; }
nncp_toss() { nncp-toss -cfg "$nncp/bob.cfg" -quiet; }
