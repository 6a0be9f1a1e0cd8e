/* SPDX-License-Identifier: Apache-2.0 */
/* firth_read_until and firth_skip_if_found, with the bytes arriving in every way. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWERS_MAX = 6, ROOM = 64 };

typedef struct answer {
    int64_t rc;
    const char *content;
} answer;

typedef struct until_row {
    const char *text;
    const char *delimiter;
    size_t size;
    answer answers[ANSWERS_MAX];
} until_row;

#define END                                                                                                            \
    {                                                                                                                  \
        FIRTH_EOF, NULL                                                                                                \
    }

static const size_t pieces[] = {1, 2, 3, 0};

static int read_answer(test_stream *stream, const until_row *row, const answer *expected)
{
    char content[ROOM];
    int64_t rc;

    memset(content, '#', sizeof content);
    rc = firth_read_until(stream->in, row->delimiter, strlen(row->delimiter), content, row->size);
    EXPECT_EQUAL(rc, expected->rc);
    if (expected->content == NULL)
        return FIRTH_OK;
    EXPECT_BYTES(content, expected->content, strlen(expected->content));
    EXPECT_EQUAL(content[strlen(expected->content)], '#');
    if (rc == FIRTH_ERR_TOO_LONG || rc == FIRTH_ERR_INCOMPLETE)
        EXPECT_EQUAL(firth_read_progress(stream->in), strlen(expected->content));
    return FIRTH_OK;
}

static int read_row(test_stream *stream, const until_row *row, size_t piece)
{
    size_t at = 0;

    EXPECT_EQUAL(stream_feed(stream, row->text, strlen(row->text), piece), FIRTH_OK);
    do
        EXPECT_EQUAL(read_answer(stream, row, &row->answers[at]), FIRTH_OK);
    while (row->answers[at].rc != FIRTH_EOF && ++at < ANSWERS_MAX);
    EXPECT_EQUAL(row->answers[at].rc, FIRTH_EOF);
    EXPECT_EQUAL(read_answer(stream, row, &row->answers[at]), FIRTH_OK);
    return stream_reopen(stream);
}

static int read_rows(test_stream *stream, const until_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++)
            if (read_row(stream, &rows[i], pieces[j]) < 0) {
                fprintf(stderr, "row %zu, \"%s\", in pieces of %zu\n", i, rows[i].text, pieces[j]);
                return FIRTH_ERR_USER;
            }
    return FIRTH_OK;
}

#define ROWS(stream, rows) read_rows(stream, rows, sizeof(rows) / sizeof *(rows))

static int a_delimiter_of_one_byte_ends_the_content(test_stream *stream)
{
    static const until_row rows[] = {
        {"abc,", ",", 64, {{3, "abc"}, END}},
        {"a,bc,", ",", 64, {{1, "a"}, {2, "bc"}, END}},
        {",", ",", 64, {{0, ""}, END}},
        {",,a,", ",", 64, {{0, ""}, {0, ""}, {1, "a"}, END}},
    };

    return ROWS(stream, rows);
}

static int a_longer_delimiter_may_overlap_itself(test_stream *stream)
{
    static const until_row rows[] = {
        {"abc--", "--", 64, {{3, "abc"}, END}},
        {"a-b--", "--", 64, {{3, "a-b"}, END}},
        {"---", "--", 64, {{0, ""}, {FIRTH_ERR_INCOMPLETE, "-"}, END}},
        {"a---b--", "--", 64, {{1, "a"}, {2, "-b"}, END}},
        {"aab", "ab", 64, {{1, "a"}, END}},
        {"aaab", "aab", 64, {{1, "a"}, END}},
        {"ababac", "abac", 64, {{2, "ab"}, END}},
        {"abababac.", "abac", 64, {{4, "abab"}, {FIRTH_ERR_INCOMPLETE, "."}, END}},
        {"a\r\r\n\r\n\r\n", "\r\n\r\n", 64, {{2, "a\r"}, {FIRTH_ERR_INCOMPLETE, "\r\n"}, END}},
        {"GET /\r\nHost: x\r\n\r\n", "\r\n\r\n", 64, {{14, "GET /\r\nHost: x"}, END}},
    };

    return ROWS(stream, rows);
}

static int a_missing_delimiter_is_incomplete_with_what_there_was(test_stream *stream)
{
    static const until_row rows[] = {
        {"", ",", 64, {END}},
        {"abc", ",", 64, {{FIRTH_ERR_INCOMPLETE, "abc"}, END}},
        {"a,bc", ",", 64, {{1, "a"}, {FIRTH_ERR_INCOMPLETE, "bc"}, END}},
        {"abc-", "--", 64, {{FIRTH_ERR_INCOMPLETE, "abc-"}, END}},
        {"-", "--", 64, {{FIRTH_ERR_INCOMPLETE, "-"}, END}},
    };

    return ROWS(stream, rows);
}

static int the_limit_counts_content_and_the_rest_is_next(test_stream *stream)
{
    static const until_row rows[] = {
        {"abc,", ",", 3, {{3, "abc"}, END}},
        {"abc--", "--", 3, {{3, "abc"}, END}},
        {"abcd,", ",", 3, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "d"}, END}},
        {"abcd--", "--", 3, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "d"}, END}},
        {"abc-d--", "--", 3, {{FIRTH_ERR_TOO_LONG, "abc"}, {2, "-d"}, END}},
        {"abc---", "--", 3, {{3, "abc"}, {FIRTH_ERR_INCOMPLETE, "-"}, END}},
        {"abc", ",", 3, {{FIRTH_ERR_INCOMPLETE, "abc"}, END}},
        {"abcd", ",", 3, {{FIRTH_ERR_TOO_LONG, "abc"}, {FIRTH_ERR_INCOMPLETE, "d"}, END}},
        {",,", ",", 0, {{0, ""}, {0, ""}, END}},
    };

    return ROWS(stream, rows);
}

static int an_empty_or_too_long_delimiter_is_an_argument_error(test_stream *stream)
{
    size_t capacity = firth_read_capacity(stream->in);
    char content[8], *delimiter = calloc(capacity + 1, 1);
    int64_t empty, too_long;

    EXPECT(delimiter != NULL);
    empty = firth_read_until(stream->in, "", 0, content, sizeof content);
    too_long = firth_read_until(stream->in, delimiter, capacity + 1, content, sizeof content);
    free(delimiter);
    EXPECT_EQUAL(empty, FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(too_long, FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

/* Content across several blocks, and a delimiter as long as a block. */
static int read_long(test_stream *stream, char *text, char *content, size_t content_size, size_t delimiter_size)
{
    char *delimiter = text + content_size;

    memset(text, 'a', content_size);
    memset(delimiter, 'a', delimiter_size);
    delimiter[delimiter_size - 1] = 'b';
    text[content_size + delimiter_size] = 'x';
    EXPECT_EQUAL(stream_feed(stream, text, content_size + delimiter_size + 1, stream->block_bytes / 3 + 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_until(stream->in, delimiter, delimiter_size, content, content_size), content_size);
    EXPECT_BYTES(content, text, content_size);
    EXPECT_EQUAL(firth_read(stream->in, content, 2), 1);
    EXPECT_EQUAL(content[0], 'x');
    EXPECT_EQUAL(firth_read(stream->in, content, 2), FIRTH_EOF);
    return stream_reopen(stream);
}

static int content_and_delimiter_cross_block_boundaries(test_stream *stream)
{
    size_t block = stream->block_bytes, capacity = firth_read_capacity(stream->in);
    char *text = malloc(8 * block), *content = malloc(8 * block);
    int rc = text != NULL && content != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    for (size_t back = 0; back < 6 && rc >= 0; back++)
        rc = read_long(stream, text, content, 2 * block + 1 - back, 4);
    if (rc >= 0)
        rc = read_long(stream, text, content, 2 * block + 3, capacity);
    if (rc >= 0)
        rc = read_long(stream, text, content, 3 * block, 1);
    free(text);
    free(content);
    return rc;
}

static int skipping_consumes_only_a_match(test_stream *stream)
{
    char rest[8];

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        EXPECT_EQUAL(stream_feed(stream, "HTTP/1.1", 8, pieces[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_skip_if_found(stream->in, "HTTQ", 4), 0);
        EXPECT_EQUAL(firth_skip_if_found(stream->in, "X", 1), 0);
        EXPECT_EQUAL(firth_skip_if_found(stream->in, "HTTP/", 5), 1);
        EXPECT_EQUAL(firth_skip_if_found(stream->in, "HTTP/", 5), 0);
        EXPECT_EQUAL(firth_read_fully(stream->in, rest, 3), 3);
        EXPECT_BYTES(rest, "1.1", 3);
        EXPECT_EQUAL(firth_skip_if_found(stream->in, "x", 1), FIRTH_EOF);
        EXPECT_EQUAL(stream_reopen(stream), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int skipping_at_an_early_end_consumes_nothing(test_stream *stream)
{
    char rest[8];

    EXPECT_EQUAL(stream_feed(stream, "ab", 2, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_skip_if_found(stream->in, "abc", 3), 0);
    EXPECT_EQUAL(firth_read_fully(stream->in, rest, 2), 2);
    EXPECT_BYTES(rest, "ab", 2);
    EXPECT_EQUAL(firth_skip_if_found(stream->in, "abc", 3), FIRTH_EOF);
    return FIRTH_OK;
}

static int64_t skip_abc(stream_job *job)
{
    return firth_skip_if_found(job->stream->in, "abc", 3);
}

static int skipping_waits_for_late_bytes_while_they_agree(test_stream *stream)
{
    static stream_job job;

    job = (stream_job){.name = "skipper", .operation = skip_abc};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT_EQUAL(stream_send(stream, "ab", 2), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(stream_send(stream, "c", 1), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 1);

    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT_EQUAL(stream_send(stream, "ax", 2), FIRTH_OK); /* the third byte can change nothing any more */
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 0);
    return FIRTH_OK;
}

static int skipping_more_than_the_capacity_is_an_argument_error(test_stream *stream)
{
    size_t capacity = firth_read_capacity(stream->in);
    char *bytes = calloc(capacity + 1, 1);
    int too_long, whole;

    EXPECT(bytes != NULL);
    support_fill(bytes, capacity, 0);
    too_long = firth_skip_if_found(stream->in, bytes, capacity + 1);
    whole = stream_feed(stream, bytes, capacity, 100);
    if (whole >= 0)
        whole = firth_skip_if_found(stream->in, bytes, capacity);
    if (whole >= 0 && firth_await_content(stream->in, 1) != FIRTH_EOF) /* the feeder is done with the bytes now */
        whole = FIRTH_ERR_USER;
    free(bytes);
    EXPECT_EQUAL(too_long, FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(whole, 1);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(a_delimiter_of_one_byte_ends_the_content),
        STREAM_CASE(a_longer_delimiter_may_overlap_itself),
        STREAM_CASE(a_missing_delimiter_is_incomplete_with_what_there_was),
        STREAM_CASE(the_limit_counts_content_and_the_rest_is_next),
        STREAM_CASE(an_empty_or_too_long_delimiter_is_an_argument_error),
        STREAM_CASE(content_and_delimiter_cross_block_boundaries),
        STREAM_CASE(skipping_consumes_only_a_match),
        STREAM_CASE(skipping_at_an_early_end_consumes_nothing),
        STREAM_CASE(skipping_waits_for_late_bytes_while_they_agree),
        STREAM_CASE(skipping_more_than_the_capacity_is_an_argument_error),
    };

    return stream_main(argc, argv, "delimiters", cases, sizeof cases / sizeof *cases);
}
