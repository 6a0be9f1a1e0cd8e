/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of bytes in one direction or both, in pieces of every size. */
#include "tests/conformance/peers.h"

enum { STREAM_BYTES = 300 * 1000, PIECE_MOST = 20 * 1000 };

/* Writes `size` bytes of the stream in pieces that chance chooses. */
static int64_t write_pieces(kit_attempt *attempt)
{
    firth_write_channel *out = firth_socket_output(attempt->socket);
    uint8_t *piece = fth_kit_keep(PIECE_MOST);
    int64_t rc = FIRTH_OK;
    size_t at = 0;

    while (rc >= 0 && at < attempt->size) {
        size_t size = 1 + fth_kit_random(PIECE_MOST);

        if (size > attempt->size - at)
            size = attempt->size - at;
        fth_kit_fill(piece, size, at);
        rc = firth_write(out, piece, size);
        at += size;
        if (rc >= 0 && fth_kit_random(4) == 0)
            rc = firth_yield();
    }
    return rc < 0 ? rc : firth_flush_and_close(out);
}

static int read_pieces(firth_read_channel *in, size_t most, bool slowly, size_t whole)
{
    uint8_t *piece = fth_kit_keep(most);
    size_t at = 0;
    int64_t n;

    while ((n = firth_read(in, piece, 1 + fth_kit_random((uint32_t)most))) > 0) {
        PROMISE(fth_kit_is_filled(piece, (size_t)n, at));
        at += (size_t)n;
        if (slowly && fth_kit_random(8) == 0)
            TRY(firth_sleep(fth_kit_paced_ms(1)));
    }
    EXPECT_RESULT(n, FIRTH_EOF);
    EXPECT_RESULT(at, whole);
    return FIRTH_OK;
}

static int stream(firth_scope *scope, size_t size, size_t read_most, bool slowly)
{
    kit_attempt *writing = fth_kit_attempt(write_pieces);
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    writing->socket = pair.a;
    writing->size = size;
    TRY(fth_kit_start(scope, writing));
    TRY(read_pieces(pair.b_in, read_most, slowly, size));
    TRY(fth_kit_await(&writing->ended));
    TRY(writing->result);
    return FIRTH_OK;
}

static int pieces_of_any_size_keep_their_order(firth_scope *scope)
{
    return stream(scope, STREAM_BYTES, PIECE_MOST, false);
}

static int a_reader_of_small_pieces_misses_nothing(firth_scope *scope)
{
    return stream(scope, STREAM_BYTES / 4, 100, false);
}

static int a_reader_of_large_pieces_misses_nothing(firth_scope *scope)
{
    return stream(scope, STREAM_BYTES * 2, 200 * 1000, false);
}

static int a_slow_reader_misses_nothing(firth_scope *scope)
{
    return stream(scope, STREAM_BYTES * 2, 60 * 1000, true);
}

/* More than the kernels hold: the writer waits, and goes on where it was. */
static int a_big_write_against_a_slow_reader_arrives_whole(firth_scope *scope)
{
    enum { SIZE = 6 * 1000 * 1000, PART = 500 * 1000 };
    kit_attempt *writing = fth_kit_attempt(fth_kit_write);
    uint8_t *part = fth_kit_keep(PART);
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    writing->socket = pair.a;
    writing->size = SIZE;
    writing->bytes = fth_kit_keep(SIZE);
    fth_kit_fill(writing->bytes, SIZE, 0);
    TRY(fth_kit_start(scope, writing));
    for (size_t at = 0; at < SIZE; at += PART) {
        TRY(firth_sleep(fth_kit_paced_ms(2)));
        EXPECT_RESULT(firth_read_fully(pair.b_in, part, PART), PART);
        PROMISE(fth_kit_is_filled(part, PART, at));
    }
    TRY(fth_kit_await(&writing->ended));
    EXPECT_RESULT(writing->result, FIRTH_OK);
    return FIRTH_OK;
}

static int64_t read_all(kit_attempt *attempt)
{
    return read_pieces(firth_socket_input(attempt->socket), PIECE_MOST, false, attempt->size);
}

static int both_directions_at_once_do_not_mix(firth_scope *scope)
{
    kit_attempt *attempts[4];
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    for (int i = 0; i < 4; i++) {
        attempts[i] = fth_kit_attempt(i < 2 ? write_pieces : read_all);
        attempts[i]->socket = i % 2 == 0 ? pair.a : pair.b;
        attempts[i]->size = STREAM_BYTES;
        TRY(fth_kit_start(scope, attempts[i]));
    }
    for (int i = 0; i < 4; i++) {
        TRY(fth_kit_await(&attempts[i]->ended));
        TRY(attempts[i]->result);
    }
    return FIRTH_OK;
}

static int one_byte_at_a_time_arrives_in_order(firth_scope *scope)
{
    kit_pair pair;
    uint8_t sent, received;

    TRY(fth_kit_pair(scope, &pair));
    for (size_t i = 0; i < 300; i++) {
        fth_kit_fill(&sent, 1, i);
        TRY(firth_write(pair.a_out, &sent, 1));
        TRY(firth_flush(pair.a_out));
        EXPECT_RESULT(firth_read(pair.b_in, &received, 1), 1);
        PROMISE(received == sent);
    }
    return FIRTH_OK;
}

static int pieces_of_a_vector_arrive_in_order(firth_scope *scope)
{
    enum { PIECES = 40, SIZE = 3000 };
    firth_buffer *pieces = fth_kit_keep(PIECES * sizeof *pieces);
    uint8_t *bytes = fth_kit_keep((size_t)PIECES * SIZE);
    kit_attempt *reading = fth_kit_attempt(fth_kit_read_fully);
    kit_pair pair;
    size_t whole = 0;

    fth_kit_fill(bytes, (size_t)PIECES * SIZE, 0);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = (firth_buffer){bytes + whole, 1 + i * SIZE / PIECES};
        whole += pieces[i].size;
    }
    TRY(fth_kit_pair(scope, &pair));
    reading->socket = pair.b;
    reading->size = whole;
    reading->bytes = fth_kit_keep(whole);
    TRY(fth_kit_start(scope, reading));
    TRY(firth_write_vector(pair.a_out, pieces, PIECES));
    TRY(firth_flush(pair.a_out));
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, whole);
    PROMISE(fth_kit_is_filled(reading->bytes, whole, 0));
    return FIRTH_OK;
}

static int a_reader_that_waits_gets_the_first_bytes(firth_scope *scope)
{
    kit_attempt *reading = fth_kit_attempt(fth_kit_read);
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    reading->socket = pair.b;
    reading->bytes = fth_kit_keep(16);
    reading->size = 16;
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_settle());
    EXPECT(!reading->ended.happened);
    TRY(firth_write(pair.a_out, "abc", 3));
    TRY(fth_kit_await(&reading->ended));
    TRY(reading->result);
    PROMISE(memcmp(reading->bytes, "abc", (size_t)reading->result) == 0);
    return FIRTH_OK;
}

/* A reader that waits and a writer that waits are two ops on one socket. */
static int a_reader_and_a_writer_wait_on_one_socket(firth_scope *scope)
{
    enum { SIZE = 8 * 1000 * 1000 };
    kit_attempt *reading = fth_kit_attempt(fth_kit_read), *writing = fth_kit_attempt(fth_kit_write);
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    reading->socket = writing->socket = pair.a;
    reading->bytes = fth_kit_keep(1);
    reading->size = 1;
    writing->bytes = fth_kit_keep(SIZE);
    writing->size = SIZE;
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_start(scope, writing));
    TRY(fth_kit_settle());
    EXPECT(!reading->ended.happened && !writing->ended.happened);
    TRY(firth_write(pair.b_out, "!", 1));
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, 1);
    PROMISE(reading->bytes[0] == '!');
    EXPECT(!writing->ended.happened);
    EXPECT_RESULT(firth_discard(pair.b_in, SIZE), SIZE);
    TRY(fth_kit_await(&writing->ended));
    EXPECT_RESULT(writing->result, FIRTH_OK);
    return FIRTH_OK;
}

const kit_case fth_kit_stream_cases[] = {
    KIT_CASE(pieces_of_any_size_keep_their_order),
    KIT_CASE(a_reader_of_small_pieces_misses_nothing),
    KIT_CASE(a_reader_of_large_pieces_misses_nothing),
    KIT_CASE(a_slow_reader_misses_nothing),
    KIT_CASE_WITH(a_big_write_against_a_slow_reader_arrives_whole,
                  .body = a_big_write_against_a_slow_reader_arrives_whole, .flags = KIT_SLOW,
                  .keeps_bytes = 6500 * 1000),
    KIT_CASE(both_directions_at_once_do_not_mix),
    KIT_CASE(one_byte_at_a_time_arrives_in_order),
    KIT_CASE(pieces_of_a_vector_arrive_in_order),
    KIT_CASE(a_reader_that_waits_gets_the_first_bytes),
    KIT_CASE_WITH(a_reader_and_a_writer_wait_on_one_socket, .body = a_reader_and_a_writer_wait_on_one_socket,
                  .flags = KIT_SLOW, .keeps_bytes = 8000 * 1000),
    {.name = NULL},
};
