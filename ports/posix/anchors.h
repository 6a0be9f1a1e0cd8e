/* SPDX-License-Identifier: Apache-2.0 */
/* The authorities that macOS keeps in no file. */
#ifndef FTH_PORT_ANCHORS_H
#define FTH_PORT_ANCHORS_H

#include <firth/port.h>

/* Shows them as firth_port_authorities does, one by one. Returns whether there was one, or FIRTH_ERR_NO_MEMORY; on other
 * systems false. */
int fth_port_anchors(firth_port_take_authorities *take, void *argument);

#endif
