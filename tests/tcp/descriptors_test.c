/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: too few of them, very many of them, and what becomes of their numbers. */
#include "tests/support/skip.h"
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The limit is the process's, and comes back even when an EXPECT has left a test early. */
static int restore_limit(void **state)
{
    (void)state;
    raw_descriptors_restore();
    return 0;
}

enum { CLIENTS = 20, FITTING = 3 };

/* The linker leads accept and accept4 through here: attempts are what shows a spin, on a slow machine too. */
static atomic_int accepts;

int __real_accept4(int listener, struct sockaddr *address, socklen_t *size, int flags);
int __wrap_accept4(int listener, struct sockaddr *address, socklen_t *size, int flags);
int __wrap_accept4(int listener, struct sockaddr *address, socklen_t *size, int flags)
{
    atomic_fetch_add(&accepts, 1);
    return __real_accept4(listener, address, size, flags);
}

int __real_accept(int listener, struct sockaddr *address, socklen_t *size);
int __wrap_accept(int listener, struct sockaddr *address, socklen_t *size);
int __wrap_accept(int listener, struct sockaddr *address, socklen_t *size)
{
    atomic_fetch_add(&accepts, 1);
    return __real_accept(listener, address, size);
}

typedef struct crowd {
    firth_server *server;
    int raw[CLIENTS];
    int served;
} crowd;

static int serve_one(firth_scope *scope, void *socket)
{
    char byte = 0;

    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), 1);
    return firth_write(firth_socket_output(socket), &byte, 1);
}

static int serve_all(firth_scope *scope, void *argument)
{
    crowd *all = argument;

    for (all->served = 0; all->served < CLIENTS; all->served++) {
        firth_socket *socket;

        EXPECT_EQUAL(firth_accept(all->server, &socket), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(scope, serve_one, socket, NULL), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* The clients are here before the limit is, and wait in the backlog. */
static int crowd_open(firth_scope *scope, crowd *all)
{
    int port;

    EXPECT_EQUAL(peers_server(scope, &all->server, &port), FIRTH_OK);
    for (int i = 0; i < CLIENTS; i++)
        EXPECT((all->raw[i] = raw_connect(port)) >= 0);
    return FIRTH_OK;
}

TASK_TEST(accept_without_descriptors_does_not_spin_and_serves_everybody_in_the_end)
{
    firth_scope children;
    crowd all = {0};
    char byte = 0;

    EXPECT_EQUAL(crowd_open(scope, &all), FIRTH_OK);
    raw_descriptors_leave(FITTING);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, serve_all, &all, NULL), FIRTH_OK);
    atomic_store(&accepts, 0);
    EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    EXPECT(atomic_load(&accepts) >= FITTING);
    EXPECT(atomic_load(&accepts) < FITTING + 20); /* 5 ms, 10 ms, 20 ms … between two of them */
    EXPECT(all.served > 0);
    EXPECT(all.served <= FITTING);

    for (int i = 0; i < CLIENTS; i++) /* each that is served leaves its place to another */
        EXPECT_EQUAL(raw_send(all.raw[i], "x", 1), 0);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < CLIENTS; i++) {
        EXPECT_EQUAL(raw_receive(all.raw[i], &byte, 1), 0);
        close(all.raw[i]);
    }
    return FIRTH_OK;
}

TASK_TEST(accept_without_descriptors_can_be_cancelled_and_closed)
{
    const firth_scope_options soon = {.timeout_ms = 50};
    peers_attempt accepting = {0};
    firth_scope children;
    int port, client;

    EXPECT_EQUAL(peers_server(scope, &accepting.server, &port), FIRTH_OK);
    client = raw_connect(port);
    raw_descriptors_leave(0);
    firth_scope_open(&children, scope, &soon);
    EXPECT_EQUAL(peers_accept(scope, &accepting), FIRTH_OK);
    EXPECT_EQUAL(accepting.result, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);

    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_accept, &accepting, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    firth_server_close(accepting.server);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(accepting.result, FIRTH_ERR_CLOSED);
    raw_descriptors_restore();
    close(client);
    return FIRTH_OK;
}

TASK_TEST(connect_and_bind_without_descriptors_say_so_and_work_again_later)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server, *other;
    firth_socket *socket;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        raw_descriptors_leave(0);
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &socket), FIRTH_ERR_TOO_MANY_OPEN);
        EXPECT(socket == NULL);
        EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &other), FIRTH_ERR_TOO_MANY_OPEN);
        EXPECT(other == NULL);
        raw_descriptors_restore();
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &socket), FIRTH_OK);
        firth_socket_abort(socket);
    }
    return FIRTH_OK;
}

enum { PAIRS = 600 };

/* The last pair opened has the highest descriptors; all of them work side by side. */
static int talk_over(firth_socket **near, firth_socket **far)
{
    for (int i = 0; i < PAIRS; i++) {
        EXPECT_EQUAL(firth_write_integer_be(firth_socket_output(near[i]), (uint64_t)i, 4), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(near[i])), FIRTH_OK);
    }
    for (int i = PAIRS - 1; i >= 0; i--) {
        uint64_t value = 0;

        EXPECT_EQUAL(firth_read_integer_be(firth_socket_input(far[i]), &value, 4), FIRTH_OK);
        EXPECT_EQUAL(value, i);
    }
    return FIRTH_OK;
}

TASK_TEST(more_than_1024_descriptors_just_work)
{
    firth_socket **ends = argument;
    intptr_t highest = 0;

    for (int i = 0; i < PAIRS; i++) {
        EXPECT_EQUAL(support_pair(scope, &ends[i], &ends[PAIRS + i]), FIRTH_OK);
        firth_scope_own_socket(scope, ends[i]);
        firth_scope_own_socket(scope, ends[PAIRS + i]);
        if (firth_socket_descriptor(ends[PAIRS + i]) > highest)
            highest = firth_socket_descriptor(ends[PAIRS + i]);
    }
    EXPECT(highest > 1024);
    return talk_over(ends, ends + PAIRS);
}

static void with_more_than_1024_descriptors(void **state)
{
    struct rlimit limit, before;
    firth_socket **ends = calloc((size_t)PAIRS * 2, sizeof(firth_socket *));

    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = PAIRS * 2 + 100;
    if (before.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        free(ends);
        SKIP("the hard limit of descriptors is too low");
        return;
    }
    *state = ends;
    more_than_1024_descriptors_just_work(state);
    setrlimit(RLIMIT_NOFILE, &before);
    free(ends);
}

static int count_inheritable(void)
{
    int count = 0;

    for (int descriptor = 3; descriptor < 256; descriptor++) {
        int flags = fcntl(descriptor, F_GETFD);

        if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
            count++;
    }
    return count;
}

static int nothing(void *argument)
{
    (void)argument;
    return FIRTH_OK;
}

TASK_TEST(no_descriptor_is_inherited_by_another_program)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int inheritable = *(int *)argument, port;
    firth_socket *a, *b, *named;
    firth_server *server;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "localhost", port, &named), FIRTH_OK);
    EXPECT_EQUAL(firth_blocking(nothing, NULL), FIRTH_OK);
    EXPECT_EQUAL(count_inheritable(), inheritable);
    firth_socket_abort(a);
    firth_socket_abort(b);
    firth_socket_abort(named);
    return FIRTH_OK;
}

static void without_heirs(void **state)
{
    int inheritable = count_inheritable();

    *state = &inheritable;
    no_descriptor_is_inherited_by_another_program(state);
}

/* epoll(7): a registration lives as long as the open file does, and a dup or a forked child keeps that alive. What the
 * peer still sends must neither wake anybody for ever nor reach the next socket with the same number. */
TASK_TEST(duplicate_of_a_closed_descriptor_disturbs_nobody)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *gone, *a, *b;
    int raw, duplicate;
    int64_t cpu_ms;
    char byte = 0;

    EXPECT_EQUAL(peers_raw_client(&tcp, &gone, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "x", 1), 0);
    EXPECT_EQUAL(firth_read(firth_socket_input(gone), &byte, 1), 1);
    duplicate = dup((int)firth_socket_descriptor(gone));
    EXPECT(duplicate >= 0);
    EXPECT_EQUAL(firth_socket_close(gone), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "still here", 10), 0);

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_spawn(scope, peers_echo, b, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(a), "y", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), 1);
    EXPECT_EQUAL(byte, 'y');
    cpu_ms = raw_cpu_ms();
    EXPECT_EQUAL(firth_sleep(300), FIRTH_OK);
    EXPECT(raw_cpu_ms() - cpu_ms < 100);
    close(duplicate);
    close(raw);
    return firth_flush_and_close(firth_socket_output(a));
}

/* Each round closes sockets that the kernel has news of, and opens others that get their numbers. */
TASK_TEST(descriptor_number_that_is_used_again_gets_no_news_of_the_old_one)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    for (int round = 0; round < 50; round++) {
        peers_attempt old[4] = {{0}}, fresh = {0};
        firth_scope children;
        firth_socket *peer;
        int raw[4];

        firth_scope_open(&children, scope, NULL);
        for (int i = 0; i < 4; i++) {
            EXPECT_EQUAL(peers_raw_client(&tcp, &old[i].socket, &raw[i]), FIRTH_OK);
            EXPECT_EQUAL(firth_spawn(&children, peers_read, &old[i], NULL), FIRTH_OK);
        }
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        for (int i = 0; i < 4; i++) {
            EXPECT_EQUAL(raw_send(raw[i], "old", 3), 0);
            firth_socket_abort(old[i].socket);
        }
        EXPECT_EQUAL(support_pair(scope, &fresh.socket, &peer), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&children, peers_read, &fresh, NULL), FIRTH_OK);
        for (int i = 0; i < 3; i++)
            EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        EXPECT(!fresh.ended);
        EXPECT_EQUAL(firth_socket_close(peer), FIRTH_OK);
        EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(fresh.result, FIRTH_EOF);
        firth_socket_abort(fresh.socket);
        for (int i = 0; i < 4; i++)
            close(raw[i]);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(accept_without_descriptors_does_not_spin_and_serves_everybody_in_the_end,
                                  restore_limit),
        cmocka_unit_test_teardown(accept_without_descriptors_can_be_cancelled_and_closed, restore_limit),
        cmocka_unit_test_teardown(connect_and_bind_without_descriptors_say_so_and_work_again_later, restore_limit),
        {.name = "more_than_1024_descriptors_just_work", .test_func = with_more_than_1024_descriptors},
        {.name = "no_descriptor_is_inherited_by_another_program", .test_func = without_heirs},
        cmocka_unit_test(duplicate_of_a_closed_descriptor_disturbs_nobody),
        cmocka_unit_test(descriptor_number_that_is_used_again_gets_no_news_of_the_old_one),
    };

    return support_main(argc, argv, "descriptors", tests, sizeof tests / sizeof tests[0]);
}
