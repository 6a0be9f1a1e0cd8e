/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/examples/program.h"
#include "tests/support/cloexec.h"
#include "tests/support/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CANNOT_START = 127 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The limit is set by a shell: Valgrind keeps one that a program sets to itself, and does not follow to the next. */
static void become(const char *const words[], int input, int output, unsigned descriptors)
{
    char *arguments[24] = {NULL}, shell[] = "sh", option[] = "-c", command[64];
    size_t first = 0;

#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (descriptors != 0) {
        snprintf(command, sizeof command, "ulimit -n %u && exec \"$0\" \"$@\"", descriptors);
        arguments[0] = shell;
        arguments[1] = option;
        arguments[2] = command;
        first = 3;
    }
    for (size_t i = 0; i < 15 && words[i] != NULL; i++)
        arguments[first + i] = (char *)(uintptr_t)words[i];
    execvp(arguments[0], arguments);
    _exit(CANNOT_START);
}

static void clear(program *this)
{
    static char texts[PROGRAMS][PROGRAM_TEXT_BYTES];
    static size_t next;

    memset(this, 0, sizeof *this);
    this->text = memset(texts[next++ % PROGRAMS], 0, PROGRAM_TEXT_BYTES);
}

static void start(program *this, const char *const words[], unsigned descriptors)
{
    int to[2], from[2];

    clear(this);
    assert_int_equal(support_pipe(to), 0);
    assert_int_equal(support_pipe(from), 0);
    fflush(NULL);
    this->process = fork();
    assert_true(this->process >= 0);
    if (this->process == 0)
        become(words, to[0], from[1], descriptors);
    close(to[0]);
    close(from[1]);
    this->input = to[1];
    this->output = from[0];
}

void program_start_tool(program *this, const char *const words[])
{
    start(this, words, 0);
}

/* words with the example's whole path for the first of them, and before it what runs programs of another system. */
static void with_path(const char *const words[], const char *all[16], char path[1024])
{
    const char *folder = getenv("FIRTH_TEST_WINE_EXAMPLES");
    size_t first = 0;

    if (folder != NULL)
        all[first++] = "wine";
    snprintf(path, 1024, "%s/%s%s", folder != NULL ? folder : FIRTH_EXAMPLES_DIR, words[0],
             folder != NULL ? ".exe" : "");
    all[first] = path;
    for (size_t i = 1; first + i < 15 && words[i] != NULL; i++)
        all[first + i] = words[i];
}

void program_start_limited(program *this, const char *const words[], unsigned descriptors)
{
    const char *all[16] = {NULL};
    char path[1024];

    with_path(words, all, path);
    start(this, all, descriptors);
}

void program_start_example(program *this, const char *const words[])
{
    program_start_limited(this, words, 0);
}

void program_start_on_terminal(program *this, const char *const words[])
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), other;
    const char *all[16] = {NULL};
    char path[1024];

    clear(this);
    with_path(words, all, path);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    other = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(other >= 0);
    fflush(NULL);
    this->process = fork();
    assert_true(this->process >= 0);
    if (this->process == 0) {
        setsid();
        ioctl(other, TIOCSCTTY, 0);
        become(all, other, other, 0);
    }
    close(other);
    this->input = this->output = terminal;
}

void program_need(const char *tool)
{
    char command[256];

    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", tool);
    if (system(command) == 0)
        return;
    printf("SKIP: %s is not installed\n", tool);
    skip();
}

void program_write(program *this, const void *bytes, size_t size)
{
    assert_int_equal(write(this->input, bytes, size), (ssize_t)size);
}

void program_end_input(program *this)
{
    close(this->input);
    this->input = -1;
}

bool program_is_of_windows(void)
{
    return getenv("FIRTH_TEST_WINE_EXAMPLES") != NULL;
}

void program_not_by_wine(const char *why)
{
    if (program_is_of_windows())
        SKIP(why);
}

/* Windows puts a carriage return before each line feed. */
static void end_lines_as_here(program *this)
{
    size_t kept = 0;

    for (size_t i = 0; i < this->size; i++)
        if (this->text[i] != '\r')
            this->text[kept++] = this->text[i];
    this->size = kept;
    this->text[kept] = '\0';
}

/* Takes what has come by then; false at the end of it, or when the time is up. */
static bool listen_until(program *this, int64_t deadline_ms)
{
    struct pollfd watched = {.fd = this->output, .events = POLLIN};
    int64_t left = deadline_ms - now_ms();
    ssize_t count;

    assert_true(this->size + 1 < PROGRAM_TEXT_BYTES);
    if (left <= 0 || poll(&watched, 1, (int)left) <= 0)
        return false;
    count = read(this->output, this->text + this->size, PROGRAM_TEXT_BYTES - 1 - this->size);
    if (count <= 0)
        return false; /* a terminal says EIO when the program has ended */
    this->size += (size_t)count;
    if (program_is_of_windows())
        end_lines_as_here(this);
    return true;
}

void program_await(program *this, const char *text)
{
    int64_t deadline_ms = now_ms() + PROGRAM_PATIENCE_MS;

    while (strstr(this->text, text) == NULL && listen_until(this, deadline_ms))
        ;
    if (strstr(this->text, text) == NULL)
        fprintf(stderr, "waited for:\n%s\nbut it said:\n%s\n", text, this->text);
    assert_non_null(strstr(this->text, text));
}

/* proc(5): SigCgt is the mask of signals that have a handler. It sleeps, too: a signal that comes while ThreadSanitizer
 * is still busy with the sigaction(2) before is lost by it. */
static bool waits_interruptible(pid_t process)
{
    char path[64], line[256];
    unsigned long long caught = 0;
    bool sleeps = false;
    FILE *status;

    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "SigCgt:", 7) == 0)
            caught = strtoull(line + 7, NULL, 16);
        if (strncmp(line, "State:\tS", 8) == 0)
            sleeps = true;
    }
    fclose(status);
    return sleeps && (caught >> (SIGINT - 1) & 1) != 0;
}

void program_await_interruptible(program *this)
{
    int64_t deadline_ms = now_ms() + PROGRAM_PATIENCE_MS;

    while (!waits_interruptible(this->process)) {
        assert_true(now_ms() < deadline_ms);
        poll(NULL, 0, 1);
    }
}

int program_wait(program *this)
{
    int64_t deadline_ms = now_ms() + PROGRAM_PATIENCE_MS;
    int status = 0;

    while (listen_until(this, deadline_ms))
        ;
    if (now_ms() >= deadline_ms) {
        fprintf(stderr, "did not end; it said:\n%s\n", this->text);
        kill(this->process, SIGKILL);
    }
    assert_int_equal(wait4(this->process, &status, 0, &this->usage), this->process);
    if (this->input >= 0 && this->input != this->output)
        close(this->input);
    close(this->output);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int program_stop(program *this, int signal)
{
    assert_int_equal(kill(this->process, signal), 0);
    return program_wait(this);
}

void program_await_port(program *this, const char *words, char port[16])
{
    const char *end;

    program_await(this, words);
    while ((end = strchr(strstr(this->text, words), '\n')) == NULL)
        program_await(this, "\n");
    while (end[-1] >= '0' && end[-1] <= '9')
        end--;
    snprintf(port, 16, "%d", (int)strtol(end, NULL, 10));
}

int program_serve_limited(program *this, const char *example, unsigned descriptors)
{
    const char *words[] = {example, "127.0.0.1", "0", NULL};
    const char *port;

    program_start_limited(this, words, descriptors);
    program_await(this, "\n");
    assert_non_null(strstr(this->text, "Server is listening at 127.0.0.1:"));
    port = strrchr(this->text, ':') + 1;
    return (int)strtol(port, NULL, 10);
}

int program_serve(program *this, const char *example)
{
    return program_serve_limited(this, example, 0);
}
