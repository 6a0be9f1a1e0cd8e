/* SPDX-License-Identifier: Apache-2.0 */
/* A backend without Unix sockets. */
#include "tests/support/support.h"

TASK_TEST(a_backend_without_unix_sockets_says_so)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *datagrams;
    firth_socket *socket;
    firth_server *server;

    EXPECT_EQUAL(firth_unix_bind(&builder, "firth", &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "firth_unix") == 0 && server == NULL);
    EXPECT_EQUAL(firth_unix_connect(&builder, "firth", &socket), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_adopt(&builder, 0, &socket), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, "firth", &datagrams), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_datagram_adopt(&builder, 0, &datagrams), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(socket == NULL && datagrams == NULL);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_without_unix_sockets_says_so),
    };

    return support_main(argc, argv, "without unix", tests, sizeof tests / sizeof *tests);
}
