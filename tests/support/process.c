/* SPDX-License-Identifier: Apache-2.0 */
/* This process and its children. */
#include "tests/support/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Asking for each descriptor in turn needs none itself, so it works at the limit too. */
static size_t count_one_by_one(void)
{
    struct rlimit limit;
    size_t count = 0;
    int most = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;

    for (int descriptor = 0; descriptor < most; descriptor++)
        if (fcntl(descriptor, F_GETFD) >= 0)
            count++;
    return count;
}

/* 0: there is no such folder. */
static size_t count_in(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    if (folder == NULL)
        return 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            count++;
    closedir(folder);
    return count;
}

size_t support_descriptors_open(void)
{
    const size_t count = count_in("/proc/self/fd");

    return count > 0 ? count - 1 : count_one_by_one(); /* without the folder's own */
}

size_t support_threads(void)
{
    return count_in("/proc/self/task");
}

static void child_main(void (*fn)(void *argument), void *argument, int standard_error)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    if (standard_error >= 0)
        dup2(standard_error, STDERR_FILENO);
    support_failures_forget();
    fn(argument);
    fflush(NULL);
    _exit(support_failures() == 0 ? 0 : 1);
}

/* Keeps what fits and takes the rest, so that the child is never stuck. */
static void capture(int from, char *text, size_t size)
{
    char rest[512];
    size_t used = 0;

    for (;;) {
        bool full = used + 1 >= size;
        ssize_t count = full ? read(from, rest, sizeof rest) : read(from, text + used, size - 1 - used);

        if (count <= 0)
            break;
        if (!full)
            used += (size_t)count;
    }
    text[used] = '\0';
}

int support_in_child(void (*fn)(void *argument), void *argument, char *text, size_t size)
{
    int ends[2] = {-1, -1}, status = -1;
    pid_t child;

    fflush(NULL);
    if (text != NULL)
        assert_true(pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
                    fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        child_main(fn, argument, ends[1]);
    if (text != NULL) {
        close(ends[1]);
        capture(ends[0], text, size);
        close(ends[0]);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}
