/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/expect.h"
#include "tests/support/support.h"

void expect_text(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        print_error("\"%s\" is not in \"%s\"\n", part, text);
    assert_non_null(strstr(text, part));
}

void expect_refused(wire_pair *pair, const char *host, const char *why, const char *alert)
{
    int rc = wire_establish(pair, host);

    if (rc != FIRTH_ERR_TLS_CERTIFICATE)
        print_error("%s for %s: client %d %s, server %d %s\n", why, host, pair->client.result, pair->client.detail,
                    pair->server.result, pair->server.detail);
    assert_int_equal(rc, FIRTH_ERR_TLS_CERTIFICATE);
    expect_text(pair->client.detail, why);
    if (pair->server.result != FIRTH_ERR_TLS_ALERT)
        print_error("%s for %s: server %d %d %s\n", why, host, pair->server.result, pair->server.failure.os_code,
                    pair->server.detail);
    assert_int_equal(pair->server.result, FIRTH_ERR_TLS_ALERT);
    assert_string_equal(pair->server.failure.step, alert);
}

void expect_accepted(wire_pair *pair, const char *host)
{
    int rc = wire_establish(pair, host);

    if (rc != FIRTH_OK)
        print_error("%s: client %d %s, server %d %s\n", host, pair->client.result, pair->client.detail,
                    pair->server.result, pair->server.detail);
    assert_int_equal(rc, FIRTH_OK);
}

wire_pair *expect_agreed(const pki *keys, firth_tls_version version)
{
    pki_setup setup;
    wire_pair *pair;

    pki_prepare(&setup, keys, keys->ec, version);
    pair = wire_open(&setup.client, &setup.server);
    expect_accepted(pair, PKI_HOST);
    return pair;
}
