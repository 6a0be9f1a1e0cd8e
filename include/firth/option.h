/* SPDX-License-Identifier: Apache-2.0 */
/* The options of sockets that the system keeps: one table, from which come the numbers below, the checks of every call
 * that sets one, and docs/options.md. What each means in detail is written at the field of that name in the builders. */
#ifndef FIRTH_OPTION_H
#define FIRTH_OPTION_H

#include <firth/export.h>

/* What stands in the table for a default: the system's own choice; the sockets do not have the option. */
#define FIRTH_DEFAULT_SYSTEM (-1)
#define FIRTH_DEFAULT_NONE   (-2)

/* X(NAME, name, least, most, unit, tcp, udp, local, what): the values it takes - none, if least is above most: it can only
 * be read - and the default of the builders of TCP, UDP and Unix sockets, which is the system's too unless a builder sets
 * it. Numbers are those of the list's order, and never change: new ones are added at its end. */
#define FIRTH_OPTIONS(X)                                                                                               \
    X(REUSE_ADDRESS, reuse_address, 0, 1, "switch", 1, 0, FIRTH_DEFAULT_NONE,                                          \
      "a port can be bound although old connections linger; of UDP: is shared by all who say so")                      \
    X(REUSE_PORT, reuse_port, 0, 1, "switch", 0, 0, FIRTH_DEFAULT_NONE,                                                \
      "a port is shared, and the system spreads clients or datagrams")                                                 \
    X(IPV6_ONLY, ipv6_only, 0, 1, "switch", 0, 0, FIRTH_DEFAULT_NONE,                                                  \
      "an IPv6 wildcard takes no IPv4; nothing to an IPv4 socket")                                                     \
    X(NO_DELAY, no_delay, 0, 1, "switch", 1, FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_NONE, "small segments leave at once")   \
    X(KEEP_ALIVE, keep_alive, 0, 1, "switch", 0, FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_NONE, "an idle peer is probed")     \
    X(KEEP_ALIVE_IDLE_S, keep_alive_idle_s, 1, 32767, "s", FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,                   \
      FIRTH_DEFAULT_NONE, "before the first probe")                                                                    \
    X(KEEP_ALIVE_INTERVAL_S, keep_alive_interval_s, 1, 32767, "s", FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,           \
      FIRTH_DEFAULT_NONE, "between probes")                                                                            \
    X(KEEP_ALIVE_COUNT, keep_alive_count, 1, 127, "number", FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,                  \
      FIRTH_DEFAULT_NONE, "unanswered probes that end the connection")                                                 \
    X(SEND_BUFFER_BYTES, send_buffer_bytes, 1, INT32_MAX, "bytes", FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_SYSTEM,         \
      FIRTH_DEFAULT_SYSTEM, "the kernel's, of what is to be sent")                                                     \
    X(RECEIVE_BUFFER_BYTES, receive_buffer_bytes, 1, INT32_MAX, "bytes", FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_SYSTEM,   \
      FIRTH_DEFAULT_SYSTEM, "the kernel's, of what waits to be received")                                              \
    X(TRAFFIC_CLASS, traffic_class, 0, 255, "octet", FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,   \
      "TOS or traffic class; ECN, its low two bits, is TCP's own affair there")                                        \
    X(BROADCAST, broadcast, 0, 1, "switch", FIRTH_DEFAULT_NONE, 0, FIRTH_DEFAULT_NONE,                                 \
      "may be sent to broadcast addresses")                                                                            \
    X(DONT_FRAGMENT, dont_fragment, 0, 1, "switch", FIRTH_DEFAULT_NONE, 0, FIRTH_DEFAULT_NONE,                         \
      "what is longer than the path takes is an error")                                                                \
    X(PACKET_INFO, packet_info, 0, 1, "switch", FIRTH_DEFAULT_NONE, 0, FIRTH_DEFAULT_NONE,                             \
      "tell each datagram's destination and interface")                                                                \
    X(RECEIVE_HOP_LIMIT, receive_hop_limit, 0, 1, "switch", FIRTH_DEFAULT_NONE, 0, FIRTH_DEFAULT_NONE,                 \
      "tell each datagram's hop limit")                                                                                \
    X(RECEIVE_ECN, receive_ecn, 0, 1, "switch", FIRTH_DEFAULT_NONE, 0, FIRTH_DEFAULT_NONE, "tell each datagram's ECN") \
    X(COALESCE, coalesce, 0, 1, "switch", FIRTH_DEFAULT_NONE, 0, FIRTH_DEFAULT_NONE,                                   \
      "runs of equal datagrams are handed over as one")                                                                \
    X(HOP_LIMIT, hop_limit, 1, 255, "hops", FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,              \
      "of what is sent")                                                                                               \
    X(MULTICAST_LOOP, multicast_loop, 0, 1, "switch", FIRTH_DEFAULT_NONE, 1, FIRTH_DEFAULT_NONE,                       \
      "what is sent to a group comes to members on this machine too")                                                  \
    X(MULTICAST_HOP_LIMIT, multicast_hop_limit, 0, 255, "hops", FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_SYSTEM,              \
      FIRTH_DEFAULT_NONE, "of what is sent to groups")                                                                 \
    X(MULTICAST_INTERFACE, multicast_interface, 0, INT32_MAX, "index", FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_SYSTEM,       \
      FIRTH_DEFAULT_NONE, "the interface by which it leaves")                                                          \
    X(PATH_MTU_BYTES, path_mtu_bytes, 1, 0, "bytes", FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,     \
      "of a connected socket, IP header included, as far as the system knows")                                         \
    X(RECEIVE_DROPS, receive_drops, 1, 0, "number", FIRTH_DEFAULT_NONE, FIRTH_DEFAULT_SYSTEM, FIRTH_DEFAULT_NONE,      \
      "datagrams dropped so far, most of them because the receive buffer was full")

/* What can be read back from the system, and set on a socket that exists. Values are ints; switches are 0 and 1. */
typedef enum firth_option {
#define FIRTH_OPTION_(NAME, name, least, most, unit, tcp, udp, local, what) FIRTH_OPTION_##NAME,
    FIRTH_OPTIONS(FIRTH_OPTION_)
#undef FIRTH_OPTION_
        FIRTH_OPTION_COUNT_ /* how many there are */
} firth_option;

FIRTH_BEGIN_DECLS

/* The option's name as the field of a builder has it, "no_delay"; "?" for a number that is none. Static storage. Any
 * thread; never suspends. */
FIRTH_API const char *firth_option_name(firth_option option);

FIRTH_END_DECLS

#endif
