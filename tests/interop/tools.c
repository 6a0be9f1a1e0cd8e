/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/tools.h"
#include "tests/support/skip.h"

#include <stdio.h>
#include <unistd.h>

enum { WORDS = 48, TEXT_BYTES = 8192, PATHS = 32 };

/* A command line that is being written. */
typedef struct command {
    const char *words[WORDS];
    size_t count;
    char text[TEXT_BYTES];
    size_t size;
} command;

static void add(command *to, const char *word)
{
    if (to->count + 1 < WORDS)
        to->words[to->count++] = word;
}

static void add_format(command *to, const char *format, ...) FIRTH_PRINTF(2, 3);

static void add_format(command *to, const char *format, ...)
{
    char *word = to->text + to->size;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(word, sizeof to->text - to->size, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof to->text - to->size)
        return;
    to->size += (size_t)size + 1;
    add(to, word);
}

/* OPTION FILE, as two words. */
static void add_file(command *to, const char *option, const char *name, const char *ending)
{
    char file[128];

    snprintf(file, sizeof file, "%s%s", name, ending);
    add(to, option);
    add_format(to, "%s", tool_pki(file));
}

static const char *or_else(const char *given, const char *usual)
{
    return given != NULL ? given : usual;
}

static const char *authorities_of(const tool_plan *plan)
{
    return or_else(plan->authorities, "authorities");
}

static const char *server_name_of(const tool_plan *plan)
{
    return or_else(plan->server_name, "server.example.com");
}

/* ---- OpenSSL ------------------------------------------------------------------------------------------------------ */

static void add_openssl_common(command *to, const tool_plan *plan)
{
    if (plan->identity != NULL) {
        add_file(to, "-cert", plan->identity, ".pem");
        add_file(to, "-key", plan->identity, ".key");
        if (strcmp(plan->identity, "server-ecdsa") == 0) /* -cert takes the first of a file alone */
            add_file(to, "-cert_chain", "intermediate", ".pem");
    }
    if (plan->version != 0)
        add(to, plan->version == FIRTH_TLS_1_2 ? "-tls1_2" : "-tls1_3");
    add_file(to, "-CAfile", authorities_of(plan), ".pem");
    if (plan->alpn != NULL) {
        add(to, "-alpn");
        add(to, plan->alpn);
    }
}

static void openssl_client(command *to, const tool_plan *plan, int port)
{
    add(to, "openssl");
    add(to, "s_client");
    add(to, "-connect");
    add_format(to, "127.0.0.1:%d", port);
    add(to, "-servername");
    add(to, server_name_of(plan));
    add(to, "-verify_hostname");
    add(to, server_name_of(plan));
    add(to, "-verify_return_error");
    add_openssl_common(to, plan);
}

static void openssl_server(command *to, const tool_plan *plan)
{
    add(to, "openssl");
    add(to, "s_server");
    add(to, "-accept");
    add(to, "127.0.0.1:0");
    if (!plan->is_stream)
        add(to, "-www");
    if (plan->wants_certificate) {
        add(to, "-Verify");
        add(to, "3");
        add(to, "-verify_return_error");
    }
    add_openssl_common(to, plan);
}

/* ---- GnuTLS ------------------------------------------------------------------------------------------------------- */

static void add_gnutls_common(command *to, const tool_plan *plan)
{
    if (plan->identity != NULL) {
        add_file(to, "--x509certfile", plan->identity, ".pem");
        add_file(to, "--x509keyfile", plan->identity, ".key");
    }
    if (plan->version != 0)
        add_format(to, "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.%c", plan->version == FIRTH_TLS_1_2 ? '2' : '3');
    add_file(to, "--x509cafile", authorities_of(plan), ".pem");
    if (plan->alpn != NULL)
        add_format(to, "--alpn=%s", plan->alpn);
}

static void gnutls_client(command *to, const tool_plan *plan, int port)
{
    add(to, "gnutls-cli");
    add_format(to, "--port=%d", port);
    add_format(to, "--sni-hostname=%s", server_name_of(plan));
    add_format(to, "--verify-hostname=%s", server_name_of(plan));
    add_gnutls_common(to, plan);
}

static void gnutls_server(command *to, const tool_plan *plan)
{
    add(to, "gnutls-serv");
    add(to, "--port=0");
    add(to, "--http");
    if (plan->wants_certificate) {
        add(to, "--require-client-cert");
        add(to, "--verify-client-cert");
    }
    if (plan->alpn != NULL)
        add(to, "--alpn-fatal");
    add_gnutls_common(to, plan);
}

/* ---- mbedTLS ------------------------------------------------------------------------------------------------------ */

static void add_mbedtls_common(command *to, const tool_plan *plan)
{
    char file[128];

    if (plan->identity != NULL) {
        snprintf(file, sizeof file, "%s.pem", plan->identity);
        add_format(to, "crt_file=%s", tool_pki(file));
        snprintf(file, sizeof file, "%s.key", plan->identity);
        add_format(to, "key_file=%s", tool_pki(file));
    }
    if (plan->version != 0)
        add(to, plan->version == FIRTH_TLS_1_2 ? "force_version=tls12" : "force_version=tls13");
    snprintf(file, sizeof file, "%s.pem", authorities_of(plan));
    add_format(to, "ca_file=%s", tool_pki(file));
    if (plan->alpn != NULL)
        add_format(to, "alpn=%s", plan->alpn);
}

static void mbedtls_client(command *to, const tool_plan *plan, int port)
{
    add(to, FIRTH_MBEDTLS_CLIENT2);
    add(to, "server_addr=127.0.0.1");
    add_format(to, "server_port=%d", port);
    add_format(to, "server_name=%s", server_name_of(plan));
    add(to, "auth_mode=required");
    if (plan->identity == NULL) {
        add(to, "crt_file=none");
        add(to, "key_file=none");
    }
    add_mbedtls_common(to, plan);
}

static void mbedtls_server(command *to, const tool_plan *plan)
{
    add(to, FIRTH_MBEDTLS_SERVER2);
    add(to, "server_addr=127.0.0.1");
    add(to, "server_port=0");
    add(to, plan->wants_certificate ? "auth_mode=required" : "auth_mode=none");
    add_mbedtls_common(to, plan);
}

/* ---- curl --------------------------------------------------------------------------------------------------------- */

static void curl_client(command *to, const tool_plan *plan, int port)
{
    const char *name = server_name_of(plan);

    add(to, "curl");
    add(to, "--silent");
    add(to, "--show-error");
    add(to, "--fail");
    add(to, "--resolve");
    add_format(to, "%s:%d:127.0.0.1", name, port);
    add_file(to, "--cacert", authorities_of(plan), ".pem");
    if (plan->version == FIRTH_TLS_1_3)
        add(to, "--tlsv1.3");
    if (plan->version == FIRTH_TLS_1_2) {
        add(to, "--tls-max");
        add(to, "1.2");
    }
    if (plan->identity != NULL) {
        add_file(to, "--cert", plan->identity, ".pem");
        add_file(to, "--key", plan->identity, ".key");
    }
    add_format(to, "https://%s:%d/", name, port);
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *programs[2];
    void (*client)(command *to, const tool_plan *plan, int port);
    void (*server)(command *to, const tool_plan *plan);
} tools[TOOL_COUNT] = {
    [TOOL_OPENSSL] = {{"openssl", "openssl"}, openssl_client, openssl_server},
    [TOOL_GNUTLS] = {{"gnutls-cli", "gnutls-serv"}, gnutls_client, gnutls_server},
    [TOOL_MBEDTLS] = {{FIRTH_MBEDTLS_CLIENT2, FIRTH_MBEDTLS_SERVER2}, mbedtls_client, mbedtls_server},
    [TOOL_CURL] = {{"curl", "curl"}, curl_client, NULL},
};

void tool_need(tool wanted)
{
    static const char *const words[TOOL_COUNT] = {
        "openssl is not installed", "gnutls-cli and gnutls-serv are not installed",
        "mbedTLS's ssl_client2 and ssl_server2 are not built", "curl is not installed"};

    if (access(tool_pki("version"), R_OK) != 0)
        SKIP("there are no certificates for the tests: openssl is not installed");
    if (!peer_is_installed(tools[wanted].programs[0]) || !peer_is_installed(tools[wanted].programs[1]))
        SKIP(words[wanted]);
}

static const char *path(const char *folder, const char *file, const char *unique)
{
    static char paths[PATHS][512];
    static size_t next;
    char *text = paths[next++ % PATHS];

    snprintf(text, sizeof paths[0], "%s/%s%s", folder, file, unique);
    return text;
}

const char *tool_pki(const char *file)
{
    return path(FIRTH_TEST_PKI, file, "");
}

const char *tool_scratch(const char *file)
{
    char unique[32];

    snprintf(unique, sizeof unique, ".%d", (int)getpid());
    return path(FIRTH_TEST_SCRATCH, file, unique);
}

static void add_more(command *to, const tool_plan *plan)
{
    for (size_t i = 0; i < sizeof plan->more / sizeof plan->more[0] && plan->more[i] != NULL; i++)
        add(to, plan->more[i]);
}

int tool_start_client(firth_scope *scope, const tool_plan *plan, int port, peer **client)
{
    command line = {.count = 0};

    tools[plan->tool].client(&line, plan, port);
    add_more(&line, plan);
    if (plan->tool == TOOL_GNUTLS)
        add(&line, "127.0.0.1");
    return peer_start(scope, line.words, plan->output, client);
}

int tool_start_server(firth_scope *scope, const tool_plan *plan, int *port, peer **server)
{
    tool_plan full = *plan;
    command line = {.count = 0};
    int rc;

    full.identity = or_else(plan->identity, "server-ecdsa");
    tools[plan->tool].server(&line, &full);
    add_more(&line, plan);
    if ((rc = peer_start(scope, line.words, plan->output, server)) < 0)
        return rc;
    *port = peer_port(*server);
    return *port > 0 ? FIRTH_OK : *port;
}
