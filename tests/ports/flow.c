/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ports/flow.h"

#include <stdlib.h>
#ifdef _WIN32
#include <windows.h>

void *stacks_open(size_t count)
{
    void *stacks = VirtualAlloc(NULL, count * stack_bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (stacks == NULL)
        abort();
    return stacks;
}

void stacks_close(void *stacks, size_t count)
{
    (void)count;
    (void)VirtualFree(stacks, 0, MEM_RELEASE);
}
#else
#include <sys/mman.h>

void *stacks_open(size_t count)
{
    void *stacks =
        mmap(NULL, count * stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (stacks == MAP_FAILED)
        abort();
    return stacks;
}

void stacks_close(void *stacks, size_t count)
{
    munmap(stacks, count * stack_bytes);
}
#endif

void flow_entry(void *argument)
{
    flow *self = argument;

    self->body(self);
    self->ended = true;
    firth_context_leave(&self->self, self->caller);
}

void flow_make(flow *self, firth_context *caller, void *stack, void (*body)(flow *))
{
    self->caller = caller;
    self->stack = stack;
    self->body = body;
    self->ended = false;
    self->good = true;
    firth_context_make(&self->self, stack, stack_bytes, flow_entry, self);
}

void flow_resume(flow *self)
{
    firth_context_switch(self->caller, &self->self);
    if (self->ended)
        firth_context_forget(&self->self);
}

void flow_suspend(flow *self)
{
    firth_context_switch(&self->self, self->caller);
}
