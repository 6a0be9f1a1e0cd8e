/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/udp/sockets.h"

enum { NOTHING_MS = 30 };

int sockets_open(firth_scope *scope, const firth_udp_builder *udp, const char *host, firth_datagram_socket **socket,
                 firth_address *address)
{
    EXPECT_EQUAL(firth_udp_bind(udp, host, 0, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return address == NULL ? FIRTH_OK : firth_datagram_socket_local_address(*socket, address);
}

int sockets_open_plain(firth_scope *scope, firth_datagram_socket **socket, firth_address *address)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    return sockets_open(scope, &udp, "127.0.0.1", socket, address);
}

int sockets_connect(firth_scope *scope, const firth_address *to, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    EXPECT_EQUAL(firth_udp_connect_to(&udp, to, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

int sockets_expect(firth_datagram_socket *socket, const char *text)
{
    char bytes[64];

    EXPECT_EQUAL(firth_receive_from(socket, bytes, sizeof bytes, NULL), strlen(text));
    EXPECT_BYTES(bytes, text, strlen(text));
    return FIRTH_OK;
}

static int receive_some(firth_scope *scope, void *socket)
{
    char bytes[2048];

    (void)scope;
    return (int)firth_receive_from(socket, bytes, sizeof bytes, NULL);
}

int64_t sockets_receive_within(int64_t ms, firth_datagram_socket *socket)
{
    return firth_with_timeout(ms, receive_some, socket);
}

int sockets_expect_nothing(firth_datagram_socket *socket)
{
    EXPECT_EQUAL(sockets_receive_within(NOTHING_MS, socket), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

/* A socket that is connected to itself keeps the port, and takes nothing from others. */
int sockets_nobody(firth_scope *scope, firth_address *address)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *first, *keeper;

    udp.reuse_address = true;
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &first), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(first, address), FIRTH_OK);
    udp.local_address = address;
    EXPECT_EQUAL(firth_udp_connect_to(&udp, address, &keeper), FIRTH_OK);
    firth_datagram_socket_close(first);
    firth_scope_own_datagram_socket(scope, keeper);
    return FIRTH_OK;
}
