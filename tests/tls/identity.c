/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/identity.h"
#include "tests/support/support.h"
#include "tests/tls/scratch.h"
#include <mbedtls/base64.h>

firth_tls_builder identity_server(const firth_tls_identity *identity)
{
    firth_tls_builder tls = firth_tls_server();

    tls.identities = identity;
    tls.identity_count = 1;
    return tls;
}

firth_tls_identity identity_of(firth_tls_data one, firth_tls_data key, const char *password)
{
    const firth_tls_identity identity = {one, key, password};

    return identity;
}

firth_tls_data identity_text(const char *text)
{
    return firth_tls_memory(text, strlen(text));
}

size_t identity_decode(unsigned char *der, size_t capacity, const char *pem)
{
    const char *begin = strchr(pem, '\n') + 1, *end = strstr(begin, "-----END");
    size_t size = 0;

    assert_int_equal(mbedtls_base64_decode(der, capacity, &size, (const unsigned char *)begin, (size_t)(end - begin)),
                     0);
    return size;
}

void identity_built(firth_tls_data one, firth_tls_data key, const char *password)
{
    const firth_tls_identity identity = identity_of(one, key, password);
    const firth_tls_builder tls = identity_server(&identity);
    fth_tls_context *context = context_of(&tls);

    assert_non_null(context);
    fth_tls_mbedtls.context_free(context);
}

void identity_refused(firth_tls_data one, firth_tls_data key, const char *password, const char *text, const char *other)
{
    const firth_tls_identity identity = identity_of(one, key, password);
    const firth_tls_builder tls = identity_server(&identity);

    assert_true(context_refused(&tls, FIRTH_ERR_TLS_CONFIG, text, other));
    assert_string_equal(firth_last_failure()->step, "option identities");
}
