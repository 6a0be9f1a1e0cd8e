/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations over Ethernet frames, with a lwIP in another process: good days, and bad ones. */
#include <lwip/priv/tcp_priv.h>

#include "tests/lwip/lock.h"
#include "tests/lwip/talk.h"

enum { LARGE = 200 * 1024, ALL_BUFFERS = 1024 * 1024, SMALL = 64 * 1024, CONVERSATIONS = 12, SOON_MS = 200 };

/* ---- conversations ----------------------------------------------------------------------------------------------- */

TALK_TEST(an_echo_over_a_wire_is_bit_exact)
{
    talk_conversation mine = {.host = "10.0.0.2", .size = LARGE};
    int rc = talk_converse(scope, &mine);

    EXPECT(talk_wire.sent > LARGE / 1500 && talk_wire.received > LARGE / 1500);
    return rc;
}

TALK_TEST(an_echo_over_a_wire_is_bit_exact_by_ipv6)
{
    talk_conversation mine = {.host = "fd00::2", .size = LARGE};

    return talk_converse(scope, &mine);
}

TALK_TEST(an_echo_over_a_wire_is_bit_exact_by_a_talk_link_local_address)
{
    talk_conversation mine = {.host = talk_link_local, .size = LARGE};

    return talk_converse(scope, &mine);
}

TALK_TEST(many_conversations_share_a_wire)
{
    const char *const hosts[] = {"10.0.0.2", "fd00::2", talk_link_local};
    talk_conversation all[CONVERSATIONS];
    firth_scope talk;

    firth_scope_open(&talk, scope, NULL);
    for (int i = 0; i < CONVERSATIONS; i++) {
        all[i] = (talk_conversation){.host = hosts[i % 3], .size = SMALL, .offset = (uint64_t)i * SMALL};
        EXPECT_EQUAL(firth_spawn(&talk, talk_converse, &all[i], NULL), FIRTH_OK);
    }
    return firth_scope_close(&talk, FIRTH_OK);
}

TALK_TEST(an_end_comes_before_the_answer_to_it)
{
    firth_socket *socket;
    char line[16];

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_COUNT, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "how many?"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 1);
    EXPECT_BYTES(line, "9", 1);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), line, 1), FIRTH_EOF);
    return firth_socket_close(socket);
}

TALK_TEST(a_reset_comes_over_a_wire)
{
    firth_socket *socket;
    char byte;

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_RESET, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "!"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

TALK_TEST(a_port_without_a_server_refuses)
{
    firth_socket *socket;

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", 4, &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(talk_connect(scope, "fd00::2", 4, &socket), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static int connect_to_nobody(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    return talk_connect(scope, argument, PEER_ECHO, &socket);
}

TALK_TEST(a_host_that_is_not_there_is_a_deadlines)
{
    static char nobody[] = "10.0.0.99", nobody_of_ipv6[] = "fd00::99";

    EXPECT_EQUAL(firth_with_timeout(SOON_MS, connect_to_nobody, nobody), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_with_timeout(SOON_MS, connect_to_nobody, nobody_of_ipv6), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

static int say_a_lot(firth_scope *scope, void *argument)
{
    static uint8_t bytes[ALL_BUFFERS];
    firth_write_channel *out = firth_socket_output(argument);
    int rc;

    (void)scope;
    support_fill(bytes, sizeof bytes, 0);
    rc = firth_write(out, bytes, sizeof bytes);
    return rc < 0 ? rc : firth_flush_and_close(out);
}

static bool is_full_both_ways(void)
{
    bool is_so = false;

    LOCKED(for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) is_so |=
           pcb->rcv_wnd == 0 && pcb->snd_wnd == 0);
    return is_so;
}

/* The peer's echo waits for who does not listen, and so does who speaks. lwIP by itself answers each answer then, with
 * thousands of frames. */
TALK_TEST(two_ends_that_are_both_full_leave_the_wire_alone)
{
    enum { FRAMES = 30 };
    static uint8_t bytes[ALL_BUFFERS];
    firth_socket *socket;
    firth_scope talk;
    unsigned frames;

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_OK);
    firth_scope_open(&talk, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&talk, say_a_lot, socket, NULL), FIRTH_OK);
    while (!is_full_both_ways())
        EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    frames = talk_wire.sent + talk_wire.received;
    EXPECT_EQUAL(firth_sleep(SOON_MS), FIRTH_OK);
    EXPECT(talk_wire.sent + talk_wire.received - frames < FRAMES);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, sizeof bytes), ALL_BUFFERS);
    EXPECT(support_is_filled(bytes, sizeof bytes, 0));
    EXPECT_EQUAL(firth_scope_close(&talk, FIRTH_OK), FIRTH_OK);
    return firth_socket_close(socket);
}

/* ---- datagrams --------------------------------------------------------------------------------------------------- */

TALK_TEST(datagrams_travel_whole_in_fragments_and_to_groups)
{
    static const size_t sizes[] = {0, 1, 1000, 1472, 1473, 9000};
    const char *const hosts[] = {"10.0.0.2", "fd00::2", talk_link_local}, *any[] = {"0.0.0.0", "::", "::"};
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;

    udp.multicast_interface = netif_get_index(&talk_wire.netif);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_udp_bind(&udp, any[i], 0, &socket), FIRTH_OK);
        firth_scope_own_datagram_socket(scope, socket);
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            EXPECT_EQUAL(talk_echo_datagram(socket, hosts[i], sizes[k]), FIRTH_OK);
        if (i == 0)
            EXPECT_EQUAL(talk_echo_datagram(socket, PEER_GROUP, 100), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* Whether at least half of some round trips take less than that: a machine has other things to do now and then. */
static int trips_are_quick(firth_scope *scope)
{
    enum { TRIPS = 40, QUICK_NS = 20 * 1000000 };
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    int quick = 0;

    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", 0, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    for (int i = 0; i < TRIPS; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(talk_echo_datagram(socket, "10.0.0.2", 10), FIRTH_OK);
        quick += firth_now_ns() - start_ns < QUICK_NS;
    }
    EXPECT(quick >= TRIPS / 2);
    return FIRTH_OK;
}

/* Else it waits for lwIP's next timer, of 100 ms when there is no connection. */
TALK_TEST(a_frame_ends_the_sleep_of_the_loop)
{
    return trips_are_quick(scope);
}

/* Its timer is earlier than those for which the loop, or lwIP's thread, sleeps already. */
TALK_TEST(a_frame_that_is_held_for_a_moment_leaves_after_it)
{
    return trips_are_quick(scope);
}

/* ---- bad days ---------------------------------------------------------------------------------------------------- */

static wire_faults lossy = {.loss = 50, .seed = 5};
static wire_faults slow = {.delay_ms = 15, .seed = 6};
static wire_faults brief = {.delay_ms = 1, .seed = 8};
static wire_faults disorderly = {.reordering = 200, .delay_ms = 1, .hold_ms = 4, .seed = 7};

TALK_TEST(an_echo_is_bit_exact_though_every_twentieth_frame_is_lost)
{
    talk_conversation mine = {.host = "10.0.0.2", .size = SMALL};
    int rc = talk_converse(scope, &mine);

    EXPECT(talk_wire.lost > 0);
    return rc;
}

TALK_TEST(an_echo_is_bit_exact_though_frames_overtake_each_other)
{
    talk_conversation mine = {.host = "fd00::2", .size = LARGE};
    int rc = talk_converse(scope, &mine);

    EXPECT(talk_wire.overtaking > 0);
    return rc;
}

TALK_TEST(an_echo_over_a_long_wire_takes_its_time)
{
    talk_conversation mine = {.host = "10.0.0.2", .size = LARGE};
    int64_t start_ns = firth_now_ns();
    int rc = talk_converse(scope, &mine);

    EXPECT(firth_now_ns() - start_ns >= 4 * 15 * 1000000ll); /* to the handshake's answer, and to the echo's */
    return rc;
}

static int plug_in_later(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    EXPECT_EQUAL(firth_sleep(SOON_MS), FIRTH_OK);
    LOCKED(netif_set_link_up(&talk_wire.netif));
    return FIRTH_OK;
}

/* What was sent meanwhile is sent again. */
TALK_TEST(a_connection_outlives_a_cable_that_is_unplugged_for_a_while)
{
    firth_socket *socket;
    firth_scope talk;
    char bytes[6];

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_OK);
    LOCKED(netif_set_link_down(&talk_wire.netif));
    firth_scope_open(&talk, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&talk, plug_in_later, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, 6), 6);
    EXPECT_BYTES(bytes, "hello\n", 6);
    EXPECT_EQUAL(firth_scope_close(&talk, FIRTH_OK), FIRTH_OK);
    return firth_socket_close(socket);
}

TALK_TEST(without_a_cable_a_connect_and_a_datagram_are_errors_and_the_next_ones_work)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    talk_conversation mine = {.host = "10.0.0.2", .size = SMALL};
    firth_datagram_socket *datagrams;
    firth_socket *socket;
    firth_address to;

    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", 0, &datagrams), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, datagrams);
    EXPECT_EQUAL(firth_address_make(&to, "10.0.0.2", PEER_ECHO), FIRTH_OK);
    LOCKED(netif_set_link_down(&talk_wire.netif));
    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(talk_connect(scope, "fd00::2", PEER_ECHO, &socket), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(firth_send_to(datagrams, "x", 1, &to), FIRTH_ERR_NETWORK_UNREACHABLE);
    LOCKED(netif_set_link_up(&talk_wire.netif));
    EXPECT_EQUAL(talk_echo_datagram(datagrams, "10.0.0.2", 100), FIRTH_OK);
    return talk_converse(scope, &mine);
}

/* lwIP aborts what has the address of an interface that goes, and says no more of it than of a peer that is silent. */
TALK_TEST(a_connection_ends_with_its_interfaces_address)
{
    firth_socket *socket;
    ip4_addr_t none;
    char byte;

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_OK);
    ip4_addr_set_zero(&none);
    LOCKED(netif_set_addr(&talk_wire.netif, &none, &none, &none));
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_TIMED_OUT);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TALK_PLUGGED(an_echo_over_a_wire_is_bit_exact),
        TALK_PLUGGED(an_echo_over_a_wire_is_bit_exact_by_ipv6),
        TALK_PLUGGED(an_echo_over_a_wire_is_bit_exact_by_a_talk_link_local_address),
        TALK_PLUGGED(many_conversations_share_a_wire),
        TALK_PLUGGED(an_end_comes_before_the_answer_to_it),
        TALK_PLUGGED(a_reset_comes_over_a_wire),
        TALK_PLUGGED(a_port_without_a_server_refuses),
        TALK_PLUGGED(a_host_that_is_not_there_is_a_deadlines),
        TALK_PLUGGED(two_ends_that_are_both_full_leave_the_wire_alone),
        TALK_PLUGGED(datagrams_travel_whole_in_fragments_and_to_groups),
        TALK_PLUGGED(a_frame_ends_the_sleep_of_the_loop),
        TALK_FAULTY(a_frame_that_is_held_for_a_moment_leaves_after_it, brief),
        TALK_FAULTY(an_echo_is_bit_exact_though_every_twentieth_frame_is_lost, lossy),
        TALK_FAULTY(an_echo_is_bit_exact_though_frames_overtake_each_other, disorderly),
        TALK_FAULTY(an_echo_over_a_long_wire_takes_its_time, slow),
        TALK_PLUGGED(a_connection_outlives_a_cable_that_is_unplugged_for_a_while),
        TALK_PLUGGED(without_a_cable_a_connect_and_a_datagram_are_errors_and_the_next_ones_work),
        TALK_PLUGGED(a_connection_ends_with_its_interfaces_address),
    };
    int code;

    if (peer_is_asked_for(argc, argv, &code))
        return code;
    return support_main(argc, argv, "lwip_wire", tests, sizeof tests / sizeof tests[0]);
}
