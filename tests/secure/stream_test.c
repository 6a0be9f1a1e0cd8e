/* SPDX-License-Identifier: Apache-2.0 */
/* A secure socket's channels are channels like any others. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"

#include <sys/socket.h>

static int (*const openers[])(firth_scope *, firth_socket **, firth_socket **) = {secure_pair_tcp, secure_pair_memory};

#define FOR_EACH_PAIR(server, client) for (size_t i_ = 0; i_ < sizeof openers / sizeof *openers; i_++)

static int greet(firth_scope *scope, firth_socket *server, firth_socket *client)
{
    char line[64];

    (void)scope;
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(server), line, sizeof line), 5);
    EXPECT(strcmp(line, "hello") == 0);
    EXPECT_EQUAL(firth_write_format(firth_socket_output(server), "%s yourself\n", line), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(server)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), 14);
    EXPECT(strcmp(line, "hello yourself") == 0);
    return FIRTH_OK;
}

TASK_TEST(lines_go_there_and_back)
{
    firth_socket *server, *client;

    FOR_EACH_PAIR(server, client)
    {
        EXPECT_EQUAL(openers[i_](scope, &server, &client), FIRTH_OK);
        EXPECT_EQUAL(greet(scope, server, client), FIRTH_OK);
        EXPECT_EQUAL(secure_pair_end(scope, server, client), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(megabytes_go_both_ways_at_once_byte_for_byte)
{
    firth_socket *server, *client;
    peers_stream there, back;
    firth_scope senders;

    FOR_EACH_PAIR(server, client)
    {
        EXPECT_EQUAL(openers[i_](scope, &server, &client), FIRTH_OK);
        there = (peers_stream){.socket = client, .size = 2000003};
        back = (peers_stream){.socket = server, .size = 1500001};
        firth_scope_open(&senders, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&senders, peers_send_stream, &there, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&senders, peers_send_stream, &back, NULL), FIRTH_OK);
        EXPECT_EQUAL(peers_check_stream(server, there.size), FIRTH_OK);
        EXPECT_EQUAL(peers_check_stream(client, back.size), FIRTH_OK);
        EXPECT_EQUAL(firth_scope_close(&senders, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(secure_pair_end(scope, server, client), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(a_peer_that_does_not_read_stops_the_writer_and_nothing_is_lost_when_it_goes_on)
{
    firth_socket *server, *client;
    uint8_t bytes[4096];
    uint64_t sent = 0, read = 0;
    int64_t n;

    EXPECT_EQUAL(secure_pair_tcp(scope, &server, &client), FIRTH_OK);
    firth_socket_set_idle(client, 0, 30);
    for (;;) {
        support_fill(bytes, sizeof bytes, sent);
        n = firth_write(firth_socket_output(client), bytes, sizeof bytes);
        sent += firth_write_progress(firth_socket_output(client));
        if (n < 0)
            break;
        EXPECT(sent < 100u << 20);
    }
    EXPECT_EQUAL(n, FIRTH_ERR_TIMED_OUT);
    while (read < sent / 2) {
        n = firth_read(firth_socket_input(server), bytes, sizeof bytes);
        EXPECT(n > 0);
        EXPECT(support_is_filled(bytes, (size_t)n, read));
        read += (uint64_t)n;
    }
    EXPECT_EQUAL(firth_flush(firth_socket_output(client)), FIRTH_OK);
    while (read < sent) {
        n = firth_read(firth_socket_input(server), bytes, sizeof bytes);
        EXPECT(n > 0);
        EXPECT(support_is_filled(bytes, (size_t)n, read));
        read += (uint64_t)n;
    }
    return secure_pair_end(scope, server, client);
}

TASK_TEST(a_half_closed_secure_socket_still_reads)
{
    firth_socket *server, *client;
    char line[16];

    FOR_EACH_PAIR(server, client)
    {
        EXPECT_EQUAL(openers[i_](scope, &server, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "last\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(client)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(server), line, sizeof line), 4);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(server), line, sizeof line), FIRTH_EOF);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(server), "answer\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(server)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), 6);
        EXPECT_EQUAL(secure_pair_end(scope, server, client), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(a_stream_that_ends_without_close_notify_is_truncated_for_ever)
{
    firth_socket *server, *client;
    char byte;

    EXPECT_EQUAL(secure_pair_tcp(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(shutdown((int)firth_socket_descriptor(client), SHUT_WR), 0);
    EXPECT_EQUAL(firth_read(firth_socket_input(server), &byte, 1), FIRTH_ERR_TLS_TRUNCATED);
    EXPECT_EQUAL(firth_read(firth_socket_input(server), &byte, 1), FIRTH_ERR_TLS_TRUNCATED);
    firth_socket_abort(client);
    firth_socket_abort(server);
    return FIRTH_OK;
}

TASK_TEST(a_reader_waits_while_a_writer_writes_and_an_abort_ends_both)
{
    firth_socket *server, *client;
    peers_attempt reading = {0}, writing = {0};
    firth_scope children;

    FOR_EACH_PAIR(server, client)
    {
        EXPECT_EQUAL(openers[i_](scope, &server, &client), FIRTH_OK);
        reading.socket = writing.socket = client;
        reading.ended = writing.ended = false;
        firth_scope_open(&children, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        EXPECT(!reading.ended && !writing.ended);
        firth_socket_abort(client);
        EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(reading.result, FIRTH_ERR_CLOSED);
        EXPECT_EQUAL(writing.result, FIRTH_ERR_CLOSED);
        firth_socket_abort(server);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_there_and_back),
        cmocka_unit_test(megabytes_go_both_ways_at_once_byte_for_byte),
        cmocka_unit_test(a_peer_that_does_not_read_stops_the_writer_and_nothing_is_lost_when_it_goes_on),
        cmocka_unit_test(a_half_closed_secure_socket_still_reads),
        cmocka_unit_test(a_stream_that_ends_without_close_notify_is_truncated_for_ever),
        cmocka_unit_test(a_reader_waits_while_a_writer_writes_and_an_abort_ends_both),
    };

    return support_main(argc, argv, "tls stream", tests, sizeof tests / sizeof *tests);
}
