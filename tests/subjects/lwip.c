/* SPDX-License-Identifier: Apache-2.0 */
/* The kit on lwIP, whose loopback is in the program: conformance_lwip [what the kit takes]. Sockets are no descriptors
 * there; what they hold is the selector's memory, which the kit counts. */
#include "tests/subjects/posix.h"
#ifdef SUBJECT_HAS_TLS
#include "tests/subjects/secured.h"
#endif

/* Two small sends in a row wait for the acknowledgement of the first where nobody has asked for no_delay (RFC 896), and
 * lwIP delays that by a turn of its fast timer: TCP_TMR_INTERVAL in lwipopts.h. */
static void tell_pace(void *argument, firth_conformance_pace *pace)
{
    (void)argument;
    pace->round_trip_us = pace->settled_us = 25 * 1000;
}

int main(int argc, char **argv)
{
    firth_conformance_subject subject = posix_subject(&firth_backend_lwip);

#ifdef SUBJECT_HAS_TLS
    subject.tls = secured_configs;
#endif
    subject.pace = tell_pace;
    subject.limit_open = NULL;
    subject.duplicate = NULL;
    subject.discard = NULL;
    return firth_conformance_main(argc, argv, &subject);
}
