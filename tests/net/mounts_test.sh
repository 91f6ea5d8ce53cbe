#!/usr/bin/env bash
# Sticks that are plugged in and pulled: a FAT image, mounted through FUSE, and an
# ext4 one on a loop device, below a directory of its own.
# Mounts of this test are nobody else's to see.
if [ "$(id -u)" = 0 ] && [ "${DLB_OWN_MOUNTS:-}" != yes ]; then
	unshare --mount --propagation private true 2>/dev/null || {
		printf '1..0 # SKIP no mounts of its own can be made here\n'
		exit 0
	}
	exec unshare --mount --propagation private env DLB_OWN_MOUNTS=yes bash "$0"
fi
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
need_root
need fusefat mkfs.fat mkfs.ext4 fusermount
[ -c /dev/fuse ] || skip_all 'no FUSE here'

# Nothing happens beside what is named, so that only the table tells of sticks.
quiet=$(mktemp -d /tmp/dlb-net-quiet.XXXXXX)
media=$(mktemp -d /mnt/dlb-media.XXXXXX)
clean_up_more() {
	umount -l "$media"/* 2>/dev/null
	rmdir "$media"/* "$media"
	rm -rf "$quiet"
}
mkdir "$media/fat" "$media/ext4"
truncate -s 64M "$work/fat.img" "$work/ext4.img"
mkfs.fat "$work/fat.img" >/dev/null 2>&1
mkfs.ext4 -q -F "$work/ext4.img"

start 7 watch "$NET_TOOL" mounts "$quiet/named/inbox"
says watch 'watches' watches

plug_fat() { fusefat -o rw+ -o nonempty "$work/fat.img" "$media/fat" >"$work/fusefat" 2>&1; }
pull_fat() { fusermount -u "$media/fat"; }
box() { head -c 2M /dev/zero >"$1"; }

ok 'a stick without a box is plugged in' plug_fat
ok 'a box is made on it' box "$media/fat/box.dlb"
says watch 'the box is noticed' "box $media/fat/box.dlb medium"
ok 'the stick is pulled' pull_fat
says watch 'the box is gone' "gone $media/fat/box.dlb"
ok 'the stick is plugged in again' plug_fat
line watch "box $media/fat/box.dlb medium" 2
report $? 'the box is noticed again'
ok 'pulled again' pull_fat
line watch "gone $media/fat/box.dlb" 2
report $? 'gone again'

if mount -o loop "$work/ext4.img" "$media/ext4" 2>/dev/null; then
	box "$media/ext4/a b.dlb"
	says watch 'a name with a space' "box $media/ext4/a b.dlb medium"
	ok 'a stick is pulled whose box was there' umount "$media/ext4"
	says watch 'gone, with its space' "gone $media/ext4/a b.dlb"
else
	printf 'ok %d - ext4 # SKIP no loop devices here\n' $((tests += 1))
fi

mkdir -p "$quiet/named/inbox"
box "$quiet/named/inbox/x.dlb"
says watch 'a directory that came later' "box $quiet/named/inbox/x.dlb"
rm -r "$quiet/named"
says watch 'and went' "gone $quiet/named/inbox/x.dlb"
ok 'nothing was too much' [ "$(grep -c limit "$work/watch")" = 0 ]
done_testing
