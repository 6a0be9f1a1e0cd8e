/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations over Ethernet frames, with a lwIP in another process: good days, and bad ones. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lwip/peer.h"

enum { LARGE = 200 * 1024, SMALL = 64 * 1024, CONVERSATIONS = 12, SOON_MS = 200 };

static wire here;
static pid_t peer;
static char link_local[16]; /* the peer's, with the zone that the interface is */

/* ---- the wire ---------------------------------------------------------------------------------------------------- */

static int plug_in(void **state)
{
    const wire_faults *faults = *state;
    static const wire_faults none;
    int ends[2];

    wire_pair(ends);
    here = (wire){.faults = faults != NULL ? *faults : none, .driver.descriptor = ends[0]};
    peer = peer_start(ends[1], &here.faults);
    return close(ends[1]);
}

static int unplug(void **state)
{
    (void)state;
    (void)close((int)here.driver.descriptor);
    peer_await(peer);
    return 0;
}

/* A test whose body runs while the interface is there. */
#define WIRE_TEST(name)                                                                                                \
    static int name##_over_wire(firth_scope *scope);                                                                   \
    TASK_TEST(name)                                                                                                    \
    {                                                                                                                  \
        return over_wire(scope, name##_over_wire);                                                                     \
    }                                                                                                                  \
    static int name##_over_wire(firth_scope *scope __attribute__((unused)))

static int over_wire(firth_scope *scope, int (*body)(firth_scope *scope))
{
    int rc;

    wire_open(&here, (int)here.driver.descriptor, 1);
    (void)snprintf(link_local, sizeof link_local, "fe80::2%%%u", (unsigned)netif_get_index(&here.netif));
    rc = body(scope);
    wire_close(&here);
    return rc;
}

static int connect_to(firth_scope *scope, const char *host, int port, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    return firth_tcp_connect(&tcp, host, port, socket);
}

/* ---- conversations ----------------------------------------------------------------------------------------------- */

typedef struct conversation {
    const char *host;
    size_t size;
    uint64_t offset; /* of the bytes that are said */
    firth_socket *socket;
} conversation;

static int say(firth_scope *scope, void *argument)
{
    const conversation *mine = argument;
    firth_write_channel *out = firth_socket_output(mine->socket);
    uint8_t *bytes = malloc(mine->size);
    int rc;

    (void)scope;
    support_fill(bytes, mine->size, mine->offset);
    rc = firth_write(out, bytes, mine->size);
    free(bytes);
    return rc < 0 ? rc : firth_flush_and_close(out);
}

/* Says and hears the echo, both at once: more of it than all buffers hold. */
static int converse(firth_scope *scope, void *argument)
{
    conversation *mine = argument;
    uint8_t *bytes = malloc(mine->size + 1);
    firth_scope talk;
    int64_t heard;
    bool is_right;
    int rc = connect_to(scope, mine->host, PEER_ECHO, &mine->socket);

    if (rc < 0) {
        free(bytes);
        return rc;
    }
    firth_scope_open(&talk, scope, NULL);
    rc = firth_spawn(&talk, say, mine, NULL);
    heard = firth_read_fully(firth_socket_input(mine->socket), bytes, mine->size);
    is_right = heard == (int64_t)mine->size && support_is_filled(bytes, mine->size, mine->offset);
    free(bytes);
    rc = firth_scope_close(&talk, rc);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(heard, mine->size);
    EXPECT(is_right);
    EXPECT_EQUAL(firth_read(firth_socket_input(mine->socket), (char[1]){0}, 1), FIRTH_EOF);
    return firth_socket_close(mine->socket);
}

WIRE_TEST(an_echo_over_a_wire_is_bit_exact)
{
    conversation mine = {.host = "10.0.0.2", .size = LARGE};
    int rc = converse(scope, &mine);

    EXPECT(here.sent > LARGE / 1500 && here.received > LARGE / 1500);
    return rc;
}

WIRE_TEST(an_echo_over_a_wire_is_bit_exact_by_ipv6)
{
    conversation mine = {.host = "fd00::2", .size = LARGE};

    return converse(scope, &mine);
}

WIRE_TEST(an_echo_over_a_wire_is_bit_exact_by_a_link_local_address)
{
    conversation mine = {.host = link_local, .size = LARGE};

    return converse(scope, &mine);
}

WIRE_TEST(many_conversations_share_a_wire)
{
    const char *const hosts[] = {"10.0.0.2", "fd00::2", link_local};
    conversation all[CONVERSATIONS];
    firth_scope talk;

    firth_scope_open(&talk, scope, NULL);
    for (int i = 0; i < CONVERSATIONS; i++) {
        all[i] = (conversation){.host = hosts[i % 3], .size = SMALL, .offset = (uint64_t)i * SMALL};
        EXPECT_EQUAL(firth_spawn(&talk, converse, &all[i], NULL), FIRTH_OK);
    }
    return firth_scope_close(&talk, FIRTH_OK);
}

WIRE_TEST(an_end_comes_before_the_answer_to_it)
{
    firth_socket *socket;
    char line[16];

    EXPECT_EQUAL(connect_to(scope, "10.0.0.2", PEER_COUNT, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "how many?"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 1);
    EXPECT_BYTES(line, "9", 1);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), line, 1), FIRTH_EOF);
    return firth_socket_close(socket);
}

WIRE_TEST(a_reset_comes_over_a_wire)
{
    firth_socket *socket;
    char byte;

    EXPECT_EQUAL(connect_to(scope, "10.0.0.2", PEER_RESET, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "!"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

WIRE_TEST(a_port_without_a_server_refuses)
{
    firth_socket *socket;

    EXPECT_EQUAL(connect_to(scope, "10.0.0.2", 4, &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(connect_to(scope, "fd00::2", 4, &socket), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static int connect_to_nobody(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    return connect_to(scope, argument, PEER_ECHO, &socket);
}

WIRE_TEST(a_host_that_is_not_there_is_a_deadlines)
{
    static char nobody[] = "10.0.0.99", nobody_of_ipv6[] = "fd00::99";

    EXPECT_EQUAL(firth_with_timeout(SOON_MS, connect_to_nobody, nobody), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_with_timeout(SOON_MS, connect_to_nobody, nobody_of_ipv6), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

/* ---- datagrams --------------------------------------------------------------------------------------------------- */

/* Sends it and hears it again, the long ones in fragments. */
static int echo_datagram(firth_datagram_socket *socket, const char *host, size_t size)
{
    static uint8_t bytes[SMALL], heard[SMALL];
    firth_address to, from;

    support_fill(bytes, size, size);
    EXPECT_EQUAL(firth_address_make(&to, host, PEER_ECHO), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, bytes, size, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, heard, sizeof heard, &from), size);
    EXPECT_BYTES(bytes, heard, size);
    EXPECT_EQUAL(from.port, PEER_ECHO);
    return FIRTH_OK;
}

WIRE_TEST(datagrams_travel_whole_in_fragments_and_to_groups)
{
    static const size_t sizes[] = {0, 1, 1000, 1472, 1473, 9000};
    const char *const hosts[] = {"10.0.0.2", "fd00::2", link_local}, *any[] = {"0.0.0.0", "::", "::"};
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;

    udp.multicast_interface = netif_get_index(&here.netif);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_udp_bind(&udp, any[i], 0, &socket), FIRTH_OK);
        firth_scope_own_datagram_socket(scope, socket);
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            EXPECT_EQUAL(echo_datagram(socket, hosts[i], sizes[k]), FIRTH_OK);
        if (i == 0)
            EXPECT_EQUAL(echo_datagram(socket, PEER_GROUP, 100), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* Without it a frame waits for lwIP's next timer, of 100 ms when there is no connection. */
WIRE_TEST(a_frame_ends_the_sleep_of_the_loop)
{
    enum { TRIPS = 40, QUICK_NS = 20 * 1000000 };
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    int quick = 0;

    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", 0, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    for (int i = 0; i < TRIPS; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(echo_datagram(socket, "10.0.0.2", 10), FIRTH_OK);
        quick += firth_now_ns() - start_ns < QUICK_NS;
    }
    EXPECT(quick >= TRIPS / 2);
    return FIRTH_OK;
}

/* ---- bad days ---------------------------------------------------------------------------------------------------- */

static wire_faults lossy = {.loss = 50, .seed = 5};
static wire_faults slow = {.delay_ms = 15, .seed = 6};
static wire_faults disorderly = {.reordering = 200, .delay_ms = 1, .hold_ms = 4, .seed = 7};

WIRE_TEST(an_echo_is_bit_exact_though_every_twentieth_frame_is_lost)
{
    conversation mine = {.host = "10.0.0.2", .size = SMALL};
    int rc = converse(scope, &mine);

    EXPECT(here.lost > 0);
    return rc;
}

WIRE_TEST(an_echo_is_bit_exact_though_frames_overtake_each_other)
{
    conversation mine = {.host = "fd00::2", .size = LARGE};
    int rc = converse(scope, &mine);

    EXPECT(here.overtaking > 0);
    return rc;
}

WIRE_TEST(an_echo_over_a_long_wire_takes_its_time)
{
    conversation mine = {.host = "10.0.0.2", .size = LARGE};
    int64_t start_ns = firth_now_ns();
    int rc = converse(scope, &mine);

    EXPECT(firth_now_ns() - start_ns >= 4 * 15 * 1000000ll); /* to the handshake's answer, and to the echo's */
    return rc;
}

static int plug_in_later(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    EXPECT_EQUAL(firth_sleep(SOON_MS), FIRTH_OK);
    netif_set_link_up(&here.netif);
    return FIRTH_OK;
}

/* What was sent meanwhile is sent again. */
WIRE_TEST(a_connection_outlives_a_cable_that_is_unplugged_for_a_while)
{
    firth_socket *socket;
    firth_scope talk;
    char bytes[6];

    EXPECT_EQUAL(connect_to(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_OK);
    netif_set_link_down(&here.netif);
    firth_scope_open(&talk, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&talk, plug_in_later, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, 6), 6);
    EXPECT_BYTES(bytes, "hello\n", 6);
    EXPECT_EQUAL(firth_scope_close(&talk, FIRTH_OK), FIRTH_OK);
    return firth_socket_close(socket);
}

WIRE_TEST(without_a_cable_a_connect_and_a_datagram_are_errors_and_the_next_ones_work)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    conversation mine = {.host = "10.0.0.2", .size = SMALL};
    firth_datagram_socket *datagrams;
    firth_socket *socket;
    firth_address to;

    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", 0, &datagrams), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, datagrams);
    EXPECT_EQUAL(firth_address_make(&to, "10.0.0.2", PEER_ECHO), FIRTH_OK);
    netif_set_link_down(&here.netif);
    EXPECT_EQUAL(connect_to(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(connect_to(scope, "fd00::2", PEER_ECHO, &socket), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(firth_send_to(datagrams, "x", 1, &to), FIRTH_ERR_NETWORK_UNREACHABLE);
    netif_set_link_up(&here.netif);
    EXPECT_EQUAL(echo_datagram(datagrams, "10.0.0.2", 100), FIRTH_OK);
    return converse(scope, &mine);
}

/* lwIP aborts what has the address of an interface that goes, and says no more of it than of a peer that is silent. */
WIRE_TEST(a_connection_ends_with_its_interfaces_address)
{
    firth_socket *socket;
    ip4_addr_t none;
    char byte;

    EXPECT_EQUAL(connect_to(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_OK);
    ip4_addr_set_zero(&none);
    netif_set_addr(&here.netif, &none, &none, &none);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_TIMED_OUT);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

#define PLUGGED(name)        cmocka_unit_test_setup_teardown(name, plug_in, unplug)
#define FAULTY(name, faults) cmocka_unit_test_prestate_setup_teardown(name, plug_in, unplug, &(faults))

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLUGGED(an_echo_over_a_wire_is_bit_exact),
        PLUGGED(an_echo_over_a_wire_is_bit_exact_by_ipv6),
        PLUGGED(an_echo_over_a_wire_is_bit_exact_by_a_link_local_address),
        PLUGGED(many_conversations_share_a_wire),
        PLUGGED(an_end_comes_before_the_answer_to_it),
        PLUGGED(a_reset_comes_over_a_wire),
        PLUGGED(a_port_without_a_server_refuses),
        PLUGGED(a_host_that_is_not_there_is_a_deadlines),
        PLUGGED(datagrams_travel_whole_in_fragments_and_to_groups),
        PLUGGED(a_frame_ends_the_sleep_of_the_loop),
        FAULTY(an_echo_is_bit_exact_though_every_twentieth_frame_is_lost, lossy),
        FAULTY(an_echo_is_bit_exact_though_frames_overtake_each_other, disorderly),
        FAULTY(an_echo_over_a_long_wire_takes_its_time, slow),
        PLUGGED(a_connection_outlives_a_cable_that_is_unplugged_for_a_while),
        PLUGGED(without_a_cable_a_connect_and_a_datagram_are_errors_and_the_next_ones_work),
        PLUGGED(a_connection_ends_with_its_interfaces_address),
    };
    int code;

    if (peer_is_asked_for(argc, argv, &code))
        return code;
    return support_main(argc, argv, "lwip_wire", tests, sizeof tests / sizeof tests[0]);
}
