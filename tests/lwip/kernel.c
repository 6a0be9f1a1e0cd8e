/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of tests/tcp whose peers are plain sockets, with Firth on lwIP and those peers on the kernel's TCP, at the other
 * side of a TAP device: suite_test.sh says so by FIRTH_TEST_KERNEL="LWIP'S ADDRESS KERNEL'S ADDRESS". The tests know
 * of 127.0.0.1 alone, so the linker leads what names it here: a port that a plain socket has bound is the kernel's, every
 * other one lwIP's. Nor do they know that a call that blocks would keep lwIP from answering: who waits here is a task that
 * sleeps. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <firth/firth.h>

enum { PORTS = 65536, PATIENCE = 20000, HOST_BYTES = 16, ADDRESSES_MOST = 16 };

static char lwips[HOST_BYTES], kernels[HOST_BYTES];
static bool is_kernels[PORTS];

__attribute__((constructor)) static void ask(void)
{
    const char *text = getenv("FIRTH_TEST_KERNEL");

    if (text != NULL && text[0] != '\0' && sscanf(text, "%15s %15s", lwips, kernels) != 2)
        abort();
}

static bool is_on(void)
{
    return lwips[0] != '\0';
}

/* Whether to try again, after a moment in which lwIP moves. */
static bool may_wait(int *count)
{
    if (!is_on() || errno != EAGAIN || ++*count > PATIENCE)
        return false;
    if (firth_sleep(1) < 0) /* of a scope that ends */
        (void)poll(NULL, 0, 1);
    return true;
}

/* ---- plain sockets ----------------------------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *address)
{
    return is_on() && address->sa_family == AF_INET &&
           ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

int __real_bind(int descriptor, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int descriptor, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int descriptor, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in here;
    int rc;

    if (!is_loopback(address))
        return __real_bind(descriptor, address, size);
    memcpy(&here, address, sizeof here);
    (void)inet_pton(AF_INET, kernels, &here.sin_addr);
    rc = __real_bind(descriptor, (struct sockaddr *)&here, sizeof here);
    size = sizeof here;
    if (rc == 0 && getsockname(descriptor, (struct sockaddr *)&here, &size) == 0)
        is_kernels[ntohs(here.sin_port)] = true;
    return rc;
}

static const char *host_of(int port)
{
    return port >= 0 && port < PORTS && is_kernels[port] ? kernels : lwips;
}

/* Connects, and waits as a task does. */
static int connect_slowly(int descriptor, const struct sockaddr_in *to)
{
    struct pollfd done = {.fd = descriptor, .events = POLLOUT};
    int rc, error = 0, count = 0, flags = fcntl(descriptor, F_GETFL);
    socklen_t size = sizeof error;

    (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    rc = connect(descriptor, (const struct sockaddr *)to, sizeof *to);
    while (rc != 0 && errno == EINPROGRESS && poll(&done, 1, 0) == 0) {
        errno = EAGAIN;
        if (!may_wait(&count))
            break;
        errno = EINPROGRESS;
    }
    (void)fcntl(descriptor, F_SETFL, flags);
    (void)getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0 && poll(&done, 1, 0) == 1 ? 0 : -1;
}

int __real_connect(int descriptor, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in to;

    if (!is_loopback(address))
        return __real_connect(descriptor, address, size);
    memcpy(&to, address, sizeof to);
    (void)inet_pton(AF_INET, host_of(ntohs(to.sin_port)), &to.sin_addr);
    if ((fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0)
        return __real_connect(descriptor, (struct sockaddr *)&to, sizeof to);
    return connect_slowly(descriptor, &to);
}

int __real_accept(int descriptor, struct sockaddr *address, socklen_t *size);
int __wrap_accept(int descriptor, struct sockaddr *address, socklen_t *size);
int __wrap_accept(int descriptor, struct sockaddr *address, socklen_t *size)
{
    struct pollfd client = {.fd = descriptor, .events = POLLIN};
    int count = 0;

    errno = EAGAIN;
    while (is_on() && poll(&client, 1, 0) == 0 && may_wait(&count))
        errno = EAGAIN;
    return __real_accept(descriptor, address, size);
}

ssize_t __real_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags)
{
    bool is_all = (flags & MSG_WAITALL) != 0;
    size_t received = 0;
    ssize_t n;
    int count = 0;

    if (!is_on() || (flags & MSG_DONTWAIT) != 0)
        return __real_recv(descriptor, bytes, size, flags);
    flags = (flags & ~MSG_WAITALL) | MSG_DONTWAIT;
    do {
        n = __real_recv(descriptor, (char *)bytes + received, size - received, flags);
        if (n > 0)
            received += (size_t)n;
    } while ((n < 0 && may_wait(&count)) || (n > 0 && is_all && received < size));
    return received > 0 ? (ssize_t)received : n;
}

ssize_t __real_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags)
{
    ssize_t n;
    int count = 0;

    if (!is_on() || (flags & MSG_DONTWAIT) != 0)
        return __real_send(descriptor, bytes, size, flags);
    do
        n = __real_send(descriptor, bytes, size, flags | MSG_DONTWAIT);
    while (n < 0 && may_wait(&count));
    return n;
}

/* ---- Firth's ------------------------------------------------------------------------------------------------------ */

static bool names_loopback(const char *host)
{
    return is_on() && host != NULL && strcmp(host, "127.0.0.1") == 0;
}

int __real_firth_tcp_bind_at(const firth_tcp_builder *tcp, const char *host, int port, firth_server **server,
                             const char *place);
int __wrap_firth_tcp_bind_at(const firth_tcp_builder *tcp, const char *host, int port, firth_server **server,
                             const char *place);
int __wrap_firth_tcp_bind_at(const firth_tcp_builder *tcp, const char *host, int port, firth_server **server,
                             const char *place)
{
    return __real_firth_tcp_bind_at(tcp, names_loopback(host) ? lwips : host, port, server, place);
}

int __real_firth_tcp_connect_at(const firth_tcp_builder *tcp, const char *host, int port, firth_socket **socket,
                                const char *place);
int __wrap_firth_tcp_connect_at(const firth_tcp_builder *tcp, const char *host, int port, firth_socket **socket,
                                const char *place);
int __wrap_firth_tcp_connect_at(const firth_tcp_builder *tcp, const char *host, int port, firth_socket **socket,
                                const char *place)
{
    return __real_firth_tcp_connect_at(tcp, names_loopback(host) ? host_of(port) : host, port, socket, place);
}

int __real_firth_tcp_connect_any_at(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                                    firth_socket **socket, const char *place);
int __wrap_firth_tcp_connect_any_at(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                                    firth_socket **socket, const char *place);
int __wrap_firth_tcp_connect_any_at(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                                    firth_socket **socket, const char *place)
{
    firth_address there[ADDRESSES_MOST];

    if (!is_on() || count > ADDRESSES_MOST)
        return __real_firth_tcp_connect_any_at(tcp, addresses, count, socket, place);
    for (size_t i = 0; i < count; i++) {
        there[i] = addresses[i];
        if (names_loopback(firth_address_ip_text(&addresses[i]).text))
            (void)!firth_address_make(&there[i], host_of(addresses[i].port), addresses[i].port);
    }
    return __real_firth_tcp_connect_any_at(tcp, there, count, socket, place);
}
