/* SPDX-License-Identifier: Apache-2.0 */
/* The modes over plain TCP. */
#include "bench/load.h"

const load_mode load_modes[] = {
    {"pp1", "echo", "request", 1, 1, load_run_requests},
    {"pp100", "echo", "request", 100, 1, load_run_requests},
    {"pp1000", "echo", "request", 1000, 1, load_run_requests},
    {"pipe", "echo", "request", 16, 32, load_run_requests},
    {"conn", "echo", "connection", 16, 1, load_run_connections},
    {"bulk1", "echo", "MiB", 1, 1, load_run_bulk},
    {"sink1", "sink", "MiB", 1, 1, load_run_sink},
    {"line", "line", "request", 100, 1, load_run_requests},
    {"linep", "line", "request", 16, 16, load_run_requests},
    {"idle", "echo", "request", 19500, 1, load_run_idle},
    {NULL, NULL, NULL, 0, 0, NULL},
};
