/* SPDX-License-Identifier: Apache-2.0 */
/* Channel to nowhere, and channel to channel. */
#include "core/channels/read.h"
#include "core/channels/write.h"
#include "core/selector/selector.h"

/* How fast a stream comes. One that fills a block gets a large one next, and keeps to them while it brings more than a
 * block holds; less is twice forgiven in between: it is the tail of a burst, and the burst behind it is there at once. */
typedef struct pace {
    unsigned bulk_turns; /* how many reads yet may be into a large block */
} pace;

enum { BULK_TURNS = 3 };

/* Buffers at least one byte if there is none. */
static int buffer_some(firth_read_channel *in, uint64_t limit, pace *of)
{
    int rc;

    if (fth_read_buffered(in) > 0)
        return FIRTH_OK;
    rc = fth_read_fill(in, of->bulk_turns > 0 && !in->source->is_cheap ? limit : 0);
    if (fth_read_buffered(in) >= in->selector->blocks.block_bytes)
        of->bulk_turns = BULK_TURNS;
    else if (of->bulk_turns > 0)
        of->bulk_turns--;
    return rc;
}

FIRTH_HOT int64_t firth_discard(firth_read_channel *in, uint64_t limit)
{
    uint64_t dropped = 0;
    pace of = {0};
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    while (dropped < limit && (rc = buffer_some(in, limit - dropped, &of)) >= 0) {
        size_t n = fth_read_buffered(in);

        n = n < limit - dropped ? n : (size_t)(limit - dropped);
        fth_read_drop(in, n);
        dropped += n;
        in->progress += n;
    }
    if (rc == FIRTH_EOF && dropped > 0)
        rc = FIRTH_OK;
    return fth_read_leave(in, rc < 0 ? rc : (int64_t)dropped);
}

/* All of size bytes, past the buffer: at once as a rule. */
FIRTH_INLINE int write_past(firth_write_channel *out, const unsigned char *bytes, size_t size)
{
    int64_t n = 0;

    if (out->sink->send != NULL && out->cause == 0 && !out->closed && out->in_flight == 0)
        n = fth_write_send(out, bytes, size);
    if (n < 0)
        return (int)n;
    return (size_t)n == size ? FIRTH_OK : fth_write_all(out, bytes + n, size - (size_t)n, true);
}

/* One round: what is buffered, or the next that comes, from one to the other; bytes stay in `in` until `out` has taken
 * them. FIRTH_OK or why it ended. */
static int copy_some(firth_read_channel *in, firth_write_channel *out, uint64_t limit, pace *of)
{
    size_t before = out->progress, n;
    int rc = buffer_some(in, limit, of);

    if (rc < 0)
        return rc;
    n = fth_read_buffered(in);
    n = n < limit ? n : (size_t)limit;
    rc = write_past(out, fth_read_bytes(in), n);
    /* A close of in meanwhile took the buffer away. */
    if (in->block != NULL)
        fth_read_drop(in, out->progress - before);
    return in->closed ? FIRTH_ERR_CLOSED : rc;
}

/* The failure of one channel ends the other, with the same cause. */
static void spread_failure(firth_read_channel *in, firth_write_channel *out, int rc)
{
    if (rc >= 0)
        return;
    if (rc == in->cause)
        firth_write_cancel(out, rc);
    else if (rc == out->cause)
        firth_read_cancel(in, rc);
}

/* The task waits for one of the channels, and is interrupted when either is cancelled or closed: then it is that one's
 * cause which ended the copy. A cancelled scope ends the call alone. */
static int cause_of(const firth_read_channel *in, const firth_write_channel *out, int rc)
{
    if (rc != FIRTH_ERR_CANCELED || fth_task_is_cancelled())
        return rc;
    if (in->closed || out->closed)
        return FIRTH_ERR_CLOSED;
    if (in->cause != 0 && in->cause != FIRTH_EOF)
        return in->cause;
    return out->cause != 0 ? out->cause : rc;
}

static int copy(firth_read_channel *in, firth_write_channel *out, uint64_t limit)
{
    pace of = {0};
    int rc = out->cause;

    while (rc >= 0 && out->progress < limit)
        rc = copy_some(in, out, limit - out->progress, &of);
    if (rc == FIRTH_EOF && in->cause == FIRTH_EOF)
        rc = FIRTH_OK;
    if (rc >= 0)
        rc = fth_write_waited(out, fth_write_flush(out));
    rc = cause_of(in, out, rc);
    spread_failure(in, out, rc);
    return rc;
}

FIRTH_HOT int64_t firth_copy(firth_read_channel *in, firth_write_channel *out, uint64_t limit)
{
    uint64_t moved = 0;
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    rc = fth_write_enter(out);
    if (rc >= 0) {
        rc = copy(in, out, limit);
        moved = out->progress;
        rc = fth_write_leave(out, rc);
    }
    rc = (int)fth_read_leave(in, rc);
    return rc < 0 ? rc : (int64_t)moved;
}
