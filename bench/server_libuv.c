/* SPDX-License-Identifier: Apache-2.0 */
/* libuv's server: one buffer for all reads, uv_try_write first, and a uv_write for what that left.
 *
 *     server_libuv echo|line|sink */
#include "bench/server.h"

#include <stdbool.h>
#include <uv.h>

enum { BUFFER_BYTES = 64 * 1024 };

typedef struct client {
    uv_tcp_t tcp;
    size_t line_size;
    char *line; /* the beginning of a line whose end has not come */
    unsigned long long count;
} client;

typedef struct rest {
    uv_write_t request;
    client *to;
    bool is_last;
    char bytes[];
} rest;

static server_protocol protocol;
static char buffer[BUFFER_BYTES];
static char answers[BUFFER_BYTES + SERVER_LINE_BYTES];

static void check(int rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(rc));
    exit(EXIT_FAILURE);
}

static void on_closed(uv_handle_t *handle)
{
    client *gone = (client *)handle;

    free(gone->line);
    free(gone);
}

static void close_client(client *gone)
{
    if (!uv_is_closing((uv_handle_t *)&gone->tcp))
        uv_close((uv_handle_t *)&gone->tcp, on_closed);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *into);

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *into)
{
    (void)handle;
    (void)suggested;
    *into = uv_buf_init(buffer, sizeof buffer);
}

/* Reading goes on when what was behind has left. */
static void on_rest_written(uv_write_t *request, int status)
{
    rest *written = (rest *)request;
    client *to = written->to;
    bool is_last = written->is_last;

    free(written);
    if (uv_is_closing((uv_handle_t *)&to->tcp))
        return;
    if (status < 0 || is_last)
        close_client(to);
    else
        check(uv_read_start((uv_stream_t *)&to->tcp, on_allocate, on_read), "uv_read_start");
}

static void write_rest(client *to, const char *bytes, size_t size, bool is_last)
{
    rest *behind = malloc(sizeof *behind + size);
    uv_buf_t piece;

    if (behind == NULL) {
        close_client(to);
        return;
    }
    memcpy(behind->bytes, bytes, size);
    behind->to = to;
    behind->is_last = is_last;
    piece = uv_buf_init(behind->bytes, (unsigned)size);
    (void)uv_read_stop((uv_stream_t *)&to->tcp);
    if (uv_write(&behind->request, (uv_stream_t *)&to->tcp, &piece, 1, on_rest_written) < 0) {
        free(behind);
        close_client(to);
    }
}

static void write_bytes(client *to, char *bytes, size_t size, bool is_last)
{
    uv_buf_t piece = uv_buf_init(bytes, (unsigned)size);
    int n = size > 0 ? uv_try_write((uv_stream_t *)&to->tcp, &piece, 1) : 0;

    if (n < 0 && n != UV_EAGAIN) {
        close_client(to);
        return;
    }
    n = n < 0 ? 0 : n;
    if ((size_t)n < size)
        write_rest(to, bytes + n, size - (size_t)n, is_last);
    else if (is_last)
        close_client(to);
}

/* Every whole line among the bytes is answered, all together, and the beginning of the next is kept. */
static void answer_lines(client *to, const char *from, size_t size)
{
    const char *end = from + size, *lf;
    char *answer = answers;

    while ((lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        size_t length = (size_t)(lf - from);

        if (to->line_size > 0) {
            memcpy(answer, to->line, to->line_size);
            answer += to->line_size;
            to->line_size = 0;
        }
        memcpy(answer, from, length);
        answer += length;
        if (answer > answers && answer[-1] == '\r')
            answer--;
        *answer++ = '\n';
        from = lf + 1;
    }
    size = (size_t)(end - from);
    if (to->line == NULL && size > 0)
        to->line = malloc(SERVER_LINE_BYTES);
    if (size > 0 && (to->line == NULL || to->line_size + size >= SERVER_LINE_BYTES)) {
        close_client(to);
        return;
    }
    if (size > 0)
        memcpy(to->line + to->line_size, from, size);
    to->line_size += size;
    write_bytes(to, answers, (size_t)(answer - answers), false);
}

static void finish(client *with)
{
    char text[32];
    int size;

    (void)uv_read_stop((uv_stream_t *)&with->tcp);
    if (protocol == SERVER_LINE && with->line_size > 0) {
        with->line[with->line_size] = '\n';
        write_bytes(with, with->line, with->line_size + 1, true);
    } else if (protocol == SERVER_SINK) {
        size = snprintf(text, sizeof text, "%llu\n", with->count);
        write_bytes(with, text, (size_t)size, true);
    } else {
        close_client(with);
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *into)
{
    client *from = (client *)stream;

    if (size == 0)
        return;
    if (size == UV_EOF) {
        finish(from);
        return;
    }
    if (size < 0) {
        close_client(from);
        return;
    }
    from->count += (unsigned long long)size;
    if (protocol == SERVER_ECHO)
        write_bytes(from, into->base, (size_t)size, false);
    else if (protocol == SERVER_LINE)
        answer_lines(from, into->base, (size_t)size);
}

static void on_connection(uv_stream_t *listener, int status)
{
    client *made = status == 0 ? calloc(1, sizeof *made) : NULL;

    if (made == NULL)
        return;
    check(uv_tcp_init(listener->loop, &made->tcp), "uv_tcp_init");
    if (uv_accept(listener, (uv_stream_t *)&made->tcp) < 0 || uv_tcp_nodelay(&made->tcp, 1) < 0 ||
        uv_read_start((uv_stream_t *)&made->tcp, on_allocate, on_read) < 0)
        close_client(made);
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    struct sockaddr_in address;
    uv_tcp_t listener;
    int size = sizeof address;

    protocol = server_protocol_of(argc, argv);
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    check(uv_ip4_addr("127.0.0.1", 0, &address), "uv_ip4_addr");
    check(uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0), "uv_tcp_bind");
    check(uv_listen((uv_stream_t *)&listener, SOMAXCONN, on_connection), "uv_listen");
    check(uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &size), "uv_tcp_getsockname");
    server_announce(ntohs(address.sin_port));
    return uv_run(loop, UV_RUN_DEFAULT);
}
