/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that are not Firth: plain blocking sockets on 127.0.0.1, with the manners a test asks for. All are closed on
 * exec. A negative result is a failure of the machine, not of Firth. */
#ifndef FIRTH_TESTS_TCP_RAW_H
#define FIRTH_TESTS_TCP_RAW_H

#include "tests/support/support.h"

/* A listener on a port of the system's choice. */
int raw_listen(int backlog, int *port);

/* A connection to a port; done when the listener's system has it in its backlog. */
int raw_connect(int port);

/* The other end of the next connection. */
int raw_accept(int listener);

/* Closes with a reset instead of a FIN. */
void raw_reset(int descriptor);

/* A port that answers nothing, as a host does that is switched off: a listener with a full backlog. */
typedef struct raw_silence {
    int port;
    int listener;
    int fillers[4];
} raw_silence;
int raw_silence_open(raw_silence *silence);
void raw_silence_close(raw_silence *silence);

/* A port that nobody has bound; somebody else may take it at any moment. */
int raw_free_port(void);

/* Sends or receives all of it, or fails. */
int raw_send(int descriptor, const void *bytes, size_t size);
int raw_receive(int descriptor, void *bytes, size_t size);

/* TCP segments with data that this socket has sent, first and repeated; -1 where nobody can tell. */
int raw_data_segments_sent(intptr_t descriptor);

/* How many connections may wait to be accepted; -1 where nobody can tell. */
int raw_backlog(intptr_t descriptor);

/* The system's value of an int option; -1 when it has none. */
int raw_option(intptr_t descriptor, int level, int name);

/* The soft limit on descriptors: lowered so that `left` more fit, and put back. */
void raw_descriptors_leave(int left);
void raw_descriptors_restore(void);

/* Processor time of this process so far, in ms. */
int64_t raw_cpu_ms(void);

#endif
