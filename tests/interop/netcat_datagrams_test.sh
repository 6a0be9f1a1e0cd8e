#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# firth-nc's datagrams, UDP and Unix, with socat and with OpenBSD's nc, in both roles. What is not installed is skipped.
# shellcheck source=tests/interop/netcat.sh
source "$(dirname "$0")/netcat.sh"

# ---- UDP -------------------------------------------------------------------------------------------------------------

datagrams_go_to_and_from_a_server_of() {
    case $1 in
    socat)
        talk_to peer socat -d -d UDP4-LISTEN:0,bind=127.0.0.1 STDIO
        hear_error peer 'listening on UDP.*:([0-9]+)$'
        ;;
    nc)
        talk_to peer nc -v -n -4 -u -l 127.0.0.1 0
        hear_error peer 'Bound on .* ([0-9]+)$'
        ;;
    esac
    talk_to ours "$firth_nc" -u 127.0.0.1 "${BASH_REMATCH[1]}"
    say ours ping
    hear peer '^ping$'
    say peer pong
    hear ours '^pong$'
    stop ours 0
}

datagrams_go_to_and_from_a_client_of() {
    talk_to ours "$firth_nc" -u -l 127.0.0.1 0
    listens ours
    case $1 in
    socat) talk_to peer socat STDIO "UDP4:127.0.0.1:$port" ;;
    nc) talk_to peer nc -n -u 127.0.0.1 "$port" ;;
    esac
    say peer ping
    hear ours '^ping$'
    say ours pong
    hear peer '^pong$'
    stop ours 0
}

datagrams_end_when_none_has_come_for_so_long() {
    launch ours "$firth_nc" -w 1 -u -l 127.0.0.1 0 </dev/null
    ends ours 0
}

# ---- Unix sockets ----------------------------------------------------------------------------------------------------

datagrams_go_to_and_from_a_path_of() {
    local own
    case $1 in
    socat)
        talk_to peer socat -d -d UNIX-RECVFROM:socket STDIO
        hear_error peer 'receiving on AF=1|successfully prepared local socket'
        ;;
    nc)
        talk_to peer nc -v -u -l -U socket
        hear_error peer 'Bound on socket'
        ;;
    esac
    mkdir mine
    talk_to ours env "TMPDIR=$PWD/mine" "$firth_nc" -u -U socket
    say ours ping
    hear peer '^ping$'
    own=(mine/*)
    [ -S "${own[0]}" ]
    say peer pong
    hear ours '^pong$'
    stop ours 0
    [ ! -e "${own[0]}" ]
}

datagrams_go_from_a_path_to_and_from() {
    talk_to ours "$firth_nc" -v -u -l -U socket
    hear_error ours 'Receiving at socket'
    case $1 in
    socat) talk_to peer socat STDIO UNIX-SENDTO:socket,bind=peer.socket ;;
    nc) talk_to peer nc -u -s peer.socket -U socket ;;
    esac
    say peer ping
    hear ours '^ping$'
    hear_error ours 'Connected to .*peer.socket$'
    say ours pong
    hear peer '^pong$'
    stop ours 0
    [ ! -e socket ]
}

datagrams_of_somebody_without_an_address_are_received() {
    talk_to ours "$firth_nc" -u -l -U socket
    hear_error ours 'Receiving at socket'
    launch peer socat -u OPEN:"$here",readbytes=5 UNIX-SENDTO:socket
    hear_error ours 'The peer has no address, and cannot be answered'
    hear ours '^1$'
    ends peer 0
    stop ours 0
}

names_outside_the_file_system_have_datagrams_too() {
    local name=@firth-nc-$BASHPID
    talk_to server "$firth_nc" -u -l -U "$name"
    hear_error server "Receiving at $name"
    talk_to client "$firth_nc" -u -U "$name"
    say client ping
    hear server '^ping$'
    say server pong
    hear client '^pong$'
    stop client 0
    stop server 0
}

seq 1 1000 >"$here"
for tool in socat nc; do
    run "$tool" datagrams_go_to_and_from_a_server_of "$tool"
    run "$tool" datagrams_go_to_and_from_a_client_of "$tool"
    run "$tool" datagrams_go_to_and_from_a_path_of "$tool"
    run "$tool" datagrams_go_from_a_path_to_and_from "$tool"
done
run '' datagrams_end_when_none_has_come_for_so_long
run socat datagrams_of_somebody_without_an_address_are_received
[ "$(uname)" != Linux ] || run '' names_outside_the_file_system_have_datagrams_too
finish
