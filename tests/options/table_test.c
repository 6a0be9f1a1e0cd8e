/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the table, on every kind of socket: what has it, what it is at first, what it takes. What the kernel says
 * of it is in kernel_test.c. */
#include "tests/options/subjects.h"

#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>

TASK_TEST(an_option_that_a_socket_has_not_is_refused_by_name)
{
    int refused = 0;

    EXPECT_EQUAL(subjects_open(scope), FIRTH_OK);
    for (int i = 0; i < FIRTH_OPTION_COUNT_; i++) {
        EXPECT(strcmp(firth_option_name((firth_option)i), subjects_name((firth_option)i)) == 0);
        for (int of = 0; of < KINDS; of++) {
            int value = 1, rc;

            if (!subjects_has((subject_kind)of) ||
                subjects_default((subject_kind)of, (firth_option)i) != FIRTH_DEFAULT_NONE)
                continue;
            rc = subjects_get((subject_kind)of, (firth_option)i, &value);
            EXPECT_EQUAL(rc, FIRTH_ERR_NOT_SUPPORTED);
            EXPECT(subjects_named(subjects_name((firth_option)i)));
            EXPECT_EQUAL(subjects_set((subject_kind)of, (firth_option)i, subjects_least((firth_option)i)),
                         FIRTH_ERR_NOT_SUPPORTED);
            EXPECT(subjects_named(subjects_name((firth_option)i)));
            refused++;
        }
    }
    EXPECT(refused > 20);
    return FIRTH_OK;
}

TASK_TEST(a_value_out_of_range_is_an_argument_error_that_names_the_option)
{
    EXPECT_EQUAL(subjects_open(scope), FIRTH_OK);
    for (int i = 0; i < FIRTH_OPTION_COUNT_; i++)
        for (int of = 0; of < KINDS; of++) {
            bool is_read_alone = subjects_least((firth_option)i) > subjects_most((firth_option)i);
            int expected = is_read_alone ? FIRTH_ERR_NOT_SUPPORTED : FIRTH_ERR_ARGUMENT;

            if (!subjects_has((subject_kind)of) ||
                subjects_default((subject_kind)of, (firth_option)i) == FIRTH_DEFAULT_NONE)
                continue;
            EXPECT_EQUAL(subjects_set((subject_kind)of, (firth_option)i, subjects_least((firth_option)i) - 1),
                         expected);
            EXPECT(subjects_named(subjects_name((firth_option)i)));
            if (subjects_most((firth_option)i) < INT_MAX) {
                EXPECT_EQUAL(subjects_set((subject_kind)of, (firth_option)i, subjects_most((firth_option)i) + 1),
                             expected);
                EXPECT(subjects_named(subjects_name((firth_option)i)));
            }
        }
    return FIRTH_OK;
}

TASK_TEST(a_number_that_is_no_option_is_an_argument_error)
{
    static const int numbers[] = {FIRTH_OPTION_COUNT_, 999, -1, INT_MIN, INT_MAX};

    EXPECT_EQUAL(subjects_open(scope), FIRTH_OK);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int of = 0; of < KINDS; of++) {
            int value = 0;

            if (!subjects_has((subject_kind)of))
                continue;
            EXPECT_EQUAL(subjects_get((subject_kind)of, (firth_option)numbers[i], &value), FIRTH_ERR_ARGUMENT);
            EXPECT_EQUAL(subjects_set((subject_kind)of, (firth_option)numbers[i], 1), FIRTH_ERR_ARGUMENT);
        }
    EXPECT(strcmp(firth_option_name(FIRTH_OPTION_COUNT_), "?") == 0);
    return FIRTH_OK;
}

/* The builders' defaults are those of the table. Connected sockets need no reuse_address, and ipv6_only is no option of an
 * IPv4 socket. */
TASK_TEST(an_option_is_at_first_what_the_table_says)
{
    int compared = 0;

    EXPECT_EQUAL(subjects_open(scope), FIRTH_OK);
    for (int i = 0; i < FIRTH_OPTION_COUNT_; i++)
        for (int of = 0; of < KINDS; of++) {
            int expected = subjects_default((subject_kind)of, (firth_option)i), value = -1, rc;

            if (!subjects_has((subject_kind)of) || expected < 0 || i == FIRTH_OPTION_REUSE_ADDRESS)
                continue;
            rc = subjects_get((subject_kind)of, (firth_option)i, &value);
            if (rc == FIRTH_ERR_NOT_SUPPORTED && subjects_named(subjects_name((firth_option)i)) &&
                (i == FIRTH_OPTION_IPV6_ONLY || support_backend_is("sim") || support_backend_is("iocp") ||
                 support_backend_is("lwip")))
                continue;
            EXPECT_EQUAL(rc, FIRTH_OK);
            EXPECT_EQUAL(value, expected);
            compared++;
        }
    EXPECT(compared >= 12);
    return FIRTH_OK;
}

/* Not on a socket that is bound, says ipv6(7), so it is the builders' alone. One that is bound to an address of IPv6's
 * own takes no IPv4 anyway, and Linux says so. */
TASK_TEST(ipv6_only_is_what_the_builder_says)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    for (int wanted = 0; wanted <= 1 && subjects_has(TCP_IPV6); wanted++) {
        firth_datagram_socket *socket;
        firth_server *server;
        int value = -1, told = 0; /* Wine fills in a byte of it */
        socklen_t size = sizeof told;

        tcp.ipv6_only = udp.ipv6_only = wanted != 0;
        EXPECT_EQUAL(firth_tcp_bind(&tcp, "::", 0, &server), FIRTH_OK);
        firth_scope_own_server(scope, server);
        EXPECT_EQUAL(firth_server_get_option(server, FIRTH_OPTION_IPV6_ONLY, &value), FIRTH_OK);
        EXPECT_EQUAL(value, wanted);
        EXPECT_EQUAL(firth_udp_bind(&udp, "::", 0, &socket), FIRTH_OK);
        firth_scope_own_datagram_socket(scope, socket);
        EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_IPV6_ONLY, &value), FIRTH_OK);
        EXPECT_EQUAL(value, wanted);
        EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_IPV6_ONLY, 1 - wanted), FIRTH_ERR_ARGUMENT);
        if (support_backend_is("sim") || support_backend_is("lwip")) /* nothing of the system's is below */
            continue;
        EXPECT_EQUAL(getsockopt((int)firth_datagram_socket_descriptor(socket), IPPROTO_IPV6, IPV6_V6ONLY, &told, &size),
                     0);
        EXPECT_EQUAL(told, wanted);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_that_a_socket_has_not_is_refused_by_name),
        cmocka_unit_test(a_value_out_of_range_is_an_argument_error_that_names_the_option),
        cmocka_unit_test(a_number_that_is_no_option_is_an_argument_error),
        cmocka_unit_test(an_option_is_at_first_what_the_table_says),
        cmocka_unit_test(ipv6_only_is_what_the_builder_says),
    };

    return support_main(argc, argv, "option table", tests, sizeof tests / sizeof *tests);
}
