/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/subjects/posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static rlim_t usual_limit;

static int64_t count_open(void *argument)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = 0;

    (void)argument;
    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

static int set_limit(rlim_t descriptors)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return FIRTH_ERR_SYSTEM;
    limit.rlim_cur = descriptors;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

/* The limit is one above the highest number that may be used; the lowest free one tells how many are in use below. */
static int limit_open(void *argument, int64_t further)
{
    int lowest;

    (void)argument;
    if (further < 0)
        return set_limit(usual_limit);
    lowest = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (lowest < 0)
        return FIRTH_ERR_SYSTEM;
    (void)close(lowest);
    return set_limit((rlim_t)(lowest + further));
}

static void rang(int number)
{
    (void)number;
    firth_conformance_stuck();
}

static void alarm_s(void *argument, unsigned seconds)
{
    (void)argument;
    (void)signal(SIGALRM, rang);
    (void)alarm(seconds);
}

firth_conformance_subject posix_subject(const firth_backend *backend)
{
    firth_conformance_subject subject = firth_conformance_for(backend);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        usual_limit = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
        (void)set_limit(usual_limit);
    }
    subject.count_open = count_open;
    subject.limit_open = limit_open;
    subject.alarm_s = alarm_s;
    return subject;
}
