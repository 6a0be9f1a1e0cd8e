/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers of lwIP's interfaces, which the loop turns. */
#include <firth/lwip.h>
#include <stddef.h>

#include "backends/lwip/driver.h"

/* The program's, as lwIP's netifs are. */
static firth_lwip_driver *first;

/* Whose turn is next: whoever is removed meanwhile has none. */
static firth_lwip_driver *turn;

const firth_lwip_driver *fth_lwip_drivers(void)
{
    return first;
}

void firth_lwip_driver_add(firth_lwip_driver *driver)
{
    driver->next = first;
    first = driver;
    firth_lwip_wake();
}

void firth_lwip_driver_remove(firth_lwip_driver *driver)
{
    firth_lwip_driver **link = &first;

    while (*link != NULL && *link != driver)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    if (turn == driver)
        turn = driver->next;
    *link = driver->next;
    driver->next = NULL;
}

bool fth_lwip_poll_drivers(void)
{
    firth_lwip_driver *driver;
    bool is_more = false;

    turn = first;
    while ((driver = turn) != NULL) {
        turn = driver->next;
        is_more |= driver->poll(driver);
    }
    return is_more;
}
