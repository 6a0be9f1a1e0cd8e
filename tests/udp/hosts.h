/* SPDX-License-Identifier: Apache-2.0 */
/* Two hosts with a router between them, as network namespaces of one process (network_namespaces(7)): a socket belongs to
 * the host that was entered when it was opened.
 *
 *     near, 10.77.1.1, fd77:1::1  ──  router, .1.254 and .2.254  ──  far, 10.77.2.1, fd77:2::1
 *     near, 10.77.3.1             ────────────────────────────────  far, 10.77.3.2, link-local addresses too
 *
 * The way through the router has an MTU of 1300 bytes behind it. */
#ifndef FIRTH_TESTS_UDP_HOSTS_H
#define FIRTH_TESTS_UDP_HOSTS_H

#include "tests/udp/sockets.h"

typedef enum hosts_name { HOSTS_NEAR, HOSTS_FAR, HOSTS_ROUTER, HOSTS_COUNT } hosts_name;

/* Of the processes that cannot have such hosts: as root alone, with iproute2 and veth interfaces. */
enum { HOSTS_CANNOT = 77 };

/* Makes the hosts for this process and enters the near one; ends the process with HOSTS_CANNOT where that cannot be. For a
 * child that support_in_child has forked. */
void hosts_make(void);

/* What is opened from now on is opened there. */
void hosts_enter(hosts_name host);

/* Runs a command of the shell's on that host. Whether it went well. */
bool hosts_command(hosts_name host, const char *command);

/* Runs the body, the first task of a selector, in a child that has such hosts; skips the test where that cannot be. */
void hosts_expect(firth_task_fn *body);

/* A socket on that host, owned by the scope; and one that is connected from the near host. */
int hosts_open(hosts_name host, firth_scope *scope, const firth_udp_builder *udp, const char *ip,
               firth_datagram_socket **socket, firth_address *at);
int hosts_connect_from_near(firth_scope *scope, const char *ip, int port, firth_datagram_socket **socket);

/* A test whose body is a task between the hosts. */
#define HOSTS_TEST(name)                                                                                               \
    static int name##_body(firth_scope *scope, void *argument);                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        hosts_expect(name##_body);                                                                                     \
    }                                                                                                                  \
    static int name##_body(firth_scope *scope, void *argument __attribute__((unused)))

#endif
