/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets and ports on loopback for tests to play with. */
#include "tests/support/internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int support_pair_with(const firth_tcp_builder *tcp, firth_socket **a, firth_socket **b)
{
    firth_server *server;
    int rc = firth_tcp_bind(tcp, "127.0.0.1", 0, &server);

    if (rc < 0)
        return rc;
    rc = firth_tcp_connect(tcp, "127.0.0.1", firth_server_address(server)->port, a);
    if (rc >= 0) {
        rc = firth_accept(server, b);
        if (rc < 0)
            firth_socket_abort(*a);
    }
    firth_server_close(server);
    return rc;
}

int support_pair(firth_scope *scope, firth_socket **a, firth_socket **b)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    return support_pair_with(&tcp, a, b);
}

bool support_has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    bool has;

    if (descriptor < 0)
        return false;
    has = bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0;
    close(descriptor);
    return has;
}

/* The port stays bound for the life of the process and never listens, so nobody else gets it meanwhile: tests run in
 * parallel. SO_REUSEADDR lets a test listen on it all the same (bind(2) refuses only beside a listener then). */
static int closed_port;

void support_closed_port_take(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (closed_port != 0 || descriptor < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &size) != 0)
        return;
    closed_port = ntohs(address.sin_port);
}

int support_closed_port(void)
{
    return closed_port;
}
