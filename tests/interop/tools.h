/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS programs of other people, and how each wants to be told the same. */
#ifndef FIRTH_TESTS_INTEROP_TOOLS_H
#define FIRTH_TESTS_INTEROP_TOOLS_H

#include "tests/interop/peer.h"

#include <firth/tls.h>

typedef enum tool {
    TOOL_OPENSSL = 0,
    TOOL_GNUTLS,
    TOOL_MBEDTLS,
    TOOL_CURL, /* a client only */
    TOOL_COUNT
} tool;

/* What one of them is to do. NULL and false: nothing special. Names are those of pki.sh, without ".pem". */
typedef struct tool_plan {
    tool tool;
    firth_tls_version version; /* this one alone; 0: any */
    const char *identity;      /* its certificate and key. A server's default is server-ecdsa, a client has none */
    const char *authorities;   /* whom it trusts; "authorities" */
    const char *server_name;   /* a client asks for it and expects it; server.example.com */
    const char *alpn;          /* one protocol */
    bool wants_certificate;    /* a server: of its clients */
    bool is_stream;            /* a server of OpenSSL: sends its input and prints what it gets, instead of HTTP */
    const char *output;        /* a file for it */
    const char *more[8];       /* words of the tool's own */
} tool_plan;

/* Skips the test when that tool is missing, or the certificates are. On the main stack. */
void tool_need(tool wanted);

/* A path of the test's certificates: "server-ecdsa.pem". Valid for some 20 calls. */
const char *tool_pki(const char *file);

/* A path for a test's own files, which no other process of the tests has. Valid as long. */
const char *tool_scratch(const char *file);

/* Starts a client of a server on that port of 127.0.0.1. As peer_start. */
int tool_start_client(firth_scope *scope, const tool_plan *plan, int port, peer **client);

/* Starts a server on 127.0.0.1 and waits until it listens. FIRTH_OK with its port, or an error. */
int tool_start_server(firth_scope *scope, const tool_plan *plan, int *port, peer **server);

/* A test whose body is a task and whose peer is a tool: as TASK_TEST. */
#define TOOL_TEST(name, tool)                                                                                          \
    static int name##_body(firth_scope *scope, void *argument);                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        tool_need(tool);                                                                                               \
        support_run(name##_body, *state);                                                                              \
    }                                                                                                                  \
    static int name##_body(firth_scope *scope __attribute__((unused)), void *argument __attribute__((unused)))

#endif
