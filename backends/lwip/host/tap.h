/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP on a network of the system's, by a TAP device: Ethernet frames that the kernel takes and gives. */
#ifndef FTH_LWIP_TAP_H
#define FTH_LWIP_TAP_H

/* Adds the interface that the text describes, "NAME [ADDRESS…] [router=ADDRESS]": a TAP device of that name, made if there
 * is none, and lwIP's addresses on it, "10.9.8.2/24", "fd00::2". FIRTH_OK; FIRTH_ERR_ARGUMENT for another text;
 * FIRTH_ERR_PERMISSION, _NOT_SUPPORTED or another code where there is no such device to be had. */
int fth_lwip_tap_open(const char *text);

/* Removes it, if it was added. */
void fth_lwip_tap_close(void);

#endif
