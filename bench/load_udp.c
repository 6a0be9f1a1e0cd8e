/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams: each socket has one request in flight (udp-pp), or a window of rounds, sent (udp-sink) or asked for
 * (udp-source). Nothing is lost on loopback as long as it fits in the buffers, and the windows do. */
#include "bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/server_udp.h"

enum { MESSAGE_BYTES = 64, SINK_BYTES = 1200, GRO_BYTES = 65536 };

/* A socket of the load's. */
typedef struct client {
    int descriptor;
    uint64_t sent;
    uint64_t received; /* or, of a sink, what it says that it has got */
    int64_t begun_ns;
    unsigned char message[MESSAGE_BYTES];
} client;

static void open_client(load *self, client *made, size_t number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(self->server.port)};
    int size = UDP_BUFFER_BYTES;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *made = (client){.descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (made->descriptor < 0 || connect(made->descriptor, (struct sockaddr *)&to, sizeof to) != 0)
        fail("socket %zu: %s", number, strerror(errno));
    (void)setsockopt(made->descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    for (size_t i = 0; i < MESSAGE_BYTES; i++)
        made->message[i] = (unsigned char)(number * 31 + i * 7);
    load_watch(self, made->descriptor, made);
}

static client *open_clients(load *self)
{
    client *clients = calloc(self->connections, sizeof *clients);

    if (clients == NULL)
        fail("no memory");
    for (size_t i = 0; i < self->connections; i++)
        open_client(self, &clients[i], i);
    return clients;
}

static void close_clients(const load *self, client *clients)
{
    for (size_t i = 0; i < self->connections; i++)
        (void)close(clients[i].descriptor);
    free(clients);
}

/* Runs until the load is over; on_readable drains a client. */
static void run(load *self, void (*on_readable)(load *self, client *of))
{
    struct epoll_event events[LOAD_EVENTS];
    int64_t now_ns;

    while (self->stage != LOAD_OVER) {
        int ready = load_wait(self, events, &now_ns);

        for (int i = 0; i < ready; i++)
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
                on_readable(self, events[i].data.ptr);
        load_tick(self, load_now_ns());
    }
}

/* ---- udp-pp ------------------------------------------------------------------------------------------------------ */

static void ask(load *self, client *of)
{
    const struct timespec pause = {0, (long)self->pause_us * 1000};

    if (load_may_start(self, 1) == 0)
        return;
    if (self->pause_us > 0)
        (void)nanosleep(&pause, NULL);
    of->begun_ns = load_now_ns();
    memcpy(of->message, &of->sent, sizeof of->sent);
    of->sent++;
    if (send(of->descriptor, of->message, MESSAGE_BYTES, 0) != MESSAGE_BYTES)
        fail("send: %s", strerror(errno));
}

static void on_answer(load *self, client *of)
{
    unsigned char answer[UDP_BYTES];
    ssize_t n;

    while ((n = recv(of->descriptor, answer, sizeof answer, 0)) >= 0) {
        if (n != MESSAGE_BYTES || memcmp(answer, of->message, MESSAGE_BYTES) != 0)
            fail("an answer is not what was sent");
        load_complete(self, load_now_ns() - of->begun_ns, 1);
        ask(self, of);
    }
    if (errno != EAGAIN)
        fail("recv: %s", strerror(errno));
}

static void run_requests(load *self)
{
    client *clients = open_clients(self);

    load_begin(self);
    for (size_t i = 0; i < self->connections; i++)
        ask(self, &clients[i]);
    run(self, on_answer);
    close_clients(self, clients);
}

/* ---- udp-sink ---------------------------------------------------------------------------------------------------- */

/* A round, by one call; a run of a number of operations ends with a whole one. */
static void send_round(load *self, client *of)
{
    struct iovec piece = {self->buffer, SINK_BYTES};
    struct mmsghdr messages[UDP_ROUND];

    if (load_may_start(self, UDP_ROUND) == 0)
        return;
    for (int i = 0; i < UDP_ROUND; i++)
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1};
    if (sendmmsg(of->descriptor, messages, UDP_ROUND, 0) != UDP_ROUND)
        fail("sendmmsg: %s", strerror(errno));
    of->sent += UDP_ROUND;
}

static void on_count(load *self, client *of)
{
    uint64_t count;
    ssize_t n;

    while ((n = recv(of->descriptor, &count, sizeof count, 0)) >= 0) {
        if (n != sizeof count || count < of->received || count > of->sent)
            fail("the server counts %llu of %llu", (unsigned long long)count, (unsigned long long)of->sent);
        self->completed += count - of->received;
        of->received = count;
        while (of->sent - of->received < (uint64_t)self->in_flight * UDP_ROUND && self->stage != LOAD_OVER) {
            uint64_t before = of->sent;

            send_round(self, of);
            if (of->sent == before)
                break;
        }
    }
    if (errno != EAGAIN)
        fail("recv: %s", strerror(errno));
}

static void run_sink(load *self)
{
    client *one = open_clients(self);

    load_begin(self);
    for (unsigned i = 0; i < self->in_flight; i++)
        send_round(self, one);
    run(self, on_count);
    close_clients(self, one);
}

/* ---- udp-source -------------------------------------------------------------------------------------------------- */

static void ask_for_round(load *self, client *of)
{
    if (load_may_start(self, UDP_ROUND) == 0)
        return;
    of->sent += UDP_ROUND;
    if (send(of->descriptor, "more", 4, 0) != 4)
        fail("send: %s", strerror(errno));
}

/* Runs may come as one (UDP_GRO): the load has less to do then, and so has the kernel on the server's side. */
static void on_source(load *self, client *of)
{
    ssize_t n;

    while ((n = recv(of->descriptor, self->buffer, GRO_BYTES, 0)) >= 0) {
        uint64_t rounds = of->received / UDP_ROUND, count = (uint64_t)n / UDP_SOURCE_BYTES;

        if (n == 0 || n % UDP_SOURCE_BYTES != 0)
            fail("%zd bytes came, which are no whole datagrams", n);
        of->received += count;
        self->completed += count;
        for (rounds = of->received / UDP_ROUND - rounds; rounds > 0; rounds--)
            ask_for_round(self, of);
    }
    if (errno != EAGAIN)
        fail("recv: %s", strerror(errno));
}

static void run_source(load *self)
{
    client *one = open_clients(self);
    int on = 1;

    (void)setsockopt(one->descriptor, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    load_begin(self);
    for (unsigned i = 0; i < self->in_flight; i++)
        ask_for_round(self, one);
    run(self, on_source);
    close_clients(self, one);
}

const load_mode load_modes[] = {
    {"udp-pp", "udp-echo", "datagram", 64, 1, run_requests},
    {"udp-sink", "udp-sink", "datagram", 1, 4, run_sink},
    {"udp-source", "udp-source", "datagram", 1, 4, run_source},
    {.name = NULL},
};
