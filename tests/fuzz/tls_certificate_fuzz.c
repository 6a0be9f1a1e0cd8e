/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, keys and lists of any content, as a builder takes them. The first byte says which of them it is. */
#include "core/tls/engine.h"
#include "tests/tls/pki.h"

#include <stdlib.h>

enum { OF_SERVER, OF_CLIENT, KEY, AUTHORITIES, REVOCATIONS, USES };

static void put_in(pki_setup *setup, int use, firth_tls_data *data)
{
    switch (use) {
    case OF_SERVER:
        setup->identity.certificate = *data;
        break;
    case OF_CLIENT:
        setup->client.identities = &setup->client_identity;
        setup->client.identity_count = 1;
        setup->client_identity = setup->identity;
        setup->client_identity.certificate = *data;
        break;
    case KEY:
        setup->identity.key = *data;
        break;
    case AUTHORITIES:
        setup->authority = *data;
        break;
    default:
        setup->client.revocation_lists = data;
        setup->client.revocation_list_count = 1;
        break;
    }
}

/* FIRTH_OK, or an error with words that say what is wrong. */
static void build(const firth_tls_builder *tls)
{
    fth_tls_context *context = NULL;
    int rc = fth_tls_mbedtls.context_build(tls, &context);

    if (rc == FIRTH_OK)
        fth_tls_mbedtls.context_free(context);
    else if (context != NULL || (rc == FIRTH_ERR_TLS_CONFIG && firth_last_failure()->detail[0] == '\0'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static pki keys;
    firth_tls_data data;
    pki_setup setup;
    int use;

    if (size < 2)
        return 0;
    if (keys.root == NULL)
        pki_open(&keys);
    data = firth_tls_memory(input + 1, size - 1);
    use = input[0] % USES;
    pki_prepare(&setup, &keys, keys.ec, 0);
    put_in(&setup, use, &data);
    build(use == OF_SERVER || use == KEY ? &setup.server : &setup.client);
    return 0;
}
