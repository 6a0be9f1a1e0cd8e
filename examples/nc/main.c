/* SPDX-License-Identifier: Apache-2.0 */
/* A small netcat: what comes on standard input is sent, what is received goes to standard output.
 *
 *     firth-nc [OPTION…] HOST PORT          connects; of a name every address is tried
 *     firth-nc -l [OPTION…] [HOST] PORT     waits for one client; port 0 is one of the system's choice, which is told
 *     firth-nc -U [OPTION…] PATH            the same with Unix sockets, -l too; "@NAME" is one outside the file system
 *
 *     -4, -6         that family alone
 *     -u             UDP: a datagram for what one read of standard input gives, at most 1200 bytes. A server's peer is
 *                    whoever speaks first. With -U Unix datagrams, of at most 2048 bytes; a client has a path of its own
 *                    in $TMPDIR, so that it can be answered
 *     -k             with -l: the next client after each client; standard input is not read, it only receives
 *     -w SECONDS     how long to connect, with the look-up and TLS, and how long nothing may come or go
 *     -v             tells on standard error who is connected, and when which side has ended
 *     --tls          TLS on the connection, with what is below
 *     --ca FILE      authorities of the peer's certificate, the system's without; a server asks its clients for one
 *     --name NAME    expect NAME in the server's certificate, not HOST
 *     --cert FILE, --key FILE    this end's certificate and key (in the same file without --key); a server needs one
 *     --insecure     take whatever certificate the server has
 *
 * Each direction has an end of its own: the end of standard input ends this side alone, what the peer still sends is
 * received; and when the peer has ended its side, standard input is sent to its end. Both ends end the program.
 *
 * Exit code 0 when all was sent and received, and with -u and -k, which have no end, after -w or Ctrl-C; 1 for a failure,
 * which is told; 2 for options that are none. */
#include "examples/nc/nc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the program ----------------------------------------------------------------------------------------------------- */

static int exit_code(const nc *self, int rc)
{
    bool has_no_end = self->is_datagram || self->keeps_serving;

    return rc >= 0 || (rc == FIRTH_ERR_CANCELED && has_no_end) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Everything is closed by now, but a thread that waits for standard input cannot be stopped, and nobody wants to type
 * another line to be let go. */
static int leave(nc *self, int code)
{
    self->is_over = true;
    if (self->is_reading)
        _Exit(code);
    firth_pipe_close(self->pipe);
    return code == EXIT_SUCCESS ? FIRTH_OK : FIRTH_ERR_USER;
}

static int communicate(firth_scope *scope, nc *self)
{
    if (!self->is_datagram)
        return nc_streams(scope, self);
    return self->is_unix ? nc_unix_datagrams(scope, self) : nc_datagrams(scope, self);
}

static int work(firth_scope *scope, void *argument)
{
    nc *self = argument;
    firth_scope inside;
    int rc = FIRTH_OK;

    self->scope = scope;
    firth_scope_cancel_on_interrupt(scope);
    if (self->has_tls && (rc = nc_tls_build(self)) < 0)
        return rc;
    firth_scope_open(&inside, scope, NULL);
    rc = communicate(&inside, self);
    rc = firth_scope_close(&inside, rc);
    nc_tls_release(self);
    return leave(self, exit_code(self, rc));
}

/* ---- the command line ------------------------------------------------------------------------------------------------ */

static int usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [-46uv] [-w seconds] [tls] host port\n"
            "       %s -l [-46ukv] [-w seconds] [tls] [host] port\n"
            "       %s -U [-lkuv] [-w seconds] [tls] path\n"
            "tls:   --tls [--ca file] [--name name] [--cert file [--key file]] [--insecure]\n",
            program, program, program);
    return 2;
}

/* Whole seconds of 1 to a day in ms; 0 for text that is none. */
static int64_t parse_seconds(const char *text)
{
    char *end;
    long seconds = strtol(text, &end, 10);

    return end == text || *end != '\0' || seconds < 1 || seconds > 86400 ? 0 : seconds * INT64_C(1000);
}

static bool read_letter(nc *self, char letter)
{
    switch (letter) {
    case '4':
        self->family = FIRTH_FAMILY_IPV4;
        return true;
    case '6':
        self->family = FIRTH_FAMILY_IPV6;
        return true;
    case 'u':
        return self->is_datagram = true;
    case 'U':
        return self->is_unix = true;
    case 'l':
        return self->is_server = true;
    case 'k':
        return self->keeps_serving = true;
    case 'v':
        return self->is_verbose = true;
    default:
        return false;
    }
}

/* An option with a value behind it; false when it is none of these. */
static bool read_value(nc *self, const char *option, const char *value)
{
    if (strcmp(option, "-w") == 0)
        return (self->idle_ms = parse_seconds(value)) > 0;
    if (strcmp(option, "--ca") == 0)
        self->authorities_file = value;
    else if (strcmp(option, "--name") == 0)
        self->server_name = value;
    else if (strcmp(option, "--cert") == 0)
        self->certificate_file = value;
    else if (strcmp(option, "--key") == 0)
        self->key_file = value;
    else
        return false;
    return true;
}

static bool read_flags(nc *self, const char *option)
{
    if (strcmp(option, "--tls") == 0)
        return self->has_tls = true;
    if (strcmp(option, "--insecure") == 0)
        return self->takes_any_certificate = true;
    for (const char *letter = option + 1; *letter != '\0'; letter++)
        if (!read_letter(self, *letter))
            return false;
    return option[1] != '\0';
}

/* Host, port and path. */
static bool read_place(nc *self, char **words, int count)
{
    int least = self->is_unix || self->is_server ? 1 : 2, most = self->is_unix ? 1 : 2;

    if (count < least || count > most)
        return false;
    if (self->is_unix || count == 2)
        self->host = words[0];
    if (!self->is_unix)
        self->service = words[count - 1];
    return true;
}

/* Whether TLS has what it needs, and nothing that would be ignored. */
static bool is_tls_complete(const nc *self)
{
    if (!self->has_tls)
        return self->authorities_file == NULL && self->server_name == NULL && self->certificate_file == NULL &&
               self->key_file == NULL && !self->takes_any_certificate;
    if (self->is_datagram || (self->key_file != NULL && self->certificate_file == NULL))
        return false;
    return !self->is_server ||
           (self->certificate_file != NULL && self->server_name == NULL && !self->takes_any_certificate);
}

/* Whether all of it goes together. */
static bool is_consistent(const nc *self)
{
    if (self->is_unix && self->family != FIRTH_FAMILY_NONE)
        return false;
    return (self->is_server || !self->keeps_serving) && is_tls_complete(self);
}

/* Where failures that touch nobody else are told: of a client that could not agree on TLS, for one. */
static void print_log(void *argument, const char *line)
{
    (void)argument;
    nc_tell(line, "");
}

int main(int argc, char **argv)
{
    static nc self;
    firth_selector_options options = firth_selector_defaults();
    int at = 1, rc;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (at + 1 < argc && read_value(&self, argv[at], argv[at + 1]))
            at++;
        else if (!read_flags(&self, argv[at]))
            return usage(argv[0]);
    }
    if (!read_place(&self, argv + at, argc - at) || !is_consistent(&self))
        return usage(argv[0]);
    nc_console_open();
    options.log = print_log;
    rc = firth_run_with(&options, work, &self);
    if (rc < 0 && self.scope == NULL) /* the task has not begun */
        (void)nc_fail("Cannot begin", rc);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
