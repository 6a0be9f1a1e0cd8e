/* SPDX-License-Identifier: Apache-2.0 */
/* What options are called here: Winsock's "Socket Options". scripts/options reads this table too. */
#ifndef FTH_IOCP_OPTIONS_H
#define FTH_IOCP_OPTIONS_H

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
    X(RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF)

#endif
