/* SPDX-License-Identifier: Apache-2.0 */
/* Where a server listens, and why it cannot. */
#include "tests/support/skip.h"
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client of that address reaches the server, or does not. */
static int reach(firth_server *server, const firth_tcp_builder *tcp, const char *ip)
{
    firth_socket *client, *accepted;
    int rc = firth_tcp_connect(tcp, ip, firth_server_address(server)->port, &client);

    if (rc < 0)
        return rc;
    rc = firth_accept(server, &accepted);
    firth_socket_abort(client);
    if (rc >= 0)
        firth_socket_abort(accepted);
    return rc;
}

static int bind_error(firth_scope *scope, const char *host, int port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server = (firth_server *)&tcp;
    int rc = firth_tcp_bind(&tcp, host, port, &server);

    if (rc >= 0)
        firth_server_close(server);
    else
        EXPECT(server == NULL);
    return rc;
}

TASK_TEST(port_0_binds_an_ephemeral_port_and_the_address_tells_it)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *one, *two;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &one), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &two), FIRTH_OK);
    firth_scope_own_server(scope, one);
    firth_scope_own_server(scope, two);
    EXPECT(firth_server_address(one)->port != 0);
    EXPECT(firth_server_address(one)->port != firth_server_address(two)->port);
    EXPECT_EQUAL(reach(one, &tcp, "127.0.0.1"), FIRTH_OK);
    EXPECT_EQUAL(reach(two, &tcp, "127.0.0.1"), FIRTH_OK);
    return FIRTH_OK;
}

static int wildcard_takes_both(firth_scope *scope, const char *host)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, host, 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(reach(server, &tcp, "127.0.0.1"), FIRTH_OK);
    if (support_has_ipv6())
        EXPECT_EQUAL(reach(server, &tcp, "::1"), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(wildcard_takes_ipv4_and_where_it_is_there_ipv6)
{
    EXPECT_EQUAL(wildcard_takes_both(scope, "*"), FIRTH_OK);
    return wildcard_takes_both(scope, NULL);
}

/* Whether a server of IPv4 can have the port of one of IPv6, and its client. A connect that is refused would show the same,
 * were there nobody else on this machine who may get that port of IPv4. */
static int share_port(firth_server *server, const firth_tcp_builder *tcp)
{
    firth_server *other;
    int rc = firth_tcp_bind(tcp, "127.0.0.1", firth_server_address(server)->port, &other);

    if (rc < 0)
        return rc;
    rc = reach(other, tcp, "127.0.0.1");
    firth_server_close(other);
    return rc;
}

/* One whose port of IPv4 nobody has, if it is for IPv6 only: a stranger's would not be told from its own. */
static int bind_either(const firth_tcp_builder *tcp, firth_server **server)
{
    EXPECT_EQUAL(firth_tcp_bind(tcp, "::", 0, server), FIRTH_OK);
    for (int i = 0; i < 20 && tcp->ipv6_only && share_port(*server, tcp) == FIRTH_ERR_ADDRESS_IN_USE; i++) {
        firth_server_close(*server);
        EXPECT_EQUAL(firth_tcp_bind(tcp, "::", 0, server), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* The system's default (net.ipv6.bindv6only) must not matter, so the option is set either way. */
TASK_TEST(ipv6_only_is_what_the_builder_says_and_never_the_system)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    for (int only = 0; only < 2; only++) {
        firth_server *server;
        int value = -1;

        tcp.ipv6_only = only != 0;
        EXPECT_EQUAL(bind_either(&tcp, &server), FIRTH_OK);
        EXPECT_EQUAL(firth_server_get_option(server, FIRTH_OPTION_IPV6_ONLY, &value), FIRTH_OK);
        EXPECT_EQUAL(value, only);
        EXPECT_EQUAL(raw_option(firth_server_descriptor(server), IPPROTO_IPV6, IPV6_V6ONLY), only);
        EXPECT_EQUAL(reach(server, &tcp, "::1"), FIRTH_OK);
        if (only)
            EXPECT_EQUAL(share_port(server, &tcp), FIRTH_OK);
        else
            EXPECT_EQUAL(reach(server, &tcp, "127.0.0.1"), FIRTH_OK);
        firth_server_close(server);
    }
    return FIRTH_OK;
}

static void with_ipv6(void **state)
{
    if (!support_has_ipv6())
        SKIP("this machine has no IPv6 loopback");
    ipv6_only_is_what_the_builder_says_and_never_the_system(state);
}

TASK_TEST(port_that_somebody_listens_on_is_in_use)
{
    firth_server *server;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(bind_error(scope, "127.0.0.1", port), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(bind_error(scope, "*", port), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_last_failure()->code, FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(firth_last_failure()->os_code != 0);
    return FIRTH_OK;
}

TASK_TEST(address_of_another_machine_is_not_available)
{
    EXPECT_EQUAL(bind_error(scope, "203.0.113.5", 0), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

TASK_TEST(text_that_is_no_address_is_invalid)
{
    static const char *const texts[] = {"",          "nonsense", "127.1",    "0x7f.0.0.1", "1.2.3.4.5",
                                        "300.0.0.1", "::1::",    "[::1",     "localhost",  " 127.0.0.1",
                                        "010.0.0.1", ":::",      "1.2.3.4 ", "12345::",    "fe80::1%"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        EXPECT_EQUAL(bind_error(scope, texts[i], 0), FIRTH_ERR_ADDRESS_INVALID);
    return FIRTH_OK;
}

TASK_TEST(port_out_of_range_is_an_error_of_the_port)
{
    EXPECT_EQUAL(bind_error(scope, "127.0.0.1", -1), FIRTH_ERR_PORT_RANGE);
    EXPECT_EQUAL(bind_error(scope, "127.0.0.1", 65536), FIRTH_ERR_PORT_RANGE);
    EXPECT_EQUAL(bind_error(scope, "*", 1000000), FIRTH_ERR_PORT_RANGE);
    return FIRTH_OK;
}

static int bind_privileged(firth_scope *scope, void *argument)
{
    (void)argument;
    EXPECT_EQUAL(bind_error(scope, "127.0.0.1", 1), FIRTH_ERR_PERMISSION);
    return FIRTH_OK;
}

/* RFC 6335 §6 calls ports below 1024 system ports; Linux asks for CAP_NET_BIND_SERVICE (ip(7)). */
static void as_nobody(void *argument)
{
    firth_selector_options options = support_options();

    (void)argument;
    if (geteuid() == 0 && setuid(65534) != 0)
        _exit(77);
    if (firth_run_with(&options, bind_privileged, NULL) < 0)
        _exit(1);
}

static void system_port_needs_permission(void **state)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
    int first = 1024, status;

    (void)state;
    if (file != NULL && fscanf(file, "%d", &first) != 1)
        first = 1024;
    if (file != NULL)
        fclose(file);
    if (first <= 1)
        SKIP("this machine has no ports that need a permission");
    status = support_in_child(as_nobody, NULL, NULL, 0);
    if (status == 77 << 8)
        SKIP("only root can become somebody without the permission");
    assert_int_equal(status, 0);
}

enum { SHARED_CLIENTS = 40 };

#ifndef _WIN32 /* which has no SO_REUSEPORT, and does not tell a backlog */
typedef struct shared {
    firth_server *server;
    int clients;
} shared;

static int count_clients(firth_scope *scope, void *argument)
{
    shared *this = argument;
    firth_socket *client;

    (void)scope;
    while (firth_accept(this->server, &client) >= 0) {
        this->clients++;
        firth_socket_abort(client);
    }
    return FIRTH_OK;
}

TASK_TEST(reuse_port_lets_two_servers_share_a_port_and_both_get_clients)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    shared sharing[2] = {{0}};
    firth_scope children;
    int port, raw[SHARED_CLIENTS];

    tcp.reuse_port = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &sharing[0].server), FIRTH_OK);
    firth_scope_own_server(scope, sharing[0].server);
    port = firth_server_address(sharing[0].server)->port;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", port, &sharing[1].server), FIRTH_OK);
    firth_scope_own_server(scope, sharing[1].server);
    EXPECT_EQUAL(bind_error(scope, "127.0.0.1", port), FIRTH_ERR_ADDRESS_IN_USE);

    firth_scope_open(&children, scope, NULL);
    for (int i = 0; i < 2; i++)
        EXPECT_EQUAL(firth_spawn(&children, count_clients, &sharing[i], NULL), FIRTH_OK);
    for (int i = 0; i < SHARED_CLIENTS; i++)
        EXPECT((raw[i] = raw_connect(port)) >= 0);
    while (sharing[0].clients + sharing[1].clients < SHARED_CLIENTS)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(sharing[0].clients > 0);
    EXPECT(sharing[1].clients > 0);
    firth_scope_cancel(&children);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < SHARED_CLIENTS; i++)
        close(raw[i]);
    return FIRTH_OK;
}

TASK_TEST(backlog_is_what_the_builder_says)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "r");
    firth_server *server;
    int most = 0;

    EXPECT(file != NULL && fscanf(file, "%d", &most) == 1);
    fclose(file);
    tcp.backlog = 7;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    EXPECT_EQUAL(raw_backlog(firth_server_descriptor(server)), 7);
    firth_server_close(server);
    tcp.backlog = 0;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    EXPECT_EQUAL(raw_backlog(firth_server_descriptor(server)), most);
    firth_server_close(server);
    return FIRTH_OK;
}

#else
TASK_TEST(reuse_port_is_refused_by_name)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;

    tcp.reuse_port = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option reuse_port") == 0);
    return FIRTH_OK;
}
#endif

/* RFC 4007: a link-local address means nothing without its interface. */
TASK_TEST(scope_id_of_a_link_local_address_survives_the_round_trip)
{
    const firth_address *local = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address_string text = firth_address_text(local);
    firth_socket *client, *accepted;
    firth_address seen, bare;
    firth_server *server;

    text.text[strcspn(text.text, "]")] = '\0'; /* "[fe80::1%2]:0" */
    EXPECT_EQUAL(firth_tcp_bind(&tcp, text.text + 1, 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_server_address(server)->scope_id, local->scope_id);
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, firth_server_address(server), 1, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT_EQUAL(firth_socket_peer_address(client, &seen), FIRTH_OK);
    EXPECT(firth_address_equal(&seen, firth_server_address(server)));
    EXPECT_EQUAL(firth_socket_peer_address(accepted, &seen), FIRTH_OK);
    EXPECT_EQUAL(seen.scope_id, local->scope_id);
    bare = *firth_server_address(server);
    bare.scope_id = 0;
    EXPECT(!firth_address_equal(&bare, firth_server_address(server)));
    return FIRTH_OK;
}

static bool find_link_local(firth_address *address)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *each = all; each != NULL && !found; each = each->ifa_next) {
        const struct sockaddr_in6 *ipv6 = (const void *)each->ifa_addr;

        if (ipv6 == NULL || ipv6->sin6_family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr))
            continue;
        *address = (firth_address){.family = FIRTH_FAMILY_IPV6, .scope_id = ipv6->sin6_scope_id};
        memcpy(address->ip, &ipv6->sin6_addr, sizeof address->ip);
        found = true;
    }
    freeifaddrs(all);
    return found;
}

static void with_link_local(void **state)
{
    firth_address address;

    if (!find_link_local(&address))
        SKIP("this machine has no link-local address");
    *state = &address;
    scope_id_of_a_link_local_address_survives_the_round_trip(state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_binds_an_ephemeral_port_and_the_address_tells_it),
        cmocka_unit_test(wildcard_takes_ipv4_and_where_it_is_there_ipv6),
        {.name = "ipv6_only_is_what_the_builder_says_and_never_the_system", .test_func = with_ipv6},
        cmocka_unit_test(port_that_somebody_listens_on_is_in_use),
        cmocka_unit_test(address_of_another_machine_is_not_available),
        cmocka_unit_test(text_that_is_no_address_is_invalid),
        cmocka_unit_test(port_out_of_range_is_an_error_of_the_port),
        cmocka_unit_test(system_port_needs_permission),
#ifdef _WIN32
        cmocka_unit_test(reuse_port_is_refused_by_name),
#else
        cmocka_unit_test(reuse_port_lets_two_servers_share_a_port_and_both_get_clients),
#endif
#ifndef _WIN32
        cmocka_unit_test(backlog_is_what_the_builder_says),
#endif
        {.name = "scope_id_of_a_link_local_address_survives_the_round_trip", .test_func = with_link_local},
    };

    return support_main(argc, argv, "bind", tests, sizeof tests / sizeof tests[0]);
}
