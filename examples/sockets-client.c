/* SPDX-License-Identifier: Apache-2.0 */
/* Talks to a server line by line: sockets-client [HOST [PORT]], 127.0.0.1 9002 without.
 *
 * Two tasks share the connection: one sends what is typed, the other prints what the server says. End of input ends our
 * half of the conversation only; the program waits for the rest of the server's. Exit code 0 when the conversation
 * ended cleanly, by either side or by Ctrl-C; 1 when there was none or it broke off. */
#define _POSIX_C_SOURCE 200809L /* poll(2), pipe(2) and read(2) under -std=c11 */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#endif

/* ---- the terminal: the one place here that asks the system rather than Firth -------------------------------------- */

#ifdef _WIN32
/* Reading a terminal blocks, so it happens in firth_blocking, on a thread of its own. A thread in ReadFile cannot be called
 * back, so it waits for the terminal and for an event that terminal_wake sets; for a pipe nobody can wait, so it looks. */
typedef struct terminal {
    HANDLE wake;
    size_t size;
    char bytes[1024];
} terminal;

static int terminal_wait(const terminal *input, HANDLE in)
{
    enum { LOOK_MS = 20 };
    const HANDLE both[] = {input->wake, in};
    DWORD available = 0;

    if (GetFileType(in) == FILE_TYPE_CHAR)
        return WaitForMultipleObjects(2, both, FALSE, INFINITE) == WAIT_OBJECT_0 ? FIRTH_ERR_CLOSED : FIRTH_OK;
    while (GetFileType(in) == FILE_TYPE_PIPE && PeekNamedPipe(in, NULL, 0, NULL, &available, NULL) && available == 0)
        if (WaitForSingleObject(input->wake, LOOK_MS) == WAIT_OBJECT_0)
            return FIRTH_ERR_CLOSED;
    return FIRTH_OK;
}

/* FIRTH_OK with what was typed; FIRTH_EOF at the end of input; FIRTH_ERR_CLOSED after terminal_wake. */
static int terminal_read(void *argument)
{
    terminal *input = argument;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    DWORD count = 0;
    int rc = terminal_wait(input, in);

    if (rc < 0)
        return rc;
    if (!ReadFile(in, input->bytes, sizeof input->bytes, &count, NULL) && GetLastError() != ERROR_BROKEN_PIPE)
        return FIRTH_ERR_SYSTEM;
    input->size = count;
    return count == 0 ? FIRTH_EOF : FIRTH_OK;
}

/* False: the system has no event for it. */
static bool terminal_open(terminal *input)
{
    input->wake = CreateEventW(NULL, TRUE, FALSE, NULL);
    return input->wake != NULL;
}

static void terminal_wake(terminal *input)
{
    (void)SetEvent(input->wake);
}

#else
/* Reading a terminal blocks, so it happens in firth_blocking, on a thread of its own. A thread in read(2) cannot be
 * called back, so it waits in poll(2) instead, for the terminal and for a pipe that terminal_wake writes to. */
typedef struct terminal {
    int wake[2];
    size_t size;
    char bytes[1024];
} terminal;

/* FIRTH_OK with what was typed; FIRTH_EOF at the end of input; FIRTH_ERR_CLOSED after terminal_wake. */
static int terminal_read(void *argument)
{
    terminal *input = argument;
    struct pollfd watched[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = input->wake[0], .events = POLLIN}};
    ssize_t count;

    while (poll(watched, 2, -1) < 0)
        if (errno != EINTR)
            return FIRTH_ERR_SYSTEM;
    if (watched[1].revents != 0)
        return FIRTH_ERR_CLOSED;
    count = read(STDIN_FILENO, input->bytes, sizeof input->bytes);
    if (count < 0)
        return FIRTH_ERR_SYSTEM;
    input->size = (size_t)count;
    return count == 0 ? FIRTH_EOF : FIRTH_OK;
}

/* False: the system has no pipe for it. */
static bool terminal_open(terminal *input)
{
    return pipe(input->wake) == 0;
}

static void terminal_wake(terminal *input)
{
    close(input->wake[1]);
    input->wake[1] = -1;
}
#endif

/* ---- the conversation -------------------------------------------------------------------------------------------- */

typedef struct conversation {
    const char *host;
    int port;
    firth_socket *server;
    terminal input;
    bool begun; /* the task has, and tells by itself what fails */
} conversation;

/* Prints what the server says until it has said everything. However that ends, nobody need type any more. */
static int listen_to_server(firth_scope *scope, void *argument)
{
    conversation *talk = argument;
    firth_read_channel *in = firth_socket_input(talk->server);
    char bytes[1024];
    int64_t count;

    (void)scope;
    while ((count = firth_read(in, bytes, sizeof bytes)) >= 0) {
        fwrite(bytes, 1, (size_t)count, stdout);
        if (fflush(stdout) != 0) {
            count = FIRTH_ERR_SYSTEM;
            break;
        }
    }
    terminal_wake(&talk->input);
    return count == FIRTH_EOF ? FIRTH_OK : (int)count;
}

/* Sends what is typed until the end of input, and says that this was all. */
static int speak_to_server(conversation *talk)
{
    firth_write_channel *out = firth_socket_output(talk->server);
    int rc;

    while ((rc = firth_blocking(terminal_read, &talk->input)) >= 0)
        if ((rc = firth_write(out, talk->input.bytes, talk->input.size)) < 0)
            return rc;
    if (rc == FIRTH_ERR_CLOSED)
        return FIRTH_OK; /* listen_to_server knows why */
    return rc == FIRTH_EOF ? firth_flush_and_close(out) : rc;
}

static int converse(firth_scope *scope, void *argument)
{
    conversation *talk = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope both;
    int rc;

    talk->begun = true;
    tcp.auto_flush = true; /* what was written leaves when the task waits for the next line */
    firth_scope_cancel_on_interrupt(scope);
    rc = firth_tcp_connect(&tcp, talk->host, talk->port, &talk->server);
    if (rc < 0) {
        const firth_failure *failure = firth_last_failure();

        if (rc != FIRTH_ERR_CANCELED)
            fprintf(stderr, "Cannot connect to %s port %d: %s (%s, system code %d)\n", talk->host, talk->port,
                    firth_error_text(rc), failure->step, failure->os_code);
        return rc;
    }
    firth_scope_own_socket(scope, talk->server);

    firth_scope_open(&both, scope, NULL); /* a failure of one task ends the other */
    rc = firth_spawn(&both, listen_to_server, talk, NULL);
    if (rc >= 0)
        rc = speak_to_server(talk);
    rc = firth_scope_close(&both, rc);
    if (rc < 0 && rc != FIRTH_ERR_CANCELED)
        fprintf(stderr, "The conversation broke off: %s\n", firth_error_text(rc));
    return rc;
}

/* The number, or -1 for text that is none. */
static int parse_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return end == text || *end != '\0' || port < 0 || port > 65535 ? -1 : (int)port;
}

int main(int argc, char **argv)
{
    static conversation talk;
    int rc;

    talk.host = argc > 1 ? argv[1] : "127.0.0.1";
    talk.port = argc > 2 ? parse_port(argv[2]) : 9002;
    if (argc > 3 || talk.port < 0) {
        fprintf(stderr, "usage: %s [host [port]], a port is a number from 1 to 65535, or 0 where any will do\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    if (!terminal_open(&talk.input)) {
        fputs("No pipe or event is left\n", stderr);
        return EXIT_FAILURE;
    }
    rc = firth_run(converse, &talk);
    if (rc < 0 && !talk.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
