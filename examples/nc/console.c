/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/nc/nc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

/* ---- standard input ------------------------------------------------------------------------------------------------ */

typedef struct chunk {
    int os_code; /* of a failure */
    char bytes[NC_CHUNK_BYTES];
} chunk;

/* What is there, be it half a line: C's own streams would wait for all that was asked for, so this asks the system. 0 at
 * the end, < 0 for a failure. */
#ifdef _WIN32
static int read_bytes(void *bytes, unsigned size)
{
    return _read(0, bytes, size);
}

void nc_console_open(void)
{
    (void)_setmode(0, _O_BINARY);
    (void)_setmode(1, _O_BINARY);
}
#else
static int read_bytes(void *bytes, unsigned size)
{
    return (int)read(STDIN_FILENO, bytes, size);
}

/* Who starts a program may have closed them, and the first sockets would take their places: what is for the user would go
 * to the peer. */
void nc_console_open(void)
{
    int descriptor;

    do
        descriptor = open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0)
        close(descriptor);
}
#endif

/* On another thread. */
static int read_some(void *argument)
{
    chunk *into = argument;
    int count;

    do
        count = read_bytes(into->bytes, sizeof into->bytes);
    while (count < 0 && errno == EINTR);
    into->os_code = count < 0 ? errno : 0;
    return count < 0 ? FIRTH_ERR_SYSTEM : count;
}

static int read_input(firth_scope *scope, void *argument)
{
    static chunk next; /* one task reads, and the thread may outlive it at the end of the program */
    nc *self = argument;
    firth_write_channel *out = firth_pipe_output(self->pipe);
    int count = 0, rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0 && !self->is_over) {
        self->is_reading = true;
        count = firth_blocking(read_some, &next);
        self->is_reading = false;
        if (count <= 0 || self->is_over)
            break;
        rc = firth_write(out, next.bytes, (size_t)count);
    }
    if (self->is_over || rc < 0)
        return FIRTH_OK;
    if (count == 0) {
        (void)!firth_flush_and_close(out);
        return FIRTH_OK;
    }
    if (count == FIRTH_ERR_SYSTEM)
        (void)nc_fail_of_system("Cannot read standard input", next.os_code);
    else
        (void)nc_fail("Cannot read standard input", count);
    firth_write_cancel(out, count); /* for whoever sends it to end */
    return FIRTH_OK;
}

int nc_start_input(nc *self)
{
    int rc;

    if (self->pipe != NULL)
        return FIRTH_OK;
    if ((rc = firth_pipe_open(firth_scope_selector(self->scope), &self->pipe)) < 0)
        return nc_fail("Cannot read standard input", rc);
    if ((rc = firth_spawn(self->scope, read_input, self, NULL)) < 0)
        return nc_fail("Cannot read standard input", rc);
    return FIRTH_OK;
}

/* ---- standard output and error ------------------------------------------------------------------------------------- */

typedef struct output {
    firth_buffer piece;
    int os_code; /* of a failure */
} output;

static int write_all(void *argument)
{
    output *self = argument;
    const firth_buffer *piece = &self->piece;
    bool written = fwrite(piece->bytes, 1, piece->size, stdout) == piece->size && fflush(stdout) == 0;

    self->os_code = written ? 0 : errno;
    return written ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

int nc_print(nc *self, const void *bytes, size_t size)
{
    output all = {.piece = {bytes, size}};
    int rc = firth_blocking(write_all, &all);

    self->moved_ns = firth_now_ns();
    return rc == FIRTH_ERR_SYSTEM ? nc_fail_of_system("Cannot write to standard output", all.os_code) : rc;
}

int nc_fail_of_system(const char *what, int os_code)
{
    fprintf(stderr, "firth-nc: %s: %s\n", what, os_code == EPIPE ? "nobody reads it any more" : strerror(os_code));
    return FIRTH_ERR_SYSTEM;
}

/* EPIPE is a clean end of the peer's that it has no way to tell: a reset is what Firth calls it, and would mislead. */
static const char *text_of(const firth_failure *why, int64_t rc)
{
    bool has_gone = rc == FIRTH_ERR_RESET && why->code == rc && why->os_code == EPIPE;

    return has_gone ? "the peer has closed the connection" : firth_error_text(rc);
}

int nc_fail(const char *what, int64_t rc)
{
    const firth_failure *why = firth_last_failure();

    if (rc == FIRTH_ERR_CANCELED)
        return (int)rc;
    fprintf(stderr, "firth-nc: %s: %s", what, text_of(why, rc));
    if (why->code == rc && why->detail[0] != '\0')
        fprintf(stderr, " (%s)", why->detail);
    else if (why->code == rc && why->os_code != 0)
        fprintf(stderr, " (%s, system code %d)", why->step, why->os_code);
    else if (why->code == rc && why->step[0] != '\0')
        fprintf(stderr, " (%s)", why->step);
    fputc('\n', stderr);
    return (int)rc;
}

void nc_tell(const char *what, const char *where)
{
    fprintf(stderr, "firth-nc: %s%s%s\n", what, where[0] != '\0' ? " " : "", where);
}
