/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a stream that comes fast one receive takes: system calls are counted by wrapping them at link time (ld(1)
 * --wrap). The peer is a thread that uses send(2), which is not counted. */
#include "tests/support/support.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* As firth_selector_options has it when nothing is said. */
enum { BLOCK_BYTES = 16 * 1024 };

static atomic_long receives;
static atomic_size_t asked; /* by the last receive that got something */
static atomic_size_t got;   /* by all */

ssize_t __real_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags)
{
    ssize_t n = __real_recv(descriptor, bytes, size, flags);

    atomic_fetch_add(&receives, 1);
    if (n > 0) {
        atomic_store(&asked, size);
        atomic_fetch_add(&got, (size_t)n);
    }
    return n;
}

/* A peer of the server at this port, or -1. */
static int open_peer(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (peer >= 0 && connect(peer, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(peer);
        return -1;
    }
    return peer;
}

static bool write_all(int peer, const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = send(peer, bytes + done, size - done, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

typedef struct peer {
    uint16_t port;
    atomic_bool ready; /* what it sends before anybody reads is in the kernel */
    bool failed;
    pthread_t thread;
} peer;

/* Runs a peer that connects to a server of its own, and hands out its connection when it is ready. The scope owns that. */
static int start_peer(firth_scope *scope, void *(*run)(void *self), peer *self, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    self->port = firth_server_address(server)->port;
    EXPECT_EQUAL(pthread_create(&self->thread, NULL, run, self), 0);
    EXPECT_EQUAL(firth_accept(server, socket), FIRTH_OK);
    firth_scope_own_socket(scope, *socket);
    while (!atomic_load(&self->ready))
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    return FIRTH_OK;
}

static int end_peer(const peer *self)
{
    EXPECT_EQUAL(pthread_join(self->thread, NULL), 0);
    EXPECT(!self->failed);
    return FIRTH_OK;
}

/* ---- a flood ----------------------------------------------------------------------------------------------------- */

typedef struct flood {
    peer peer; /* ready: the kernel takes no more */
    uint64_t sent;
} flood;

/* Fills the connection before anybody reads, and then sends until a megabyte more has gone. */
static void *run_flood(void *argument)
{
    static const char bytes[65536];
    flood *self = argument;
    int descriptor = open_peer(self->peer.port);
    ssize_t n = 0;

    self->peer.failed = descriptor < 0;
    while (!self->peer.failed && (n = send(descriptor, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        self->sent += (uint64_t)n;
    atomic_store(&self->peer.ready, true);
    for (int i = 0; i < 16 && !self->peer.failed; i++) {
        self->peer.failed = !write_all(descriptor, bytes, sizeof bytes);
        self->sent += sizeof bytes;
    }
    (void)close(descriptor);
    return NULL;
}

/* A block at a time it would be four receives for what one does through a large block. */
TASK_TEST(a_stream_faster_than_a_block_is_taken_in_large_bites)
{
    flood flooding = {0};
    firth_socket *socket;
    int64_t count;
    long before;

    EXPECT_EQUAL(start_peer(scope, run_flood, &flooding.peer, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(firth_socket_input(socket), 1) > 0, true);
    before = atomic_load(&receives);
    count = firth_discard(firth_socket_input(socket), 256 * 1024);
    EXPECT_EQUAL(count, 256 * 1024);
    EXPECT(atomic_load(&receives) - before <= 5); /* what is there already is more than all of this */
    count += firth_discard(firth_socket_input(socket), FIRTH_NO_LIMIT);
    EXPECT_EQUAL(end_peer(&flooding.peer), FIRTH_OK);
    EXPECT_EQUAL(count, flooding.sent);
    return FIRTH_OK;
}

/* ---- bursts with tails ------------------------------------------------------------------------------------------- */

enum { BURST_BYTES = 4 * BLOCK_BYTES, TAILS = 4 };

typedef struct bursts {
    peer peer;               /* ready: the burst is in the kernel */
    size_t asked_for[TAILS]; /* by the receive that got this tail, after the burst */
} bursts;

static void wait_for(size_t bytes)
{
    while (atomic_load(&got) < bytes)
        (void)sched_yield();
}

/* A burst, and then one byte at a time, each sent when what was before it has been received. */
static void *run_bursts(void *argument)
{
    static const char bytes[BURST_BYTES];
    bursts *self = argument;
    int descriptor = open_peer(self->peer.port);

    self->peer.failed = descriptor < 0 || !write_all(descriptor, bytes, sizeof bytes);
    atomic_store(&self->peer.ready, true);
    for (size_t i = 0; i < TAILS && !self->peer.failed; i++) {
        wait_for(BURST_BYTES + i);
        self->peer.failed = !write_all(descriptor, bytes, 1);
        wait_for(BURST_BYTES + i + 1);
        self->asked_for[i] = atomic_load(&asked);
    }
    (void)close(descriptor);
    return NULL;
}

/* A burst ends in a receive that gets little, and the next one is as large; a stream that goes on slowly is slow. */
TASK_TEST(the_tail_of_a_burst_does_not_end_large_bites_and_a_slow_stream_does)
{
    bursts bursting = {0};
    firth_socket *socket;

    atomic_store(&got, 0);
    EXPECT_EQUAL(start_peer(scope, run_bursts, &bursting.peer, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(firth_socket_input(socket), FIRTH_NO_LIMIT), BURST_BYTES + TAILS);
    EXPECT_EQUAL(end_peer(&bursting.peer), FIRTH_OK);
    for (size_t i = 0; i + 1 < TAILS; i++)
        EXPECT(bursting.asked_for[i] > BLOCK_BYTES);
    EXPECT_EQUAL(bursting.asked_for[TAILS - 1], BLOCK_BYTES);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_faster_than_a_block_is_taken_in_large_bites),
        cmocka_unit_test(the_tail_of_a_burst_does_not_end_large_bites_and_a_slow_stream_does),
    };

    return support_main(argc, argv, "large bites", tests, sizeof tests / sizeof tests[0]);
}
