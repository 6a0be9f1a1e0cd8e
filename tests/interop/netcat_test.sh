#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# firth-nc with socat and with OpenBSD's nc, in both roles. What is not installed is skipped.
# shellcheck source=tests/interop/netcat.sh
source "$(dirname "$0")/netcat.sh"

# peer_listens TOOL FAMILY [ADDRESS]: a server of the tool's with the input and output of the call; sets port.
peer_listens() {
    case $1 in
    socat)
        launch peer socat -d -d -t 30 "TCP$2-LISTEN:0,bind=$3" STDIO
        hear_error peer 'listening on AF=[0-9]+ .*:([0-9]+)$'
        ;;
    nc)
        launch peer nc -v -n "-$2" -N -l "${3//[\[\]]/}" 0
        hear_error peer 'Listening on .* ([0-9]+)$'
        ;;
    esac
    port=${BASH_REMATCH[1]}
}

# peer_connects TOOL FAMILY ADDRESS: a client of the tool's of ours.
peer_connects() {
    case $1 in
    socat) launch peer socat -t 30 STDIO "TCP$2:$3:$port" ;;
    nc) launch peer nc -n "-$2" -N "${3//[\[\]]/}" "$port" ;;
    esac
}

# ---- TCP -------------------------------------------------------------------------------------------------------------

# we_say_it_and_end_after_the_peer FILE: the server nc goes as soon as its peer has ended and it has nothing in its hands,
# whatever it has still to send; so our end waits for its.
we_say_it_and_end_after_the_peer() {
    cat "$1" >&"${ins[ours]}" &
    wait $!
    hear_error ours 'The peer has ended'
    end_input ours
}

megabytes_go_both_ways_at_once_to_a_server_of() {
    local family=${2:-4} host=localhost # many a machine has no such name of IPv6
    [ "$family" = 4 ] || host=::1
    peer_listens "$1" "$family" "${3:-127.0.0.1}" <"$there" >got_there
    if [ "$1" = nc ]; then
        talk_to_file got_here "$firth_nc" -v "-$family" "$host" "$port"
        we_say_it_and_end_after_the_peer "$here"
    else
        launch ours "$firth_nc" "-$family" "$host" "$port" <"$here" >got_here
    fi
    ends ours 0
    ends peer 0
    is_same got_there "$here"
    is_same got_here "$there"
}

megabytes_go_both_ways_at_once_to_a_client_of() {
    local family=${2:-4}
    launch ours "$firth_nc" "-$family" -l "$(tr -d '[]' <<<"${3:-127.0.0.1}")" 0 <"$here" >got_here
    listens ours
    peer_connects "$1" "$family" "${3:-127.0.0.1}" <"$there" >got_there
    ends peer 0
    ends ours 0
    is_same got_there "$here"
    is_same got_here "$there"
}

# The answer is the checksum of all that was asked, so nobody can give it before the question has ended.
answer_comes_after_our_end_from_a_server_of_socat() {
    launch peer socat -d -d -t 30 TCP4-LISTEN:0,bind=127.0.0.1 SYSTEM:cksum
    hear_error peer 'listening on AF=[0-9]+ .*:([0-9]+)$'
    launch ours "$firth_nc" 127.0.0.1 "${BASH_REMATCH[1]}" <"$here" >got
    ends ours 0
    ends peer 0
    [ "$(cat got)" = "$(cksum <"$here")" ]
}

answer_comes_after_our_end_from_a_client_of_socat() {
    launch ours "$firth_nc" -l 127.0.0.1 0 <"$here" >got
    listens ours
    launch peer socat -t 30 "TCP4:127.0.0.1:$port" SYSTEM:cksum
    ends ours 0
    ends peer 0
    [ "$(cat got)" = "$(cksum <"$here")" ]
}

# The server nc would go at our end.
words_after_our_end_come_from_a_client_of_nc() {
    launch ours "$firth_nc" -v -l 127.0.0.1 0 </dev/null >got
    listens ours
    talk_to peer nc -n -N 127.0.0.1 "$port"
    hear_error ours 'This side has ended'
    say peer 'late words'
    end_input peer
    ends ours 0
    ends peer 0
    [ "$(cat got)" = 'late words' ]
}

after_its_end_words_still_reach_a_server_of() {
    peer_listens "$1" 4 127.0.0.1 </dev/null >got
    talk_to ours "$firth_nc" -v 127.0.0.1 "$port"
    hear_error ours 'The peer has ended'
    say ours 'late words'
    end_input ours
    ends ours 0
    ends peer 0
    [ "$(cat got)" = 'late words' ]
}

after_its_end_words_still_reach_a_client_of() {
    talk_to ours "$firth_nc" -v -l 127.0.0.1 0
    listens ours
    peer_connects "$1" 4 127.0.0.1 </dev/null >got
    hear_error ours 'The peer has ended'
    say ours 'late words'
    end_input ours
    ends ours 0
    ends peer 0
    [ "$(cat got)" = 'late words' ]
}

# hear_word NAME WORD: though no end of line comes.
hear_word() {
    local word
    IFS= read -r -t "$patience_s" -N "${#2}" word <&"${outs[$1]}"
    [ "$word" = "$2" ]
}

words_go_at_once_though_no_line_ends_to_and_from() {
    local fd
    mkfifo peer.out
    exec {fd}<>peer.out
    outs[peer]=$fd
    peer_listens "$1" 4 127.0.0.1 < <(printf 'from it') >peer.out
    talk_to ours "$firth_nc" 127.0.0.1 "$port"
    hear_word ours 'from it'
    printf 'to it' >&"${ins[ours]}"
    hear_word peer 'to it'
    end_input ours
    ends ours 0
    ends peer 0
}

with_k_clients_come_one_after_the_other_from() {
    local word
    talk_to ours "$firth_nc" -l -k 127.0.0.1 0
    listens ours
    for word in first second third; do
        peer_connects "$1" 4 127.0.0.1 < <(printf '%s\n' "$word")
        hear ours "^$word$"
        ends peer 0
        rm peer.errors
    done
    stop ours 0
}

# ---- Unix sockets ----------------------------------------------------------------------------------------------------

megabytes_go_both_ways_at_a_path_to_a_server_of() {
    case $1 in
    socat)
        launch peer socat -d -d -t 30 UNIX-LISTEN:socket STDIO <"$there" >got_there
        hear_error peer 'listening on AF=1'
        ;;
    nc)
        launch peer nc -v -N -l -U socket <"$there" >got_there
        hear_error peer 'Listening on'
        ;;
    esac
    if [ "$1" = nc ]; then
        talk_to_file got_here "$firth_nc" -v -U socket
        we_say_it_and_end_after_the_peer "$here"
    else
        launch ours "$firth_nc" -U socket <"$here" >got_here
    fi
    ends ours 0
    ends peer 0
    is_same got_there "$here"
    is_same got_here "$there"
}

megabytes_go_both_ways_at_a_path_to_a_client_of() {
    launch ours "$firth_nc" -U -l socket <"$here" >got_here
    hear_error ours 'Listening at socket'
    case $1 in
    socat) launch peer socat -t 30 STDIO UNIX-CONNECT:socket <"$there" >got_there ;;
    nc) launch peer nc -N -U socket <"$there" >got_there ;;
    esac
    ends peer 0
    ends ours 0
    [ ! -e socket ]
    is_same got_there "$here"
    is_same got_here "$there"
}

# ---- time and failures -----------------------------------------------------------------------------------------------

a_connection_in_which_nothing_moves_ends_with() {
    talk_to peer socat -d -d TCP4-LISTEN:0,bind=127.0.0.1 STDIO
    hear_error peer 'listening on AF=[0-9]+ .*:([0-9]+)$'
    talk_to ours "$firth_nc" -w 1 127.0.0.1 "${BASH_REMATCH[1]}"
    hear_error ours 'the deadline passed'
    ends ours 1
}

# Words that come every half second are a second longer under way than may be idle.
a_connection_that_moves_slowly_goes_on_with() {
    # shellcheck disable=SC2016 # it is the other shell's
    launch peer socat -d -d -t 30 TCP4-LISTEN:0,bind=127.0.0.1 SYSTEM:'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done'
    hear_error peer 'listening on AF=[0-9]+ .*:([0-9]+)$'
    launch ours "$firth_nc" -w 3 127.0.0.1 "${BASH_REMATCH[1]}" </dev/null >got
    ends ours 0
    [ "$(cat got)" = "$(seq 1 8)" ]
}

# Runs "$@" in a network in which a name server is asked for names, and says nothing. Its processes end with it.
# shellcheck disable=SC2016 # it is the other shell's
without_answers='
    printf "nameserver 127.0.0.53\noptions timeout:30 attempts:1\n" >resolv.conf
    printf "hosts: dns\n" >nsswitch.conf
    mount --bind resolv.conf /etc/resolv.conf && mount --bind nsswitch.conf /etc/nsswitch.conf && ip link set lo up &&
        mkfifo told && exec 3<>told || exit
    socat -d -d -u UDP4-RECV:53,bind=127.0.0.53 OPEN:/dev/null 2>&3 &
    while read -r line <&3; do
        case $line in *"starting data transfer"*) break ;; esac
    done
    exec "$@"'

# The resolver's own patience is half a minute there.
a_name_that_is_never_answered_is_waited_for_so_long() {
    launch ours unshare -rmnpf sh -c "$without_answers" sh "$firth_nc" -w 1 "$@" nobody.example 80 </dev/null
    hear_error ours 'Cannot .* nobody.example port 80: the deadline passed \(timeout\)'
    ends ours 1
}

nobody_there_is_told() {
    launch server "$firth_nc" -l 127.0.0.1 0 </dev/null
    listens server
    stop server 1
    launch ours "$firth_nc" 127.0.0.1 "$port" </dev/null
    hear_error ours 'Cannot connect to 127.0.0.1 port [0-9]+: nobody listens at that address'
    ends ours 1
    launch at_a_path "$firth_nc" -U ./nobody </dev/null
    hear_error at_a_path 'Cannot connect to ./nobody: nobody listens at that address'
    ends at_a_path 1
}

# The end of a Unix socket that everything was read from is clean, and only who speaks to it hears that nobody is there.
a_peer_that_has_gone_is_told_with() {
    talk_to ours "$firth_nc" -v -l -U socket
    hear_error ours 'Listening at socket'
    launch peer socat -u OPEN:/dev/null UNIX-CONNECT:socket
    hear_error ours 'The peer has ended'
    ends peer 0
    say ours 'late words'
    hear_error ours 'Cannot send: the peer has closed the connection'
    ends ours 1
}

output_that_nobody_reads_any_more_is_told() {
    launch ours "$firth_nc" -l 127.0.0.1 0 </dev/null > >(exec head -c 3 >/dev/null)
    listens ours
    launch peer "$firth_nc" 127.0.0.1 "$port" <"$here"
    hear_error ours 'Cannot write to standard output: nobody reads it any more'
    ends ours 1
}

input_that_cannot_be_read_is_told() {
    launch ours "$firth_nc" -l 127.0.0.1 0 </
    listens ours
    launch peer "$firth_nc" 127.0.0.1 "$port" </dev/null
    hear_error ours 'Cannot read standard input: Is a directory'
    ends ours 1
}

what_is_for_a_user_who_closed_it_does_not_go_to_the_peer() {
    launch ours "$firth_nc" -l 127.0.0.1 0 </dev/null >heard
    listens ours
    # shellcheck disable=SC2016 # another shell's
    launch peer sh -c 'exec "$0" -v 127.0.0.1 "$1" <&- >&- 2>&-' "$firth_nc" "$port"
    ends peer 0
    ends ours 0
    [ ! -s heard ] || {
        cat heard
        return 1
    }
}

a_signal_ends_a_server_and_takes_its_file_along() {
    launch ours "$firth_nc" -U -l socket </dev/null
    hear_error ours 'Listening at socket'
    [ -S socket ]
    stop ours 1
    [ ! -e socket ]
}

a_signal_ends_it_though_it_waits_for_standard_input() {
    talk_to server "$firth_nc" -l 127.0.0.1 0
    listens server
    talk_to client "$firth_nc" 127.0.0.1 "$port"
    say client ping
    hear server '^ping$'
    say server pong
    hear client '^pong$'
    stop server 1
    hear_error client 'Cannot receive: the peer reset the connection'
    ends client 1
}

options_that_are_none_end_with_2() {
    local line words
    for line in '' '-x' '-l' '127.0.0.1' '-k 127.0.0.1 1' '-w x 127.0.0.1 1' '-u -U --tls path' '-4 -U path' \
        '-l --tls 0' '-u --tls a 1' '--insecure a 1' '--tls --key x a 1' '-l --tls --cert x --insecure 0' 'a b c'; do
        read -ra words <<<"$line"
        launch ours "$firth_nc" "${words[@]}" </dev/null
        hear_error ours 'usage: '
        ends ours 2
        rm ours.errors
    done
}

make_data
for tool in socat nc; do
    run "$tool" megabytes_go_both_ways_at_once_to_a_server_of "$tool"
    run "$tool" megabytes_go_both_ways_at_once_to_a_client_of "$tool"
    run "$tool" after_its_end_words_still_reach_a_server_of "$tool"
    run "$tool" after_its_end_words_still_reach_a_client_of "$tool"
    run "$tool" words_go_at_once_though_no_line_ends_to_and_from "$tool"
    run "$tool" with_k_clients_come_one_after_the_other_from "$tool"
    run "$tool,ipv6" megabytes_go_both_ways_at_once_to_a_server_of "$tool" 6 '[::1]'
    run "$tool,ipv6" megabytes_go_both_ways_at_once_to_a_client_of "$tool" 6 '[::1]'
    run "$tool" megabytes_go_both_ways_at_a_path_to_a_server_of "$tool"
    run "$tool" megabytes_go_both_ways_at_a_path_to_a_client_of "$tool"
done
run socat answer_comes_after_our_end_from_a_server_of_socat
run socat answer_comes_after_our_end_from_a_client_of_socat
run nc words_after_our_end_come_from_a_client_of_nc
run socat a_connection_in_which_nothing_moves_ends_with socat
run socat a_connection_that_moves_slowly_goes_on_with socat
for options in '' -u -l; do
    # shellcheck disable=SC2086 # none is none
    run network,socat,ip a_name_that_is_never_answered_is_waited_for_so_long $options
done
run '' nobody_there_is_told
run socat a_peer_that_has_gone_is_told_with socat
run '' output_that_nobody_reads_any_more_is_told
run '' input_that_cannot_be_read_is_told
run '' what_is_for_a_user_who_closed_it_does_not_go_to_the_peer
run '' a_signal_ends_a_server_and_takes_its_file_along
run '' a_signal_ends_it_though_it_waits_for_standard_input
run '' options_that_are_none_end_with_2
finish
