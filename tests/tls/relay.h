/* SPDX-License-Identifier: Apache-2.0 */
/* A relay on 127.0.0.1 between clients and a server, one client at a time, that puts what handshakes say into other
 * records, and into segments of a byte. */
#ifndef FIRTH_TESTS_TLS_RELAY_H
#define FIRTH_TESTS_TLS_RELAY_H

#include "tests/tls/recut.h"
#include <firth/firth.h>

enum { RELAY_BYTES = 32 * 1024 };

typedef struct relay_way {
    recut cut;
    bool is_slow; /* each byte before the first sealed record leaves alone */
    firth_socket *from, *to;
    unsigned char in[RELAY_BYTES], out[RECUT_GROWTH * RELAY_BYTES];
} relay_way;

typedef struct relay {
    int server_port;
    relay_way to_server, to_client;
    firth_server *listener;
} relay;

/* Begins to relay to server_port of what is otherwise filled in; clients are to connect to *port. It ends with the scope.
 * FIRTH_OK or an error. */
int relay_start(firth_scope *scope, relay *this, int *port);

#endif
