/* SPDX-License-Identifier: Apache-2.0 */
/* Two sockets connected in memory behave as two of the system's do. */
#include "tests/tcp/peers.h"

static int open_pair(firth_scope *scope, firth_socket **a, firth_socket **b)
{
    firth_socket *pair[2];
    int rc = firth_socket_pair(firth_scope_selector(scope), pair);

    *a = pair[0];
    *b = pair[1];
    return rc;
}

TASK_TEST(a_pair_uses_no_descriptor_and_has_no_addresses)
{
    size_t before = support_descriptors_open();
    firth_socket *a, *b;
    firth_address address;
    intptr_t descriptor;

    EXPECT_EQUAL(open_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(support_descriptors_open(), before);
    EXPECT_EQUAL(firth_socket_local_address(a, &address), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_socket_release(a, &descriptor), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_socket_descriptor(a), -1);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(what_goes_in_at_one_end_of_a_pair_comes_out_at_the_other_in_both_directions)
{
    peers_stream there, back;
    firth_scope senders;
    firth_socket *a, *b;

    EXPECT_EQUAL(open_pair(scope, &a, &b), FIRTH_OK);
    there = (peers_stream){.socket = a, .size = 1000003};
    back = (peers_stream){.socket = b, .size = 500001};
    firth_scope_open(&senders, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&senders, peers_send_stream, &there, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&senders, peers_send_stream, &back, NULL), FIRTH_OK);
    EXPECT_EQUAL(peers_check_stream(b, there.size), FIRTH_OK);
    EXPECT_EQUAL(peers_check_stream(a, back.size), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&senders, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(the_last_bytes_of_a_closed_end_are_still_read_by_the_other)
{
    firth_socket *a, *b;
    uint8_t bytes[1000];

    EXPECT_EQUAL(open_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, b);
    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(firth_write(firth_socket_output(a), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "nobody"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(b)), FIRTH_ERR_RESET);
    return peers_check_stream(b, sizeof bytes);
}

TASK_TEST(an_aborted_end_of_a_pair_resets_the_other)
{
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(open_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "lost"), FIRTH_OK);
    firth_socket_abort(a);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(closing_one_end_of_a_pair_wakes_who_waits_on_either)
{
    peers_attempt near = {0}, far = {0}, writing = {0};
    firth_scope children;

    EXPECT_EQUAL(open_pair(scope, &near.socket, &far.socket), FIRTH_OK);
    writing.socket = far.socket;
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &near, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &far, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(!far.ended && !writing.ended);
    EXPECT_EQUAL(firth_socket_close(near.socket), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(far.result, FIRTH_EOF);
    EXPECT_EQUAL(writing.result, FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_socket_close(far.socket), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

TASK_TEST(an_idle_timeout_holds_on_a_pair_too)
{
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(open_pair(scope, &a, &b), FIRTH_OK);
    firth_socket_set_idle(a, 20, 0);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), 1);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_uses_no_descriptor_and_has_no_addresses),
        cmocka_unit_test(what_goes_in_at_one_end_of_a_pair_comes_out_at_the_other_in_both_directions),
        cmocka_unit_test(the_last_bytes_of_a_closed_end_are_still_read_by_the_other),
        cmocka_unit_test(an_aborted_end_of_a_pair_resets_the_other),
        cmocka_unit_test(closing_one_end_of_a_pair_wakes_who_waits_on_either),
        cmocka_unit_test(an_idle_timeout_holds_on_a_pair_too),
    };

    return support_main(argc, argv, "pair", tests, sizeof tests / sizeof *tests);
}
