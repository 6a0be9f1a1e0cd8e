/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the builder, read back from the system on both ends. */
#include "tests/support/skip.h"
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* What a test asks for, and what the system then says; Linux doubles buffer sizes (socket(7)). */
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE TCP_KEEPALIVE /* macOS */
#endif

typedef struct asked {
    firth_option option;
    int value;
    int level;
    int name;
    int factor;
} asked;

#ifdef _WIN32 /* where reuse_port and traffic_class are refused by name, and Wine lacks the keep-alive times by name */
static const asked table[] = {
    {FIRTH_OPTION_NO_DELAY, 0, IPPROTO_TCP, TCP_NODELAY, 1},
    {FIRTH_OPTION_KEEP_ALIVE, 1, SOL_SOCKET, SO_KEEPALIVE, 1},
    {FIRTH_OPTION_SEND_BUFFER_BYTES, 30000, SOL_SOCKET, SO_SNDBUF, 1},
    {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, 20000, SOL_SOCKET, SO_RCVBUF, 1},
};
#else
static const asked table[] = {
    {FIRTH_OPTION_REUSE_PORT, 1, SOL_SOCKET, SO_REUSEPORT, 1},
    {FIRTH_OPTION_NO_DELAY, 0, IPPROTO_TCP, TCP_NODELAY, 1},
    {FIRTH_OPTION_KEEP_ALIVE, 1, SOL_SOCKET, SO_KEEPALIVE, 1},
    {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 77, IPPROTO_TCP, TCP_KEEPIDLE, 1},
    {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, 11, IPPROTO_TCP, TCP_KEEPINTVL, 1},
    {FIRTH_OPTION_KEEP_ALIVE_COUNT, 5, IPPROTO_TCP, TCP_KEEPCNT, 1},
    {FIRTH_OPTION_SEND_BUFFER_BYTES, 30000, SOL_SOCKET, SO_SNDBUF, 2},
    {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, 20000, SOL_SOCKET, SO_RCVBUF, 2},
};
#endif
enum { TABLE_SIZE = sizeof table / sizeof table[0], EXPEDITED = 0xb8 /* RFC 3246, in the octet of RFC 2474 */ };

static firth_tcp_builder everything(firth_selector *selector)
{
    firth_tcp_builder tcp = firth_tcp(selector);

    tcp.no_delay = false;
    tcp.keep_alive = true;
    tcp.send_buffer_bytes = 30000;
    tcp.receive_buffer_bytes = 20000;
    tcp.keep_alive_idle_s = 77;
    tcp.keep_alive_interval_s = 11;
#ifndef _WIN32
    tcp.reuse_port = true;
    tcp.keep_alive_count = 5;
    tcp.traffic_class = EXPEDITED;
#endif
    return tcp;
}

static int check_socket(const firth_socket *socket, int traffic_level, int traffic_name)
{
    int value = -1;

    for (int i = 0; i < TABLE_SIZE; i++) {
        EXPECT_EQUAL(firth_socket_get_option(socket, table[i].option, &value), FIRTH_OK);
        EXPECT_EQUAL(value, table[i].value);
        EXPECT_EQUAL(raw_option(firth_socket_descriptor(socket), table[i].level, table[i].name),
                     table[i].value * table[i].factor);
    }
    EXPECT_EQUAL(firth_socket_get_option(socket, FIRTH_OPTION_KEEP_ALIVE_IDLE_S, &value), FIRTH_OK);
    EXPECT_EQUAL(value, 77);
    EXPECT_EQUAL(firth_socket_get_option(socket, FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, &value), FIRTH_OK);
    EXPECT_EQUAL(value, 11);
#ifdef _WIN32
    (void)traffic_level;
    (void)traffic_name;
#else
    EXPECT_EQUAL(firth_socket_get_option(socket, FIRTH_OPTION_TRAFFIC_CLASS, &value), FIRTH_OK);
    EXPECT_EQUAL(value, EXPEDITED);
    EXPECT_EQUAL(raw_option(firth_socket_descriptor(socket), traffic_level, traffic_name), EXPEDITED);
#endif
    return FIRTH_OK;
}

static int check_server(const firth_server *server)
{
    int value = -1;

    for (int i = 0; i < TABLE_SIZE; i++) {
        EXPECT_EQUAL(firth_server_get_option(server, table[i].option, &value), FIRTH_OK);
        EXPECT_EQUAL(value, table[i].value);
    }
    EXPECT_EQUAL(firth_server_get_option(server, FIRTH_OPTION_REUSE_ADDRESS, &value), FIRTH_OK);
    EXPECT_EQUAL(value, 1);
#ifdef _WIN32 /* where that would be another's licence to take the port over */
    EXPECT_EQUAL(raw_option(firth_server_descriptor(server), SOL_SOCKET, SO_EXCLUSIVEADDRUSE), 1);
#else
    EXPECT_EQUAL(raw_option(firth_server_descriptor(server), SOL_SOCKET, SO_REUSEADDR), 1);
#endif
    return FIRTH_OK;
}

static int check_all(firth_scope *scope, const char *ip, int traffic_level, int traffic_name)
{
    firth_tcp_builder tcp = everything(firth_scope_selector(scope));
    firth_socket *client, *accepted;
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, ip, 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, ip, firth_server_address(server)->port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT_EQUAL(check_server(server), FIRTH_OK);
    EXPECT_EQUAL(check_socket(client, traffic_level, traffic_name), FIRTH_OK);
    EXPECT_EQUAL(check_socket(accepted, traffic_level, traffic_name), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(every_option_is_on_the_connected_and_the_accepted_socket)
{
    return check_all(scope, "127.0.0.1", IPPROTO_IP, IP_TOS);
}

TASK_TEST(every_option_is_on_the_connected_and_the_accepted_socket_of_ipv6)
{
    return check_all(scope, "::1", IPPROTO_IPV6, IPV6_TCLASS);
}

static void with_ipv6(void **state)
{
    if (!support_has_ipv6())
        SKIP("this machine has no IPv6 loopback");
    every_option_is_on_the_connected_and_the_accepted_socket_of_ipv6(state);
}

TASK_TEST(defaults_are_the_documented_ones)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    EXPECT_EQUAL(tcp.struct_bytes, sizeof tcp);
    EXPECT(tcp.selector == firth_scope_selector(scope));
    EXPECT(!tcp.auto_flush && tcp.no_delay && !tcp.keep_alive && !tcp.reuse_port);
    EXPECT(tcp.reuse_address && !tcp.ipv6_only);
    EXPECT(tcp.keep_alive_idle_s == 0 && tcp.keep_alive_interval_s == 0 && tcp.keep_alive_count == 0);
    EXPECT(tcp.send_buffer_bytes == 0 && tcp.receive_buffer_bytes == 0 && tcp.traffic_class == -1);
    EXPECT(tcp.linger_ms == 5000 && tcp.read_idle_ms == 0 && tcp.write_idle_ms == 0);
    EXPECT(tcp.connect_timeout_ms == 30000 && tcp.attempt_delay_ms == 250);
    EXPECT(tcp.local_address == NULL && tcp.backlog == 0);
    return FIRTH_OK;
}

TASK_TEST(no_delay_is_on_by_default_on_both_ends)
{
    firth_socket *ends[2];

    EXPECT_EQUAL(support_pair(scope, &ends[0], &ends[1]), FIRTH_OK);
    for (int i = 0; i < 2; i++) {
        firth_scope_own_socket(scope, ends[i]);
        EXPECT_EQUAL(raw_option(firth_socket_descriptor(ends[i]), IPPROTO_TCP, TCP_NODELAY) != 0, true);
        EXPECT_EQUAL(raw_option(firth_socket_descriptor(ends[i]), SOL_SOCKET, SO_KEEPALIVE), 0);
    }
    return FIRTH_OK;
}

TASK_TEST(options_can_be_set_on_a_living_socket)
{
    firth_socket *a, *b;
    int value = -1;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    for (int i = 0; i < TABLE_SIZE; i++) {
        if (table[i].option == FIRTH_OPTION_REUSE_PORT)
            continue;
        EXPECT_EQUAL(firth_socket_set_option(a, table[i].option, table[i].value), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_get_option(a, table[i].option, &value), FIRTH_OK);
        EXPECT_EQUAL(value, table[i].value);
    }
#ifdef _WIN32
    EXPECT_EQUAL(firth_socket_set_option(a, FIRTH_OPTION_TRAFFIC_CLASS, EXPEDITED), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option traffic_class") == 0);
#else
    EXPECT_EQUAL(firth_socket_set_option(a, FIRTH_OPTION_TRAFFIC_CLASS, EXPEDITED), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_get_option(a, FIRTH_OPTION_TRAFFIC_CLASS, &value), FIRTH_OK);
    EXPECT_EQUAL(value, EXPEDITED);
#endif
    return FIRTH_OK;
}

TASK_TEST(option_that_does_not_exist_is_an_argument_error)
{
    firth_socket *a, *b;
    int value = 0;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_socket_get_option(a, FIRTH_OPTION_COUNT_, &value), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_socket_set_option(a, FIRTH_OPTION_COUNT_, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_socket_get_option(a, (firth_option)999, &value), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

typedef struct wrong {
    const char *field;
    void (*set)(firth_tcp_builder *tcp);
} wrong;

#define WRONG(field, value)                                                                                            \
    static void wrong_##field(firth_tcp_builder *tcp)                                                                  \
    {                                                                                                                  \
        tcp->field = value;                                                                                            \
    }
WRONG(traffic_class, 256)
WRONG(keep_alive_idle_s, -1)
WRONG(keep_alive_interval_s, -1)
WRONG(keep_alive_count, -1)
WRONG(send_buffer_bytes, -1)
WRONG(receive_buffer_bytes, -1)
WRONG(linger_ms, -1)
WRONG(read_idle_ms, -1)
WRONG(write_idle_ms, -1)
WRONG(struct_bytes, 1)

static const wrong wrongs[] = {
    {"traffic_class", wrong_traffic_class},
    {"keep_alive_idle", wrong_keep_alive_idle_s},
    {"keep_alive_interval", wrong_keep_alive_interval_s},
    {"keep_alive_count", wrong_keep_alive_count},
    {"send_buffer", wrong_send_buffer_bytes},
    {"receive_buffer", wrong_receive_buffer_bytes},
    {"linger", wrong_linger_ms},
    {"read_idle", wrong_read_idle_ms},
    {"write_idle", wrong_write_idle_ms},
    {"struct_bytes", wrong_struct_bytes},
};

TASK_TEST(value_out_of_range_is_an_argument_error_that_names_the_field)
{
    firth_server *living;
    int port;

    EXPECT_EQUAL(peers_server(scope, &living, &port), FIRTH_OK);
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
        firth_server *server;
        firth_socket *socket;

        wrongs[i].set(&tcp);
        EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_ERR_ARGUMENT);
        EXPECT(strstr(firth_last_failure()->step, wrongs[i].field) != NULL);
        EXPECT(server == NULL);
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &socket), FIRTH_ERR_ARGUMENT);
        EXPECT(strstr(firth_last_failure()->step, wrongs[i].field) != NULL);
        EXPECT(socket == NULL);
    }
    return FIRTH_OK;
}

/* Beyond it systems differ, so it is the same on all. */
TASK_TEST(the_most_that_keep_alive_takes_is_taken_and_no_more)
{
    static const struct {
        firth_option option;
        int most;
    } rows[] = {
        {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 32767},
        {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, 32767},
#ifndef _WIN32 /* not before Windows 10 1709 */
        {FIRTH_OPTION_KEEP_ALIVE_COUNT, 127},
#endif
    };
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    firth_server *server;
    int value = -1;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EXPECT_EQUAL(firth_socket_set_option(socket, rows[i].option, rows[i].most), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_get_option(socket, rows[i].option, &value), FIRTH_OK);
        EXPECT_EQUAL(value, rows[i].most);
        EXPECT_EQUAL(firth_socket_set_option(socket, rows[i].option, rows[i].most + 1), FIRTH_ERR_ARGUMENT);
        EXPECT(strstr(firth_last_failure()->step, firth_option_name(rows[i].option)) != NULL);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_on_the_connected_and_the_accepted_socket),
        {.name = "every_option_is_on_the_connected_and_the_accepted_socket_of_ipv6", .test_func = with_ipv6},
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(no_delay_is_on_by_default_on_both_ends),
        cmocka_unit_test(options_can_be_set_on_a_living_socket),
        cmocka_unit_test(option_that_does_not_exist_is_an_argument_error),
        cmocka_unit_test(the_most_that_keep_alive_takes_is_taken_and_no_more),
        cmocka_unit_test(value_out_of_range_is_an_argument_error_that_names_the_field),
    };

    return support_main(argc, argv, "options", tests, sizeof tests / sizeof tests[0]);
}
