/* SPDX-License-Identifier: Apache-2.0 */
/* firth_read_line and firth_read_line_strict. Every table row is read with its bytes arriving one by one, in twos and
 * threes, and all at once: where a segment ends must make no difference. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWERS_MAX = 6, LINE_ROOM = 64 };

typedef struct answer {
    int64_t rc; /* a length or a code */
    const char *line;
} answer;

typedef struct line_row {
    const char *text;
    size_t size;                 /* of the memory given, so that size - 1 bytes of content fit */
    answer answers[ANSWERS_MAX]; /* to the last, which repeats for ever */
} line_row;

typedef int64_t line_reader(firth_read_channel *in, char *line, size_t size);

static int read_answer(test_stream *stream, line_reader *read, const line_row *row, const answer *expected)
{
    char line[LINE_ROOM];
    int64_t rc;
    size_t length;

    memset(line, '#', sizeof line);
    rc = read(stream->in, line, row->size);
    EXPECT_EQUAL(rc, expected->rc);
    if (expected->line == NULL)
        return FIRTH_OK;
    length = strlen(expected->line);
    EXPECT_EQUAL(memcmp(line, expected->line, length + 1), 0);
    EXPECT_EQUAL(line[length + 1], '#');
    if (rc == FIRTH_ERR_TOO_LONG || rc == FIRTH_ERR_INCOMPLETE)
        EXPECT_EQUAL(firth_read_progress(stream->in), length);
    return FIRTH_OK;
}

static int read_row(test_stream *stream, line_reader *read, const line_row *row, size_t piece)
{
    size_t at = 0;

    EXPECT_EQUAL(stream_feed(stream, row->text, strlen(row->text), piece), FIRTH_OK);
    do
        EXPECT_EQUAL(read_answer(stream, read, row, &row->answers[at]), FIRTH_OK);
    while (row->answers[at].rc != FIRTH_EOF && ++at < ANSWERS_MAX);
    EXPECT_EQUAL(row->answers[at].rc, FIRTH_EOF);
    EXPECT_EQUAL(read_answer(stream, read, row, &row->answers[at]), FIRTH_OK);
    EXPECT_EQUAL(stream_reopen(stream), FIRTH_OK);
    return FIRTH_OK;
}

static int read_rows(test_stream *stream, line_reader *read, const line_row *rows, size_t count)
{
    static const size_t pieces[] = {1, 2, 3, 0};

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++)
            if (read_row(stream, read, &rows[i], pieces[j]) < 0) {
                fprintf(stderr, "row %zu, \"%s\", in pieces of %zu\n", i, rows[i].text, pieces[j]);
                return FIRTH_ERR_USER;
            }
    return FIRTH_OK;
}

#define END                                                                                                            \
    {                                                                                                                  \
        FIRTH_EOF, NULL                                                                                                \
    }
#define ROWS(stream, read, rows) read_rows(stream, read, rows, sizeof(rows) / sizeof *(rows))

static int a_line_ends_with_lf_or_crlf_and_cr_is_content(test_stream *stream)
{
    static const line_row rows[] = {
        {"abc\n", 64, {{3, "abc"}, END}},
        {"abc\r\n", 64, {{3, "abc"}, END}},
        {"a\nb\r\nc\n", 64, {{1, "a"}, {1, "b"}, {1, "c"}, END}},
        {"a\rb\n", 64, {{3, "a\rb"}, END}},
        {"a\r\r\n", 64, {{2, "a\r"}, END}},
        {"\r\r\r\n", 64, {{2, "\r\r"}, END}},
        {"a\n\rb\n", 64, {{1, "a"}, {2, "\rb"}, END}},
        {"\rabc\r\n", 64, {{4, "\rabc"}, END}},
    };

    return ROWS(stream, firth_read_line, rows);
}

static int empty_lines_are_lines(test_stream *stream)
{
    static const line_row rows[] = {
        {"", 64, {END}},
        {"\n", 64, {{0, ""}, END}},
        {"\r\n", 64, {{0, ""}, END}},
        {"\nabc\n", 64, {{0, ""}, {3, "abc"}, END}},
        {"\n\n\r\n", 64, {{0, ""}, {0, ""}, {0, ""}, END}},
        {"a\n\nb", 64, {{1, "a"}, {0, ""}, {1, "b"}, END}},
    };

    return ROWS(stream, firth_read_line, rows);
}

static int the_last_line_without_an_ending_is_delivered_once(test_stream *stream)
{
    static const line_row rows[] = {
        {"abc", 64, {{3, "abc"}, END}}, {"a\nbc", 64, {{1, "a"}, {2, "bc"}, END}}, {"abc\r", 64, {{4, "abc\r"}, END}},
        {"\r", 64, {{1, "\r"}, END}},   {"a\n\r", 64, {{1, "a"}, {1, "\r"}, END}},
    };

    return ROWS(stream, firth_read_line, rows);
}

static int limits_count_content_bytes(test_stream *stream)
{
    static const line_row rows[] = {
        {"abc\n", 4, {{3, "abc"}, END}},
        {"abc\r\n", 4, {{3, "abc"}, END}},
        {"abc\r\nd", 4, {{3, "abc"}, {1, "d"}, END}},
        {"abc", 4, {{3, "abc"}, END}},
        {"ab\r\n", 4, {{2, "ab"}, END}},
        {"ab\r", 4, {{3, "ab\r"}, END}},
        {"\n", 1, {{0, ""}, END}},
        {"\r\n\n", 1, {{0, ""}, {0, ""}, END}},
    };

    return ROWS(stream, firth_read_line, rows);
}

static int one_over_the_limit_delivers_the_prefix_and_the_rest_is_next(test_stream *stream)
{
    static const line_row rows[] = {
        {"abcd\n", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "d"}, END}},
        {"abcd\r\n", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "d"}, END}},
        {"abcd", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "d"}, END}},
        {"abc\rd\n", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {2, "\rd"}, END}},
        {"abc\r", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "\r"}, END}},
        {"ab\r\r\n", 4, {{3, "ab\r"}, END}},
        {"abc\r\r\n", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "\r"}, END}},
        {"abcdefg\n", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {FIRTH_ERR_TOO_LONG, "def"}, {1, "g"}, END}},
        {"abcdef\nx", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {3, "def"}, {1, "x"}, END}},
    };

    return ROWS(stream, firth_read_line, rows);
}

static int the_strict_form_wants_the_ending(test_stream *stream)
{
    static const line_row rows[] = {
        {"", 64, {END}},
        {"abc\n", 64, {{3, "abc"}, END}},
        {"abc\r\n", 64, {{3, "abc"}, END}},
        {"\n", 64, {{0, ""}, END}},
        {"abc", 64, {{FIRTH_ERR_INCOMPLETE, "abc"}, END}},
        {"abc\r", 64, {{FIRTH_ERR_INCOMPLETE, "abc\r"}, END}},
        {"\r", 64, {{FIRTH_ERR_INCOMPLETE, "\r"}, END}},
        {"a\nbc", 64, {{1, "a"}, {FIRTH_ERR_INCOMPLETE, "bc"}, END}},
        {"abc\n", 4, {{3, "abc"}, END}},
        {"abc\r\n", 4, {{3, "abc"}, END}},
        {"abc", 4, {{FIRTH_ERR_INCOMPLETE, "abc"}, END}},
        {"abcd\n", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {1, "d"}, END}},
        {"abcd", 4, {{FIRTH_ERR_TOO_LONG, "abc"}, {FIRTH_ERR_INCOMPLETE, "d"}, END}},
    };

    return ROWS(stream, firth_read_line_strict, rows);
}

/* 2, 3 and 4 byte sequences; the one-by-one feed splits each of them everywhere. */
static int utf_8_split_anywhere_arrives_unchanged(test_stream *stream)
{
    static const line_row rows[] = {
        {"\xc3\xa9t\xc3\xa9\n\xe2\x82\xac\r\n\xf0\x9f\x98\x80",
         64,
         {{5, "\xc3\xa9t\xc3\xa9"}, {3, "\xe2\x82\xac"}, {4, "\xf0\x9f\x98\x80"}, END}},
    };

    return ROWS(stream, firth_read_line, rows);
}

static int a_line_may_hold_nul(test_stream *stream)
{
    char line[8];

    EXPECT_EQUAL(stream_feed(stream, "a\0b\n", 4, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line, sizeof line), 3);
    EXPECT_BYTES(line, "a\0b", 4);
    EXPECT_EQUAL(firth_read_line(stream->in, line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

static int no_memory_for_the_line_is_an_argument_error(test_stream *stream)
{
    char line[8];

    EXPECT_EQUAL(stream_feed(stream, "a\n", 2, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_read_line_strict(stream->in, line, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_read_line(stream->in, line, 2), 1);
    EXPECT_BYTES(line, "a", 2);
    return FIRTH_OK;
}

/* A line of length content bytes and its ending, and one byte behind; each filled by support_fill without LF. */
static void make_long_line(char *text, size_t length, const char *ending)
{
    support_fill(text, length, length);
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = '.';
    strcpy(text + length, ending);
    strcat(text, "x");
}

static int read_long_line(test_stream *stream, char *text, char *line, size_t length, const char *ending)
{
    size_t size = length + strlen(ending) + 1;

    make_long_line(text, length, ending);
    EXPECT_EQUAL(stream_feed(stream, text, size, stream->block_bytes / 2 + 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line, length + 1), length);
    EXPECT_BYTES(line, text, length);
    EXPECT_EQUAL(line[length], 0);
    EXPECT_EQUAL(firth_read_line(stream->in, line, length + 1), 1);
    EXPECT_EQUAL(firth_read_line(stream->in, line, length + 1), FIRTH_EOF);
    return stream_reopen(stream);
}

/* The ending falls on every place around the end of the first, second and third block. */
static int lines_cross_block_boundaries(test_stream *stream)
{
    size_t room = 4 * stream->block_bytes;
    char *text = malloc(room), *line = malloc(room);
    int rc = text != NULL && line != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    for (size_t blocks = 1; blocks <= 3 && rc >= 0; blocks++)
        for (size_t back = 0; back < 4 && rc >= 0; back++) {
            rc = read_long_line(stream, text, line, blocks * stream->block_bytes + 1 - back, "\r\n");
            if (rc >= 0)
                rc = read_long_line(stream, text, line, blocks * stream->block_bytes + 1 - back, "\n");
        }
    free(text);
    free(line);
    return rc;
}

/* The line's length is known before its ending is here only if the reader would not wait for what it does not need. */
static int a_line_is_delivered_without_waiting_for_more(test_stream *stream)
{
    char line[8];

    EXPECT_EQUAL(stream_send(stream, "a\nb\r\n", 5), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line, sizeof line), 1);
    EXPECT_EQUAL(firth_read_line(stream->in, line, sizeof line), 1);
    EXPECT_EQUAL(stream_send(stream, "abcd", 4), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line, 4), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(stream_send(stream, "\n", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line, 4), 1);
    EXPECT_BYTES(line, "d", 2);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(a_line_ends_with_lf_or_crlf_and_cr_is_content),
        STREAM_CASE(empty_lines_are_lines),
        STREAM_CASE(the_last_line_without_an_ending_is_delivered_once),
        STREAM_CASE(limits_count_content_bytes),
        STREAM_CASE(one_over_the_limit_delivers_the_prefix_and_the_rest_is_next),
        STREAM_CASE(the_strict_form_wants_the_ending),
        STREAM_CASE(utf_8_split_anywhere_arrives_unchanged),
        STREAM_CASE(a_line_may_hold_nul),
        STREAM_CASE(no_memory_for_the_line_is_an_argument_error),
        STREAM_CASE(lines_cross_block_boundaries),
        STREAM_CASE(a_line_is_delivered_without_waiting_for_more),
    };

    return stream_main(argc, argv, "lines", cases, sizeof cases / sizeof *cases);
}
