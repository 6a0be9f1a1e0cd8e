/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers: each connection has so many in flight, and sends as many more as were answered. */
#include "bench/load.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/network.h"

enum { CONNECT_LIMIT_MS = 10000 };

void load_stream_open(load *self, stream *made, size_t number)
{
    int error = 0;
    socklen_t size = sizeof error;

    *made = (stream){.descriptor = network_connect(self->server.port, number), .start = bytes_start_of(number)};
    if (!network_wait(made->descriptor, POLLOUT, CONNECT_LIMIT_MS) ||
        getsockopt(made->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        fail("connection %zu could not be opened: %s", number, error != 0 ? strerror(error) : "no answer");
    made->begun_ns = calloc(self->in_flight, sizeof *made->begun_ns);
    if (made->begun_ns == NULL)
        fail("no memory");
}

void load_stream_close(stream *gone)
{
    (void)close(gone->descriptor);
    free(gone->begun_ns);
}

void load_expect_end(stream *last)
{
    unsigned char more;

    if (shutdown(last->descriptor, SHUT_WR) != 0)
        fail("shutdown: %s", strerror(errno));
    if (!network_wait(last->descriptor, POLLIN, CONNECT_LIMIT_MS))
        fail("the server did not end a connection");
    if (recv(last->descriptor, &more, 1, 0) != 0)
        fail("more came than the whole answer, or an error instead of the end");
}

/* What may be sent and has not been, gathered. */
static void send_asked(load *self, stream *of)
{
    while (of->sent < of->asked) {
        ssize_t n =
            send(of->descriptor, bytes_at(&self->content, of->start + of->sent), of->asked - of->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            fail("send: %s", strerror(errno));
        of->sent += (uint64_t)n;
    }
}

static void ask(load *self, stream *of, uint64_t requests, int64_t now_ns)
{
    uint64_t number = of->asked / BYTES_MESSAGE;

    requests = load_may_start(self, requests);
    for (uint64_t i = 0; i < requests; i++)
        of->begun_ns[(number + i) % self->in_flight] = now_ns;
    of->asked += requests * BYTES_MESSAGE;
    send_asked(self, of);
}

/* Receives once and checks; returns how many requests that answered. */
static uint64_t receive_answers(load *self, stream *of)
{
    uint64_t before = of->answered / BYTES_MESSAGE;
    ssize_t n = recv(of->descriptor, self->buffer, BYTES_RUN_MAX, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0)
        fail("recv: %s", strerror(errno));
    if (n == 0)
        fail("the server closed a connection");
    if ((uint64_t)n > of->sent - of->answered ||
        memcmp(self->buffer, bytes_at(&self->content, of->start + of->answered), (size_t)n) != 0)
        fail("the answer is not what was sent, from byte %llu of a connection on", (unsigned long long)of->answered);
    of->answered += (uint64_t)n;
    return of->answered / BYTES_MESSAGE - before;
}

static void on_event(load *self, stream *of, uint32_t events)
{
    uint64_t number = of->answered / BYTES_MESSAGE;
    uint64_t count;
    int64_t now_ns;

    if ((events & EPOLLOUT) != 0 && of->sent < of->asked)
        send_asked(self, of);
    if ((events & ~(uint32_t)EPOLLOUT) == 0)
        return;
    count = receive_answers(self, of);
    if (count == 0)
        return;
    now_ns = load_now_ns();
    for (uint64_t i = 0; i < count; i++)
        load_complete(self, now_ns - of->begun_ns[(number + i) % self->in_flight], 1);
    ask(self, of, count, now_ns);
}

static bool all_answered(const stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (streams[i].answered < streams[i].asked)
            return false;
    return true;
}

void load_requests(load *self, stream *streams, size_t count)
{
    struct epoll_event events[LOAD_EVENTS];
    int64_t now_ns;

    load_begin(self);
    now_ns = load_now_ns();
    for (size_t i = 0; i < count; i++)
        ask(self, &streams[i], self->in_flight, now_ns);
    while (self->stage != LOAD_OVER || !all_answered(streams, count)) {
        int ready = load_wait(self, events, &now_ns);

        for (int i = 0; i < ready; i++)
            on_event(self, events[i].data.ptr, events[i].events);
        load_tick(self, now_ns);
    }
}

void load_run_requests(load *self)
{
    stream *streams = calloc(self->connections, sizeof *streams);

    if (streams == NULL)
        fail("no memory");
    for (size_t i = 0; i < self->connections; i++) {
        load_stream_open(self, &streams[i], i);
        load_watch(self, streams[i].descriptor, &streams[i]);
    }
    load_requests(self, streams, self->connections);
    for (size_t i = 0; i < self->connections; i++) {
        load_expect_end(&streams[i]);
        load_stream_close(&streams[i]);
    }
    free(streams);
}
