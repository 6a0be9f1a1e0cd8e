/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificates a peer's may lead to, and which of them were revoked. */
#include "core/base/words.h"
#include "core/tls/left_out.h"
#include "core/tls/mbedtls/parts.h"
#include <firth/backend.h>
#include <string.h>

/* A folder of a system has most authorities twice, by name and by hash. */
static bool has_certificate(const mbedtls_x509_crt *list, const mbedtls_x509_crt *one)
{
    for (; list != NULL && list->version != 0; list = list->next)
        if (list->raw.len == one->raw.len && memcmp(list->raw.p, one->raw.p, one->raw.len) == 0)
            return true;
    return false;
}

/* Parses into one of its own first: a list is as it was when this fails, and its end need not be looked for. */
static int add_one(mbedtls_x509_crt *list, mbedtls_x509_crt **last, const unsigned char *bytes, size_t size)
{
    mbedtls_x509_crt *one = mbedtls_calloc(1, sizeof *one);
    int error;

    if (one == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    mbedtls_x509_crt_init(one);
    error = mbedtls_x509_crt_parse(one, bytes, size);
    if (error == 0 && !has_certificate(list, one)) {
        if (list->version == 0) {
            *list = *one; /* the first is the list's own memory */
            mbedtls_free(one);
            return 0;
        }
        while ((*last)->next != NULL)
            *last = (*last)->next;
        (*last)->next = one;
        return 0;
    }
    mbedtls_x509_crt_free(one);
    mbedtls_free(one);
    return error;
}

/* Cut off or changed, and not of a kind that mbedTLS does not have. */
static bool is_damaged(int error)
{
    return error == MBEDTLS_ERR_X509_CERT_UNKNOWN_FORMAT || error == MBEDTLS_ERR_X509_INVALID_FORMAT ||
           -(-error & 0xff80) == MBEDTLS_ERR_PEM_INVALID_DATA;
}

/* An authority of a kind that cannot be read (a key that mbedTLS does not have) makes the rest no worse: it is not
 * trusted. */
int fth_tls_authorities_add(mbedtls_x509_crt *list, fth_tls_material *material, size_t *added)
{
    mbedtls_x509_crt *last = list;
    const unsigned char *bytes;
    size_t size;

    while ((bytes = fth_tls_material_next(material, "CERTIFICATE", &size)) != NULL) {
        const int error = add_one(list, &last, bytes, size);

        if (fth_tls_is_no_memory(error))
            return firth_fail(FIRTH_ERR_NO_MEMORY, error, material->option);
        *added += error == 0;
        if (is_damaged(error))
            material->damage = error;
    }
    return FIRTH_OK;
}

static int read_authorities(fth_tls_context *context, const firth_tls_data *data)
{
    fth_tls_material material;
    size_t added = 0;
    int rc = fth_tls_material_load(&material, data, FTH_OPTION("authorities"), "certificate");

    if (rc < 0)
        return rc;
    rc = fth_tls_authorities_add(&context->authorities, &material, &added);
    if (rc >= 0 && added == 0)
        rc = fth_tls_material_fail(&material, 0, FTH_WORDS("no certificate in it that can be read"));
    else if (rc >= 0 && material.damage != 0)
        rc = fth_tls_material_fail(&material, material.damage, FTH_WORDS("a certificate in it is damaged or cut off"));
    fth_tls_material_free(&material);
    return rc;
}

static int read_revocations(fth_tls_context *context, const firth_tls_data *data)
{
    fth_tls_material material;
    const unsigned char *bytes;
    size_t size, count = 0;
    int rc = fth_tls_material_load(&material, data, FTH_OPTION("revocation_lists"), "revocation list");

    if (rc < 0)
        return rc;
    for (; rc >= 0 && (bytes = fth_tls_material_next(&material, "X509 CRL", &size)) != NULL; count++) {
        const int error = mbedtls_x509_crl_parse(&context->revocations, bytes, size);

        if (error != 0)
            rc = fth_tls_material_fail(&material, error, FTH_WORDS("a revocation list that cannot be read"));
    }
    if (rc >= 0 && count == 0)
        rc = fth_tls_material_fail(&material, 0, FTH_WORDS("no revocation list in it"));
    fth_tls_material_free(&material);
    return rc;
}

static int copy_pins(fth_tls_context *context, const firth_tls_builder *tls)
{
    if (tls->pin_count == 0)
        return FIRTH_OK;
    context->pins = firth_port_allocate(tls->pin_count * sizeof *tls->pins);
    if (context->pins == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("pins"));
    memcpy(context->pins, tls->pins, tls->pin_count * sizeof *tls->pins);
    context->pin_count = tls->pin_count;
    return FIRTH_OK;
}

/* A client with a pre-shared key takes a certificate in its place only if it was told whose. */
static bool wants_certificate(const firth_tls_builder *tls)
{
    if (tls->role == FIRTH_TLS_SERVER)
        return tls->client_authentication != FIRTH_TLS_CLIENT_NONE;
    return tls->psk == NULL || tls->trust != FIRTH_TLS_TRUST_SYSTEM || tls->authority_count > 0 || tls->pin_count > 0;
}

static int build_lists(fth_tls_context *context, const firth_tls_builder *tls)
{
    size_t i;
    int rc = FIRTH_OK;

    for (i = 0; i < tls->authority_count && rc >= 0; i++)
        rc = read_authorities(context, &tls->authorities[i]);
    for (i = 0; FTH_TLS_HAS_REVOCATION_LISTS && i < tls->revocation_list_count && rc >= 0; i++)
        rc = read_revocations(context, &tls->revocation_lists[i]);
    if (FTH_TLS_HAS_PINS && rc >= 0)
        rc = copy_pins(context, tls);
    if (rc >= 0 && tls->trust == FIRTH_TLS_TRUST_SYSTEM && context->wants_certificate && !context->any_certificate)
        rc = fth_tls_system_authorities(&context->system_authorities);
    return rc;
}

/* The system's authorities hang at the end of the builder's until the context is freed. */
static mbedtls_x509_crt *join_lists(fth_tls_context *context)
{
    mbedtls_x509_crt *last = &context->authorities;

    if (context->system_authorities == NULL)
        return last;
    if (last->version == 0)
        return context->system_authorities;
    while (last->next != NULL)
        last = last->next;
    last->next = context->system_authorities;
    return &context->authorities;
}

static int auth_mode(const fth_tls_context *context)
{
    if (!context->wants_certificate)
        return MBEDTLS_SSL_VERIFY_NONE;
    if (context->role == FIRTH_TLS_CLIENT)
        return context->any_certificate ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED;
    return context->client_authentication == FIRTH_TLS_CLIENT_REQUIRED ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                                       : MBEDTLS_SSL_VERIFY_OPTIONAL;
}

int fth_tls_trust_build(fth_tls_context *context, const firth_tls_builder *tls)
{
    mbedtls_x509_crl *revocations = NULL;
    int rc;

    context->trust = tls->trust;
    context->any_certificate = tls->insecure_any_certificate;
    context->any_name = tls->insecure_any_name;
    context->client_authentication = tls->client_authentication;
    context->wants_certificate = wants_certificate(tls);
    rc = build_lists(context, tls);
    if (rc < 0)
        return rc;
    if (FTH_TLS_HAS_REVOCATION_LISTS && context->revocations.version != 0)
        revocations = &context->revocations;
    mbedtls_ssl_conf_ca_chain(&context->config, join_lists(context), revocations);
    mbedtls_ssl_conf_authmode(&context->config, auth_mode(context));
    /* The names of a whole system's authorities would be 15 KiB of each handshake. */
    if (context->role == FIRTH_TLS_SERVER && context->system_authorities != NULL)
        mbedtls_ssl_conf_cert_req_ca_list(&context->config, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
    return FIRTH_OK;
}

void fth_tls_trust_free(fth_tls_context *context)
{
    mbedtls_x509_crt *last = &context->authorities;

    while (last->next != NULL && last->next != context->system_authorities)
        last = last->next;
    last->next = NULL;
    mbedtls_x509_crt_free(&context->authorities);
    if (FTH_TLS_HAS_REVOCATION_LISTS)
        mbedtls_x509_crl_free(&context->revocations);
    if (FTH_TLS_HAS_PINS)
        firth_port_release(context->pins);
}
