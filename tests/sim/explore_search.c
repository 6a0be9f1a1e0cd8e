/* SPDX-License-Identifier: Apache-2.0 */
/* All orders of a kind, breadth first. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/explore.h"
#include "tests/support/internal.h"

/* An order that long and still new would mean that there is no end to the states. */
enum { DEPTH_MAX = 40 };

typedef struct node {
    char order[DEPTH_MAX + 2];
    unsigned next;
} node;

typedef struct search {
    node *nodes;
    uint64_t *states;
    size_t count;
    size_t room;
    size_t orders;
} search;

static bool is_known(const search *all, uint64_t state)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->states[i] == state)
            return true;
    return false;
}

static void add(search *all, const char *order, uint64_t state, unsigned next)
{
    if (all->count == all->room) {
        all->room = all->room * 2 + 256;
        all->nodes = realloc(all->nodes, all->room * sizeof *all->nodes);
        all->states = realloc(all->states, all->room * sizeof *all->states);
        if (all->nodes == NULL || all->states == NULL)
            abort();
    }
    strcpy(all->nodes[all->count].order, order);
    all->nodes[all->count].next = next;
    all->states[all->count++] = state;
}

static int try_order(search *all, const explored_kind *kind, const char *order)
{
    size_t failures = support_failures();
    uint64_t state = 0;
    unsigned next = 0;
    int rc = explore_play(kind, order, &state, &next);

    if (rc < 0 || support_failures() > failures) {
        fprintf(stderr, "    repeat with: FIRTH_TEST_ORDER=%s %s '%s'\n", order, support_program(),
                support_test_name());
        return FIRTH_ERR_USER;
    }
    all->orders++;
    if (!is_known(all, state))
        add(all, order, state, next);
    return FIRTH_OK;
}

static int go_on_from(search *all, const explored_kind *kind, size_t at)
{
    char order[DEPTH_MAX + 2];
    int rc = FIRTH_OK;

    for (unsigned i = 0; kind->actions[i] != '\0' && rc >= 0; i++) {
        size_t depth = strlen(all->nodes[at].order);

        if ((all->nodes[at].next & 1u << i) == 0)
            continue;
        EXPECT(depth < DEPTH_MAX);
        strcpy(order, all->nodes[at].order);
        order[depth] = kind->actions[i];
        order[depth + 1] = '\0';
        rc = try_order(all, kind, order);
    }
    return rc;
}

int explore(const explored_kind *kind, bool late)
{
    const char *given = getenv("FIRTH_TEST_ORDER");
    search all = {.nodes = NULL};
    int rc;

    explore_is_late = late;
    rc = try_order(&all, kind, given != NULL ? given : "");
    for (size_t i = 0; i < all.count && given == NULL && rc >= 0; i++)
        rc = go_on_from(&all, kind, i);
    if (rc >= 0 && given == NULL) {
        print_message("%s%s: %u states, %u orders, the longest new one of %u actions\n", kind->name,
                      late ? ", cancelled late" : "", (unsigned)all.count, (unsigned)all.orders,
                      (unsigned)strlen(all.nodes[all.count - 1].order));
        if (all.count < kind->states_least)
            rc = support_failed(__FILE__, __LINE__, "too few states for an exploration");
    }
    free(all.nodes);
    free(all.states);
    return rc;
}
