/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_LIMIT_MS = 60000, STOP_LIMIT_MS = 20000 };

static const subject *running; /* for fail() */

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    if (running != NULL)
        (void)kill(-running->child, SIGKILL);
    exit(EXIT_FAILURE);
}

__attribute__((noreturn)) static void run_command(char **command, int cpu, int output, int go)
{
    cpu_set_t cpus;
    char byte;

    (void)setpgid(0, 0);
    if (read(go, &byte, 1) != 1) /* not before there is a guardian */
        _exit(126);
    if (cpu >= 0) {
        CPU_ZERO(&cpus);
        CPU_SET((size_t)cpu, &cpus);
        if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
            fprintf(stderr, "processor %d for the server: %s\n", cpu, strerror(errno));
            _exit(126);
        }
    }
    (void)dup2(output, STDOUT_FILENO);
    (void)execvp(command[0], command);
    fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
    _exit(127);
}

/* In a group of its own, so that what ends this program from a terminal or timeout(1) leaves it to its work. */
__attribute__((noreturn)) static void guard(pid_t group, int lifeline)
{
    char no_need;

    (void)setpgid(0, 0);
    if (read(lifeline, &no_need, 1) != 1)
        (void)kill(-group, SIGKILL);
    _exit(EXIT_SUCCESS);
}

/* The death of this process alone would reach the command, but not a server that strace(1) or perf(1) started. */
static void start_guardian(subject *server)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe: %s", strerror(errno));
    server->lifeline = ends[1];
    server->guardian = fork();
    if (server->guardian < 0)
        fail("fork: %s", strerror(errno));
    if (server->guardian == 0) {
        (void)close(ends[1]);
        guard(server->child, ends[0]);
    }
    (void)close(ends[0]);
}

static void dismiss_guardian(subject *server)
{
    if (write(server->lifeline, "", 1) != 1)
        fail("the guardian of the server is gone");
    (void)close(server->lifeline);
    (void)waitpid(server->guardian, NULL, 0);
}

/* The first line of output, within the limit. */
static void read_line(int from, char *line, size_t size)
{
    size_t got = 0;

    while (got + 1 < size) {
        struct pollfd watched = {.fd = from, .events = POLLIN};

        if (poll(&watched, 1, START_LIMIT_MS) <= 0)
            fail("the server did not say that it listens");
        if (read(from, line + got, 1) != 1)
            fail("the server ended before it listened");
        if (line[got] == '\n')
            break;
        got++;
    }
    line[got] = '\0';
}

void subject_start(subject *server, char **command, int cpu)
{
    char line[128];
    long pid;
    unsigned port;
    int output[2], go[2];

    if (pipe(output) != 0 || pipe2(go, O_CLOEXEC) != 0)
        fail("pipe: %s", strerror(errno));
    server->server = 0;
    server->child = fork();
    if (server->child < 0)
        fail("fork: %s", strerror(errno));
    if (server->child == 0) {
        (void)close(output[0]);
        (void)close(go[1]);
        run_command(command, cpu, output[1], go[0]);
    }
    (void)setpgid(server->child, server->child); /* whichever of the two comes first */
    running = server;
    (void)close(output[1]);
    (void)close(go[0]);
    start_guardian(server);
    if (write(go[1], "", 1) != 1)
        fail("write: %s", strerror(errno));
    (void)close(go[1]);
    read_line(output[0], line, sizeof line);
    if (sscanf(line, "listening pid=%ld port=%u", &pid, &port) != 2 || pid <= 0 || port == 0 || port > UINT16_MAX)
        fail("the server said \"%s\"", line);
    server->server = (pid_t)pid;
    server->port = (uint16_t)port;
    (void)close(output[0]); /* servers print nothing more */
}

/* It stays to be waited for, so that its number is no other group's. */
static bool has_ended(const subject *server)
{
    struct timespec pause = {.tv_nsec = 1000000};

    for (int waited_ms = 0; waited_ms < STOP_LIMIT_MS; waited_ms++) {
        siginfo_t how = {.si_pid = 0};

        if (waitid(P_PID, (id_t)server->child, &how, WEXITED | WNOHANG | WNOWAIT) != 0 || how.si_pid != 0)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

void subject_stop(subject *server)
{
    bool ended;

    running = NULL;
    (void)kill(server->server, SIGTERM);
    ended = has_ended(server);
    (void)kill(-server->child, SIGKILL);
    (void)waitpid(server->child, NULL, 0);
    dismiss_guardian(server);
    if (!ended)
        fail("the server did not end by SIGTERM");
}

int64_t subject_cpu_ns(const subject *server)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(server->server, &clock) != 0 || clock_gettime(clock, &used) != 0)
        fail("the server's clock cannot be read: it may have ended");
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int64_t subject_resident_bytes(const subject *server)
{
    char path[64], line[256];
    long long kilobytes = -1;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)server->server);
    file = fopen(path, "r");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Rss: %lld kB", &kilobytes) == 1)
            break;
    (void)fclose(file);
    if (kilobytes < 0)
        fail("%s has no Rss", path);
    return (int64_t)kilobytes * 1024;
}
