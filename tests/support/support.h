/* SPDX-License-Identifier: Apache-2.0 */
/* What every test shares: running a body as a task on the backend under test, with leak checks around it.
 * The backend under test is named by the environment variable FIRTH_TEST_BACKEND, else it is the build's default.
 *
 * cmocka's own assert_… macros jump, so they belong on the main stack only; inside a task use EXPECT, which notes the
 * failure and returns from the task's function. */
#ifndef FIRTH_TESTS_SUPPORT_H
#define FIRTH_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <firth/firth.h>

/* Inside a task: notes file, line and text, and ends the function with FIRTH_ERR_USER. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return support_failed(__FILE__, __LINE__, #condition);                                                     \
    } while (0)

/* The same for two integers, printing both. */
#define EXPECT_EQUAL(actual, expected)                                                                                 \
    do {                                                                                                               \
        int64_t actual_ = (int64_t)(actual), expected_ = (int64_t)(expected);                                          \
        if (actual_ != expected_)                                                                                      \
            return support_differs(__FILE__, __LINE__, #actual, actual_, expected_);                                   \
    } while (0)

/* The same for memory. */
#define EXPECT_BYTES(actual, expected, size) EXPECT(memcmp(actual, expected, size) == 0)

/* A test whose body is a task: defines the cmocka test `name`, which runs the body with support_run and hands it the
 * test's state. The braces of the body follow; it returns FIRTH_OK. */
#define TASK_TEST(name)                                                                                                \
    static int name##_body(firth_scope *scope, void *argument);                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        support_run(name##_body, *state);                                                                              \
    }                                                                                                                  \
    static int name##_body(firth_scope *scope __attribute__((unused)), void *argument __attribute__((unused)))

/* The same, skipped with that reason unless it is NULL; it is asked for on the main stack, before the body runs. */
#define TASK_TEST_UNLESS(reason, name)                                                                                 \
    static int name##_body(firth_scope *scope, void *argument);                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        const char *why = reason;                                                                                      \
                                                                                                                       \
        if (why != NULL) {                                                                                             \
            print_message("%s\n", why);                                                                                \
            skip();                                                                                                    \
        }                                                                                                              \
        support_run(name##_body, *state);                                                                              \
    }                                                                                                                  \
    static int name##_body(firth_scope *scope __attribute__((unused)), void *argument __attribute__((unused)))

int support_failed(const char *file, int line, const char *what);
int support_differs(const char *file, int line, const char *what, int64_t actual, int64_t expected);

/* Runs body(scope, argument) as the first task of a fresh selector and fails the cmocka test if an EXPECT failed in any
 * task, if the result is not FIRTH_OK, or if a descriptor or an allocation of the selector is left afterwards. */
void support_run(firth_task_fn *body, void *argument);

/* The same with options of one's own (backend and allocation hooks are filled in). */
void support_run_with(firth_selector_options *options, firth_task_fn *body, void *argument);

/* The default options with the backend under test, counted allocation hooks, and a log that support_log_text shows. */
firth_selector_options support_options(void);

/* Everything the selector's log said since the test began. */
const char *support_log_text(void);

/* Allocations made through the hooks since the process began, and how many of them are still there. */
size_t support_allocations_made(void);
size_t support_allocations_live(void);

/* The n-th allocation from now fails, and if `all_after` every later one; 0 turns it off. */
void support_allocation_fail_at(size_t n, bool all_after);

/* Descriptors this process has open. */
size_t support_descriptors_open(void);

/* Threads of this process; 0 where the system does not tell (all but Linux). */
size_t support_threads(void);

/* The backend under test, and whether it is the one with that name. */
const firth_backend *support_backend(void);
bool support_backend_is(const char *name);

/* Whether this machine has IPv6 loopback. */
bool support_has_ipv6(void);

/* A connected pair over loopback TCP: a and b, both the caller's to close. In a task. */
int support_pair(firth_scope *scope, firth_socket **a, firth_socket **b);

/* The same with a builder of one's own, used for both ends. */
int support_pair_with(const firth_tcp_builder *tcp, firth_socket **a, firth_socket **b);

/* A port on 127.0.0.1 that was free a moment ago and has no listener. */
int support_closed_port(void);

/* Runs fn in a forked child, with its standard error captured into text (may be NULL); returns waitpid's status. */
int support_in_child(void (*fn)(void *argument), void *argument, char *text, size_t size);

/* A deterministic stream of bytes and numbers for property tests; the seed is FIRTH_TEST_SEED or one of the clock's,
 * and a failure prints it. */
typedef struct support_random {
    uint64_t state;
} support_random;
support_random support_random_start(void);
void support_random_use(uint64_t seed); /* a seed of the test's own, for the report of a failure */
uint64_t support_random_next(support_random *random);
uint64_t support_random_below(support_random *random, uint64_t limit);
void support_fill(void *bytes, size_t size, uint64_t offset); /* byte i of an endless reproducible stream */
bool support_is_filled(const void *bytes, size_t size, uint64_t offset);

/* Runs one(seed) for that many seeds, 1 and following, until one fails - or for FIRTH_TEST_SEED alone - and prints the
 * command that runs the failing one again. Returns what it came to. */
int support_seeds(size_t count, int (*one)(uint64_t seed));

/* Runs the tests of this program that match argv[1] (all without it); returns the exit code for main. */
int support_main(int argc, char **argv, const char *group, const struct CMUnitTest *tests, size_t count);

#endif
