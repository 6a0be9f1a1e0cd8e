/* SPDX-License-Identifier: Apache-2.0 */
/* A context with a body, on a stack of its own, that returns to whoever resumed it. */
#ifndef FIRTH_TESTS_PORTS_FLOW_H
#define FIRTH_TESTS_PORTS_FLOW_H

#include <firth/port.h>

enum { stack_bytes = 32 * 1024 };

typedef struct flow {
    firth_context self;
    firth_context *caller;
    void *stack;
    void (*body)(struct flow *self);
    bool ended;
    /* what the bodies note */
    int64_t number;
    bool good;
} flow;

/* Memory for so many stacks, one after the other. */
void *stacks_open(size_t count);
void stacks_close(void *stacks, size_t count);

void flow_make(flow *self, firth_context *caller, void *stack, void (*body)(flow *));
void flow_resume(flow *self);
void flow_suspend(flow *self);

/* What the context runs: the body, and then it leaves. */
void flow_entry(void *argument);

#endif
