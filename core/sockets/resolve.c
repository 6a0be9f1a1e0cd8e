/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups of names. A network with a resolver of its own has them, without a thread. The system's blocks and, but for
 * Windows's, cannot be stopped, so each look-up has a thread, which is busy as long as the name's servers please: that is
 * why they have a pool of their own, with more threads than a healthy network ever needs, and why a name has at most a few
 * of them however many ask for it, and however often they give up. */
#include "core/sockets/resolve.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/base/words.h"
#include "core/selector/pool.h"
#include "core/sockets/look_up.h"
#include <firth/resolve.h>
#include <string.h>

enum {
    HOST_BYTES = 256 + 64, /* longest host name, RFC 1035 §2.3.4, with room for a scope id */
    SERVICE_BYTES = 64,    /* far beyond RFC 6335 §5.1 */
    SHARE_MS = 1000,       /* who asks for a name again after that long gets a look-up of his own: the network may have
                                  changed since */
    LOOK_UPS_OF_A_NAME_MAX = 2 /* but not ever more */
};

/* Services by name are the system's to know, which has them looked up on a thread. */
#ifdef FIRTH_NO_THREADS
#define SERVICE_OF(name) ((void)(name), (const char *)NULL)
#else
#define SERVICE_OF(name) ((name)->service)
#endif

/* Somebody who waits, on the stack of his task. */
struct fth_name_waiter {
    struct fth_look_up *of;
    firth_task *task;
    fth_name_waiter *next;
    bool abandoned;
};

typedef fth_name_waiter waiter;

static void release(fth_look_up *query)
{
    firth_port_release(query->answer.addresses);
    firth_port_release(query);
}

/* ---- those under way --------------------------------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool is_of(const fth_look_up *query, const firth_port_name *name)
{
    return is_same(query->name.host, name->host) && is_same(SERVICE_OF(&query->name), SERVICE_OF(name)) &&
           query->name.family == name->family && query->name.datagrams == name->datagrams;
}

/* The youngest of that name to share, or NULL if it is to have another. One that was stopped has no answer to share. */
static fth_look_up *find_shared(firth_selector *selector, const firth_port_name *name)
{
    fth_look_up *youngest = NULL, *query;
    unsigned count = 0;

    for (query = selector->names.first; query != NULL; query = query->next)
        if (!query->is_stopped && is_of(query, name)) {
            youngest = youngest != NULL ? youngest : query;
            count++;
        }
    if (count >= LOOK_UPS_OF_A_NAME_MAX)
        return youngest;
    return youngest != NULL && firth_port_now_ns() < fth_after_ms(youngest->start_ns, SHARE_MS) ? youngest : NULL;
}

/* It is not there when the selector closes, see end_some. */
static void remove_from_list(firth_selector *selector, fth_look_up *query)
{
    fth_look_up **link = &selector->names.first;

    while (*link != NULL && *link != query)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *link = query->next;
    if (query->waiters == NULL)
        selector->names.abandoned--;
}

/* ---- the job ----------------------------------------------------------------------------------------------------- */

#ifndef FIRTH_NO_THREADS
static void work(fth_job *job)
{
    fth_look_up *query = FTH_CONTAINER(job, fth_look_up, job);

    query->result = firth_port_resolve(&query->name, &query->answer);
}
#endif

static void done(fth_job *job)
{
    fth_look_up *query = FTH_CONTAINER(job, fth_look_up, job);
    waiter *one;

    remove_from_list(job->selector, query);
    if (query->waiters == NULL)
        release(query);
    else
        for (one = query->waiters; one != NULL; one = one->next) {
            query->readers++;
            fth_task_wake(one->task);
        }
}

#ifndef FIRTH_NO_THREADS
static void dropped(fth_job *job)
{
    release(FTH_CONTAINER(job, fth_look_up, job));
}
#endif

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static fth_look_up *make(const firth_port_name *name)
{
    size_t host_bytes = bytes_of(name->host), service_bytes = bytes_of(SERVICE_OF(name));
    fth_look_up *query = firth_port_allocate(sizeof *query + host_bytes + service_bytes);

    if (query == NULL)
        return NULL;
    memset(query, 0, sizeof *query);
    query->name = *name;
    if (name->host != NULL)
        query->name.host = memcpy(query->texts, name->host, host_bytes);
    if (SERVICE_OF(name) != NULL)
        query->name.service = memcpy(query->texts + host_bytes, SERVICE_OF(name), service_bytes);
    query->start_ns = firth_port_now_ns();
    query->job.done = done;
#ifndef FIRTH_NO_THREADS
    query->job.work = work;
    query->job.dropped = dropped;
#endif
    return query;
}

static int start(firth_selector *selector, const firth_port_name *name, fth_look_up **started)
{
    fth_look_up *query = make(name);
    int rc;

    if (query == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "name");
    if (fth_look_up_is_for_backend(selector, name))
        rc = fth_look_up_at_backend(selector, query);
    else
        rc = fth_pool_submit(selector, name->host != NULL ? FTH_POOL_NAMES : FTH_POOL_SERVICES, &query->job);
    if (rc < 0) {
        release(query);
        return rc;
    }
    query->next = selector->names.first;
    selector->names.first = query;
    *started = query;
#ifndef FIRTH_NO_THREADS
    if (name->host != NULL && query->at_backend.host == NULL)
        fth_look_up_watch_shortage(selector);
#endif
    return FIRTH_OK;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* Whether it is over with: a thread that has begun goes on. */
static bool take_back(firth_selector *selector, fth_look_up *query)
{
    if (query->at_backend.host == NULL)
        return fth_pool_withdraw(selector, &query->job);
    selector->backend->resolve_cancel(selector, &query->at_backend);
    return true;
}

/* The task goes at once. A look-up that no thread has begun is taken back; another is stopped, or goes on where that cannot
 * be, and whoever asks for the name meanwhile may share it. */
static void abandon(firth_task *task)
{
    waiter *mine = task->waiting, **link = &mine->of->waiters;
    fth_look_up *query = mine->of;

    while (*link != mine)
        link = &(*link)->next;
    *link = mine->next;
    mine->abandoned = true;
    if (query->waiters == NULL) {
        task->selector->names.abandoned++;
        if (take_back(task->selector, query)) {
            remove_from_list(task->selector, query);
            release(query);
        } else {
            fth_pool_forsake(task->selector, &query->job);
            query->is_stopped = firth_port_resolve_cancel(&query->answer);
        }
    }
    fth_task_wake(task);
}

static void let_go(fth_look_up *query)
{
    FTH_ASSERT(query->readers > 0);
    if (--query->readers == 0)
        release(query);
}

/* Suspends until there is an answer, which is the caller's to read until let_go. A failure leaves nothing. */
static int await(firth_selector *selector, const firth_port_name *name, fth_look_up **answered)
{
    waiter mine = {.task = fth_current};
    int rc = FIRTH_OK;

    if (bytes_of(name->host) > HOST_BYTES)
        return firth_fail(FIRTH_ERR_NAME_NOT_FOUND, 0, "host name");
    if (bytes_of(SERVICE_OF(name)) > SERVICE_BYTES)
        return firth_fail(FIRTH_ERR_NAME_NOT_FOUND, 0, "service");
    mine.of = find_shared(selector, name);
    if (mine.of == NULL)
        rc = start(selector, name, &mine.of);
    else if (mine.of->waiters == NULL)
        selector->names.abandoned--;
    if (mine.of == NULL)
        return rc;
    mine.next = mine.of->waiters;
    mine.of->waiters = &mine;
    fth_task_suspend("resolve", abandon, &mine);
    if (mine.abandoned)
        return fth_task_canceled();
    rc = mine.of->result;
    if (rc > 0) {
        *answered = mine.of;
        return rc;
    }
    rc = firth_fail(rc < 0 ? rc : FIRTH_ERR_NAME_NOT_FOUND, mine.of->answer.os_code, mine.of->answer.step);
    let_go(mine.of);
    return rc;
}

/* ---- for connect ------------------------------------------------------------------------------------------------- */

/* Addresses of the family that came first and of the other in turn, otherwise in the resolver's order. */
static int interleave(firth_address *to, const firth_address *from, int count)
{
    int wanted = from[0].family, next[2] = {0, 0}, stored = 0, most = count < FTH_RESOLVE_MAX ? count : FTH_RESOLVE_MAX;

    while (stored < most) {
        int *at = &next[wanted != from[0].family];

        while (*at < count && from[*at].family != wanted)
            ++*at;
        if (*at < count)
            to[stored++] = from[(*at)++];
        wanted = wanted == FIRTH_FAMILY_IPV4 ? FIRTH_FAMILY_IPV6 : FIRTH_FAMILY_IPV4;
    }
    return stored;
}

int fth_resolve(firth_selector *selector, const char *host, uint16_t port, firth_address *addresses)
{
    const firth_port_name name = {.host = host};
    fth_look_up *query = NULL;
    int rc, i;

    rc = fth_host_read(host, port, &addresses[0]);
    if (rc != 0)
        return rc;
    rc = await(selector, &name, &query);
    if (query == NULL)
        return rc;
    rc = interleave(addresses, query->answer.addresses, rc);
    for (i = 0; i < rc; i++)
        addresses[i].port = port;
    let_go(query);
    return rc;
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* All digits: *port gets it, and the service is done with. */
static int read_port(firth_port_name *name, const char *service, uint16_t *port)
{
    const char *at = service;
    uint32_t number = 0;

    *port = 0;
    if (service == NULL || service[0] == '\0')
        return FIRTH_OK;
    for (; *at >= '0' && *at <= '9'; at++)
        number = number < 65536 ? number * 10 + (uint32_t)(*at - '0') : number;
    if (*at != '\0' &&
        !is_alphanumeric(service[0])) /* RFC 6335 §5.1; and getaddrinfo takes "+80" and " 80" for numbers */
        return firth_fail(FIRTH_ERR_NAME_NOT_FOUND, 0, "service");
    if (*at != '\0') {
#ifdef FIRTH_NO_THREADS
        (void)name;
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "service");
#else
        name->service = service;
        return FIRTH_OK;
#endif
    }
    if (number > 65535)
        return firth_fail(FIRTH_ERR_PORT_RANGE, 0, "service");
    *port = (uint16_t)number;
    return FIRTH_OK;
}

static int resolve(const firth_port_name *name, uint16_t port, firth_address *addresses, size_t capacity)
{
    fth_look_up *query = NULL;
    int rc = await(fth_current->selector, name, &query);
    size_t i;

    if (query == NULL)
        return rc;
    for (i = 0; i < (size_t)rc && i < capacity; i++) {
        addresses[i] = query->answer.addresses[i];
        if (SERVICE_OF(name) == NULL)
            addresses[i].port = port;
    }
    let_go(query);
    return rc;
}

/* The port alone: the same question for every host, and of no name server. */
static int resolve_service(const firth_port_name *of, uint16_t *port)
{
    const firth_port_name name = {.service = of->service, .datagrams = of->datagrams};
    fth_look_up *query = NULL;
    int rc = await(fth_current->selector, &name, &query);

    if (query == NULL)
        return rc;
    *port = query->answer.addresses[0].port;
    let_go(query);
    return FIRTH_OK;
}

int firth_resolve(const char *host, const char *service, const firth_resolve_options *options, firth_address *addresses,
                  size_t capacity)
{
    static const firth_resolve_options defaults = {.family = FIRTH_FAMILY_NONE};
    firth_port_name name = {.host = host};
    firth_address numeric = {.family = FIRTH_FAMILY_NONE};
    uint16_t port = 0;
    int rc;

    if (fth_current == NULL)
        return FTH_MISUSE("firth_resolve outside a task");
    rc = fth_task_enter(fth_current->selector);
    if (rc < 0)
        return rc;
    options = options != NULL ? options : &defaults;
    if (host == NULL || host[0] == '\0')
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "host");
    if (addresses == NULL && capacity > 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "addresses");
    if (options->family != FIRTH_FAMILY_NONE && options->family != FIRTH_FAMILY_IPV4 &&
        options->family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("family"));
    rc = read_port(&name, service, &port);
    if (rc < 0)
        return rc;
    name.datagrams = options->datagrams;
    rc = fth_host_read(host, port, &numeric);
    if (rc < 0)
        return rc;
    name.family = (uint8_t)options->family;
    if (rc == 0 && SERVICE_OF(&name) != NULL && fth_current->selector->backend->resolve != NULL) {
        if ((rc = resolve_service(&name, &port)) < 0)
            return rc;
        name.service = NULL;
    }
    if (rc == 0)
        return resolve(&name, port, addresses, capacity);
    if (options->family != FIRTH_FAMILY_NONE && options->family != (firth_family)numeric.family)
        return firth_fail(FIRTH_ERR_NAME_NOT_FOUND, 0, "address of that family");
    if (SERVICE_OF(&name) != NULL && (rc = resolve_service(&name, &numeric.port)) < 0)
        return rc;
    if (capacity > 0)
        addresses[0] = numeric;
    return 1;
}
