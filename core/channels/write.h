/* SPDX-License-Identifier: Apache-2.0 */
/* A write channel: at most one block of bytes, and a sink that takes them. */
#ifndef FTH_WRITE_H
#define FTH_WRITE_H

#include "core/selector/selector.h"
#include <firth/channel.h>

/* Where the bytes go. */
typedef struct fth_sink {
    const char *name; /* for firth_task_info.waiting_for */

    /* Starts moving what is buffered; never suspends. FTH_DRAINED: the other side has all of it, or can take it from the
     * buffer. FTH_DRAINING: it goes on by itself. Whatever leaves the buffer later is told by fth_write_drained. A negative code: it cannot, ever; fth_write_end was called. */
    int (*drain)(firth_write_channel *out);

    /* Moves at least one byte of the pieces in order, suspending if it must, and returns how many; nothing is draining
     * meanwhile. Or FIRTH_ERR_CANCELED, _TIMED_OUT with nothing moved; or the cause, after fth_write_end. NULL: there
     * is no way past the buffer. */
    int64_t (*send)(firth_write_channel *out, firth_buffer *pieces, unsigned count);

    /* When a wait that begins now has taken too long, by an idle timeout of the owner's; INT64_MAX: never. */
    int64_t (*idle_deadline_ns)(const firth_write_channel *out);

    /* Everything has drained: tells the peer that this was all. May suspend its task, which is inside the channel. */
    int (*finish)(firth_write_channel *out);

    /* Moves some of these bytes at once, past the empty buffer with nothing draining: the count; FIRTH_ERR_WOULD_BLOCK;
     * the cause, after fth_write_end. NULL: there is no such way. */
    int64_t (*attempt)(firth_write_channel *out, const void *bytes, size_t size);

    /* The channel below this one moved bytes in the background, or ended. NULL for what stands on no channel. */
    void (*below_moved)(firth_write_channel *out);

    /* The call inside has left, and tell_left is set: the owner may be freed by this. */
    void (*left)(firth_write_channel *out);

    /* Writing was cancelled with this cause - the channel's own may be an earlier one - and the buffer is empty, or will
     * be when the sink lets go of it. */
    void (*cancelled)(firth_write_channel *out, int cause);
} fth_sink;

enum { FTH_DRAINED = 0, FTH_DRAINING = 1 };

struct firth_write_channel {
    const fth_sink *sink; /* NULL once the owner is freed (debug builds look) */
    firth_selector *selector;
    fth_block *block;   /* NULL while nothing is buffered */
    firth_task *writer; /* inside a call */
    firth_write_channel *next_dirty;
    firth_write_channel *upper; /* the one that stands on this one and is told when bytes have moved, or NULL */
    const char *step;           /* of the failure that ended it */
    size_t progress;
    uint32_t capacity; /* buffered bytes at most: a block, or the whole records that fit it */
    uint32_t start;    /* the buffered bytes: [start, end) of the block */
    uint32_t end;
    uint32_t reserved;  /* room that firth_reserve showed: the block stays for it */
    uint32_t in_flight; /* so many of them, the first, belong to an op of the sink */
    int32_t cause;      /* 0 while open */
    int32_t os_code;
    bool auto_flush : 1;
    bool by_record : 1; /* the sink takes so much at a time, and less is dearer: a rest waits for more */
    bool dirty : 1;     /* in the selector's list of channels to flush when the task suspends */
    bool waiting : 1;   /* the writer is suspended until something has drained */
    bool finished : 1;  /* firth_flush_and_close is done */
    bool closed : 1;    /* the owner is closed or closing */
    bool unsent : 1;    /* the sink still has bytes that left the buffer: a flush waits for them */
    bool tell_left : 1; /* the owner waits for the call inside to leave */
};

void fth_write_init(firth_write_channel *out, const fth_sink *sink, firth_selector *selector, bool auto_flush);

/* Begins and ends a public call, as fth_read_enter and fth_read_leave. */
int fth_write_enter(firth_write_channel *out);
int fth_write_leave(firth_write_channel *out, int result);

static inline uint32_t fth_write_buffered(const firth_write_channel *out)
{
    return out->end - out->start;
}

/* Room for at least minimum bytes (at most the capacity) in the block, waiting for it. FIRTH_OK or why not. */
int fth_write_room(firth_write_channel *out, size_t minimum);

/* Appends bytes for which there is room. */
void fth_write_append(firth_write_channel *out, const void *bytes, size_t size);

/* Moves bytes straight from the caller's memory, behind what is buffered; nothing is in flight, and the sink has a send.
 * Returns how many of them went, 0 if it was only from the buffer, or why none did. Inline, and gathering apart, for the
 * same reason as in fill.h. */
int64_t fth_write_send_gathered(firth_write_channel *out, const void *bytes, size_t size);
FIRTH_COLD int64_t fth_write_send_failed(firth_write_channel *out, int64_t rc);
FIRTH_INLINE int64_t fth_write_send(firth_write_channel *out, const void *bytes, size_t size)
{
    firth_buffer piece = {bytes, size};
    int64_t n;

    if (fth_write_buffered(out) > 0)
        return fth_write_send_gathered(out, bytes, size);
    n = out->sink->send(out, &piece, 1);
    if (n < 0)
        return fth_write_send_failed(out, n);
    out->progress += (size_t)n;
    return n;
}

/* Writes all of size bytes inside a call, adding to progress. direct: past the buffer whatever the size. */
int fth_write_all(firth_write_channel *out, const void *bytes, size_t size, bool direct);

/* Waits until the buffer is empty. Works on a closed owner too, for whoever closes it. */
int fth_write_flush(firth_write_channel *out);

/* Ends the channel with a cause, the first stays, and drops what no op holds. */
FIRTH_COLD void fth_write_end(firth_write_channel *out, int cause, int os_code, const char *step);

/* The sink moved count bytes from the front of the buffer, and holds none of it now: wakes the writer. */
void fth_write_drained(firth_write_channel *out, uint32_t count);

/* Wakes the writer, if it waits for that. */
void fth_write_wake(firth_write_channel *out);

/* Suspends until something has drained. The writer of a closed owner is whoever closes it. */
int fth_write_wait(firth_write_channel *out);

/* Buffers as many of the bytes as there is room for without waiting, for a sink above, and returns how many. */
size_t fth_write_take(firth_write_channel *out, const void *bytes, size_t size);

/* The owner is closed: the writer inside wakes; what is buffered stays for the owner to flush or drop. */
void fth_write_close(firth_write_channel *out);

/* Drops what is buffered and not in flight. */
void fth_write_discard(firth_write_channel *out);

/* Starts flushing every auto-flush channel written to since the task was resumed. Inline for the same reason. */
FIRTH_INLINE void fth_write_flush_dirty(firth_selector *selector)
{
    while (selector->dirty != NULL) {
        firth_write_channel *out = selector->dirty;

        selector->dirty = out->next_dirty;
        out->dirty = false;
        if (out->cause == 0 && fth_write_buffered(out) > 0)
            (void)out->sink->drain(out);
    }
}

/* Puts an auto-flush channel on the list of those to flush when the task suspends. */
void fth_write_mark_dirty(firth_write_channel *out);

/* Takes a channel out of the dirty list. */
void fth_write_clean(firth_write_channel *out);

/* What a wait inside a channel that ended with rc means for the caller. */
int fth_write_waited(const firth_write_channel *out, int rc);

#endif
