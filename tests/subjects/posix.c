/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/subjects/posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
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

static int64_t count_inherited(void *argument)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    int64_t count = 0;

    (void)argument;
    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL) {
        int flags = entry->d_name[0] == '.' ? -1 : fcntl((int)strtol(entry->d_name, NULL, 10), F_GETFD);

        count += flags >= 0 && (flags & FD_CLOEXEC) == 0;
    }
    (void)closedir(folder);
    return count;
}

static intptr_t duplicate(void *argument, intptr_t native)
{
    (void)argument;
    return dup((int)native);
}

static void discard(void *argument, intptr_t native)
{
    (void)argument;
    (void)close((int)native);
}

/* A thread that waits for the time to be up, since a handler of SIGALRM could not print. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started;
    bool armed;
    struct timespec at;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *keep_watch(void *argument)
{
    (void)argument;
    (void)pthread_mutex_lock(&watch.lock);
    for (;;) {
        struct timespec at = watch.at, now;

        if (!watch.armed) {
            (void)pthread_cond_wait(&watch.changed, &watch.lock);
            continue;
        }
        (void)pthread_cond_timedwait(&watch.changed, &watch.lock, &at);
        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (watch.armed && watch.at.tv_sec == at.tv_sec && now.tv_sec >= at.tv_sec)
            firth_conformance_stuck();
    }
    return NULL;
}

static void alarm_s(void *argument, unsigned seconds)
{
    pthread_t thread;

    (void)argument;
    (void)pthread_mutex_lock(&watch.lock);
    (void)clock_gettime(CLOCK_REALTIME, &watch.at);
    watch.at.tv_sec += (time_t)seconds;
    watch.armed = seconds > 0;
    if (!watch.started && pthread_create(&thread, NULL, keep_watch, NULL) == 0) {
        (void)pthread_detach(thread);
        watch.started = true;
    }
    (void)pthread_cond_signal(&watch.changed);
    (void)pthread_mutex_unlock(&watch.lock);
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
    subject.count_inherited = count_inherited;
    subject.duplicate = duplicate;
    subject.discard = discard;
    subject.socket_folder = "/tmp";
    return subject;
}
