/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, and what the first bits of an address say. */
#include "core/base/format.h"
#include <firth/address.h>
#include <firth/backend.h>
#include <string.h>

/* ---- IPv4 inside IPv6, RFC 4291 §2.5.5.2 -------------------------------------------------------------------------- */

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool firth_address_unmap(firth_address *address)
{
    if (address->family != FIRTH_FAMILY_IPV6 || memcmp(address->ip, mapped_prefix, sizeof mapped_prefix) != 0)
        return false;
    address->family = FIRTH_FAMILY_IPV4;
    address->scope_id = 0;
    memmove(address->ip, address->ip + 12, 4);
    memset(address->ip + 4, 0, 12);
    return true;
}

bool firth_address_map(firth_address *address)
{
    if (address->family != FIRTH_FAMILY_IPV4)
        return false;
    address->family = FIRTH_FAMILY_IPV6;
    memmove(address->ip + 12, address->ip, 4);
    memcpy(address->ip, mapped_prefix, sizeof mapped_prefix);
    return true;
}

/* ---- subnets ----------------------------------------------------------------------------------------------------- */

static unsigned bits_of(unsigned family)
{
    switch (family) {
    case FIRTH_FAMILY_IPV4:
        return 32;
    case FIRTH_FAMILY_IPV6:
        return 128;
    default:
        return 0;
    }
}

static bool begin_alike(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool firth_subnet_contains(const firth_subnet *subnet, const firth_address *address)
{
    firth_address one = *address;

    if (subnet->address.family == FIRTH_FAMILY_IPV4)
        (void)firth_address_unmap(&one);
    return one.family == subnet->address.family && one.family != FIRTH_FAMILY_NONE &&
           subnet->prefix_bits <= bits_of(one.family) && begin_alike(subnet->address.ip, one.ip, subnet->prefix_bits) &&
           (subnet->address.scope_id == 0 || subnet->address.scope_id == one.scope_id);
}

/* One to three digits, the first of several not 0, and nothing else; -1 for anything else. */
static int read_bits(const char *text)
{
    int bits = 0, i;

    for (i = 0; i < 3 && text[i] >= '0' && text[i] <= '9'; i++)
        bits = bits * 10 + (text[i] - '0');
    return i == 0 || text[i] != '\0' || (i > 1 && text[0] == '0') ? -1 : bits;
}

int firth_subnet_parse(firth_subnet *subnet, const char *text)
{
    const char *slash = text != NULL ? strchr(text, '/') : NULL;
    char ip[sizeof(firth_address_string)] = "";
    size_t size = slash != NULL ? (size_t)(slash - text) : text != NULL ? strlen(text) : 0;
    int bits, rc;

    memset(subnet, 0, sizeof *subnet);
    if (size < sizeof ip)
        memcpy(ip, text != NULL ? text : "", size);
    rc = firth_address_make(&subnet->address, ip, 0);
    if (rc < 0)
        return rc;
    bits = slash != NULL ? read_bits(slash + 1) : (int)bits_of(subnet->address.family);
    if (bits < 0 || bits > (int)bits_of(subnet->address.family)) {
        memset(subnet, 0, sizeof *subnet);
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "prefix");
    }
    subnet->prefix_bits = (uint8_t)bits;
    return FIRTH_OK;
}

firth_address_string firth_subnet_text(const firth_subnet *subnet)
{
    firth_address_string string = firth_address_ip_text(subnet != NULL ? &subnet->address : NULL);
    size_t at = strlen(string.text);

    if (subnet != NULL && subnet->address.family != FIRTH_FAMILY_NONE)
        fth_format(string.text + at, sizeof string.text - at, "/%u", subnet->prefix_bits);
    return string;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

typedef struct block {
    uint8_t family;
    uint8_t prefix_bits;
    uint8_t kind;
    uint8_t first[2]; /* what the prefix begins with; zeros behind it */
    uint8_t last;     /* the last byte of a whole address, else 0 */
} block;

/* The IANA registries of special-purpose addresses, as far as they matter to programs. */
static const block blocks[] = {
    {FIRTH_FAMILY_IPV4, 32, FIRTH_ADDRESS_UNSPECIFIED, {0, 0}, 0},
    {FIRTH_FAMILY_IPV4, 8, FIRTH_ADDRESS_LOOPBACK, {127, 0}, 0},
    {FIRTH_FAMILY_IPV4, 16, FIRTH_ADDRESS_LINK_LOCAL, {169, 254}, 0},
    {FIRTH_FAMILY_IPV4, 8, FIRTH_ADDRESS_PRIVATE, {10, 0}, 0},
    {FIRTH_FAMILY_IPV4, 12, FIRTH_ADDRESS_PRIVATE, {172, 16}, 0},
    {FIRTH_FAMILY_IPV4, 16, FIRTH_ADDRESS_PRIVATE, {192, 168}, 0},
    {FIRTH_FAMILY_IPV4, 4, FIRTH_ADDRESS_MULTICAST, {224, 0}, 0},
    {FIRTH_FAMILY_IPV6, 128, FIRTH_ADDRESS_UNSPECIFIED, {0, 0}, 0},
    {FIRTH_FAMILY_IPV6, 128, FIRTH_ADDRESS_LOOPBACK, {0, 0}, 1},
    {FIRTH_FAMILY_IPV6, 10, FIRTH_ADDRESS_LINK_LOCAL, {0xfe, 0x80}, 0},
    {FIRTH_FAMILY_IPV6, 7, FIRTH_ADDRESS_PRIVATE, {0xfc, 0}, 0},
    {FIRTH_FAMILY_IPV6, 8, FIRTH_ADDRESS_MULTICAST, {0xff, 0}, 0},
};

static firth_subnet subnet_of(const block *of)
{
    firth_subnet subnet = {.address = {.family = of->family}, .prefix_bits = of->prefix_bits};

    memcpy(subnet.address.ip, of->first, sizeof of->first);
    subnet.address.ip[15] = of->last;
    return subnet;
}

firth_address_kind firth_address_classify(const firth_address *address)
{
    static const uint8_t everybody[4] = {255, 255, 255, 255};
    firth_address plain = *address;
    size_t i;

    if (plain.family == FIRTH_FAMILY_NONE)
        return FIRTH_ADDRESS_UNSPECIFIED;
    (void)firth_address_unmap(&plain);
    if (plain.family == FIRTH_FAMILY_IPV4 && memcmp(plain.ip, everybody, sizeof everybody) == 0)
        return FIRTH_ADDRESS_BROADCAST;
    for (i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        firth_subnet subnet = subnet_of(&blocks[i]);

        if (firth_subnet_contains(&subnet, &plain))
            return (firth_address_kind)blocks[i].kind;
    }
    return FIRTH_ADDRESS_OTHER;
}
