/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/udp/hosts.h"

#include "tests/support/skip.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int hosts[HOSTS_COUNT];

void hosts_enter(hosts_name host)
{
    if (setns(hosts[host], CLONE_NEWNET) != 0)
        abort();
}

/* Where another process finds the namespace of a host. */
static void place_of(hosts_name host, char *place, size_t size)
{
    snprintf(place, size, "/proc/%d/fd/%d", (int)getpid(), hosts[host]);
}

bool hosts_command(hosts_name host, const char *command)
{
    hosts_enter(host);
    return system(command) == 0; /* NOLINT(cert-env33-c): a test's own text */
}

static bool join(hosts_name a, const char *name, hosts_name b, const char *peer)
{
    char command[256], place[64];

    place_of(b, place, sizeof place);
    snprintf(command, sizeof command, "exec 2>/dev/null; ip link add name %s type veth peer name %s netns %s", name,
             peer, place);
    return hosts_command(a, command);
}

/* Without duplicate address detection IPv6 addresses serve at once. */
static bool address(hosts_name host, const char *name, const char *ipv4, const char *ipv6)
{
    char command[512];

    snprintf(command, sizeof command,
             "exec 2>/dev/null; echo 0 >/proc/sys/net/ipv6/conf/%s/accept_dad; ip addr add %s dev %s && "
             "ip link set %s up && { test -z '%s' || ip -6 addr add %s dev %s nodad; }",
             name, ipv4, name, name, ipv6, ipv6, name);
    return hosts_command(host, command);
}

static bool connect_hosts(void)
{
    return join(HOSTS_NEAR, "direct", HOSTS_FAR, "direct") && join(HOSTS_NEAR, "routed", HOSTS_ROUTER, "near") &&
           join(HOSTS_FAR, "routed", HOSTS_ROUTER, "far") && address(HOSTS_NEAR, "direct", "10.77.3.1/24", "") &&
           address(HOSTS_FAR, "direct", "10.77.3.2/24", "") &&
           address(HOSTS_NEAR, "routed", "10.77.1.1/24", "fd77:1::1/64") &&
           address(HOSTS_ROUTER, "near", "10.77.1.254/24", "fd77:1::254/64") &&
           address(HOSTS_FAR, "routed", "10.77.2.1/24", "fd77:2::1/64") &&
           hosts_command(HOSTS_ROUTER, "ip link set far mtu 1300") &&
           address(HOSTS_ROUTER, "far", "10.77.2.254/24", "fd77:2::254/64");
}

static bool add_routes(void)
{
    return hosts_command(HOSTS_ROUTER, "exec 2>/dev/null; echo 1 >/proc/sys/net/ipv4/ip_forward; "
                                       "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; "
                                       "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; "
                                       "ip route add unreachable 10.77.9.9/32") &&
           hosts_command(HOSTS_NEAR,
                         "ip route add default via 10.77.1.254 && ip -6 route add default via fd77:1::254") &&
           hosts_command(HOSTS_FAR, "ip route add default via 10.77.2.254 && ip -6 route add default via fd77:2::254");
}

/* The kernel gives an interface its link-local address, and begins to use it, a moment after both ends are up. */
static bool wait_for(hosts_name host, const char *name)
{
    char command[256];

    snprintf(command, sizeof command,
             "for i in $(seq 500); do ip -6 -o addr show dev %s scope link | grep -qv tentative && exit 0; sleep 0.02; "
             "done; "
             "exit 1",
             name);
    return hosts_command(host, command);
}

static bool wait_for_all(void)
{
    return wait_for(HOSTS_NEAR, "direct") && wait_for(HOSTS_FAR, "direct") && wait_for(HOSTS_NEAR, "routed") &&
           wait_for(HOSTS_FAR, "routed") && wait_for(HOSTS_ROUTER, "near") && wait_for(HOSTS_ROUTER, "far");
}

void hosts_make(void)
{
    if (geteuid() != 0 || system("command -v ip >/dev/null") != 0) /* NOLINT(cert-env33-c) */
        _exit(HOSTS_CANNOT);
    for (int i = HOSTS_COUNT - 1; i >= 0; i--) {
        if (unshare(CLONE_NEWNET) != 0)
            _exit(HOSTS_CANNOT);
        hosts[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (hosts[i] < 0)
            _exit(HOSTS_CANNOT);
        if (!hosts_command((hosts_name)i, "ip link set lo up"))
            _exit(HOSTS_CANNOT);
    }
    if (!connect_hosts() || !add_routes() || !wait_for_all())
        _exit(HOSTS_CANNOT);
    hosts_enter(HOSTS_NEAR);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void run_between_hosts(void *body)
{
    firth_selector_options options = support_options();
    int rc;

    hosts_make();
    rc = firth_run_with(&options, *(firth_task_fn **)body, NULL);
    if (rc < 0)
        fprintf(stderr, "the body came to %s\n", firth_error_name(rc));
    if (rc < 0)
        _exit(1);
}

void hosts_expect(firth_task_fn *body)
{
    int status = support_in_child(run_between_hosts, &body, NULL, 0);

    if (status == HOSTS_CANNOT << 8)
        SKIP("needs root, iproute2 and veth interfaces: no hosts of its own here");
    assert_int_equal(status, 0);
}

int hosts_open(hosts_name host, firth_scope *scope, const firth_udp_builder *udp, const char *ip,
               firth_datagram_socket **socket, firth_address *at)
{
    hosts_enter(host);
    return sockets_open(scope, udp, ip, socket, at);
}

int hosts_connect_from_near(firth_scope *scope, const char *ip, int port, firth_datagram_socket **socket)
{
    firth_address to;

    hosts_enter(HOSTS_NEAR);
    EXPECT_EQUAL(firth_address_make(&to, ip, port), FIRTH_OK);
    return sockets_connect(scope, &to, socket);
}
