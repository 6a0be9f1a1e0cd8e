/* SPDX-License-Identifier: Apache-2.0 */
/* What a byte, an integer and a line cost in channels: through a pipe in memory, so that no system call is in it. */
#include "bench/micro.h"

#include <string.h>

enum { UNITS = 1000000, LINES = 200000, LINE_BYTES = 64 };

typedef struct exchange {
    const char *operation;
    uint64_t operations;
    int (*write)(firth_write_channel *out);
    int (*read)(firth_read_channel *in);
    firth_pipe *pipe;

} exchange;

static int write_byte(firth_write_channel *out)
{
    return firth_write_uint8(out, 'x');
}

static int read_byte(firth_read_channel *in)
{
    uint8_t byte;

    return firth_read_uint8(in, &byte);
}

static int write_u32(firth_write_channel *out)
{
    return firth_write_uint32_be(out, 0x01020304);
}

static int read_u32(firth_read_channel *in)
{
    uint32_t value;

    return firth_read_uint32_be(in, &value);
}

static int write_line(firth_write_channel *out)
{
    static const char line[] = "GET /a/line/as/long/as/the/ones/of/the/other/benchmark HTTP/1.1\n";
    _Static_assert(sizeof line == LINE_BYTES + 1, "the LF is in it");

    return firth_write(out, line, LINE_BYTES);
}

static int read_line(firth_read_channel *in)
{
    char line[256];
    int64_t size = firth_read_line(in, line, sizeof line);

    return size < 0 ? (int)size : FIRTH_OK;
}

static int write_all(firth_scope *scope, void *argument)
{
    exchange *of = argument;
    firth_write_channel *out = firth_pipe_output(of->pipe);
    int rc = FIRTH_OK;

    (void)scope;
    for (uint64_t i = 0; i < of->operations && rc == FIRTH_OK; i++)
        rc = of->write(out);
    return rc < 0 ? rc : firth_flush_and_close(out);
}

/* Both sides together: the pipe gives way whenever it is full or empty, some hundred times in all. */
static int measure(firth_scope *scope, exchange *of)
{
    firth_scope inner;
    int64_t from_ns;
    int rc = firth_pipe_open(firth_scope_selector(scope), &of->pipe);

    if (rc < 0)
        return rc;
    from_ns = firth_now_ns();
    firth_scope_open(&inner, scope, NULL);
    rc = firth_spawn(&inner, write_all, of, NULL);
    for (uint64_t i = 0; i < of->operations && rc == FIRTH_OK; i++)
        rc = of->read(firth_pipe_input(of->pipe));
    rc = firth_scope_close(&inner, rc);
    micro_report(of->operation, firth_now_ns() - from_ns, of->operations);
    firth_pipe_close(of->pipe);
    return rc;
}

int micro_channels(firth_scope *scope)
{
    exchange cases[] = {
        {.operation = "byte written and read", .operations = UNITS, .write = write_byte, .read = read_byte},
        {.operation = "32-bit integer written and read", .operations = UNITS, .write = write_u32, .read = read_u32},
        {.operation = "line of 64 bytes written and read", .operations = LINES, .write = write_line, .read = read_line},
    };
    int rc = FIRTH_OK;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && rc == FIRTH_OK; i++)
        rc = measure(scope, &cases[i]);
    return rc;
}
