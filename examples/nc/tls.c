/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/nc/nc.h"

#include <firth/tls.h>

int nc_tls_build(nc *self)
{
    firth_tls_builder tls = self->is_server ? firth_tls_server() : firth_tls_client();
    firth_tls_data authorities;
    firth_tls_identity identity = {.password = NULL};
    int rc;

    if (self->authorities_file != NULL) {
        authorities = firth_tls_file(self->authorities_file);
        tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
        tls.authorities = &authorities;
        tls.authority_count = 1;
        if (self->is_server)
            tls.client_authentication = FIRTH_TLS_CLIENT_REQUIRED;
    }
    if (self->certificate_file != NULL) {
        identity.certificate = firth_tls_file(self->certificate_file);
        identity.key = firth_tls_file(self->key_file != NULL ? self->key_file : self->certificate_file);
        tls.identities = &identity;
        tls.identity_count = 1;
    }
    if (self->idle_ms > 0)
        tls.handshake_timeout_ms = self->idle_ms;
    tls.insecure_any_certificate = self->takes_any_certificate;
    if (!self->is_server) /* of addresses, which it is given, the library knows no name; of a path there is none */
        tls.server_name = self->server_name != NULL || self->is_unix ? self->server_name : self->host;
    rc = firth_tls_build(&tls, &self->tls);
    return rc < 0 ? nc_fail("Cannot prepare TLS", rc) : rc;
}

int nc_tls_start(const nc *self, firth_socket *plain, firth_socket **secure)
{
    return firth_tls_start(plain, self->tls, secure);
}

void nc_tls_release(nc *self)
{
    firth_tls_config_release(self->tls);
}
