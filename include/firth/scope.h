/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes: the only way to have children, deadlines, cancellation and clean-up.
 *
 * A scope is a plain object on the stack of the task that opens it. Tasks spawned into it end before it is closed; what
 * it owns is cleaned up when it is closed; when it is cancelled, every suspending call inside it - in the opener, in
 * its children and in theirs - returns FIRTH_ERR_CANCELED until it is closed. A task is born with a scope of its own,
 * handed to its function, and closed for it when the function returns.
 *
 *     firth_scope page;
 *     firth_scope_options two_seconds = { .timeout_ms = 2000 };
 *     firth_scope_open(&page, scope, &two_seconds);
 *     rc = fetch(...);
 *     rc = firth_scope_close(&page, rc);      // FIRTH_ERR_TIMED_OUT if the two seconds ended it
 */
#ifndef FIRTH_SCOPE_H
#define FIRTH_SCOPE_H

#include <firth/error.h>
#include <firth/export.h>

typedef struct firth_scope firth_scope;
typedef struct firth_selector firth_selector;
typedef struct firth_socket firth_socket;
typedef struct firth_server firth_server;
typedef struct firth_tls_config firth_tls_config;
typedef struct firth_task firth_task;

/* What a child's error (a negative result other than FIRTH_ERR_CANCELED) does to the scope it was spawned in. */
typedef enum firth_on_child_error {
    FIRTH_CHILD_ERROR_CANCEL = 0, /* cancels the scope, and the first one is the scope's result */
    FIRTH_CHILD_ERROR_REPORT = 1  /* goes to the selector's log and touches nobody else */
} firth_on_child_error;

/* Zero means the default for every field. */
typedef struct firth_scope_options {
    int64_t timeout_ms;  /* ends the scope that long after it was opened; 0: no deadline; < 0: expired already */
    int64_t deadline_ns; /* the same as a point in time of firth_now_ns(); 0: none. With both, the earlier counts */
    const char *name;    /* for reports; must outlive the scope */
    firth_on_child_error on_child_error;
    bool shield; /* cancelling an outer scope does not reach into this one: for clean-up that must wait. Give it a
                    deadline of its own */
} firth_scope_options;

/* A clean-up node: caller's memory, linked until the scope is closed. Its fields are private. */
typedef struct firth_cleanup {
    struct firth_cleanup *next;
    void (*run)(void *argument);
    void *argument;
} firth_cleanup;

/* A timer of the selector's heap. Its fields are private. */
typedef struct firth_timer {
    int64_t deadline_ns;
    uint64_t number;
    struct firth_timer *child;
    struct firth_timer *next;
    struct firth_timer *previous;
    void (*fire)(struct firth_timer *timer);
} firth_timer;

/* The fields are private; the struct is public so that a scope can live on the stack. */
struct firth_scope {
    firth_scope *parent;
    firth_scope *first_child;
    firth_scope *next_sibling;
    firth_scope *previous_sibling;
    firth_scope *next_remote;
    firth_task *task;
    firth_cleanup *cleanups;
    const char *name;
    const char *place;
    firth_timer timer;
    int32_t error;
    uint16_t flags;
    uint16_t magic;
};

FIRTH_BEGIN_DECLS

/* firth_scope_open(scope, parent, options): opens a scope inside parent, which must be the innermost open scope of the calling task. options may be NULL.
 * Allocates nothing and cannot fail; a wrong parent aborts in a debug build, and in a release build the scope is born
 * cancelled and firth_scope_close returns FIRTH_ERR_MISUSE. Never suspends. */
#define firth_scope_open(scope, parent, ...) firth_scope_open_at(scope, parent, __VA_ARGS__, FIRTH_HERE)
FIRTH_API void firth_scope_open_at(firth_scope *scope, firth_scope *parent, const firth_scope_options *options,
                                   const char *place);

/* Ends a scope, innermost first; rc is what its body came to. If rc < 0 the children are cancelled, else they are left
 * to finish. Waits for all of them, then runs what the scope owns, last in first out. May suspend, also in a cancelled
 * scope: children always end first.
 * Returns, in this order: the first error of a child (unless it was only to be reported); rc when it is an error other
 * than FIRTH_ERR_CANCELED; FIRTH_ERR_CANCELED when an outer scope is cancelled and something here was ended by that;
 * FIRTH_ERR_TIMED_OUT when this scope's own deadline ended something here; else rc, or FIRTH_OK for
 * FIRTH_ERR_CANCELED (somebody cancelled just this scope). FIRTH_ERR_MISUSE for a scope that is not the innermost. */
FIRTH_API FIRTH_NODISCARD int firth_scope_close(firth_scope *scope, int rc);

/* Cancels the scope and all inside it, up to shields. Once or a hundred times is the same; stays until it is closed.
 * From any task of the same selector, or its loop. Never suspends. */
FIRTH_API void firth_scope_cancel(firth_scope *scope);

/* The same from any thread. The caller sees to it that the scope is not closed before this call has returned.
 * Never suspends; takes effect when the selector's loop comes round. Returns FIRTH_OK; FIRTH_ERR_MISUSE for a scope
 * that was opened outside a task. */
FIRTH_API int firth_scope_cancel_from(firth_scope *scope);

/* Whether a suspending call in this scope would return FIRTH_ERR_CANCELED. Never suspends. */
FIRTH_API bool firth_scope_is_cancelled(const firth_scope *scope);

/* Runs fn(argument) in the scope's task when the scope is closed. node is the caller's and lives as long as the scope;
 * firth_scope_disown takes it out again. Never suspends. */
FIRTH_API void firth_scope_own(firth_scope *scope, firth_cleanup *node, void (*fn)(void *argument), void *argument);

/* Takes a clean-up out without running it. A node that is not linked is left alone. Never suspends. */
FIRTH_API void firth_scope_disown(firth_scope *scope, firth_cleanup *node);

/* Closes the socket gracefully, firth_socket_close, when the scope is closed - unless it was closed before. A socket
 * has one owner: the last one named. Never suspends. */
FIRTH_API void firth_scope_own_socket(firth_scope *scope, firth_socket *socket);

/* Closes the server when the scope is closed - unless it was closed before. Never suspends. */
FIRTH_API void firth_scope_own_server(firth_scope *scope, firth_server *server);

/* Cancels the scope when the user interrupts the program (SIGINT or SIGTERM; Ctrl-C on Windows). While such a scope is
 * open the interrupt does nothing else; a second one, while the first is being handled, ends the program as if Firth
 * were not there. If the platform cannot tell, the scope is cancelled at once and its result is
 * FIRTH_ERR_NOT_SUPPORTED or FIRTH_ERR_NO_MEMORY. A signal that was ignored when the program started - a shell does that
 * to what it runs in the background - stays ignored. Never suspends. */
FIRTH_API void firth_scope_cancel_on_interrupt(firth_scope *scope);

/* The selector that the scope's task runs on; NULL for a scope that was opened outside a task. Any thread; never
 * suspends. */
FIRTH_API firth_selector *firth_scope_selector(const firth_scope *scope);

/* Runs fn(scope, argument) on the calling task inside a scope with that deadline (<= 0: expired already) and returns
 * what firth_scope_close returns. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_with_timeout(int64_t timeout_ms, int (*fn)(firth_scope *scope, void *argument),
                                                 void *argument);

FIRTH_END_DECLS

#endif
