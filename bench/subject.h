/* SPDX-License-Identifier: Apache-2.0 */
/* The server being measured: started, watched and ended from outside. It may be any program that prints
 * "listening pid=PID port=PORT" as its first line; the command may also be one that runs it, such as strace(1). */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct subject {
    pid_t child;  /* what was started, and the process group of all that it started */
    pid_t server; /* what listens */
    pid_t guardian;
    int lifeline; /* the guardian kills that group when this closes before it has heard that it need not */
    uint16_t port;
} subject;

/* Ends the program with a message, and with it the server. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* Starts the command on that processor (-1: any) and waits until it listens. Fails the program if it does not. However
 * this process ends, what was started does not outlive it. */
void subject_start(subject *server, char **command, int cpu);

/* SIGTERM, and SIGKILL if that does not end it. */
void subject_stop(subject *server);

/* The processor time that the server has used, all threads, user and system, as precisely as the kernel knows it. */
int64_t subject_cpu_ns(const subject *server);

/* Its resident memory, counted page by page. */
int64_t subject_resident_bytes(const subject *server);

#endif
