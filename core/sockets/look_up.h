/* SPDX-License-Identifier: Apache-2.0 */
/* A look-up of a name that is under way: on a thread, or by the backend. */
#ifndef FTH_LOOK_UP_H
#define FTH_LOOK_UP_H

#include <firth/backend.h>
#include <firth/port.h>

#include "core/selector/pool.h"

typedef struct fth_name_waiter fth_name_waiter;

/* In the port's memory, since it may outlive its tasks and the selector. The thread has it until done: it reads name and
 * writes result and answer. */
typedef struct fth_look_up {
    fth_job job;
    struct fth_look_up *next; /* of those under way */
    fth_name_waiter *waiters;
    unsigned readers; /* waiters that were woken and have not taken the answer yet */
    bool is_stopped;  /* nobody's any more, and soon at its end */
    int64_t start_ns;
    firth_port_name name;  /* in texts */
    firth_name at_backend; /* its host is NULL if the backend does not have it */
    int result;
    firth_port_answer answer;
    char texts[];
} fth_look_up;

/* Whether the backend is to look the name up: a service by name is the system's to know. */
bool fth_look_up_is_for_backend(const firth_selector *selector, const firth_port_name *name);

/* Hands it to the backend. FIRTH_OK, and job.done will be called; or why not. */
int fth_look_up_at_backend(firth_selector *selector, fth_look_up *query);

/* shortage.c: after each name that was handed to the threads. Who comes to busy threads is short of one at once; of those
 * who come together, only when the threads have begun. Test: those_who_come_at_once_to_few_threads_are_logged. */
void fth_look_up_watch_shortage(firth_selector *selector);

#endif
