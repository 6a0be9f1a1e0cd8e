/* SPDX-License-Identifier: Apache-2.0 */
/* Prints docs/options.md from the tables that the code uses. Built by scripts/options with the compiler of this machine;
 * the names of the systems are taken as they are written, so any machine can print those of every other. */
#include "backends/iocp/options.h"
#include "backends/lwip/options.h"
#include "backends/readiness/options.h"
#include "backends/sim/options.h"
#include <firth/option.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

typedef struct row {
    const char *name, *unit, *what;
    long least, most;
    int defaults[3];
    struct {
        const char *name, *name_6;
        int factor;
    } native[4];
    const char *lwip, *sim;
} row;

#define TEXT_(value) #value
#define TEXT(value)  TEXT_(value)

static row rows[FIRTH_OPTION_COUNT_] = {
#define ROW(NAME, name, least, most, unit, tcp, udp, local, what)                                                      \
    [FIRTH_OPTION_##NAME] = {#name, unit, what, least, most, {tcp, udp, local}, {{NULL, NULL, 1}}, NULL, NULL},
    FIRTH_OPTIONS(ROW)
#undef ROW
};

static void read_backends(void)
{
#define NATIVE(SYSTEM, OPTION, text, told_factor)                                                                      \
    rows[FIRTH_OPTION_##OPTION].native[SYSTEM].name = text;                                                            \
    rows[FIRTH_OPTION_##OPTION].native[SYSTEM].factor = told_factor;
#define NATIVE_6(SYSTEM, OPTION, text)               rows[FIRTH_OPTION_##OPTION].native[SYSTEM].name_6 = text;
#define ON_LINUX(OPTION, level, name, told_factor)   NATIVE(0, OPTION, #name, told_factor)
#define ON_LINUX_6(OPTION, level, name, told_factor) NATIVE_6(0, OPTION, #name)
    FTH_LINUX_OPTIONS(ON_LINUX)
    FTH_LINUX_IPV6_OPTIONS(ON_LINUX_6)
#define ON_MACOS(OPTION, level, name, told_factor)   NATIVE(1, OPTION, #name, told_factor)
#define ON_MACOS_6(OPTION, level, name, told_factor) NATIVE_6(1, OPTION, #name)
    FTH_MACOS_OPTIONS(ON_MACOS)
    FTH_BSD_IPV6_OPTIONS(ON_MACOS_6)
#define ON_BSD(OPTION, level, name, told_factor)   NATIVE(2, OPTION, #name, told_factor)
#define ON_BSD_6(OPTION, level, name, told_factor) NATIVE_6(2, OPTION, #name)
    FTH_BSD_OPTIONS(ON_BSD)
    FTH_BSD_IPV6_OPTIONS(ON_BSD_6)
#define ON_WINDOWS(OPTION, level, name)   NATIVE(3, OPTION, #name, 1)
#define ON_WINDOWS_6(OPTION, level, name) NATIVE_6(3, OPTION, #name)
    FTH_WINDOWS_OPTIONS(ON_WINDOWS)
    FTH_WINDOWS_IPV6_OPTIONS(ON_WINDOWS_6)
#define ON_LWIP(OPTION, highest, value)                                                                                \
    rows[FIRTH_OPTION_##OPTION].lwip =                                                                                 \
        rows[FIRTH_OPTION_##OPTION].least > rows[FIRTH_OPTION_##OPTION].most ? "told" : TEXT(value);
    FTH_LWIP_OPTIONS(ON_LWIP)
#define SIM(OPTION, highest, value)                                                                                    \
    rows[FIRTH_OPTION_##OPTION].sim =                                                                                  \
        rows[FIRTH_OPTION_##OPTION].least > rows[FIRTH_OPTION_##OPTION].most ? "told" : TEXT(value);
    FTH_SIM_OPTIONS(SIM)
#undef SIM
}

static void print_values(const row *one)
{
    if (one->least > one->most)
        printf("read alone, %s", one->unit);
    else if (strcmp(one->unit, "switch") == 0)
        printf("0, 1");
    else if (one->most == INT32_MAX)
        printf("%ld or more, %s", one->least, one->unit);
    else
        printf("%ld to %ld, %s", one->least, one->most, one->unit);
}

static void print_default(const row *one, int value)
{
    if (value == FIRTH_DEFAULT_NONE)
        printf(" | –");
    else if (value == FIRTH_DEFAULT_SYSTEM)
        printf(" | %s", one->least > one->most ? "✓" : "system's");
    else if (strcmp(one->unit, "switch") == 0)
        printf(" | %s", value != 0 ? "on" : "off");
    else
        printf(" | %d", value);
}

static void print_native(const row *one, int system)
{
    if (one->native[system].name == NULL) {
        printf(" | –");
        return;
    }
    printf(" | `%s`", one->native[system].name);
    if (one->native[system].name_6 != NULL)
        printf(", `%s`", one->native[system].name_6);
    if (one->native[system].factor > 1)
        printf(", told ×%d", one->native[system].factor);
}

int main(void)
{
    size_t i;

    read_backends();
    printf(
        "# Options of sockets\n\n"
        "This page is written by `scripts/options` from the tables that the code uses, and `scripts/check options` "
        "sees "
        "to it\nthat it is up to date.\n\n"
        "Each option is a field of that name in the builders of the sockets that have it, where it is described in "
        "detail:\n[tcp.h](../include/firth/tcp.h), [udp.h](../include/firth/udp.h), "
        "[unix.h](../include/firth/unix.h),\n"
        "[unix_datagram.h](../include/firth/unix_datagram.h). `FIRTH_OPTION_…` is for reading it back, and for setting "
        "it on\na living socket. Setting what a kind of socket or a platform lacks (–) fails with\n"
        "`FIRTH_ERR_NOT_SUPPORTED`, and `firth_last_failure()->step` names the option; a value out of range is\n"
        "`FIRTH_ERR_ARGUMENT`.\n\n"
        "Under TCP, UDP and Unix stands the builder's default; \"system's\" means that nothing is set. Under a system "
        "stands what it\ncalls the option, for all its backends alike, with IPv6's own name behind it where that has "
        "one: a socket of both families\nhas both set. \"told ×2\": getsockopt(2) tells twice what was asked for, "
        "which Firth takes back. Under Windows stands\n"
        "Winsock's name, and [windows.md](windows.md) has what differs. Under lwIP and simulator stands the value "
        "nobody\nhas set; lwIP has `receive_buffer_bytes` for UDP alone. What runs on which system is in "
        "[platforms.md](platforms.md).\n\n"
        "| option | what it is | values | TCP | UDP | Unix | Linux | macOS | BSDs | Windows | lwIP | simulator |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (i = 0; i < FIRTH_OPTION_COUNT_; i++) {
        printf("| `%s` | %s | ", rows[i].name, rows[i].what);
        print_values(&rows[i]);
        print_default(&rows[i], rows[i].defaults[0]);
        print_default(&rows[i], rows[i].defaults[1]);
        print_default(&rows[i], rows[i].defaults[2]);
        for (int system = 0; system < 4; system++)
            print_native(&rows[i], system);
        printf(" | %s | %s |\n", rows[i].lwip != NULL ? rows[i].lwip : "–", rows[i].sim != NULL ? rows[i].sim : "–");
    }
    printf(
        "\nThe systems tell `multicast_interface` of IPv4 as an address only, so what is told is what was set last "
        "by Firth. Not\nsettable once a socket is bound: `ipv6_only`. The limits of `keep_alive_…` are Linux's, and "
        "the same everywhere.\nWith `IP_RECVDSTADDR` goes `IP_RECVIF`. Of the BSDs, OpenBSD has no `TCP_KEEP…` and no "
        "IPv6 sockets that take IPv4, and\nsome lack `IP_DONTFRAG` and `IP_RECVTOS`: there the option is refused as "
        "one that is not in the table. Fields of the\nbuilders that are not here, such as `auto_flush`, timeouts and "
        "`linger_ms`, are Firth's own and the same everywhere.\n");
    return 0;
}
