/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that a test talks to. Nothing here asserts, so all of it may be used inside a task: calls that wait do so on
 * another thread then, and Firth goes on. Results are codes of Firth's, or an exit code. A program dies with the test at
 * the latest. */
#ifndef FIRTH_TESTS_INTEROP_PEER_H
#define FIRTH_TESTS_INTEROP_PEER_H

#include "tests/support/support.h"

#include <sys/types.h>

enum { PEER_PATIENCE_MS = 20 * 1000 };

typedef struct peer {
    firth_cleanup cleanup;
    pid_t process;
    int input;  /* its standard input; -1 once it is closed */
    int output; /* its standard output and standard error */
    size_t size;
    size_t capacity;
    char *text;         /* what it has said so far, and a NUL */
    const char *needle; /* what is waited for */
    const char *bytes;  /* what is still to be said */
    size_t left;
} peer;

/* Starts a program, searched for as the shell does. words end with NULL. Its standard output goes to a file, or with NULL
 * to where its standard error does, and that is what it has said. FIRTH_OK with a peer of the scope's, which ends it if
 * need be; or an error. */
int peer_start(firth_scope *scope, const char *const words[], const char *file, peer **started);

/* Whether there is such a program. */
bool peer_is_installed(const char *tool);

/* FIRTH_OK when it, or the pipe to it, has all of that; FIRTH_ERR_CLOSED when it does not listen any more. */
int peer_say(peer *this, const char *text);
int peer_say_bytes(peer *this, const void *bytes, size_t size);
void peer_end_input(peer *this);

/* Waits until it has said that: FIRTH_OK; FIRTH_ERR_INCOMPLETE when it ended without, FIRTH_ERR_TIMED_OUT; both print
 * what it said instead. */
int peer_await(peer *this, const char *text);

/* Waits for its end and returns its exit code; 128 and the signal's number if it died of one; FIRTH_ERR_TIMED_OUT when
 * it did not, and was killed. */
int peer_wait(peer *this);

/* The same after a signal. */
int peer_stop(peer *this, int signal);

/* Waits until it listens on a TCP port of IPv4. The port; FIRTH_ERR_NOT_CONNECTED when it ended or will not. */
int peer_port(peer *this);

#endif
