/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick: a loop written by hand for just these protocols, as a careful engineer would write it for speed.
 * Edge-triggered; each connection is registered once; a short read is believed; one buffer serves all connections, and
 * a connection has 48 bytes of its own unless it is behind or a line of it is incomplete.
 *
 *     server_epoll [--spin MICROSECONDS] echo|line|sink
 *
 * With --spin it polls that long before it sleeps. */
#include "bench/server.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

enum { EVENTS = 256, BUFFER_BYTES = 256 * 1024 };

typedef struct client {
    int descriptor;
    bool hears_room;  /* registered for EPOLLOUT too */
    bool has_hung_up; /* its end is known to lie behind what can be read */
    bool is_ending;   /* all was read; what is behind goes out, then it is closed */
    uint32_t line_size;
    unsigned char *line;   /* the beginning of a line whose end has not come */
    unsigned char *behind; /* what the socket had no room for */
    size_t behind_size;
    uint64_t count;
} client;

typedef struct server {
    server_protocol protocol;
    int listener;
    int queue;
    int64_t spin_ns;
    unsigned char in[BUFFER_BYTES];
    unsigned char out[BUFFER_BYTES + 1]; /* a last line without LF is answered with one */
} server;

__attribute__((noreturn)) static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL)
        fail("malloc");
    return memory;
}

static void close_client(client *gone)
{
    (void)close(gone->descriptor);
    free(gone->line);
    free(gone->behind);
    free(gone);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static void hear_of_room(const server *self, client *to)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = to};

    if (to->hears_room)
        return;
    to->hears_room = true;
    if (epoll_ctl(self->queue, EPOLL_CTL_MOD, to->descriptor, &event) != 0)
        fail("epoll_ctl");
}

/* False when the client is gone. What finds no room is kept, and nothing more is read before it has left. */
static bool send_bytes(const server *self, client *to, const unsigned char *bytes, size_t size)
{
    ssize_t n = send(to->descriptor, bytes, size, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN) {
        close_client(to);
        return false;
    }
    n = n < 0 ? 0 : n;
    if ((size_t)n == size)
        return true;
    to->behind_size = size - (size_t)n;
    to->behind = allocate(to->behind_size);
    memcpy(to->behind, bytes + n, to->behind_size);
    hear_of_room(self, to);
    return true;
}

/* What is behind; false when there still is something, or the client is gone. */
static bool send_behind(client *to)
{
    ssize_t n = send(to->descriptor, to->behind, to->behind_size, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN) {
        close_client(to);
        return false;
    }
    n = n < 0 ? 0 : n;
    to->behind_size -= (size_t)n;
    if (to->behind_size > 0) {
        memmove(to->behind, to->behind + n, to->behind_size);
        return false;
    }
    free(to->behind);
    to->behind = NULL;
    if (to->is_ending) {
        close_client(to);
        return false;
    }
    return true;
}

/* ---- the protocols: each false when the client is gone ----------------------------------------------------------- */

/* Answers every whole line among `size` bytes of self->in, all in one send, and keeps the beginning of the next. */
static bool answer_lines(server *self, client *to, size_t size)
{
    const unsigned char *from = self->in, *end = self->in + size, *lf;
    unsigned char *answer = self->out;

    while ((lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        size_t length = (size_t)(lf - from);

        if (length > 0 && from[length - 1] == '\r')
            length--;
        memcpy(answer, from, length);
        answer += length;
        *answer++ = '\n';
        from = lf + 1;
    }
    to->line_size = (uint32_t)(end - from);
    if (to->line_size >= SERVER_LINE_BYTES) {
        close_client(to);
        return false;
    }
    if (to->line_size > 0) {
        to->line = to->line != NULL ? to->line : allocate(SERVER_LINE_BYTES);
        memcpy(to->line, from, to->line_size);
    } else if (to->line != NULL) {
        free(to->line);
        to->line = NULL;
    }
    return answer == self->out || send_bytes(self, to, self->out, (size_t)(answer - self->out));
}

static bool take(server *self, client *from, size_t size)
{
    switch (self->protocol) {
    case SERVER_ECHO:
        return send_bytes(self, from, self->in, size);
    case SERVER_LINE:
        return answer_lines(self, from, size + from->line_size);
    case SERVER_SINK:
        from->count += size;
        break;
    }
    return true;
}

/* The client has said everything. */
static void finish(server *self, client *with)
{
    int size = 0;

    with->is_ending = true;
    if (self->protocol == SERVER_SINK)
        size = snprintf((char *)self->out, sizeof self->out, "%llu\n", (unsigned long long)with->count);
    if (self->protocol == SERVER_LINE && with->line_size > 0) {
        memcpy(self->out, with->line, with->line_size);
        self->out[with->line_size] = '\n';
        size = (int)with->line_size + 1;
    }
    if (size > 0 && !send_bytes(self, with, self->out, (size_t)size))
        return;
    if (with->behind == NULL)
        close_client(with);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* Reads until the socket is empty. A read that got less than it asked for says so itself, unless the end is behind. */
static void read_client(server *self, client *from)
{
    for (;;) {
        size_t kept = from->line_size, room = BUFFER_BYTES - kept;
        ssize_t n;

        if (kept > 0)
            memcpy(self->in, from->line, kept);
        n = recv(from->descriptor, self->in + kept, room, 0);
        if (n == 0) {
            finish(self, from);
            return;
        }
        if (n < 0) {
            if (errno != EAGAIN)
                close_client(from);
            return;
        }
        if (!take(self, from, (size_t)n) || from->behind != NULL || ((size_t)n < room && !from->has_hung_up))
            return;
    }
}

static void on_client(server *self, client *of, uint32_t events)
{
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        of->has_hung_up = true;
    if (of->behind != NULL && !send_behind(of))
        return;
    read_client(self, of);
}

static void accept_clients(const server *self)
{
    int descriptor;

    while ((descriptor = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        client *made = allocate(sizeof *made);
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = made};

        *made = (client){.descriptor = descriptor};
        if (epoll_ctl(self->queue, EPOLL_CTL_ADD, descriptor, &event) != 0)
            close_client(made);
    }
}

/* Accepted sockets inherit TCP_NODELAY on Linux. */
static void listen_on_loopback(server *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->listener < 0 || setsockopt(self->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(self->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(self->listener, SOMAXCONN) != 0)
        fail("listen");
    self->queue = epoll_create1(EPOLL_CLOEXEC);
    if (self->queue < 0 || epoll_ctl(self->queue, EPOLL_CTL_ADD, self->listener, &event) != 0)
        fail("epoll");
    server_announce(server_port_of(self->listener));
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int wait_for_events(const server *self, struct epoll_event *events)
{
    int count = 0;

    if (self->spin_ns > 0) {
        int64_t until_ns = now_ns() + self->spin_ns;

        do
            count = epoll_wait(self->queue, events, EVENTS, 0);
        while (count == 0 && now_ns() < until_ns);
    }
    return count != 0 ? count : epoll_wait(self->queue, events, EVENTS, -1);
}

static void serve(server *self)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = wait_for_events(self, events);

        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_clients(self);
            else
                on_client(self, events[i].data.ptr, events[i].events);
        }
    }
}

int main(int argc, char **argv)
{
    static server self;

    self.protocol = server_protocol_of(argc, argv);
    if (argc == 4 && strcmp(argv[1], "--spin") == 0)
        self.spin_ns = strtol(argv[2], NULL, 10) * 1000;
    listen_on_loopback(&self);
    serve(&self);
    return EXIT_SUCCESS;
}
