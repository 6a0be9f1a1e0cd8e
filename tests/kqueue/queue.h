/* SPDX-License-Identifier: Apache-2.0 */
/* A queue, for the two files that make it work. */
#ifndef KQUEUE_DOUBLE_QUEUE_H
#define KQUEUE_DOUBLE_QUEUE_H

#include <stdatomic.h>

#include <sys/event.h>

#include "tests/kqueue/double.h"

#ifdef KEVENT_FLAG_IMMEDIATE
typedef struct kevent64_s event;
#else
typedef struct kevent event;
#endif

#define UDATA(of, number) ((__typeof__((of).udata))(number)) /* a pointer, or a number */

typedef struct filter {
    uint64_t udata;
    bool is_there, is_enabled, is_cleared, is_once, is_dispatched;
    bool is_waiting; /* in the line */
    uint32_t next;
} filter;

typedef struct queue {
    struct queue *next;
    int descriptor; /* of the set of sets */
    int sets[DOUBLE_FILTERS];
    int user, more; /* eventfds: the user event, and that there are filters in the line */
    atomic_bool has_user;
    uint64_t user_udata;
    filter *filters; /* descriptor * DOUBLE_FILTERS + filter */
    uint32_t capacity;
    uint32_t first, last; /* of the line; 0: it is empty, since no descriptor 0 is watched */
    unsigned waits;
} queue;

/* The lock is on all but the trigger, which a signal handler may pull. */
void double_lock(void);
void double_unlock(void);

queue *double_queue_at(int descriptor);

/* 0 or an errno. */
int double_change(queue *of, const event *change);
int double_pull_trigger(const queue *of);

filter *double_filter_at(const queue *of, int descriptor, int kind);
void double_stand_in_line(queue *of, filter *joins);
filter *double_leave_line(queue *of);
void double_drop(const queue *of, int descriptor, int kind);

#endif
