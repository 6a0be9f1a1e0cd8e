/* SPDX-License-Identifier: Apache-2.0 */
/* A connected socket: the backend's io between two channels. */
#ifndef FTH_SOCKET_H
#define FTH_SOCKET_H

#include "core/channels/read.h"
#include "core/channels/write.h"
#include "core/selector/opened.h"
#include "core/selector/selector.h"
#include <firth/socket.h>
#include <firth/tcp.h>

typedef enum fth_socket_stage {
    FTH_SOCKET_NEW,     /* not the user's yet */
    FTH_SOCKET_OPEN,    /* the user's */
    FTH_SOCKET_CLOSING, /* firth_socket_close flushes */
    FTH_SOCKET_CLOSED,  /* waits for whoever is still inside, then is freed */
} fth_socket_stage;

struct firth_socket {
    firth_io io;
    firth_read_channel in;
    firth_write_channel out;
    fth_opened opened;
    firth_cleanup cleanup; /* of the owning scope */
    firth_scope *owner;
    firth_task *closer; /* suspended in firth_socket_close until the others have left */
    uint32_t read_idle_ms;
    uint32_t write_idle_ms;
    uint32_t linger_ms;
    uint8_t stage; /* a fth_socket_stage */
    uint8_t how;   /* a firth_close_how, for the end */
};

/* A socket without a descriptor, for a connect or accept to fill; NULL when there is no memory. */
firth_socket *fth_socket_new(firth_selector *selector);

/* Frees a socket that never became the user's; its io is closed if it was opened. */
void fth_socket_discard(firth_socket *socket);

/* Makes it the user's: channels, timeouts and place. */
void fth_socket_start(firth_socket *socket, const firth_tcp_builder *tcp, const char *place);

/* Frees a closed socket once nobody is inside. */
void fth_socket_settle(firth_socket *socket);

/* Takes the socket out of the scope that owns it. */
void fth_socket_disown(firth_socket *socket);

/* The channels' ends of a socket. */
extern const fth_source fth_socket_source;
extern const fth_sink fth_socket_sink;

/* Milliseconds as kept in a socket: clamped to 0 .. UINT32_MAX. */
uint32_t fth_milliseconds(int64_t ms);

/* In debug builds stops at a socket that is closed. FIRTH_OK or FIRTH_ERR_MISUSE. */
int fth_socket_check(const firth_socket *socket);

#endif
