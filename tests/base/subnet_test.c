/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, kinds of addresses, IPv4 inside IPv6. */
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

static firth_address address_of(const char *ip)
{
    firth_address address;

    assert_int_equal(firth_address_make(&address, ip, 80), FIRTH_OK);
    return address;
}

static firth_subnet subnet_of(const char *text)
{
    firth_subnet subnet;

    assert_int_equal(firth_subnet_parse(&subnet, text), FIRTH_OK);
    return subnet;
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void a_subnet_survives_being_read_and_written(void **state)
{
    static const struct {
        const char *from;
        const char *to;
    } rows[] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"192.0.2.7/24", "192.0.2.7/24"},
        {"192.0.2.7/32", "192.0.2.7/32"},
        {"192.0.2.7", "192.0.2.7/32"},
        {"::/0", "::/0"},
        {"2001:DB8::/32", "2001:db8::/32"},
        {"2001:db8::1", "2001:db8::1/128"},
        {"[2001:db8::1]/64", "2001:db8::1/64"},
        {"fe80::1%2/64", "fe80::1%2/64"},
        {"::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295/128",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295/128"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_subnet subnet = subnet_of(rows[i].from);

        assert_string_equal(firth_subnet_text(&subnet).text, rows[i].to);
    }
    assert_string_equal(firth_subnet_text(NULL).text, "none");
    assert_string_equal(firth_subnet_text(&(firth_subnet){.prefix_bits = 8}).text, "none");
}

static void what_is_no_subnet_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/ 8",
        "10.0.0.0/8 ",
        "10.0.0.0/08",
        "10.0.0.0/00",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/0x8",
        "10.0.0.0/99999999999999999999",
        "10/8",
        "10.0.0.0:80/8",
        "::/129",
        "::/1000",
        "::/1280",
        "localhost/8",
        "fe80::1%eth0/64",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/64",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_subnet subnet;

        print_message("\"%s\"\n", rows[i]);
        assert_int_equal(firth_subnet_parse(&subnet, rows[i]), FIRTH_ERR_ADDRESS_INVALID);
    }
    assert_int_equal(firth_subnet_parse(&(firth_subnet){0}, NULL), FIRTH_ERR_ADDRESS_INVALID);
}

static void an_ip_without_its_port_is_read_back(void **state)
{
    static const char *const rows[] = {"127.0.0.1", "::1", "::ffff:192.0.2.1", "fe80::1%2"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_address address = address_of(rows[i]);

        assert_string_equal(firth_address_ip_text(&address).text, rows[i]);
    }
    assert_string_equal(firth_address_ip_text(NULL).text, "none");
}

/* ---- which addresses ----------------------------------------------------------------------------------------------- */

static void a_subnet_has_the_addresses_that_begin_as_it_does(void **state)
{
    static const struct {
        const char *subnet;
        const char *ip;
        bool in;
    } rows[] = {
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.9.8.7/8", "10.1.2.3", true}, /* bits behind the prefix do not count */
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"172.16.0.0/12", "172.15.255.255", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.7/32", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.6/31", "192.0.2.7", true},
        {"192.0.2.6/31", "192.0.2.8", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.1", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::1/127", "2001:db8::", true},
        {"2001:db8::1/127", "2001:db8::2", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"fe80::/64", "fe80::1%3", true}, /* no scope id: any link */
        {"fe80::%2/64", "fe80::1%2", true},
        {"fe80::%2/64", "fe80::1%3", false},
        {"fe80::%2/64", "fe80::1", false},
        /* an IPv4 address that an IPv6 one carries */
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::ffff:11.1.2.3", false},
        {"0.0.0.0/0", "::ffff:1.2.3.4", true},
        {"::ffff:0.0.0.0/96", "::ffff:1.2.3.4", true},
        {"::ffff:0.0.0.0/96", "1.2.3.4", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_subnet subnet = subnet_of(rows[i].subnet);
        firth_address address = address_of(rows[i].ip);

        print_message("%s in %s\n", rows[i].ip, rows[i].subnet);
        assert_int_equal(firth_subnet_contains(&subnet, &address), rows[i].in);
    }
}

static void nothing_is_in_what_is_no_subnet(void **state)
{
    firth_address address = address_of("10.0.0.1"), none = {.family = FIRTH_FAMILY_NONE};
    firth_subnet subnet = subnet_of("10.0.0.0/8");

    (void)state;
    subnet.prefix_bits = 33;
    assert_false(firth_subnet_contains(&subnet, &address));
    subnet = (firth_subnet){.prefix_bits = 0};
    assert_false(firth_subnet_contains(&subnet, &address));
    assert_false(firth_subnet_contains(&subnet, &none));
}

/* Every length of prefix, at the first bit behind it and the last before it. */
static void each_bit_of_a_prefix_counts(void **state)
{
    static const char *const ips[] = {"170.85.204.51", "aa55:cc33:f00f:1234:5678:9abc:def0:1357"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        firth_address address = address_of(ips[i]);
        unsigned bits = i == 0 ? 32 : 128;

        for (unsigned bit = 0; bit < bits; bit++) {
            firth_address other = address;
            firth_subnet subnet = {.address = address, .prefix_bits = (uint8_t)bit};

            other.ip[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            assert_true(firth_subnet_contains(&subnet, &other));
            subnet.prefix_bits++;
            assert_false(firth_subnet_contains(&subnet, &other));
        }
    }
}

/* ---- kinds --------------------------------------------------------------------------------------------------------- */

static void an_address_is_of_the_kind_the_registries_say(void **state)
{
    static const struct {
        const char *ip;
        firth_address_kind kind;
    } rows[] = {
        {"0.0.0.0", FIRTH_ADDRESS_UNSPECIFIED},
        {"0.0.0.1", FIRTH_ADDRESS_OTHER},
        {"127.0.0.1", FIRTH_ADDRESS_LOOPBACK},
        {"127.255.255.255", FIRTH_ADDRESS_LOOPBACK},
        {"126.255.255.255", FIRTH_ADDRESS_OTHER},
        {"128.0.0.0", FIRTH_ADDRESS_OTHER},
        {"169.254.0.0", FIRTH_ADDRESS_LINK_LOCAL},
        {"169.254.255.255", FIRTH_ADDRESS_LINK_LOCAL},
        {"169.253.255.255", FIRTH_ADDRESS_OTHER},
        {"169.255.0.0", FIRTH_ADDRESS_OTHER},
        {"10.0.0.0", FIRTH_ADDRESS_PRIVATE},
        {"10.255.255.255", FIRTH_ADDRESS_PRIVATE},
        {"172.15.255.255", FIRTH_ADDRESS_OTHER},
        {"172.16.0.0", FIRTH_ADDRESS_PRIVATE},
        {"172.31.255.255", FIRTH_ADDRESS_PRIVATE},
        {"172.32.0.0", FIRTH_ADDRESS_OTHER},
        {"192.168.0.0", FIRTH_ADDRESS_PRIVATE},
        {"192.168.255.255", FIRTH_ADDRESS_PRIVATE},
        {"192.169.0.0", FIRTH_ADDRESS_OTHER},
        {"223.255.255.255", FIRTH_ADDRESS_OTHER},
        {"224.0.0.0", FIRTH_ADDRESS_MULTICAST},
        {"239.255.255.255", FIRTH_ADDRESS_MULTICAST},
        {"240.0.0.0", FIRTH_ADDRESS_OTHER},
        {"255.255.255.254", FIRTH_ADDRESS_OTHER},
        {"255.255.255.255", FIRTH_ADDRESS_BROADCAST},
        {"192.0.2.1", FIRTH_ADDRESS_OTHER},
        {"::", FIRTH_ADDRESS_UNSPECIFIED},
        {"::1", FIRTH_ADDRESS_LOOPBACK},
        {"::2", FIRTH_ADDRESS_OTHER},
        {"1::", FIRTH_ADDRESS_OTHER},
        {"1::1", FIRTH_ADDRESS_OTHER},
        {"fe80::1%2", FIRTH_ADDRESS_LINK_LOCAL},
        {"febf:ffff::1", FIRTH_ADDRESS_LINK_LOCAL},
        {"fec0::1", FIRTH_ADDRESS_OTHER}, /* site-local, given up by RFC 3879 */
        {"fc00::1", FIRTH_ADDRESS_PRIVATE},
        {"fdff:ffff::1", FIRTH_ADDRESS_PRIVATE},
        {"fbff::1", FIRTH_ADDRESS_OTHER},
        {"fe00::1", FIRTH_ADDRESS_OTHER},
        {"ff00::", FIRTH_ADDRESS_MULTICAST},
        {"ff02::1", FIRTH_ADDRESS_MULTICAST},
        {"2001:db8::1", FIRTH_ADDRESS_OTHER},
        {"::ffff:127.0.0.1", FIRTH_ADDRESS_LOOPBACK},
        {"::ffff:10.0.0.1", FIRTH_ADDRESS_PRIVATE},
        {"::ffff:255.255.255.255", FIRTH_ADDRESS_BROADCAST},
        {"::ffff:0.0.0.0", FIRTH_ADDRESS_UNSPECIFIED},
        {"::fffe:127.0.0.1", FIRTH_ADDRESS_OTHER},
    };
    firth_address none = {.family = FIRTH_FAMILY_NONE};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_address address = address_of(rows[i].ip);

        print_message("%s\n", rows[i].ip);
        assert_int_equal(firth_address_classify(&address), rows[i].kind);
    }
    assert_int_equal(firth_address_classify(&none), FIRTH_ADDRESS_UNSPECIFIED);
}

/* ---- IPv4 inside IPv6 ---------------------------------------------------------------------------------------------- */

static void an_ipv4_address_goes_into_an_ipv6_one_and_comes_out_again(void **state)
{
    firth_address address = address_of("192.0.2.1"), before = address;

    (void)state;
    assert_true(firth_address_map(&address));
    assert_string_equal(firth_address_text(&address).text, "[::ffff:192.0.2.1]:80");
    assert_false(firth_address_map(&address));
    assert_true(firth_address_unmap(&address));
    assert_memory_equal(&address, &before, sizeof address);
    assert_false(firth_address_unmap(&address));
    assert_memory_equal(&address, &before, sizeof address);
}

static void an_ipv6_address_that_carries_none_stays_what_it_is(void **state)
{
    static const char *const rows[] = {"::1", "::192.0.2.1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1",
                                       "64:ff9b::1.2.3.4"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        firth_address address = address_of(rows[i]), before = address;

        assert_false(firth_address_unmap(&address));
        assert_memory_equal(&address, &before, sizeof address);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subnet_survives_being_read_and_written),
        cmocka_unit_test(what_is_no_subnet_is_refused),
        cmocka_unit_test(an_ip_without_its_port_is_read_back),
        cmocka_unit_test(a_subnet_has_the_addresses_that_begin_as_it_does),
        cmocka_unit_test(nothing_is_in_what_is_no_subnet),
        cmocka_unit_test(each_bit_of_a_prefix_counts),
        cmocka_unit_test(an_address_is_of_the_kind_the_registries_say),
        cmocka_unit_test(an_ipv4_address_goes_into_an_ipv6_one_and_comes_out_again),
        cmocka_unit_test(an_ipv6_address_that_carries_none_stays_what_it_is),
    };

    return support_main(argc, argv, "subnet", tests, sizeof tests / sizeof *tests);
}
