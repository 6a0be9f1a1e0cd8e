/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes there and back. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int echo_bytes(firth_scope *scope, uint64_t size)
{
    peers_stream stream = {.size = size};
    firth_scope children;
    firth_socket *server;
    int rc;

    EXPECT_EQUAL(support_pair(scope, &stream.socket, &server), FIRTH_OK);
    firth_scope_own_socket(scope, stream.socket);
    firth_scope_open(&children, scope, NULL);
    rc = firth_spawn(&children, peers_echo, server, NULL);
    if (rc >= 0)
        rc = firth_spawn(&children, peers_send_stream, &stream, NULL);
    if (rc >= 0)
        rc = peers_check_stream(stream.socket, size);
    EXPECT_EQUAL(firth_scope_close(&children, rc), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(echo_is_whole_and_equal)
{
    return echo_bytes(scope, *(const uint64_t *)argument);
}

static int answer_after_the_end(firth_scope *scope, void *socket)
{
    char line[32], byte;

    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 8);
    EXPECT_BYTES(line, "question", 9);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "answer\n"), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(half_close_lets_the_answer_through)
{
    firth_socket *client, *server;
    char line[32], byte;

    EXPECT_EQUAL(support_pair(scope, &client, &server), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_spawn(scope, answer_after_the_end, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "question\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), 6);
    EXPECT_BYTES(line, "answer", 7);
    EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(after_half_close_writing_is_closed_for_ever_and_reading_goes_on)
{
    firth_socket *client, *server;
    char byte = 0;

    EXPECT_EQUAL(support_pair(scope, &client, &server), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    firth_scope_own_socket(scope, server);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(client)), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_write(firth_socket_output(client), "x", 1), FIRTH_ERR_CLOSED);
        EXPECT_EQUAL(firth_read(firth_socket_input(server), &byte, 1), FIRTH_EOF);
        EXPECT_EQUAL(firth_write(firth_socket_output(server), &"abc"[i], 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(server)), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), 1);
        EXPECT_EQUAL(byte, "abc"[i]);
    }
    return FIRTH_OK;
}

TASK_TEST(both_directions_at_full_speed_stay_apart)
{
    enum { SIZE = 4 * 1024 * 1024 };
    peers_stream there = {.size = SIZE}, back = {.size = SIZE};

    EXPECT_EQUAL(support_pair(scope, &there.socket, &back.socket), FIRTH_OK);
    firth_scope_own_socket(scope, there.socket);
    EXPECT_EQUAL(firth_spawn(scope, peers_echo, back.socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, peers_send_stream, &there, NULL), FIRTH_OK);
    return peers_check_stream(there.socket, SIZE);
}

#ifndef _WIN32 /* which has neither such signals nor fork(2) */
static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* No SA_RESTART: every system call that waits is interrupted. */
static void storm_of_signals_is_not_noticed(void **state)
{
    uint64_t size = 32 * 1024 * 1024;
    struct sigaction count = {.sa_handler = count_signal};
    struct itimerval often = {{.tv_usec = 500}, {.tv_usec = 500}}, never = {{0}, {0}};

    (void)state;
    sigaction(SIGALRM, &count, NULL); /* for good: the last one may come when the test is over */
    setitimer(ITIMER_REAL, &often, NULL);
    support_run(echo_is_whole_and_equal_body, &size);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_true(signals > 0);
}

static bool is_stopped(pid_t process)
{
    char path[64], state = '?';
    FILE *status;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    status = fopen(path, "r");
    if (status == NULL || fscanf(status, "%*d %*s %c", &state) != 1)
        state = '?';
    if (status != NULL)
        fclose(status);
    return state == 'T' || state == '?'; /* without /proc nobody can tell: go on at once */
}

/* After SIGCONT a waiting epoll_wait(2) fails with EINTR though no handler ran (signal(7)). */
TASK_TEST(stopped_and_continued_process_notices_nothing)
{
    firth_socket *client, *server;
    pid_t self = getpid(), child;
    char byte = 0;
    int status;

    EXPECT_EQUAL(support_pair(scope, &client, &server), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_spawn(scope, peers_echo, server, NULL), FIRTH_OK);
    child = fork();
    if (child == 0) {
        for (int i = 0; i < 5; i++) {
            kill(self, SIGSTOP);
            while (!is_stopped(self))
                ;
            kill(self, SIGCONT);
        }
        _exit(0);
    }
    EXPECT(child > 0);
    for (int i = 0; i < 1000; i++) {
        EXPECT_EQUAL(firth_write(firth_socket_output(client), "x", 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(client)), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), 1);
    }
    EXPECT_EQUAL(waitpid(child, &status, 0), child);
    return firth_flush_and_close(firth_socket_output(client));
}

#endif

static uint64_t sizes[] = {0, 1, 4095, 4096, 4097, 40960, 41280, 8 * 1024 * 1024};

#define ECHO_TEST(text, at)                                                                                            \
    {                                                                                                                  \
        .name = "echo_of_" text "_is_whole_and_equal", .test_func = echo_is_whole_and_equal,                           \
        .initial_state = &sizes[at]                                                                                    \
    }

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ECHO_TEST("nothing", 0),
        ECHO_TEST("1_byte", 1),
        ECHO_TEST("4095_bytes", 2),
        ECHO_TEST("4096_bytes", 3),
        ECHO_TEST("4097_bytes", 4),
        ECHO_TEST("40960_bytes", 5),
        ECHO_TEST("41280_bytes", 6),
        ECHO_TEST("8_MiB", 7),
        cmocka_unit_test(half_close_lets_the_answer_through),
        cmocka_unit_test(after_half_close_writing_is_closed_for_ever_and_reading_goes_on),
        cmocka_unit_test(both_directions_at_full_speed_stay_apart),
#ifndef _WIN32
        cmocka_unit_test(storm_of_signals_is_not_noticed),
        cmocka_unit_test(stopped_and_continued_process_notices_nothing),
#endif
    };

    return support_main(argc, argv, "echo", tests, sizeof tests / sizeof tests[0]);
}
