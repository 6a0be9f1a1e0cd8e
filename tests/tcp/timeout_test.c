/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines and idle timeouts: they end the call, not the channel. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <stdlib.h>
#include <unistd.h>

enum { SHORT_MS = 50, PARTS = 9, STALL_BYTES = 32 * 1024 * 1024 };

static int write_for(firth_scope *scope, int64_t timeout_ms, firth_write_channel *out, const uint8_t *bytes,
                     size_t size)
{
    const firth_scope_options soon = {.timeout_ms = timeout_ms};
    firth_scope until;

    firth_scope_open(&until, scope, &soon);
    return firth_scope_close(&until, firth_write(out, bytes, size));
}

/* Writes all of it in slices of a short deadline each, going on from what was taken, once the peer reads. */
static int write_in_slices(firth_scope *scope, firth_write_channel *out, const uint8_t *bytes, size_t size, size_t sent)
{
    while (sent < size) {
        int rc = write_for(scope, SHORT_MS, out, bytes + sent, size - sent);

        EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_TIMED_OUT);
        EXPECT(firth_write_progress(out) <= size - sent);
        EXPECT(rc == FIRTH_ERR_TIMED_OUT || firth_write_progress(out) == size - sent);
        sent += firth_write_progress(out);
    }
    return firth_flush_and_close(out);
}

static int check_stream(firth_scope *scope, void *stream)
{
    const peers_stream *what = stream;

    firth_scope_own_socket(scope, what->socket);
    return peers_check_stream(what->socket, what->size);
}

static int stall_and_go_on(firth_scope *scope, const uint8_t *bytes)
{
    peers_stream received = {.size = STALL_BYTES};
    firth_write_channel *out;
    firth_socket *socket;

    EXPECT_EQUAL(support_pair(scope, &socket, &received.socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    out = firth_socket_output(socket);
    EXPECT_EQUAL(write_for(scope, SHORT_MS, out, bytes, STALL_BYTES), FIRTH_ERR_TIMED_OUT);
    EXPECT(firth_write_progress(out) > 0);
    EXPECT(firth_write_progress(out) < STALL_BYTES);
    EXPECT_EQUAL(firth_spawn(scope, check_stream, &received, NULL), FIRTH_OK);
    return write_in_slices(scope, out, bytes, STALL_BYTES, firth_write_progress(out));
}

TASK_TEST(write_to_a_stalled_peer_ends_at_the_deadline_and_goes_on_where_it_stopped)
{
    uint8_t *bytes = malloc(STALL_BYTES);
    int rc;

    EXPECT(bytes != NULL);
    support_fill(bytes, STALL_BYTES, 0);
    rc = stall_and_go_on(scope, bytes);
    free(bytes);
    return rc;
}

TASK_TEST(flush_to_a_stalled_peer_ends_at_the_deadline_and_loses_nothing)
{
    const firth_scope_options soon = {.timeout_ms = SHORT_MS};
    firth_socket *socket, *peer;
    firth_scope until;
    size_t pending;
    int rc;

    EXPECT_EQUAL(support_pair(scope, &socket, &peer), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, socket), FIRTH_OK);
    pending = firth_write_pending(firth_socket_output(socket));
    EXPECT(pending > 0);
    firth_scope_open(&until, scope, &soon);
    rc = firth_flush(firth_socket_output(socket));
    EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_write_pending(firth_socket_output(socket)), (int64_t)pending);
    firth_socket_abort(socket);
    firth_socket_abort(peer);
    return FIRTH_OK;
}

TASK_TEST(read_that_hits_its_deadline_can_be_tried_again)
{
    const firth_scope_options soon = {.timeout_ms = 10};
    firth_socket *a, *b;
    char line[16];

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    for (int i = 0; i < 6; i++) {
        firth_scope until;
        int64_t rc;

        EXPECT_EQUAL(firth_write(firth_socket_output(a), &"hello\n"[i], 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        firth_scope_open(&until, scope, &soon);
        rc = firth_read_line(firth_socket_input(b), line, sizeof line);
        EXPECT_EQUAL(rc, i < 5 ? FIRTH_ERR_CANCELED : 5);
        EXPECT_EQUAL(firth_scope_close(&until, (int)rc), i < 5 ? FIRTH_ERR_TIMED_OUT : 5);
    }
    EXPECT_BYTES(line, "hello", 6);
    return FIRTH_OK;
}

TASK_TEST(idle_read_times_out_and_the_channel_lives_on)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *a, *b;
    char byte = 0;

    tcp.read_idle_ms = SHORT_MS;
    EXPECT_EQUAL(support_pair_with(&tcp, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    for (int i = 0; i < 2; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_ERR_TIMED_OUT);
        EXPECT(firth_now_ns() - start_ns >= SHORT_MS * INT64_C(1000000));
        EXPECT(firth_now_ns() - start_ns < 2000 * INT64_C(1000000));
    }
    EXPECT_EQUAL(firth_write(firth_socket_output(a), "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), 1);
    return FIRTH_OK;
}

static int send_slowly(firth_scope *scope, void *socket)
{
    (void)scope;
    for (int i = 0; i < PARTS; i++) {
        EXPECT_EQUAL(firth_sleep(4 * SHORT_MS), FIRTH_OK);
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), "x", 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* The whole takes longer than the timeout; no gap does, by far, as a slow machine makes it longer. */
TASK_TEST(idle_timeout_counts_from_the_last_byte)
{
    firth_socket *a, *b;
    char bytes[PARTS];

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    firth_socket_set_idle(b, (4 * PARTS - 4) * SHORT_MS, 0);
    EXPECT_EQUAL(firth_spawn(scope, send_slowly, a, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(b), bytes, PARTS), PARTS);
    return FIRTH_OK;
}

TASK_TEST(idle_write_times_out)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    peers_attempt writing = {0};
    firth_socket *peer;
    int64_t start_ns = firth_now_ns();

    tcp.write_idle_ms = SHORT_MS;
    EXPECT_EQUAL(support_pair_with(&tcp, &writing.socket, &peer), FIRTH_OK);
    EXPECT_EQUAL(peers_write(scope, &writing), FIRTH_OK);
    EXPECT_EQUAL(writing.result, FIRTH_ERR_TIMED_OUT);
    EXPECT(firth_now_ns() - start_ns >= SHORT_MS * INT64_C(1000000));
    firth_socket_abort(writing.socket);
    firth_socket_abort(peer);
    return FIRTH_OK;
}

TASK_TEST(idle_timeouts_can_be_taken_away)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *a, *b;
    char byte;

    tcp.read_idle_ms = 1;
    EXPECT_EQUAL(support_pair_with(&tcp, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    firth_socket_set_idle(b, 0, 0);
    EXPECT_EQUAL(firth_spawn(scope, send_slowly, a, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), 1);
    return FIRTH_OK;
}

/* A wait that is rounded down to the clock of the kernel comes back early, again and again, until the time has come. */
TASK_TEST(waiting_for_a_deadline_costs_no_processor_time)
{
    const firth_scope_options soon = {.timeout_ms = 400};
    int64_t cpu_ms = raw_cpu_ms();
    firth_socket *a, *b;
    firth_scope until;
    int64_t rc;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    firth_scope_open(&until, scope, &soon);
    rc = firth_read(firth_socket_input(b), &byte, 1);
    EXPECT_EQUAL(firth_scope_close(&until, (int)rc), FIRTH_ERR_TIMED_OUT);
    EXPECT(raw_cpu_ms() - cpu_ms < 100);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_to_a_stalled_peer_ends_at_the_deadline_and_goes_on_where_it_stopped),
        cmocka_unit_test(flush_to_a_stalled_peer_ends_at_the_deadline_and_loses_nothing),
        cmocka_unit_test(read_that_hits_its_deadline_can_be_tried_again),
        cmocka_unit_test(idle_read_times_out_and_the_channel_lives_on),
        cmocka_unit_test(idle_timeout_counts_from_the_last_byte),
        cmocka_unit_test(idle_write_times_out),
        cmocka_unit_test(idle_timeouts_can_be_taken_away),
        cmocka_unit_test(waiting_for_a_deadline_costs_no_processor_time),
    };

    return support_main(argc, argv, "timeout", tests, sizeof tests / sizeof tests[0]);
}
