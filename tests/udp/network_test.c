/* SPDX-License-Identifier: Apache-2.0 */
/* What loopback cannot show, between two hosts: errors of the network, and the ways that datagrams take. */
#include "tests/udp/hosts.h"

#include <net/if.h>
#include <stdio.h>

HOSTS_TEST(unreachable_host_is_told_once_and_survived)
{
    firth_datagram_socket *near;

    EXPECT_EQUAL(hosts_connect_from_near(scope, "10.77.9.9", 9, &near), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_send_to(near, "x", 1, NULL), FIRTH_OK);
        EXPECT_EQUAL(sockets_receive_within(10000, near), FIRTH_ERR_HOST_UNREACHABLE);
        EXPECT_EQUAL(sockets_expect_nothing(near), FIRTH_OK);
    }
    return FIRTH_OK;
}

HOSTS_TEST(unreachable_network_is_told_once_and_survived)
{
    firth_datagram_socket *near;

    /* The router has no route there. */
    EXPECT_EQUAL(hosts_connect_from_near(scope, "198.51.100.1", 9, &near), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "x", 1, NULL), FIRTH_OK);
    EXPECT_EQUAL(sockets_receive_within(10000, near), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(sockets_expect_nothing(near), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "x", 1, NULL), FIRTH_OK);
    return FIRTH_OK;
}

HOSTS_TEST(closed_port_of_another_host_is_refused_of_either_family)
{
    static const char *const hosts[] = {"10.77.2.1", "fd77:2::1", "::ffff:10.77.2.1"};
    firth_datagram_socket *near;

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        EXPECT_EQUAL(hosts_connect_from_near(scope, hosts[i], 9, &near), FIRTH_OK);
        EXPECT_EQUAL(firth_send_to(near, "x", 1, NULL), FIRTH_OK);
        EXPECT_EQUAL(sockets_receive_within(10000, near), FIRTH_ERR_REFUSED);
        EXPECT_EQUAL(sockets_expect_nothing(near), FIRTH_OK);
    }
    return FIRTH_OK;
}

HOSTS_TEST(unconnected_socket_hears_of_no_such_error)
{
    static const char *const hosts[] = {"10.77.9.9", "198.51.100.1", "10.77.2.1"};
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *near;
    firth_address at, to;

    EXPECT_EQUAL(hosts_open(HOSTS_NEAR, scope, &udp, "10.77.1.1", &near, &at), FIRTH_OK);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        EXPECT_EQUAL(firth_address_make(&to, hosts[i], 9), FIRTH_OK);
        EXPECT_EQUAL(firth_send_to(near, "x", 1, &to), FIRTH_OK);
        EXPECT_EQUAL(sockets_expect_nothing(near), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_send_to(near, "self", 4, &at), FIRTH_OK);
    return sockets_expect(near, "self");
}

HOSTS_TEST(network_without_a_route_is_an_error_at_once)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *near;
    firth_address to;

    EXPECT(hosts_command(HOSTS_NEAR, "ip route del default"));
    EXPECT_EQUAL(hosts_open(HOSTS_NEAR, scope, &udp, "0.0.0.0", &near, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "198.51.100.1", 9), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "x", 1, &to), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &to, &near), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT(near == NULL);
    return FIRTH_OK;
}

/* Nobody on the network answers for the address, so datagrams to it queue until the kernel gives up asking: the socket's
 * buffer is full, the sender waits, and is woken; and a connected one hears that the host is not there. */
HOSTS_TEST(sender_to_a_silent_neighbour_waits_for_room_and_hears_of_it)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *near;
    static char bytes[1400];
    firth_address to;
    int64_t start_ns, waited_ns = 0;
    int rc = FIRTH_OK;

    udp.send_buffer_bytes = 4096;
    hosts_enter(HOSTS_NEAR);
    EXPECT_EQUAL(firth_address_make(&to, "10.77.3.77", 9), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &to, &near), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, near);
    for (int i = 0; i < 200 && rc == FIRTH_OK; i++) {
        start_ns = firth_now_ns();
        rc = firth_send_to(near, bytes, sizeof bytes, NULL);
        if (firth_now_ns() - start_ns > waited_ns)
            waited_ns = firth_now_ns() - start_ns;
    }
    EXPECT_EQUAL(rc, FIRTH_ERR_HOST_UNREACHABLE);
    EXPECT(waited_ns > 100000000);
    EXPECT_EQUAL(firth_send_to(near, bytes, 1, NULL), FIRTH_OK);
    return FIRTH_OK;
}

/* ---- link-local addresses ---------------------------------------------------------------------------------------- */

/* The link-local address of that host's direct interface, with the index of the near one's as its scope. */
static int link_local_of(hosts_name host, firth_address *address)
{
    char text[64], *line;
    FILE *pipe;

    hosts_enter(host);
    pipe = popen("ip -6 -o addr show dev direct scope link | sed 's/.*inet6 \\([^/]*\\).*/\\1/'", "r"); /* NOLINT */
    EXPECT(pipe != NULL);
    line = fgets(text, sizeof text, pipe);
    pclose(pipe);
    EXPECT(line != NULL);
    text[strcspn(text, "\n")] = '\0';
    hosts_enter(HOSTS_NEAR);
    EXPECT_EQUAL(firth_address_make(address, text, 0), FIRTH_OK);
    address->scope_id = if_nametoindex("direct");
    return FIRTH_OK;
}

HOSTS_TEST(link_local_scope_ids_survive_a_round_trip)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *far, *near, *connected;
    firth_address at, to, from, parsed, answerer;
    char bytes[8];

    udp.packet_info = true;
    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, "::", &far, &at), FIRTH_OK);
    EXPECT_EQUAL(link_local_of(HOSTS_FAR, &to), FIRTH_OK);
    to.port = at.port;
    /* As text and back. */
    EXPECT_EQUAL(firth_address_parse(&parsed, firth_address_text(&to).text), FIRTH_OK);
    EXPECT(firth_address_equal(&parsed, &to));
    EXPECT_EQUAL(hosts_open(HOSTS_NEAR, scope, &udp, "::", &near, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "hello", 5, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(far, bytes, sizeof bytes, &from), 5);
    EXPECT(from.scope_id != 0);
    EXPECT_EQUAL(firth_send_to(far, "answer", 6, &from), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(near, bytes, sizeof bytes, &answerer), 6);
    EXPECT(firth_address_equal(&answerer, &to));
    /* Connected. */
    EXPECT_EQUAL(sockets_connect(scope, &to, &connected), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_peer_address(connected, &parsed), FIRTH_OK);
    EXPECT(firth_address_equal(&parsed, &to));
    EXPECT_EQUAL(firth_send_to(connected, "again", 5, &to), FIRTH_OK);
    return sockets_expect(far, "again");
}

HOSTS_TEST(answer_goes_back_by_the_interface_and_from_the_address_it_came_to)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_control control = firth_datagram_control_none();
    char bytes[8];
    firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes, .control = &control};
    firth_datagram_socket *far, *near;
    firth_address at, to;

    udp.packet_info = true;
    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, NULL, &far, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "10.77.2.1", at.port), FIRTH_OK);
    EXPECT_EQUAL(hosts_open(HOSTS_NEAR, scope, &udp, "10.77.3.1", &near, NULL), FIRTH_OK);
    hosts_enter(HOSTS_NEAR);
    /* To the far host's other address, by the direct way: without the control the answer would come from the address that
     * belongs to the way back. */
    EXPECT(hosts_command(HOSTS_NEAR, "ip route add 10.77.2.1/32 via 10.77.3.2"));
    EXPECT_EQUAL(firth_send_to(near, "hello", 5, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive(far, &got), 5);
    EXPECT(control.interface_index != 0);
    got.size = 5;
    EXPECT_EQUAL(firth_send(far, &got), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(near, bytes, sizeof bytes, &at), 5);
    EXPECT_BYTES(at.ip, to.ip, 4);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreachable_host_is_told_once_and_survived),
        cmocka_unit_test(unreachable_network_is_told_once_and_survived),
        cmocka_unit_test(closed_port_of_another_host_is_refused_of_either_family),
        cmocka_unit_test(unconnected_socket_hears_of_no_such_error),
        cmocka_unit_test(network_without_a_route_is_an_error_at_once),
        cmocka_unit_test(sender_to_a_silent_neighbour_waits_for_room_and_hears_of_it),
        cmocka_unit_test(link_local_scope_ids_survive_a_round_trip),
        cmocka_unit_test(answer_goes_back_by_the_interface_and_from_the_address_it_came_to),
    };

    return support_main(argc, argv, "the network between two hosts", tests, sizeof tests / sizeof tests[0]);
}
