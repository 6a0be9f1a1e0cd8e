/* SPDX-License-Identifier: Apache-2.0 */
/* Names outside the file system, which Linux has. */
#include "core/selector/selector.h"
#include "tests/unix/places.h"

#include <stdio.h>
#include <unistd.h>

TASK_TEST(an_abstract_name_makes_no_file_and_is_free_when_its_server_is_gone)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    const char *name = places_path("abstract"); /* a name like any other */
    firth_unix_address address;
    firth_server *server, *second;
    firth_socket *client;

    builder.abstract = true;
    for (int round = 0; round < 3; round++) {
        EXPECT_EQUAL(firth_unix_bind(&builder, name, &server), FIRTH_OK);
        EXPECT(!places_has(name));
        EXPECT_EQUAL(firth_unix_bind(&builder, name, &second), FIRTH_ERR_ADDRESS_IN_USE);
        EXPECT_EQUAL(firth_unix_connect(&builder, name, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_peer_address(client, &address), FIRTH_OK);
        EXPECT(address.abstract && address.size == strlen(name) && strcmp(address.path, name) == 0);
        EXPECT(firth_unix_server_address(server)->abstract);
        EXPECT_EQUAL(places_connect_code(scope, name), FIRTH_ERR_REFUSED); /* the path is another */
        firth_socket_abort(client);
        firth_server_close(server);
        EXPECT_EQUAL(firth_unix_connect(&builder, name, &client), FIRTH_ERR_REFUSED);
    }
    return FIRTH_OK;
}

TASK_TEST(the_longest_abstract_name_is_told_whole)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    const char *name = places_long_path(places_longest(scope));
    firth_unix_address address;
    firth_server *server;
    firth_socket *client;

    builder.abstract = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, name, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_unix_connect(&builder, name, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_unix_peer_address(client, &address), FIRTH_OK);
    EXPECT(address.abstract && strcmp(address.path, name) == 0);
    EXPECT_EQUAL(firth_unix_connect(&builder, places_long_path(FIRTH_UNIX_PATH_BYTES), &client), FIRTH_ERR_TOO_LONG);
    return FIRTH_OK;
}

/* unix(7): "null bytes in the name have no special significance". The names differ behind the first NUL alone. */
TASK_TEST(an_abstract_name_may_have_any_bytes_in_it)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address names[2], told;
    firth_server *servers[2];
    firth_socket *client;
    char bytes[32] = {0};

    for (int i = 0; i < 2; i++) {
        snprintf(bytes, sizeof bytes, "firth-%ld%c%cx%d", (long)getpid(), 0, 0, i);
        memset(bytes, '\0', 2); /* it may begin with one too */
        EXPECT_EQUAL(firth_unix_address_make_abstract(&names[i], bytes, sizeof bytes), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_bind_to(&builder, &names[i], &servers[i]), FIRTH_OK);
        firth_scope_own_server(scope, servers[i]);
    }
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_unix_connect_to(&builder, &names[i], &client), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_peer_address(client, &told), FIRTH_OK);
        EXPECT_EQUAL(told.size, sizeof bytes);
        EXPECT(told.abstract && memcmp(told.path, names[i].path, sizeof bytes) == 0);
        EXPECT(memcmp(firth_unix_server_address(servers[i])->path, names[i].path, sizeof bytes) == 0);
        firth_socket_abort(client);
    }
    names[0].size--;
    EXPECT_EQUAL(firth_unix_connect_to(&builder, &names[0], &client), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

TASK_TEST(datagrams_go_by_such_names_too)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address name, from;
    firth_unix_datagram_socket *here, *there;
    char bytes[40] = "\0\0firth ";

    snprintf(bytes + 8, sizeof bytes - 8, "%ld", (long)getpid());
    EXPECT_EQUAL(firth_unix_address_make_abstract(&name, bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_datagram_bind_to(&builder, &name, &here), FIRTH_OK);
    firth_scope_own_unix_datagram(scope, here);
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, places_path("there"), &there), FIRTH_OK);
    firth_scope_own_unix_datagram(scope, there);
    EXPECT_EQUAL(places_send(there, "hello", &name), FIRTH_OK);
    from = places_address(places_path("there"));
    EXPECT_EQUAL(places_receive(scope, here, "hello", NULL), FIRTH_OK);
    EXPECT_EQUAL(places_send(here, "answer", &from), FIRTH_OK);
    EXPECT_EQUAL(places_receive(scope, there, "answer", &from), FIRTH_OK);
    EXPECT(from.abstract && from.size == name.size && memcmp(from.path, name.path, name.size) == 0);
    return FIRTH_OK;
}

/* One of a socket that is too long was refused as not supported where the system's paths are shorter than Firth's. */
TASK_TEST(an_address_that_is_none_is_refused)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address none = {.size = 0}, nul = {.size = 7, .path = "fir\0th"}, no_nul = {.size = 5, .path = "firth!"},
                       too_long = {.size = FIRTH_UNIX_PATH_BYTES};
    const struct {
        const firth_unix_address *address;
        int code;
    } rows[] = {{NULL, FIRTH_ERR_ARGUMENT},
                {&none, FIRTH_ERR_ARGUMENT},
                {&nul, FIRTH_ERR_ARGUMENT},
                {&no_nul, FIRTH_ERR_ARGUMENT},
                {&too_long, FIRTH_ERR_TOO_LONG}};
    firth_unix_address made;
    firth_unix_datagram_socket *datagrams, *sender;
    firth_server *server;
    firth_socket *client;

    memset(too_long.path, 'a', sizeof too_long.path);
    EXPECT_EQUAL(places_open_datagrams(scope, NULL, &sender), FIRTH_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EXPECT_EQUAL(firth_unix_bind_to(&builder, rows[i].address, &server), rows[i].code);
        EXPECT_EQUAL(firth_unix_connect_to(&builder, rows[i].address, &client), rows[i].code);
        EXPECT_EQUAL(firth_unix_datagram_bind_to(&builder, rows[i].address, &datagrams), rows[i].code);
        EXPECT_EQUAL(firth_unix_datagram_connect(sender, rows[i].address), rows[i].code);
        if (rows[i].address != NULL)
            EXPECT_EQUAL(places_send(sender, "x", rows[i].address), rows[i].code);
    }
    EXPECT_EQUAL(firth_unix_address_make_abstract(&made, "", 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_address_make_abstract(&made, NULL, 5), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_address_make_abstract(&made, too_long.path, sizeof too_long.path), FIRTH_ERR_TOO_LONG);
    return FIRTH_OK;
}

/* The backend's own limit, which core's hides here: on macOS and the BSDs it is four bytes less. */
TASK_TEST(a_path_longer_than_the_systems_is_too_long_on_every_system)
{
    firth_selector *selector = firth_scope_selector(scope);
    const firth_unix_backend *slots = selector->backend->unix_sockets;
    firth_unix_address address = {.size = FIRTH_UNIX_PATH_BYTES};
    firth_unix_message message = {.bytes = "x", .size = 1, .address = &address};
    firth_io io = {.selector = selector, .native = -1};
    firth_unix_file file;

    memset(address.path, 'a', sizeof address.path);
    EXPECT_EQUAL(slots->open(&io, true), FIRTH_OK);
    EXPECT_EQUAL(slots->connect(&io, &address), FIRTH_ERR_TOO_LONG);
    EXPECT(strcmp(firth_last_failure()->step, "path") == 0);
    EXPECT_EQUAL(slots->send(&io, &message), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(slots->bind(&io, &address, -1, false, true, &file), FIRTH_ERR_TOO_LONG);
    selector->backend->socket_close(&io, FIRTH_CLOSE_NORMAL);
    return FIRTH_OK;
}

TASK_TEST(what_only_a_file_has_an_abstract_name_refuses_by_name)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_server *server;

    builder.abstract = builder.replace_stale = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, "firth", &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option replace_stale") == 0);
    builder.replace_stale = false;
    builder.unlink_on_close = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, "firth", &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option unlink_on_close") == 0);
    builder.unlink_on_close = false;
    builder.mode = 0600;
    EXPECT_EQUAL(firth_unix_bind(&builder, "firth", &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option mode") == 0);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(an_abstract_name_makes_no_file_and_is_free_when_its_server_is_gone),
        PLACES_TEST(the_longest_abstract_name_is_told_whole),
        PLACES_TEST(an_abstract_name_may_have_any_bytes_in_it),
        PLACES_TEST(datagrams_go_by_such_names_too),
        PLACES_TEST(an_address_that_is_none_is_refused),
        PLACES_TEST(a_path_longer_than_the_systems_is_too_long_on_every_system),
        PLACES_TEST(what_only_a_file_has_an_abstract_name_refuses_by_name),
    };

    return support_main(argc, argv, "unix abstract", tests, sizeof tests / sizeof *tests);
}
