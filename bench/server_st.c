/* SPDX-License-Identifier: Apache-2.0 */
/* State Threads' server: one thread of its own for each client.
 *
 *     server_st echo|line|sink */
#include "bench/server.h"

#include <netinet/tcp.h>
#include <st.h>

enum { BUFFER_BYTES = 64 * 1024 };

static void *echo(void *argument)
{
    st_netfd_t client = argument;
    char *buffer = malloc(BUFFER_BYTES); /* a stack has not much more */
    ssize_t size;

    while (buffer != NULL && (size = st_read(client, buffer, BUFFER_BYTES, ST_UTIME_NO_TIMEOUT)) > 0)
        if (st_write(client, buffer, (size_t)size, ST_UTIME_NO_TIMEOUT) != size)
            break;
    free(buffer);
    (void)st_netfd_close(client);
    return NULL;
}

/* Answers the whole lines among `size` bytes, each by itself; returns how many bytes are left of the next, moved to the
 * front, or -1. */
static ssize_t answer_each(st_netfd_t client, char *bytes, size_t size)
{
    char *from = bytes, *end = bytes + size, *lf;

    while ((lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        ssize_t length = lf - from;

        if (length > 0 && from[length - 1] == '\r')
            length--;
        from[length] = '\n';
        if (st_write(client, from, (size_t)length + 1, ST_UTIME_NO_TIMEOUT) != length + 1)
            return -1;
        from = lf + 1;
    }
    memmove(bytes, from, (size_t)(end - from));
    return end - from;
}

static void *answer_lines(void *argument)
{
    st_netfd_t client = argument;
    char buffer[SERVER_LINE_BYTES + 1]; /* a last line without LF is answered with one */
    ssize_t kept = 0, size = 0;

    while (kept >= 0 && kept < SERVER_LINE_BYTES &&
           (size = st_read(client, buffer + kept, (size_t)(SERVER_LINE_BYTES - kept), ST_UTIME_NO_TIMEOUT)) > 0)
        kept = answer_each(client, buffer, (size_t)(kept + size));
    if (size == 0 && kept > 0) {
        buffer[kept] = '\n';
        (void)st_write(client, buffer, (size_t)kept + 1, ST_UTIME_NO_TIMEOUT);
    }
    (void)st_netfd_close(client);
    return NULL;
}

static void *sink(void *argument)
{
    st_netfd_t client = argument;
    char *buffer = malloc(BUFFER_BYTES);
    char text[32];
    unsigned long long count = 0;
    ssize_t size;

    while (buffer != NULL && (size = st_read(client, buffer, BUFFER_BYTES, ST_UTIME_NO_TIMEOUT)) > 0)
        count += (unsigned long long)size;
    free(buffer);
    size = snprintf(text, sizeof text, "%llu\n", count);
    (void)st_write(client, text, (size_t)size, ST_UTIME_NO_TIMEOUT);
    (void)st_netfd_close(client);
    return NULL;
}

static void *(*const servants[])(void *) = {
    [SERVER_ECHO] = echo,
    [SERVER_LINE] = answer_lines,
    [SERVER_SINK] = sink,
};

__attribute__((noreturn)) static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* Accepted sockets inherit TCP_NODELAY on Linux. */
static st_netfd_t listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    st_netfd_t made;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, SOMAXCONN) != 0)
        fail("listen");
    made = st_netfd_open_socket(listener);
    if (made == NULL)
        fail("st_netfd_open_socket");
    server_announce(server_port_of(listener));
    return made;
}

/* epoll where this build of the library has it; poll(2) where it has not, as select(2), its default, knows 1,024
 * descriptors. Asking for what it has not is no error to it. */
static void choose_events(void)
{
    (void)st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_get_eventsys() != ST_EVENTSYS_ALT && st_set_eventsys(ST_EVENTSYS_POLL) != 0)
        fail("st_set_eventsys");
}

int main(int argc, char **argv)
{
    server_protocol protocol = server_protocol_of(argc, argv);
    st_netfd_t listener;

    choose_events();
    if (st_init() != 0)
        fail("st_init");
    listener = listen_on_loopback();
    for (;;) {
        st_netfd_t client = st_accept(listener, NULL, NULL, ST_UTIME_NO_TIMEOUT);

        if (client != NULL && st_thread_create(servants[protocol], client, 0, 0) == NULL)
            (void)st_netfd_close(client);
    }
}
