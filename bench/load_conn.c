/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: opened, one byte echoed, closed by us and then by the server, so many at a time. An operation is over
 * when the server's end has come: all of its work for that connection is inside. */
#include "bench/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/network.h"

typedef enum visit_stage { VISIT_NONE, VISIT_CONNECTING, VISIT_ASKED, VISIT_ENDING } visit_stage;

typedef struct visit {
    int descriptor;
    visit_stage stage;
    unsigned char byte;
    int64_t begun_ns;
    int64_t answered_ns;
} visit;

/* Goes on as far as it can without waiting; true when the server's end has come. */
static bool go_on(visit *of)
{
    unsigned char answer;
    ssize_t n;

    if (of->stage == VISIT_CONNECTING) {
        n = send(of->descriptor, &of->byte, 1, MSG_NOSIGNAL);
        if (n != 1 && errno == EAGAIN)
            return false;
        if (n != 1)
            fail("connecting: %s", strerror(errno));
        of->stage = VISIT_ASKED;
    }
    if (of->stage == VISIT_ASKED) {
        n = recv(of->descriptor, &answer, 1, 0);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n != 1 || answer != of->byte)
            fail("the answer to one byte is not that byte");
        of->answered_ns = load_now_ns();
        if (shutdown(of->descriptor, SHUT_WR) != 0)
            fail("shutdown: %s", strerror(errno));
        of->stage = VISIT_ENDING;
    }
    n = recv(of->descriptor, &answer, 1, 0);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n != 0)
        fail("after the answer came something else than the end");
    return true;
}

static void begin(load *self, visit *of, uint64_t number)
{
    if (load_may_start(self, 1) == 0)
        return;
    of->begun_ns = load_now_ns();
    of->byte = *bytes_at(&self->content, number);
    of->descriptor = network_connect(self->server.port, number);
    of->stage = VISIT_CONNECTING;
    load_watch(self, of->descriptor, of);
}

/* The latency is that of the answer, connecting included. */
static void advance(load *self, visit *of)
{
    if (of->stage == VISIT_NONE || !go_on(of))
        return;
    (void)close(of->descriptor);
    of->stage = VISIT_NONE;
    load_complete(self, of->answered_ns - of->begun_ns, 1);
    begin(self, of, self->started);
}

void load_run_connections(load *self)
{
    struct epoll_event events[LOAD_EVENTS];
    visit *visits = calloc(self->connections, sizeof *visits);
    int64_t now_ns;

    if (visits == NULL)
        fail("no memory");
    load_begin(self);
    for (unsigned i = 0; i < self->connections; i++)
        begin(self, &visits[i], i);
    while (self->stage != LOAD_OVER || self->completed < self->started) {
        int ready = load_wait(self, events, &now_ns);

        for (int i = 0; i < ready; i++)
            advance(self, events[i].data.ptr);
        load_tick(self, now_ns);
    }
    free(visits);
}
