/* SPDX-License-Identifier: Apache-2.0 */
/* The examples that speak TLS, and firth-tls, driven as programs. */
#include "tests/examples/program.h"
#include "tests/interop/tools.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void start_server(program *server, const char *certificate, const char *key, char port[16])
{
    const char *certificate_file = tool_pki(certificate), *key_file = tool_pki(key);

    program_start_example(
        server, (const char *const[]){"sockets-server-tls", certificate_file, key_file, "127.0.0.1", "0", NULL});
    program_await_port(server, "Server is listening at 127.0.0.1:", port);
}

/* OpenSSL's, which answers with a page. */
static void start_openssl(program *server, const char *certificate, const char *key, char port[16])
{
    program_start_tool(server, (const char *const[]){"openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
                                                     tool_pki(certificate), "-key", tool_pki(key), NULL});
    program_await_port(server, "ACCEPT 127.0.0.1:", port);
}

static void ask(program *client, const char *host, const char *port, const char *authorities)
{
    program_start_example(client, (const char *const[]){"sockets-client-tls", host, port, tool_pki(authorities), NULL});
}

static void expect_text(const program *said, const char *text)
{
    if (strstr(said->text, text) == NULL)
        fprintf(stderr, "expected:\n%s\nbut it said:\n%s\n", text, said->text);
    assert_non_null(strstr(said->text, text));
}

/* ---- the client and the server ------------------------------------------------------------------------------------ */

static void client_and_server_talk(void **state)
{
    program server, client;
    char port[16];

    (void)state;
    tool_need(TOOL_OPENSSL);
    start_server(&server, "server-ecdsa.pem", "server-ecdsa.key", port);
    ask(&client, "localhost", port, "authorities.pem");
    assert_int_equal(program_wait(&client), 0);
    assert_string_equal(client.text, "Please enter your name\nHello, GET / HTTP/1.1!\nHello, Host: localhost!\n"
                                     "Hello, Connection: close!\nGoodbye\n");
    assert_int_equal(program_stop(&server, SIGINT), 0);
    expect_text(&server, "Server stopped\n");
}

static void openssl_talks_with_the_server(void **state)
{
    char address[64], port[16];
    program server, client;

    (void)state;
    tool_need(TOOL_OPENSSL);
    start_server(&server, "server-rsa.pem", "server-rsa.key", port);
    snprintf(address, sizeof address, "localhost:%s", port);
    program_start_tool(&client,
                       (const char *const[]){"openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile",
                                             tool_pki("authorities.pem"), "-connect", address, NULL});
    program_await(&client, "Please enter your name\n");
    program_write(&client, "Ada\n", 4);
    program_await(&client, "Hello, Ada!\n");
    program_write(&client, "\n", 1);
    program_await(&client, "Goodbye\n");
    assert_int_equal(program_wait(&client), 0);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void client_prints_the_page_of_openssl(void **state)
{
    program server, client;
    char port[16];

    (void)state;
    tool_need(TOOL_OPENSSL);
    start_openssl(&server, "server-rsa.pem", "server-rsa.key", port);
    ask(&client, "localhost", port, "authorities.pem");
    assert_int_equal(program_wait(&client), 0);
    expect_text(&client, "HTTP/1.0 200 ok");
    program_stop(&server, SIGTERM);
}

/* Verification is on: the exit code is 1, and the reason is said. */
static void expect_refusal(const char *certificate, const char *key, const char *host, const char *authorities,
                           const char *reason)
{
    program server, client;
    char port[16];

    start_server(&server, certificate, key, port);
    ask(&client, host, port, authorities);
    assert_int_equal(program_wait(&client), 1);
    expect_text(&client, firth_error_text(FIRTH_ERR_TLS_CERTIFICATE));
    expect_text(&client, reason);
    assert_null(strstr(client.text, "enter your name"));
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void client_refuses_an_unknown_authority_and_another_name(void **state)
{
    (void)state;
    tool_need(TOOL_OPENSSL);
    expect_refusal("server-ecdsa.pem", "server-ecdsa.key", "localhost", "ca-rsa.pem", "unknown authority");
    expect_refusal("other-host.pem", "other-host.key", "localhost", "authorities.pem", "the host is localhost");
    expect_refusal("expired.pem", "expired.key", "localhost", "authorities.pem", "expired on 2021-01-01");
}

static void server_says_what_is_wrong_with_its_files(void **state)
{
    const char *certificate, *key;
    program server;

    (void)state;
    tool_need(TOOL_OPENSSL);
    certificate = tool_pki("server-ecdsa.pem");
    key = tool_pki("server-rsa.key");
    program_start_example(&server, (const char *const[]){"sockets-server-tls", certificate, key, NULL});
    assert_int_equal(program_wait(&server), 1);
    expect_text(&server, firth_error_text(FIRTH_ERR_TLS_CONFIG));
    expect_text(&server, "server-rsa.key");
    program_start_example(&server, (const char *const[]){"sockets-server-tls", "no-such-file.pem", key, NULL});
    assert_int_equal(program_wait(&server), 1);
    expect_text(&server, "no-such-file.pem");
    program_start_example(&server, (const char *const[]){"sockets-server-tls", certificate, NULL});
    assert_int_equal(program_wait(&server), 1);
    expect_text(&server, "usage: ");
}

/* ---- firth-tls ---------------------------------------------------------------------------------------------------- */

static void firth_tls_prints_what_was_agreed_on(void **state)
{
    program server, look;
    char port[16];

    (void)state;
    tool_need(TOOL_OPENSSL);
    start_server(&server, "server-ecdsa.pem", "server-ecdsa.key", port);
    program_start_example(&look, (const char *const[]){"firth-tls", "--ca", tool_pki("ca.pem"), "--tls1.2", "--alpn",
                                                       "http/1.1", "localhost", port, NULL});
    assert_int_equal(program_wait(&look), 0);
    expect_text(&look, "version      TLS 1.2\n");
    expect_text(&look, "suite        TLS");
    expect_text(&look, "alpn         none\n");
    expect_text(&look, "asked for    localhost\n");
    expect_text(&look, "resumed      no\n");
    expect_text(&look, "subject      CN=server.example.com, O=Firth tests\n");
    expect_text(&look, "issuer       CN=Test Intermediate, O=Firth tests\n");
    expect_text(&look, "names        DNS:server.example.com\n             DNS:localhost\n             IP:127.0.0.1\n");
    expect_text(&look, "valid until  20");
    expect_text(&look, "sha256       ");
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void firth_tls_connects_again_with_the_ticket(void **state)
{
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    tool_need(TOOL_OPENSSL);
    for (size_t i = 0; i < 2; i++) {
        const char *only = versions[i] == FIRTH_TLS_1_2 ? "--tls1.2" : "--tls1.3";
        program server, look;
        char port[16];

        start_server(&server, "server-ecdsa.pem", "server-ecdsa.key", port);
        program_start_example(&look, (const char *const[]){"firth-tls", "--ca", tool_pki("ca.pem"), only, "--again",
                                                           "localhost", port, NULL});
        assert_int_equal(program_wait(&look), 0);
        expect_text(&look, "resumed      no\n");
        expect_text(&look, "resumed      yes\n");
        assert_int_equal(program_stop(&server, SIGINT), 0);
    }
}

static void firth_tls_says_why_a_server_is_refused_and_looks_all_the_same(void **state)
{
    program server, look;
    char port[16];

    (void)state;
    tool_need(TOOL_OPENSSL);
    start_server(&server, "self-signed.pem", "self-signed.key", port);
    program_start_example(&look,
                          (const char *const[]){"firth-tls", "--ca", tool_pki("ca.pem"), "localhost", port, NULL});
    assert_int_equal(program_wait(&look), 1);
    expect_text(&look, "Refusing localhost port ");
    expect_text(&look, "reason       certificate 0 of the chain, CN=server.example.com, O=Firth tests: self-signed");
    program_start_example(&look, (const char *const[]){"firth-tls", "--insecure", "localhost", port, NULL});
    assert_int_equal(program_wait(&look), 0);
    expect_text(&look, "subject      CN=server.example.com, O=Firth tests\n");
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void firth_tls_names_the_alert_of_a_server_that_refuses(void **state)
{
    program server, look;
    char port[16];

    (void)state;
    tool_need(TOOL_OPENSSL);
    program_start_tool(&server,
                       (const char *const[]){"openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert",
                                             tool_pki("server-ecdsa.pem"), "-key", tool_pki("server-ecdsa.key"), NULL});
    program_await_port(&server, "ACCEPT 127.0.0.1:", port);
    program_start_example(
        &look, (const char *const[]){"firth-tls", "--ca", tool_pki("ca.pem"), "--tls1.3", "localhost", port, NULL});
    assert_int_equal(program_wait(&look), 1);
    expect_text(&look, "Refused by localhost port ");
    expect_text(&look, "step         alert protocol_version\n");
    program_stop(&server, SIGTERM);
}

static void firth_tls_writes_the_key_log(void **state)
{
    const char *file;
    program server, look;
    char port[16], text[4096] = "";
    FILE *log;

    (void)state;
    tool_need(TOOL_OPENSSL);
    file = tool_scratch("keys");
    start_server(&server, "server-ecdsa.pem", "server-ecdsa.key", port);
    program_start_example(&look, (const char *const[]){"firth-tls", "--ca", tool_pki("ca.pem"), "--key-log", file,
                                                       "localhost", port, NULL});
    assert_int_equal(program_wait(&look), 0);
    assert_non_null(log = fopen(file, "re"));
    assert_true(fread(text, 1, sizeof text - 1, log) > 0);
    fclose(log);
    unlink(file);
    assert_non_null(strstr(text, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
    assert_non_null(strstr(text, "SERVER_TRAFFIC_SECRET_0 "));
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

enum { OPTIONS_MOST = 6 };

/* What firth-tls with these options comes to at a server with that certificate, and a text that it says. */
static void expect_look(const char *name, const char *const options[OPTIONS_MOST], int code, const char *text)
{
    const char *words[OPTIONS_MOST + 4] = {"firth-tls"};
    char certificate[32], key[32], port[16];
    program server, look;
    size_t count = 0;

    snprintf(certificate, sizeof certificate, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    for (; count < OPTIONS_MOST && options[count] != NULL; count++)
        words[count + 1] = options[count];
    words[count + 1] = "localhost";
    words[count + 2] = port;
    start_server(&server, certificate, key, port);
    program_start_example(&look, words);
    assert_int_equal(program_wait(&look), code);
    expect_text(&look, text);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void firth_tls_refuses_what_a_revocation_list_names(void **state)
{
    static const struct {
        const char *certificate, *list;
        int code;
        const char *text;
    } cases[] = {
        {"revoked", "crl-empty.pem", 0, "subject      CN=server.example.com"},
        {"revoked", "crl.pem", 1, "revoked"},
        {"revoked", "crl.der", 1, "revoked"},
        {"server-p384", "crl.pem", 0, "subject      CN=server.example.com"},
        {"server-p384", "crl-expired.pem", 1, "its authority's revocation list is out of date"},
        {"server-p384", "ca.pem", 1, "Cannot prepare to connect to localhost"},
    };

    (void)state;
    tool_need(TOOL_OPENSSL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_look(cases[i].certificate,
                    (const char *const[OPTIONS_MOST]){"--ca", tool_pki("ca.pem"), "--crl", tool_pki(cases[i].list)},
                    cases[i].code, cases[i].text);
}

/* The hash that it prints behind that word. */
static void copy_hash(const program *look, const char *word, char hash[65])
{
    char line[32];
    const char *at;

    snprintf(line, sizeof line, "\n%-12s ", word);
    assert_non_null(at = strstr(look->text, line));
    snprintf(hash, 65, "%s", at + strlen(line));
}

static void firth_tls_trusts_what_is_pinned(void **state)
{
    static const char other[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    char certificate[65], key[65], port[16];
    program server, look;

    (void)state;
    tool_need(TOOL_OPENSSL);
    start_server(&server, "self-signed.pem", "self-signed.key", port);
    program_start_example(&look, (const char *const[]){"firth-tls", "--insecure", "localhost", port, NULL});
    assert_int_equal(program_wait(&look), 0);
    copy_hash(&look, "sha256", certificate);
    copy_hash(&look, "key sha256", key);
    assert_int_equal(program_stop(&server, SIGINT), 0);
    expect_look("self-signed", (const char *const[OPTIONS_MOST]){"--pins-alone", "--pin-cert", certificate}, 0, key);
    expect_look("self-signed", (const char *const[OPTIONS_MOST]){"--pins-alone", "--pin-key", other, "--pin-key", key},
                0, key);
    expect_look("self-signed", (const char *const[OPTIONS_MOST]){"--pins-alone", "--pin-cert", key}, 1, certificate);
    expect_look("self-signed", (const char *const[OPTIONS_MOST]){"--pins-alone", "--pin-key", other}, 1, key);
    expect_look("self-signed", (const char *const[OPTIONS_MOST]){"--pin-cert", certificate, "--ca", tool_pki("ca.pem")},
                1, "self-signed");
    expect_look("self-signed", (const char *const[OPTIONS_MOST]){"--pins-alone"}, 1, "option pins");
}

static void firth_tls_takes_several_authorities_and_another_name(void **state)
{
    const char *ca, *other;

    (void)state;
    tool_need(TOOL_OPENSSL);
    ca = tool_pki("ca.pem");
    other = tool_pki("ca-rsa.pem");
    expect_look("server-p384", (const char *const[OPTIONS_MOST]){"--ca", other}, 1, "unknown authority");
    expect_look("server-p384", (const char *const[OPTIONS_MOST]){"--ca", other, "--ca", ca}, 0, "version      TLS 1.3");
    expect_look("other-host", (const char *const[OPTIONS_MOST]){"--ca", ca}, 1, "the host is localhost");
    expect_look("other-host", (const char *const[OPTIONS_MOST]){"--ca", ca, "--any-name"}, 0, "version      TLS 1.3");
    assert_int_equal(setenv("SSL_CERT_FILE", ca, 1), 0);
    expect_look("server-p384", (const char *const[OPTIONS_MOST]){"--ca", other}, 1, "unknown authority");
    expect_look("server-p384", (const char *const[OPTIONS_MOST]){"--ca", other, "--system"}, 0, "version      TLS 1.3");
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
}

static void firth_tls_with_options_that_are_none_ends_with_2(void **state)
{
    static const char *const lines[][5] = {{"firth-tls", NULL},
                                           {"firth-tls", "--cert", "x", "host", NULL},
                                           {"firth-tls", "--pin-key", "12", "host", NULL},
                                           {"firth-tls", "host", "--crl", NULL},
                                           {"firth-tls", "--frob", "host", NULL},
                                           {"firth-tls", "host", "https", NULL},
                                           {"firth-tls", "host", "0", NULL},
                                           {"firth-tls", "host", "4294967739", NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        program look;

        program_start_example(&look, lines[i]);
        assert_int_equal(program_wait(&look), 2);
        expect_text(&look, "usage: ");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_and_server_talk),
        cmocka_unit_test(openssl_talks_with_the_server),
        cmocka_unit_test(client_prints_the_page_of_openssl),
        cmocka_unit_test(client_refuses_an_unknown_authority_and_another_name),
        cmocka_unit_test(server_says_what_is_wrong_with_its_files),
        cmocka_unit_test(firth_tls_prints_what_was_agreed_on),
        cmocka_unit_test(firth_tls_connects_again_with_the_ticket),
        cmocka_unit_test(firth_tls_says_why_a_server_is_refused_and_looks_all_the_same),
        cmocka_unit_test(firth_tls_names_the_alert_of_a_server_that_refuses),
        cmocka_unit_test(firth_tls_writes_the_key_log),
        cmocka_unit_test(firth_tls_refuses_what_a_revocation_list_names),
        cmocka_unit_test(firth_tls_trusts_what_is_pinned),
        cmocka_unit_test(firth_tls_takes_several_authorities_and_another_name),
        cmocka_unit_test(firth_tls_with_options_that_are_none_ends_with_2),
    };

    return support_main(argc, argv, "interop_programs", tests, sizeof tests / sizeof tests[0]);
}
