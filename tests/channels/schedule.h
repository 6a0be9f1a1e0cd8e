/* SPDX-License-Identifier: Apache-2.0 */
/* A random schedule of writes and reads over one stream, against a plain array. */
#ifndef FIRTH_TESTS_SCHEDULE_H
#define FIRTH_TESTS_SCHEDULE_H

#include "stream.h"

/* What a cancelled end is cancelled with. */
enum { SCHEDULE_CAUSE = FIRTH_ERR_USER - 11 };

typedef struct byte_schedule {
    test_stream *stream;
    support_random random;
    char *text; /* the array */
    size_t size;
    char *seen; /* where reads go: room for the array and four blocks more */
    size_t read;
    bool clean; /* ends by a close, else by a cancel that may overtake bytes */
} byte_schedule;

/* A random number below limit, 0 for a limit of 0. */
size_t schedule_below(byte_schedule *schedule, size_t limit);

/* Mostly small, sometimes around a block, sometimes several. */
size_t schedule_size(byte_schedule *schedule);

/* Jobs for stream_start; bytes is the schedule. Both come to FIRTH_OK. */
int64_t schedule_write_all(stream_job *job);
int64_t schedule_read_all(stream_job *job);

#endif
