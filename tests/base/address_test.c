/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as values and as text. The system's inet_pton(3) and inet_ntop(3) serve as an independent opinion. */
#include "tests/support/support.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct text_row {
    const char *from;
    const char *to;
} text_row;

/* RFC 5952 §4.1 to §4.3, §5, §6, with its own examples. */
static void ipv6_is_written_as_rfc_5952_says(void **state)
{
    static const text_row rows[] = {
        {"2001:0db8:0000:0000:0001:0000:0000:0001", "[2001:db8::1:0:0:1]:0"},
        {"2001:db8::0001", "[2001:db8::1]:0"},
        {"2001:db8:0:0:0:0:2:1", "[2001:db8::2:1]:0"},
        {"2001:db8::1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:0"},
        {"2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:0"},
        {"2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:0"},
        {"2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:FFFF", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:0"},
        {"0:0:0:0:0:0:0:0", "[::]:0"},
        {"0:0:0:0:0:0:0:1", "[::1]:0"},
        {"1:0:0:0:0:0:0:0", "[1::]:0"},
        {"0:1:0:0:0:0:0:0", "[0:1::]:0"},
        {"0:0:1:0:0:0:1:0", "[0:0:1::1:0]:0"},
        {"1:2:3:4:5:6:7::", "[1:2:3:4:5:6:7:0]:0"},
        {"::2:3:4:5:6:7:8", "[0:2:3:4:5:6:7:8]:0"},
        {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:0"},
        {"::FFFF:C000:201", "[::ffff:192.0.2.1]:0"},
        {"1:2:3:4:5:6:1.2.3.4", "[1:2:3:4:5:6:102:304]:0"},
        {"64:ff9b::1.2.3.4", "[64:ff9b::102:304]:0"},
        {"[::1]", "[::1]:0"},
        {"fe80::1%2", "[fe80::1%2]:0"},
        {"[fe80::1%4294967295]", "[fe80::1%4294967295]:0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_address address;

        print_message("%s\n", rows[i].from);
        assert_int_equal(firth_address_make(&address, rows[i].from, 0), FIRTH_OK);
        assert_int_equal(address.family, FIRTH_FAMILY_IPV6);
        assert_string_equal(firth_address_text(&address).text, rows[i].to);
    }
}

static const char *const no_addresses[] = {
    "",
    " ",
    "localhost",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4x",
    "1.2.3.256",
    "1.2.3.1000",
    "1.2.3.99999999999999999999",
    "-1.2.3.4",
    "+1.2.3.4",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.00",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "[1.2.3.4]",
    "1.2.3.4%1",
    ":",
    ":::",
    "1:::2",
    "1::2::3",
    ":1:2:3:4:5:6:7",
    ":1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:",
    "1:2:3:4:5:6:7:8:",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "00001::",
    "g::",
    "0x1::",
    "::-1",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.256",
    "::01.2.3.4",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "[::1",
    "::1]",
    "[]",
    "[[::1]]",
    "[::1]x",
    "[::1]%2",
    "fe80::1%",
    "fe80::1%x",
    "fe80::1%eth0",
    "fe80::1%1x",
    "fe80::1%-1",
    "fe80::1% 1",
    "fe80::1%4294967296",
    "fe80::1%99999999999999999999",
    "::1%1%2",
    "1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8",
};

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof no_addresses / sizeof *no_addresses; i++) {
        firth_address address;

        print_message("\"%s\"\n", no_addresses[i]);
        assert_int_equal(firth_address_make(&address, no_addresses[i], 80), FIRTH_ERR_ADDRESS_INVALID);
    }
}

static void a_port_is_from_0_to_65535(void **state)
{
    static const int good[] = {0, 1, 80, 65535}, bad[] = {-1, 65536, INT32_MIN, INT32_MAX};
    firth_address address;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(firth_address_make(&address, "127.0.0.1", good[i]), FIRTH_OK);
        assert_int_equal(address.port, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(firth_address_make(&address, "127.0.0.1", bad[i]), FIRTH_ERR_PORT_RANGE);
}

static void an_address_with_its_port_is_read_from_one_text(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"127.0.0.1:80", FIRTH_OK},
        {"127.0.0.1:0", FIRTH_OK},
        {"127.0.0.1:65535", FIRTH_OK},
        {"[::1]:80", FIRTH_OK},
        {"[fe80::1%2]:80", FIRTH_OK},
        {"127.0.0.1:65536", FIRTH_ERR_PORT_RANGE},
        {"[::1]:65536", FIRTH_ERR_PORT_RANGE},
        {"", FIRTH_ERR_ADDRESS_INVALID},
        {":", FIRTH_ERR_ADDRESS_INVALID},
        {":80", FIRTH_ERR_ADDRESS_INVALID},
        {"127.0.0.1", FIRTH_ERR_ADDRESS_INVALID},
        {"::1", FIRTH_ERR_ADDRESS_INVALID},
        {"[::1]", FIRTH_ERR_ADDRESS_INVALID},
        {"::1:80", FIRTH_ERR_ADDRESS_INVALID},
        {"[::1]80", FIRTH_ERR_ADDRESS_INVALID},
        {"[::1:80", FIRTH_ERR_ADDRESS_INVALID},
        {"[127.0.0.1]:80", FIRTH_ERR_ADDRESS_INVALID},
        {"localhost:80", FIRTH_ERR_ADDRESS_INVALID},
        {"01.2.3.4:80", FIRTH_ERR_ADDRESS_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_address address;

        print_message("\"%s\"\n", rows[i].text);
        assert_int_equal(firth_address_parse(&address, rows[i].text), rows[i].code);
        if (rows[i].code == FIRTH_OK)
            assert_string_equal(firth_address_text(&address).text, rows[i].text);
    }
}

static void a_port_that_is_no_number_is_refused(void **state)
{
    static const char *const rows[] = {
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        "127.0.0.1:+1",
        "127.0.0.1:0x1",
        "127.0.0.1:-1",
        "[::1]:",
        "[::1]:1:2",
        "127.0.0.1:99999999999999999999",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_address address;
        int rc = firth_address_parse(&address, rows[i]);

        print_message("\"%s\" %d\n", rows[i], rc);
        assert_true(rc == FIRTH_ERR_PORT_RANGE || rc == FIRTH_ERR_ADDRESS_INVALID);
    }
}

static firth_address random_address(support_random *random)
{
    firth_address address = {.family = FIRTH_FAMILY_IPV4, .port = (uint16_t)support_random_next(random)};
    size_t size = 4;

    if (support_random_below(random, 4) != 0) {
        address.family = FIRTH_FAMILY_IPV6;
        size = 16;
    }
    for (size_t i = 0; i < size; i++)
        address.ip[i] = (uint8_t)support_random_next(random);
    for (size_t i = 0; size == 16 && i < 16; i += 2) /* runs of zero groups are the hard part */
        if (support_random_below(random, 2) != 0)
            address.ip[i] = address.ip[i + 1] = 0;
    if (size == 16 && support_random_below(random, 8) == 0) {
        address.ip[0] = 0xfe;
        address.ip[1] = 0x80;
        address.scope_id = (uint32_t)support_random_next(random);
    }
    return address;
}

/* ISATAP's (RFC 5214 §6.1): Windows writes its last 32 bits as IPv4, which RFC 5952 leaves to each program. */
static bool is_written_otherwise_by_windows(const firth_address *address)
{
    const uint8_t *id = &address->ip[8];

#ifdef _WIN32
    return (id[0] & 0xfd) == 0 && id[1] == 0 && id[2] == 0x5e && id[3] == 0xfe;
#else
    (void)id;
    return false;
#endif
}

static void every_address_survives_being_written_and_read(void **state)
{
    support_random random = support_random_start();

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        firth_address before = random_address(&random), after;
        firth_address_string string = firth_address_text(&before);
        char host[64], system[64];

        assert_true(strlen(string.text) < sizeof string.text);
        assert_int_equal(firth_address_parse(&after, string.text), FIRTH_OK);
        assert_true(firth_address_equal(&before, &after));
        if (before.family != FIRTH_FAMILY_IPV6 || before.scope_id != 0 || memcmp(before.ip, "\0\0\0\0\0\0", 6) == 0 ||
            is_written_otherwise_by_windows(&before))
            continue;
        snprintf(host, sizeof host, "%.*s", (int)(strchr(string.text, ']') - string.text - 1), string.text + 1);
        assert_non_null(inet_ntop(AF_INET6, before.ip, system, sizeof system));
        assert_string_equal(host, system);
    }
}

#ifndef _WIN32 /* whose inet_pton is more lenient than POSIX's */
/* A text one edit away from an address is read as the system reads it. */
static void near_misses_are_judged_as_the_system_does(void **state)
{
    static const char letters[] = "0123456789abcfg:.. ";
    support_random random = support_random_start();

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        firth_address address = random_address(&random), ours;
        char text[64];
        uint8_t theirs[16] = {0};
        bool six = address.family == FIRTH_FAMILY_IPV6, good;

        assert_non_null(inet_ntop(six ? AF_INET6 : AF_INET, address.ip, text, sizeof text));
        text[support_random_below(&random, strlen(text))] = letters[support_random_below(&random, sizeof letters - 1)];
        good = inet_pton(six ? AF_INET6 : AF_INET, text, theirs) == 1;
        if ((firth_address_make(&ours, text, 1) == FIRTH_OK) != good)
            fail_msg("\"%s\" is %s to the system", text, good ? "an address" : "none");
        if (good)
            assert_memory_equal(ours.ip, theirs, six ? 16 : 4);
    }
}

#endif

static void equality_compares_family_bytes_port_and_scope(void **state)
{
    firth_address a, b, c, d, mapped;

    (void)state;
    assert_int_equal(firth_address_parse(&a, "[fe80::1%2]:80"), FIRTH_OK);
    assert_int_equal(firth_address_parse(&b, "[fe80:0::1%2]:80"), FIRTH_OK);
    assert_int_equal(firth_address_parse(&c, "[fe80::1%3]:80"), FIRTH_OK);
    assert_int_equal(firth_address_parse(&d, "[fe80::1%2]:81"), FIRTH_OK);
    assert_true(firth_address_equal(&a, &a) && firth_address_equal(&a, &b));
    assert_false(firth_address_equal(&a, &c) || firth_address_equal(&a, &d));
    assert_int_equal(firth_address_parse(&c, "192.0.2.1:80"), FIRTH_OK);
    assert_int_equal(firth_address_parse(&d, "192.0.2.2:80"), FIRTH_OK);
    assert_int_equal(firth_address_parse(&mapped, "[::ffff:192.0.2.1]:80"), FIRTH_OK);
    assert_false(firth_address_equal(&c, &d) || firth_address_equal(&c, &mapped));
}

static void the_bytes_an_ipv4_address_does_not_use_do_not_count(void **state)
{
    firth_address a = {.family = FIRTH_FAMILY_IPV4, .port = 1, .ip = {1, 2, 3, 4}}, b = a;

    (void)state;
    b.ip[15] = 9;
    assert_true(firth_address_equal(&a, &b));
    assert_string_equal(firth_address_text(&b).text, "1.2.3.4:1");
}

static void no_address_is_written_as_none(void **state)
{
    firth_address none = {.family = FIRTH_FAMILY_NONE};

    (void)state;
    assert_string_equal(firth_address_text(&none).text, "none");
    assert_string_equal(firth_address_text(NULL).text, "none");
    none.port = 80;
    assert_string_equal(firth_address_text(&none).text, "none");
    none.family = 5; /* a number that is no family */
    assert_string_equal(firth_address_text(&none).text, "none");
    assert_string_equal(firth_address_ip_text(&none).text, "none");
}

static void the_longest_text_fits(void **state)
{
    firth_address address = {.family = FIRTH_FAMILY_IPV6, .port = 65535, .scope_id = UINT32_MAX};
    const char *longest = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535";

    (void)state;
    memset(address.ip, 0xff, sizeof address.ip);
    assert_string_equal(firth_address_text(&address).text, longest);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv6_is_written_as_rfc_5952_says),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_port_is_from_0_to_65535),
        cmocka_unit_test(an_address_with_its_port_is_read_from_one_text),
        cmocka_unit_test(a_port_that_is_no_number_is_refused),
        cmocka_unit_test(every_address_survives_being_written_and_read),
#ifndef _WIN32
        cmocka_unit_test(near_misses_are_judged_as_the_system_does),
#endif
        cmocka_unit_test(equality_compares_family_bytes_port_and_scope),
        cmocka_unit_test(the_bytes_an_ipv4_address_does_not_use_do_not_count),
        cmocka_unit_test(no_address_is_written_as_none),
        cmocka_unit_test(the_longest_text_fits),
    };

    return support_main(argc, argv, "address", tests, sizeof tests / sizeof *tests);
}
