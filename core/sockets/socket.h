/* SPDX-License-Identifier: Apache-2.0 */
/* A connected socket: two channels, and what they stand on - a backend's io, or another socket. */
#ifndef FTH_SOCKET_H
#define FTH_SOCKET_H

#include "core/channels/read.h"
#include "core/channels/write.h"
#include "core/selector/opened.h"
#include "core/selector/selector.h"
#include "core/sockets/options.h"
#include <firth/socket.h>
#include <firth/tcp.h>

typedef enum fth_socket_stage {
    FTH_SOCKET_NEW,     /* not the user's yet */
    FTH_SOCKET_OPEN,    /* the user's */
    FTH_SOCKET_BELOW,   /* another socket's that stands on it */
    FTH_SOCKET_CLOSING, /* firth_socket_close flushes */
    FTH_SOCKET_CLOSED,  /* waits for whoever is still inside, then is freed */
} fth_socket_stage;

/* Receives in a row, in a close, from a peer that keeps sending, before other tasks get a turn. */
enum { FTH_DISCARDS_IN_A_ROW = 16 };

/* What a socket stands on. */
typedef struct fth_socket_kind {
    const fth_source *source;
    const fth_sink *sink;

    /* What is written has been flushed: tells the peer that this was all, and waits as politeness asks, inside a scope
     * with a deadline. */
    int (*farewell)(firth_socket *socket);

    /* Makes what is sent in the background end soon. */
    void (*stop_sending)(firth_socket *socket);

    /* Lets go of it, as socket->how says: nobody is inside, nothing is on its way in the background. More than once. */
    void (*close)(firth_socket *socket);

    /* Whether it has something else than bytes for its user, which would be lost with it; NULL: never. */
    bool (*holds)(firth_socket *socket);
} fth_socket_kind;

struct firth_socket {
    firth_io io; /* without a descriptor if it stands on another socket */
    const fth_socket_kind *kind;
    firth_socket *below; /* the one it stands on, or NULL */
    char *host;          /* that connect was given, or NULL */
    firth_read_channel in;
    firth_write_channel out;
    fth_opened opened;
    firth_cleanup cleanup; /* of the owning scope */
    firth_scope *owner;
    firth_task *closer; /* suspended in firth_socket_close until the others have left */
    uint32_t read_idle_ms;
    uint32_t write_idle_ms;
    uint32_t linger_ms;
    uint8_t stage;     /* a fth_socket_stage */
    uint8_t how;       /* a firth_close_how, for the end */
    uint8_t transport; /* an fth_transport: FTH_TCP unless somebody says otherwise */
    bool is_hurried;   /* for the farewell: it waits for nothing that a silent peer may never say */
};

/* A socket without a descriptor, for a connect or accept to fill; NULL when there is no memory. */
firth_socket *fth_socket_new(firth_selector *selector);

/* The same in zeroed memory of the caller's that begins with a firth_socket. */
void fth_socket_init(firth_socket *socket, firth_selector *selector, const fth_socket_kind *kind);

/* Frees a socket that never became the user's; its io is closed if it was opened. */
void fth_socket_discard(firth_socket *socket);

/* Makes it the user's: channels, timeouts and place. */
void fth_socket_start(firth_socket *socket, const firth_tcp_builder *tcp, const char *place);

/* The same for one that stands on another, whose times and auto-flush it takes. */
void fth_socket_start_above(firth_socket *socket, firth_socket *below, const char *place);

/* Frees a closed socket once nobody is inside. */
void fth_socket_settle(firth_socket *socket);

/* Takes the socket out of the scope that owns it. */
void fth_socket_disown(firth_socket *socket);

/* The kind that stands on a backend's io, and what other kinds share with it. */
extern const fth_socket_kind fth_socket_plain;
extern const fth_sink fth_socket_sink;
int fth_socket_farewell(firth_socket *socket);
void fth_socket_stop_sending(firth_socket *socket);
void fth_socket_close_io(firth_socket *socket);
int fth_socket_wait_readable(firth_read_channel *in);
bool fth_socket_must_wait(const firth_read_channel *in);
void fth_socket_reader_left(firth_read_channel *in);
void fth_socket_writer_left(firth_write_channel *out);
void fth_socket_write_cancelled(firth_write_channel *out, int cause);
int64_t fth_socket_idle_deadline_ns(const firth_write_channel *out);

/* The io at the bottom. */
static inline const firth_io *fth_socket_io(const firth_socket *socket)
{
    while (socket->below != NULL)
        socket = socket->below;
    return &socket->io;
}

/* Makes an open socket, with nobody inside, one that another stands on: its channels answer FIRTH_ERR_CLOSED. */
void fth_socket_put_below(firth_socket *socket);

/* Flushes and says farewell, in a shield with the linger as its deadline. */
int fth_socket_linger(firth_socket *socket);

/* Ends a socket as abort does, but in that way, and without a look at who has it. */
void fth_socket_drop(firth_socket *socket, firth_close_how how);

/* Milliseconds as kept in a socket: clamped to 0 .. UINT32_MAX. */
uint32_t fth_milliseconds(int64_t ms);

/* In debug builds stops at a socket that is closed. FIRTH_OK or FIRTH_ERR_MISUSE. */
int fth_socket_check(const firth_socket *socket);

#endif
