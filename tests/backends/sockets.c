/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"

static const firth_address loopback = {.family = FIRTH_FAMILY_IPV4, .ip = {127, 0, 0, 1}};

static struct sockaddr_in to_system(const firth_address *address)
{
    struct sockaddr_in native = {.sin_family = AF_INET, .sin_port = htons(address->port)};

    assert_int_equal(address->family, FIRTH_FAMILY_IPV4);
    memcpy(&native.sin_addr, address->ip, 4);
    return native;
}

firth_io *host_listener(firth_address *address)
{
    const firth_backend *backend = host_backend();
    firth_io *io = host_io();

    assert_int_equal(backend->socket_open(io, FIRTH_FAMILY_IPV4), FIRTH_OK);
    assert_int_equal(backend->bind(io, &loopback), FIRTH_OK);
    assert_int_equal(backend->listen(io, 4096), FIRTH_OK);
    assert_int_equal(backend->local_address(io, address), FIRTH_OK);
    return io;
}

int host_raw_connect(const firth_address *address)
{
    struct sockaddr_in native = to_system(address);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&native, sizeof native), 0);
    return client;
}

int host_raw_listener(firth_address *address)
{
    struct sockaddr_in native = to_system(&loopback);
    socklen_t size = sizeof native;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&native, size), 0);
    assert_int_equal(listen(listener, 128), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&native, &size), 0);
    *address = loopback;
    address->port = ntohs(native.sin_port);
    return listener;
}

void host_raw_reset(int native)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(native, SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
    assert_int_equal(close(native), 0);
}

firth_io *host_accepted_pair(int *peer)
{
    firth_address address;
    firth_io *listener = host_listener(&address), *io = host_io();

    *peer = host_raw_connect(&address);
    assert_int_equal(host_await(host_accept(listener, io)), FIRTH_OK);
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
