/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that this machine is not in: each test has one of its own, in a child (network_namespaces(7)). Where the
 * system does not allow that, the test is skipped. */
#include "tests/support/skip.h"
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CANNOT = 77 };

static void enter_own_network(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        _exit(CANNOT);
}

static void bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (descriptor < 0 || ioctl(descriptor, SIOCSIFFLAGS, &request) != 0)
        _exit(CANNOT);
    close(descriptor);
}

/* "unreachable 198.51.100.7" in the routing table: the kernel answers for the router that is not there. */
static void refuse_host(void)
{
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("198.51.100.7")};
    struct rtentry route = {.rt_flags = RTF_UP | RTF_HOST | RTF_REJECT};
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(&route.rt_dst, &host, sizeof host);
    if (descriptor < 0 || ioctl(descriptor, SIOCADDRT, &route) != 0)
        _exit(CANNOT);
    close(descriptor);
}

/* A kernel without IPv6: socket(2) says EAFNOSUPPORT. */
static void forbid_ipv6(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof code / sizeof code[0], .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        _exit(CANNOT);
}

static void run_here(firth_task_fn *body)
{
    firth_selector_options options = support_options();

    if (firth_run_with(&options, body, NULL) < 0)
        _exit(1);
}

static void expect_child(void (*fn)(void *argument))
{
    int status = support_in_child(fn, NULL, NULL, 0);

    if (status == CANNOT << 8)
        SKIP("the system allows this user no network, route or filter of its own");
    assert_int_equal(status, 0);
}

static int connect_code(firth_scope *scope, const char *ip)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket = NULL;
    int rc = firth_tcp_connect(&tcp, ip, 9, &socket);

    firth_socket_abort(socket);
    return rc;
}

static int expect_network_unreachable(firth_scope *scope, void *argument)
{
    (void)argument;
    EXPECT_EQUAL(connect_code(scope, "192.0.2.1"), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(firth_last_failure()->os_code, ENETUNREACH);
    return FIRTH_OK;
}

static void without_routes(void *argument)
{
    (void)argument;
    enter_own_network();
    bring_up_loopback();
    run_here(expect_network_unreachable);
}

static void network_without_a_route_is_unreachable(void **state)
{
    (void)state;
    expect_child(without_routes);
}

static int expect_host_unreachable(firth_scope *scope, void *argument)
{
    (void)argument;
    EXPECT_EQUAL(connect_code(scope, "198.51.100.7"), FIRTH_ERR_HOST_UNREACHABLE);
    EXPECT_EQUAL(firth_last_failure()->os_code, EHOSTUNREACH);
    return FIRTH_OK;
}

static void with_a_refused_host(void *argument)
{
    (void)argument;
    enter_own_network();
    bring_up_loopback();
    refuse_host();
    run_here(expect_host_unreachable);
}

static void host_that_no_router_reaches_is_unreachable(void **state)
{
    (void)state;
    expect_child(with_a_refused_host);
}

/* The first address fails at once, for want of a route; the second answers. */
static int connect_past_a_dead_network(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[2];
    firth_server *server;
    firth_socket *socket;
    int port;

    (void)argument;
    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&addresses[0], "192.0.2.1", port), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&addresses[1], "127.0.0.1", port), FIRTH_OK);
    tcp.attempt_delay_ms = 600 * 1000;
    tcp.connect_timeout_ms = 10 * 1000;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    return FIRTH_OK;
}

static void with_a_dead_network(void *argument)
{
    (void)argument;
    enter_own_network();
    bring_up_loopback();
    run_here(connect_past_a_dead_network);
}

static void unreachable_first_address_does_not_hold_up_the_second(void **state)
{
    (void)state;
    expect_child(with_a_dead_network);
}

static int expect_wildcard_of_ipv4(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client, *accepted;
    firth_server *server;

    (void)argument;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "*", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT(connect_code(scope, "::1") < 0);
    EXPECT(firth_tcp_bind(&tcp, "::1", 0, &server) < 0);
    return FIRTH_OK;
}

static void with_a_kernel_of_ipv4(void *argument)
{
    (void)argument;
    forbid_ipv6();
    run_here(expect_wildcard_of_ipv4);
}

static void without_ipv6_the_wildcard_takes_ipv4(void **state)
{
    (void)state;
    expect_child(with_a_kernel_of_ipv4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_without_a_route_is_unreachable),
        cmocka_unit_test(host_that_no_router_reaches_is_unreachable),
        cmocka_unit_test(unreachable_first_address_does_not_hold_up_the_second),
        cmocka_unit_test(without_ipv6_the_wildcard_takes_ipv4),
    };

    return support_main(argc, argv, "network", tests, sizeof tests / sizeof tests[0]);
}
