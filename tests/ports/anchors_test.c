/* SPDX-License-Identifier: Apache-2.0 */
/* The roots of macOS, without macOS: ports/posix/anchors.c as it is compiled there, over frameworks of the test's own that
 * count what is held. */
#include "tests/support/support.h"

#include <firth/port.h>
#include <stdlib.h>
#include <string.h>

int anchors_of_macos(firth_port_take_authorities *take, void *argument);
void *anchors_dlopen(const char *path, int how);
void *anchors_dlsym(void *library, const char *name);
void *anchors_allocate(size_t bytes);

/* What a reference refers to: an array, a certificate or data. */
typedef struct object {
    const char *text;
} object;

enum { ROOTS = 3 };

static const char *roots[ROOTS]; /* NULL: a certificate whose data cannot be had */
static int held, allocations_left, security, foundation;
static const char *missing; /* a symbol or a library */
static int status;

/* ---- the frameworks ---------------------------------------------------------------------------------------------- */

static const void *hold(const char *text)
{
    object *made = malloc(sizeof *made);

    assert_non_null(made);
    made->text = text;
    held++;
    return made;
}

static int copy_anchors(const void **list)
{
    *list = status == 0 ? hold("the array") : NULL;
    return status;
}

static long count(const void *list)
{
    assert_string_equal(((const object *)list)->text, "the array");
    return ROOTS;
}

static const void *value_at(const void *list, long i)
{
    assert_in_range(i, 0, count(list) - 1);
    return &roots[i];
}

static const void *copy_data(const void *certificate)
{
    const char *root = *(const char *const *)certificate;

    return root != NULL ? hold(root) : NULL;
}

static const unsigned char *bytes_of(const void *data)
{
    return (const unsigned char *)((const object *)data)->text;
}

static long length_of(const void *data)
{
    return (long)strlen(((const object *)data)->text);
}

static void release(const void *reference)
{
    held--;
    free((void *)(uintptr_t)reference);
}

void *anchors_dlopen(const char *path, int how)
{
    (void)how;
    if (missing != NULL && strcmp(path, missing) == 0)
        return NULL;
    if (strcmp(path, "/System/Library/Frameworks/Security.framework/Security") == 0)
        return &security;
    assert_string_equal(path, "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation");
    return &foundation;
}

typedef void function(void);

static const struct {
    int *library;
    const char *name;
    function *entry;
} symbols[] = {
    {&security, "SecTrustCopyAnchorCertificates", (function *)copy_anchors},
    {&security, "SecCertificateCopyData", (function *)copy_data},
    {&foundation, "CFArrayGetCount", (function *)count},
    {&foundation, "CFArrayGetValueAtIndex", (function *)value_at},
    {&foundation, "CFDataGetBytePtr", (function *)bytes_of},
    {&foundation, "CFDataGetLength", (function *)length_of},
    {&foundation, "CFRelease", (function *)release},
};
enum { SYMBOLS = sizeof symbols / sizeof symbols[0] };

void *anchors_dlsym(void *library, const char *name)
{
    void *found = NULL;

    for (int i = 0; i < SYMBOLS; i++)
        if (library == symbols[i].library && strcmp(name, symbols[i].name) == 0 &&
            (missing == NULL || strcmp(name, missing) != 0))
            memcpy(&found, &symbols[i].entry, sizeof found);
    return found;
}

void *anchors_allocate(size_t bytes)
{
    return allocations_left-- > 0 ? firth_port_allocate(bytes) : NULL;
}

/* ---- what is shown ----------------------------------------------------------------------------------------------- */

static char seen[64];
static int nothing_seen;

static bool take(void *argument, const char *place, unsigned char *bytes, size_t size)
{
    assert_ptr_equal(argument, seen);
    assert_string_equal(place, "the Security framework");
    if (bytes == NULL) {
        nothing_seen++;
        return false;
    }
    assert_int_equal(bytes[size], '\0');
    strncat(seen, (const char *)bytes, sizeof seen - strlen(seen) - 1);
    memset(bytes, 'x', size); /* it is the taker's to change */
    return bytes[0] == 'x' && size != strlen("none");
}

static int begin(void **state)
{
    (void)state;
    roots[0] = "one,";
    roots[1] = "two,";
    roots[2] = "three";
    held = status = nothing_seen = 0;
    allocations_left = ROOTS;
    missing = NULL;
    seen[0] = '\0';
    return 0;
}

static void each_root_is_shown_and_nothing_is_held(void **state)
{
    (void)state;
    roots[0] = "first,";
    assert_int_equal(anchors_of_macos(take, seen), true);
    assert_string_equal(seen, "first,two,three");
    assert_int_equal(nothing_seen, 0);
    assert_int_equal(held, 0);
}

static void what_is_no_certificate_does_not_count(void **state)
{
    (void)state;
    roots[0] = roots[1] = "none";
    roots[2] = NULL;
    assert_int_equal(anchors_of_macos(take, seen), false);
    assert_string_equal(seen, "nonenone");
    assert_int_equal(held, 0);
}

static void a_system_without_a_symbol_shows_that_nothing_is_there(void **state)
{
    (void)state;
    for (int i = 0; i <= SYMBOLS; i++) {
        missing = i < SYMBOLS ? symbols[i].name : "/System/Library/Frameworks/Security.framework/Security";
        assert_int_equal(anchors_of_macos(take, seen), false);
        assert_int_equal(nothing_seen, i + 1);
        assert_int_equal(held, 0);
    }
    assert_string_equal(seen, "");
}

static void a_framework_that_fails_shows_that_nothing_is_there(void **state)
{
    (void)state;
    status = -25291; /* errSecNotAvailable */
    assert_int_equal(anchors_of_macos(take, seen), false);
    assert_int_equal(nothing_seen, 1);
    assert_int_equal(held, 0);
}

static void without_memory_nothing_is_held(void **state)
{
    (void)state;
    allocations_left = 1;
    assert_int_equal(anchors_of_macos(take, seen), FIRTH_ERR_NO_MEMORY);
    assert_string_equal(seen, "one,");
    assert_int_equal(held, 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_root_is_shown_and_nothing_is_held, begin),
        cmocka_unit_test_setup(what_is_no_certificate_does_not_count, begin),
        cmocka_unit_test_setup(a_system_without_a_symbol_shows_that_nothing_is_there, begin),
        cmocka_unit_test_setup(a_framework_that_fails_shows_that_nothing_is_there, begin),
        cmocka_unit_test_setup(without_memory_nothing_is_held, begin),
    };

    return support_main(argc, argv, "anchors", tests, sizeof tests / sizeof tests[0]);
}
