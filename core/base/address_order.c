/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as keys: equal, before, hash. */
#include <firth/address.h>
#include <string.h>

/* The bytes of ip that mean something. */
static size_t bytes_of(const firth_address *address)
{
    switch (address->family) {
    case FIRTH_FAMILY_IPV4:
        return 4;
    case FIRTH_FAMILY_IPV6:
        return 16;
    default:
        return 0;
    }
}

static int order(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int firth_address_compare(const firth_address *a, const firth_address *b)
{
    int rc = order(a->family, b->family);

    if (rc == 0)
        rc = memcmp(a->ip, b->ip, bytes_of(a));
    if (rc == 0)
        rc = order(a->scope_id, b->scope_id);
    return rc != 0 ? rc : order(a->port, b->port);
}

bool firth_address_equal(const firth_address *a, const firth_address *b)
{
    return firth_address_compare(a, b) == 0;
}

/* ---- SipHash-1-3 (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012) ------------------------------------- */

static uint64_t turn(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void scramble(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = turn(v[1], 13) ^ v[0];
    v[0] = turn(v[0], 32);
    v[2] += v[3];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = turn(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = turn(v[1], 17) ^ v[2];
    v[2] = turn(v[2], 32);
}

static void take_in(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    scramble(v);
    v[0] ^= word;
}

/* Eight bytes as a number of the same value on every machine. */
static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word = 0;
    int i;

    for (i = 7; i >= 0; i--)
        word = word << 8 | bytes[i];
    return word;
}

uint64_t firth_address_hash(const firth_address *address, uint64_t seed)
{
    uint64_t v[4] = {seed ^ 0x736f6d6570736575u, 0x646f72616e646f6du, seed ^ 0x6c7967656e657261u, 0x7465646279746573u};
    uint8_t ip[16] = {0};
    int i;

    memcpy(ip, address->ip, bytes_of(address));
    take_in(v, (uint64_t)address->family << 48 | (uint64_t)address->port << 32 | address->scope_id);
    take_in(v, word_at(ip));
    take_in(v, word_at(ip + 8));
    take_in(v, (uint64_t)24 << 56); /* how many bytes these were */
    v[2] ^= 0xff;
    for (i = 0; i < 3; i++)
        scramble(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
