/* SPDX-License-Identifier: Apache-2.0 */
/* libevent's server, with bufferevents.
 *
 *     server_libevent echo|line|sink */
#include "bench/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>

/* What may wait to be sent before no more is read. */
enum { BEHIND_BYTES = 256 * 1024 };

typedef struct client {
    struct bufferevent *events;
    unsigned long long count;
} client;

static server_protocol protocol;

static void close_client(client *gone)
{
    bufferevent_free(gone->events);
    free(gone);
}

static void answer_lines(struct evbuffer *in, struct evbuffer *out)
{
    size_t size;
    char *line;

    while ((line = evbuffer_readln(in, &size, EVBUFFER_EOL_CRLF)) != NULL) {
        (void)evbuffer_add(out, line, size);
        (void)evbuffer_add(out, "\n", 1);
        free(line);
    }
}

static void on_read(struct bufferevent *events, void *argument)
{
    client *from = argument;
    struct evbuffer *in = bufferevent_get_input(events), *out = bufferevent_get_output(events);

    from->count += evbuffer_get_length(in);
    if (protocol == SERVER_ECHO)
        (void)evbuffer_add_buffer(out, in);
    else if (protocol == SERVER_LINE)
        answer_lines(in, out);
    else
        (void)evbuffer_drain(in, evbuffer_get_length(in));
    if (evbuffer_get_length(out) >= BEHIND_BYTES)
        (void)bufferevent_disable(events, EV_READ);
}

/* All has been sent. */
static void on_written(struct bufferevent *events, void *argument)
{
    (void)argument;
    if ((bufferevent_get_enabled(events) & EV_READ) == 0)
        (void)bufferevent_enable(events, EV_READ);
}

static void on_last_written(struct bufferevent *events, void *argument)
{
    (void)events;
    close_client(argument);
}

static void on_event(struct bufferevent *events, short what, void *argument)
{
    client *with = argument;
    struct evbuffer *in = bufferevent_get_input(events), *out = bufferevent_get_output(events);

    if ((what & BEV_EVENT_EOF) == 0) {
        close_client(with);
        return;
    }
    if (protocol == SERVER_SINK)
        (void)evbuffer_add_printf(out, "%llu\n", with->count);
    if (protocol == SERVER_LINE && evbuffer_get_length(in) > 0) {
        (void)evbuffer_add_buffer(out, in);
        (void)evbuffer_add(out, "\n", 1);
    }
    if (evbuffer_get_length(out) == 0)
        close_client(with);
    else
        bufferevent_setcb(events, NULL, on_last_written, on_event, with);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t descriptor, struct sockaddr *address,
                          int size, void *argument)
{
    client *made = calloc(1, sizeof *made);
    int on = 1;

    (void)address;
    (void)size;
    (void)argument;
    if (made == NULL) {
        (void)close(descriptor);
        return;
    }
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    made->events = bufferevent_socket_new(evconnlistener_get_base(listener), descriptor, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(made->events, on_read, on_written, on_event, made);
    (void)bufferevent_enable(made->events, EV_READ | EV_WRITE);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct evconnlistener *listener;

    protocol = server_protocol_of(argc, argv);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = evconnlistener_new_bind(base, on_connection, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                       SOMAXCONN, (struct sockaddr *)&address, sizeof address);
    if (listener == NULL) {
        fprintf(stderr, "evconnlistener_new_bind failed\n");
        return EXIT_FAILURE;
    }
    server_announce(server_port_of(evconnlistener_get_fd(listener)));
    return event_base_dispatch(base);
}
