/* SPDX-License-Identifier: Apache-2.0 */
/* What tests over a wire share: the wire, the peer at its other end, and conversations with it. */
#ifndef FIRTH_TESTS_LWIP_TALK_H
#define FIRTH_TESTS_LWIP_TALK_H

#include "tests/lwip/peer.h"

/* This end, from set-up to tear-down. */
extern wire talk_wire;

/* The peer's link-local address, with the zone that the interface is. */
extern char talk_link_local[16];

/* A cmocka test with a wire and a peer, and one whose wire has the faults, a wire_faults, both ways. */
#define TALK_PLUGGED(name)        cmocka_unit_test_setup_teardown(name, talk_plug_in, talk_unplug)
#define TALK_FAULTY(name, faults) cmocka_unit_test_prestate_setup_teardown(name, talk_plug_in, talk_unplug, &(faults))
int talk_plug_in(void **state);
int talk_unplug(void **state);

/* As TASK_TEST, for those two: the interface is there while the body runs. */
#define TALK_TEST(name)                                                                                                \
    static int name##_over_wire(firth_scope *scope);                                                                   \
    TASK_TEST(name)                                                                                                    \
    {                                                                                                                  \
        return talk_over_wire(scope, name##_over_wire);                                                                \
    }                                                                                                                  \
    static int name##_over_wire(firth_scope *scope __attribute__((unused)))
int talk_over_wire(firth_scope *scope, int (*body)(firth_scope *scope));

typedef struct talk_conversation {
    const char *host;
    size_t size;
    uint64_t offset; /* of the bytes that are said */
    firth_socket *socket;
} talk_conversation;

/* A task's function, whose argument is a talk_conversation: says it all and hears the echo, both at once, to the end. */
int talk_converse(firth_scope *scope, void *argument);

int talk_connect(firth_scope *scope, const char *host, int port, firth_socket **socket);

/* Sends so many bytes and hears them again. */
int talk_echo_datagram(firth_datagram_socket *socket, const char *host, size_t size);

#endif
