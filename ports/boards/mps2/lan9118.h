/* SPDX-License-Identifier: Apache-2.0 */
/* SMSC's LAN9118, an Ethernet controller with FIFOs. */
#ifndef FTH_BOARDS_MPS2_LAN9118_H
#define FTH_BOARDS_MPS2_LAN9118_H

#include <lwip/netif.h>
#include <stdbool.h>

/* Resets it and turns it on, with its interrupt for frames that have come; its address goes to mac. False: it is not
 * there. */
bool fth_lan9118_open(uint8_t mac[6]);
void fth_lan9118_close(void);

/* Clears its interrupt, before the frames are taken, else one that comes meanwhile would be forgotten. */
void fth_lan9118_acknowledge(void);

/* The next frame that has come; NULL: there is none. One for which there is no memory is lost. */
struct pbuf *fth_lan9118_receive(void);

/* Sends a frame. ERR_MEM when the FIFO has no room for it: it is lost, as on a busy wire. */
err_t fth_lan9118_send(const struct pbuf *frame);

#endif
