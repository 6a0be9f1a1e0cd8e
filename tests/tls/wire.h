/* SPDX-License-Identifier: Apache-2.0 */
/* A client's and a server's session of the engine with nothing between them but memory, whose every whim is a test's:
 * how many bytes it takes and gives at once, when it has none to give, where it ends, which byte it changes. */
#ifndef FIRTH_TESTS_TLS_WIRE_H
#define FIRTH_TESTS_TLS_WIRE_H

#include "core/tls/mbedtls/session.h"
#include "tests/tls/certificates.h"
#include "tests/tls/recut.h"

enum { WIRE_SIZE = 1 << 20 };

/* One direction. */
typedef struct wire {
    unsigned char bytes[WIRE_SIZE];
    size_t written, read;

    size_t most;       /* bytes a call may move; 0: no limit */
    size_t room;       /* bytes that may wait in it; 0: no limit */
    bool is_reluctant; /* every second call would block */
    size_t cut_at;     /* the stream ends before this byte; SIZE_MAX: never */
    size_t flip_at;    /* this byte is changed by flip; SIZE_MAX: none */
    unsigned char flip;
    recut cut; /* what a step of a handshake wrote is cut so before it is read; it is taken in full */
    int send_error, receive_error; /* FIRTH_OK: none */
    size_t receives, sends;        /* calls that moved something */
    bool is_turn;
    bool is_ended; /* at written */
} wire;

/* One side. */
typedef struct wire_end {
    fth_tls_context *context;
    fth_tls_session *session; /* NULL: not open */
    wire *in, *out;
    int result;            /* of the handshake: FIRTH_OK, a want, or an error */
    int read_result;       /* of the last read; FIRTH_OK: of bytes */
    firth_failure failure; /* of what failed last */
    char detail[256];
} wire_end;

typedef struct wire_pair {
    wire to_server, to_client;
    wire_end client, server;
    uint16_t port; /* what the client takes the server's for; 443 */
} wire_pair;

/* Builds both contexts; ends the program if it cannot. NULL: that end has none, and the test may lend it one. */
wire_pair *wire_open(const firth_tls_builder *client, const firth_tls_builder *server);
void wire_close(wire_pair *pair);

/* Empties the wires and opens new sessions on the contexts. FIRTH_OK or what the client's open returned. */
int wire_connect(wire_pair *pair, const char *server_name);
void wire_disconnect(wire_pair *pair);

/* Handshakes until both are done or neither gets on; FIRTH_OK if both succeeded. The failures are in the ends. */
int wire_handshake(wire_pair *pair);

/* The same after wire_connect, and when neither gets on the wires end, as they would for an idle connection's deadline. */
int wire_establish(wire_pair *pair, const char *server_name);

/* Ends both wires where they are, and has both sides find out. */
void wire_end_both(wire_pair *pair);

/* What an end came to: how its handshake failed, or else what it read after it. FIRTH_OK: it waits for more. */
int wire_outcome(const wire_end *end);

/* Sends size bytes one way and compares them as they come out of the other. FIRTH_OK; what failed; 1: they differ. */
int wire_carry(wire_end *from, wire_end *to, size_t size, size_t piece);

/* A read, whose failure is noted in the end. */
int64_t wire_read(wire_end *end, void *bytes, size_t size);

/* The number of steps without progress after which a handshake stands still. */
enum { WIRE_PATIENCE = 8 };

#endif
