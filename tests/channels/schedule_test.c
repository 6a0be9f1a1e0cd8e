/* SPDX-License-Identifier: Apache-2.0 */
/* Any schedule of writes, reads, segment sizes and ends: the bytes out equal the bytes in. FIRTH_TEST_SEED repeats a
 * failure. */
#include "schedule.h"

#include <stdio.h>
#include <stdlib.h>

size_t schedule_below(byte_schedule *schedule, size_t limit)
{
    return limit == 0 ? 0 : (size_t)support_random_below(&schedule->random, limit);
}

size_t schedule_size(byte_schedule *schedule)
{
    size_t block = schedule->stream->block_bytes;

    switch (schedule_below(schedule, 8)) {
    case 0:
        return block - 2 + schedule_below(schedule, 5);
    case 1:
        return schedule_below(schedule, 3 * block);
    default:
        return schedule_below(schedule, 24);
    }
}

/* Few letters, so that delimiters, their beginnings and line endings of both kinds are everywhere; no NUL for printf,
 * no '!' for skip. Some arrays have long stretches without an ending. */
static void make_text(byte_schedule *schedule)
{
    static const char letters[] = "ab-ab-ab-\r\n\n";
    size_t kinds = schedule_below(schedule, 3) == 0 ? 3 : sizeof letters - 1;

    schedule->size = schedule_below(schedule, 6 * schedule->stream->block_bytes);
    for (size_t i = 0; i < schedule->size; i++)
        schedule->text[i] = letters[schedule_below(schedule, kinds)];
    if (schedule_below(schedule, 8) == 0)
        schedule->size = 0;
}

static int run_round(byte_schedule *schedule)
{
    static stream_job writer, reader;
    test_stream *stream = schedule->stream;

    make_text(schedule);
    schedule->read = 0;
    writer = (stream_job){.name = "writer", .operation = schedule_write_all, .bytes = schedule};
    reader = (stream_job){.name = "reader", .operation = schedule_read_all, .bytes = schedule};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &writer), FIRTH_OK);
    EXPECT_EQUAL(stream_start(stream, stream->scope, &reader), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&reader.done), FIRTH_OK);
    EXPECT_EQUAL(reader.result, FIRTH_OK);
    EXPECT_EQUAL(stream_until(&writer.done), FIRTH_OK);
    EXPECT_EQUAL(writer.result, FIRTH_OK);
    if (schedule->clean)
        EXPECT_EQUAL(schedule->read, schedule->size);
    return stream_reopen(stream);
}

static int run_rounds(test_stream *stream, bool clean)
{
    static byte_schedule schedule;
    unsigned rounds = stream->block_bytes > 1000 ? 100 : 1500;
    int rc = FIRTH_OK;

    schedule = (byte_schedule){.stream = stream, .clean = clean, .random = support_random_start()};
    schedule.text = malloc(6 * stream->block_bytes);
    schedule.seen = malloc(10 * stream->block_bytes + 16);
    if (schedule.text == NULL || schedule.seen == NULL)
        rc = FIRTH_ERR_NO_MEMORY;
    for (unsigned round = 0; round < rounds && rc >= 0; round++) {
        rc = run_round(&schedule);
        if (rc < 0)
            fprintf(stderr, "round %u\n", round);
    }
    if (rc >= 0) { /* else the tasks that use them may still be there */
        free(schedule.text);
        free(schedule.seen);
    }
    return rc;
}

static int what_is_read_is_what_was_written(test_stream *stream)
{
    return run_rounds(stream, true);
}

static int what_is_read_before_a_cancel_is_a_prefix_of_what_was_written(test_stream *stream)
{
    return run_rounds(stream, false);
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(what_is_read_is_what_was_written),
        STREAM_CASE(what_is_read_before_a_cancel_is_a_prefix_of_what_was_written),
    };

    return stream_main(argc, argv, "random schedules", cases, sizeof cases / sizeof *cases);
}
