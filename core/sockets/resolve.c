/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sockets/resolve.h"
#include "core/base/list.h"
#include "core/selector/pool.h"
#include <string.h>

/* Longest host name, RFC 1035 §2.3.4, with room for a scope id. */
enum { HOST_BYTES = 256 + 64 };

/* In the port's memory, since it may outlive the task and the selector. */
typedef struct look_up {
    fth_job job;
    firth_task *task; /* NULL once nobody waits */
    int result;
    int os_code;
    uint16_t port;
    char host[HOST_BYTES];
    firth_address addresses[FTH_RESOLVE_MAX];
} look_up;

static void work(fth_job *job)
{
    look_up *query = FTH_CONTAINER(job, look_up, job);

    query->result = firth_port_resolve(query->host, query->port, query->addresses, FTH_RESOLVE_MAX, &query->os_code);
}

static void done(fth_job *job)
{
    look_up *query = FTH_CONTAINER(job, look_up, job);

    if (query->task != NULL)
        fth_task_wake(query->task);
    else
        firth_port_release(query);
}

static void dropped(fth_job *job)
{
    firth_port_release(FTH_CONTAINER(job, look_up, job));
}

/* The task goes at once; a look-up that has begun cannot be stopped and frees itself. */
static void abandon(firth_task *task)
{
    look_up *query = task->waiting;

    query->task = NULL;
    if (fth_pool_withdraw(task->selector, &query->job))
        firth_port_release(query);
    task->waiting = NULL;
    fth_task_wake(task);
}

/* Addresses of the family that came first and of the other in turn, otherwise in the resolver's order. */
static void interleave(firth_address *to, const firth_address *from, int count)
{
    int wanted = from[0].family, next[2] = {0, 0}, stored = 0;

    while (stored < count) {
        int *at = &next[wanted != from[0].family];

        while (*at < count && from[*at].family != wanted)
            ++*at;
        if (*at < count)
            to[stored++] = from[(*at)++];
        wanted = wanted == FIRTH_FAMILY_IPV4 ? FIRTH_FAMILY_IPV6 : FIRTH_FAMILY_IPV4;
    }
}

static int wait_for(look_up *query, firth_address *addresses)
{
    firth_task *task = query->task;
    int rc;

    fth_task_suspend("resolve", abandon, query);
    if (task->waiting == NULL)
        return fth_task_canceled();
    rc = query->result;
    if (rc > 0)
        interleave(addresses, query->addresses, rc);
    else
        rc = firth_fail(rc < 0 ? rc : FIRTH_ERR_NAME_NOT_FOUND, query->os_code, "getaddrinfo");
    firth_port_release(query);
    return rc;
}

int fth_resolve(firth_selector *selector, const char *host, uint16_t port, firth_address *addresses)
{
    look_up *query;
    int rc;

    if (firth_address_make(&addresses[0], host, port) >= 0)
        return 1;
    if (strlen(host) >= HOST_BYTES)
        return firth_fail(FIRTH_ERR_NAME_NOT_FOUND, 0, "host name");
    query = firth_port_allocate(sizeof *query);
    if (query == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "getaddrinfo");
    memset(query, 0, sizeof *query);
    memcpy(query->host, host, strlen(host) + 1);
    query->port = port;
    query->task = fth_current;
    query->job.work = work;
    query->job.done = done;
    query->job.dropped = dropped;
    rc = fth_pool_submit(selector, &query->job);
    if (rc < 0) {
        firth_port_release(query);
        return rc;
    }
    return wait_for(query, addresses);
}
