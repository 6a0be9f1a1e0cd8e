/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for stacks: guards of both kinds, how much was touched, and giving memory back. */
#include "ports/posix/pages.h"
#include "tests/support/support.h"

#include <firth/port.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { PAGES = 16 };

/* ---- guards ------------------------------------------------------------------------------------------------------ */

static void touch(void *argument)
{
    signal(SIGSEGV, SIG_DFL); /* cmocka's or a sanitizer's is inherited */
    *(volatile char *)argument = 1;
}

static bool is_fatal(char *there)
{
    char text[2048]; /* what an emulator or Valgrind has to say of it */
    int status = support_in_child(touch, there, text, sizeof text);

    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static bool kind_is(fth_guard_kind kind)
{
    fth_port_guard_force(FTH_GUARD_UNKNOWN, 0);
    return fth_port_guard_kind() == kind;
}

/* Guards the middle page of three and touches its first and last byte, and those that border on it. */
static void check_guard(void)
{
    size_t page = firth_port_page_bytes();
    char *pages = firth_port_pages_reserve(3 * page);

    assert_non_null(pages);
    assert_int_equal(firth_port_pages_guard(pages + page, page), FIRTH_OK);
    assert_false(is_fatal(pages + page - 1));
    assert_true(is_fatal(pages + page));
    assert_true(is_fatal(pages + 2 * page - 1));
    assert_false(is_fatal(pages + 2 * page));
    firth_port_pages_unguard(pages + page, page);
    firth_port_pages_release(pages, 3 * page);
}

static void an_installed_guard_is_fatal_to_touch(void **state)
{
    (void)state;
    if (!kind_is(FTH_GUARD_INSTALLED)) {
        print_message("the kernel has no MADV_GUARD_INSTALL (Linux 6.13)\n");
        skip();
    }
    check_guard();
}

static void a_protected_guard_is_fatal_to_touch(void **state)
{
    (void)state;
    fth_port_guard_force(FTH_GUARD_PROTECTED, 0);
    check_guard();
}

static void a_guard_outlives_the_discarding_of_what_is_around_it(void **state)
{
    size_t page = firth_port_page_bytes();
    char *pages = firth_port_pages_reserve(3 * page);

    (void)state;
    fth_port_guard_force(FTH_GUARD_UNKNOWN, 0);
    assert_int_equal(firth_port_pages_guard(pages, page), FIRTH_OK);
    pages[page] = 1;
    firth_port_pages_discard(pages + page, 2 * page);
    assert_true(is_fatal(pages));
    firth_port_pages_unguard(pages, page);
    firth_port_pages_release(pages, 3 * page);
}

static size_t guard_every_other_page(char *pages, size_t page, int *rc)
{
    size_t made = 0;

    while (made < PAGES / 2 && (*rc = firth_port_pages_guard(pages + 2 * made * page, page)) == FIRTH_OK)
        made++;
    return made;
}

static void the_limit_of_protected_guards_is_an_error(void **state)
{
    size_t page = firth_port_page_bytes();
    char *pages = firth_port_pages_reserve(PAGES * page);
    int rc = FIRTH_OK;

    (void)state;
    fth_port_guard_force(FTH_GUARD_PROTECTED, 5);
    assert_int_equal(guard_every_other_page(pages, page, &rc), 5);
    assert_int_equal(rc, FIRTH_ERR_NO_MEMORY);
    /* One that is given back makes room for one. */
    firth_port_pages_unguard(pages, page);
    assert_int_equal(firth_port_pages_guard(pages + 10 * page, page), FIRTH_OK);
    assert_int_equal(firth_port_pages_guard(pages + 12 * page, page), FIRTH_ERR_NO_MEMORY);
    for (int i = 0; i < 5; i++)
        firth_port_pages_unguard(pages, page);
    firth_port_pages_release(pages, PAGES * page);
    pages = firth_port_pages_reserve(PAGES * page);
    assert_int_equal(guard_every_other_page(pages, page, &rc), 5);
    for (int i = 0; i < 5; i++)
        firth_port_pages_unguard(pages, page);
    firth_port_pages_release(pages, PAGES * page);
}

static unsigned long most_mappings(void)
{
    unsigned long most = 65530;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");

    if (file != NULL) {
        if (fscanf(file, "%lu", &most) != 1)
            most = 65530;
        fclose(file);
    }
    return most;
}

/* Guards until it fails, then needs memory for other things still. */
static void guard_all(void *argument)
{
    size_t page = firth_port_page_bytes(), most = most_mappings(), made = 0;
    char *pages = firth_port_pages_reserve(most * page);
    void *other;

    fth_port_guard_force(FTH_GUARD_PROTECTED, 0);
    while (made < most / 2 && firth_port_pages_guard(pages + 2 * made * page, page) == FIRTH_OK)
        made++;
    if (made != most / 2 * 45 / 100)
        (void)support_differs(__FILE__, __LINE__, "guards made", (int64_t)made, (int64_t)(most / 2 * 45 / 100));
    other = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (other == MAP_FAILED)
        (void)support_failed(__FILE__, __LINE__, "a mapping beside the guards");
    (void)argument;
}

static void protected_guards_leave_mappings_for_the_rest_of_the_program(void **state)
{
    char text[2048];
    int status;

    (void)state;
    if (most_mappings() > 1000 * 1000) {
        print_message("vm.max_map_count is so high that a test of it would take minutes\n");
        skip();
    }
    status = support_in_child(guard_all, NULL, text, sizeof text);
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}

static void installed_guards_need_no_mapping_of_their_own(void **state)
{
    enum { GUARDS = 70 * 1000 };
    size_t page = firth_port_page_bytes(), made = 0;
    char *pages;

    (void)state;
    if (!kind_is(FTH_GUARD_INSTALLED)) {
        print_message("the kernel has no MADV_GUARD_INSTALL (Linux 6.13)\n");
        skip();
    }
    pages = firth_port_pages_reserve(2 * GUARDS * page);
    assert_non_null(pages);
    while (made < GUARDS && firth_port_pages_guard(pages + 2 * made * page, page) == FIRTH_OK)
        made++;
    assert_int_equal(made, GUARDS);
    firth_port_pages_release(pages, 2 * GUARDS * page);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static void reserved_pages_are_zeroed_and_writable(void **state)
{
    size_t bytes = PAGES * firth_port_page_bytes();
    char *pages = firth_port_pages_reserve(bytes);

    (void)state;
    assert_non_null(pages);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(pages[i], 0);
    memset(pages, 0x5a, bytes);
    firth_port_pages_release(pages, bytes);
}

static void more_address_space_than_there_is_comes_to_null(void **state)
{
    (void)state;
    assert_null(firth_port_pages_reserve(SIZE_MAX / 2 / firth_port_page_bytes() * firth_port_page_bytes()));
}

static void touched_bytes_are_counted_from_the_end_to_the_lowest_touch(void **state)
{
    size_t page = firth_port_page_bytes();
    size_t bytes = 200 * page; /* more than one call of mincore(2) is asked for */
    char *pages = firth_port_pages_reserve(bytes);

    (void)state;
    assert_int_equal(firth_port_pages_touched(pages, bytes), 0);
    pages[bytes - 1] = 1;
    assert_int_equal(firth_port_pages_touched(pages, bytes), page);
    pages[bytes - 3 * page] = 1; /* the page between was jumped over */
    assert_int_equal(firth_port_pages_touched(pages, bytes), 3 * page);
    for (size_t low = 190; low-- > 0;) {
        pages[low * page] = 1;
        assert_int_equal(firth_port_pages_touched(pages, bytes), bytes - low * page);
    }
    firth_port_pages_release(pages, bytes);
}

/* Pages of this range that have memory behind them. */
static size_t resident(char *pages, size_t bytes)
{
    unsigned char in[PAGES];
    size_t count = 0;

    assert_int_equal(mincore(pages, bytes, (void *)in), 0);
    for (size_t i = 0; i < bytes / firth_port_page_bytes(); i++)
        count += in[i] & 1u;
    return count;
}

static void discarding_gives_the_memory_back_and_leaves_the_rest(void **state)
{
    size_t page = firth_port_page_bytes(), bytes = PAGES * page;
    char *pages = firth_port_pages_reserve(bytes);

    (void)state;
    memset(pages, 0x5a, bytes);
    assert_int_equal(resident(pages, bytes), PAGES);
    firth_port_pages_discard(pages, bytes - page);
    assert_int_equal(resident(pages, bytes), 1);
    assert_int_equal(pages[bytes - page], 0x5a);
    assert_true(pages[0] == 0 || pages[0] == 0x5a);
    pages[0] = 1; /* and it can be used as before */
    assert_int_equal(pages[0], 1);
    firth_port_pages_release(pages, bytes);
}

/* A huge page would be 2 MiB for one touched byte. */
static void one_touch_costs_one_page(void **state)
{
    size_t page = firth_port_page_bytes(), bytes = 8 * 1024 * 1024, count = 0;
    char *pages = firth_port_pages_reserve(bytes);

    (void)state;
    for (size_t at = 0; at < bytes; at += PAGES * page) {
        pages[at] = 1;
        count += resident(pages + at, PAGES * page);
    }
    assert_int_equal(count, bytes / (PAGES * page));
    firth_port_pages_release(pages, bytes);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_installed_guard_is_fatal_to_touch),
        cmocka_unit_test(a_protected_guard_is_fatal_to_touch),
        cmocka_unit_test(a_guard_outlives_the_discarding_of_what_is_around_it),
        cmocka_unit_test(the_limit_of_protected_guards_is_an_error),
        cmocka_unit_test(protected_guards_leave_mappings_for_the_rest_of_the_program),
        cmocka_unit_test(installed_guards_need_no_mapping_of_their_own),
        cmocka_unit_test(reserved_pages_are_zeroed_and_writable),
        cmocka_unit_test(more_address_space_than_there_is_comes_to_null),
        cmocka_unit_test(touched_bytes_are_counted_from_the_end_to_the_lowest_touch),
        cmocka_unit_test(discarding_gives_the_memory_back_and_leaves_the_rest),
        cmocka_unit_test(one_touch_costs_one_page),
    };

    return support_main(argc, argv, "pages", tests, sizeof tests / sizeof *tests);
}
