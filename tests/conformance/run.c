/* SPDX-License-Identifier: Apache-2.0 */
/* One case: a selector of its own, a time limit, and a look at what is left afterwards. */
#include "tests/conformance/kit.h"
#include "tests/conformance/unix.h"

enum { KIT_GRACE_S = 5 /* for the end of a case whose time is up */ };

typedef struct kit_task {
    kit_body *body;
    firth_scope *guard;
    bool no_limit;
    int result;
    bool ended;
    bool stuck;
} kit_task;

bool fth_kit_begin(const firth_conformance_subject *subject)
{
    size_t known = subject->struct_bytes < sizeof fth_kit.subject ? subject->struct_bytes : sizeof fth_kit.subject;

    memset(&fth_kit, 0, sizeof fth_kit);
    memcpy(&fth_kit.subject, subject, known);
    fth_kit.seed = 1;
    fth_kit.limit_s = KIT_LIMIT_S;
    return fth_kit.subject.backend != NULL;
}

/* ---- pace -------------------------------------------------------------------------------------------------------- */

static void alarm_s(int64_t seconds)
{
    if (fth_kit.subject.alarm_s != NULL)
        fth_kit.subject.alarm_s(fth_kit.subject.argument, (unsigned)seconds);
}

int64_t fth_kit_paced_ms(int64_t duration_ms)
{
    return duration_ms * fth_kit.pace.settled_us / KIT_SETTLED_US;
}

static int64_t limit_ms(void)
{
    return fth_kit_paced_ms((int64_t)fth_kit.limit_s * 1000);
}

/* The alarm's seconds are the machine's, and those of a slow loopback may be a simulation's: they are no fewer. */
static void learn_subjects_pace(void)
{
    fth_kit.subject.pace(fth_kit.subject.argument, &fth_kit.pace);
    if (fth_kit.pace.round_trip_us < KIT_ROUND_TRIP_US)
        fth_kit.pace.round_trip_us = KIT_ROUND_TRIP_US;
    if (fth_kit.pace.settled_us < KIT_SETTLED_US)
        fth_kit.pace.settled_us = KIT_SETTLED_US;
    alarm_s(limit_ms() / 1000 + 3 * KIT_GRACE_S);
}

static void learn_pace(void)
{
    fth_kit.pace = (firth_conformance_pace){KIT_ROUND_TRIP_US, KIT_SETTLED_US};
    if (fth_kit.subject.pace != NULL)
        learn_subjects_pace();
    if (fth_kit.tls_server != NULL)
        fth_kit.pace.round_trip_us = fth_kit.pace.round_trip_us * KIT_SECURE_ROUND_TRIPS + KIT_ARITHMETIC_US;
}

/* ---- a body on a selector ---------------------------------------------------------------------------------------- */

static int run_body(firth_scope *scope, void *argument)
{
    kit_task *this = argument;
    int rc;

    fth_kit.body = scope;
    rc = this->body(scope);
    fth_kit.body = NULL;
    if (firth_scope_is_cancelled(scope) && !fth_kit.ending)
        fth_kit_law("the case took longer than %lld s", (long long)(limit_ms() / 1000));
    return rc;
}

static int body_task(firth_scope *scope, void *argument)
{
    kit_task *this = argument;

    (void)scope;
    this->result = firth_with_timeout(this->no_limit ? INT64_MAX : limit_ms(), run_body, this);
    this->ended = true;
    firth_scope_cancel(this->guard);
    return FIRTH_OK;
}

/* A task that a backend has lost cannot be ended by its deadline: this one tells. */
static int guard_task(firth_scope *scope, void *argument)
{
    kit_task *this = argument;

    this->guard = scope;
    if (firth_spawn(firth_scope_current(), body_task, this, NULL) < 0) {
        this->result = FIRTH_ERR_NO_MEMORY;
        this->ended = true;
        return FIRTH_OK;
    }
    if (firth_sleep(this->no_limit ? INT64_MAX : limit_ms() + KIT_GRACE_S * 1000) == FIRTH_OK) {
        this->stuck = true;
        fth_kit_give_up();
    }
    return FIRTH_OK;
}

static void describe(const firth_task_info *task, void *argument)
{
    size_t used = strlen(fth_kit.why);

    (void)argument;
    if (task->state == FIRTH_TASK_SUSPENDED && strcmp(task->waiting_for, "sleep") != 0)
        (void)snprintf(fth_kit.why + used, sizeof fth_kit.why - used, "; a task waits for %s", task->waiting_for);
}

static void report_stuck(const kit_task *this)
{
    if (this->ended)
        fth_kit_law("stuck: the case ended and its tasks did not, %u ops pending", (unsigned)fth_kit_ops_pending());
    else
        fth_kit_law("stuck: %u ops pending", (unsigned)fth_kit_ops_pending());
    firth_tasks_visit(fth_kit.selector, describe, NULL);
}

static int open_selector(void)
{
    const firth_conformance_subject *subject = &fth_kit.subject;
    firth_selector_options options = firth_selector_defaults();
    int rc;

    options.backend = fth_kit_observer(subject->backend);
    options.allocate = fth_kit_allocate;
    options.release = fth_kit_release;
    fth_kit_observer_begin();
    fth_kit_gates_forget();
    if (subject->selector_open != NULL)
        rc = subject->selector_open(subject->argument, &fth_kit.selector, &options, fth_kit.seed);
    else
        rc = firth_selector_open(&fth_kit.selector, &options);
    if (rc >= 0)
        learn_pace();
    return rc;
}

/* A selector whose tasks are stuck cannot be closed: it is given up, with all it has. */
static int close_selector(bool stuck)
{
    const firth_conformance_subject *subject = &fth_kit.subject;
    int rc = FIRTH_OK;

    if (subject->selector_close != NULL)
        rc = subject->selector_close(subject->argument, fth_kit.selector, stuck);
    else if (!stuck)
        rc = firth_selector_close(fth_kit.selector);
    fth_kit.selector = NULL;
    if (!stuck)
        fth_kit_observer_end();
    return rc;
}

static int in_selector(kit_task this)
{
    int rc = open_selector(), closed;

    if (rc < 0)
        return rc;
    rc = firth_spawn(firth_selector_scope(fth_kit.selector), guard_task, &this, NULL);
    if (rc >= 0)
        rc = firth_selector_run(fth_kit.selector);
    /* A loop that cannot go on ends the case, which is cancelled when the selector is closed. */
    if (rc < 0 && !this.stuck) {
        fth_kit_note_error(rc);
        fth_kit.ending = true;
    }
    if (this.stuck)
        report_stuck(&this);
    closed = close_selector(this.stuck);
    if (rc < 0)
        return rc;
    return this.result < 0 ? this.result : closed;
}

int fth_kit_in_selector(kit_body *body)
{
    return in_selector((kit_task){.body = body});
}

int fth_kit_in_selector_without_limit(kit_body *body)
{
    return in_selector((kit_task){.body = body, .no_limit = true});
}

/* ---- a case ------------------------------------------------------------------------------------------------------ */

static const char *missing_capability(unsigned missing)
{
    static const char *const names[] = {"FIRTH_CAN_POLLABLE",   "FIRTH_CAN_INHERIT",   "FIRTH_CAN_ADOPT",
                                        "FIRTH_CAN_REUSE_PORT", "FIRTH_CAN_DATAGRAMS", "FIRTH_CAN_BATCH",
                                        "FIRTH_CAN_UNIX"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((missing & (1u << i)) != 0)
            return names[i];
    return "a capability";
}

static const char *missing_for(const kit_case *one)
{
    const firth_conformance_subject *subject = &fth_kit.subject;
    unsigned missing = one->needs & ~subject->backend->capabilities;

    if (fth_kit.tls_server != NULL && one->plain != NULL)
        return one->plain;
    if (missing != 0)
        return missing_capability(missing);
    if (subject->memory_bytes != 0 && one->keeps_bytes > subject->memory_bytes)
        return "memory_bytes of the subject";
    if (subject->connections != 0 && one->connections > subject->connections)
        return "connections of the subject";
    if ((one->flags & KIT_LIMITS) != 0 && subject->limit_open == NULL)
        return "limit_open of the subject";
    if ((one->flags & KIT_INHERITED) != 0 && subject->count_inherited == NULL)
        return "count_inherited of the subject";
    if ((one->flags & KIT_DUPLICATES) != 0 && (subject->duplicate == NULL || subject->discard == NULL))
        return "duplicate of the subject";
    return NULL;
}

static int64_t open_now(void)
{
    return fth_kit.subject.count_open != NULL ? fth_kit.subject.count_open(fth_kit.subject.argument) : 0;
}

static void check_leaks(int64_t open_before, size_t live_before)
{
    int64_t open_after = open_now();

    if (fth_kit.failed)
        return; /* that has a cause already */
    if (fth_kit_allocations_live() != live_before)
        fth_kit_law("%u allocations are left", (unsigned)(fth_kit_allocations_live() - live_before));
    if (open_after != open_before)
        fth_kit_law("%lld descriptors are left", (long long)(open_after - open_before));
}

static void run_it(const kit_case *one)
{
    size_t live = fth_kit_allocations_live();
    int64_t open = open_now();
    int rc;

    alarm_s(fth_kit.limit_s + 3 * KIT_GRACE_S);
    rc = one->outside != NULL ? one->outside() : fth_kit_in_selector(one->body);
    alarm_s(0);
    fth_kit_forget_kept();
    check_leaks(open, live);
    if (rc < 0 && rc != FIRTH_ERR_USER && !fth_kit.failed)
        (void)fth_kit_ended(one->name, 0, "the case", rc);
}

static bool has_unix;

static int look_for_unix(firth_scope *scope)
{
    has_unix = fth_kit_has_unix(scope);
    return FIRTH_OK;
}

/* A backend has a table of them, and the system it runs on may be without. */
static const char *missing_in_system(const kit_case *one)
{
    if ((one->needs & FIRTH_CAN_UNIX) == 0 || has_unix)
        return NULL;
    (void)fth_kit_in_selector(look_for_unix);
    return has_unix ? NULL : "Unix sockets of this system";
}

kit_outcome fth_kit_run(const kit_case *one)
{
    const char *missing = missing_for(one);

    fth_kit.running = one;
    fth_kit.failed = fth_kit.error_seen = fth_kit.ending = false;
    fth_kit.error = 0;
    fth_kit.missing = NULL;
    fth_kit.why[0] = '\0';
    missing = missing != NULL ? missing : missing_in_system(one);
    fth_kit_random_start(fth_kit.seed);
    if (missing == NULL) {
        run_it(one);
        missing = fth_kit.missing;
    }
    fth_kit.running = NULL;
    if (fth_kit.failed)
        return KIT_FAIL;
    if (fth_kit.error_seen)
        return KIT_ENDED;
    if (missing != NULL)
        (void)snprintf(fth_kit.why, sizeof fth_kit.why, "not applicable, %s", missing);
    return missing != NULL ? KIT_SKIP : KIT_PASS;
}
