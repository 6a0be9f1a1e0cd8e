/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each event. Nothing in a line may differ between two runs: no address of memory, no time but the
 * world's. */
#include <stdarg.h>
#include <stdio.h>

#include "backends/sim/world.h"

enum { LINE_BYTES = 240 };

static int begin(const firth_sim *sim, const firth_sim_host *host, char *line)
{
    int n = snprintf(line, LINE_BYTES, "%lld.%09lld %s ", (long long)(sim->now_ns / 1000000000),
                     (long long)(sim->now_ns % 1000000000), host != NULL ? host->name : "-");

    return n < LINE_BYTES ? n : LINE_BYTES - 1;
}

void fth_sim_trace(const firth_sim *sim, const firth_sim_host *host, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    int n;

    if (sim->options.trace == NULL)
        return;
    n = begin(sim, host, line);
    va_start(arguments, format);
    (void)vsnprintf(line + n, (size_t)(LINE_BYTES - n), format, arguments);
    va_end(arguments);
    sim->options.trace(sim->options.trace_argument, line);
}

void fth_sim_trace_end(const fth_sim_end *end, const char *format, ...)
{
    const firth_sim *sim = end->connection->sim;
    char line[LINE_BYTES];
    va_list arguments;
    int n, m;

    if (sim->options.trace == NULL)
        return;
    n = begin(sim, end->host, line);
    m = snprintf(line + n, (size_t)(LINE_BYTES - n), "#%u ", end->connection->number);
    n = n + m < LINE_BYTES ? n + m : LINE_BYTES - 1;
    va_start(arguments, format);
    (void)vsnprintf(line + n, (size_t)(LINE_BYTES - n), format, arguments);
    va_end(arguments);
    sim->options.trace(sim->options.trace_argument, line);
}
