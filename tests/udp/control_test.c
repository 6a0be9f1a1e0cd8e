/* SPDX-License-Identifier: Apache-2.0 */
/* What the IP header says, received and sent. */
#include "tests/udp/faults.h"
#include "tests/udp/sockets.h"

/* Two sockets on a loopback address, of which the first asks for everything. */
typedef struct pair {
    firth_datagram_socket *receiver;
    firth_datagram_socket *sender;
    firth_address to;
    firth_datagram_control control; /* of the last datagram received */
    firth_address from;
} pair;

static int open_pair(firth_scope *scope, const char *host, pair *two)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope)), plain = udp;

    udp.packet_info = udp.receive_hop_limit = udp.receive_ecn = true;
    two->control = firth_datagram_control_none();
    EXPECT_EQUAL(sockets_open(scope, &udp, host, &two->receiver, &two->to), FIRTH_OK);
    return sockets_open(scope, &plain, host, &two->sender, NULL);
}

static int send_with(pair *two, const firth_address *to, firth_datagram_control *control)
{
    firth_datagram datagram = {.bytes = "x", .size = 1, .address = *to, .control = control};

    return firth_send(two->sender, &datagram);
}

static int receive_with(pair *two)
{
    char bytes[8];
    firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes, .control = &two->control};

    EXPECT_EQUAL(firth_receive(two->receiver, &got), 1);
    two->from = got.address;
    return FIRTH_OK;
}

/* Windows refuses both with a datagram, and has the hop limit as an option of the socket. */
static bool is_refused(void)
{
    return support_backend_is("iocp");
}

/* Sends by a control with them, or as near to that as the system comes. */
static int send_marked(pair *two, const firth_address *to, int16_t hop_limit, int16_t ecn)
{
    firth_datagram_control control = firth_datagram_control_none();

    if (is_refused()) {
        control.ecn = ecn;
        EXPECT_EQUAL(send_with(two, to, &control), FIRTH_ERR_NOT_SUPPORTED);
        EXPECT(strcmp(firth_last_failure()->step, "ecn") == 0);
        EXPECT_EQUAL(firth_datagram_socket_set_option(two->sender, FIRTH_OPTION_HOP_LIMIT, hop_limit), FIRTH_OK);
        return send_with(two, to, NULL);
    }
    control.hop_limit = hop_limit;
    control.ecn = ecn;
    return send_with(two, to, &control);
}

static bool has_ipv6(void)
{
    return support_backend_is("sim") || support_has_ipv6();
}

static int tells_everything(firth_scope *scope, const char *host)
{
    pair two;

    EXPECT_EQUAL(open_pair(scope, host, &two), FIRTH_OK);
    EXPECT_EQUAL(send_marked(&two, &two.to, 77, FIRTH_ECN_CE), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_EQUAL(two.control.hop_limit, 77);
    EXPECT_EQUAL(two.control.ecn, is_refused() ? FIRTH_ECN_NOT_ECT : FIRTH_ECN_CE);
    EXPECT(two.control.interface_index > 0);
    EXPECT_EQUAL(two.control.local.family, two.to.family);
    EXPECT_BYTES(two.control.local.ip, two.to.ip, 16);
    /* Each is overwritten by the next, and nothing that was set stays. */
    EXPECT_EQUAL(send_with(&two, &two.to, NULL), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_EQUAL(two.control.ecn, FIRTH_ECN_NOT_ECT);
    EXPECT_EQUAL(two.control.hop_limit, is_refused() ? 77 : 64);
    return FIRTH_OK;
}

TASK_TEST(control_tells_destination_interface_hop_limit_and_ecn_of_ipv4)
{
    return tells_everything(scope, "127.0.0.1");
}

TASK_TEST(control_tells_destination_interface_hop_limit_and_ecn_of_ipv6)
{
    return has_ipv6() ? tells_everything(scope, "::1") : FIRTH_OK;
}

TASK_TEST(control_tells_of_ipv4_on_a_socket_for_both)
{
    firth_address to;
    pair two;

    EXPECT_EQUAL(open_pair(scope, NULL, &two), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "127.0.0.1", two.to.port), FIRTH_OK);
    EXPECT_EQUAL(send_marked(&two, &to, 9, FIRTH_ECN_ECT_0), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_EQUAL(two.control.hop_limit, 9);
    EXPECT_EQUAL(two.control.ecn, is_refused() ? FIRTH_ECN_NOT_ECT : FIRTH_ECN_ECT_0);
    EXPECT_EQUAL(two.control.local.family, two.to.family);
    EXPECT_BYTES(two.control.local.ip + (two.to.family == FIRTH_FAMILY_IPV6 ? 12 : 0), to.ip, 4);
    return FIRTH_OK;
}

TASK_TEST(what_was_not_asked_for_is_not_told)
{
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    two.control.ecn = two.control.hop_limit = 5;
    two.control.interface_index = 5;
    two.control.local = two.to;
    EXPECT_EQUAL(firth_datagram_socket_set_option(two.receiver, FIRTH_OPTION_PACKET_INFO, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(two.receiver, FIRTH_OPTION_RECEIVE_HOP_LIMIT, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(two.receiver, FIRTH_OPTION_RECEIVE_ECN, 0), FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, NULL), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_EQUAL(two.control.ecn, -1);
    EXPECT_EQUAL(two.control.hop_limit, -1);
    EXPECT_EQUAL(two.control.interface_index, 0);
    EXPECT_EQUAL(two.control.local.family, FIRTH_FAMILY_NONE);
    return FIRTH_OK;
}

/* As an answer has it that hands the control of the question on. */
TASK_TEST(a_control_that_says_nothing_is_as_none)
{
    firth_datagram_control control = firth_datagram_control_none();
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_EQUAL(two.control.ecn, FIRTH_ECN_NOT_ECT);
    return FIRTH_OK;
}

/* All of 127.0.0.0/8 is this machine: a socket bound to any address can send from each. */
TASK_TEST_UNLESS(fault_seen(FAULT_IGNORES_CONTROL_DATA), source_address_is_chosen_by_the_control)
{
    firth_datagram_control control = firth_datagram_control_none();
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", &two.sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&control.local, "127.9.8.7", 0), FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_BYTES(two.from.ip, control.local.ip, 4);
    /* The same from a socket for both families. */
    EXPECT_EQUAL(sockets_open(scope, &udp, NULL, &two.sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_BYTES(two.from.ip, control.local.ip, 4);
    /* An answer as the datagram came: its local address is where it was sent to. */
    EXPECT_EQUAL(firth_address_make(&control.local, "192.0.2.1", 0), FIRTH_OK);
    EXPECT(send_with(&two, &two.to, &control) < 0);
    return FIRTH_OK;
}

TASK_TEST_UNLESS(fault_seen(FAULT_IGNORES_CONTROL_DATA), interface_is_chosen_by_the_control)
{
    firth_datagram_control control = firth_datagram_control_none();
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, NULL), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    control.interface_index = two.control.interface_index;
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    control.interface_index = 987654;
    EXPECT(send_with(&two, &two.to, &control) < 0);
    return FIRTH_OK;
}

/* The other bits of the octet are the socket's, whatever a datagram's ECN. */
TASK_TEST(ecn_leaves_the_traffic_class_alone)
{
    firth_datagram_control control = firth_datagram_control_none();
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    if (is_refused()) { /* docs/windows.md */
        EXPECT_EQUAL(firth_datagram_socket_set_option(two.sender, FIRTH_OPTION_TRAFFIC_CLASS, 0xb8),
                     FIRTH_ERR_NOT_SUPPORTED);
        EXPECT(strcmp(firth_last_failure()->step, "option traffic_class") == 0);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_datagram_socket_set_option(two.sender, FIRTH_OPTION_TRAFFIC_CLASS, 0xb8 | FIRTH_ECN_ECT_1),
                 FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, NULL), FIRTH_OK);
    EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
    EXPECT_EQUAL(two.control.ecn, FIRTH_ECN_ECT_1);
    for (int16_t ecn = 0; ecn <= 3; ecn++) {
        control.ecn = ecn;
        EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_OK);
        EXPECT_EQUAL(receive_with(&two), FIRTH_OK);
        EXPECT_EQUAL(two.control.ecn, ecn);
    }
    return FIRTH_OK;
}

TASK_TEST(control_out_of_range_is_an_argument_error)
{
    firth_datagram_control control = firth_datagram_control_none();
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    control.ecn = 4;
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_ERR_ARGUMENT);
    control = firth_datagram_control_none();
    control.hop_limit = 256;
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_ERR_ARGUMENT);
    control.hop_limit = -2;
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_ERR_ARGUMENT);
    control = firth_datagram_control_none();
    EXPECT_EQUAL(firth_address_make(&control.local, "::1", 0), FIRTH_OK);
    EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

/* RFC 1122 §3.2.1.7. Linux takes it of IPv6 and not of IPv4. */
TASK_TEST(hop_limit_zero_is_refused_by_name_whatever_the_family)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    firth_datagram_control control = firth_datagram_control_none();

    control.hop_limit = 0;
    for (int i = 0; i < 2; i++) {
        pair two;

        if (i == 1 && !support_has_ipv6())
            continue;
        EXPECT_EQUAL(open_pair(scope, hosts[i], &two), FIRTH_OK);
        EXPECT_EQUAL(send_with(&two, &two.to, &control), FIRTH_ERR_ARGUMENT);
        EXPECT(strcmp(firth_last_failure()->step, "control hop_limit") == 0);
        EXPECT_EQUAL(firth_datagram_socket_set_option(two.sender, FIRTH_OPTION_HOP_LIMIT, 0), FIRTH_ERR_ARGUMENT);
        EXPECT(strcmp(firth_last_failure()->step, "option hop_limit") == 0);
    }
    return FIRTH_OK;
}

TASK_TEST(truncation_is_told_with_a_control_too)
{
    char bytes[4];
    firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes};
    pair two;

    EXPECT_EQUAL(open_pair(scope, "127.0.0.1", &two), FIRTH_OK);
    got.control = &two.control;
    EXPECT_EQUAL(firth_send_to(two.sender, "abcdef", 6, &two.to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive(two.receiver, &got), 4);
    EXPECT(got.truncated);
    EXPECT(got.whole_size == 6 || got.whole_size == 0);
    EXPECT(two.control.interface_index > 0);
    EXPECT_EQUAL(firth_send_to(two.sender, NULL, 0, &two.to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive(two.receiver, &got), 0);
    EXPECT(!got.truncated);
    EXPECT_EQUAL(got.whole_size, 0);
    return FIRTH_OK;
}

TASK_TEST(broadcast_needs_the_option)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *without, *with;
    firth_address all;

    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", &without, &all), FIRTH_OK);
    /* 127.255.255.255 is the broadcast address of the loopback on Linux (RFC 922); the simulator has the one of all. */
    EXPECT_EQUAL(firth_address_make(&all, support_backend_is("sim") ? "255.255.255.255" : "127.255.255.255", all.port),
                 FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(without, "x", 1, &all), FIRTH_ERR_PERMISSION);
    udp.broadcast = true;
    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", &with, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(with, "to all", 6, &all), FIRTH_OK);
    return sockets_expect(without, "to all");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_tells_destination_interface_hop_limit_and_ecn_of_ipv4),
        cmocka_unit_test(control_tells_destination_interface_hop_limit_and_ecn_of_ipv6),
        cmocka_unit_test(control_tells_of_ipv4_on_a_socket_for_both),
        cmocka_unit_test(what_was_not_asked_for_is_not_told),
        cmocka_unit_test(a_control_that_says_nothing_is_as_none),
        cmocka_unit_test(source_address_is_chosen_by_the_control),
        cmocka_unit_test(interface_is_chosen_by_the_control),
        cmocka_unit_test(ecn_leaves_the_traffic_class_alone),
        cmocka_unit_test(hop_limit_zero_is_refused_by_name_whatever_the_family),
        cmocka_unit_test(control_out_of_range_is_an_argument_error),
        cmocka_unit_test(truncation_is_told_with_a_control_too),
        cmocka_unit_test(broadcast_needs_the_option),
    };

    return support_main(argc, argv, "control data of datagrams", tests, sizeof tests / sizeof tests[0]);
}
