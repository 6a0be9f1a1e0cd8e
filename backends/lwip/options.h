/* SPDX-License-Identifier: Apache-2.0 */
/* The options of lwIP's sockets. */
#ifndef FTH_LWIP_OPTIONS_H
#define FTH_LWIP_OPTIONS_H

/* X(OPTION, bits, value): it takes 0 to 2^bits - 1, and is value when nobody sets it: RFC 1122 §4.2.3.6 and lwIP's own.
 * What is not here is not supported: lwIP's buffers are of a size that its configuration sets. That of received
 * datagrams is the backend's own; connections do not have the option. */
#define FTH_LWIP_OPTIONS(X)                                                                                            \
    X(REUSE_ADDRESS, 1, 0)                                                                                             \
    X(IPV6_ONLY, 1, 0)                                                                                                 \
    X(NO_DELAY, 1, 0)                                                                                                  \
    X(KEEP_ALIVE, 1, 0)                                                                                                \
    X(KEEP_ALIVE_IDLE_S, 15, 7200)                                                                                     \
    X(KEEP_ALIVE_INTERVAL_S, 15, 75)                                                                                   \
    X(KEEP_ALIVE_COUNT, 7, 9)                                                                                          \
    X(TRAFFIC_CLASS, 8, 0)                                                                                             \
    X(BROADCAST, 1, 0)                                                                                                 \
    X(PACKET_INFO, 1, 0)                                                                                               \
    X(RECEIVE_HOP_LIMIT, 1, 0)                                                                                         \
    X(RECEIVE_ECN, 1, 0)                                                                                               \
    X(RECEIVE_BUFFER_BYTES, 31, 65536)                                                                                 \
    X(HOP_LIMIT, 8, 64)                                                                                                \
    X(MULTICAST_LOOP, 1, 1)                                                                                            \
    X(MULTICAST_HOP_LIMIT, 8, 1)                                                                                       \
    X(MULTICAST_INTERFACE, 8, 0)                                                                                       \
    X(RECEIVE_DROPS, 0, 0)

/* Where a socket keeps each. */
typedef enum fth_lwip_option {
#define FTH_LWIP_OPTION_(OPTION, most, value) FTH_LWIP_##OPTION,
    FTH_LWIP_OPTIONS(FTH_LWIP_OPTION_)
#undef FTH_LWIP_OPTION_
        FTH_LWIP_OPTION_COUNT
} fth_lwip_option;

#endif
