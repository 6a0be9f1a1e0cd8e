/* SPDX-License-Identifier: Apache-2.0 */
/* Files read whole, with the reason in words when they cannot be; and the places of the system's authorities. */
#include "tests/support/support.h"

#include <fcntl.h>
#include <firth/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 1 << 20 };

static char path[64];

static int make_file(void **state)
{
    int descriptor;

    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/firth-file-XXXXXX");
    descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    FILE *file = fopen(path, "wb");

    assert_non_null(bytes);
    assert_non_null(file);
    support_fill(bytes, size, 0);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

static void a_file_of_any_size_is_read_with_a_nul_behind_it(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 300000, MOST};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *bytes = NULL;
        size_t size = 77;
        int os_code = 77;
        const char *why = NULL;

        write_file(sizes[i]);
        assert_int_equal(firth_port_read_file(path, MOST, &bytes, &size, &os_code, &why), FIRTH_OK);
        assert_int_equal(size, sizes[i]);
        assert_true(support_is_filled(bytes, size, 0));
        assert_int_equal(((char *)bytes)[size], '\0');
        assert_int_equal(os_code, 0);
        firth_port_release(bytes);
    }
}

static void a_longer_file_than_is_wanted_is_refused(void **state)
{
    void *bytes = NULL;
    size_t size;
    int os_code;
    const char *why;

    (void)state;
    write_file(1001);
    assert_int_equal(firth_port_read_file(path, 1000, &bytes, &size, &os_code, &why), FIRTH_ERR_SYSTEM);
    assert_string_equal(why, "too long");
    assert_null(bytes);
    assert_int_equal(firth_port_read_file(path, 1001, &bytes, &size, &os_code, &why), FIRTH_OK);
    firth_port_release(bytes);
}

/* A shell's <(…), whose size nobody knows before its end. */
static void a_pipe_is_read_to_its_end(void **state)
{
    unsigned char sent[40000];
    char name[64];
    void *bytes = NULL;
    size_t size = 0;
    int ends[2], os_code;
    const char *why;

    (void)state;
    support_fill(sent, sizeof sent, 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], sent, sizeof sent), sizeof sent);
    assert_int_equal(close(ends[1]), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    if (firth_port_read_file(name, MOST, &bytes, &size, &os_code, &why) != FIRTH_OK)
        fail_msg("%s", why);
    assert_int_equal(size, sizeof sent);
    assert_memory_equal(bytes, sent, size);
    firth_port_release(bytes);
    (void)close(ends[0]);
}

static void what_cannot_be_read_is_said_in_words(void **state)
{
    void *bytes = NULL;
    size_t size, open_before = support_descriptors_open();
    int os_code = 0;
    const char *why = NULL;
    char below[100];

    (void)state;
    assert_int_equal(firth_port_read_file("/nowhere/at/all", MOST, &bytes, &size, &os_code, &why), FIRTH_ERR_SYSTEM);
    assert_string_equal(why, "no such file");
    assert_int_not_equal(os_code, 0);
    assert_int_equal(firth_port_read_file("/tmp", MOST, &bytes, &size, &os_code, &why), FIRTH_ERR_SYSTEM);
    assert_string_equal(why, "a folder, not a file");
    (void)snprintf(below, sizeof below, "%s/below", path);
    assert_int_equal(firth_port_read_file(below, MOST, &bytes, &size, &os_code, &why), FIRTH_ERR_SYSTEM);
    assert_string_equal(why, "no such file");
    assert_null(bytes);
    assert_int_equal(support_descriptors_open(), open_before);
}

static void read_as_somebody(void *argument)
{
    void *bytes = NULL;
    size_t size;
    int os_code;
    const char *why = "";

    (void)argument;
    if (geteuid() == 0 && setuid(65534) != 0)
        _exit(2);
    if (firth_port_read_file(path, MOST, &bytes, &size, &os_code, &why) != FIRTH_ERR_SYSTEM ||
        strcmp(why, "the system does not permit to read it") != 0)
        _exit(1);
}

static void a_file_of_somebody_elses_is_not_permitted(void **state)
{
    (void)state;
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(support_in_child(read_as_somebody, NULL, NULL, 0), 0);
}

/* ---- authorities ------------------------------------------------------------------------------------------------- */

typedef struct seen {
    char first[256];
    size_t places, files;
    bool answer;
} seen;

static bool see(void *argument, const char *place, unsigned char *bytes, size_t size)
{
    seen *to = argument;

    if (to->places++ == 0)
        (void)snprintf(to->first, sizeof to->first, "%s", place);
    if (bytes == NULL)
        return false;
    if (bytes[size] != '\0')
        _exit(3);
    memset(bytes, 'x', size); /* they are take's to change */
    to->files++;
    return to->answer;
}

static void look(void *argument)
{
    seen to = {.answer = true};

    (void)argument;
    (void)setenv("SSL_CERT_FILE", path, 1);
    (void)unsetenv("SSL_CERT_DIR");
    if (firth_port_authorities(see, &to) != FIRTH_OK || to.places != 1 || to.files != 1 || strcmp(to.first, path) != 0)
        _exit(1);
    to = (seen){.answer = true};
    (void)setenv("SSL_CERT_FILE", "/nowhere/at/all", 1);
    if (firth_port_authorities(see, &to) != FIRTH_OK || to.places != 1 || to.files != 0)
        _exit(2);
    to = (seen){.answer = false}; /* without them, every place is looked at until one has some */
    (void)setenv("SSL_CERT_FILE", "", 1);
    if (firth_port_authorities(see, &to) != FIRTH_OK || to.places < 6)
        _exit(4);
}

static void the_environment_names_the_authorities_and_else_the_systems_places_do(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(look, NULL, NULL, 0), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_of_any_size_is_read_with_a_nul_behind_it, make_file, remove_file),
        cmocka_unit_test_setup_teardown(a_longer_file_than_is_wanted_is_refused, make_file, remove_file),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_said_in_words, make_file, remove_file),
        cmocka_unit_test_setup_teardown(a_file_of_somebody_elses_is_not_permitted, make_file, remove_file),
        cmocka_unit_test_setup_teardown(the_environment_names_the_authorities_and_else_the_systems_places_do, make_file,
                                        remove_file),
    };

    return support_main(argc, argv, "files", tests, sizeof tests / sizeof *tests);
}
