/* SPDX-License-Identifier: Apache-2.0 */
/* Single datagrams: their bytes, sizes and ends. */
#include "tests/support/support.h"

enum { LARGEST = 65507 }; /* of IPv4: 65535 less the two headers (RFC 768, RFC 791) */

/* A socket on 127.0.0.1 that the scope owns, and its address. */
static int open_socket(firth_scope *scope, firth_datagram_socket **socket, firth_address *address)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    udp.receive_buffer_bytes = 200000;
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return firth_datagram_socket_local_address(*socket, address);
}

TASK_TEST(ten_datagrams_to_oneself_arrive_whole_and_in_order)
{
    firth_datagram_socket *socket;
    firth_address self, from;
    char bytes[64];

    EXPECT_EQUAL(open_socket(scope, &socket, &self), FIRTH_OK);
    EXPECT(self.port != 0);
    for (size_t i = 0; i < 10; i++) {
        support_fill(bytes, i + 1, i);
        EXPECT_EQUAL(firth_send_to(socket, bytes, i + 1, &self), FIRTH_OK);
    }
    for (size_t i = 0; i < 10; i++) {
        EXPECT_EQUAL(firth_receive_from(socket, bytes, sizeof bytes, &from), i + 1);
        EXPECT(support_is_filled(bytes, i + 1, i));
        EXPECT(firth_address_equal(&from, &self));
    }
    return FIRTH_OK;
}

TASK_TEST(four_datagrams_of_10000_bytes_are_intact)
{
    firth_datagram_socket *socket;
    firth_address self;
    char bytes[10000];

    EXPECT_EQUAL(open_socket(scope, &socket, &self), FIRTH_OK);
    for (uint64_t i = 0; i < 4; i++) {
        support_fill(bytes, sizeof bytes, i * 7);
        EXPECT_EQUAL(firth_send_to(socket, bytes, sizeof bytes, &self), FIRTH_OK);
    }
    for (uint64_t i = 0; i < 4; i++) {
        EXPECT_EQUAL(firth_receive_from(socket, bytes, sizeof bytes, NULL), sizeof bytes);
        EXPECT(support_is_filled(bytes, sizeof bytes, i * 7));
    }
    return FIRTH_OK;
}

TASK_TEST(largest_datagram_is_whole_and_one_byte_more_is_too_long)
{
    static char bytes[LARGEST + 1];
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(open_socket(scope, &socket, &self), FIRTH_OK);
    support_fill(bytes, sizeof bytes, 3);
    EXPECT_EQUAL(firth_send_to(socket, bytes, LARGEST + 1, &self), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_send_to(socket, bytes, LARGEST, &self), FIRTH_OK);
    memset(bytes, 0, sizeof bytes);
    EXPECT_EQUAL(firth_receive_from(socket, bytes, sizeof bytes, NULL), LARGEST);
    EXPECT(support_is_filled(bytes, LARGEST, 3));
    return FIRTH_OK;
}

TASK_TEST(empty_datagram_is_received_as_one)
{
    firth_datagram_socket *socket;
    firth_address self, from = {.family = FIRTH_FAMILY_NONE};
    char byte = 'x';

    EXPECT_EQUAL(open_socket(scope, &socket, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, NULL, 0, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "a", 1, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, &from), 0);
    EXPECT(firth_address_equal(&from, &self));
    EXPECT_EQUAL(byte, 'x');
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, NULL), 1);
    EXPECT_EQUAL(byte, 'a');
    return FIRTH_OK;
}

TASK_TEST(truncation_is_a_flag_on_a_successful_receive)
{
    firth_datagram_socket *socket;
    char bytes[8] = "--------";
    firth_datagram got = {.bytes = bytes, .capacity = 4};
    firth_address self;

    EXPECT_EQUAL(open_socket(scope, &socket, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "abcdefg", 7, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "hijk", 4, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_receive(socket, &got), 4);
    EXPECT(got.truncated);
    EXPECT_EQUAL(got.size, 4);
    EXPECT(got.whole_size == 7 || got.whole_size == 0);
    EXPECT_BYTES(bytes, "abcd----", 8);
    EXPECT_EQUAL(firth_receive(socket, &got), 4);
    EXPECT(!got.truncated);
    EXPECT_EQUAL(got.whole_size, 4);
    EXPECT_BYTES(bytes, "hijk----", 8);
    return FIRTH_OK;
}

static int receive_one(firth_scope *scope, void *argument)
{
    char bytes[16];

    (void)scope;
    EXPECT_EQUAL(firth_receive_from(argument, bytes, sizeof bytes, NULL), 5);
    EXPECT_BYTES(bytes, "hello", 5);
    return FIRTH_OK;
}

TASK_TEST(receive_waits_for_the_datagram)
{
    firth_datagram_socket *a, *b;
    firth_address to_a, to_b;

    EXPECT_EQUAL(open_socket(scope, &a, &to_a), FIRTH_OK);
    EXPECT_EQUAL(open_socket(scope, &b, &to_b), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, receive_one, a, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(b, "hello", 5, &to_a), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_datagrams_to_oneself_arrive_whole_and_in_order),
        cmocka_unit_test(four_datagrams_of_10000_bytes_are_intact),
        cmocka_unit_test(largest_datagram_is_whole_and_one_byte_more_is_too_long),
        cmocka_unit_test(empty_datagram_is_received_as_one),
        cmocka_unit_test(truncation_is_a_flag_on_a_successful_receive),
        cmocka_unit_test(receive_waits_for_the_datagram),
    };

    return support_main(argc, argv, "datagrams", tests, sizeof tests / sizeof tests[0]);
}
