/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the table, on every kind of socket: what has it, what it is at first, what it takes, and what the kernel
 * says when it is asked behind Firth's back. */
#include "tests/support/skip.h"
#include "tests/support/support.h"

#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <sys/socket.h>

typedef struct row {
    const char *name;
    int least, most;
    int defaults[3];
} row;

static const row rows[] = {
#define ROW(NAME, name, least, most, unit, tcp, udp, local, what) {#name, least, most, {tcp, udp, local}},
    FIRTH_OPTIONS(ROW)
#undef ROW
};

/* A socket of each kind, with the calls for it. */
typedef enum kind { TCP, TCP_IPV6, UDP, UDP_IPV6, UNIX, KINDS } kind;
static const int column_of[KINDS] = {0, 0, 1, 1, 2};

static struct subject {
    firth_socket *stream;
    firth_datagram_socket *udp;
} subjects[KINDS];

static int get_option(kind of, firth_option option, int *value)
{
    return column_of[of] != 1 ? firth_socket_get_option(subjects[of].stream, option, value)
                              : firth_datagram_socket_get_option(subjects[of].udp, option, value);
}

static int set_option(kind of, firth_option option, int value)
{
    return column_of[of] != 1 ? firth_socket_set_option(subjects[of].stream, option, value)
                              : firth_datagram_socket_set_option(subjects[of].udp, option, value);
}

static int descriptor_of(kind of)
{
    return (int)(column_of[of] != 1 ? firth_socket_descriptor(subjects[of].stream)
                                    : firth_datagram_socket_descriptor(subjects[of].udp));
}

/* The system has it, so that a failure to open is one. */
static bool has(kind of)
{
    if (of == UNIX)
        return !support_backend_is("sim");
    return of == TCP || of == UDP || support_backend_is("sim") || support_has_ipv6();
}

static int open_tcp(firth_scope *scope, kind of, const char *ip)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *accepted;
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, ip, 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, ip, firth_server_address(server)->port, &subjects[of].stream), FIRTH_OK);
    firth_scope_own_socket(scope, subjects[of].stream);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    return FIRTH_OK;
}

static int open_udp(firth_scope *scope, kind of, const char *ip)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *peer;
    firth_address address;

    EXPECT_EQUAL(firth_udp_bind(&udp, ip, 0, &peer), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, peer);
    EXPECT_EQUAL(firth_datagram_socket_local_address(peer, &address), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &address, &subjects[of].udp), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, subjects[of].udp);
    return FIRTH_OK;
}

static int open_unix(firth_scope *scope)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *peer;
    int ends[2];

    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQUAL(firth_unix_adopt(&builder, ends[0], &subjects[UNIX].stream), FIRTH_OK);
    firth_scope_own_socket(scope, subjects[UNIX].stream);
    EXPECT_EQUAL(firth_unix_adopt(&builder, ends[1], &peer), FIRTH_OK);
    firth_scope_own_socket(scope, peer);
    return FIRTH_OK;
}

static int open_all(firth_scope *scope)
{
    if (has(UNIX))
        EXPECT_EQUAL(open_unix(scope), FIRTH_OK);
    EXPECT_EQUAL(open_tcp(scope, TCP, "127.0.0.1"), FIRTH_OK);
    EXPECT_EQUAL(open_udp(scope, UDP, "127.0.0.1"), FIRTH_OK);
    if (has(TCP_IPV6)) {
        EXPECT_EQUAL(open_tcp(scope, TCP_IPV6, "::1"), FIRTH_OK);
        EXPECT_EQUAL(open_udp(scope, UDP_IPV6, "::1"), FIRTH_OK);
    }
    return FIRTH_OK;
}

static bool is_named(const char *name)
{
    const char *step = firth_last_failure()->step;

    return strncmp(step, "option ", 7) == 0 && strcmp(step + 7, name) == 0;
}

/* ---- what has it --------------------------------------------------------------------------------------------------- */

TASK_TEST(an_option_that_a_socket_has_not_is_refused_by_name)
{
    int refused = 0;

    EXPECT_EQUAL(open_all(scope), FIRTH_OK);
    for (int i = 0; i < FIRTH_OPTION_COUNT_; i++) {
        EXPECT(strcmp(firth_option_name((firth_option)i), rows[i].name) == 0);
        for (int of = 0; of < KINDS; of++) {
            int value = 1, rc;

            if (!has((kind)of) || rows[i].defaults[column_of[of]] != FIRTH_DEFAULT_NONE)
                continue;
            rc = get_option((kind)of, (firth_option)i, &value);
            EXPECT_EQUAL(rc, FIRTH_ERR_NOT_SUPPORTED);
            EXPECT(is_named(rows[i].name));
            EXPECT_EQUAL(set_option((kind)of, (firth_option)i, rows[i].least), FIRTH_ERR_NOT_SUPPORTED);
            EXPECT(is_named(rows[i].name));
            refused++;
        }
    }
    EXPECT(refused > 20);
    return FIRTH_OK;
}

TASK_TEST(a_value_out_of_range_is_an_argument_error_that_names_the_option)
{
    EXPECT_EQUAL(open_all(scope), FIRTH_OK);
    for (int i = 0; i < FIRTH_OPTION_COUNT_; i++)
        for (int of = 0; of < KINDS; of++) {
            bool is_read_alone = rows[i].least > rows[i].most;
            int expected = is_read_alone ? FIRTH_ERR_NOT_SUPPORTED : FIRTH_ERR_ARGUMENT;

            if (!has((kind)of) || rows[i].defaults[column_of[of]] == FIRTH_DEFAULT_NONE)
                continue;
            EXPECT_EQUAL(set_option((kind)of, (firth_option)i, rows[i].least - 1), expected);
            EXPECT(is_named(rows[i].name));
            if (rows[i].most < INT_MAX) {
                EXPECT_EQUAL(set_option((kind)of, (firth_option)i, rows[i].most + 1), expected);
                EXPECT(is_named(rows[i].name));
            }
        }
    return FIRTH_OK;
}

TASK_TEST(a_number_that_is_no_option_is_an_argument_error)
{
    static const int numbers[] = {FIRTH_OPTION_COUNT_, 999, -1, INT_MIN, INT_MAX};

    EXPECT_EQUAL(open_all(scope), FIRTH_OK);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int of = 0; of < KINDS; of++) {
            int value = 0;

            if (!has((kind)of))
                continue;
            EXPECT_EQUAL(get_option((kind)of, (firth_option)numbers[i], &value), FIRTH_ERR_ARGUMENT);
            EXPECT_EQUAL(set_option((kind)of, (firth_option)numbers[i], 1), FIRTH_ERR_ARGUMENT);
        }
    EXPECT(strcmp(firth_option_name(FIRTH_OPTION_COUNT_), "?") == 0);
    return FIRTH_OK;
}

/* The builders' defaults are those of the table. Connected sockets need no reuse_address, and ipv6_only is no option of an
 * IPv4 socket. */
TASK_TEST(an_option_is_at_first_what_the_table_says)
{
    int compared = 0;

    EXPECT_EQUAL(open_all(scope), FIRTH_OK);
    for (int i = 0; i < FIRTH_OPTION_COUNT_; i++)
        for (int of = 0; of < KINDS; of++) {
            int expected = rows[i].defaults[column_of[of]], value = -1, rc;

            if (!has((kind)of) || expected < 0 || i == FIRTH_OPTION_REUSE_ADDRESS)
                continue;
            rc = get_option((kind)of, (firth_option)i, &value);
            if (rc == FIRTH_ERR_NOT_SUPPORTED && is_named(rows[i].name) &&
                (i == FIRTH_OPTION_IPV6_ONLY || support_backend_is("sim")))
                continue;
            EXPECT_EQUAL(rc, FIRTH_OK);
            EXPECT_EQUAL(value, expected);
            compared++;
        }
    EXPECT(compared >= 12);
    return FIRTH_OK;
}

/* ---- what the kernel says ------------------------------------------------------------------------------------------ */

/* Written down once more, from the manual pages: an independent opinion of the backend's own table. */
typedef struct native {
    firth_option option;
    int level, name, level_6, name_6;
    int values[2];
    int told[2]; /* by getsockopt */
} native;

#define SWITCH(option, level, name)                                                                                    \
    {                                                                                                                  \
        option, level, name, level, name, {1, 0},                                                                      \
        {                                                                                                              \
            1, 0                                                                                                       \
        }                                                                                                              \
    }
#define EACH(option, name, name_6, a, b)                                                                               \
    {                                                                                                                  \
        option, IPPROTO_IP, name, IPPROTO_IPV6, name_6, {a, b},                                                        \
        {                                                                                                              \
            a, b                                                                                                       \
        }                                                                                                              \
    }

static const native natives[] = {
    SWITCH(FIRTH_OPTION_REUSE_ADDRESS, SOL_SOCKET, SO_REUSEADDR),
    SWITCH(FIRTH_OPTION_REUSE_PORT, SOL_SOCKET, SO_REUSEPORT),
    SWITCH(FIRTH_OPTION_NO_DELAY, IPPROTO_TCP, TCP_NODELAY),
    SWITCH(FIRTH_OPTION_KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE),
    {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPIDLE, IPPROTO_TCP, TCP_KEEPIDLE, {77, 1}, {77, 1}},
    {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, IPPROTO_TCP, TCP_KEEPINTVL, IPPROTO_TCP, TCP_KEEPINTVL, {13, 1}, {13, 1}},
    {FIRTH_OPTION_KEEP_ALIVE_COUNT, IPPROTO_TCP, TCP_KEEPCNT, IPPROTO_TCP, TCP_KEEPCNT, {5, 1}, {5, 1}},
    {FIRTH_OPTION_SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF, SOL_SOCKET, SO_SNDBUF, {30000, 20000}, {60000, 40000}},
    {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF, SOL_SOCKET, SO_RCVBUF, {30000, 20000}, {60000, 40000}},
    EACH(FIRTH_OPTION_TRAFFIC_CLASS, IP_TOS, IPV6_TCLASS, 0xb8, 0x20),
    SWITCH(FIRTH_OPTION_BROADCAST, SOL_SOCKET, SO_BROADCAST),
    {FIRTH_OPTION_DONT_FRAGMENT,
     IPPROTO_IP,
     IP_MTU_DISCOVER,
     IPPROTO_IPV6,
     IPV6_MTU_DISCOVER,
     {1, 0},
     {IP_PMTUDISC_DO, IP_PMTUDISC_DONT}},
    EACH(FIRTH_OPTION_PACKET_INFO, IP_PKTINFO, IPV6_RECVPKTINFO, 1, 0),
    EACH(FIRTH_OPTION_RECEIVE_HOP_LIMIT, IP_RECVTTL, IPV6_RECVHOPLIMIT, 1, 0),
    EACH(FIRTH_OPTION_RECEIVE_ECN, IP_RECVTOS, IPV6_RECVTCLASS, 1, 0),
    SWITCH(FIRTH_OPTION_COALESCE, IPPROTO_UDP, UDP_GRO),
    EACH(FIRTH_OPTION_HOP_LIMIT, IP_TTL, IPV6_UNICAST_HOPS, 7, 255),
    EACH(FIRTH_OPTION_MULTICAST_LOOP, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, 0, 1),
    EACH(FIRTH_OPTION_MULTICAST_HOP_LIMIT, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, 0, 255),
};

static int told_by_kernel(kind of, const native *one)
{
    bool six = of == TCP_IPV6 || of == UDP_IPV6;
    int value = INT_MIN;
    socklen_t size = sizeof value;

    if (getsockopt(descriptor_of(of), six ? one->level_6 : one->level, six ? one->name_6 : one->name, &value, &size) !=
        0)
        return INT_MIN;
    return value;
}

static int set_and_ask(kind of, const native *one, int i)
{
    int value = -1;

    EXPECT_EQUAL(set_option(of, one->option, one->values[i]), FIRTH_OK);
    EXPECT_EQUAL(told_by_kernel(of, one), one->told[i]);
    EXPECT_EQUAL(get_option(of, one->option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, one->values[i]);
    return FIRTH_OK;
}

TASK_TEST(what_is_set_the_kernel_has)
{
    EXPECT_EQUAL(open_all(scope), FIRTH_OK);
    for (size_t i = 0; i < sizeof natives / sizeof *natives; i++)
        for (int of = 0; of < KINDS; of++) {
            if (!has((kind)of) || rows[natives[i].option].defaults[column_of[of]] == FIRTH_DEFAULT_NONE)
                continue;
            for (int j = 0; j < 4; j++)
                if (set_and_ask((kind)of, &natives[i], j % 2) < 0)
                    return support_failed(__FILE__, __LINE__, firth_option_name(natives[i].option));
        }
    return FIRTH_OK;
}

/* Those that have a way of their own; with them every option of the table was asked for. */
TASK_TEST(the_rest_of_the_table_is_what_the_kernel_has)
{
    static const firth_option rest[] = {FIRTH_OPTION_IPV6_ONLY, FIRTH_OPTION_MULTICAST_INTERFACE,
                                        FIRTH_OPTION_PATH_MTU_BYTES, FIRTH_OPTION_RECEIVE_DROPS};
    int loopback = (int)if_nametoindex("lo"), value = -1;
    native only = {FIRTH_OPTION_IPV6_ONLY, IPPROTO_IPV6, IPV6_V6ONLY, IPPROTO_IPV6, IPV6_V6ONLY, {0}, {0}};
    native leaving = EACH(FIRTH_OPTION_MULTICAST_INTERFACE, IP_MULTICAST_IF, IPV6_MULTICAST_IF, 0, 0);
    native mtu = EACH(FIRTH_OPTION_PATH_MTU_BYTES, IP_MTU, IPV6_MTU, 0, 0);

    EXPECT_EQUAL(sizeof natives / sizeof *natives + sizeof rest / sizeof *rest, FIRTH_OPTION_COUNT_);
    EXPECT_EQUAL(open_all(scope), FIRTH_OK);
    for (int of = UDP; of <= UDP_IPV6 && has((kind)of); of++) {
        EXPECT_EQUAL(get_option((kind)of, FIRTH_OPTION_PATH_MTU_BYTES, &value), FIRTH_OK);
        EXPECT_EQUAL(value, told_by_kernel((kind)of, &mtu));
        EXPECT_EQUAL(get_option((kind)of, FIRTH_OPTION_RECEIVE_DROPS, &value), FIRTH_OK);
        EXPECT_EQUAL(value, 0);
        EXPECT(loopback > 0);
        EXPECT_EQUAL(set_option((kind)of, FIRTH_OPTION_MULTICAST_INTERFACE, loopback), FIRTH_OK);
    }
    EXPECT_EQUAL(get_option(UDP, FIRTH_OPTION_MULTICAST_INTERFACE, &value), FIRTH_OK);
    EXPECT_EQUAL(value, loopback);
    if (!has(UDP_IPV6))
        return FIRTH_OK;
    EXPECT_EQUAL(told_by_kernel(UDP_IPV6, &leaving), loopback);
    EXPECT_EQUAL(get_option(UDP_IPV6, FIRTH_OPTION_MULTICAST_INTERFACE, &value), FIRTH_OK);
    EXPECT_EQUAL(value, loopback);
    EXPECT_EQUAL(get_option(UDP_IPV6, FIRTH_OPTION_IPV6_ONLY, &value), FIRTH_OK);
    EXPECT_EQUAL(value, told_by_kernel(UDP_IPV6, &only));
    return FIRTH_OK;
}

/* Not on a socket that is bound, says ipv6(7), so it is the builders' alone. One that is bound to an address of IPv6's
 * own takes no IPv4 anyway, and Linux says so. */
TASK_TEST(ipv6_only_is_what_the_builder_says)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    for (int wanted = 0; wanted <= 1 && has(TCP_IPV6); wanted++) {
        firth_datagram_socket *socket;
        firth_server *server;
        int value = -1, told = -1;
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
        if (support_backend_is("sim"))
            continue;
        EXPECT_EQUAL(getsockopt((int)firth_datagram_socket_descriptor(socket), IPPROTO_IPV6, IPV6_V6ONLY, &told, &size),
                     0);
        EXPECT_EQUAL(told, wanted);
    }
    return FIRTH_OK;
}

static void of_the_kernel_alone(void (*test)(void **state), void **state)
{
    if (support_backend_is("sim"))
        SKIP("the simulator's options are no kernel's");
    test(state);
}

static void every_option_that_is_set_the_kernel_has(void **state)
{
    of_the_kernel_alone(what_is_set_the_kernel_has, state);
}

static void options_that_have_a_way_of_their_own_the_kernel_has_too(void **state)
{
    of_the_kernel_alone(the_rest_of_the_table_is_what_the_kernel_has, state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_that_a_socket_has_not_is_refused_by_name),
        cmocka_unit_test(a_value_out_of_range_is_an_argument_error_that_names_the_option),
        cmocka_unit_test(a_number_that_is_no_option_is_an_argument_error),
        cmocka_unit_test(an_option_is_at_first_what_the_table_says),
        cmocka_unit_test(every_option_that_is_set_the_kernel_has),
        cmocka_unit_test(options_that_have_a_way_of_their_own_the_kernel_has_too),
        cmocka_unit_test(ipv6_only_is_what_the_builder_says),
    };

    return support_main(argc, argv, "option table", tests, sizeof tests / sizeof *tests);
}
