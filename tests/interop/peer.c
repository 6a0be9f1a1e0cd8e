/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/peer.h"
#include "tests/support/cloexec.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CANNOT_START = 127, TEXT_BYTES = 64 * 1024 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- starting ----------------------------------------------------------------------------------------------------- */

static void become(const char *const words[], int input, int output, int errors)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execvp(words[0], (char **)(uintptr_t)words);
    _exit(CANNOT_START);
}

static void close_all(const int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

static int wait_for_end(void *peer);

static void clean_up(void *argument)
{
    peer *this = argument;

    if (this->process > 0) {
        kill(this->process, SIGKILL);
        (void)wait_for_end(this);
    }
    free(this->text);
    free(this);
}

static peer *new_peer(int input, int output)
{
    peer *this = calloc(1, sizeof *this);
    char *text = calloc(1, TEXT_BYTES);

    if (this == NULL || text == NULL) {
        free(this);
        free(text);
        return NULL;
    }
    *this = (peer){.input = input, .output = output, .text = text, .capacity = TEXT_BYTES};
    return this;
}

/* to and from: pipes to its standard input and from its standard error; out: a file for its standard output, or -1. */
static int launch(firth_scope *scope, const char *const words[], const int to[2], const int from[2], int out,
                  peer **started)
{
    peer *this = new_peer(to[1], from[0]);

    if (this == NULL)
        return FIRTH_ERR_NO_MEMORY;
    fflush(NULL);
    this->process = fork();
    if (this->process == 0)
        become(words, to[0], out >= 0 ? out : from[1], from[1]);
    if (this->process < 0) {
        clean_up(this);
        return FIRTH_ERR_SYSTEM;
    }
    firth_scope_own(scope, &this->cleanup, clean_up, this);
    *started = this;
    return FIRTH_OK;
}

int peer_start(firth_scope *scope, const char *const words[], const char *file, peer **started)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1}, out = -1, rc = FIRTH_ERR_SYSTEM;

    signal(SIGPIPE, SIG_IGN); /* from now on: a peer may end before all was said to it */
    if (file != NULL)
        out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if ((file == NULL || out >= 0) && support_pipe(to) == 0 && support_pipe(from) == 0)
        rc = launch(scope, words, to, from, out, started);
    if (rc < 0)
        close_all((const int[]){to[1], from[0]}, 2);
    close_all((const int[]){to[0], from[1], out}, 3);
    return rc;
}

bool peer_is_installed(const char *tool)
{
    char command[1100];

    snprintf(command, sizeof command, "command -v '%s' >/dev/null 2>&1", tool);
    return tool[0] != '\0' && system(command) == 0;
}

/* ---- talking ------------------------------------------------------------------------------------------------------ */

void peer_end_input(peer *this)
{
    if (this->input >= 0)
        close(this->input);
    this->input = -1;
}

static bool make_room(peer *this)
{
    char *more;

    if (this->size + 1 < this->capacity)
        return true;
    more = realloc(this->text, this->capacity * 2);
    if (more == NULL)
        return false;
    this->text = more;
    this->capacity *= 2;
    return true;
}

/* Takes what has come by then; false at the end of it, or when the time is up. */
static bool listen_until(peer *this, int64_t deadline_ms)
{
    struct pollfd watched = {.fd = this->output, .events = POLLIN};
    int64_t left = deadline_ms - now_ms();
    ssize_t count;

    if (left <= 0 || !make_room(this) || poll(&watched, 1, (int)left) <= 0)
        return false;
    count = read(this->output, this->text + this->size, this->capacity - 1 - this->size);
    if (count <= 0)
        return false;
    this->size += (size_t)count;
    this->text[this->size] = '\0';
    return true;
}

/* A program may say NUL. */
static bool has_said(const peer *this, const char *text)
{
    return memmem(this->text, this->size, text, strlen(text)) != NULL;
}

/* In a task: on another thread, and to its end though the task is cancelled meanwhile. */
static int run_aside(int (*fn)(void *argument), peer *this)
{
    return firth_scope_current() != NULL ? firth_blocking(fn, this) : fn(this);
}

static int say(void *argument)
{
    peer *this = argument;

    while (this->left > 0) {
        ssize_t count = write(this->input, this->bytes, this->left);

        if (count < 0)
            return FIRTH_ERR_CLOSED;
        this->bytes += count;
        this->left -= (size_t)count;
    }
    return FIRTH_OK;
}

int peer_say_bytes(peer *this, const void *bytes, size_t size)
{
    this->bytes = bytes;
    this->left = size;
    return run_aside(say, this);
}

int peer_say(peer *this, const char *text)
{
    return peer_say_bytes(this, text, strlen(text));
}

static int await(void *argument)
{
    int64_t deadline_ms = now_ms() + PEER_PATIENCE_MS;
    peer *this = argument;

    while (!has_said(this, this->needle) && listen_until(this, deadline_ms))
        ;
    if (has_said(this, this->needle))
        return FIRTH_OK;
    fprintf(stderr, "waited for:\n%s\nbut it said:\n%s\n", this->needle, this->text);
    return now_ms() >= deadline_ms ? FIRTH_ERR_TIMED_OUT : FIRTH_ERR_INCOMPLETE;
}

int peer_await(peer *this, const char *text)
{
    this->needle = text;
    return run_aside(await, this);
}

static int wait_for_end(void *argument)
{
    int64_t deadline_ms = now_ms() + PEER_PATIENCE_MS;
    peer *this = argument;
    bool is_late;
    int status = 0;

    while (listen_until(this, deadline_ms))
        ;
    is_late = now_ms() >= deadline_ms;
    if (is_late) {
        fprintf(stderr, "did not end; it said:\n%s\n", this->text);
        kill(this->process, SIGKILL);
    }
    if (waitpid(this->process, &status, 0) != this->process)
        return FIRTH_ERR_SYSTEM;
    this->process = 0;
    peer_end_input(this);
    close(this->output);
    if (is_late)
        return FIRTH_ERR_TIMED_OUT;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int peer_wait(peer *this)
{
    return run_aside(wait_for_end, this);
}

int peer_stop(peer *this, int signal)
{
    kill(this->process, signal);
    return peer_wait(this);
}

/* ---- proc(5) ------------------------------------------------------------------------------------------------------ */

/* The port of the listening socket with that inode; 0 when there is none. */
static int port_of_inode(unsigned long inode)
{
    unsigned long found;
    unsigned port, state;
    char line[512];
    int listening = 0;
    FILE *table = fopen("/proc/net/tcp", "re");

    if (table == NULL)
        return 0;
    while (listening == 0 && fgets(line, sizeof line, table) != NULL)
        if (sscanf(line, " %*d: %*x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*d %lu", &port, &state, &found) == 3 &&
            state == 0x0a && found == inode)
            listening = (int)port;
    fclose(table);
    return listening;
}

/* The first that it listens on; 0 when there is none yet. */
static int port_now(const peer *this)
{
    char path[320], target[64];
    unsigned long inode;
    int port = 0;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)this->process);
    folder = opendir(path);
    for (const struct dirent *entry; port == 0 && folder != NULL && (entry = readdir(folder)) != NULL;) {
        ssize_t size;

        snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)this->process, entry->d_name);
        size = readlink(path, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        if (sscanf(target, "socket:[%lu]", &inode) == 1)
            port = port_of_inode(inode);
    }
    if (folder != NULL)
        closedir(folder);
    return port;
}

/* Not every program says when it listens, and none says so to everybody: the system is asked instead. */
static int await_port(void *argument)
{
    int64_t deadline_ms = now_ms() + PEER_PATIENCE_MS;
    peer *this = argument;
    int port = 0;

    while ((port = port_now(this)) == 0 && now_ms() < deadline_ms) {
        struct pollfd watched = {.fd = this->output, .events = POLLIN};

        (void)poll(&watched, 1, 1);
        if (watched.revents != 0 && !listen_until(this, deadline_ms))
            break;
    }
    if (port == 0)
        fprintf(stderr, "does not listen; it said:\n%s\n", this->text);
    return port > 0 ? port : FIRTH_ERR_NOT_CONNECTED;
}

int peer_port(peer *this)
{
    return run_aside(await_port, this);
}
