/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams over lwIP, as far as they are another thing there: groups that are a netif's, both families in one socket,
 * memory that runs out. */
#include "tests/support/support.h"

#include <lwip/memp.h>

enum { LOOPBACK = 1, NOTHING_MS = 10 };

static int open_socket(firth_scope *scope, const firth_udp_builder *udp, const char *host, int port,
                       firth_datagram_socket **socket)
{
    int rc = firth_udp_bind(udp, host, port, socket);

    if (rc >= 0)
        firth_scope_own_datagram_socket(scope, *socket);
    return rc;
}

static int port_of(const firth_datagram_socket *socket)
{
    firth_address local;

    return firth_datagram_socket_local_address(socket, &local) < 0 ? -1 : local.port;
}

static int receive(firth_scope *scope, void *argument)
{
    char bytes[16];

    (void)scope;
    return (int)firth_receive_from(argument, bytes, sizeof bytes, NULL);
}

/* How long the next is that comes soon, or FIRTH_ERR_TIMED_OUT. */
static int next(firth_datagram_socket *socket)
{
    return firth_with_timeout(NOTHING_MS, receive, socket);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static int hear_the_group(firth_scope *scope, const char *any, const char *text)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *other;
    firth_address group;

    udp.reuse_address = true;
    udp.multicast_interface = LOOPBACK;
    EXPECT_EQUAL(open_socket(scope, &udp, any, 0, &member), FIRTH_OK);
    EXPECT_EQUAL(open_socket(scope, &udp, any, port_of(member), &other), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, text, port_of(member)), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(other, "a", 1, &group), FIRTH_OK);
    EXPECT_EQUAL(next(member), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_send_to(other, "bb", 2, &group), FIRTH_OK);
    EXPECT_EQUAL(next(member), 2); /* once */
    EXPECT_EQUAL(next(member), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(next(other), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_multicast_join(other, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(other, "ccc", 3, &group), FIRTH_OK);
    EXPECT_EQUAL(next(member), 3);
    EXPECT_EQUAL(next(other), 3);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_send_to(other, "dddd", 4, &group), FIRTH_OK);
    EXPECT_EQUAL(next(member), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(next(other), 4);
    return FIRTH_OK;
}

TASK_TEST(members_alone_hear_a_group_and_once)
{
    return hear_the_group(scope, "0.0.0.0", "239.192.7.1");
}

TASK_TEST(members_alone_hear_a_group_of_ipv6_and_once)
{
    return hear_the_group(scope, "::", "ff05::7:1");
}

TASK_TEST(a_source_filter_is_refused)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member;
    firth_address group, source;

    EXPECT_EQUAL(open_socket(scope, &udp, "0.0.0.0", 0, &member), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "239.192.7.1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&source, "127.0.0.1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, &source), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "multicast source") == 0);
    return FIRTH_OK;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

TASK_TEST(a_wildcard_socket_talks_to_both_families)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"}, *const shown[] = {"::ffff:127.0.0.1", "::1"};
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *wildcard, *peer;
    firth_address from, expected, to;
    char bytes[4];

    EXPECT_EQUAL(open_socket(scope, &udp, "*", 0, &wildcard), FIRTH_OK);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(open_socket(scope, &udp, hosts[i], 0, &peer), FIRTH_OK);
        EXPECT_EQUAL(firth_address_make(&to, hosts[i], port_of(wildcard)), FIRTH_OK);
        EXPECT_EQUAL(firth_send_to(peer, "hi", 2, &to), FIRTH_OK);
        EXPECT_EQUAL(firth_receive_from(wildcard, bytes, sizeof bytes, &from), 2);
        EXPECT_EQUAL(firth_address_make(&expected, shown[i], port_of(peer)), FIRTH_OK);
        EXPECT(firth_address_equal(&from, &expected));
        EXPECT_EQUAL(firth_send_to(wildcard, "you", 3, &from), FIRTH_OK);
        EXPECT_EQUAL(firth_receive_from(peer, bytes, sizeof bytes, &from), 3);
        EXPECT(firth_address_equal(&from, &to));
    }
    return FIRTH_OK;
}

TASK_TEST(an_ipv6_socket_alone_takes_no_ipv4)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope)), plain = udp;
    firth_datagram_socket *alone, *peer;
    firth_address to;

    udp.ipv6_only = true;
    EXPECT_EQUAL(open_socket(scope, &udp, "::", 0, &alone), FIRTH_OK);
    EXPECT_EQUAL(open_socket(scope, &plain, "127.0.0.1", 0, &peer), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "127.0.0.1", port_of(alone)), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(peer, "x", 1, &to), FIRTH_OK);
    EXPECT_EQUAL(next(alone), FIRTH_ERR_TIMED_OUT);
    to.port = (uint16_t)port_of(peer);
    EXPECT_EQUAL(firth_send_to(alone, "x", 1, &to), FIRTH_ERR_NETWORK_UNREACHABLE);
    return FIRTH_OK;
}

TASK_TEST(a_broadcast_needs_the_option)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address all;

    EXPECT_EQUAL(open_socket(scope, &udp, "0.0.0.0", 0, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&all, "255.255.255.255", 9), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, &all), FIRTH_ERR_PERMISSION);
    return FIRTH_OK;
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

TASK_TEST(what_does_not_fit_is_dropped_and_counted)
{
    enum { SENT = 40, SIZE = 1000, KEPT_LEAST = 5, KEPT_MOST = 10 };
    static const char bytes[SIZE];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address self;
    int kept = 0, drops = 0;

    udp.receive_buffer_bytes = KEPT_MOST * SIZE;
    EXPECT_EQUAL(open_socket(scope, &udp, "127.0.0.1", 0, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(socket, &self), FIRTH_OK);
    for (int i = 0; i < SENT; i++)
        EXPECT_EQUAL(firth_send_to(socket, bytes, SIZE, &self), FIRTH_OK);
    while (drops < SENT - KEPT_MOST) { /* a thread of lwIP's may be behind */
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
        EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_RECEIVE_DROPS, &drops), FIRTH_OK);
    }
    while (next(socket) >= 0)
        kept++;
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_RECEIVE_DROPS, &drops), FIRTH_OK);
    EXPECT(kept >= KEPT_LEAST && kept <= KEPT_MOST);
    EXPECT_EQUAL(kept + drops, SENT);
    return FIRTH_OK;
}

TASK_TEST(without_control_blocks_a_bind_is_an_error_and_works_again_later)
{
    static void *taken[MEMP_NUM_UDP_PCB + 1];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    size_t count = 0;

    while ((taken[count] = memp_malloc(MEMP_UDP_PCB)) != NULL)
        count++;
    EXPECT_EQUAL(open_socket(scope, &udp, "127.0.0.1", 0, &socket), FIRTH_ERR_TOO_MANY_OPEN);
    while (count > 0)
        memp_free(MEMP_UDP_PCB, taken[--count]);
    return open_socket(scope, &udp, "127.0.0.1", 0, &socket);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_alone_hear_a_group_and_once),
        cmocka_unit_test(members_alone_hear_a_group_of_ipv6_and_once),
        cmocka_unit_test(a_source_filter_is_refused),
        cmocka_unit_test(a_wildcard_socket_talks_to_both_families),
        cmocka_unit_test(an_ipv6_socket_alone_takes_no_ipv4),
        cmocka_unit_test(a_broadcast_needs_the_option),
        cmocka_unit_test(what_does_not_fit_is_dropped_and_counted),
        cmocka_unit_test(without_control_blocks_a_bind_is_an_error_and_works_again_later),
    };

    return support_main(argc, argv, "lwip_datagram", tests, sizeof tests / sizeof tests[0]);
}
