#!/usr/bin/env bash
# A meeting through ssh: a server with throwaway keys in a namespace of its own.
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
# shellcheck source=tests/net/homes.sh
. "$(dirname "$0")/homes.sh"
need_namespaces
need sshd ssh ssh-keygen

a=''
namespace a a
homes ann bea
for key in server mine stranger; do
	ssh-keygen -q -t ed25519 -N '' -f "$work/key-$key" <&6
done
cp "$work/key-mine.pub" "$work/authorized"
printf '[127.0.0.1]:2222 %s\n' "$(cut -d ' ' -f 1,2 "$work/key-server.pub")" >"$work/hosts"
# The directory that sshd wants, for the time of this test alone.
mkdir -p /run/sshd
mount -t tmpfs -o mode=755 none /run/sshd
cat >"$work/sshd_config" <<-END
	ListenAddress 127.0.0.1:2222
	HostKey $work/key-server
	AuthorizedKeysFile $work/authorized
	PidFile none
	UsePAM no
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	PermitRootLogin prohibit-password
	StrictModes no
END
start_server() {
	: >"$work/sshd"
	ip netns exec "$a" "$(command -v sshd || echo /usr/sbin/sshd)" -D -e \
		-f "$work/sshd_config" <&6 >"$work/sshd" 2>&1 &
	served+=("$!")
}
start_server
says sshd 'the server listens' 'Server listening'

# KEY: the whole command, as a person would give it to --pipe
ssh_with() {
	printf '%s' "ip netns exec $a ssh -F none -T -p 2222 -i $work/key-$1" \
		" -o BatchMode=yes -o IdentitiesOnly=yes" \
		" -o UserKnownHostsFile=$work/hosts 127.0.0.1"
}
there="DLB_HOME=$work/home-bea $DLB meet -"

head -c 300000 /dev/urandom >"$work/.photo"
as ann send bea "$work/.photo" -m 'by ssh' --now -q <&6 2>/dev/null
run as ann meet --pipe "$(ssh_with mine) '$there'"
exits 0 'a meeting through ssh'
says out 'cells are given' given
ok 'the letter is there' letters bea 'by ssh' 1
as bea send ann -m 'and back' --now -q <&6 2>/dev/null
run as ann meet --pipe "$(ssh_with mine) '$there'"
exits 0 'and the other way'
ok 'the answer is there' letters ann 'and back' 1

run as ann meet --pipe "$(ssh_with stranger) '$there'"
exits 1 'a key that the server does not know'
says out 'ssh says why' 'Permission denied'
run as ann meet --pipe "$(ssh_with mine) nosuchprogram"
exits 1 'no dlb there'
says out 'its shell says why' 'not found'
run as ann meet --pipe "$(ssh_with mine) '$there --policy known'"
exits 1 'a stranger is not met where only known nodes are'
says out 'the other end says why, through ssh' 'pair the two first'
run as bea doctor
exits 0 'all is sound'
done_testing
