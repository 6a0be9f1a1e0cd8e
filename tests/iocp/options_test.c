/* SPDX-License-Identifier: Apache-2.0 */
/* Windows's column of docs/options.md: every option that stands there is set, and the system, asked behind Firth's back, has it;
 * every other is refused by name. An option that the system itself does not know, as Wine some, is refused by name too. */
#include <winsock2.h>

#include <mstcpip.h>
#include <ws2tcpip.h>

#include "backends/iocp/options.h"
#include "tests/options/rows.h"
#include "tests/support/support.h"

typedef struct native_name {
    int level, name;
    bool exists;
} native_name;

#define NAME(OPTION, level, name) [FIRTH_OPTION_##OPTION] = {level, name, true},
static const native_name names[FIRTH_OPTION_COUNT_] = {FTH_WINDOWS_OPTIONS(NAME)};
static const native_name ipv6_names[FIRTH_OPTION_COUNT_] = {FTH_WINDOWS_IPV6_OPTIONS(NAME)};
#undef NAME

/* ---- keep-alive where its times go together ------------------------------------------------------------------------- */

typedef int(WSAAPI *ioctl_function)(SOCKET, DWORD, void *, DWORD, void *, DWORD, DWORD *, OVERLAPPED *,
                                    LPWSAOVERLAPPED_COMPLETION_ROUTINE);
extern const ioctl_function __real___imp_WSAIoctl, __wrap___imp_WSAIoctl;

static struct tcp_keepalive told;

static int WSAAPI see_ioctl(SOCKET socket, DWORD code, void *in, DWORD in_bytes, void *out, DWORD out_bytes,
                            DWORD *returned, OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (code == SIO_KEEPALIVE_VALS)
        memcpy(&told, in, sizeof told);
    return __real___imp_WSAIoctl(socket, code, in, in_bytes, out, out_bytes, returned, overlapped, routine);
}

const ioctl_function __wrap___imp_WSAIoctl = see_ioctl;

/* ---- sockets of each kind --------------------------------------------------------------------------------------------- */

typedef enum kind { TCP, TCP_IPV6, UDP, UDP_IPV6, KINDS } kind;

typedef struct subject {
    firth_socket *stream;
    firth_datagram_socket *datagrams;
    SOCKET native;
    SOCKET foreign; /* one that Firth has nothing to do with */
    bool ipv6;
} subject;

static int open_subject(firth_scope *scope, kind of, subject *to)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_server *server;

    memset(to, 0, sizeof *to);
    to->ipv6 = of == TCP_IPV6 || of == UDP_IPV6;
    if (of == UDP || of == UDP_IPV6) {
        EXPECT_EQUAL(firth_udp_bind(&udp, to->ipv6 ? "::1" : "127.0.0.1", 0, &to->datagrams), FIRTH_OK);
        firth_scope_own_datagram_socket(scope, to->datagrams);
        to->native = (SOCKET)firth_datagram_socket_descriptor(to->datagrams);
        to->foreign = socket(to->ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    } else {
        const char *ip = to->ipv6 ? "::1" : "127.0.0.1";

        EXPECT_EQUAL(firth_tcp_bind(&tcp, ip, 0, &server), FIRTH_OK);
        firth_scope_own_server(scope, server);
        EXPECT_EQUAL(firth_tcp_connect(&tcp, ip, firth_server_address(server)->port, &to->stream), FIRTH_OK);
        firth_scope_own_socket(scope, to->stream);
        to->native = (SOCKET)firth_socket_descriptor(to->stream);
        to->foreign = socket(to->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    }
    EXPECT(to->foreign != INVALID_SOCKET);
    return FIRTH_OK;
}

static int set_option(const subject *of, firth_option option, int value)
{
    return of->stream != NULL ? firth_socket_set_option(of->stream, option, value)
                              : firth_datagram_socket_set_option(of->datagrams, option, value);
}

static int get_option(const subject *of, firth_option option, int *value)
{
    return of->stream != NULL ? firth_socket_get_option(of->stream, option, value)
                              : firth_datagram_socket_get_option(of->datagrams, option, value);
}

static bool is_named(const char *name)
{
    const char *step = firth_last_failure()->step;

    return strncmp(step, "option ", 7) == 0 && strcmp(step + 7, name) == 0;
}

/* Whether the system takes it of anybody. */
static bool is_known(const subject *of, const native_name *name, int value)
{
    const DWORD native = (DWORD)value;

    return !name->exists || setsockopt(of->foreign, name->level, name->name, (const char *)&native, sizeof native) == 0;
}

static int expect_native(const subject *of, const native_name *name, int value)
{
    DWORD native = 0;
    int size = sizeof native;

    EXPECT_EQUAL(getsockopt(of->native, name->level, name->name, (char *)&native, &size), 0);
    EXPECT_EQUAL((int)native, value);
    return FIRTH_OK;
}

static bool is_keep_alive_time(firth_option option)
{
    return option == FIRTH_OPTION_KEEP_ALIVE_IDLE_S || option == FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S;
}

/* ---- the tests ----------------------------------------------------------------------------------------------------- */

/* One that Windows has: set, told by Firth, and there. */
static int expect_works(const subject *of, firth_option option, int value)
{
    const native_name *name = of->ipv6 && ipv6_names[option].exists ? &ipv6_names[option] : &names[option];
    int got = -1;

    if (option == FIRTH_OPTION_MULTICAST_INTERFACE) { /* of IPv4 the system tells an address, and Firth what was set */
        EXPECT_EQUAL(set_option(of, option, value), FIRTH_OK);
        EXPECT_EQUAL(get_option(of, option, &got), FIRTH_OK);
        EXPECT_EQUAL(got, value);
        return of->ipv6 ? expect_native(of, name, value) : FIRTH_OK;
    }
    if (!is_known(of, name, value) && !is_keep_alive_time(option)) {
        EXPECT_EQUAL(WSAGetLastError(), WSAENOPROTOOPT);
        EXPECT_EQUAL(set_option(of, option, value), FIRTH_ERR_NOT_SUPPORTED);
        EXPECT(is_named(option_rows[option].name));
        return FIRTH_OK;
    }
    EXPECT_EQUAL(set_option(of, option, value), FIRTH_OK);
    EXPECT_EQUAL(get_option(of, option, &got), FIRTH_OK);
    EXPECT_EQUAL(got, value);
    if (option == FIRTH_OPTION_REUSE_ADDRESS ||
        !is_known(of, name, value)) /* it is kept until the bind, or switched on */
        return FIRTH_OK;
    return expect_native(of, name, value);
}

/* Values in its range that differ from each other. */
static int value_of(firth_option option, int turn)
{
    switch (option) {
    case FIRTH_OPTION_SEND_BUFFER_BYTES:
    case FIRTH_OPTION_RECEIVE_BUFFER_BYTES:
        return turn == 0 ? 32768 : 65536;
    case FIRTH_OPTION_MULTICAST_INTERFACE:
        return turn == 0 ? 0 : 1;
    default:
        if (option_rows[option].most == 1)
            return 1 - turn;
        return turn == 0 ? 17 : 34;
    }
}

TASK_TEST(every_option_of_the_column_works_and_every_other_is_refused_by_name)
{
    int worked = 0, refused = 0;

    for (int of = 0; of < KINDS; of++) {
        subject one;

        if ((of == TCP_IPV6 || of == UDP_IPV6) && !support_has_ipv6())
            continue;
        EXPECT_EQUAL(open_subject(scope, (kind)of, &one), FIRTH_OK);
        for (int i = 0; i < FIRTH_OPTION_COUNT_; i++) {
            const firth_option option = (firth_option)i;

            if (option_rows[i].defaults[one.stream == NULL] == FIRTH_DEFAULT_NONE ||
                option_rows[i].least > option_rows[i].most ||
                option == FIRTH_OPTION_IPV6_ONLY) /* before it is bound alone */
                continue;
            if (names[i].exists) {
                EXPECT_EQUAL(expect_works(&one, option, value_of(option, 0)), FIRTH_OK);
                EXPECT_EQUAL(expect_works(&one, option, value_of(option, 1)), FIRTH_OK);
                worked++;
            } else {
                EXPECT_EQUAL(set_option(&one, option, option_rows[i].most), FIRTH_ERR_NOT_SUPPORTED);
                EXPECT(is_named(option_rows[i].name));
                refused++;
            }
        }
        (void)closesocket(one.foreign);
    }
    EXPECT(worked >= 2 * 8);
    EXPECT(refused >= 3);
    return FIRTH_OK;
}

/* By name, or together with the switch; whichever way the system takes them. */
TASK_TEST(keep_alive_times_reach_the_system_when_it_is_switched_on)
{
    const native_name idle = names[FIRTH_OPTION_KEEP_ALIVE_IDLE_S],
                      interval = names[FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S];
    subject one;

    EXPECT_EQUAL(open_subject(scope, TCP, &one), FIRTH_OK);
    memset(&told, 0, sizeof told);
    EXPECT_EQUAL(set_option(&one, FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 61), FIRTH_OK);
    EXPECT_EQUAL(set_option(&one, FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, 7), FIRTH_OK);
    EXPECT_EQUAL(told.onoff, 0);
    EXPECT_EQUAL(set_option(&one, FIRTH_OPTION_KEEP_ALIVE, 1), FIRTH_OK);
    if (is_known(&one, &idle, 61)) {
        EXPECT_EQUAL(expect_native(&one, &idle, 61), FIRTH_OK);
        EXPECT_EQUAL(expect_native(&one, &interval, 7), FIRTH_OK);
    } else {
        EXPECT_EQUAL(told.onoff, 1);
        EXPECT_EQUAL(told.keepalivetime, 61000);
        EXPECT_EQUAL(told.keepaliveinterval, 7000);
    }
    (void)closesocket(one.foreign);
    return FIRTH_OK;
}

TASK_TEST(a_listener_of_both_families_takes_ipv4_unless_it_is_ipv6_only)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client;
    firth_server *server;
    uint16_t port;

    if (!support_has_ipv6())
        return FIRTH_OK;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "::", 0, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
    firth_server_close(server);
    tcp.ipv6_only = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "::", 0, &server), FIRTH_OK);
    port = firth_server_address(server)->port;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &client), FIRTH_ERR_REFUSED);
    firth_server_close(server);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_of_the_column_works_and_every_other_is_refused_by_name),
        cmocka_unit_test(keep_alive_times_reach_the_system_when_it_is_switched_on),
        cmocka_unit_test(a_listener_of_both_families_takes_ipv4_unless_it_is_ipv6_only),
    };

    return support_main(argc, argv, "options of Windows", tests, sizeof tests / sizeof tests[0]);
}
