/* SPDX-License-Identifier: Apache-2.0 */
/* The writing side: every way to write, in random sizes. */
#include "schedule.h"

enum { SLICE_MAX = 4 };

static int write_slices(byte_schedule *schedule, const char *bytes, size_t size)
{
    firth_buffer slices[SLICE_MAX];
    size_t at = 0, count = 0;

    for (; count < SLICE_MAX - 1; count++) {
        slices[count] = (firth_buffer){bytes + at, schedule_below(schedule, size - at + 1)};
        at += slices[count].size;
    }
    slices[count++] = (firth_buffer){bytes + at, size - at};
    return firth_write_vector(schedule->stream->out, slices, count);
}

static int write_in_place(firth_write_channel *out, const char *bytes, size_t size, size_t *written)
{
    void *room;
    int64_t fit = firth_reserve(out, 1, &room);

    if (fit < 0)
        return (int)fit;
    *written = (size_t)fit < size ? (size_t)fit : size;
    memcpy(room, bytes, *written);
    return firth_commit(out, *written);
}

static int write_number(byte_schedule *schedule, const char *bytes, size_t size, size_t *written)
{
    unsigned width = (unsigned)(size < 8 ? size : 8);
    bool big = schedule_below(schedule, 2) != 0;
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)(uint8_t)bytes[i] << 8 * (big ? width - 1 - i : i);
    *written = width;
    return big ? firth_write_integer_be(schedule->stream->out, value, width)
               : firth_write_integer_le(schedule->stream->out, value, width);
}

/* Writes some of the bytes from at on; *written is how many. */
static int write_some(byte_schedule *schedule, size_t at, size_t *written)
{
    firth_write_channel *out = schedule->stream->out;
    const char *bytes = schedule->text + at;
    size_t left = schedule->size - at, size = schedule_size(schedule);

    size = size < left ? size : left;
    *written = size;
    switch (schedule_below(schedule, 9)) {
    case 0:
        return write_slices(schedule, bytes, size);
    case 1:
        return write_in_place(out, bytes, size, written);
    case 2:
        return size == 0 ? FIRTH_OK : write_number(schedule, bytes, size, written);
    case 3:
        return firth_write_format(out, "%.*s", (int)size, bytes);
    case 4:
        *written = 0;
        return firth_flush(out);
    case 5:
        *written = 0;
        return firth_yield();
    case 6:
        *written = 0;
        firth_write_auto_flush(out, schedule_below(schedule, 2) != 0);
        return FIRTH_OK;
    default:
        return firth_write(out, bytes, size);
    }
}

int64_t schedule_write_all(stream_job *job)
{
    byte_schedule *schedule = job->bytes;
    size_t at = 0;

    while (at < schedule->size) {
        size_t written;

        EXPECT_EQUAL(write_some(schedule, at, &written), FIRTH_OK);
        at += written;
    }
    if (schedule->clean)
        return firth_flush_and_close(job->stream->out);
    firth_write_cancel(job->stream->out, SCHEDULE_CAUSE);
    return FIRTH_OK;
}
