/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP on a microcontroller: both families, memory of its own for a few connections, all of it static: some 40 KiB. A
 * build changes the sizes by definitions of its own. */
#ifndef FTH_LWIP_OPTS_H
#define FTH_LWIP_OPTS_H

/* The raw API, driven by the selector. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_STATS           0
#ifdef NDEBUG
#define LWIP_NOASSERT /* their text is 15 KiB */
#endif

#define LWIP_IPV4 1
#ifndef LWIP_IPV6
#define LWIP_IPV6 1
#endif
#define LWIP_ICMP                1
#define LWIP_RAW                 0
#define LWIP_UDP                 1
#define LWIP_TCP                 1
#define LWIP_IGMP                1
#define LWIP_DHCP                1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* whether somebody has the address all the same: 6 s before the first byte */
#ifndef LWIP_DNS
#define LWIP_DNS 1 /* DHCP tells it the servers; a build without names saves 5 KiB of flash */
#endif
#define LWIP_ARP      1
#define LWIP_ETHERNET 1

/* The loopback, for tasks that talk to each other. */
#define LWIP_NETIF_LOOPBACK   1
#define LWIP_HAVE_LOOPIF      1
#define LWIP_LOOPIF_MULTICAST 1
#ifndef LWIP_LOOPBACK_MAX_PBUFS
#define LWIP_LOOPBACK_MAX_PBUFS 8
#endif

#define LWIP_HOOK_FILENAME "backends/lwip/hooks.h"

/* Options of sockets. */
#define SO_REUSE           1
#define SO_REUSE_RXTOALL   1
#define IP_DEFAULT_TTL     64
#define IP_SOF_BROADCAST   1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1

/* Of the heap: what is being sent. Of the pool: what is received. */
#define MEM_ALIGNMENT 4
#ifndef MEM_SIZE
#define MEM_SIZE (12 * 1024)
#endif
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE 8
#endif
#ifndef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB 10
#endif
#ifndef MEMP_NUM_TCP_PCB_LISTEN
#define MEMP_NUM_TCP_PCB_LISTEN 4
#endif
#ifndef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB 6
#endif
#ifndef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG 48
#endif
#ifndef MEMP_NUM_PBUF
#define MEMP_NUM_PBUF 16
#endif
#define MEMP_NUM_REASSDATA 2
#define MEMP_NUM_FRAG_PBUF 4

/* As on hosts: delayed acknowledgements must not meet Nagle for long. */
#define TCP_TMR_INTERVAL 20

/* The windows of all connections share the controller's buffer, which may be as small as 10 KiB. */
#define TCP_MSS 1460
#ifndef TCP_WND
#define TCP_WND (4 * TCP_MSS)
#endif
#ifndef TCP_SND_BUF
#define TCP_SND_BUF (3 * TCP_MSS)
#endif
#define TCP_SND_QUEUELEN (4 * TCP_SND_BUF / TCP_MSS)

#endif
