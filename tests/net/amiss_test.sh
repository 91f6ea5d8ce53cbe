#!/usr/bin/env bash
# What goes wrong around `dlb serve`, on this machine alone: ports in use, a second one,
# peers of other versions, nobody there, a clock that jumps, a home that is renamed or
# removed. Each is said, with what to do, and serve goes on.
# shellcheck source=tests/net/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/net/homes.sh
. "$(dirname "$0")/homes.sh"
need python3 openssl jq

home_size=128M homes ann bea
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
quiet=(--no-lan --no-media --address 127.0.0.1)
# here NAME PORT OPTION...: serves on this machine
here() {
	local name=$1 on=$2
	shift 2
	: >"$work/$name.log"
	DLB_HOME=$work/home-$name "$@" "$DLB" serve "${quiet[@]}" --port "$on" \
		<&6 >"$work/$name.log" 2>&1 4>&- 5>&- 7>&- 8>&- 9>&- &
	serving=$!
	served+=("$serving")
	says "$name.log" 'serve is ready' "ready on port $on"
}
ends() {
	kill -TERM "$serving"
	wait "$serving"
	code=$?
	exits 0 'serve ends'
}
meet() { as ann meet "127.0.0.1:$port"; }
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# ---- twice -------------------------------------------------------------------------

here bea "$port"
run as ann serve "${quiet[@]}" --port "$port"
exits 1 'a port in use'
says out 'is said' "port $port is in use"
says out 'with what to do' 'choose another port'
run as bea serve "${quiet[@]}" --no-listen --wait 0
exits 1 'a second serve'
says out 'is told that one is enough' 'dlb serve` runs in this home already'

# ---- callers that are no node -------------------------------------------------------

start 5 silent bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo there; cat >&3"
says silent 'somebody calls and says nothing' there
run meet
exits 0 'that keeps nobody from meeting'
head -c 65536 /dev/urandom >"$work/.noise"
bash -c "cat '$work/.noise' >/dev/tcp/127.0.0.1/$port" 2>/dev/null <&6
timeout 20 openssl s_client -connect "127.0.0.1:$port" <"$work/.noise" >/dev/null 2>&1
run meet
exits 0 'nor does noise, plain and in TLS'
exec 5>&-

# ---- another version ---------------------------------------------------------------

cat >"$work/caller.py" <<'EOF'
import socket, ssl, struct, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    plain.settimeout(20)
    with context.wrap_socket(plain) as s:
        s.sendall(b"\x01" + (388).to_bytes(3, "big") + bytes([7, 9]) + bytes(386))
        print("answer", s.recv(100).hex(), flush=True)
EOF
python3 "$work/caller.py" "$port" >"$work/answer" 2>&1 <&6
says answer 'who speaks later versions only is told which are spoken' 'answer 00000003020102'
says bea.log 'serve says what to do' 'version'
grep version "$work/bea.log" | sed 's/^/# /'

openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -days 2 -keyout "$work/.key" \
	-out "$work/.cert" 2>/dev/null
cat >"$work/listener.py" <<'EOF'
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.num_tickets = 0
context.load_cert_chain(sys.argv[1], sys.argv[2])
with socket.create_server(("127.0.0.1", 0)) as server:
    print("port", server.getsockname()[1], flush=True)
    with context.wrap_socket(server.accept()[0], server_side=True) as s:
        s.recv(4096)
        s.sendall(bytes([0, 0, 0, 3, 2, 7, 9]))
        while s.recv(4096):
            pass
EOF
start 4 listener python3 "$work/listener.py" "$work/.cert" "$work/.key"
says listener 'one of another version listens' port
run as ann meet "127.0.0.1:$(sed -n 's/port //p' "$work/listener")"
exits 1 'and is not met'
says out 'which is said' 'version'
sed 's/^/# /' "$work/out"
exec 4>&-

run as ann meet 127.0.0.1:1
exits 1 'where nobody listens'
says out 'it is said' 'nothing answers at 127.0.0.1 on port 1'
says out 'and what to look for' 'dlb serve'
as ann send bea -m 'after all that' --now -q <&6 2>/dev/null
run meet
exits 0 'serve goes on'
ok 'the letter came' letters bea 'after all that' 1

# ---- a home that goes --------------------------------------------------------------

# Who looked into the inbox has given the home back.
has_home() {
	local end=$((SECONDS + patience))
	until find "/proc/$serving/fd" -lname "$work/home-bea/satchel" 2>/dev/null | grep -q .; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}
ok 'serve has its home' has_home
mv "$work/home-bea" "$work/.away"
as ann send bea -m 'to one who moved' --now -q <&6 2>/dev/null
run meet
exits 1 'a home that was renamed: nothing is put into it'
says bea.log 'it is said' "the home is not in $work/home-bea any more: put it back"
before=$(cpu "$serving")
ok 'serve goes on' kill -0 "$serving"
mv "$work/.away" "$work/home-bea"
run meet
exits 0 'the home is back, and it meets'
ok 'the letter came, once' letters bea 'to one who moved' 1
ok 'no time was lost on it' [ $(($(cpu "$serving") - before)) -lt 200 ]
ends
run as bea doctor
exits 0 'all is sound'

cp -a "$work/home-bea" "$work/home-cid"
here cid "$port"
rm -r "$work/home-cid"
as ann send bea -m 'to one who is gone' --now -q <&6 2>/dev/null
run meet
exits 1 'a home that was removed: nothing is put into it'
says cid.log 'it is said' "the home is not in $work/home-cid any more"
ok 'serve goes on' kill -0 "$serving"
ends

# ---- a clock that jumps ------------------------------------------------------------

faketime=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
# A sanitizer and faketime do not always bear each other.
if [ -n "$faketime" ] && LD_PRELOAD=$faketime FAKETIME=+3y "$DLB" --version >/dev/null 2>&1; then
	echo +0 >"$work/.time"
	here bea "$port" env "LD_PRELOAD=$faketime" "FAKETIME_TIMESTAMP_FILE=$work/.time" \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
	as bea send ann -m 'in an hour' --now -q <&6 2>/dev/null
	run meet
	run meet
	exits 0 'it is met twice'
	ok 'within the hour nothing leaves by itself' letters ann 'in an hour' 0
	echo +61m >"$work/.time"
	run meet
	exits 0 'an hour later it is met'
	ok 'the letter left' letters ann 'in an hour' 1
	for jump in +3y -3y; do
		echo "$jump" >"$work/.time"
		: >"$work/.log"
		as ann send bea -m "when it was $jump" --now -q <&6 2>/dev/null
		run meet
		exits 0 "the clock jumps by $jump, and it goes on meeting"
		says bea.log 'it is said' 'the clock says'
		says bea.log 'and what to do' 'dlb doctor --confirm-clock'
	done
	echo +0 >"$work/.time"
	run meet
	exits 0 'with the right clock it meets'
	ok 'nothing was lost of what came meanwhile' letters bea 'when it was' 2
	ends
	run as bea doctor
	exits 0 'all is sound'
else
	printf 'ok %d - a clock that jumps # SKIP faketime is not here, or does not bear this program\n' $((tests += 1))
fi
done_testing
