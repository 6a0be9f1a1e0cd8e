/* SPDX-License-Identifier: Apache-2.0 */
/* When written bytes leave. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int raw_pair(firth_scope *scope, bool auto_flush, firth_socket **socket, int *raw)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc;

    tcp.auto_flush = auto_flush;
    rc = peers_raw_client(&tcp, socket, raw);
    if (rc >= 0)
        firth_scope_own_socket(scope, *socket);
    return rc;
}

/* What has arrived at a raw peer by now; -1 for nothing. */
static int arrived(int raw)
{
    char bytes[256];
    ssize_t count = recv(raw, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);

    return count < 0 && errno == EAGAIN ? -1 : (int)count;
}

TASK_TEST(with_auto_flush_a_line_arrives_though_nobody_flushes)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *a, *b;
    char line[16];

    tcp.auto_flush = true;
    EXPECT_EQUAL(support_pair_with(&tcp, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(b), line, sizeof line), 5);
    EXPECT_EQUAL(firth_write_pending(firth_socket_output(a)), 0);
    return FIRTH_OK;
}

TASK_TEST(with_auto_flush_any_suspension_will_do)
{
    firth_socket *socket;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, true, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "a", 1), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), -1);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), 1);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "b", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), 2);
    close(raw);
    return FIRTH_OK;
}

/* TCP_INFO counts the segments, so nothing here depends on how the peer happened to read. */
static int ten_small_writes(firth_scope *scope, bool auto_flush)
{
    firth_socket *socket;
    int raw, before;

    EXPECT_EQUAL(raw_pair(scope, auto_flush, &socket, &raw), FIRTH_OK);
    before = raw_data_segments_sent(firth_socket_descriptor(socket));
    EXPECT(before >= 0 || support_backend_is("iocp")); /* where the system does not tell */
    for (int i = 0; i < 10; i++)
        EXPECT_EQUAL(firth_write_format(firth_socket_output(socket), "line %d\n", i), FIRTH_OK);
    EXPECT_EQUAL(raw_data_segments_sent(firth_socket_descriptor(socket)), before);
    EXPECT_EQUAL(auto_flush ? firth_yield() : firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(raw_data_segments_sent(firth_socket_descriptor(socket)), before < 0 ? -1 : before + 1);
    EXPECT_EQUAL(arrived(raw), 70);
    close(raw);
    return FIRTH_OK;
}

static int write_and_end(firth_scope *scope, void *socket)
{
    (void)scope;
    return firth_write_string(firth_socket_output(socket), "last words\n");
}

/* The end of a task is its last suspension. */
TASK_TEST(what_a_task_wrote_leaves_when_it_ends)
{
    firth_socket *socket;
    firth_scope children;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, true, &socket, &raw), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, write_and_end, socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), 11);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(ten_small_writes_between_two_suspensions_leave_as_one_segment)
{
    return ten_small_writes(scope, true);
}

TASK_TEST(ten_small_writes_before_a_flush_leave_as_one_segment)
{
    return ten_small_writes(scope, false);
}

TASK_TEST(without_auto_flush_bytes_wait_for_the_flush)
{
    firth_socket *socket;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, false, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "hello", 5), FIRTH_OK);
    for (int i = 0; i < 5; i++)
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), -1);
    EXPECT_EQUAL(firth_write_pending(firth_socket_output(socket)), 5);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_write_pending(firth_socket_output(socket)), 0);
    EXPECT_EQUAL(arrived(raw), 5);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(auto_flush_can_be_turned_on_later)
{
    firth_socket *socket;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, false, &socket, &raw), FIRTH_OK);
    firth_write_auto_flush(firth_socket_output(socket), true);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "hello", 5), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), 5);
    firth_write_auto_flush(firth_socket_output(socket), false);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "more", 4), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(arrived(raw), 5);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(full_buffer_leaves_though_nobody_flushes)
{
    firth_socket *socket;
    size_t capacity;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, false, &socket, &raw), FIRTH_OK);
    capacity = firth_write_capacity(firth_socket_output(socket));
    for (size_t i = 0; i <= capacity; i++)
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), "x", 1), FIRTH_OK);
    EXPECT(firth_write_pending(firth_socket_output(socket)) <= capacity);
    EXPECT(arrived(raw) > 0);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(error_of_a_flush_on_one_s_behalf_is_told_by_the_next_call)
{
    firth_socket *socket;
    int raw, rc = FIRTH_OK;

    EXPECT_EQUAL(raw_pair(scope, true, &socket, &raw), FIRTH_OK);
    raw_reset(raw);
    for (int i = 0; i < 10 && rc >= 0; i++) {
        rc = firth_write(firth_socket_output(socket), "x", 1);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    }
    EXPECT_EQUAL(rc, FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_auto_flush_a_line_arrives_though_nobody_flushes),
        cmocka_unit_test(with_auto_flush_any_suspension_will_do),
        cmocka_unit_test(what_a_task_wrote_leaves_when_it_ends),
        cmocka_unit_test(ten_small_writes_between_two_suspensions_leave_as_one_segment),
        cmocka_unit_test(ten_small_writes_before_a_flush_leave_as_one_segment),
        cmocka_unit_test(without_auto_flush_bytes_wait_for_the_flush),
        cmocka_unit_test(auto_flush_can_be_turned_on_later),
        cmocka_unit_test(full_buffer_leaves_though_nobody_flushes),
        cmocka_unit_test(error_of_a_flush_on_one_s_behalf_is_told_by_the_next_call),
    };

    return support_main(argc, argv, "flush", tests, sizeof tests / sizeof tests[0]);
}
