/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/pki.h"
#include <string.h>

static certificate *make(certificate_wish wish)
{
    return certificate_make(&wish);
}

void pki_open(pki *made)
{
    static const char names[] = "DNS:" PKI_HOST ",DNS:*.wild.example,IP:192.0.2.1,IP:2001:db8::1";

    made->root = make((certificate_wish){.subject = "C=CH,O=Tests,CN=Root", .is_authority = true});
    made->ec = make((certificate_wish){
        .subject = "O=Tests,CN=Server", .names = names, .purpose = "server", .issuer = made->root, .serial = 2});
    made->rsa = make((certificate_wish){.subject = "O=Tests,CN=Server",
                                        .names = names,
                                        .purpose = "server",
                                        .issuer = made->root,
                                        .serial = 3,
                                        .key = KEY_RSA});
    made->client =
        make((certificate_wish){.subject = "CN=client", .purpose = "client", .issuer = made->root, .serial = 4});
}

void pki_close(pki *made)
{
    certificate_free(made->root);
    certificate_free(made->ec);
    certificate_free(made->rsa);
    certificate_free(made->client);
}

void pki_prepare(pki_setup *setup, const pki *from, const certificate *shown, firth_tls_version version)
{
    memset(setup, 0, sizeof *setup);
    setup->authority = certificate_data(from->root);
    setup->identity = certificate_identity(shown);
    setup->client = firth_tls_client();
    setup->client.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    setup->client.authorities = &setup->authority;
    setup->client.authority_count = 1;
    setup->server = firth_tls_server();
    setup->server.identities = &setup->identity;
    setup->server.identity_count = 1;
    if (version != 0) {
        setup->client.min_version = setup->client.max_version = version;
        setup->server.min_version = setup->server.max_version = version;
    }
}

void pki_prepare_client(pki_setup *setup, const pki *from, firth_tls_client_authentication how)
{
    setup->server.client_authentication = how;
    setup->server.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    setup->server.authorities = &setup->authority;
    setup->server.authority_count = 1;
    setup->client_identity = certificate_identity(from->client);
    setup->client.identities = &setup->client_identity;
    setup->client.identity_count = 1;
}
