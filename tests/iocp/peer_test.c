/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a datagram socket when it gets its peer: what others sent before is thrown away, all of it, and what the peer
 * sends does not make that go on for ever. Both are sent on the way to the system's calls, so that they are there in time. */
#include <winsock2.h>

#include "tests/support/support.h"

enum { BUFFER_BYTES = 16 * 1024, CROWD = 2000, ENDLESS = 5000 };

/* ---- the calls that are looked at ---------------------------------------------------------------------------------- */

static struct {
    SOCKET stranger;   /* sends CROWD datagrams before the peer is set; INVALID_SOCKET: nobody does */
    SOCKET chatterbox; /* sends one before each receive; likewise */
    int bytes;         /* of each of those */
    int receives;
} seen = {.stranger = INVALID_SOCKET, .chatterbox = INVALID_SOCKET};

typedef int(WSAAPI *connect_function)(SOCKET, const struct sockaddr *, int);
typedef int(WSAAPI *receive_function)(SOCKET, char *, int, int);

extern const connect_function __real___imp_connect, __wrap___imp_connect;
extern const receive_function __real___imp_recv, __wrap___imp_recv;

static void send_from(SOCKET sender, SOCKET to, int bytes)
{
    static const char nothing[BUFFER_BYTES];
    struct sockaddr_in address;
    int size = sizeof address;

    if (getsockname(to, (struct sockaddr *)&address, &size) != 0 ||
        sendto(sender, nothing, bytes, 0, (struct sockaddr *)&address, size) != bytes)
        abort();
}

static int WSAAPI connect_late(SOCKET socket, const struct sockaddr *address, int size)
{
    for (int i = 0; seen.stranger != INVALID_SOCKET && i < CROWD; i++)
        send_from(seen.stranger, socket, i % 2);
    return __real___imp_connect(socket, address, size);
}

static int WSAAPI receive_late(SOCKET socket, char *bytes, int size, int flags)
{
    if (seen.chatterbox != INVALID_SOCKET && seen.receives++ < ENDLESS)
        send_from(seen.chatterbox, socket, seen.bytes);
    return __real___imp_recv(socket, bytes, size, flags);
}

const connect_function __wrap___imp_connect = connect_late;
const receive_function __wrap___imp_recv = receive_late;

/* ---- the peer -------------------------------------------------------------------------------------------------------- */

/* A socket on loopback, that of the peer, of a stranger, or with a peer. */
static int open_socket(firth_scope *scope, const firth_address *peer, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address here;

    EXPECT_EQUAL(firth_address_make(&here, "127.0.0.1", 0), FIRTH_OK);
    udp.local_address = &here;
    udp.receive_buffer_bytes = BUFFER_BYTES;
    if (peer == NULL)
        EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, socket), FIRTH_OK);
    else
        EXPECT_EQUAL(firth_udp_connect_to(&udp, peer, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

static int expect_to_hear(firth_datagram_socket *socket, firth_datagram_socket *peer)
{
    firth_address at;
    char bytes[8];
    firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes};

    EXPECT_EQUAL(firth_datagram_socket_local_address(socket, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(peer, "abc", 3, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_receive(socket, &got), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return FIRTH_OK;
}

TASK_TEST(a_full_buffer_of_strangers_datagrams_is_thrown_away)
{
    firth_datagram_socket *socket = NULL, *peer = NULL, *stranger = NULL;
    firth_address at;

    EXPECT_EQUAL(open_socket(scope, NULL, &peer), FIRTH_OK);
    EXPECT_EQUAL(open_socket(scope, NULL, &stranger), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(peer, &at), FIRTH_OK);
    seen.stranger = (SOCKET)firth_datagram_socket_descriptor(stranger);
    EXPECT_EQUAL(open_socket(scope, &at, &socket), FIRTH_OK);
    seen.stranger = INVALID_SOCKET;
    return expect_to_hear(socket, peer);
}

/* With datagrams of which all is known, and longer ones. */
TASK_TEST(a_peer_that_never_stops_keeps_no_socket_from_connecting)
{
    static const int lengths[] = {400, 4000};
    firth_datagram_socket *socket = NULL, *peer = NULL;
    firth_address at;

    EXPECT_EQUAL(open_socket(scope, NULL, &peer), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(peer, &at), FIRTH_OK);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        seen.receives = 0;
        seen.bytes = lengths[i];
        seen.chatterbox = (SOCKET)firth_datagram_socket_descriptor(peer);
        EXPECT_EQUAL(open_socket(scope, &at, &socket), FIRTH_OK);
        seen.chatterbox = INVALID_SOCKET;
        EXPECT(seen.receives > 1 && seen.receives < ENDLESS);
        EXPECT_EQUAL(expect_to_hear(socket, peer), FIRTH_OK);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_buffer_of_strangers_datagrams_is_thrown_away),
        cmocka_unit_test(a_peer_that_never_stops_keeps_no_socket_from_connecting),
    };

    return support_main(argc, argv, "datagram sockets that get a peer", tests, sizeof tests / sizeof tests[0]);
}
