/* SPDX-License-Identifier: Apache-2.0 */
/* What options are called here: socket(7), ip(7), ipv6(7), tcp(7), udp(7), and the same pages in section 4 of the BSDs.
 * scripts/options reads these tables too, those of every system on any. */
#ifndef FTH_READINESS_OPTIONS_H
#define FTH_READINESS_OPTIONS_H

/* X(OPTION, level, name, told_factor): the system tells told_factor times what was asked for (Linux, socket(7): buffers,
 * with its bookkeeping). An option that is not here is not supported, nor is a name that the system's headers lack. */
#define FTH_COMMON_OPTIONS(X)                                                                                          \
    X(REUSE_ADDRESS, SOL_SOCKET, SO_REUSEADDR, 1)                                                                      \
    X(REUSE_PORT, SOL_SOCKET, SO_REUSEPORT, 1)                                                                         \
    X(IPV6_ONLY, IPPROTO_IPV6, IPV6_V6ONLY, 1)                                                                         \
    X(NO_DELAY, IPPROTO_TCP, TCP_NODELAY, 1)                                                                           \
    X(KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE, 1)                                                                         \
    X(KEEP_ALIVE_INTERVAL_S, IPPROTO_TCP, TCP_KEEPINTVL, 1)                                                            \
    X(KEEP_ALIVE_COUNT, IPPROTO_TCP, TCP_KEEPCNT, 1)                                                                   \
    X(TRAFFIC_CLASS, IPPROTO_IP, IP_TOS, 1)                                                                            \
    X(BROADCAST, SOL_SOCKET, SO_BROADCAST, 1)                                                                          \
    X(RECEIVE_HOP_LIMIT, IPPROTO_IP, IP_RECVTTL, 1)                                                                    \
    X(RECEIVE_ECN, IPPROTO_IP, IP_RECVTOS, 1)                                                                          \
    X(HOP_LIMIT, IPPROTO_IP, IP_TTL, 1)                                                                                \
    X(MULTICAST_LOOP, IPPROTO_IP, IP_MULTICAST_LOOP, 1)                                                                \
    X(MULTICAST_HOP_LIMIT, IPPROTO_IP, IP_MULTICAST_TTL, 1)                                                            \
    X(MULTICAST_INTERFACE, IPPROTO_IP, IP_MULTICAST_IF, 1)

/* What IPv6 has of its own, beside that. */
#define FTH_COMMON_IPV6_OPTIONS(X)                                                                                     \
    X(TRAFFIC_CLASS, IPPROTO_IPV6, IPV6_TCLASS, 1)                                                                     \
    X(PACKET_INFO, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)                                                                  \
    X(RECEIVE_HOP_LIMIT, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)                                                           \
    X(RECEIVE_ECN, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)                                                                   \
    X(HOP_LIMIT, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1)                                                                   \
    X(MULTICAST_LOOP, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1)                                                            \
    X(MULTICAST_HOP_LIMIT, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1)                                                       \
    X(MULTICAST_INTERFACE, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1)

#define FTH_LINUX_OPTIONS(X)                                                                                           \
    FTH_COMMON_OPTIONS(X)                                                                                              \
    X(KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPIDLE, 1)                                                                 \
    X(SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF, 2)                                                                     \
    X(RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF, 2)                                                                  \
    X(DONT_FRAGMENT, IPPROTO_IP, IP_MTU_DISCOVER, 1)                                                                   \
    X(PACKET_INFO, IPPROTO_IP, IP_PKTINFO, 1)                                                                          \
    X(COALESCE, IPPROTO_UDP, UDP_GRO, 1)                                                                               \
    X(PATH_MTU_BYTES, IPPROTO_IP, IP_MTU, 1)                                                                           \
    X(RECEIVE_DROPS, SOL_SOCKET, SO_MEMINFO, 1)

#define FTH_LINUX_IPV6_OPTIONS(X)                                                                                      \
    FTH_COMMON_IPV6_OPTIONS(X)                                                                                         \
    X(DONT_FRAGMENT, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1)                                                               \
    X(PATH_MTU_BYTES, IPPROTO_IPV6, IPV6_MTU, 1)

#define FTH_MACOS_OPTIONS(X)                                                                                           \
    FTH_COMMON_OPTIONS(X)                                                                                              \
    X(KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPALIVE, 1)                                                                \
    X(SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF, 1)                                                                     \
    X(RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF, 1)                                                                  \
    X(DONT_FRAGMENT, IPPROTO_IP, IP_DONTFRAG, 1)                                                                       \
    X(PACKET_INFO, IPPROTO_IP, IP_PKTINFO, 1)

/* With IP_RECVDSTADDR goes IP_RECVIF. */
#define FTH_BSD_OPTIONS(X)                                                                                             \
    FTH_COMMON_OPTIONS(X)                                                                                              \
    X(KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPIDLE, 1)                                                                 \
    X(SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF, 1)                                                                     \
    X(RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF, 1)                                                                  \
    X(DONT_FRAGMENT, IPPROTO_IP, IP_DONTFRAG, 1)                                                                       \
    X(PACKET_INFO, IPPROTO_IP, IP_RECVDSTADDR, 1)

#define FTH_BSD_IPV6_OPTIONS(X)                                                                                        \
    FTH_COMMON_IPV6_OPTIONS(X)                                                                                         \
    X(DONT_FRAGMENT, IPPROTO_IPV6, IPV6_DONTFRAG, 1)

#ifdef __linux__
#define FTH_NATIVE_OPTIONS(X)      FTH_LINUX_OPTIONS(X)
#define FTH_NATIVE_IPV6_OPTIONS(X) FTH_LINUX_IPV6_OPTIONS(X)
#else
#ifdef __APPLE__
#define FTH_NATIVE_OPTIONS(X) FTH_MACOS_OPTIONS(X)
#else
#define FTH_NATIVE_OPTIONS(X) FTH_BSD_OPTIONS(X)
#endif
#define FTH_NATIVE_IPV6_OPTIONS(X) FTH_BSD_IPV6_OPTIONS(X)
#endif

#endif
