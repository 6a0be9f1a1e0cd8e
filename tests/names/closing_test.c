/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a selector while its threads look names up. */
#include "tests/names/name_server.h"

#include <stdio.h>

typedef struct asker {
    char host[64];
    bool ended;
} asker;

static int ask(firth_scope *scope, void *argument)
{
    asker *self = argument;
    firth_address address;
    int rc = firth_resolve(self->host, NULL, NULL, &address, 1);

    (void)scope;
    self->ended = true;
    return rc == 1 || rc == FIRTH_ERR_CANCELED ? FIRTH_OK : rc;
}

/* Those that are answered before the close are told the loop, and those after it nobody: neither finds the other. */
static int leave_names_behind(firth_scope *scope, void *argument)
{
    static asker askers[8];
    firth_scope asking;

    (void)argument;
    firth_scope_open(&asking, scope, NULL);
    for (int i = 0; i < 8; i++) {
        askers[i] = (asker){.ended = false};
        snprintf(askers[i].host, sizeof askers[i].host, "fast%d.test", i);
        EXPECT_EQUAL(firth_spawn(&asking, ask, &askers[i], NULL), FIRTH_OK);
    }
    for (int i = 0; i < 8 && !askers[0].ended; i++)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    firth_scope_cancel(&asking);
    return firth_scope_close(&asking, FIRTH_OK);
}

static int run_and_leave_names(void *argument)
{
    firth_selector_options options = support_options();

    return firth_run_with(&options, leave_names_behind, argument);
}

NAMES_TEST(a_selector_closes_while_names_are_being_answered)
{
    for (int round = 0; round < 100; round++)
        EXPECT_EQUAL(firth_blocking(run_and_leave_names, NULL), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_selector_closes_while_names_are_being_answered),
    };

    return support_main(argc, argv, "closing", tests, sizeof tests / sizeof *tests);
}
