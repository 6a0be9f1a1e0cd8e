/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP's own code asks of Firth (LWIP_HOOK_FILENAME): whether a segment is one of a quarrel that would never end. */
#ifndef FTH_LWIP_HOOKS_H
#define FTH_LWIP_HOOKS_H

#include <stdbool.h>

struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* lwIP answers each segment that is outside of its window, and takes even an empty one for that when the window is 0
 * (RFC 9293 §3.10.7.4 does not). Two ends that have both no room answer each other for ever then: on a wire with thousands
 * of frames, and on a loopback nothing else happens any more, whichever thread polls it. True for such an answer if it tells
 * nothing new: it is heard, and not answered. `header` is in the host's byte order, `bytes` are those behind it. */
bool fth_lwip_is_needless(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *bytes);

#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, length, first_length, second, bytes)                                   \
    (fth_lwip_is_needless(pcb, header, bytes) ? ERR_ABRT : ERR_OK)

#endif
