/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces of lwIP, where that is Firth's network. An interface is lwIP's own netif; whoever knows the hardware, the
 * application or a port, adds it to lwIP and hands its driver to the loop:
 *
 *     rc = firth_selector_open(&selector, &options);   // lwIP is initialized from here on
 *     netif_add(&netif, &address, &mask, &gateway, NULL, my_netif_init, netif_input);
 *     netif_set_default(&netif);
 *     netif_set_link_up(&netif);
 *     netif_set_up(&netif);
 *     my_driver.poll = my_poll;                        // hands the frames that have come to netif.input
 *     firth_lwip_driver_add(&my_driver);
 *     rc = firth_selector_run(selector);
 *     firth_lwip_driver_remove(&my_driver);
 *     netif_remove(&netif);
 *     firth_selector_close(selector);
 *
 * The header needs none of lwIP's. lwIP is a part of the library, so its functions are there for programs that link it
 * statically. All but firth_lwip_wake belongs to the selector's thread, inside a task or outside, and never suspends. */
#ifndef FIRTH_LWIP_H
#define FIRTH_LWIP_H

#include <firth/export.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct firth_lwip_driver firth_lwip_driver;

/* A driver as the loop sees it: the owner's memory, which stays where it is from add to remove. */
struct firth_lwip_driver {
    /* Gives the frames that have come to its netif's input, and returns without waiting: once in each turn of the loop, so
     * a driver of a busy network takes some and leaves the rest for the next. Whether it left any: the loop does not sleep
     * then. What it sends goes out in its netif's linkoutput: there is a turn behind each sleep, not before it, so a driver
     * that keeps frames back calls firth_lwip_wake for its turn. It may add and remove drivers. */
    bool (*poll)(firth_lwip_driver *driver);
    void *argument;          /* the driver's own */
    intptr_t descriptor;     /* on a hosted system one that is readable while poll has something to do, which ends a
                                 sleep; -1: none, and firth_lwip_wake does */
    firth_lwip_driver *next; /* the loop's */
};

FIRTH_BEGIN_DECLS

/* From the next turn on the loop polls it. It is not added yet. */
FIRTH_API void firth_lwip_driver_add(firth_lwip_driver *driver);

/* From now on it does not. Nothing happens if it was not added. */
FIRTH_API void firth_lwip_driver_remove(firth_lwip_driver *driver);

/* Ends the sleep of the loop, if it sleeps, or else its next: a driver has something to do. Any thread, a signal handler,
 * an interrupt; never suspends. */
FIRTH_API void firth_lwip_wake(void);

FIRTH_END_DECLS

#endif
