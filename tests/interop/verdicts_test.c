/* SPDX-License-Identifier: Apache-2.0 */
/* firth-tls, and a server of TLS 1.3 that wants a certificate of every client: it judges what it gets when the client is
 * done with the handshake. */
#include "tests/examples/program.h"
#include "tests/interop/tools.h"

#include <signal.h>
#include <stdio.h>

static void start_demanding_server(program *server, char port[16])
{
    program_start_tool(server,
                       (const char *const[]){"openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-Verify", "1",
                                             "-verify_return_error", "-CAfile", tool_pki("authorities.pem"), "-cert",
                                             tool_pki("server-p384.pem"), "-key", tool_pki("server-p384.key"), NULL});
    program_await_port(server, "ACCEPT 127.0.0.1:", port);
}

/* words are options, and room for the place; the exit code is compared, and every text looked for. */
static void expect_verdict(const char *words[], size_t count, int code, const char *const texts[])
{
    program server, look;
    char port[16];

    start_demanding_server(&server, port);
    words[count] = "localhost";
    words[count + 1] = port;
    program_start_example(&look, words);
    if (program_wait(&look) != code)
        fail_msg("not exit code %d, after:\n%s", code, look.text);
    for (; *texts != NULL; texts++)
        if (strstr(look.text, *texts) == NULL)
            fail_msg("expected:\n%s\nbut it said:\n%s", *texts, look.text);
    program_stop(&server, SIGTERM);
}

static void without_a_certificate_it_is_refused_by_a_server_that_wants_one(void **state)
{
    static const char *const texts[] = {"version      TLS 1.3\n", "Refused by localhost port ",
                                        "step         alert certificate_required\n", NULL};

    (void)state;
    tool_need(TOOL_OPENSSL);
    expect_verdict((const char *[6]){"firth-tls", "--ca", tool_pki("ca.pem")}, 3, 1, texts);
    expect_verdict((const char *[7]){"firth-tls", "--again", "--ca", tool_pki("ca.pem")}, 4, 1, texts);
}

static void with_a_certificate_that_is_not_trusted_it_is_refused(void **state)
{
    static const char *const texts[] = {"version      TLS 1.3\n", "Refused by localhost port ",
                                        "step         alert unknown_ca\n", NULL};

    (void)state;
    tool_need(TOOL_OPENSSL);
    expect_verdict((const char *[10]){"firth-tls", "--ca", tool_pki("ca.pem"), "--cert", tool_pki("self-signed.pem"),
                                      "--key", tool_pki("self-signed.key")},
                   7, 1, texts);
}

static void with_a_certificate_that_is_trusted_it_is_taken_and_again(void **state)
{
    static const char *const texts[] = {"resumed      no\n", "resumed      yes\n", NULL};

    (void)state;
    tool_need(TOOL_OPENSSL);
    expect_verdict((const char *[11]){"firth-tls", "--again", "--ca", tool_pki("ca.pem"), "--cert",
                                      tool_pki("client-ecdsa.pem"), "--key", tool_pki("client-ecdsa.key")},
                   8, 0, texts);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_certificate_it_is_refused_by_a_server_that_wants_one),
        cmocka_unit_test(with_a_certificate_that_is_not_trusted_it_is_refused),
        cmocka_unit_test(with_a_certificate_that_is_trusted_it_is_taken_and_again),
    };

    return support_main(argc, argv, "interop_verdicts", tests, sizeof tests / sizeof tests[0]);
}
