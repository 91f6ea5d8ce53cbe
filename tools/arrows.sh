#!/usr/bin/env bash
# Proves the order of the modules: no file of a module includes a header of one
# that it may not know, and none but a module's own files (and its tests) see its
# internal headers. Meson's include paths enforce it as well; this says it for all
# files at once, also those that are not built here.
#
#   tools/arrows.sh [ROOT]
set -eu
cd "${1:-$(dirname "$0")/..}"

# module: what it may know besides itself
allowed() {
	case $1 in
	base) echo ;;
	crypto) echo base ;;
	cell | satchel) echo base crypto ;;
	share) echo base crypto cell ;;
	meeting) echo base crypto ;;
	carrier | picture) echo base ;;
	letterbox) echo base crypto cell ;;
	node) echo base crypto cell share satchel meeting carrier letterbox ;;
	cli) echo base crypto cell share satchel meeting carrier letterbox picture node ;;
	sim) echo base crypto cell share satchel meeting carrier letterbox node ;;
	*) return 1 ;;
	esac
}

# Headers that a module shares with others; the rest of its headers are its own.
public=" base/base.h base/bytes.h base/env.h base/file.h base/pool.h base/secret.h
 base/status.h base/text.h crypto/crypto.h cell/cell.h share/share.h share/backup_share.h satchel/satchel.h satchel/object.h satchel/recall.h
 meeting/meeting.h meeting/engine.h meeting/ends.h meeting/reconcile.h carrier/carrier.h carrier/cell_dir.h carrier/command.h carrier/lan.h
 carrier/link.h carrier/mounts.h carrier/stick.h carrier/tcp.h letterbox/letterbox.h
 letterbox/bulletins.h letterbox/backup.h letterbox/briefing.h letterbox/card.h letterbox/manifest.h letterbox/roster.h cell/bulletin.h picture/picture.h node/backups.h node/briefings.h node/lend.h node/node.h node/peer.h
 node/serve.h node/node_bulletins.h cli/cli.h "

declare -A owner
wrong=0
for header in src/*/*.h; do
	name=${header##*/}
	module=${header#src/}
	module=${module%%/*}
	if [ -n "${owner[$name]:-}" ]; then
		printf 'arrows: two headers are called %s: of %s and of %s\n' \
			"$name" "${owner[$name]}" "$module"
		wrong=1
	fi
	owner[$name]=$module
done

seen=0
while IFS=: read -r file line include; do
	module=${file#src/}
	module=${module%%/*}
	header=$(sed -E 's/^[^"]*"([^"]*)".*$/\1/' <<<"$include")
	name=${header##*/}
	from=${owner[$name]:-}
	seen=$((seen + 1))
	if ! may=$(allowed "$module"); then
		printf '%s: tools/arrows.sh does not know the module %s\n' "$file" "$module"
		wrong=1
		continue
	fi
	if [ -z "$from" ]; then
		printf '%s:%s: no module has the header %s\n' "$file" "$line" "$header"
		wrong=1
	elif [ "$from" = "$module" ]; then
		:
	elif [[ " $may " != *" $from "* ]]; then
		printf '%s:%s: %s may not know %s\n' "$file" "$line" "$module" "$from"
		wrong=1
	elif [ "$module" = sim ]; then
		: # like a test, it works with what is inside
	elif [[ $public != *" $from/$name"[[:space:]]* ]]; then
		printf '%s:%s: %s/%s is not for other modules\n' "$file" "$line" "$from" "$name"
		wrong=1
	fi
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' src/*/*.[ch])

printf '%s includes between %s headers point down\n' "$seen" "${#owner[@]}"
[ $wrong -eq 0 ] && [ $seen -gt 0 ]
