/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in bulk over one connection: echoed, or swallowed and counted by the server. */
#include "bench/load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/network.h"

enum { WRITE_BYTES = 64 * 1024, ANSWER_LIMIT_MS = 10000 };

/* Bytes on the way at most: enough that neither side ever waits for the other to wake, and no more, so that the size of
 * the kernel's buffers does not decide. */
enum { WINDOW_BYTES = 1024 * 1024 };

/* One write of the rest of a WRITE_BYTES piece; false if there is no room. */
static bool send_piece(load *self, stream *of)
{
    size_t left = WRITE_BYTES - of->sent % WRITE_BYTES;
    ssize_t n = send(of->descriptor, bytes_at(&self->content, of->start + of->sent), left, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN)
        fail("send: %s", strerror(errno));
    if (n > 0)
        of->sent += (uint64_t)n;
    return n > 0;
}

static bool receive_piece(load *self, stream *of)
{
    ssize_t n = recv(of->descriptor, self->buffer, BYTES_RUN_MAX, 0);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        fail("recv: %s", n == 0 ? "the server closed the connection" : strerror(errno));
    if ((uint64_t)n > of->sent - of->answered ||
        memcmp(self->buffer, bytes_at(&self->content, of->start + of->answered), (size_t)n) != 0)
        fail("the echo is not what was sent, from byte %llu on", (unsigned long long)of->answered);
    of->answered += (uint64_t)n;
    self->bytes += (uint64_t)n;
    return true;
}

/* Both directions in turn until neither can go on. */
static void exchange(load *self, stream *of)
{
    bool sending = true, receiving = true;

    while (sending || receiving) {
        if (receiving)
            receiving = receive_piece(self, of);
        sending = self->stage != LOAD_OVER && of->sent - of->answered < WINDOW_BYTES && send_piece(self, of);
        load_tick(self, load_now_ns());
    }
}

void load_run_bulk(load *self)
{
    struct epoll_event events[LOAD_EVENTS];
    stream only;
    int64_t now_ns;

    load_stream_open(self, &only, 0);
    load_watch(self, only.descriptor, &only);
    load_begin(self);
    exchange(self, &only);
    while (self->stage != LOAD_OVER || only.answered < only.sent) {
        (void)load_wait(self, events, &now_ns);
        exchange(self, &only);
    }
    load_expect_end(&only);
    load_stream_close(&only);
}

/* ---- one way ----------------------------------------------------------------------------------------------------- */

/* The server says at the end how many bytes it got, and nothing else. */
static void check_count(const stream *of)
{
    char text[32] = "", expected[32];
    size_t got = 0;

    if (shutdown(of->descriptor, SHUT_WR) != 0)
        fail("shutdown: %s", strerror(errno));
    for (;;) {
        ssize_t n;

        if (!network_wait(of->descriptor, POLLIN, ANSWER_LIMIT_MS))
            fail("the server did not say how many bytes it got");
        n = recv(of->descriptor, text + got, sizeof text - 1 - got, 0);
        if (n < 0)
            fail("recv: %s", strerror(errno));
        if (n == 0)
            break;
        got += (size_t)n;
    }
    (void)snprintf(expected, sizeof expected, "%llu\n", (unsigned long long)of->sent);
    if (got != strlen(expected) || memcmp(text, expected, got) != 0)
        fail("%llu bytes were sent, and the server says \"%s\"", (unsigned long long)of->sent, text);
}

void load_run_sink(load *self)
{
    struct epoll_event events[LOAD_EVENTS];
    stream only;
    int64_t now_ns;

    load_stream_open(self, &only, 0);
    load_watch(self, only.descriptor, &only);
    load_begin(self);
    while (self->stage != LOAD_OVER) {
        uint64_t before = only.sent;
        bool room = send_piece(self, &only);

        self->bytes += only.sent - before;
        if (room)
            load_tick(self, load_now_ns());
        else
            (void)load_wait(self, events, &now_ns);
    }
    check_count(&only);
    load_stream_close(&only);
}
