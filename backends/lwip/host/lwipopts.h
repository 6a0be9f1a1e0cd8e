/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP on a hosted system: both families, everything that the backend can use, memory for thousands of connections. */
#ifndef FTH_LWIP_OPTS_H
#define FTH_LWIP_OPTS_H

#include <stdint.h>

/* The raw API, driven by the selector; or by lwIP's own thread, whose lock every call holds. */
#ifdef FTH_LWIP_THREAD
#define NO_SYS                   0
#define SYS_LIGHTWEIGHT_PROT     1
#define LWIP_TCPIP_CORE_LOCKING  1
#define TCPIP_MBOX_SIZE          128
#define MEMP_NUM_TCPIP_MSG_API   128
#define MEMP_NUM_TCPIP_MSG_INPKT 128
#else
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#endif
#define LWIP_NETCONN 0
#define LWIP_SOCKET  0
#define LWIP_STATS   0

#define LWIP_IPV4            1
#define LWIP_IPV6            1
#define LWIP_ICMP            1
#define LWIP_RAW             0
#define LWIP_UDP             1
#define LWIP_TCP             1
#define LWIP_IGMP            1
#define LWIP_IPV6_MLD        1
#define LWIP_DNS             1
#define DNS_TABLE_SIZE       32 /* names at a time, of one family each; more wait */
#define DNS_MAX_RETRIES      3  /* a server that is silent takes 4 s */
#define LWIP_ARP             1
#define LWIP_ETHERNET        1
#define ARP_QUEUEING         1  /* else the second of two first connections to a neighbour waits 3 s, */
#define ARP_QUEUE_LEN        64 /* or the fourth */
#define MEMP_NUM_ARP_QUEUE   128
#define MEMP_NUM_ND6_QUEUE   128
#define IPV6_FRAG_COPYHEADER 1 /* pointers of 8 bytes do not fit in what lwIP lays over a fragment's header */

/* The loopback, with no limit to what waits in it but memory: a limit is a loss, and a loss 3 s. */
#define LWIP_NETIF_LOOPBACK     1
#define LWIP_HAVE_LOOPIF        1
#define LWIP_LOOPIF_MULTICAST   1
#define LWIP_LOOPBACK_MAX_PBUFS 0

#define LWIP_HOOK_FILENAME "backends/lwip/hooks.h"

/* Options of sockets. */
#define SO_REUSE           1
#define SO_REUSE_RXTOALL   1 /* to a group: all its members */
#define IP_DEFAULT_TTL     64
#define IP_SOF_BROADCAST   1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1

/* Buffers are of the heap, so that a sanitizer watches them; blocks are of lwIP's pools, so that they end. */
#define MEM_LIBC_MALLOC         1
#define MEM_ALIGNMENT           8
#define MEMP_NUM_TCP_PCB        4096
#define MEMP_NUM_TCP_PCB_LISTEN 128
#define MEMP_NUM_UDP_PCB        256
#define MEMP_NUM_TCP_SEG        8192
#define MEMP_NUM_PBUF           1024
#define PBUF_POOL_SIZE          256
#define MEMP_NUM_SYS_TIMEOUT    (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 8) /* and some for drivers */

/* The fast timer, which sends delayed acknowledgements: of 250 ms they would meet Nagle (RFC 896) at every question of two
 * small sends. The slow one, of retransmissions, is twice that. */
#define TCP_TMR_INTERVAL 20

#define TCP_MSS          1460
#define TCP_SND_BUF      (32 * TCP_MSS)
#define TCP_SND_QUEUELEN (4 * TCP_SND_BUF / TCP_MSS)
#define TCP_WND          (44 * TCP_MSS)

#endif
