/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lwip/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DATAGRAM_BYTES = 65000 };

wire talk_wire;
static pid_t peer;
char talk_link_local[16];

/* ---- the wire ---------------------------------------------------------------------------------------------------- */

int talk_plug_in(void **state)
{
    const wire_faults *faults = *state;
    static const wire_faults none;
    int ends[2];

    wire_pair(ends);
    talk_wire = (wire){.faults = faults != NULL ? *faults : none, .driver.descriptor = ends[0]};
    peer = peer_start(ends[1], &talk_wire.faults);
    return close(ends[1]);
}

int talk_unplug(void **state)
{
    (void)state;
    (void)close((int)talk_wire.driver.descriptor);
    peer_await(peer);
    return 0;
}

int talk_over_wire(firth_scope *scope, int (*body)(firth_scope *scope))
{
    int rc;

    wire_open(&talk_wire, (int)talk_wire.driver.descriptor, 1);
    (void)snprintf(talk_link_local, sizeof talk_link_local, "fe80::2%%%u", (unsigned)netif_get_index(&talk_wire.netif));
    rc = body(scope);
    wire_close(&talk_wire);
    return rc;
}

int talk_connect(firth_scope *scope, const char *host, int port, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    return firth_tcp_connect(&tcp, host, port, socket);
}

/* ---- conversations ----------------------------------------------------------------------------------------------- */

static int say(firth_scope *scope, void *argument)
{
    const talk_conversation *mine = argument;
    firth_write_channel *out = firth_socket_output(mine->socket);
    uint8_t *bytes = malloc(mine->size);
    int rc;

    (void)scope;
    support_fill(bytes, mine->size, mine->offset);
    rc = firth_write(out, bytes, mine->size);
    free(bytes);
    return rc < 0 ? rc : firth_flush_and_close(out);
}

int talk_converse(firth_scope *scope, void *argument)
{
    talk_conversation *mine = argument;
    uint8_t *bytes = malloc(mine->size + 1);
    firth_scope talk;
    int64_t heard;
    bool is_right;
    int rc = talk_connect(scope, mine->host, PEER_ECHO, &mine->socket);

    if (rc < 0) {
        free(bytes);
        return rc;
    }
    firth_scope_open(&talk, scope, NULL);
    rc = firth_spawn(&talk, say, mine, NULL);
    heard = firth_read_fully(firth_socket_input(mine->socket), bytes, mine->size);
    is_right = heard == (int64_t)mine->size && support_is_filled(bytes, mine->size, mine->offset);
    free(bytes);
    rc = firth_scope_close(&talk, rc);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(heard, mine->size);
    EXPECT(is_right);
    EXPECT_EQUAL(firth_read(firth_socket_input(mine->socket), (char[1]){0}, 1), FIRTH_EOF);
    return firth_socket_close(mine->socket);
}

int talk_echo_datagram(firth_datagram_socket *socket, const char *host, size_t size)
{
    static uint8_t bytes[DATAGRAM_BYTES], heard[DATAGRAM_BYTES];
    firth_address to, from;

    support_fill(bytes, size, size);
    EXPECT_EQUAL(firth_address_make(&to, host, PEER_ECHO), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, bytes, size, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, heard, sizeof heard, &from), size);
    EXPECT_BYTES(bytes, heard, size);
    EXPECT_EQUAL(from.port, PEER_ECHO);
    return FIRTH_OK;
}
