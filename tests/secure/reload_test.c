/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate that is renewed while the server serves. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"
#include "tests/tls/certificates.h"

/* A server with a certificate of a name, and clients that trust whatever it shows. */
typedef struct serving {
    certificate *first, *second;
    firth_tls_identity identity;
    firth_tls_builder builder;
    firth_tls_config *config, *clients;
    firth_server *server;
    int port;
} serving;

static certificate *named(const char *subject)
{
    return certificate_make(&(certificate_wish){.subject = subject, .names = "DNS:" SECURE_PAIR_HOST});
}

static void show(serving *it, const certificate *which)
{
    it->identity = certificate_identity(which);
    it->builder.identities = &it->identity;
    it->builder.identity_count = 1;
}

static int open_serving(firth_scope *scope, serving *it)
{
    firth_tls_builder client = firth_tls_client();
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_tls_data trusted[2];

    it->first = named("CN=First");
    it->second = named("CN=Second");
    it->builder = firth_tls_server();
    show(it, it->first);
    EXPECT_EQUAL(firth_tls_build(&it->builder, &it->config), FIRTH_OK);
    trusted[0] = certificate_data(it->first);
    trusted[1] = certificate_data(it->second);
    client.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    client.authorities = trusted;
    client.authority_count = 2;
    client.server_name = SECURE_PAIR_HOST;
    EXPECT_EQUAL(firth_tls_build(&client, &it->clients), FIRTH_OK);
    tcp.tls = it->config;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &it->server), FIRTH_OK);
    it->port = firth_server_address(it->server)->port;
    return FIRTH_OK;
}

static void close_serving(serving *it)
{
    firth_server_close(it->server);
    firth_tls_config_release(it->config);
    firth_tls_config_release(it->clients);
    certificate_free(it->first);
    certificate_free(it->second);
}

/* A client connects; both ends. */
static int visit(firth_scope *scope, serving *it, firth_socket **server, firth_socket **client)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    peers_attempt accepting = {.server = it->server};
    firth_scope inner;
    int rc;

    tcp.tls = it->clients;
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, peers_accept, &accepting, NULL), FIRTH_OK);
    rc = firth_tcp_connect(&tcp, "127.0.0.1", it->port, client);
    EXPECT_EQUAL(firth_scope_close(&inner, rc), FIRTH_OK);
    EXPECT_EQUAL(accepting.result, FIRTH_OK);
    *server = accepting.socket;
    return FIRTH_OK;
}

static int expect_subject(firth_socket *client, const char *subject)
{
    const firth_tls_certificate *shown;
    firth_tls_info info;

    EXPECT_EQUAL(firth_tls_get_info(client, &info), FIRTH_OK);
    EXPECT(!info.is_resumed);
    EXPECT_EQUAL(firth_tls_peer_certificate(client, &shown), FIRTH_OK);
    EXPECT(strcmp(shown->subject, subject) == 0);
    return FIRTH_OK;
}

static int expect_new_clients_see(firth_scope *scope, serving *it, const char *subject)
{
    firth_socket *server, *client;

    EXPECT_EQUAL(visit(scope, it, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(expect_subject(client, subject), FIRTH_OK);
    firth_socket_abort(client);
    firth_socket_abort(server);
    return FIRTH_OK;
}

static int expect_line(firth_socket *from, firth_socket *to)
{
    char line[16];

    EXPECT_EQUAL(firth_write_string(firth_socket_output(from), "goes on\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(from)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(to), line, sizeof line), 7);
    return FIRTH_OK;
}

TASK_TEST(new_handshakes_show_the_new_certificate_and_connections_go_on)
{
    firth_socket *server, *client;
    serving it;

    EXPECT_EQUAL(open_serving(scope, &it), FIRTH_OK);
    EXPECT_EQUAL(visit(scope, &it, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(expect_subject(client, "CN=First"), FIRTH_OK);
    show(&it, it.second);
    EXPECT_EQUAL(firth_tls_reload(it.config, &it.builder), FIRTH_OK);
    EXPECT_EQUAL(expect_new_clients_see(scope, &it, "CN=Second"), FIRTH_OK);
    EXPECT_EQUAL(expect_line(client, server), FIRTH_OK);
    EXPECT_EQUAL(expect_line(server, client), FIRTH_OK);
    EXPECT_EQUAL(expect_subject(client, "CN=First"), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_end(scope, server, client), FIRTH_OK);
    close_serving(&it);
    return FIRTH_OK;
}

/* Its certificate is of the generation before, and goes with the last connection that has to do with it. */
TASK_TEST(a_connection_outlives_several_reloads_and_the_server)
{
    firth_socket *server, *client;
    serving it;

    EXPECT_EQUAL(open_serving(scope, &it), FIRTH_OK);
    EXPECT_EQUAL(visit(scope, &it, &server, &client), FIRTH_OK);
    for (int i = 0; i < 4; i++) {
        show(&it, i % 2 == 0 ? it.second : it.first);
        EXPECT_EQUAL(firth_tls_reload(it.config, &it.builder), FIRTH_OK);
    }
    close_serving(&it);
    EXPECT_EQUAL(expect_line(server, client), FIRTH_OK);
    EXPECT_EQUAL(expect_subject(client, "CN=First"), FIRTH_OK);
    return secure_pair_end(scope, server, client);
}

TASK_TEST(a_reload_that_fails_changes_nothing)
{
    firth_tls_builder client = firth_tls_client();
    serving it;

    EXPECT_EQUAL(open_serving(scope, &it), FIRTH_OK);
    show(&it, it.second);
    it.identity.key = certificate_identity(it.first).key;
    EXPECT_EQUAL(firth_tls_reload(it.config, &it.builder), FIRTH_ERR_TLS_CONFIG);
    EXPECT_EQUAL(expect_new_clients_see(scope, &it, "CN=First"), FIRTH_OK);
    it.identity.certificate = firth_tls_file("/nowhere/at/all.pem");
    EXPECT_EQUAL(firth_tls_reload(it.config, &it.builder), FIRTH_ERR_TLS_CONFIG);
    EXPECT(strstr(firth_last_failure()->detail, "/nowhere/at/all.pem") != NULL);
    EXPECT_EQUAL(firth_tls_reload(it.config, &client), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(expect_new_clients_see(scope, &it, "CN=First"), FIRTH_OK);
    show(&it, it.second);
    EXPECT_EQUAL(firth_tls_reload(it.config, &it.builder), FIRTH_OK);
    EXPECT_EQUAL(expect_new_clients_see(scope, &it, "CN=Second"), FIRTH_OK);
    close_serving(&it);
    return FIRTH_OK;
}

typedef struct beginning {
    firth_socket *socket;
    firth_tls_config *config;
} beginning;

static int begin(firth_scope *scope, void *argument)
{
    beginning *this = argument;

    (void)scope;
    return firth_tls_start(this->socket, this->config, &this->socket);
}

/* It has begun with the old certificate: its task has run, and waits for the client's first word. */
TASK_TEST(a_handshake_that_has_begun_ends_as_it_began)
{
    beginning one = {0};
    firth_socket *client;
    firth_scope inner;
    serving it;

    EXPECT_EQUAL(open_serving(scope, &it), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &one.socket, &client), FIRTH_OK);
    one.config = it.config;
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, begin, &one, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    show(&it, it.second);
    EXPECT_EQUAL(firth_tls_reload(it.config, &it.builder), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_start(client, it.clients, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(expect_subject(client, "CN=First"), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_end(scope, one.socket, client), FIRTH_OK);
    close_serving(&it);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_handshakes_show_the_new_certificate_and_connections_go_on),
        cmocka_unit_test(a_connection_outlives_several_reloads_and_the_server),
        cmocka_unit_test(a_reload_that_fails_changes_nothing),
        cmocka_unit_test(a_handshake_that_has_begun_ends_as_it_began),
    };

    return support_main(argc, argv, "tls reload", tests, sizeof tests / sizeof *tests);
}
