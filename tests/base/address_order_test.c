/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as keys of sorted arrays and hash tables. */
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

static firth_address address_of(const char *text)
{
    firth_address address;

    assert_int_equal(firth_address_parse(&address, text), FIRTH_OK);
    return address;
}

static int sign_of(int number)
{
    return (number > 0) - (number < 0);
}

static void addresses_are_ordered_by_family_bytes_scope_and_port(void **state)
{
    static const char *const ascending[] = {
        "0.0.0.0:1",      "1.2.3.4:80",     "1.2.3.4:81",    "1.2.3.200:80", "200.2.3.4:80",
        "[::]:0",         "[::1]:0",        "[::1]:1",       "[::1]:65535",  "[fe80::1]:80",
        "[fe80::1%2]:80", "[fe80::1%2]:81", "[fe80::1%3]:1", "[fe80::2]:1",  "[ff02::1]:1",
    };
    size_t count = sizeof ascending / sizeof *ascending;
    firth_address none = {.family = FIRTH_FAMILY_NONE};

    (void)state;
    for (size_t i = 0; i < count; i++) {
        firth_address a = address_of(ascending[i]);

        assert_true(firth_address_compare(&none, &a) < 0 && firth_address_compare(&a, &none) > 0);
        for (size_t j = 0; j < count; j++) {
            firth_address b = address_of(ascending[j]);

            assert_int_equal(sign_of(firth_address_compare(&a, &b)), sign_of((int)i - (int)j));
            assert_int_equal(firth_address_equal(&a, &b), i == j);
        }
    }
    assert_int_equal(firth_address_compare(&none, &none), 0);
}

static void bytes_that_mean_nothing_count_nowhere(void **state)
{
    firth_address a = address_of("1.2.3.4:1"), b = a, none = {.family = FIRTH_FAMILY_NONE}, noisy = none;

    (void)state;
    memset(b.ip + 4, 0x5a, 12);
    assert_int_equal(firth_address_compare(&a, &b), 0);
    assert_true(firth_address_hash(&a, 7) == firth_address_hash(&b, 7));
    memset(noisy.ip, 0x5a, 16);
    assert_int_equal(firth_address_compare(&none, &noisy), 0);
    assert_true(firth_address_hash(&none, 7) == firth_address_hash(&noisy, 7));
}

/* By an implementation in another language, which was checked against the vector in the appendix of SipHash's paper. */
static void the_hash_is_siphash_1_3(void **state)
{
    firth_address ipv4 = address_of("192.0.2.1:80"), ipv6 = address_of("[fe80::1%2]:443");

    (void)state;
    assert_true(firth_address_hash(&ipv4, 0) == UINT64_C(0x87010e1d2491b7ac));
    assert_true(firth_address_hash(&ipv6, UINT64_C(0x0706050403020100)) == UINT64_C(0xfe9d12c9a2bf3856));
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Each field and each seed moves the hash, and neighbours do not meet, not even in 20 of its bits more than chance has
 * it: 4096 keys in 2^20 places make about 8 pairs. */
static void hashes_of_neighbours_are_spread(void **state)
{
    enum { COUNT = 4096, PLACES = 1 << 20 };
    uint64_t *low = calloc(COUNT, sizeof *low);
    firth_address address = address_of("10.0.0.0:80");
    int meetings = 0;

    (void)state;
    assert_non_null(low);
    for (size_t i = 0; i < COUNT; i++) {
        address.ip[2] = (uint8_t)(i >> 4);
        address.ip[3] = (uint8_t)(i & 15);
        address.port = (uint16_t)(80 + i % 2);
        low[i] = firth_address_hash(&address, 1) % PLACES;
        assert_true(firth_address_hash(&address, 1) != firth_address_hash(&address, 2));
    }
    qsort(low, COUNT, sizeof *low, by_value);
    for (size_t i = 1; i < COUNT; i++)
        meetings += low[i] == low[i - 1];
    free(low);
    assert_in_range(meetings, 0, 30);
}

static int as_qsort_wants_it(const void *a, const void *b)
{
    return firth_address_compare(a, b);
}

static void an_array_can_be_sorted_and_searched(void **state)
{
    enum { COUNT = 500 };
    firth_address *all = calloc(COUNT, sizeof *all);
    support_random random = support_random_start();

    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < COUNT; i++) {
        all[i].family = support_random_below(&random, 2) != 0 ? FIRTH_FAMILY_IPV4 : FIRTH_FAMILY_IPV6;
        all[i].port = (uint16_t)support_random_below(&random, 3);
        all[i].ip[0] = (uint8_t)support_random_next(&random);
        all[i].ip[3] = (uint8_t)support_random_next(&random);
    }
    qsort(all, COUNT, sizeof *all, as_qsort_wants_it);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(firth_address_compare(&all[i - 1], &all[i]) <= 0);
    for (size_t i = 0; i < COUNT; i++) {
        firth_address *found = bsearch(&all[i], all, COUNT, sizeof *all, as_qsort_wants_it);

        assert_non_null(found);
        assert_true(firth_address_equal(found, &all[i]));
    }
    free(all);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_ordered_by_family_bytes_scope_and_port),
        cmocka_unit_test(bytes_that_mean_nothing_count_nowhere),
        cmocka_unit_test(the_hash_is_siphash_1_3),
        cmocka_unit_test(hashes_of_neighbours_are_spread),
        cmocka_unit_test(an_array_can_be_sorted_and_searched),
    };

    return support_main(argc, argv, "address_order", tests, sizeof tests / sizeof *tests);
}
