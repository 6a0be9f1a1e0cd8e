/* SPDX-License-Identifier: Apache-2.0 */
/* Ending a connection whose peer takes nothing, while bytes are on their way in the background. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Writes less than a block at a time, so that it waits for room behind a send of the channel's own. */
static int write_small(firth_scope *scope, void *attempt)
{
    static const char bytes[1000];
    peers_attempt *this = attempt;
    int rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0)
        rc = firth_write(firth_socket_output(this->socket), bytes, sizeof bytes);
    this->result = rc;
    this->ended = true;
    return FIRTH_OK;
}

/* A writer is suspended behind a background send when `end` comes: the peer is told at once all the same. */
static int end_a_stalled_one(firth_scope *scope, void (*end)(firth_socket *socket), int64_t result)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    peers_attempt writing = {0};
    firth_scope children;
    char bytes[4096];
    ssize_t n;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &writing.socket, &raw), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, write_small, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(50), FIRTH_OK); /* the kernel's buffers fill up */
    EXPECT(!writing.ended);
    EXPECT(firth_write_pending(firth_socket_output(writing.socket)) > 0);
    end(writing.socket);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(writing.result, result);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    while ((n = recv(raw, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        ;
    EXPECT_EQUAL(n, -1);
    EXPECT_EQUAL(errno, ECONNRESET);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(abort_behind_a_stalled_background_send_resets_at_once)
{
    return end_a_stalled_one(scope, firth_socket_abort, FIRTH_ERR_CLOSED);
}

static firth_socket *kept;

static void cancel_writing(firth_socket *socket)
{
    kept = socket;
    firth_write_cancel(firth_socket_output(socket), FIRTH_ERR_USER - 5);
}

TASK_TEST(write_cancel_behind_a_stalled_background_send_resets_at_once)
{
    EXPECT_EQUAL(end_a_stalled_one(scope, cancel_writing, FIRTH_ERR_USER - 5), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(kept), FIRTH_ERR_USER - 5);
    return FIRTH_OK;
}

/* With nobody inside the channel the background send alone holds the socket. */
TASK_TEST(write_cancel_ends_a_background_send_that_nobody_waits_for)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char bytes[4096];
    ssize_t n;
    int raw;

    tcp.auto_flush = true;
    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, socket), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK); /* flushes in the background, to no avail */
    EXPECT(firth_write_pending(firth_socket_output(socket)) > 0);
    firth_write_cancel(firth_socket_output(socket), FIRTH_ERR_USER - 6);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    while ((n = recv(raw, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        ;
    EXPECT_EQUAL(n, -1);
    EXPECT_EQUAL(errno, ECONNRESET);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_ERR_USER - 6);
    close(raw);
    return FIRTH_OK;
}

typedef struct late_reader {
    int raw;
    size_t got;
    bool reset;
} late_reader;

static int read_late(firth_scope *scope, void *argument)
{
    late_reader *this = argument;
    char bytes[4096];
    ssize_t n;

    (void)scope;
    (void)firth_sleep(200);
    while ((n = recv(this->raw, bytes, sizeof bytes, MSG_DONTWAIT)) != 0) {
        if (n > 0)
            this->got += (size_t)n;
        else if (errno != EAGAIN)
            break;
        else
            (void)firth_sleep(1);
    }
    this->reset = n < 0;
    return FIRTH_OK;
}

/* A close has its own limit, linger_ms. */
TASK_TEST(an_idle_timeout_does_not_cut_a_close_short)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    late_reader reader = {0};
    firth_scope children;
    firth_socket *socket;

    tcp.write_idle_ms = 20;
    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &reader.raw), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, socket), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, read_late, &reader, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT(!reader.reset);
    EXPECT(reader.got > 0);
    close(reader.raw);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(abort_behind_a_stalled_background_send_resets_at_once),
        cmocka_unit_test(write_cancel_behind_a_stalled_background_send_resets_at_once),
        cmocka_unit_test(write_cancel_ends_a_background_send_that_nobody_waits_for),
        cmocka_unit_test(an_idle_timeout_does_not_cut_a_close_short),
    };

    return support_main(argc, argv, "stalled peers", tests, sizeof tests / sizeof tests[0]);
}
