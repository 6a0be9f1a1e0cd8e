/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick for datagrams: a loop written by hand, as a careful engineer would write it for speed. Edge-triggered; one
 * datagram a call and until there is none, or, with --batch, recvmmsg(2) and sendmmsg(2), of which a short one is
 * believed; with --segments a round is one buffer besides. */
#include "bench/server_udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <sys/epoll.h>

typedef struct server {
    udp_protocol protocol;
    udp_way way;
    int socket;
    int queue;
    uint64_t count;
    struct mmsghdr in[UDP_BATCH];
    struct mmsghdr out[UDP_ROUND];
    struct iovec pieces[UDP_BATCH];
    struct iovec source_piece;
    struct sockaddr_in from[UDP_BATCH];
    unsigned char bytes[UDP_BATCH][UDP_BYTES];
    unsigned char source[UDP_ROUND * UDP_SOURCE_BYTES];
} server;

__attribute__((noreturn)) static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* What finds no room is lost, as datagrams are. */
static void send_one(const server *self, const void *bytes, size_t size, const struct sockaddr_in *to)
{
    if (sendto(self->socket, bytes, size, 0, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EAGAIN)
        fail("sendto");
}

static void send_many(const server *self, struct mmsghdr *messages, unsigned count)
{
    if (sendmmsg(self->socket, messages, count, 0) < 0 && errno != EAGAIN)
        fail("sendmmsg");
}

static void count_datagrams(server *self, uint64_t count, const struct sockaddr_in *from)
{
    uint64_t before = self->count / UDP_ROUND;

    self->count += count;
    if (self->count / UDP_ROUND != before)
        send_one(self, &self->count, sizeof self->count, from);
}

/* A round as one buffer, which the kernel cuts up (udp(7)). */
static void send_segments(server *self, const struct sockaddr_in *to)
{
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec piece = {self->source, sizeof self->source};
    struct msghdr message = {.msg_name = (void *)(uintptr_t)to,
                             .msg_namelen = sizeof *to,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    const uint16_t size = UDP_SOURCE_BYTES;

    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(header), &size, sizeof size);
    if (sendmsg(self->socket, &message, 0) < 0 && errno != EAGAIN)
        fail("sendmsg");
}

static void send_source(server *self, const struct sockaddr_in *to)
{
    if (self->way == UDP_SEGMENTS) {
        send_segments(self, to);
        return;
    }
    if (self->way == UDP_EACH) {
        for (int i = 0; i < UDP_ROUND; i++)
            send_one(self, self->source, UDP_SOURCE_BYTES, to);
        return;
    }
    for (int i = 0; i < UDP_ROUND; i++)
        self->out[i].msg_hdr = (struct msghdr){.msg_name = (void *)(uintptr_t)to,
                                               .msg_namelen = sizeof *to,
                                               .msg_iov = &self->source_piece,
                                               .msg_iovlen = 1};
    send_many(self, self->out, UDP_ROUND);
}

/* ---- one a call -------------------------------------------------------------------------------------------------- */

static void serve_each(server *self)
{
    struct sockaddr_in *from = &self->from[0];
    ssize_t n;

    for (;;) {
        socklen_t size = sizeof *from;

        n = recvfrom(self->socket, self->bytes[0], UDP_BYTES, 0, (struct sockaddr *)from, &size);
        if (n < 0)
            break;
        if (self->protocol == UDP_ECHO)
            send_one(self, self->bytes[0], (size_t)n, from);
        else if (self->protocol == UDP_SINK)
            count_datagrams(self, 1, from);
        else
            send_source(self, from);
    }
    if (errno != EAGAIN)
        fail("recvfrom");
}

/* ---- many a call ------------------------------------------------------------------------------------------------- */

static int receive_many(server *self)
{
    for (int i = 0; i < UDP_BATCH; i++) {
        self->pieces[i].iov_len = UDP_BYTES;
        self->in[i].msg_hdr.msg_namelen = sizeof self->from[i];
    }
    return recvmmsg(self->socket, self->in, UDP_BATCH, 0, NULL);
}

static void echo_many(server *self, int count)
{
    for (int i = 0; i < count; i++)
        self->pieces[i].iov_len = self->in[i].msg_len;
    send_many(self, self->in, (unsigned)count);
}

static void serve_batches(server *self)
{
    int count;

    do {
        count = receive_many(self);
        if (count < 0 && errno != EAGAIN)
            fail("recvmmsg");
        if (count <= 0)
            return;
        if (self->protocol == UDP_ECHO)
            echo_many(self, count);
        else if (self->protocol == UDP_SINK)
            count_datagrams(self, (uint64_t)count, &self->from[0]);
        else
            for (int i = 0; i < count; i++)
                send_source(self, &self->from[i]);
    } while (count == UDP_BATCH);
}

/* ---- */

static void open_socket(server *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int size = UDP_BUFFER_BYTES;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->socket < 0 || setsockopt(self->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0 ||
        setsockopt(self->socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0 ||
        bind(self->socket, (struct sockaddr *)&address, sizeof address) != 0)
        fail("socket");
    self->queue = epoll_create1(EPOLL_CLOEXEC);
    if (self->queue < 0 || epoll_ctl(self->queue, EPOLL_CTL_ADD, self->socket, &event) != 0)
        fail("epoll");
    server_announce(server_port_of(self->socket));
}

int main(int argc, char **argv)
{
    static server self;

    self.protocol = udp_protocol_of(argc, argv, &self.way);
    self.source_piece = (struct iovec){self.source, UDP_SOURCE_BYTES};
    for (int i = 0; i < UDP_BATCH; i++) {
        self.pieces[i].iov_base = self.bytes[i];
        self.in[i].msg_hdr = (struct msghdr){.msg_name = &self.from[i], .msg_iov = &self.pieces[i], .msg_iovlen = 1};
    }
    open_socket(&self);
    for (;;) {
        struct epoll_event event;

        if (epoll_wait(self.queue, &event, 1, -1) < 1)
            continue;
        if (self.way != UDP_EACH)
            serve_batches(&self);
        else
            serve_each(&self);
    }
}
