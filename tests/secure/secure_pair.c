/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/secure/secure_pair.h"
#include "tests/tls/certificates.h"

#include <stdlib.h>

static struct {
    certificate *authority;
    certificate *leaf;
    firth_tls_identity identity;
    firth_tls_data trusted;
    firth_tls_config *server;
    firth_tls_config *client;
} made;

static void give_back(void)
{
    firth_tls_config_release(made.server);
    firth_tls_config_release(made.client);
    certificate_free(made.leaf);
    certificate_free(made.authority);
}

static void make(void)
{
    if (made.leaf != NULL)
        return;
    made.authority = certificate_make(&(certificate_wish){.subject = "CN=Test authority", .is_authority = true});
    made.leaf = certificate_make(&(certificate_wish){
        .subject = "CN=Server", .names = "DNS:" SECURE_PAIR_HOST ",IP:127.0.0.1", .issuer = made.authority});
    made.identity = certificate_identity(made.leaf);
    made.trusted = certificate_data(made.authority);
    (void)atexit(give_back);
}

firth_tls_builder secure_pair_server(void)
{
    firth_tls_builder tls = firth_tls_server();

    make();
    tls.identities = &made.identity;
    tls.identity_count = 1;
    return tls;
}

firth_tls_builder secure_pair_client(void)
{
    firth_tls_builder tls = firth_tls_client();

    make();
    tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    tls.authorities = &made.trusted;
    tls.authority_count = 1;
    tls.server_name = SECURE_PAIR_HOST;
    return tls;
}

static firth_tls_config *build(firth_tls_config **config, firth_tls_builder tls)
{
    if (*config == NULL && firth_tls_build(&tls, config) < 0)
        abort();
    return *config;
}

firth_tls_config *secure_pair_server_config(void)
{
    return build(&made.server, secure_pair_server());
}

firth_tls_config *secure_pair_client_config(void)
{
    return build(&made.client, secure_pair_client());
}

int secure_pair_start_one(firth_scope *scope, void *argument)
{
    secure_pair_starting *one = argument;

    (void)scope;
    return one->result = firth_tls_start(one->socket, one->config, &one->socket);
}

int secure_pair_start(firth_scope *scope, firth_tls_config *server_config, firth_tls_config *client_config,
                      firth_socket **server, firth_socket **client)
{
    secure_pair_starting one = {*server, server_config, FIRTH_OK};
    firth_scope other;
    int rc;

    firth_scope_open(&other, scope, NULL);
    rc = firth_spawn(&other, secure_pair_start_one, &one, NULL);
    if (rc >= 0)
        rc = firth_tls_start(*client, client_config, client);
    rc = firth_scope_close(&other, rc);
    *server = one.socket;
    return rc;
}

int secure_pair_tcp(firth_scope *scope, firth_socket **server, firth_socket **client)
{
    EXPECT_EQUAL(support_pair(scope, server, client), FIRTH_OK);
    return secure_pair_start(scope, secure_pair_server_config(), secure_pair_client_config(), server, client);
}

int secure_pair_memory(firth_scope *scope, firth_socket **server, firth_socket **client)
{
    firth_socket *pair[2];

    EXPECT_EQUAL(firth_socket_pair(firth_scope_selector(scope), pair), FIRTH_OK);
    *server = pair[0];
    *client = pair[1];
    return secure_pair_start(scope, secure_pair_server_config(), secure_pair_client_config(), server, client);
}

int secure_pair_close(firth_scope *scope, void *socket)
{
    (void)scope;
    return firth_socket_close(socket);
}

int secure_pair_end(firth_scope *scope, firth_socket *a, firth_socket *b)
{
    firth_scope other;
    int rc;

    firth_scope_open(&other, scope, NULL);
    rc = firth_spawn(&other, secure_pair_close, a, NULL);
    if (rc >= 0)
        rc = firth_socket_close(b);
    return firth_scope_close(&other, rc);
}

/* ---- a server and its clients ------------------------------------------------------------------------------------ */

int secure_pair_ask(firth_scope *scope, firth_socket *client)
{
    char line[16] = "";
    int64_t rc;

    firth_scope_own_socket(scope, client);
    rc = firth_write_string(firth_socket_output(client), "hello\n");
    if (rc >= 0)
        rc = firth_flush_and_close(firth_socket_output(client));
    if (rc >= 0)
        rc = firth_read_line(firth_socket_input(client), line, sizeof line);
    return rc == 5 && memcmp(line, "hello", 5) == 0 ? FIRTH_OK : (int)rc;
}

int secure_pair_answer(firth_scope *scope, void *socket)
{
    int64_t rc = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);

    (void)scope;
    if (rc < 0)
        firth_socket_abort(socket);
    else
        (void)firth_socket_close(socket);
    return FIRTH_OK;
}

int secure_pair_serve(firth_scope *scope, void *argument)
{
    firth_server *server = argument;
    firth_socket *client;
    int rc;

    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(scope, secure_pair_answer, client, NULL) < 0)
            firth_socket_abort(client);
    return rc == FIRTH_ERR_CLOSED ? FIRTH_OK : rc;
}

int secure_pair_visit(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    const int *port = argument;
    firth_socket *client;
    int rc;

    tcp.tls = secure_pair_client_config();
    rc = firth_tcp_connect(&tcp, "127.0.0.1", *port, &client);
    return rc < 0 ? rc : secure_pair_ask(scope, client);
}
