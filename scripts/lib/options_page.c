/* SPDX-License-Identifier: Apache-2.0 */
/* Prints docs/options.md from the tables that the code uses. Built by scripts/options with the compiler of this machine;
 * the names of the systems are taken as they are written, so any machine can print those of every other. */
#include "backends/iocp/options.h"
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
    const char *native, *native_6;
    int factor;
    const char *windows;
    const char *sim;
} row;

#define TEXT_(value) #value
#define TEXT(value)  TEXT_(value)

static row rows[FIRTH_OPTION_COUNT_] = {
#define ROW(NAME, name, least, most, unit, tcp, udp, local, what)                                                      \
    [FIRTH_OPTION_##NAME] = {#name, unit, what, least, most, {tcp, udp, local}, NULL, NULL, 1, NULL, NULL},
    FIRTH_OPTIONS(ROW)
#undef ROW
};

static void read_backends(void)
{
#define NATIVE(OPTION, level, name, told_factor)                                                                       \
    rows[FIRTH_OPTION_##OPTION].native = #name;                                                                        \
    rows[FIRTH_OPTION_##OPTION].factor = told_factor;
    FTH_NATIVE_OPTIONS(NATIVE)
#undef NATIVE
#define NATIVE(OPTION, level, name, told_factor) rows[FIRTH_OPTION_##OPTION].native_6 = #name;
    FTH_NATIVE_IPV6_OPTIONS(NATIVE)
#undef NATIVE
#define NATIVE(OPTION, level, name) rows[FIRTH_OPTION_##OPTION].windows = #name;
    FTH_WINDOWS_OPTIONS(NATIVE)
#undef NATIVE
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

static void print_native(const row *one)
{
    if (one->native == NULL) {
        printf(" | –");
        return;
    }
    printf(" | `%s`", one->native);
    if (one->native_6 != NULL)
        printf(", `%s`", one->native_6);
    if (one->factor > 1)
        printf(", told ×%d", one->factor);
}

static void print_windows(const row *one)
{
    if (one->windows == NULL)
        printf(" | –");
    else
        printf(" | `%s`", one->windows);
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
        "detail:\n[tcp.h](../include/firth/tcp.h), [udp.h](../include/firth/udp.h). `FIRTH_OPTION_…` is for reading it "
        "back, and for\nsetting it on a living socket. Setting what a kind of socket or a platform lacks (–) fails "
        "with\n"
        "`FIRTH_ERR_NOT_SUPPORTED`, and `firth_last_failure()->step` names the option; a value out of range is\n"
        "`FIRTH_ERR_ARGUMENT`.\n\n"
        "Under TCP, UDP and Unix stands the builder's default; \"system's\" means that nothing is set. Under Linux "
        "stands what the\nsystem calls it, for epoll and poll alike, with IPv6's own name behind it where that has "
        "one: a socket of both families\nhas both set. \"told ×2\": getsockopt(2) tells twice what was asked for, "
        "which Firth takes back. Under Windows stands\n"
        "Winsock's name, and [windows.md](windows.md) has what differs. Under simulator stands the value nobody has "
        "set.\n\n"
        "| option | what it is | values | TCP | UDP | Unix | Linux: epoll, poll | Windows: iocp | simulator |\n"
        "|---|---|---|---|---|---|---|---|---|\n");
    for (i = 0; i < FIRTH_OPTION_COUNT_; i++) {
        printf("| `%s` | %s | ", rows[i].name, rows[i].what);
        print_values(&rows[i]);
        print_default(&rows[i], rows[i].defaults[0]);
        print_default(&rows[i], rows[i].defaults[1]);
        print_default(&rows[i], rows[i].defaults[2]);
        print_native(&rows[i]);
        print_windows(&rows[i]);
        printf(" | %s |\n", rows[i].sim != NULL ? rows[i].sim : "–");
    }
    printf(
        "\nNot told by the system: `multicast_interface` of IPv4, which Linux tells as an address only. Not settable "
        "once "
        "a socket\nis bound: `ipv6_only`. Fields of the builders that are not here, such as `auto_flush`, timeouts and "
        "`linger_ms`, are\nFirth's own and the same everywhere.\n");
    return 0;
}
