/* SPDX-License-Identifier: Apache-2.0 */
/* A read channel: at most one block of bytes, and a source that fills it. */
#ifndef FTH_READ_H
#define FTH_READ_H

#include "core/channels/block.h"
#include "core/tasks/task.h"
#include <firth/channel.h>

/* Where the bytes come from. A const table each for sockets and pipes; TLS will be a third. */
typedef struct fth_source {
    const char *name; /* for firth_task_info.waiting_for */
    bool is_cheap;    /* a receive costs no system call: small reads need no buffer either */

    /* Stores at least 1 of at most size bytes and returns how many; FIRTH_EOF or the cause at the end. With attempt_only
     * it does not suspend: FIRTH_ERR_WOULD_BLOCK instead. Otherwise it may, and may return FIRTH_ERR_CANCELED,
     * _TIMED_OUT or _CLOSED with nothing stored. */
    int64_t (*receive)(firth_read_channel *in, void *bytes, size_t size, bool attempt_only);

    /* Whether an attempt is known to come to FIRTH_ERR_WOULD_BLOCK; NULL: that is never known. */
    bool (*must_wait)(const firth_read_channel *in);

    /* Suspends until an attempt is worth it; pins no memory. FIRTH_OK, or as receive. */
    int (*wait)(firth_read_channel *in);

    /* fth_read_fill_from (fill.h) with this source. */
    int (*fill)(firth_read_channel *in, uint64_t most);

    /* The call inside has left, and tell_left is set: the owner may be freed by this. */
    void (*left)(firth_read_channel *in);

    /* Bytes that a receive would deliver at once, where that is known; NULL: it is not. */
    size_t (*available)(const firth_read_channel *in);

    /* Reading was cancelled; the cause is set already. May be NULL. */
    void (*cancelled)(firth_read_channel *in);
} fth_source;

struct firth_read_channel {
    const fth_source *source; /* NULL once the owner is freed (debug builds look) */
    firth_selector *selector;
    fth_block *block;   /* NULL while nothing is buffered */
    firth_task *reader; /* inside a call */
    const char *step;   /* of the failure that ended it */
    size_t progress;
    uint32_t start; /* the buffered bytes: [start, end) of the block */
    uint32_t end;
    int32_t cause; /* 0 while open; else what calls return once nothing is buffered */
    int32_t os_code;
    bool cancelled;  /* by firth_read_cancel: what the peer sends meanwhile nobody has seen */
    bool closed;     /* the owner is closed or closing: calls inside end with FIRTH_ERR_CLOSED */
    bool tell_left;  /* the owner waits for the call inside to leave */
    bool discarding; /* the buffer goes when the call inside, which may have lent it to an op, has left */
};

void fth_read_init(firth_read_channel *in, const fth_source *source, firth_selector *selector);

/* Begins a public call: see fth_task_enter, and FIRTH_ERR_BUSY. After FIRTH_OK the call ends with fth_read_leave. */
int fth_read_enter(firth_read_channel *in);

/* Ends a public call, and returns result, noted as the task's failure if it is one. in may be gone afterwards. */
int64_t fth_read_leave(firth_read_channel *in, int64_t result);

/* Bytes buffered, and the first of them. */
static inline size_t fth_read_buffered(const firth_read_channel *in)
{
    return in->end - in->start;
}
static inline const unsigned char *fth_read_bytes(const firth_read_channel *in)
{
    return in->block->bytes + in->start;
}

/* Buffers at least one byte more; there must be room below the capacity. FIRTH_OK; the end; a failed wait. most: if
 * nothing is buffered and it is more than a block, a large one is taken if one is to be had, for at most so many bytes;
 * 0: a common one will do. */
static inline int fth_read_fill(firth_read_channel *in, uint64_t most)
{
    return in->source->fill(in, most);
}

/* The same without suspending, whether or not the owner is closed, for a source above: FIRTH_ERR_WOULD_BLOCK. */
int fth_read_attempt(firth_read_channel *in, uint64_t most);

/* Buffers at least minimum bytes, at most the capacity, in one piece. */
int fth_read_await(firth_read_channel *in, size_t minimum);

/* Buffers at least one byte if there is none. */
int fth_read_some(firth_read_channel *in);

/* Drops count buffered bytes and gives the block back with the last. */
void fth_read_drop(firth_read_channel *in, size_t count);

/* For the short way through a call, with no wait and no failure in it: whether nobody is inside, bytes are buffered, and
 * the task may go on, which uses up a unit of its budget. */
static inline bool fth_read_is_plain(const firth_read_channel *in)
{
    return in->reader == NULL && in->start < in->end && !in->closed && fth_task_goes_on(in->selector);
}

/* Ends the stream: the first cause stays. */
FIRTH_COLD void fth_read_end(firth_read_channel *in, int cause, int os_code, const char *step);

/* The owner is closed: nothing more is read, what is buffered is discarded, the reader inside wakes. */
void fth_read_close(firth_read_channel *in);

/* What a wait inside a channel that ended with rc means for the caller. */
FIRTH_COLD int fth_read_waited(const firth_read_channel *in, int rc);

#endif
