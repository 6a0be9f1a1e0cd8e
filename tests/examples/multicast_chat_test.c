/* SPDX-License-Identifier: Apache-2.0 */
/* People who talk in a group, all on this machine and its loopback interface. */
#include "tests/examples/program.h"
#include "tests/support/skip.h"

#include <firth/interface.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define GROUP "239.255.70.1"

/* Its own address is the word behind "as". */
typedef struct person {
    program program;
    char port[8];
    char address[80];
} person;

static void join(person *who, const char *group, const char *port, const char *interface)
{
    const char *const words[] = {"multicast-chat", group, port, interface, NULL};
    const char *as;

    program_start_example(&who->program, words);
    program_await(&who->program, "\n");
    as = strstr(who->program.text, " as ");
    assert_non_null(as);
    assert_int_equal(sscanf(as, " as %79s", who->address), 1);
    while (as[-1] >= '0' && as[-1] <= '9')
        as--;
    snprintf(who->port, sizeof who->port, "%d", (int)strtol(as, NULL, 10));
}

static void say(person *who, const char *line)
{
    program_write(&who->program, line, strlen(line));
}

static void expect_heard(person *who, const person *from, const char *words)
{
    char line[1200];

    snprintf(line, sizeof line, "%s: %s\n", from->address, words);
    program_await(&who->program, line);
}

static void leave(person *who)
{
    program_end_input(&who->program);
    assert_int_equal(program_wait(&who->program), 0);
}

static void everybody_hears_everybody_else(const char *group, const char *interface)
{
    person people[3];

    join(&people[0], group, "0", interface);
    join(&people[1], group, people[0].port, interface);
    join(&people[2], group, people[0].port, interface);
    say(&people[0], "good morning\n");
    expect_heard(&people[1], &people[0], "good morning");
    expect_heard(&people[2], &people[0], "good morning");
    say(&people[1], "is it?\nno\n");
    expect_heard(&people[0], &people[1], "is it?");
    expect_heard(&people[0], &people[1], "no");
    expect_heard(&people[2], &people[1], "no");
    for (int i = 0; i < 3; i++)
        leave(&people[i]);
    assert_null(strstr(people[0].program.text, "good morning")); /* nobody hears himself */
    assert_null(strstr(people[1].program.text, "is it?"));
}

static void everybody_hears_everybody_else_by_the_name_of_the_interface(void **state)
{
    (void)state;
    everybody_hears_everybody_else(GROUP, "lo");
}

static void everybody_hears_everybody_else_by_its_number(void **state)
{
    (void)state;
    everybody_hears_everybody_else(GROUP, "1");
}

/* A group of ff01::/16 never leaves the interface (RFC 4291 §2.7), whatever that is connected to. Linux's loopback has no
 * route to groups. */
static void everybody_hears_everybody_else_by_ipv6(void **state)
{
    const unsigned wanted = FIRTH_INTERFACE_UP | FIRTH_INTERFACE_RUNNING | FIRTH_INTERFACE_MULTICAST;
    firth_interface interfaces[32];
    int count = firth_interfaces(interfaces, 32);

    (void)state;
    for (int i = 0; i < count && i < 32; i++) {
        firth_subnet addresses[16];
        int found = firth_interface_addresses(interfaces[i].index, addresses, 16);

        for (int j = 0; j < found && j < 16; j++)
            if ((interfaces[i].flags & (wanted | FIRTH_INTERFACE_LOOPBACK)) == wanted &&
                addresses[j].address.family == FIRTH_FAMILY_IPV6) {
                everybody_hears_everybody_else("ff01::4642", interfaces[i].name);
                return;
            }
    }
    SKIP("this machine has no interface for groups of IPv6");
}

static void long_lines_come_in_parts_and_nothing_moves_the_cursor(void **state)
{
    char line[1502], part[1001] = "";
    person speaker, listener;

    (void)state;
    join(&speaker, GROUP, "0", "lo");
    join(&listener, GROUP, speaker.port, "lo");
    memset(line, 'a', 1500);
    memcpy(line + 1500, "\n", 2);
    memset(part, 'a', 1000);
    say(&speaker, line);
    expect_heard(&listener, &speaker, part);
    part[500] = '\0';
    expect_heard(&listener, &speaker, part);
    say(&speaker, "red \033[31m\n");
    expect_heard(&listener, &speaker, "red ?[31m");
    leave(&speaker);
    leave(&listener);
}

static void an_interrupt_ends_it(void **state)
{
    person lonely;

    (void)state;
    join(&lonely, GROUP, "0", "lo");
    /* Wine ends a program that does not ask for Ctrl-C with 0, Windows with STATUS_CONTROL_C_EXIT. */
    assert_int_equal(program_stop(&lonely.program, SIGINT), program_is_of_windows() ? 0 : 128 + SIGINT);
}

static void what_is_no_group_or_interface_is_told(void **state)
{
    const char *const group[] = {"multicast-chat", "127.0.0.1", "9005", NULL};
    const char *const port[] = {"multicast-chat", GROUP, "x", NULL};
    const char *const interface[] = {"multicast-chat", GROUP, "0", "no-such-interface", NULL};
    program told;

    (void)state;
    program_start_example(&told, group);
    assert_int_equal(program_wait(&told), 2);
    assert_non_null(strstr(told.text, "usage:"));
    program_start_example(&told, port);
    assert_int_equal(program_wait(&told), 2);
    program_start_example(&told, interface);
    assert_int_equal(program_wait(&told), EXIT_FAILURE);
    assert_non_null(strstr(told.text, "Cannot find the interface: the address is not one of this machine"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_hears_everybody_else_by_the_name_of_the_interface),
        cmocka_unit_test(everybody_hears_everybody_else_by_its_number),
        cmocka_unit_test(everybody_hears_everybody_else_by_ipv6),
        cmocka_unit_test(long_lines_come_in_parts_and_nothing_moves_the_cursor),
        cmocka_unit_test(an_interrupt_ends_it),
        cmocka_unit_test(what_is_no_group_or_interface_is_told),
    };

    return support_main(argc, argv, "multicast chat", tests, sizeof tests / sizeof *tests);
}
