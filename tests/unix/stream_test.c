/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over Unix sockets: what holds for TCP holds here. */
#include "tests/unix/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* ---- echo ---------------------------------------------------------------------------------------------------------- */

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    int64_t n;

    firth_scope_own_socket(scope, socket);
    n = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    return n < 0 ? (int)n : firth_flush_and_close(firth_socket_output(socket));
}

typedef struct stream {
    firth_socket *socket;
    uint64_t size;
} stream;

static int send_all(firth_scope *scope, void *argument)
{
    const stream *self = argument;
    firth_write_channel *out = firth_socket_output(self->socket);
    unsigned char bytes[5000];

    (void)scope;
    for (uint64_t at = 0; at < self->size;) {
        size_t size = self->size - at < sizeof bytes ? (size_t)(self->size - at) : sizeof bytes;

        support_fill(bytes, size, at);
        EXPECT_EQUAL(firth_write(out, bytes, size), FIRTH_OK);
        at += size;
    }
    EXPECT_EQUAL(firth_flush_and_close(out), FIRTH_OK);
    return FIRTH_OK;
}

static int echo_of(firth_scope *scope, const firth_unix_builder *builder, uint64_t size)
{
    unsigned char bytes[7000];
    firth_scope inner;
    stream one = {.size = size};
    firth_socket *peer;
    uint64_t at = 0;
    int64_t n;

    EXPECT_EQUAL(places_pair(scope, builder, &one.socket, &peer), FIRTH_OK);
    firth_scope_open(&inner, scope, NULL);
    firth_scope_own_socket(&inner, one.socket);
    EXPECT_EQUAL(firth_spawn(&inner, echo, peer, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&inner, send_all, &one, NULL), FIRTH_OK);
    while ((n = firth_read(firth_socket_input(one.socket), bytes, sizeof bytes)) > 0) {
        EXPECT(support_is_filled(bytes, (size_t)n, at));
        at += (uint64_t)n;
    }
    EXPECT_EQUAL(n, FIRTH_EOF);
    EXPECT_EQUAL(at, size);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

static const uint64_t sizes[] = {0, 1, 4095, 4096, 4097, 40960, 8 * MIB};

TASK_TEST(echo_of_nothing_to_8_mib)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        EXPECT_EQUAL(echo_of(scope, NULL, sizes[i]), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(echo_of_nothing_to_8_mib_where_descriptors_may_come)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.descriptors_max = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        EXPECT_EQUAL(echo_of(scope, &builder, sizes[i]), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(half_close_lets_the_answer_through)
{
    firth_socket *client, *server;
    char line[32];

    EXPECT_EQUAL(places_pair(scope, NULL, &client, &server), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    firth_scope_own_socket(scope, server);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "question\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(server), line, sizeof line), 8);
    EXPECT_EQUAL(firth_read(firth_socket_input(server), line, sizeof line), FIRTH_EOF);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(server), "answer\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(server)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), 6);
    EXPECT(strcmp(line, "answer") == 0);
    return FIRTH_OK;
}

/* ---- ends ---------------------------------------------------------------------------------------------------------- */

TASK_TEST(an_abort_is_the_end_of_the_stream_or_a_reset_if_bytes_were_unread)
{
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(places_pair(scope, NULL, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_socket_abort(b);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(places_pair(scope, NULL, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "unread"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
    firth_socket_abort(b);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_ERR_RESET);
    EXPECT(firth_write_string(firth_socket_output(a), "x") < 0 || firth_flush(firth_socket_output(a)) < 0);
    return FIRTH_OK;
}

TASK_TEST(close_lets_the_last_bytes_through_though_the_peer_had_sent_more)
{
    firth_socket *a, *b;
    char bytes[8];

    EXPECT_EQUAL(places_pair(scope, NULL, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "unread"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "last"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(a), bytes, 4), 4);
    EXPECT_BYTES(bytes, "last", 4);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), bytes, 1), FIRTH_EOF);
    return FIRTH_OK;
}

/* ---- a full backlog -------------------------------------------------------------------------------------------------- */

TASK_TEST(a_listener_with_a_full_backlog_is_waited_for)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *clients[8] = {NULL}, *accepted, *late;
    firth_server *server;
    int count = 0, rc = FIRTH_OK;

    builder.backlog = 1;
    builder.unlink_on_close = true;
    builder.connect_timeout_ms = 30;
    EXPECT_EQUAL(firth_unix_bind(&builder, places_path("server"), &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    while (count < 7 && (rc = firth_unix_connect(&builder, places_path("server"), &clients[count])) == FIRTH_OK)
        count++;
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    EXPECT(clients[count] == NULL && count >= 1);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_socket_abort(accepted);
    EXPECT_EQUAL(firth_unix_connect(&builder, places_path("server"), &late), FIRTH_OK);
    firth_socket_abort(late);
    while (count > 0)
        firth_socket_abort(clients[--count]);
    return FIRTH_OK;
}

static int serve_two_hundred(firth_scope *scope, void *argument)
{
    firth_server *server = argument;

    (void)scope;
    for (int i = 0; i < 200; i++) {
        firth_socket *socket;

        EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
        EXPECT_EQUAL(firth_write_format(firth_socket_output(socket), "%d\n", i), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    }
    return FIRTH_OK;
}

typedef struct client {
    firth_unix_builder *builder;
    int *answers;
} client;

static int ask(firth_scope *scope, void *argument)
{
    const client *self = argument;
    firth_socket *socket;
    char line[16];

    EXPECT_EQUAL(firth_unix_connect(self->builder, places_path("server"), &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT(firth_read_line(firth_socket_input(socket), line, sizeof line) > 0);
    ++*self->answers;
    return FIRTH_OK;
}

TASK_TEST(more_clients_than_the_backlog_holds_are_all_served)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    int answers = 0;
    client one = {&builder, &answers};
    firth_server *server;
    firth_scope inner;

    builder.backlog = 2;
    EXPECT_EQUAL(firth_unix_bind(&builder, places_path("server"), &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 200; i++)
        EXPECT_EQUAL(firth_spawn(&inner, ask, &one, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&inner, serve_two_hundred, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(answers, 200);
    return FIRTH_OK;
}

TASK_TEST(a_cancel_ends_the_wait_for_a_full_backlog)
{
    const firth_scope_options soon = {.timeout_ms = 20};
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    int raw = places_raw(SOCK_STREAM, places_path("server"), 0), rc = FIRTH_OK;
    firth_socket *sockets[8] = {NULL};
    firth_scope within;
    int count = 0;

    EXPECT(raw >= 0);
    builder.connect_timeout_ms = 0;
    firth_scope_open(&within, scope, &soon);
    while (rc == FIRTH_OK && count < 8)
        rc = firth_unix_connect(&builder, places_path("server"), &sockets[count++]);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&within, rc), FIRTH_ERR_TIMED_OUT);
    while (count > 0)
        firth_socket_abort(sockets[--count]);
    close(raw);
    return FIRTH_OK;
}

/* ---- builders -------------------------------------------------------------------------------------------------------- */

static int option_of(const firth_socket *socket, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    return getsockopt((int)firth_socket_descriptor(socket), SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

TASK_TEST(buffer_sizes_are_on_both_ends)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *ends[2];

    builder.send_buffer_bytes = 30000;
    builder.receive_buffer_bytes = 20000;
    EXPECT_EQUAL(places_pair(scope, &builder, &ends[0], &ends[1]), FIRTH_OK);
    for (int i = 0; i < 2; i++) {
        int value = -1;

        firth_scope_own_socket(scope, ends[i]);
        EXPECT_EQUAL(option_of(ends[i], SO_SNDBUF), 60000);
        EXPECT_EQUAL(option_of(ends[i], SO_RCVBUF), 40000);
        EXPECT_EQUAL(firth_socket_get_option(ends[i], FIRTH_OPTION_SEND_BUFFER_BYTES, &value), FIRTH_OK);
        EXPECT_EQUAL(value, 30000);
    }
    return FIRTH_OK;
}

#define WRONG(field, value)                                                                                            \
    static void wrong_##field(firth_unix_builder *builder)                                                             \
    {                                                                                                                  \
        builder->field = value;                                                                                        \
    }
WRONG(struct_bytes, 1)
WRONG(send_buffer_bytes, -1)
WRONG(receive_buffer_bytes, -1)
WRONG(linger_ms, -1)
WRONG(read_idle_ms, -1)
WRONG(write_idle_ms, -1)
WRONG(descriptors_max, 254)
WRONG(connect_timeout_ms, -1)
WRONG(mode, 01000)
WRONG(backlog, -1)

TASK_TEST(value_out_of_range_is_an_argument_error_that_names_the_field)
{
    static const struct {
        const char *step;
        void (*set)(firth_unix_builder *builder);
    } wrongs[] = {
        {"option struct_bytes", wrong_struct_bytes},
        {"option send_buffer_bytes", wrong_send_buffer_bytes},
        {"option receive_buffer_bytes", wrong_receive_buffer_bytes},
        {"option linger_ms", wrong_linger_ms},
        {"option read_idle_ms", wrong_read_idle_ms},
        {"option write_idle_ms", wrong_write_idle_ms},
        {"option descriptors_max", wrong_descriptors_max},
        {"option connect_timeout_ms", wrong_connect_timeout_ms},
        {"option mode", wrong_mode},
        {"option backlog", wrong_backlog},
    };

    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
        firth_server *server;
        firth_socket *socket;

        wrongs[i].set(&builder);
        EXPECT_EQUAL(firth_unix_bind(&builder, places_path("server"), &server), FIRTH_ERR_ARGUMENT);
        EXPECT(strcmp(firth_last_failure()->step, wrongs[i].step) == 0 && server == NULL);
        EXPECT_EQUAL(firth_unix_connect(&builder, places_path("server"), &socket), FIRTH_ERR_ARGUMENT);
        EXPECT(strcmp(firth_last_failure()->step, wrongs[i].step) == 0 && socket == NULL);
        EXPECT_EQUAL(firth_unix_adopt(&builder, 0, &socket), FIRTH_ERR_ARGUMENT);
        EXPECT(socket == NULL);
    }
    EXPECT(!places_has(places_path("server")));
    return FIRTH_OK;
}

static int open_everything(firth_scope *scope, void *argument)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *a, *b;
    int rc;

    (void)argument;
    builder.descriptors_max = 3;
    rc = places_pair(scope, &builder, &a, &b);
    if (rc == FIRTH_OK) {
        firth_socket_abort(a);
        firth_socket_abort(b);
    }
    return rc;
}

TASK_TEST(every_allocation_that_fails_is_an_error_and_leaves_nothing)
{
    int failed = 0, rc = FIRTH_ERR_NO_MEMORY;

    for (size_t n = 1; rc != FIRTH_OK; n++) {
        size_t descriptors = support_descriptors_open();

        EXPECT(n < 100);
        support_allocation_fail_at(n, false);
        rc = open_everything(scope, NULL);
        support_allocation_fail_at(0, false);
        failed += rc == FIRTH_ERR_NO_MEMORY;
        EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY);
        EXPECT_EQUAL(support_descriptors_open(), descriptors);
        EXPECT(!places_has(places_path("pair")));
    }
    EXPECT(failed >= 3);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(echo_of_nothing_to_8_mib),
        PLACES_TEST(echo_of_nothing_to_8_mib_where_descriptors_may_come),
        PLACES_TEST(half_close_lets_the_answer_through),
        PLACES_TEST(an_abort_is_the_end_of_the_stream_or_a_reset_if_bytes_were_unread),
        PLACES_TEST(close_lets_the_last_bytes_through_though_the_peer_had_sent_more),
        PLACES_TEST(a_listener_with_a_full_backlog_is_waited_for),
        PLACES_TEST(more_clients_than_the_backlog_holds_are_all_served),
        PLACES_TEST(a_cancel_ends_the_wait_for_a_full_backlog),
        PLACES_TEST(buffer_sizes_are_on_both_ends),
        PLACES_TEST(value_out_of_range_is_an_argument_error_that_names_the_field),
        PLACES_TEST(every_allocation_that_fails_is_an_error_and_leaves_nothing),
    };

    return support_main(argc, argv, "unix stream", tests, sizeof tests / sizeof *tests);
}
