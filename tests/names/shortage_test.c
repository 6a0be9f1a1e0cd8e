/* SPDX-License-Identifier: Apache-2.0 */
/* More names at once than there are threads for. */
#include "tests/names/name_server.h"

#include <stdio.h>

enum { COUNT = 9 }; /* one more than the threads: two that count, and the six that there may be for others */

typedef struct asker {
    char host[64];
    int result;
} asker;

static int ask(firth_scope *scope, void *argument)
{
    asker *self = argument;
    firth_address address;

    (void)scope;
    self->result = firth_resolve(self->host, NULL, NULL, &address, 1);
    return FIRTH_OK;
}

/* Nobody asks again, who would find out. */
static int ask_for_more_than_there_are_threads(firth_scope *scope, void *argument)
{
    static asker askers[COUNT];
    firth_scope asking;

    (void)argument;
    firth_scope_open(&asking, scope, NULL);
    for (int i = 0; i < COUNT; i++) {
        askers[i] = (asker){.result = 0};
        snprintf(askers[i].host, sizeof askers[i].host, "held%d.test", i);
        EXPECT_EQUAL(firth_spawn(&asking, ask, &askers[i], NULL), FIRTH_OK);
    }
    while (strstr(support_log_text(), "all 8 are busy, 0 of them with names that nobody waits for") == NULL)
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    names_answer_held();
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < COUNT; i++)
        EXPECT_EQUAL(askers[i].result, 1);
    return FIRTH_OK;
}

static void those_who_come_at_once_to_few_threads_are_logged(void **state)
{
    (void)state;
    names_run(ask_for_more_than_there_are_threads, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_come_at_once_to_few_threads_are_logged),
    };

    return support_main(argc, argv, "shortage", tests, sizeof tests / sizeof *tests);
}
