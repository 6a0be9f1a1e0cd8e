/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that go to a server and come back. */
#include "tests/conformance/peers.h"

typedef struct kit_client {
    firth_socket *socket;
    firth_read_channel *in;
    firth_write_channel *out;
    firth_server *server;
} kit_client;

/* A client of an echo server. */
static int open_client(firth_scope *scope, kit_client *client)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_attempt *serving = fth_kit_attempt(fth_kit_echo_server);
    int port;

    TRY(fth_kit_server(scope, &serving->server, &port));
    TRY(fth_kit_start(scope, serving));
    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &client->socket));
    firth_scope_own_socket(scope, client->socket);
    client->in = firth_socket_input(client->socket);
    client->out = firth_socket_output(client->socket);
    client->server = serving->server;
    return FIRTH_OK;
}

static int end_client(kit_client *client)
{
    uint8_t byte;

    EXPECT_RESULT(firth_read(client->in, &byte, 1), FIRTH_EOF);
    TRY(firth_socket_close(client->socket));
    fth_kit_server_close(client->server);
    return FIRTH_OK;
}

/* Writes in a task of its own, since the echo comes back meanwhile. */
static int64_t write_all(kit_attempt *attempt)
{
    firth_write_channel *out = firth_socket_output(attempt->socket);
    int64_t rc = firth_write(out, attempt->bytes, attempt->size);

    return rc < 0 ? rc : firth_flush_and_close(out);
}

static int echo(firth_scope *scope, size_t size)
{
    kit_attempt *writing = fth_kit_attempt(write_all);
    uint8_t *received = fth_kit_keep(size + 1);
    kit_client client = {0};

    TRY(open_client(scope, &client));
    writing->socket = client.socket;
    writing->bytes = fth_kit_keep(size + 1);
    writing->size = size;
    fth_kit_fill(writing->bytes, size, 0);
    TRY(fth_kit_start(scope, writing));
    EXPECT_RESULT(firth_read_fully(client.in, received, size), size);
    PROMISE(fth_kit_is_filled(received, size, 0));
    TRY(fth_kit_await(&writing->ended));
    TRY(writing->result);
    return end_client(&client);
}

static int echo_of_no_bytes_is_the_end_alone(firth_scope *scope)
{
    return echo(scope, 0);
}

static int echo_of_one_byte_is_that_byte(firth_scope *scope)
{
    return echo(scope, 1);
}

static int echo_around_a_page_is_whole(firth_scope *scope)
{
    static const size_t sizes[] = {4095, 4096, 4097};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        TRY(echo(scope, sizes[i]));
    return FIRTH_OK;
}

static int echo_around_a_block_is_whole(firth_scope *scope)
{
    static const size_t sizes[] = {16383, 16384, 16385, 40960, 41280};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        TRY(echo(scope, sizes[i]));
    return FIRTH_OK;
}

static int echo_of_a_megabyte_is_whole_and_equal(firth_scope *scope)
{
    return echo(scope, (size_t)1 << 20);
}

static int echo_of_eight_mebibytes_is_whole_and_equal(firth_scope *scope)
{
    return echo(scope, (size_t)8 << 20);
}

static int half_close_lets_the_answer_through(firth_scope *scope)
{
    kit_pair pair;
    char line[16];

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_write_string(pair.a_out, "question\n"));
    TRY(firth_flush_and_close(pair.a_out));
    EXPECT_RESULT(firth_read_line(pair.b_in, line, sizeof line), 8);
    EXPECT_RESULT(firth_read_line(pair.b_in, line, sizeof line), FIRTH_EOF);
    TRY(firth_write_string(pair.b_out, "answer\n"));
    TRY(firth_flush(pair.b_out));
    EXPECT_RESULT(firth_read_line(pair.a_in, line, sizeof line), 6);
    PROMISE(memcmp(line, "answer", 6) == 0);
    return FIRTH_OK;
}

static int a_line_arrives_without_a_flush(firth_scope *scope)
{
    kit_pair pair;
    char line[16];

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_write_string(pair.a_out, "hello\n"));
    EXPECT_RESULT(firth_read_line(pair.b_in, line, sizeof line), 5);
    PROMISE(memcmp(line, "hello", 5) == 0);
    return FIRTH_OK;
}

static int a_hundred_questions_get_their_hundred_answers(firth_scope *scope)
{
    kit_client client = {0};
    char line[32], expected[32];

    TRY(open_client(scope, &client));
    for (int i = 0; i < 100; i++) {
        int size = snprintf(expected, sizeof expected, "question %d", i);

        TRY(firth_write_format(client.out, "%s\n", expected));
        EXPECT_RESULT(firth_read_line(client.in, line, sizeof line), size);
        PROMISE(strcmp(line, expected) == 0);
    }
    TRY(firth_flush_and_close(client.out));
    return end_client(&client);
}

const kit_case fth_kit_echo_cases[] = {
    KIT_CASE(echo_of_no_bytes_is_the_end_alone),
    KIT_CASE(echo_of_one_byte_is_that_byte),
    KIT_CASE(echo_around_a_page_is_whole),
    KIT_CASE(echo_around_a_block_is_whole),
    KIT_CASE_WITH(echo_of_a_megabyte_is_whole_and_equal, .body = echo_of_a_megabyte_is_whole_and_equal,
                  .keeps_bytes = (size_t)2 << 20),
    KIT_CASE_WITH(echo_of_eight_mebibytes_is_whole_and_equal, .body = echo_of_eight_mebibytes_is_whole_and_equal,
                  .flags = KIT_SLOW, .keeps_bytes = (size_t)16 << 20),
    KIT_CASE(half_close_lets_the_answer_through),
    KIT_CASE(a_line_arrives_without_a_flush),
    KIT_CASE(a_hundred_questions_get_their_hundred_answers),
    {.name = NULL},
};
