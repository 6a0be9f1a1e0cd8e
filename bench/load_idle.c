/* SPDX-License-Identifier: Apache-2.0 */
/* Many connections that exchanged one message and stay: what each costs the server in memory, and what they cost the
 * one that is active among them. */
#include "bench/load.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench/network.h"

enum { ANSWER_LIMIT_MS = 10000, OTHER_DESCRIPTORS = 32 };

/* The next message there and back, waiting for each. */
static void exchange(load *self, stream *with)
{
    const unsigned char *message = bytes_at(&self->content, with->start + with->sent);
    size_t got = 0;

    if (send(with->descriptor, message, BYTES_MESSAGE, MSG_NOSIGNAL) != BYTES_MESSAGE)
        fail("send: %s", strerror(errno));
    while (got < BYTES_MESSAGE) {
        ssize_t n;

        if (!network_wait(with->descriptor, POLLIN, ANSWER_LIMIT_MS))
            fail("an answer did not come");
        n = recv(with->descriptor, self->buffer + got, BYTES_MESSAGE - got, 0);
        if (n <= 0)
            fail("recv: %s", n == 0 ? "the server closed an idle connection" : strerror(errno));
        got += (size_t)n;
    }
    if (memcmp(self->buffer, message, BYTES_MESSAGE) != 0)
        fail("the answer is not what was sent");
    with->sent += BYTES_MESSAGE;
}

/* Fewer connections than asked for would be another measurement. The server inherits the limit. */
static void need_descriptors(unsigned connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("getrlimit: %s", strerror(errno));
    if (limit.rlim_cur < (rlim_t)connections + OTHER_DESCRIPTORS)
        fail("%u connections need a limit of %u descriptors, and here it is %llu (ulimit -n)", connections,
             connections + OTHER_DESCRIPTORS, (unsigned long long)limit.rlim_cur);
}

void load_run_idle(load *self)
{
    unsigned count = self->connections;
    stream *streams = calloc(count, sizeof *streams);
    int64_t alone_bytes;

    if (streams == NULL || count < 2)
        fail("no memory, or less than two connections");
    need_descriptors(count);
    load_stream_open(self, &streams[0], 0);
    load_watch(self, streams[0].descriptor, &streams[0]);
    load_requests(self, &streams[0], 1);
    self->alone_p50_ns = histogram_quantile(&self->latencies, 0.5);
    alone_bytes = subject_resident_bytes(&self->server);

    for (unsigned i = 1; i < count; i++) {
        load_stream_open(self, &streams[i], i);
        exchange(self, &streams[i]);
    }
    self->resident_per_idle_bytes = (double)(subject_resident_bytes(&self->server) - alone_bytes) / (count - 1);
    load_requests(self, &streams[0], 1);
    for (unsigned i = 1; i < count; i++) /* they cost that much only if they are still served */
        exchange(self, &streams[i]);
    for (unsigned i = 0; i < count; i++) {
        load_expect_end(&streams[i]);
        load_stream_close(&streams[i]);
    }
    free(streams);
}
