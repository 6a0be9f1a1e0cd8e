/* SPDX-License-Identifier: Apache-2.0 */
/* A network of this process's own with a name server that the test commands. For children of a test: see
 * support_in_child. */
#ifndef FIRTH_TESTS_NAMES_NAME_SERVER_H
#define FIRTH_TESTS_NAMES_NAME_SERVER_H

#include "tests/support/support.h"

/* The exit code of a child that the system does not let have such a network. */
enum { NAMES_CANNOT = 77 };

/* Enters a network of which only loopback is there, in which names are those of the text hosts, as in hosts(5), and of a
 * server on loopback that does not exist yet. Before the process has a second thread. Exits with NAMES_CANNOT. */
void names_enter_network(const char *hosts);

/* Starts that server. It answers names that begin with "fast" at once, as 127.0.0.9; those that begin with "held" after
 * names_answer_held; others never. The resolver waits 30 s for it, and asks once. Exits with NAMES_CANNOT. */
void names_start_server(void);
void names_answer_held(void);

/* How often it was asked for an IPv4 address of any name that begins so. */
int names_asked(const char *prefix);

/* A cmocka test of that name whose body is a task in such a network with such a server, in a child. In the body options
 * can only be those given. */
#define NAMES_TEST(name)                                                                                               \
    static int name##_body(firth_scope *scope, void *argument);                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        names_run(name##_body, 0);                                                                                     \
    }                                                                                                                  \
    static int name##_body(firth_scope *scope __attribute__((unused)), void *argument __attribute__((unused)))

/* The same by hand, with that many resolver threads at most; 0: the default. */
void names_run(firth_task_fn *body, unsigned resolver_threads);

#endif
