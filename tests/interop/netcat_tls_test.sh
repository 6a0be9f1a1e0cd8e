#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# firth-nc by TLS with OpenSSL's client and server, and with itself. The second argument is the folder of pki.sh.
# shellcheck source=tests/interop/netcat.sh
source "$(dirname "$0")/netcat.sh"

pki=$2
server_files=(--cert "$pki/server-ecdsa.pem" --key "$pki/server-ecdsa.key")

# openssl_serves CERTIFICATE [OPTION…]: one client, in conversation with the test; sets port.
openssl_serves() {
    local certificate=$1
    shift
    talk_to peer openssl s_server -accept 127.0.0.1:0 -naccept 1 -cert "$pki/$certificate.pem" \
        -key "$pki/$certificate.key" "$@"
    hear peer 'ACCEPT .*:([0-9]+)$'
    port=${BASH_REMATCH[1]}
}

# It prints more than what it receives, and ends a connection when its peer has.
megabytes_go_to_the_server_of_openssl() {
    openssl_serves server-rsa
    launch ours "$firth_nc" --tls --ca "$pki/authorities.pem" localhost "$port" <"$here" >got_here
    take_until peer '^1000000$' said
    sed -n '/^1$/,$p' said >got
    ends ours 0
    is_same got "$here"
}

lines_go_both_ways_with_the_server_of_openssl() {
    openssl_serves server-ecdsa -cert_chain "$pki/intermediate.pem"
    talk_to ours "$firth_nc" --tls --ca "$pki/authorities.pem" 127.0.0.1 "$port"
    say ours question
    hear peer '^question$'
    say peer answer
    hear ours '^answer$'
    end_input ours
    ends ours 0
}

megabytes_come_from_the_client_of_openssl() {
    talk_to ours "$firth_nc" --tls "${server_files[@]}" -v -l 127.0.0.1 0
    listens ours
    launch peer openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile "$pki/authorities.pem" \
        -connect "127.0.0.1:$port" <"$here" >/dev/null
    take_until ours '^1000000$' got
    hear_error ours 'The peer has ended'
    end_input ours
    ends peer 0
    ends ours 0
    is_same got "$here"
}

megabytes_go_to_the_client_of_openssl() {
    launch ours "$firth_nc" --tls "${server_files[@]}" -l 127.0.0.1 0 <"$here" >/dev/null
    listens ours
    launch peer openssl s_client -quiet -verify_return_error -CAfile "$pki/authorities.pem" -connect "127.0.0.1:$port" \
        <"$work_dir/silence" >got
    ends peer 0
    ends ours 0
    is_same got "$here"
}

megabytes_go_both_ways_at_once_between_two_of_ours() {
    launch server "$firth_nc" --tls "${server_files[@]}" -l 127.0.0.1 0 <"$there" >got_there
    listens server
    launch client "$firth_nc" --tls --ca "$pki/authorities.pem" localhost "$port" <"$here" >got_here
    ends client 0
    ends server 0
    is_same got_there "$here"
    is_same got_here "$there"
}

megabytes_come_at_a_path_from_the_client_of_openssl() {
    talk_to ours "$firth_nc" -U --tls "${server_files[@]}" -v -l socket
    hear_error ours 'Listening at socket'
    launch peer openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile "$pki/authorities.pem" \
        -servername localhost -unix socket <"$here" >/dev/null
    take_until ours '^1000000$' got
    hear_error ours 'The peer has ended'
    end_input ours
    ends peer 0
    ends ours 0
    is_same got "$here"
}

# A server that asks for certificates, and clients that have a good one and none.
a_server_takes_only_clients_whose_certificate_it_trusts() {
    launch server "$firth_nc" --tls "${server_files[@]}" --ca "$pki/authorities.pem" -l 127.0.0.1 0 </dev/null >got
    listens server
    launch stranger "$firth_nc" --tls --ca "$pki/authorities.pem" localhost "$port" </dev/null
    hear_error stranger 'the peer ended the TLS session with a fatal alert'
    ends stranger 1
    launch client "$firth_nc" --tls --ca "$pki/authorities.pem" --cert "$pki/client-ecdsa.pem" \
        --key "$pki/client-ecdsa.key" localhost "$port" < <(echo hello)
    ends client 0
    ends server 0
    [ "$(cat got)" = hello ]
}

a_server_that_is_not_trusted_is_refused_with_the_reason() {
    launch server "$firth_nc" --tls "${server_files[@]}" -l -k 127.0.0.1 0 </dev/null
    listens server
    launch client "$firth_nc" --tls --ca "$pki/ca-rsa.pem" localhost "$port" </dev/null
    hear_error client "Cannot connect .*the peer's certificate is not accepted .*unknown authority"
    ends client 1
    launch another "$firth_nc" --tls --ca "$pki/authorities.pem" --name other.example.org localhost "$port" </dev/null
    hear_error another "Cannot connect .*the host is other.example.org"
    ends another 1
    launch careless "$firth_nc" --tls --insecure localhost "$port" </dev/null
    ends careless 0
    stop server 0
}

# The words are those of the time of -w; those of the handshake's own time are others, and come after ten seconds.
a_server_that_never_answers_is_waited_for_so_long() {
    talk_to server socat -d -d TCP4-LISTEN:0,bind=127.0.0.1 STDIO
    hear_error server 'listening on AF=[0-9]+ .*:([0-9]+)$'
    launch client "$firth_nc" -w 1 --tls --insecure 127.0.0.1 "${BASH_REMATCH[1]}" </dev/null
    hear_error client 'Cannot connect to 127.0.0.1 port [0-9]+: the deadline passed \(timeout\)'
    ends client 1
    talk_to server_at_a_path socat -d -d UNIX-LISTEN:socket STDIO
    hear_error server_at_a_path 'listening on '
    launch client_at_a_path "$firth_nc" -U -w 1 --tls --insecure socket </dev/null
    hear_error client_at_a_path 'Cannot connect to socket: the deadline passed \(timeout\)'
    ends client_at_a_path 1
}

make_data
mkfifo "$work_dir/silence"
exec {silence}<>"$work_dir/silence" # an input that says nothing and does not end
run openssl megabytes_go_to_the_server_of_openssl
run openssl lines_go_both_ways_with_the_server_of_openssl
run openssl megabytes_come_from_the_client_of_openssl
run openssl megabytes_go_to_the_client_of_openssl
run openssl megabytes_go_both_ways_at_once_between_two_of_ours
run openssl megabytes_come_at_a_path_from_the_client_of_openssl
run openssl a_server_takes_only_clients_whose_certificate_it_trusts
run openssl a_server_that_is_not_trusted_is_refused_with_the_reason
run socat a_server_that_never_answers_is_waited_for_so_long
finish
