/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/lwip/hooks.h"

#include <lwip/opt.h>

#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/tcp.h>

/* Whether it is an acknowledgement without bytes of one that has no room for any, while this end has none either. A probe
 * of a byte that was not taken has moved the peer's next number behind it; one to stay alive (tcp_keepalive) is before the
 * window, and is answered. */
static bool is_of_full_ends(const struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *bytes)
{
    return pcb->rcv_wnd == 0 && header->wnd == 0 && bytes->tot_len == 0 && TCPH_FLAGS(header) == TCP_ACK &&
           header->seqno - pcb->rcv_nxt <= 1;
}

/* A listener has no window, and is not looked at any further than its state. */
bool fth_lwip_is_needless(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *bytes)
{
    bool is_new;

    if (pcb->state < ESTABLISHED || pcb->state == TIME_WAIT || !is_of_full_ends(pcb, header, bytes))
        return false;
    is_new = header->ackno != pcb->lastack || header->seqno != pcb->snd_wl1 || header->ackno != pcb->snd_wl2;
    if (!is_new) { /* but a sign of life, as tcp_process takes it */
        if ((pcb->flags & TF_RXCLOSED) == 0)
            pcb->tmr = tcp_ticks;
        pcb->keep_cnt_sent = 0;
        pcb->persist_probe = 0;
    }
    return !is_new;
}
