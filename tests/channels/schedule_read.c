/* SPDX-License-Identifier: Apache-2.0 */
/* The reading side: since the array and its length are known, so is the answer of every call, however the bytes come. */
#include "schedule.h"

enum { SKIP_MAX = 20 };

/* What a call must come to: its result, how many bytes it delivers, and how many are gone from the channel then. */
typedef struct outcome {
    int64_t rc;
    size_t delivered, consumed;
} outcome;

static size_t left(const byte_schedule *schedule)
{
    return schedule->size - schedule->read;
}

static outcome up_to(int64_t rc, size_t count)
{
    return (outcome){.rc = rc, .delivered = count, .consumed = count};
}

/* The distance to the next delimiter, or SIZE_MAX. */
static size_t distance(const byte_schedule *schedule, const char *delimiter, size_t size)
{
    for (size_t i = schedule->read; i + size <= schedule->size; i++)
        if (memcmp(schedule->text + i, delimiter, size) == 0)
            return i - schedule->read;
    return SIZE_MAX;
}

static outcome line_outcome(const byte_schedule *schedule, size_t limit, bool strict)
{
    size_t content = distance(schedule, "\n", 1), ending = 1;

    if (content == SIZE_MAX) {
        if (left(schedule) == 0)
            return up_to(FIRTH_EOF, 0);
        content = left(schedule);
        if (content > limit)
            return up_to(FIRTH_ERR_TOO_LONG, limit);
        return up_to(strict ? FIRTH_ERR_INCOMPLETE : (int64_t)content, content);
    }
    if (content > 0 && schedule->text[schedule->read + content - 1] == '\r') {
        content--;
        ending = 2;
    }
    if (content > limit)
        return up_to(FIRTH_ERR_TOO_LONG, limit);
    return (outcome){.rc = (int64_t)content, .delivered = content, .consumed = content + ending};
}

static outcome until_outcome(const byte_schedule *schedule, const char *delimiter, size_t size, size_t limit)
{
    size_t content = distance(schedule, delimiter, size);

    if (content == SIZE_MAX && left(schedule) == 0)
        return up_to(FIRTH_EOF, 0);
    if (content == SIZE_MAX)
        return left(schedule) > limit ? up_to(FIRTH_ERR_TOO_LONG, limit) : up_to(FIRTH_ERR_INCOMPLETE, left(schedule));
    if (content > limit)
        return up_to(FIRTH_ERR_TOO_LONG, limit);
    return (outcome){.rc = (int64_t)content, .delivered = content, .consumed = content + size};
}

/* Compares one call with its outcome and moves on. In an unclean end the cause may come instead, any time. */
static int settle(byte_schedule *schedule, int64_t rc, outcome expected)
{
    if (!schedule->clean && (rc == SCHEDULE_CAUSE || rc == FIRTH_ERR_RESET))
        return (int)rc;
    EXPECT_EQUAL(rc, expected.rc);
    EXPECT_BYTES(schedule->seen, schedule->text + schedule->read, expected.delivered);
    schedule->read += expected.consumed;
    return rc == FIRTH_EOF && left(schedule) == 0 ? FIRTH_EOF : FIRTH_OK;
}

static int read_plain(byte_schedule *schedule)
{
    size_t size = schedule_size(schedule) + 1;
    int64_t rc = firth_read(schedule->stream->in, schedule->seen, size);

    if (rc > 0)
        EXPECT((size_t)rc <= size && (size_t)rc <= left(schedule));
    return settle(schedule, rc, rc > 0 ? up_to(rc, (size_t)rc) : up_to(FIRTH_EOF, left(schedule)));
}

static int read_exactly(byte_schedule *schedule)
{
    size_t size = schedule_size(schedule) + 1, fit = size < left(schedule) ? size : left(schedule);
    int64_t rc = firth_read_fully(schedule->stream->in, schedule->seen, size);

    if (rc == FIRTH_EOF && schedule->clean)
        EXPECT_EQUAL(firth_read_progress(schedule->stream->in), fit);
    return settle(schedule, rc, up_to(fit == size ? (int64_t)size : FIRTH_EOF, fit));
}

static int read_a_line(byte_schedule *schedule)
{
    bool strict = schedule_below(schedule, 2) != 0;
    size_t limit = schedule_size(schedule);
    firth_read_channel *in = schedule->stream->in;
    int64_t rc =
        strict ? firth_read_line_strict(in, schedule->seen, limit + 1) : firth_read_line(in, schedule->seen, limit + 1);
    outcome expected = line_outcome(schedule, limit, strict);

    if (rc >= 0)
        EXPECT_EQUAL(schedule->seen[rc], 0);
    return settle(schedule, rc, expected);
}

static int read_until(byte_schedule *schedule)
{
    static const char *const delimiters[] = {"\n", "-", "--", "ab", "\r\n", "a-a", "-\n-"};
    const char *delimiter = delimiters[schedule_below(schedule, sizeof delimiters / sizeof *delimiters)];
    size_t limit = schedule_size(schedule);
    outcome expected = until_outcome(schedule, delimiter, strlen(delimiter), limit);

    return settle(schedule, firth_read_until(schedule->stream->in, delimiter, strlen(delimiter), schedule->seen, limit),
                  expected);
}

static int read_the_rest(byte_schedule *schedule)
{
    size_t limit = schedule_size(schedule), count = left(schedule);
    int64_t rc = firth_read_remaining(schedule->stream->in, schedule->seen, limit);

    return settle(schedule, rc, count <= limit ? up_to((int64_t)count, count) : up_to(FIRTH_ERR_TOO_LONG, limit));
}

static int peek_and_consume(byte_schedule *schedule)
{
    const void *bytes;
    int64_t rc = firth_peek(schedule->stream->in, &bytes);
    size_t taken;

    if (rc <= 0)
        return settle(schedule, rc, up_to(FIRTH_EOF, left(schedule)));
    EXPECT((size_t)rc <= firth_read_capacity(schedule->stream->in) && (size_t)rc <= left(schedule));
    EXPECT(firth_read_available(schedule->stream->in) >= (size_t)rc);
    EXPECT_BYTES(bytes, schedule->text + schedule->read, (size_t)rc);
    taken = schedule_below(schedule, (size_t)rc + 1);
    EXPECT_EQUAL(firth_consume(schedule->stream->in, taken), FIRTH_OK);
    schedule->read += taken;
    return FIRTH_OK;
}

static int await(byte_schedule *schedule)
{
    size_t capacity = firth_read_capacity(schedule->stream->in), minimum = 1 + schedule_below(schedule, capacity);
    int64_t rc = firth_await_content(schedule->stream->in, minimum);

    if (rc >= 0)
        EXPECT((size_t)rc >= minimum && (size_t)rc <= left(schedule));
    return settle(schedule, rc, (outcome){.rc = left(schedule) < minimum ? FIRTH_EOF : rc});
}

static int skip_if_next(byte_schedule *schedule)
{
    char wanted[SKIP_MAX];
    size_t size = 1 + schedule_below(schedule, SKIP_MAX), fit = size < left(schedule) ? size : left(schedule);
    bool found = fit == size;
    outcome expected;

    memset(wanted, '?', sizeof wanted);
    memcpy(wanted, schedule->text + schedule->read, fit);
    if (schedule_below(schedule, 2) != 0) {
        wanted[schedule_below(schedule, size)] = '!'; /* a byte that the array does not have */
        found = false;
    }
    expected = (outcome){.rc = left(schedule) == 0 ? FIRTH_EOF : found, .consumed = found ? size : 0};
    return settle(schedule, firth_skip_if_found(schedule->stream->in, wanted, size), expected);
}

static int discard(byte_schedule *schedule)
{
    size_t limit = schedule_size(schedule), fit = limit < left(schedule) ? limit : left(schedule);
    outcome expected = {.rc = (int64_t)fit, .consumed = fit};

    if (limit > 0 && fit == 0)
        expected.rc = FIRTH_EOF;
    return settle(schedule, firth_discard(schedule->stream->in, limit), expected);
}

static int read_number(byte_schedule *schedule)
{
    unsigned width = 1 + (unsigned)schedule_below(schedule, 8);
    bool big = schedule_below(schedule, 2) != 0;
    uint64_t value = 0;
    int rc = big ? firth_read_integer_be(schedule->stream->in, &value, width)
                 : firth_read_integer_le(schedule->stream->in, &value, width);

    if (left(schedule) < width)
        return settle(schedule, rc, (outcome){.rc = FIRTH_EOF});
    for (unsigned i = 0; i < width; i++)
        schedule->seen[i] = (char)(value >> 8 * (big ? width - 1 - i : i));
    return settle(schedule, rc, up_to(FIRTH_OK, width));
}

static int give_way(byte_schedule *schedule)
{
    EXPECT(firth_read_available(schedule->stream->in) <= left(schedule));
    return firth_yield();
}

int64_t schedule_read_all(stream_job *job)
{
    static int (*const calls[])(byte_schedule * schedule) = {
        read_plain, read_plain,   read_exactly, read_a_line, read_until,  read_the_rest, peek_and_consume,
        await,      skip_if_next, discard,      read_number, read_a_line, give_way,
    };
    byte_schedule *schedule = job->bytes;
    int rc = FIRTH_OK;

    while (rc == FIRTH_OK)
        rc = calls[schedule_below(schedule, sizeof calls / sizeof *calls)](schedule);
    if (schedule->clean)
        EXPECT_EQUAL(rc, FIRTH_EOF);
    else
        EXPECT(rc == (job->stream->kind == STREAM_PIPE ? SCHEDULE_CAUSE : FIRTH_ERR_RESET));
    return FIRTH_OK;
}
