/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/ours.h"

#include <stdio.h>

static const char *file_of(ours *this, const char *name, const char *ending)
{
    char *path = this->files[this->file_count++ % (sizeof this->files / sizeof this->files[0])], file[128];

    snprintf(file, sizeof file, "%s%s", name, ending);
    snprintf(path, sizeof this->files[0], "%s", tool_pki(file));
    return path;
}

void ours_add_identity(ours *this, const char *name)
{
    firth_tls_identity *added = &this->identities[this->tls.identity_count++];

    added->certificate = firth_tls_file(file_of(this, name, ".pem"));
    added->key = firth_tls_file(file_of(this, name, ".key"));
    this->tls.identities = this->identities;
}

void ours_trust(ours *this, const char *name)
{
    this->authorities = firth_tls_file(file_of(this, name, ".pem"));
    this->tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    this->tls.authorities = &this->authorities;
    this->tls.authority_count = 1;
}

void ours_revoke(ours *this, const char *name)
{
    this->revocation_list = firth_tls_file(file_of(this, name, ".pem"));
    this->tls.revocation_lists = &this->revocation_list;
    this->tls.revocation_list_count = 1;
}

void ours_speak(ours *this, const char *protocol)
{
    this->protocols[this->tls.alpn_count++] = protocol;
    this->tls.alpn = this->protocols;
}

void ours_only(ours *this, firth_tls_version version)
{
    this->tls.min_version = this->tls.max_version = version;
}

void ours_client(ours *this)
{
    memset(this, 0, sizeof *this);
    this->tls = firth_tls_client();
    this->tls.server_name = "server.example.com";
    ours_trust(this, "authorities");
}

void ours_server(ours *this, const char *identity)
{
    memset(this, 0, sizeof *this);
    this->tls = firth_tls_server();
    ours_add_identity(this, identity);
}

int ours_listen(firth_scope *scope, const ours *this, firth_server **server, int *port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc = firth_tls_build(&this->tls, &tcp.tls);

    if (rc < 0)
        return rc;
    rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, server);
    firth_tls_config_release(tcp.tls);
    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, *server);
    *port = firth_server_address(*server)->port;
    return FIRTH_OK;
}

int ours_accept_for_ever(firth_scope *scope, void *server)
{
    firth_socket *socket;
    int rc;

    (void)scope;
    while ((rc = firth_accept(server, &socket)) >= 0)
        (void)firth_socket_close(socket);
    return rc == FIRTH_ERR_CLOSED ? FIRTH_OK : rc;
}

int ours_connect(firth_scope *scope, firth_tls_config *config, int port, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc;

    tcp.tls = config;
    tcp.auto_flush = true;
    rc = firth_tcp_connect(&tcp, "127.0.0.1", port, socket);
    if (rc >= 0)
        firth_scope_own_socket(scope, *socket);
    return rc;
}

int ours_connect_once(firth_scope *scope, const ours *this, int port, firth_socket **socket)
{
    firth_tls_config *config;
    int rc = firth_tls_build(&this->tls, &config);

    if (rc < 0)
        return rc;
    rc = ours_connect(scope, config, port, socket);
    firth_tls_config_release(config);
    return rc;
}

int ours_ask(firth_socket *socket, char *text, size_t size)
{
    firth_write_channel *out = firth_socket_output(socket);
    int rc = firth_write_string(out, "GET / HTTP/1.0\r\n\r\n");
    int64_t count;

    if (rc >= 0)
        rc = firth_flush(out);
    if (rc < 0 && rc != FIRTH_ERR_RESET) /* why the server hung up is still to be read */
        return rc;
    count = firth_read_remaining(firth_socket_input(socket), text, size - 1);
    text[count < 0 ? firth_read_progress(firth_socket_input(socket)) : (size_t)count] = '\0';
    return count < 0 ? (int)count : FIRTH_OK;
}

int ours_answer(firth_socket *socket, const char *line)
{
    firth_write_channel *out = firth_socket_output(socket);
    char request[1024];
    int64_t size;
    int rc;

    while ((size = firth_read_line(firth_socket_input(socket), request, sizeof request)) > 0)
        ;
    if (size < 0)
        return (int)size;
    rc = firth_write_format(out, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s\n",
                            strlen(line) + 1, line);
    if (rc >= 0)
        rc = firth_flush(out);
    (void)firth_socket_close(socket); /* the client may have gone before, with all it wanted */
    return rc;
}
