/* SPDX-License-Identifier: Apache-2.0 */
/* A byte stream under test: a write channel, the read channel at its other end, and what carries the bytes between.
 * Every case runs over a pipe in memory and over loopback TCP, with blocks of 512 bytes, none of them kept for the next
 * use, and of 16 KiB. */
#ifndef FIRTH_TESTS_STREAM_H
#define FIRTH_TESTS_STREAM_H

#include "tests/support/support.h"

#include <string.h>

typedef enum stream_kind { STREAM_PIPE, STREAM_TCP } stream_kind;

typedef struct test_stream test_stream;

/* One of the tasks that a test runs beside its own. Static or heap memory, not a task's stack: a failed EXPECT leaves
 * the frame at once. */
typedef struct stream_job {
    const char *name; /* of the task; unique among those that run */
    test_stream *stream;
    int64_t (*operation)(struct stream_job *job);
    void *bytes;
    size_t size;
    int64_t result;
    size_t progress; /* of the reading or writing side, noted right after the operation */
    bool started;
    bool done;
} stream_job;

struct test_stream {
    firth_scope *scope; /* open while the body runs; joined before the stream is closed */
    firth_selector *selector;
    firth_write_channel *out;
    firth_read_channel *in;
    stream_kind kind;
    size_t block_bytes;
    firth_pipe *pipe;   /* of STREAM_PIPE */
    firth_socket *near; /* of STREAM_TCP: out belongs to it */
    firth_socket *far;  /* of STREAM_TCP: in belongs to it */
    const char *feed_bytes;
    size_t feed_size, feed_piece;
    bool feed_stays_open;
    bool fed; /* no feed is going on */
};

typedef int stream_body(test_stream *stream);

typedef struct stream_case {
    const char *name;
    stream_body *body;
    unsigned kinds; /* bits 1 << stream_kind, and which block size if not both */
} stream_case;

/* One block size alone. */
enum { STREAM_SMALL_ONLY = 8, STREAM_LARGE_ONLY = 16 };

#define STREAM_CASE(body)                                                                                              \
    {                                                                                                                  \
#body, body, 1u << STREAM_PIPE | 1u << STREAM_TCP                                                              \
    }
#define STREAM_PIPE_CASE(body)                                                                                         \
    {                                                                                                                  \
#body, body, 1u << STREAM_PIPE                                                                                 \
    }
#define STREAM_TCP_CASE(body)                                                                                          \
    {                                                                                                                  \
#body, body, 1u << STREAM_TCP                                                                                  \
    }
#define STREAM_SMALL_CASE(body)                                                                                        \
    {                                                                                                                  \
#body, body, 1u << STREAM_PIPE | 1u << STREAM_TCP | STREAM_SMALL_ONLY                                          \
    }
#define STREAM_SMALL_TCP_CASE(body)                                                                                    \
    {                                                                                                                  \
#body, body, 1u << STREAM_TCP | STREAM_SMALL_ONLY                                                              \
    }
#define STREAM_LARGE_CASE(body)                                                                                        \
    {                                                                                                                  \
#body, body, 1u << STREAM_PIPE | 1u << STREAM_TCP | STREAM_LARGE_ONLY                                          \
    }

/* Runs every case over each of its kinds and block sizes as a cmocka test "pipe 512: name"; for main. */
int stream_main(int argc, char **argv, const char *group, const stream_case *cases, size_t count);

/* Starts over with a fresh stream of the same kind, once the feed has ended. */
int stream_reopen(test_stream *stream);

/* Opens a second stream of the same kind in the same scope, to be closed with stream_close. */
int stream_open_like(test_stream *other, const test_stream *model);
void stream_close(test_stream *stream);

/* A task that writes size bytes in pieces (0: all at once), each flushed and given time to arrive alone, and then
 * closes; `stream_feed_open` does not close. bytes live until it has ended. A second feed waits for the
 * first to end. */
int stream_feed(test_stream *stream, const void *bytes, size_t size, size_t piece);
int stream_feed_open(test_stream *stream, const void *bytes, size_t size, size_t piece);

/* Writes and flushes in the calling task, then lets what is on its way arrive. */
int stream_send(test_stream *stream, const void *bytes, size_t size);

/* Yields often enough for bytes already flushed to be seen by a suspended reader. */
int stream_settle(void);

/* Starts job->operation in a task of scope; job->done says when it has ended. */
int stream_start(test_stream *stream, firth_scope *scope, stream_job *job);

/* Yields until *flag. Ends by the body's deadline if that never comes. */
int stream_until(const bool *flag);

/* Yields until the job's task is suspended and stays so; false if it has ended instead. */
bool stream_until_waiting(test_stream *stream, const stream_job *job);

/* A task that reads to the end and compares with the endless stream of support_fill. */
typedef struct stream_drain {
    stream_job job; /* its result is what the end was: FIRTH_EOF, a code */
    uint64_t used;
    bool wrong;
} stream_drain;
int stream_drain_start(test_stream *stream, stream_drain *drain);

/* A task that writes the endless stream of support_fill in pieces of `piece` bytes until told to stop, until `limit`
 * bytes, or until a write fails. It neither flushes nor closes. */
typedef struct stream_flood {
    stream_job job; /* its result is FIRTH_OK or what the write came to */
    uint64_t limit, written;
    size_t piece; /* at most 1024 */
    bool stop;
} stream_flood;
int stream_flood_start(test_stream *stream, stream_flood *flood, uint64_t limit, size_t piece);

#endif
