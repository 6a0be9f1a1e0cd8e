/* SPDX-License-Identifier: Apache-2.0 */
/* What a request costs in steady state: system calls and allocations of a server, counted by wrapping the calls at link
 * time (ld(1) --wrap). The client is a thread that uses read(2) and write(2), which are not counted. */
#include "tests/support/support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#ifdef FIRTH_TEST_KQUEUE
#include <sys/event.h>
#endif
#include <sys/socket.h>
#include <unistd.h>

enum { WARM_UP = 20, REQUESTS = 1000 };

typedef struct counts {
    long receives;
    long sends;
    long waits;
    long sleeps; /* waits that were not only a look */
    long controls;
    long allocations;
} counts;

static atomic_long receives, sends, waits, sleeps, controls;

ssize_t __real_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags)
{
    atomic_fetch_add(&receives, 1);
    return __real_recv(descriptor, bytes, size, flags);
}

ssize_t __real_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags)
{
    atomic_fetch_add(&sends, 1);
    return __real_send(descriptor, bytes, size, flags);
}

int __real_epoll_wait(int queue, struct epoll_event *events, int most, int timeout_ms);
int __wrap_epoll_wait(int queue, struct epoll_event *events, int most, int timeout_ms);
int __wrap_epoll_wait(int queue, struct epoll_event *events, int most, int timeout_ms)
{
    atomic_fetch_add(&waits, 1);
    atomic_fetch_add(&sleeps, timeout_ms != 0);
    return __real_epoll_wait(queue, events, most, timeout_ms);
}

int __real_poll(struct pollfd *set, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *set, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *set, nfds_t count, int timeout_ms)
{
    atomic_fetch_add(&waits, 1);
    atomic_fetch_add(&sleeps, timeout_ms != 0);
    return __real_poll(set, count, timeout_ms);
}

int __real_epoll_ctl(int queue, int operation, int descriptor, struct epoll_event *event);
int __wrap_epoll_ctl(int queue, int operation, int descriptor, struct epoll_event *event);
int __wrap_epoll_ctl(int queue, int operation, int descriptor, struct epoll_event *event)
{
    atomic_fetch_add(&controls, 1);
    return __real_epoll_ctl(queue, operation, descriptor, event);
}

#ifdef FIRTH_TEST_KQUEUE /* changes alone have no room for events */
#if defined(KEVENT_FLAG_IMMEDIATE)
int __real_kevent64(int queue, const struct kevent64_s *changes, int change_count, struct kevent64_s *events, int room,
                    unsigned flags, const struct timespec *timeout);
int __wrap_kevent64(int queue, const struct kevent64_s *changes, int change_count, struct kevent64_s *events, int room,
                    unsigned flags, const struct timespec *timeout);
int __wrap_kevent64(int queue, const struct kevent64_s *changes, int change_count, struct kevent64_s *events, int room,
                    unsigned flags, const struct timespec *timeout)
{
    atomic_fetch_add(room > 0 ? &waits : &controls, 1);
    atomic_fetch_add(&sleeps, room > 0 && (flags & KEVENT_FLAG_IMMEDIATE) == 0);
    return __real_kevent64(queue, changes, change_count, events, room, flags, timeout);
}
#else
#ifdef EVFILT_USER
typedef int count_type;
#else
typedef size_t count_type; /* NetBSD */
#endif
int __real_kevent(int queue, const struct kevent *changes, count_type change_count, struct kevent *events,
                  count_type room, const struct timespec *timeout);
int __wrap_kevent(int queue, const struct kevent *changes, count_type change_count, struct kevent *events,
                  count_type room, const struct timespec *timeout);
int __wrap_kevent(int queue, const struct kevent *changes, count_type change_count, struct kevent *events,
                  count_type room, const struct timespec *timeout)
{
    atomic_fetch_add(room > 0 ? &waits : &controls, 1);
    atomic_fetch_add(&sleeps, room > 0 && (timeout == NULL || timeout->tv_sec != 0 || timeout->tv_nsec != 0));
    return __real_kevent(queue, changes, change_count, events, room, timeout);
}
#endif
#endif

static counts now(void)
{
    return (counts){.receives = atomic_load(&receives),
                    .sends = atomic_load(&sends),
                    .waits = atomic_load(&waits),
                    .sleeps = atomic_load(&sleeps),
                    .controls = atomic_load(&controls),
                    .allocations = (long)support_allocations_made()};
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

typedef struct client {
    uint16_t port;
    int lines; /* written at once, and answered, in one request */
    counts before;
    counts after;
    bool failed;
} client;

static bool write_all(int peer, const char *bytes, size_t size)
{
    return write(peer, bytes, size) == (ssize_t)size;
}

static bool read_all(int peer, char *bytes, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = read(peer, bytes + got, size - got);

        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static bool ask(int peer, int lines, int requests)
{
    char question[640], answer[640];
    size_t size = (size_t)lines * 64;

    memset(question, 'x', sizeof question);
    for (int i = 1; i <= lines; i++)
        question[i * 64 - 1] = '\n';
    for (int i = 0; i < requests; i++)
        if (!write_all(peer, question, size) || !read_all(peer, answer, size) || memcmp(question, answer, size) != 0)
            return false;
    return true;
}

static void *run_client(void *argument)
{
    client *self = argument;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(self->port)};
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->failed = connect(peer, (struct sockaddr *)&address, sizeof address) != 0 || !ask(peer, self->lines, WARM_UP);
    self->before = now();
    if (!self->failed)
        self->failed = !ask(peer, self->lines, REQUESTS);
    self->after = now();
    (void)close(peer);
    return NULL;
}

/* ---- the server -------------------------------------------------------------------------------------------------- */

static int answer_lines(firth_socket *socket)
{
    char line[64];
    int64_t n;
    int rc = FIRTH_OK;

    while (rc >= 0 && (n = firth_read_line(firth_socket_input(socket), line, sizeof line)) >= 0) {
        line[n] = '\n';
        rc = firth_write(firth_socket_output(socket), line, (size_t)n + 1);
    }
    return rc;
}

/* Serves one client and fills in what it counted. */
static int serve(firth_scope *scope, client *peer)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *socket;
    pthread_t thread;
    int rc;

    tcp.auto_flush = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    peer->port = firth_server_address(server)->port;
    EXPECT_EQUAL(pthread_create(&thread, NULL, run_client, peer), 0);
    rc = firth_accept(server, &socket);
    if (rc >= 0) {
        firth_scope_own_socket(scope, socket);
        rc = answer_lines(socket);
    }
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT(!peer->failed);
    return FIRTH_OK;
}

/* A request may be cut in two by the kernel now and then, so a few more are no failure; one more each is. */
enum { SLACK = REQUESTS / 20 };

static int steady(firth_scope *scope, int lines)
{
    client peer = {.lines = lines};

    EXPECT_EQUAL(serve(scope, &peer), FIRTH_OK);
    EXPECT(peer.after.receives - peer.before.receives <= REQUESTS + SLACK);
    EXPECT(peer.after.sends - peer.before.sends <= REQUESTS + SLACK);
    EXPECT(peer.after.waits - peer.before.waits <= REQUESTS + SLACK);
    EXPECT(peer.after.receives - peer.before.receives >= REQUESTS);
    EXPECT(peer.after.sends - peer.before.sends >= REQUESTS);
    EXPECT_EQUAL(peer.after.controls - peer.before.controls, 0);
    EXPECT_EQUAL(peer.after.allocations - peer.before.allocations, 0);
    return FIRTH_OK;
}

TASK_TEST(a_request_costs_one_receive_one_send_and_its_wait)
{
    return steady(scope, 1);
}

TASK_TEST(ten_lines_answered_between_two_suspensions_leave_in_one_send)
{
    return steady(scope, 10);
}

/* ---- spinning ---------------------------------------------------------------------------------------------------- */

static int serve_spinning(firth_scope *scope, void *argument)
{
    client *peer = argument;

    EXPECT_EQUAL(serve(scope, peer), FIRTH_OK);
    EXPECT(peer->after.sleeps - peer->before.sleeps <= SLACK);
    return FIRTH_OK;
}

static void run_spinning(unsigned spin_us, firth_task_fn *fn, void *argument)
{
    firth_selector_options options = support_options();

    options.spin_us = spin_us;
    support_run_with(&options, fn, argument);
}

static void a_loop_that_spins_does_not_sleep_while_requests_come(void **state)
{
    client peer = {.lines = 1};

    (void)state;
    run_spinning(1000000, serve_spinning, &peer);
}

/* A deadline ends the spinning; so does the end of its time, and then the loop sleeps. On a busy machine the program may have
 * stood still for so long that the deadline comes first: then once more. */
static int sleep_awhile(firth_scope *scope, void *argument)
{
    const int *may_sleep = argument;
    long before = atomic_load(&sleeps);
    int tries = 0;

    (void)scope;
    do {
        int64_t from_ns = firth_now_ns();

        EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
        EXPECT(firth_now_ns() - from_ns >= 20 * 1000000);
    } while (*may_sleep && atomic_load(&sleeps) == before && ++tries < 20);
    EXPECT_EQUAL(atomic_load(&sleeps) - before > 0, *may_sleep);
    return FIRTH_OK;
}

static void a_loop_spins_as_long_as_it_was_told_and_to_the_next_deadline(void **state)
{
    static int yes = 1, no = 0;

    (void)state;
    run_spinning(1000, sleep_awhile, &yes);
    run_spinning(60 * 1000000, sleep_awhile, &no);
}

/* Each sleep is one wait, however late; a spin makes more of it. */
static int sleep_three_times(firth_scope *scope, void *argument)
{
    long before = atomic_load(&waits);

    (void)scope;
    (void)argument;
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    EXPECT_EQUAL(atomic_load(&waits) - before, 3);
    return FIRTH_OK;
}

static void a_loop_does_not_spin_unless_it_was_told_to(void **state)
{
    firth_selector_options options = firth_selector_defaults();

    (void)state;
    assert_int_equal(options.spin_us, 0);
    support_run(sleep_three_times, NULL);
    assert_int_equal(firth_run(sleep_three_times, NULL), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_costs_one_receive_one_send_and_its_wait),
        cmocka_unit_test(ten_lines_answered_between_two_suspensions_leave_in_one_send),
        cmocka_unit_test(a_loop_that_spins_does_not_sleep_while_requests_come),
        cmocka_unit_test(a_loop_spins_as_long_as_it_was_told_and_to_the_next_deadline),
        cmocka_unit_test(a_loop_does_not_spin_unless_it_was_told_to),
    };

    return support_main(argc, argv, "costs", tests, sizeof tests / sizeof tests[0]);
}
