/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that most tests want, and builders of both roles with them. */
#ifndef FIRTH_TESTS_TLS_PKI_H
#define FIRTH_TESTS_TLS_PKI_H

#include "tests/tls/certificates.h"

#define PKI_HOST "server.example"

typedef struct pki {
    certificate *root;
    certificate *ec, *rsa; /* of PKI_HOST, *.wild.example, 192.0.2.1 and 2001:db8::1 */
    certificate *client;   /* "CN=client" */
} pki;

void pki_open(pki *made);
void pki_close(pki *made);

/* Builders, and what they point to. */
typedef struct pki_setup {
    firth_tls_data authority;
    firth_tls_identity identity, client_identity;
    firth_tls_builder client, server;
} pki_setup;

/* A client that trusts the root, and a server that shows a certificate of that, of one version alone; 0: of both. The
 * names of certificates can be changed until wire_open. */
void pki_prepare(pki_setup *setup, const pki *from, const certificate *shown, firth_tls_version version);

/* Has the server ask for the client's certificate, and the client show it. */
void pki_prepare_client(pki_setup *setup, const pki *from, firth_tls_client_authentication how);

#endif
