/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/context.h"
#include "core/base/failure.h"
#include "core/base/words.h"
#include "core/tls/left_out.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/side.h"
#include <firth/backend.h>
#include <string.h>

char *fth_tls_copy_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = firth_port_allocate(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

/* mbedTLS keeps the list, not a copy of it. */
static int build_alpn(fth_tls_context *context, const firth_tls_builder *tls)
{
    const size_t bytes = (tls->alpn_count + 1) * sizeof *context->alpn;
    int error;

    if (!FTH_TLS_HAS_ALPN || tls->alpn_count == 0)
        return FIRTH_OK;
    context->alpn = firth_port_allocate(bytes);
    if (context->alpn == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("alpn"));
    memset(context->alpn, 0, bytes);
    for (; context->alpn_count < tls->alpn_count; context->alpn_count++) {
        context->alpn[context->alpn_count] = fth_tls_copy_text(tls->alpn[context->alpn_count]);
        if (context->alpn[context->alpn_count] == NULL)
            return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("alpn"));
    }
    error = mbedtls_ssl_conf_alpn_protocols(&context->config, (const char **)context->alpn);
    return error == 0 ? FIRTH_OK : firth_fail(FIRTH_ERR_ARGUMENT, error, FTH_OPTION("alpn"));
}

static int build_config(fth_tls_context *context, const firth_tls_builder *tls)
{
    const int error = mbedtls_ssl_config_defaults(&context->config, context->side->endpoint,
                                                  MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

    if (error != 0)
        return fth_tls_context_fail(error, "firth_tls_build", FTH_WORDS("mbedTLS cannot be configured"));
    context->key_log = tls->key_log;
    context->key_log_argument = tls->key_log_argument;
    fth_tls_use_random(&context->config);
    mbedtls_ssl_conf_set_user_data_p(&context->config, context);
    mbedtls_ssl_conf_session_tickets(&context->config, tls->session_tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                                            : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    return FIRTH_OK;
}

/* Versions go after identities and trust: they decide which suites there can be. */
static int build(fth_tls_context *context, const firth_tls_builder *tls)
{
    static int (*const parts[])(fth_tls_context *, const firth_tls_builder *) = {
        build_alpn,
        fth_tls_identities_build,
        fth_tls_trust_build,
        fth_tls_versions_build,
    };
    size_t i;
    int rc = build_config(context, tls);

    if (rc >= 0)
        rc = context->side->build(context, tls);
    for (i = 0; i < sizeof parts / sizeof parts[0] && rc >= 0; i++)
        rc = parts[i](context, tls);
    return rc;
}

int fth_tls_context_build(const firth_tls_builder *full, fth_tls_context **context)
{
    fth_tls_context *made;
    int rc = fth_tls_prepare();

    *context = NULL;
    if (rc != 0)
        return fth_tls_context_fail(rc, "psa_crypto_init", FTH_WORDS("mbedTLS cannot begin"));
    made = firth_port_allocate(sizeof *made);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tls_build");
    memset(made, 0, sizeof *made);
    mbedtls_ssl_config_init(&made->config);
    mbedtls_x509_crt_init(&made->authorities);
    if (FTH_TLS_HAS_REVOCATION_LISTS)
        mbedtls_x509_crl_init(&made->revocations);
    made->side = full->side->engine;
    made->role = full->role;
    rc = build(made, full);
    if (rc < 0)
        fth_tls_context_free(made);
    else
        *context = made;
    return rc;
}

void fth_tls_context_free(fth_tls_context *context)
{
    size_t i;

    mbedtls_ssl_config_free(&context->config);
    context->side->free(context);
    fth_tls_identities_free(context);
    fth_tls_trust_free(context);
    for (i = 0; FTH_TLS_HAS_ALPN && i < context->alpn_count; i++)
        firth_port_release(context->alpn[i]);
    firth_port_release(context->alpn);
    firth_port_release(context->suites);
    fth_tls_wipe(context, sizeof *context);
    firth_port_release(context);
}

/* The secrets of a handshake, with the end of the ServerHello's random in which a server says that it has TLS 1.3. */
static void take_keys(void *argument, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t secret_len,
                      const unsigned char client_random[32], const unsigned char server_random[32],
                      mbedtls_tls_prf_types tls_prf_type)
{
    fth_tls_link *link = argument;

    if (FTH_TLS_HAS_SESSION_TICKETS && type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET)
        link->is_held_back = memcmp(server_random + 24, "DOWNGRD\1", 8) == 0;
    if (FTH_TLS_HAS_KEY_LOG && link->context->key_log != NULL)
        fth_tls_key_log(link->context, type, secret, secret_len, client_random, server_random, tls_prf_type);
}

void fth_tls_attach(fth_tls_context *context, mbedtls_ssl_context *ssl, fth_tls_link *link)
{
    link->context = context;
    link->server_name = NULL;
    link->is_held_back = false;
    mbedtls_ssl_set_user_data_p(ssl, link);
    if (FTH_TLS_HAS_SESSION_TICKETS || FTH_TLS_HAS_KEY_LOG)
        mbedtls_ssl_set_export_keys_cb(ssl, take_keys, link);
}

void fth_tls_detach(fth_tls_link *link)
{
    mbedtls_free(link->server_name);
    link->server_name = NULL;
}
