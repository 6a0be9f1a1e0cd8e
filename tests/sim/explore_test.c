/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of op, in every order of submit, progress, completion, cancel, deadline, close and the peer's end or reset:
 * it ends once, no byte or datagram is lost or doubled, and the backend lets go of it. */
#include "tests/sim/explore.h"

#define EXPLORE(test, kind)                                                                                            \
    static void test##_ends_once(void **state)                                                                         \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_int_equal(explore(kind, false), FIRTH_OK);                                                              \
    }                                                                                                                  \
    static void test##_cancelled_late_ends_once(void **state)                                                          \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_int_equal(explore(kind, true), FIRTH_OK);                                                               \
    }

EXPLORE(a_wait_for_bytes, &explored_streams[0])
EXPLORE(a_receive, &explored_streams[1])
EXPLORE(a_send, &explored_streams[2])
EXPLORE(a_send_in_the_background, &explored_streams[3])
EXPLORE(a_wait_for_room, &explored_streams[4])
EXPLORE(an_accept, &explored_handshakes[0])
EXPLORE(a_connect, &explored_handshakes[1])
EXPLORE(a_receive_of_a_datagram, &explored_datagrams[0])
EXPLORE(a_receive_of_several_datagrams, &explored_datagrams[1])
EXPLORE(a_send_of_a_datagram, &explored_datagrams[2])
EXPLORE(a_send_of_several_datagrams, &explored_datagrams[3])

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_for_bytes_ends_once),
        cmocka_unit_test(a_wait_for_bytes_cancelled_late_ends_once),
        cmocka_unit_test(a_receive_ends_once),
        cmocka_unit_test(a_receive_cancelled_late_ends_once),
        cmocka_unit_test(a_send_ends_once),
        cmocka_unit_test(a_send_cancelled_late_ends_once),
        cmocka_unit_test(a_send_in_the_background_ends_once),
        cmocka_unit_test(a_send_in_the_background_cancelled_late_ends_once),
        cmocka_unit_test(a_wait_for_room_ends_once),
        cmocka_unit_test(a_wait_for_room_cancelled_late_ends_once),
        cmocka_unit_test(an_accept_ends_once),
        cmocka_unit_test(an_accept_cancelled_late_ends_once),
        cmocka_unit_test(a_connect_ends_once),
        cmocka_unit_test(a_connect_cancelled_late_ends_once),
        cmocka_unit_test(a_receive_of_a_datagram_ends_once),
        cmocka_unit_test(a_receive_of_a_datagram_cancelled_late_ends_once),
        cmocka_unit_test(a_receive_of_several_datagrams_ends_once),
        cmocka_unit_test(a_receive_of_several_datagrams_cancelled_late_ends_once),
        cmocka_unit_test(a_send_of_a_datagram_ends_once),
        cmocka_unit_test(a_send_of_a_datagram_cancelled_late_ends_once),
        cmocka_unit_test(a_send_of_several_datagrams_ends_once),
        cmocka_unit_test(a_send_of_several_datagrams_cancelled_late_ends_once),
    };

    return support_main(argc, argv, "explored", tests, sizeof tests / sizeof tests[0]);
}
