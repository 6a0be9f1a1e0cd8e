/* SPDX-License-Identifier: Apache-2.0 */
/* The options of simulated sockets. scripts/options reads this table too. */
#ifndef FTH_SIM_OPTIONS_H
#define FTH_SIM_OPTIONS_H

/* X(OPTION, most, value): the most it takes, as on Linux, and what it is when nobody sets it. What is not here is not
 * supported. */
#define FTH_SIM_OPTIONS(X)                                                                                             \
    X(REUSE_ADDRESS, 1, 0)                                                                                             \
    X(REUSE_PORT, 1, 0)                                                                                                \
    X(IPV6_ONLY, 1, 0)                                                                                                 \
    X(NO_DELAY, 1, 0)                                                                                                  \
    X(KEEP_ALIVE, 1, 0)                                                                                                \
    X(KEEP_ALIVE_IDLE_S, 32767, 7200)                                                                                  \
    X(KEEP_ALIVE_INTERVAL_S, 32767, 75)                                                                                \
    X(KEEP_ALIVE_COUNT, 127, 9)                                                                                        \
    X(SEND_BUFFER_BYTES, INT_MAX, 131072)                                                                              \
    X(RECEIVE_BUFFER_BYTES, INT_MAX, 131072)                                                                           \
    X(TRAFFIC_CLASS, 255, 0)                                                                                           \
    X(BROADCAST, 1, 0)                                                                                                 \
    X(DONT_FRAGMENT, 1, 0)                                                                                             \
    X(PACKET_INFO, 1, 0)                                                                                               \
    X(RECEIVE_HOP_LIMIT, 1, 0)                                                                                         \
    X(RECEIVE_ECN, 1, 0)                                                                                               \
    X(HOP_LIMIT, 255, 64)                                                                                              \
    X(MULTICAST_LOOP, 1, 1)                                                                                            \
    X(MULTICAST_HOP_LIMIT, 255, 1)                                                                                     \
    X(MULTICAST_INTERFACE, 1, 0)                                                                                       \
    X(PATH_MTU_BYTES, 0, 0)                                                                                            \
    X(RECEIVE_DROPS, 0, 0)

#endif
