/* SPDX-License-Identifier: Apache-2.0 */
/* What options are called here: Winsock's "Socket Options". scripts/options reads this table too. */
#ifndef FTH_IOCP_OPTIONS_H
#define FTH_IOCP_OPTIONS_H

#ifdef _WIN32
/* Newer than some headers. */
#ifndef IP_RECVTOS
#define IP_RECVTOS 40
#endif
#ifndef IPV6_RECVTCLASS
#define IPV6_RECVTCLASS 40
#endif
#ifndef IP_MTU
#define IP_MTU 73
#endif
#ifndef IPV6_MTU
#define IPV6_MTU 72
#endif
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE 3
#endif
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT 16
#endif
#ifndef TCP_KEEPINTVL
#define TCP_KEEPINTVL 17
#endif
#endif

/* X(OPTION, level, name). An option that is not here is not supported. */
#define FTH_WINDOWS_OPTIONS(X)                                                                                         \
    X(REUSE_ADDRESS, SOL_SOCKET, SO_REUSEADDR)                                                                         \
    X(IPV6_ONLY, IPPROTO_IPV6, IPV6_V6ONLY)                                                                            \
    X(NO_DELAY, IPPROTO_TCP, TCP_NODELAY)                                                                              \
    X(KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE)                                                                            \
    X(KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPIDLE)                                                                    \
    X(KEEP_ALIVE_INTERVAL_S, IPPROTO_TCP, TCP_KEEPINTVL)                                                               \
    X(KEEP_ALIVE_COUNT, IPPROTO_TCP, TCP_KEEPCNT)                                                                      \
    X(SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF)                                                                        \
    X(RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF)                                                                     \
    X(BROADCAST, SOL_SOCKET, SO_BROADCAST)                                                                             \
    X(DONT_FRAGMENT, IPPROTO_IP, IP_DONTFRAGMENT)                                                                      \
    X(PACKET_INFO, IPPROTO_IP, IP_PKTINFO)                                                                             \
    X(RECEIVE_HOP_LIMIT, IPPROTO_IP, IP_RECVTTL)                                                                       \
    X(RECEIVE_ECN, IPPROTO_IP, IP_RECVTOS)                                                                             \
    X(HOP_LIMIT, IPPROTO_IP, IP_TTL)                                                                                   \
    X(MULTICAST_LOOP, IPPROTO_IP, IP_MULTICAST_LOOP)                                                                   \
    X(MULTICAST_HOP_LIMIT, IPPROTO_IP, IP_MULTICAST_TTL)                                                               \
    X(MULTICAST_INTERFACE, IPPROTO_IP, IP_MULTICAST_IF)                                                                \
    X(PATH_MTU_BYTES, IPPROTO_IP, IP_MTU)

/* What IPv6 has of its own, beside that. */
#define FTH_WINDOWS_IPV6_OPTIONS(X)                                                                                    \
    X(DONT_FRAGMENT, IPPROTO_IPV6, IPV6_DONTFRAG)                                                                      \
    X(PACKET_INFO, IPPROTO_IPV6, IPV6_PKTINFO)                                                                         \
    X(RECEIVE_HOP_LIMIT, IPPROTO_IPV6, IPV6_HOPLIMIT)                                                                  \
    X(RECEIVE_ECN, IPPROTO_IPV6, IPV6_RECVTCLASS)                                                                      \
    X(HOP_LIMIT, IPPROTO_IPV6, IPV6_UNICAST_HOPS)                                                                      \
    X(MULTICAST_LOOP, IPPROTO_IPV6, IPV6_MULTICAST_LOOP)                                                               \
    X(MULTICAST_HOP_LIMIT, IPPROTO_IPV6, IPV6_MULTICAST_HOPS)                                                          \
    X(MULTICAST_INTERFACE, IPPROTO_IPV6, IPV6_MULTICAST_IF)                                                            \
    X(PATH_MTU_BYTES, IPPROTO_IPV6, IPV6_MTU)

#endif
