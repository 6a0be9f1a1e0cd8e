/* SPDX-License-Identifier: Apache-2.0 */
/* The micro-benchmark: what it measures, each with the public headers alone, but for switches. */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <firth/firth.h>
#include <stdint.h>

/* Runs inside a task; adds to the table with micro_report. A negative result ends the program. */
typedef int micro_fn(firth_scope *scope);

micro_fn micro_tasks;
micro_fn micro_switches;
micro_fn micro_timers;
micro_fn micro_channels;
micro_fn micro_wakes;

/* One line: so much time for so many of that operation. */
void micro_report(const char *operation, int64_t duration_ns, uint64_t operations);

#endif
