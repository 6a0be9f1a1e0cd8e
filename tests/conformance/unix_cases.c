/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between programs of one machine. */
#include "tests/conformance/unix.h"

static uint8_t *bytes_of(size_t size, uint64_t offset)
{
    uint8_t *bytes = fth_kit_keep(size + 1);

    fth_kit_fill(bytes, size, offset);
    return bytes;
}

static int open_pair(firth_scope *scope, kit_pair *pair)
{
    firth_unix_builder builder = fth_kit_unix(scope);

    return fth_kit_unix_pair(scope, &builder, pair);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* More than any system keeps on the way, so that the writer waits. */
static int send_across(firth_scope *scope, firth_socket *from, firth_read_channel *in, size_t size, uint64_t offset)
{
    kit_attempt *writing = fth_kit_attempt(fth_kit_write);
    uint8_t *received = fth_kit_keep(size + 1);

    writing->socket = from;
    writing->bytes = bytes_of(size, offset);
    writing->size = size;
    TRY(fth_kit_start(scope, writing));
    EXPECT_RESULT(firth_read_fully(in, received, size), size);
    PROMISE(fth_kit_is_filled(received, size, offset));
    TRY(fth_kit_await(&writing->ended));
    TRY(writing->result);
    return FIRTH_OK;
}

static int bytes_go_both_ways_over_a_unix_socket(firth_scope *scope)
{
    static const size_t sizes[] = {1, 4096, 100000, 3 << 20};
    kit_pair pair;

    TRY(open_pair(scope, &pair));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        TRY(send_across(scope, pair.a, pair.b_in, sizes[i], i * 10007));
        TRY(send_across(scope, pair.b, pair.a_in, sizes[i], i * 20011));
    }
    return FIRTH_OK;
}

static int a_unix_half_close_lets_the_answer_through(firth_scope *scope)
{
    uint8_t bytes[8];
    kit_pair pair;

    TRY(open_pair(scope, &pair));
    TRY(firth_write(pair.a_out, "question", 8));
    TRY(firth_flush_and_close(pair.a_out));
    EXPECT_RESULT(firth_read_fully(pair.b_in, bytes, 8), 8);
    PROMISE(memcmp(bytes, "question", 8) == 0);
    EXPECT_RESULT(firth_read(pair.b_in, bytes, 1), FIRTH_EOF);
    TRY(firth_write(pair.b_out, "answer", 6));
    TRY(firth_flush_and_close(pair.b_out));
    EXPECT_RESULT(firth_read_fully(pair.a_in, bytes, 6), 6);
    PROMISE(memcmp(bytes, "answer", 6) == 0);
    EXPECT_RESULT(firth_read(pair.a_in, bytes, 1), FIRTH_EOF);
    return FIRTH_OK;
}

static int64_t write_and_close(kit_attempt *attempt)
{
    int64_t rc = firth_write(firth_socket_output(attempt->socket), attempt->bytes, attempt->size);
    int closed = firth_socket_close(attempt->socket);

    return rc < 0 ? rc : closed;
}

static int a_unix_close_lets_the_last_bytes_through(firth_scope *scope)
{
    enum { SIZE = 50000 };
    kit_attempt *closing = fth_kit_attempt(write_and_close);
    uint8_t *received = fth_kit_keep(SIZE);
    kit_pair pair;

    TRY(open_pair(scope, &pair));
    closing->socket = pair.a;
    closing->bytes = bytes_of(SIZE, 3);
    closing->size = SIZE;
    TRY(fth_kit_start(scope, closing));
    EXPECT_RESULT(firth_read_fully(pair.b_in, received, SIZE), SIZE);
    PROMISE(fth_kit_is_filled(received, SIZE, 3));
    EXPECT_RESULT(firth_read(pair.b_in, received, 1), FIRTH_EOF);
    TRY(firth_socket_close(pair.b));
    TRY(fth_kit_await(&closing->ended));
    TRY(closing->result);
    return FIRTH_OK;
}

/* Of streams between programs of one machine no system tells more: an end, or a reset if bytes were unread. */
static int the_end_of_a_unix_peer_wakes_the_reader(firth_scope *scope)
{
    for (int unread = 0; unread <= 1; unread++) {
        kit_attempt *reading = fth_kit_attempt(fth_kit_read);
        kit_pair pair;

        TRY(open_pair(scope, &pair));
        reading->socket = pair.b;
        reading->bytes = fth_kit_keep(1);
        reading->size = 1;
        if (unread > 0) {
            TRY(firth_write(pair.b_out, "x", 1));
            TRY(firth_flush(pair.b_out));
        }
        TRY(fth_kit_start(scope, reading));
        TRY(fth_kit_turn());
        EXPECT(!reading->ended.happened);
        firth_socket_abort(pair.a);
        TRY(fth_kit_await(&reading->ended));
        EXPECT_EITHER(reading->result, FIRTH_EOF, unread > 0 ? FIRTH_ERR_RESET : FIRTH_EOF);
    }
    return FIRTH_OK;
}

static int sends_to_a_unix_peer_that_is_gone_are_errors_and_no_signal(firth_scope *scope)
{
    kit_pair pair;

    TRY(open_pair(scope, &pair));
    firth_socket_abort(pair.a);
    TRY(fth_kit_settle());
    for (int i = 0; i < 3; i++) {
        int64_t rc = firth_write(pair.b_out, "x", 1);

        if (rc >= 0)
            rc = firth_flush(pair.b_out);
        EXPECT_RESULT(rc, FIRTH_ERR_RESET);
    }
    return FIRTH_OK;
}

/* ---- servers ----------------------------------------------------------------------------------------------------- */

static int a_unix_server_serves_one_client_after_another(firth_scope *scope)
{
    kit_attempt *serving = fth_kit_attempt(fth_kit_echo_server);
    firth_unix_builder builder = fth_kit_unix(scope);
    const char *path;

    TRY(fth_kit_unix_server(scope, &builder, &serving->server, &path));
    TRY(fth_kit_start(scope, serving));
    for (int i = 0; i < 10; i++) {
        firth_socket *client;
        char line[8];

        TRY(fth_kit_unix_connect(scope, path, &client));
        TRY(firth_write_format(firth_socket_output(client), "%c\n", 'a' + i));
        TRY(firth_flush(firth_socket_output(client)));
        EXPECT_RESULT(firth_read_line(firth_socket_input(client), line, sizeof line), 1);
        PROMISE(line[0] == 'a' + i);
        TRY(firth_socket_close(client));
    }
    firth_server_close(serving->server);
    TRY(fth_kit_await(&serving->ended));
    EXPECT_RESULT(serving->result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

static int a_cancelled_accept_at_a_path_loses_no_client(firth_scope *scope)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_server *server;
    const char *path;

    TRY(fth_kit_unix_server(scope, &builder, &server, &path));
    for (int round = 0; round < 12; round++) {
        kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);
        firth_socket *client, *accepted;
        char byte = 0;

        accepting->server = server;
        TRY(fth_kit_start(scope, accepting));
        TRY(fth_kit_turn());
        TRY(fth_kit_unix_connect(scope, path, &client));
        TRY(fth_kit_meet(round));
        fth_kit_cancel(accepting);
        TRY(fth_kit_await(&accepting->ended));
        accepted = accepting->socket;
        if (accepting->result < 0) {
            EXPECT_RESULT(accepting->result, FIRTH_ERR_CANCELED);
            TRY(firth_accept(server, &accepted));
        }
        firth_scope_own_socket(scope, accepted);
        TRY(firth_write(firth_socket_output(client), "x", 1));
        TRY(firth_flush(firth_socket_output(client)));
        EXPECT_RESULT(firth_read(firth_socket_input(accepted), &byte, 1), 1);
        PROMISE(byte == 'x');
    }
    return FIRTH_OK;
}

/* ---- a backlog that is full -------------------------------------------------------------------------------------- */

typedef struct connecting {
    firth_unix_builder builder;
    const char *path;
    firth_socket *socket;
    kit_event ended;
    int result;
} connecting;

static int connect_there(firth_scope *scope, void *argument)
{
    connecting *it = argument;

    (void)scope;
    it->result = firth_unix_connect(&it->builder, it->path, &it->socket);
    fth_kit_note_result(it->result);
    fth_kit_tell(&it->ended);
    return FIRTH_OK;
}

static int a_full_unix_backlog_is_waited_for(firth_scope *scope)
{
    enum { CLIENTS = 8 };
    firth_unix_builder builder = fth_kit_unix(scope);
    connecting *all = fth_kit_keep(CLIENTS * sizeof *all);
    firth_server *server;
    const char *path;

    builder.backlog = 1;
    TRY(fth_kit_unix_server(scope, &builder, &server, &path));
    for (int i = 0; i < CLIENTS; i++) {
        all[i] = (connecting){.builder = builder, .path = path};
        TRY(firth_spawn(scope, connect_there, &all[i], NULL));
    }
    TRY(fth_kit_settle());
    for (int i = 0; i < CLIENTS; i++) {
        firth_socket *accepted;

        TRY(firth_accept(server, &accepted));
        firth_socket_abort(accepted);
    }
    for (int i = 0; i < CLIENTS; i++) {
        TRY(fth_kit_await(&all[i].ended));
        TRY(all[i].result);
        firth_socket_abort(all[i].socket);
    }
    return FIRTH_OK;
}

static int a_full_unix_backlog_is_waited_for_no_longer_than_told(firth_scope *scope)
{
    enum { MOST = 200 };
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_server *server;
    const char *path;
    int rc = FIRTH_OK;

    builder.backlog = 1;
    builder.connect_timeout_ms = fth_kit_paced_ms(20);
    TRY(fth_kit_unix_server(scope, &builder, &server, &path));
    for (int i = 0; i < MOST && rc >= 0; i++) {
        firth_socket *socket;

        rc = firth_unix_connect(&builder, path, &socket);
        if (rc >= 0)
            firth_scope_own_socket(scope, socket);
    }
    EXPECT_RESULT(rc, FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

const kit_case fth_kit_unix_cases[] = {
    KIT_UNIX_CASE(bytes_go_both_ways_over_a_unix_socket),
    KIT_UNIX_CASE(a_unix_half_close_lets_the_answer_through),
    KIT_UNIX_CASE(a_unix_close_lets_the_last_bytes_through),
    KIT_UNIX_CASE(the_end_of_a_unix_peer_wakes_the_reader),
    KIT_UNIX_CASE(sends_to_a_unix_peer_that_is_gone_are_errors_and_no_signal),
    KIT_UNIX_CASE(a_unix_server_serves_one_client_after_another),
    KIT_UNIX_CASE(a_cancelled_accept_at_a_path_loses_no_client),
    KIT_UNIX_CASE(a_full_unix_backlog_is_waited_for),
    KIT_UNIX_CASE(a_full_unix_backlog_is_waited_for_no_longer_than_told),
    {.name = NULL},
};
