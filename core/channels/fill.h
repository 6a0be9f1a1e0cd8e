/* SPDX-License-Identifier: Apache-2.0 */
/* How a source fills a read channel's block. Each source makes a function of its own of this, with its receive and wait
 * inlined: of a call between a task and its system call the processor does not know any more where it returns to. */
#ifndef FTH_FILL_H
#define FTH_FILL_H

#include "core/channels/read.h"
#include "core/selector/selector.h"

/* Room for at least one byte behind what is buffered, in a large block if bulk and nothing is. FIRTH_OK or why not. */
int fth_read_make_room(firth_read_channel *in, bool bulk);

/* FIRTH_OK, or FIRTH_ERR_WOULD_BLOCK, or the end. */
FIRTH_INLINE int fth_read_try_fill(firth_read_channel *in, const fth_source *source, uint64_t most)
{
    uint32_t common = in->selector->blocks.block_bytes;
    int64_t n;
    size_t room;
    int rc = fth_read_make_room(in, most > common);

    if (rc < 0)
        return rc;
    room = in->block->size - in->end;
    if (most > 0 && room > common)
        room = room < most ? room : (size_t)most;
    n = source->receive(in, in->block->bytes + in->end, room, true);
    if (n > 0) {
        in->end += (uint32_t)n;
        return FIRTH_OK;
    }
    fth_read_drop(in, 0);
    return (int)n;
}

/* What fth_read_fill promises; source is that of in. */
FIRTH_INLINE int fth_read_fill_from(firth_read_channel *in, const fth_source *source, uint64_t most)
{
    bool attempt = source->must_wait == NULL || !source->must_wait(in);

    for (;; attempt = true) {
        int rc = FIRTH_ERR_WOULD_BLOCK;

        if (in->closed)
            return FIRTH_ERR_CLOSED;
        if (in->cause != 0)
            return in->cause;
        if (attempt)
            rc = fth_read_try_fill(in, source, most);
        if (rc != FIRTH_ERR_WOULD_BLOCK)
            return rc;
        rc = source->wait(in);
        if (rc < 0)
            return fth_read_waited(in, rc);
    }
}

#endif
