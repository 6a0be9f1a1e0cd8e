/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts are addresses and which are names: the same on every system, whatever its resolver takes. */
#include "core/sockets/resolve.h"
#include <firth/interface.h>
#include <string.h>

/* What the system's resolver may take for IPv4 although it is not four decimal numbers: the forms of inet_aton(3), in one
 * to four parts, octal or hexadecimal, which are read differently by different systems. No name of the Internet has only
 * numbers for labels (RFC 1123 §2.1). */
static bool is_of_numbers(const char *host)
{
    const char *at = host;

    for (;;) {
        if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
            at += 2;
            at += strspn(at, "0123456789abcdefABCDEF");
        } else {
            at += strspn(at, "0123456789");
        }
        if (*at != '.')
            break;
        at++;
    }
    return at != host && (*at == '\0' || strchr(" \t\r\n\v\f", *at) != NULL);
}

/* "fe80::1%eth0": the scope is an interface by name. */
static bool read_scoped(const char *host, uint16_t port, firth_address *address)
{
    const char *percent = strchr(host, '%');
    char ip[48];
    firth_interface scope;

    if (percent == NULL || (size_t)(percent - host) >= sizeof ip)
        return false;
    memcpy(ip, host, (size_t)(percent - host));
    ip[percent - host] = '\0';
    if (firth_address_make(address, ip, port) < 0 || address->family != FIRTH_FAMILY_IPV6 ||
        firth_interface_by_name(percent + 1, &scope) < 0)
        return false;
    address->scope_id = scope.index;
    return true;
}

int fth_host_read(const char *host, uint16_t port, firth_address *address)
{
    if (firth_address_make(address, host, port) >= 0 || read_scoped(host, port, address))
        return 1;
    if (strchr(host, ':') != NULL || is_of_numbers(host))
        return firth_fail_in_words(FIRTH_ERR_ADDRESS_INVALID, 0, "host", "\"%s\" is neither an address nor a name",
                                   host);
    return 0;
}
