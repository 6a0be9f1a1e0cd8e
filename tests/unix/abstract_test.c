/* SPDX-License-Identifier: Apache-2.0 */
/* Names outside the file system, which Linux has. */
#include "tests/unix/places.h"

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
    const char *name = places_long_path(FIRTH_UNIX_PATH_BYTES - 1);
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
        PLACES_TEST(what_only_a_file_has_an_abstract_name_refuses_by_name),
    };

    return support_main(argc, argv, "unix abstract", tests, sizeof tests / sizeof *tests);
}
