/* SPDX-License-Identifier: Apache-2.0 */
/* The kit between lwIP and the kernel: conformance_lwip_kernel connects|accepts [what the kit takes], where lwIP does that
 * and the kernel the other. FIRTH_LWIP_TAP names the interface between the two, and FIRTH_TEST_KERNEL has their addresses:
 * "LWIP'S IPV4 KERNEL'S IPV4 LWIP'S IPV6 KERNEL'S IPV6". A case in which the kernel's TCP has heard no segment fails, so what
 * passes has crossed that interface, if there is no other: see lwip_kernel.sh. */
#include "tests/conformance/kit.h"
#include "tests/subjects/posix.h"
#include "tests/subjects/two_ended.h"
#ifdef SUBJECT_HAS_TLS
#include "tests/subjects/secured.h"
#endif

#include <stdio.h>
#include <stdlib.h>

/* What nobody has read yet holds a buffer of lwIP's, of which there are 256 (PBUF_POOL_SIZE in lwipopts.h), and without one
 * no frame comes in: a case where more connections than that have something unread would wait for ever. What lwIP accepts
 * has the client's bytes, and what it connects by TLS the server's tickets (RFC 8446 §4.6.1). */
enum { UNREAD_MOST = 200 };

static firth_conformance_subject posix;

/* ---- segments ---------------------------------------------------------------------------------------------------- */

/* InSegs of proc_net_snmp(5): the tenth number of the second line with "Tcp:". */
static unsigned long long heard(void)
{
    FILE *file = fopen("/proc/thread-self/net/snmp", "r");
    unsigned long long segments = 0;
    char line[512];

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Tcp: %*u %*u %*u %*d %*u %*u %*u %*u %*u %llu", &segments) == 1)
            break;
    (void)fclose(file);
    return segments;
}

/* The kit arms the alarm when a case begins, and disarms it at its end. */
static void alarm_s(void *argument, unsigned seconds)
{
    static const kit_case *of;
    static unsigned long long before;

    posix.alarm_s(argument, seconds);
    if (seconds > 0 && of != fth_kit.running) {
        of = fth_kit.running;
        before = heard();
    } else if (seconds == 0) {
        of = NULL;
        if (heard() == before && fth_kit.missing == NULL)
            fth_kit_law("nothing of it crossed the wire");
    }
}

/* ---- the subject ------------------------------------------------------------------------------------------------- */

/* As on lwIP's loopback (lwip.c), and now and then the kernel delays an acknowledgement, by 40 ms. */
static void tell_pace(void *argument, firth_conformance_pace *pace)
{
    (void)argument;
    pace->round_trip_us = pace->settled_us = 50 * 1000;
}

static bool read_addresses(two_ended_end *lwip, two_ended_end *kernel)
{
    const char *text = getenv("FIRTH_TEST_KERNEL");
    char ip[4][64];

    return text != NULL && sscanf(text, "%63s %63s %63s %63s", ip[0], ip[1], ip[2], ip[3]) == 4 &&
           firth_address_make(&lwip->ipv4, ip[0], 0) >= 0 && firth_address_make(&kernel->ipv4, ip[1], 0) >= 0 &&
           firth_address_make(&lwip->ipv6, ip[2], 0) >= 0 && firth_address_make(&kernel->ipv6, ip[3], 0) >= 0;
}

static bool has_tls(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strncmp(argv[i], "--tls", 5) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    two_ended_end lwip = {.backend = &firth_backend_lwip}, kernel = {.backend = &firth_backend_epoll};
    bool connects = argc > 1 && strcmp(argv[1], "connects") == 0;
    firth_conformance_subject subject;

    if ((!connects && (argc < 2 || strcmp(argv[1], "accepts") != 0)) || !read_addresses(&lwip, &kernel)) {
        (void)fprintf(stderr, "usage: FIRTH_LWIP_TAP=… FIRTH_TEST_KERNEL=… %s connects|accepts [--list] [NAME…]\n",
                      argv[0]);
        return 2;
    }
    posix = posix_subject(connects ? two_ended(&lwip, &kernel) : two_ended(&kernel, &lwip));
    subject = posix;
#ifdef SUBJECT_HAS_TLS
    subject.tls = secured_configs;
#endif
    subject.alarm_s = alarm_s;
    subject.pace = tell_pace;
    subject.connections = connects && !has_tls(argc, argv) ? 0 : UNREAD_MOST;
    subject.limit_open = NULL;
    subject.duplicate = NULL;
    subject.discard = NULL;
    posix_join_command(1, argv);
    return firth_conformance_main(argc - 1, argv + 1, &subject);
}
