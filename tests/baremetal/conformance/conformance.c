/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance kit on a microcontroller, over lwIP's loopback, which its two ends share: baremetal_conformance [what
 * the kit takes]. */
#include <firth/conformance.h>
#include <lwip/opt.h>

#include "tests/baremetal/conformance/heap.h"

/* lwIP's windows as in all firmware, and half of its control blocks. What one connection is sent in bytes stays below a
 * window, as segments of less than a whole one waste memory. */
enum { CONNECTIONS = MEMP_NUM_TCP_PCB / 2, UNREAD_BYTES = TCP_WND / 2 };

/* That of an emulator on a busy machine. */
static void tell_pace(void *argument, firth_conformance_pace *pace)
{
    (void)argument;
    pace->round_trip_us = 25 * 1000;
    pace->settled_us = 50 * 1000;
}

int main(int argc, char **argv)
{
    extern const firth_backend firth_backend_lwip;
    firth_conformance_subject subject = firth_conformance_for(&firth_backend_lwip);

    subject.pace = tell_pace;
    subject.memory_bytes = HEAP_BYTES - HEAP_BYTES / 4;
    subject.connections = CONNECTIONS;
    subject.unread_bytes = UNREAD_BYTES;
    return firth_conformance_main(argc, argv, &subject);
}
