/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself, and opening it. */
#include "tests/conformance/peers.h"

static int the_table_has_every_slot_it_needs(firth_scope *scope)
{
    const firth_backend *table = fth_kit.subject.backend;
    bool adopts = (table->capabilities & FIRTH_CAN_ADOPT) != 0;

    (void)scope;
    PROMISE(table->name != NULL && table->name[0] != '\0');
    PROMISE(table->open != NULL && table->close != NULL && table->socket_open != NULL && table->socket_close != NULL);
    PROMISE(table->bind != NULL && table->listen != NULL && table->set_option != NULL && table->get_option != NULL);
    PROMISE(table->local_address != NULL && table->peer_address != NULL && table->shutdown_write != NULL);
    PROMISE(table->submit != NULL && table->cancel != NULL && table->poll != NULL && table->wake != NULL);
    PROMISE(!adopts || (table->adopt != NULL && table->release != NULL));
    PROMISE((table->capabilities & FIRTH_CAN_DATAGRAMS) == 0 ||
            (table->datagram_open != NULL && table->multicast != NULL));
    PROMISE(((table->capabilities & FIRTH_CAN_UNIX) != 0) == (table->unix_sockets != NULL));
    PROMISE((table->capabilities & FIRTH_CAN_POLLABLE) == 0 || table->pollable != NULL);
    return FIRTH_OK;
}

static int the_table_of_unix_sockets_has_every_slot(firth_scope *scope)
{
    const firth_unix_backend *table = fth_kit.subject.backend->unix_sockets;

    (void)scope;
    PROMISE(table->open != NULL && table->adopt != NULL && table->connect != NULL && table->bind != NULL);
    PROMISE(table->unlink != NULL && table->address != NULL && table->credentials != NULL);
    PROMISE(table->receive != NULL && table->send != NULL && table->discard != NULL);
    return FIRTH_OK;
}

static int nothing(firth_scope *scope)
{
    (void)scope;
    return FIRTH_OK;
}

static int a_selector_can_be_opened_and_closed_many_times(void)
{
    for (int i = 0; i < 50; i++)
        TRY(fth_kit_in_selector(nothing));
    return FIRTH_OK;
}

static int a_pollable_backend_has_a_descriptor(firth_scope *scope)
{
    intptr_t descriptor = -1, again = -1;

    TRY(firth_selector_pollable(firth_scope_selector(scope), &descriptor));
    TRY(firth_selector_pollable(firth_scope_selector(scope), &again));
    EXPECT(descriptor != -1 && descriptor == again);
    return FIRTH_OK;
}

const kit_case fth_kit_table_cases[] = {
    KIT_CASE_PLAIN(the_table_has_every_slot_it_needs, KIT_NO_CONNECTION),
    KIT_CASE_WITH(the_table_of_unix_sockets_has_every_slot, .body = the_table_of_unix_sockets_has_every_slot,
                  .needs = FIRTH_CAN_UNIX, .plain = KIT_NO_CONNECTION),
    KIT_CASE_WITH(a_selector_can_be_opened_and_closed_many_times,
                  .outside = a_selector_can_be_opened_and_closed_many_times, .flags = 0, .plain = KIT_NO_CONNECTION),
    KIT_CASE_WITH(a_pollable_backend_has_a_descriptor, .body = a_pollable_backend_has_a_descriptor,
                  .needs = FIRTH_CAN_POLLABLE, .plain = KIT_NO_CONNECTION),
    {.name = NULL},
};
