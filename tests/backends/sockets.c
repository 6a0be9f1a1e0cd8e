/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"

static const firth_address loopback = {.family = FIRTH_FAMILY_IPV4, .ip = {127, 0, 0, 1}};
static const firth_address loopback_ipv6 = {.family = FIRTH_FAMILY_IPV6, .ip = {[15] = 1}};

static socklen_t to_system(struct sockaddr_storage *native, const firth_address *address)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)native;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)native;

    memset(native, 0, sizeof *native);
    if (address->family == FIRTH_FAMILY_IPV4) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(address->port);
        memcpy(&ipv4->sin_addr, address->ip, 4);
        return sizeof *ipv4;
    }
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(address->port);
    memcpy(&ipv6->sin6_addr, address->ip, 16);
    return sizeof *ipv6;
}

static firth_io *listener_at(const firth_address *wanted, firth_address *address)
{
    const firth_backend *backend = host_backend();
    firth_io *io = host_io();

    assert_int_equal(backend->socket_open(io, (firth_family)wanted->family), FIRTH_OK);
    assert_int_equal(backend->bind(io, wanted), FIRTH_OK);
    assert_int_equal(backend->listen(io, 0), FIRTH_OK);
    assert_int_equal(backend->local_address(io, address), FIRTH_OK);
    return io;
}

firth_io *host_listener(firth_address *address)
{
    return listener_at(&loopback, address);
}

firth_io *host_listener_ipv6(firth_address *address)
{
    return listener_at(&loopback_ipv6, address);
}

bool host_has_ipv6(void)
{
    struct sockaddr_storage native;
    socklen_t size = to_system(&native, &loopback_ipv6);
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = probe >= 0 && bind(probe, (struct sockaddr *)&native, size) == 0;

    if (probe >= 0)
        close(probe);
    return has;
}

int host_raw_connect(const firth_address *address)
{
    struct sockaddr_storage native;
    socklen_t size = to_system(&native, address);
    int client = socket(native.ss_family, SOCK_STREAM, 0);

    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&native, size), 0);
    return client;
}

int host_raw_listener(firth_address *address)
{
    struct sockaddr_storage native;
    socklen_t size = to_system(&native, &loopback);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&native, size), 0);
    assert_int_equal(listen(listener, 128), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&native, &size), 0);
    *address = loopback;
    address->port = ntohs(((struct sockaddr_in *)&native)->sin_port);
    return listener;
}

void host_raw_reset(int native)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(native, SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
    assert_int_equal(close(native), 0);
}

firth_io *host_accept_from(firth_io *listener, const firth_address *address, int *peer)
{
    firth_io *io = host_io();

    *peer = host_raw_connect(address);
    assert_int_equal(host_await(host_accept(listener, io)), FIRTH_OK);
    return io;
}

firth_io *host_accepted_pair(int *peer)
{
    firth_address address;
    firth_io *listener = host_listener(&address), *io = host_accept_from(listener, &address, peer);

    host_close(listener);
    host_calls_reset();
    return io;
}

firth_io *host_connected_pair(int *peer)
{
    firth_address address;
    int listener = host_raw_listener(&address);
    firth_io *io = host_io();

    assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_IPV4), FIRTH_OK);
    assert_int_equal(host_await(host_connect(io, &address)), FIRTH_OK);
    *peer = accept(listener, NULL, NULL);
    assert_true(*peer >= 0);
    close(listener);
    host_calls_reset();
    return io;
}

void host_close(firth_io *io)
{
    host_backend()->socket_close(io, FIRTH_CLOSE_NORMAL);
    assert_int_equal(io->native, -1);
}

void host_until(const firth_io *io, short events)
{
    struct pollfd entry = {.fd = (int)io->native, .events = events};

    while ((entry.revents & events) != events)
        assert_int_equal(poll(&entry, 1, 10000), 1);
    host_calls_reset();
}

void host_check_flags(intptr_t native)
{
    assert_true((fcntl((int)native, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl((int)native, F_GETFD) & FD_CLOEXEC) != 0);
}
