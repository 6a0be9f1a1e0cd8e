/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ports/context_checks.h"
#include "tests/ports/flow.h"

#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)

/* Words of registers_hold (registers.S), 0 where that has no code for the processor. */
#if defined(__x86_64__) && defined(_WIN32)
enum { register_words = 28 };
#elif defined(__x86_64__)
enum { register_words = 6 };
#elif defined(__aarch64__)
enum { register_words = 19 };
#elif defined(__arm__) && defined(__ARM_FP)
enum { register_words = 24 };
#elif defined(__arm__)
enum { register_words = 8 };
#elif defined(__riscv)
enum { register_words = 24 };
#endif
void registers_hold(const uintptr_t *pattern, uintptr_t *found, void (*away)(void *), void *argument);

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif

/* ThreadSanitizer has room for some 8,000 fibers. */
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
enum { many_contexts = 1000 };
#else
enum { many_contexts = 10000 };
#endif

/* ---- entry ------------------------------------------------------------------------------------------------------- */

static void look_around(flow *self)
{
    _Alignas(2 * sizeof(void *)) char here[2 * sizeof(void *)];
    char *address = here;
    char text[64];

    __asm__ volatile("" : "+r"(address) : : "memory"); /* or the compiler believes its own alignment */
    self->good = (uintptr_t)address % sizeof here == 0;
    snprintf(text, sizeof text, "%.3f %Lf", (double)self->number, (long double)self->number);
    self->good = self->good && strncmp(text, "42.000 42.000000", sizeof text) == 0;
    self->number = (char *)__builtin_frame_address(0) - (char *)self->stack;
}

static bool a_context_begins_on_its_stack_aligned_and_with_its_argument(void)
{
    firth_context thread;
    void *stack = stacks_open(1);
    flow other = {.number = 42};

    firth_context_of_thread(&thread);
    for (size_t odd = 0; odd < 32; odd++) { /* whatever the stack's own alignment is */
        other = (flow){.number = 42, .caller = &thread, .stack = stack, .body = look_around};
        firth_context_make(&other.self, stack, stack_bytes - odd, flow_entry, &other);
        flow_resume(&other);
        CHECK(other.ended && other.good);
        CHECK(other.number > stack_bytes / 2 && other.number < stack_bytes);
    }
    stacks_close(stack, 1);
    return true;
}

/* ---- registers --------------------------------------------------------------------------------------------------- */

enum { register_rounds = 100 };

static void suspend_flow(void *argument)
{
    flow_suspend(argument);
}

static void resume_flow(void *argument)
{
    flow_resume(argument);
}

/* Holds patterns nobody else has and goes away; false if one of them came back changed. */
static bool hold_patterns(unsigned seed, void (*away)(void *), void *argument)
{
    uintptr_t pattern[register_words], found[register_words];

    for (unsigned i = 0; i < register_words; i++)
        pattern[i] = (uintptr_t)0x0101010101010101u * (i + 1) ^ (uintptr_t)seed << 9;
    registers_hold(pattern, found, away, argument);
    for (unsigned i = 0; i < register_words; i++)
        if (pattern[i] != found[i]) {
            fprintf(stderr, "register %u: %#lx became %#lx\n", i, (unsigned long)pattern[i], (unsigned long)found[i]);
            return false;
        }
    return true;
}

static void hold_registers(flow *self)
{
    for (unsigned i = 0; i < register_rounds; i++)
        self->good = hold_patterns(2 * i + 1, suspend_flow, self) && self->good;
}

static bool callee_saved_registers_survive_a_switch(void)
{
    firth_context thread;
    void *stack = stacks_open(1);
    flow other = {0};

    firth_context_of_thread(&thread);
    flow_make(&other, &thread, stack, hold_registers);
    while (!other.ended)
        CHECK(hold_patterns(2 * (unsigned)other.number++, resume_flow, &other));
    CHECK(other.number == register_rounds + 1);
    CHECK(other.good);
    stacks_close(stack, 1);
    return true;
}

/* ---- floating point ---------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static unsigned control_words(void)
{
    unsigned mxcsr = 0;
    unsigned short x87 = 0;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (mxcsr & 0x6000) | (x87 & 0x0c00u);
}
static const unsigned control_upward = 0x4800, control_downward = 0x2400;
#else
static unsigned control_words(void)
{
    return (unsigned)fegetround();
}
static const unsigned control_upward = FE_UPWARD, control_downward = FE_DOWNWARD;
#endif

static void round_upward(flow *self)
{
    self->good = control_words() == control_downward; /* that of the maker */
    fesetround(FE_UPWARD);
    for (int i = 0; i < 3; i++) {
        flow_suspend(self);
        self->good = self->good && control_words() == control_upward;
    }
}

static bool the_rounding_mode_belongs_to_the_context(void)
{
    firth_context thread;
    void *stack = stacks_open(1);
    flow other = {0};

    firth_context_of_thread(&thread);
    fesetround(FE_DOWNWARD);
    flow_make(&other, &thread, stack, round_upward);
    fesetround(FE_TONEAREST);
    while (!other.ended) {
        flow_resume(&other);
        CHECK(control_words() == 0);
    }
    CHECK(other.good);
    stacks_close(stack, 1);
    return true;
}

/* ---- handing over ------------------------------------------------------------------------------------------------ */

enum { ring_length = 3 };

static void hand_over(void *argument)
{
    flow *self = argument, *next = self->number == ring_length - 1 ? self - self->number : self + 1;

    firth_context_switch(&self->self, &next->self);
}

static void go_round(flow *self)
{
    static const int modes[ring_length] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    unsigned mine;

    fesetround(modes[self->number]);
    mine = control_words();
    for (unsigned i = 0; i < register_rounds; i++) {
        self->good = hold_patterns(ring_length * i + (unsigned)self->number, hand_over, self) && self->good;
        self->good = control_words() == mine && self->good;
    }
}

/* All leave and go on at one place, as tasks do that hand over to each other: a switch may know that case. */
static bool contexts_that_hand_over_at_one_place_keep_what_is_theirs(void)
{
    firth_context thread;
    char *stacks = stacks_open(ring_length);
    flow flows[ring_length] = {0};

    firth_context_of_thread(&thread);
    for (size_t i = 0; i < ring_length; i++) {
        flow_make(&flows[i], &thread, stacks + i * stack_bytes, go_round);
        flows[i].number = (int64_t)i;
    }
    for (size_t i = 0; i < ring_length; i++) {
        CHECK(!flows[i].ended);
        flow_resume(&flows[i]);
        CHECK(flows[i].ended && flows[i].good);
        CHECK(control_words() == 0);
    }
    stacks_close(stacks, ring_length);
    return true;
}

/* ---- many contexts ----------------------------------------------------------------------------------------------- */

static void count_to_three(flow *self)
{
    for (int i = 0; i < 3; i++) {
        self->number++;
        flow_suspend(self);
    }
}

static bool ten_thousand_contexts_take_turns(void)
{
    firth_context thread;
    char *stacks = stacks_open(many_contexts);
    flow *flows = calloc(many_contexts, sizeof *flows);

    CHECK(flows != NULL);
    firth_context_of_thread(&thread);
    for (size_t i = 0; i < many_contexts; i++)
        flow_make(&flows[i], &thread, stacks + i * stack_bytes, count_to_three);
    for (int turn = 1; turn <= 4; turn++)
        for (size_t i = 0; i < many_contexts; i++) {
            flow_resume(&flows[i]);
            CHECK(flows[i].number == (turn < 4 ? turn : 3));
            CHECK(flows[i].ended == (turn == 4));
        }
    free(flows);
    stacks_close(stacks, many_contexts);
    return true;
}

/* Frames that are left standing when the flow leaves. */
static void leave_from_below(flow *self, int depth)
{
    volatile char room[64];

    memset((char *)room, depth, sizeof room);
    if (depth > 0) {
        leave_from_below(self, depth - 1);
    } else {
        self->number++;
        self->ended = true;
        firth_context_leave(&self->self, self->caller);
    }
    self->good = room[0] == depth;
}

static void leave_early(flow *self)
{
    leave_from_below(self, 50);
}

static bool a_stack_is_used_again_after_its_flow_has_left(void)
{
    firth_context thread;
    void *stack = stacks_open(1);
    flow other = {0};

    firth_context_of_thread(&thread);
    for (int i = 1; i <= 1000; i++) {
        flow_make(&other, &thread, stack, leave_early);
        flow_resume(&other);
        CHECK(other.ended && other.number == i);
        memset(stack, 0xa5, stack_bytes); /* it is plain memory again */
    }
    stacks_close(stack, 1);
    return true;
}

static void pass_on(flow *self)
{
    flow *next = self + 1;

    if (self->number > 0) {
        next->number = self->number - 1;
        firth_context_switch(&self->self, &next->self);
    }
}

/* Each context resumes the next and, when that has left, goes on. */
static bool a_context_may_resume_another(void)
{
    enum { length = 10 };
    firth_context thread;
    char *stacks = stacks_open(length);
    flow flows[length] = {0};

    firth_context_of_thread(&thread);
    for (size_t i = 0; i < length; i++)
        flow_make(&flows[i], i == 0 ? &thread : &flows[i - 1].self, stacks + i * stack_bytes, pass_on);
    flows[0].number = length - 1;
    firth_context_switch(&thread, &flows[0].self);
    for (size_t i = 0; i < length; i++) {
        CHECK(flows[i].ended);
        firth_context_forget(&flows[i].self);
    }
    stacks_close(stacks, length);
    return true;
}

/* ---- debuggers --------------------------------------------------------------------------------------------------- */

#if defined(__GLIBC__) && !defined(__arm__)
static __attribute__((noinline)) void unwind(flow *self)
{
    void *frames[64];

    self->number = backtrace(frames, 64);
}

static bool unwinding_ends_at_the_entry(void)
{
    firth_context thread;
    void *stack = stacks_open(1);
    flow other = {0};

    firth_context_of_thread(&thread);
    flow_make(&other, &thread, stack, unwind);
    flow_resume(&other);
    CHECK(other.number >= 2 && other.number <= 8);
    stacks_close(stack, 1);
    return true;
}
#endif

static bool the_switch_has_a_name(void)
{
#if defined(FTH_CONTEXT_UCONTEXT)
    CHECK(strcmp(firth_context_name(), "ucontext") == 0);
#elif defined(__x86_64__)
    CHECK(strcmp(firth_context_name(), "x86_64") == 0 || strcmp(firth_context_name(), "ucontext") == 0);
#elif defined(__aarch64__)
    CHECK(strcmp(firth_context_name(), "aarch64") == 0);
#elif defined(__arm__)
    CHECK(strcmp(firth_context_name(), "armv7") == 0);
#elif defined(__riscv)
    CHECK(strcmp(firth_context_name(), "riscv64") == 0);
#endif
    return true;
}

#define ENTRY(check)                                                                                                   \
    {                                                                                                                  \
#check, check                                                                                                  \
    }
const context_check context_checks[] = {
    ENTRY(the_switch_has_a_name),
    ENTRY(a_context_begins_on_its_stack_aligned_and_with_its_argument),
    ENTRY(callee_saved_registers_survive_a_switch),
    ENTRY(the_rounding_mode_belongs_to_the_context),
    ENTRY(contexts_that_hand_over_at_one_place_keep_what_is_theirs),
    ENTRY(ten_thousand_contexts_take_turns),
    ENTRY(a_stack_is_used_again_after_its_flow_has_left),
    ENTRY(a_context_may_resume_another),
#if defined(__GLIBC__) && !defined(__arm__)
    ENTRY(unwinding_ends_at_the_entry),
#endif
};
const size_t context_check_count = sizeof context_checks / sizeof *context_checks;
