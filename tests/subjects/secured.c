/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/subjects/secured.h"
#include "tests/tls/certificates.h"

#include <stdlib.h>

#define HOST "kit.example"

static certificate *shown;
static firth_tls_config *servers, *clients;

static void give_back(void)
{
    firth_tls_config_release(servers);
    firth_tls_config_release(clients);
    certificate_free(shown);
}

/* The time of a handshake may be a simulation's, and is the case's anyway: it has none of its own. */
int secured_configs(void *argument, int version, firth_tls_config **server, firth_tls_config **client)
{
    firth_tls_builder for_server = firth_tls_server(), for_client = firth_tls_client();
    firth_tls_identity identity;
    firth_tls_data trusted;
    int rc;

    (void)argument;
    shown = certificate_make(&(certificate_wish){.subject = "CN=Kit", .names = "DNS:" HOST, .is_authority = true});
    (void)atexit(give_back);
    identity = certificate_identity(shown);
    trusted = certificate_data(shown);
    for_server.identities = &identity;
    for_server.identity_count = 1;
    for_client.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    for_client.authorities = &trusted;
    for_client.authority_count = 1;
    for_client.server_name = HOST;
    for_server.min_version = for_server.max_version = (firth_tls_version)version;
    for_client.min_version = for_client.max_version = (firth_tls_version)version;
    for_server.handshake_timeout_ms = for_client.handshake_timeout_ms = 0;
    rc = firth_tls_build(&for_server, &servers);
    if (rc >= 0)
        rc = firth_tls_build(&for_client, &clients);
    *server = servers;
    *client = clients;
    return rc;
}
