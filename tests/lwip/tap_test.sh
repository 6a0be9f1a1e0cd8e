#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples on lwIP, over a TAP device, with programs on the kernel's TCP: curl, OpenSSL and the same examples of another
# build. tap_test.sh EXAMPLES PEERS: the folders with both. All of it is in a network namespace of its own, where there is
# nothing but the device; what is not permitted or not there is skipped.
# shellcheck source=tests/interop/netcat.sh
source "$(dirname "$0")/../interop/netcat.sh"
# shellcheck source=tests/lwip/tap.sh
source "$(dirname "$0")/tap.sh"

examples=$(realpath -m "$1") # tests run in folders of their own
peers=$(realpath -m "$2")

# ---- programs --------------------------------------------------------------------------------------------------------

# serve NAME COMMAND…: a server that says so once it listens.
serve() {
    talk_to "$@"
    hear "$1" '^Server is (listening|receiving) at '
}

# converses NAME: a client of the greeting server is greeted.
converses() {
    hear "$1" 'Please enter your name'
    say "$1" 'over the wire'
    hear "$1" '^Hello, over the wire!'
}

# in_url ADDRESS: with brackets where they belong.
in_url() {
    if [[ $1 = *:* ]]; then echo "[$1]"; else echo "$1"; fi
}

curl_talks_to_lwip_over() {
    serve server "$examples/sockets-server" '*' 9002
    talk_to client curl -sS --no-buffer "telnet://$(in_url "${lwip[$1]}"):9002"
    converses client
    stop server 0
}

a_client_on_the_kernel_talks_to_a_server_on_lwip_over() {
    serve server "$examples/sockets-server" '*' 9002
    talk_to client "$peers/sockets-client" "${lwip[$1]}" 9002
    converses client
    end_input client
    ends client 0
    stop server 0
}

a_client_on_lwip_talks_to_a_server_on_the_kernel_over() {
    serve server "$peers/sockets-server" '*' 9002
    talk_to client "$examples/sockets-client" "${kernel[$1]}" 9002
    converses client
    end_input client
    ends client 0
    stop server 0
}

megabytes_go_both_ways_at_once_with_a_server_on_lwip_over() {
    serve server "$examples/echo-server" '*' 9003
    launch client "$peers/firth-nc" "${lwip[$1]}" 9003 <"$here" >got
    ends client 0
    is_same got "$here"
    stop server 0
}

megabytes_go_both_ways_at_once_with_a_server_on_the_kernel_over() {
    serve server "$peers/echo-server" '*' 9003
    launch client "$examples/firth-nc" "${kernel[$1]}" 9003 <"$here" >got
    ends client 0
    is_same got "$here"
    stop server 0
}

many_clients_at_once_have_a_server_on_lwip() {
    local i
    serve server "$examples/echo-server" "${lwip[ipv4]}" 9003
    seq 1 20000 >some
    for i in {1..8}; do
        launch "client$i" "$peers/firth-nc" "${lwip[ipv4]}" 9003 <some >"got$i"
    done
    for i in {1..8}; do
        ends "client$i" 0
        is_same "got$i" some
    done
    stop server 0
}

datagrams_go_to_lwip_and_back_over() {
    serve server "$examples/udp-echo" '*' 9004
    talk_to client "$peers/firth-nc" -u "${lwip[$1]}" 9004
    say client 'a datagram'
    hear client '^a datagram$'
    stop server 0
}

datagrams_go_to_the_kernel_and_back_over() {
    serve server "$peers/udp-echo" '*' 9004
    talk_to client "$examples/firth-nc" -u "${kernel[$1]}" 9004
    say client 'a datagram'
    hear client '^a datagram$'
    stop server 0
}

nobody_at_the_kernels_port_refuses_lwip() {
    launch client "$examples/sockets-client" "${kernel[ipv4]}" 9 </dev/null
    hear_error client 'Cannot connect .*nobody listens'
    ends client 1
}

nobody_at_lwips_port_refuses_the_kernel() {
    serve server "$examples/echo-server" "${lwip[ipv4]}" 9003
    launch client "$peers/sockets-client" "${lwip[ipv4]}" 9 </dev/null
    hear_error client 'Cannot connect .*nobody listens'
    ends client 1
    stop server 0
}

# What was said meanwhile is sent again, by both TCPs.
a_connection_outlives_a_link_that_is_down_for_a_while() {
    serve server "$examples/sockets-server" "${lwip[ipv4]}" 9002
    talk_to client "$peers/sockets-client" "${lwip[ipv4]}" 9002
    converses client
    ip link set tap0 down
    say client 'who is patient'
    ip link set tap0 up
    hear client '^Hello, who is patient!'
    end_input client
    ends client 0
    stop server 0
}

an_interface_that_cannot_be_read_is_an_error() {
    local text
    for text in ' ' 'tap0 10.9.8.2' 'tap0 10.9.8.2/0' 'tap0 10.9.8.2/33' 'tap0 x/8' 'tap0 fd00::x' 'tap0 router=x' \
        'a-name-that-is-too-long 10.9.8.2/24'; do
        FIRTH_LWIP_TAP=$text launch ours "$examples/echo-server" "${lwip[ipv4]}" 9003 </dev/null >/dev/null
        ends ours 1
        rm ours.errors
    done
}

# ---- TLS -------------------------------------------------------------------------------------------------------------

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work_dir/key" -out "$work_dir/certificate" \
        -days 30 -subj /CN=wire -addext "subjectAltName=IP:${kernel[ipv4]},IP:${lwip[ipv4]},IP:${kernel[ipv6]},IP:${lwip[ipv6]}" >/dev/null 2>&1
}

openssl_talks_to_lwip_by() {
    serve server "$examples/sockets-server-tls" "$work_dir/certificate" "$work_dir/key" '*' 9443
    talk_to client openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile "$work_dir/certificate" \
        "-$1" -connect "${lwip[ipv4]}:9443"
    converses client
    stop server 0
}

lwip_asks_openssl_for_a_page_over() {
    talk_to server openssl s_server -www -cert "$work_dir/certificate" -key "$work_dir/key" -accept "$(in_url "${kernel[$1]}"):9443"
    hear server '^ACCEPT'
    launch client "$examples/sockets-client-tls" "${kernel[$1]}" 9443 "$work_dir/certificate" </dev/null >page
    ends client 0
    grep -q 'Ciphers supported' page
}

# ---- all of it -------------------------------------------------------------------------------------------------------

# try NEEDS NAME ARGUMENT…: run of netcat.sh, whose NEEDS may have "peers" and "tls" in them too, and with a network at all.
try() {
    local wanted=,$1, why=$refusal
    shift
    if [ -z "$why" ] && [[ $wanted = *,peers,* ]] && [ ! -x "$peers/firth-nc" ]; then
        why="there are no examples on the kernel's TCP in $peers, which the dev build makes"
    elif [ -z "$why" ] && [[ $wanted = *,tls,* ]] && [ ! -x "$examples/sockets-server-tls" ]; then
        why='Firth is built without TLS'
    fi
    if [ -n "$why" ]; then
        printf 'SKIP %s: %s\n' "$(tr ' ' '_' <<<"$*")" "$why"
        return
    fi
    wanted=${wanted//,peers/}
    wanted=${wanted//,tls/}
    wanted=${wanted#,}
    run "${wanted%,}" "$@"
}

refusal=
if [ -z "${FIRTH_TAP_TEST_INSIDE:-}" ]; then
    if refusal=$(may_enter); then
        FIRTH_TAP_TEST_INSIDE=1 exec unshare -n bash "$0" "$@"
    fi
else
    make_network
    make_data
    make_certificate
fi
for family in ipv4 ipv6; do
    also=
    [ $family = ipv4 ] || also=,ipv6
    try curl$also curl_talks_to_lwip_over $family
    try peers$also a_client_on_the_kernel_talks_to_a_server_on_lwip_over $family
    try peers$also a_client_on_lwip_talks_to_a_server_on_the_kernel_over $family
    try peers$also megabytes_go_both_ways_at_once_with_a_server_on_lwip_over $family
    try peers$also megabytes_go_both_ways_at_once_with_a_server_on_the_kernel_over $family
    try peers$also datagrams_go_to_lwip_and_back_over $family
    try peers$also datagrams_go_to_the_kernel_and_back_over $family
    try tls,openssl$also lwip_asks_openssl_for_a_page_over $family
done
try peers many_clients_at_once_have_a_server_on_lwip
try '' nobody_at_the_kernels_port_refuses_lwip
try peers nobody_at_lwips_port_refuses_the_kernel
try peers a_connection_outlives_a_link_that_is_down_for_a_while
try tls,openssl openssl_talks_to_lwip_by tls1_2
try tls,openssl openssl_talks_to_lwip_by tls1_3
try '' an_interface_that_cannot_be_read_is_an_error
finish
