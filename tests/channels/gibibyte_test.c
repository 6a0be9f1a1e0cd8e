/* SPDX-License-Identifier: Apache-2.0 */
/* 1 GiB from channel to channel, in constant memory. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PERIOD_BYTES = 65521, /* a prime, so that a piece lost or doubled shifts the pattern */
    GROWTH_MAX_BYTES = 32 * 1024 * 1024
};

static const uint64_t total = (uint64_t)1 << 30;

/* Two periods, so that any period can be had in one piece. */
static char *pattern;
static test_stream second;

static int64_t write_total(stream_job *job)
{
    for (uint64_t at = 0; at < total;) {
        size_t size = total - at < PERIOD_BYTES ? (size_t)(total - at) : PERIOD_BYTES;

        EXPECT_EQUAL(firth_write(job->stream->out, pattern, size), FIRTH_OK);
        at += size;
    }
    return firth_flush_and_close(job->stream->out);
}

static int64_t copy_total(stream_job *job)
{
    int64_t count = firth_copy(job->stream->in, second.out, FIRTH_NO_LIMIT);

    EXPECT_EQUAL(firth_flush_and_close(second.out), FIRTH_OK);
    return count;
}

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int read_total(firth_read_channel *in, char *bytes, size_t size, int64_t *most_resident_bytes)
{
    uint64_t at = 0;
    int64_t count;
    unsigned reads = 0;

    while ((count = firth_read(in, bytes, size)) > 0) {
        EXPECT_BYTES(bytes, pattern + at % PERIOD_BYTES, (size_t)count);
        at += (uint64_t)count;
        if (++reads % 256 == 0 && resident_bytes() > *most_resident_bytes)
            *most_resident_bytes = resident_bytes();
    }
    EXPECT_EQUAL(count, FIRTH_EOF);
    EXPECT_EQUAL(at, total);
    return FIRTH_OK;
}

static int run_total(test_stream *stream, char *bytes)
{
    static stream_job writer, copier;
    int64_t before = resident_bytes(), most = before;
    size_t live;

    EXPECT_EQUAL(stream_open_like(&second, stream), FIRTH_OK);
    writer = (stream_job){.name = "writer", .operation = write_total};
    copier = (stream_job){.name = "copier", .operation = copy_total};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &writer), FIRTH_OK);
    EXPECT_EQUAL(stream_start(stream, stream->scope, &copier), FIRTH_OK);
    live = support_allocations_live();
    EXPECT_EQUAL(read_total(second.in, bytes, PERIOD_BYTES, &most), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&writer.done), FIRTH_OK);
    EXPECT_EQUAL(writer.result, FIRTH_OK);
    EXPECT_EQUAL(stream_until(&copier.done), FIRTH_OK);
    EXPECT_EQUAL(copier.result, total);
    EXPECT(support_allocations_live() <= live + 8);
    print_message("resident memory grew by %lld KiB\n", (long long)(most - before) / 1024);
    EXPECT(before > 0 && most - before < GROWTH_MAX_BYTES);
    stream_close(&second);
    return FIRTH_OK;
}

static int a_gibibyte_goes_from_channel_to_channel_in_constant_memory(test_stream *stream)
{
    char *bytes = malloc(PERIOD_BYTES);
    int rc = FIRTH_ERR_NO_MEMORY;

    pattern = malloc((size_t)2 * PERIOD_BYTES);
    if (pattern != NULL && bytes != NULL) {
        support_fill(pattern, PERIOD_BYTES, 0);
        memcpy(pattern + PERIOD_BYTES, pattern, PERIOD_BYTES);
        memset(bytes, 0, PERIOD_BYTES);
        rc = run_total(stream, bytes);
    }
    if (rc >= 0) /* else the tasks that use it may still be there */
        free(pattern);
    free(bytes);
    return rc;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_LARGE_CASE(a_gibibyte_goes_from_channel_to_channel_in_constant_memory),
    };

    return stream_main(argc, argv, "bulk", cases, sizeof cases / sizeof *cases);
}
