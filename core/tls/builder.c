/* SPDX-License-Identifier: Apache-2.0 */
/* The builder of a TLS configuration: defaults and checks. What the files hold is the engine's to check. */
#include "core/tls/builder.h"
#include "core/base/failure.h"
#include "core/base/words.h"
#include <firth/backend.h>
#include <string.h>

enum { MOST_NAME_BYTES = 253, MOST_ALPN_BYTES = 255, MOST_LIFETIME_S = 604800 };

void firth_tls_init(firth_tls_builder *tls, firth_tls_role role, size_t struct_bytes)
{
    const firth_tls_builder defaults = {
        .struct_bytes = struct_bytes,
        .role = role,
        .min_version = FIRTH_TLS_1_2,
        .max_version = FIRTH_TLS_1_3,
        .session_tickets = true,
        .ticket_lifetime_s = 86400,
        .handshake_timeout_ms = 10000,
    };

    memset(tls, 0, struct_bytes);
    memcpy(tls, &defaults, struct_bytes < sizeof defaults ? struct_bytes : sizeof defaults);
}

static bool is_version(firth_tls_version version)
{
    return version == FIRTH_TLS_1_2 || version == FIRTH_TLS_1_3;
}

static bool is_text(const char *text, size_t most)
{
    return text != NULL && text[0] != '\0' && strlen(text) <= most;
}

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool fth_tls_is_name(const char *text, size_t size)
{
    size_t label = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (!is_of_name(text[i]) || ++label > 63) {
            return false;
        }
    }
    return label > 0;
}

/* A name of at most 253 bytes (RFC 1035 §2.3.4), and one dot may be behind it; or a numeric address. */
static bool is_host(const char *text)
{
    size_t size = strlen(text);
    firth_address address;

    if (size > 1 && text[size - 1] == '.')
        size--;
    return size <= MOST_NAME_BYTES &&
           (fth_tls_is_name(text, size) || firth_address_make(&address, text, 0) == FIRTH_OK);
}

/* A file or memory, not both. */
static bool is_data(const firth_tls_data *data)
{
    return data->file != NULL ? data->file[0] != '\0' && data->bytes == NULL : data->bytes != NULL && data->size > 0;
}

static bool are_data(const firth_tls_data *data, size_t count)
{
    size_t i;

    for (i = 0; i < count && data != NULL; i++)
        if (!is_data(&data[i]))
            return false;
    return count == 0 || data != NULL;
}

static bool are_identities(const firth_tls_builder *tls)
{
    size_t i;

    for (i = 0; i < tls->identity_count && tls->identities != NULL; i++)
        if (!is_data(&tls->identities[i].certificate) || !is_data(&tls->identities[i].key))
            return false;
    return tls->identity_count == 0 || tls->identities != NULL;
}

static bool are_protocols(const firth_tls_builder *tls)
{
    size_t i;

    for (i = 0; i < tls->alpn_count && tls->alpn != NULL; i++)
        if (!is_text(tls->alpn[i], MOST_ALPN_BYTES))
            return false;
    return tls->alpn_count == 0 || tls->alpn != NULL;
}

/* Nothing that was asked for is ignored: what the role has not, or would never look at, is refused. */
static const char *find_stray(const firth_tls_builder *tls)
{
    const bool is_server = tls->role == FIRTH_TLS_SERVER;
    const bool is_unasked = is_server && tls->client_authentication == FIRTH_TLS_CLIENT_NONE;
    const struct {
        bool is_stray;
        const char *option;
    } checks[] = {
        {is_server && tls->server_name != NULL, "option server_name"},
        {is_server && tls->insecure_any_name, "option insecure_any_name"},
        {is_server && tls->psk_identity != NULL, "option psk_identity"},
        {is_server && tls->psk != NULL, "option psk"},
        {!is_server && tls->psk_find != NULL, "option psk_find"},
        {!is_server && tls->client_authentication != FIRTH_TLS_CLIENT_NONE, "option client_authentication"},
        {is_unasked && tls->trust != FIRTH_TLS_TRUST_SYSTEM, "option trust"},
        {is_unasked && tls->authority_count > 0, "option authorities"},
        {is_unasked && tls->revocation_list_count > 0, "option revocation_lists"},
        {is_unasked && tls->pin_count > 0, "option pins"},
        {is_unasked && tls->insecure_any_certificate, "option insecure_any_certificate"},
        {tls->trust == FIRTH_TLS_TRUST_PINS && tls->authority_count > 0, "option authorities"},
        {tls->trust == FIRTH_TLS_TRUST_PINS && tls->revocation_list_count > 0, "option revocation_lists"},
    };
    size_t i;

    for (i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].is_stray)
            return checks[i].option;
    return NULL;
}

/* A switch that has nothing of a certificate looked at, or a pre-shared key in its place, makes what was given to check one
 * by of no effect: who gave both believes in a check that there is not. NULL: nothing is passed over, else *words say why
 * it would be. */
static const char *find_passed_over(const firth_tls_builder *tls, const char **words)
{
    const bool is_any = tls->insecure_any_certificate;
    const bool is_by_key =
        tls->psk != NULL && tls->trust == FIRTH_TLS_TRUST_SYSTEM && tls->authority_count == 0 && tls->pin_count == 0;
    const struct {
        bool is_stray;
        const char *option;
    } checks[] = {
        {is_any && tls->pin_count > 0, "option pins"},
        {is_any && tls->authority_count > 0, "option authorities"},
        {is_any && tls->trust != FIRTH_TLS_TRUST_SYSTEM, "option trust"},
        {(is_any || is_by_key) && tls->revocation_list_count > 0, "option revocation_lists"},
        {(is_any || is_by_key) && tls->insecure_any_name, "option insecure_any_name"},
        {is_by_key && is_any, "option insecure_any_certificate"},
    };
    size_t i;

    *words =
        is_by_key
            ? FTH_WORDS(
                  "a client with a pre-shared key takes no certificate unless trust, authorities or pins say whose")
            : FTH_WORDS("insecure_any_certificate looks at nothing of a certificate: only one of the two can be meant");
    for (i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].is_stray)
            return checks[i].option;
    return NULL;
}

static const char *find_bad(const firth_tls_builder *tls)
{
    const struct {
        bool is_good;
        const char *option;
    } checks[] = {
        {tls->role == FIRTH_TLS_CLIENT || tls->role == FIRTH_TLS_SERVER, "option role"},
        {is_version(tls->min_version), "option min_version"},
        {is_version(tls->max_version) && tls->max_version >= tls->min_version, "option max_version"},
        {tls->cipher_suite_count == 0 || tls->cipher_suites != NULL, "option cipher_suites"},
        {are_protocols(tls), "option alpn"},
        {are_identities(tls), "option identities"},
        {(unsigned)tls->trust <= FIRTH_TLS_TRUST_PINS, "option trust"},
        {are_data(tls->authorities, tls->authority_count), "option authorities"},
        {are_data(tls->revocation_lists, tls->revocation_list_count), "option revocation_lists"},
        {tls->pin_count == 0 || tls->pins != NULL, "option pins"},
        {tls->trust != FIRTH_TLS_TRUST_PINS || tls->pin_count > 0, "option pins"},
        {tls->trust != FIRTH_TLS_TRUST_AUTHORITIES || tls->authority_count > 0, "option authorities"},
        {tls->server_name == NULL || is_host(tls->server_name), "option server_name"},
        {(unsigned)tls->client_authentication <= FIRTH_TLS_CLIENT_REQUIRED, "option client_authentication"},
        {tls->ticket_lifetime_s > 0 && tls->ticket_lifetime_s <= MOST_LIFETIME_S, "option ticket_lifetime_s"},
        {(tls->psk_identity != NULL) == (tls->psk != NULL), "option psk_identity"},
        {tls->psk_identity == NULL || is_text(tls->psk_identity, 128), "option psk_identity"},
        {(tls->psk != NULL) == (tls->psk_size > 0), "option psk_size"},
        {tls->handshake_timeout_ms >= 0, "option handshake_timeout_ms"},
    };
    size_t i;

    for (i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!checks[i].is_good)
            return checks[i].option;
    return NULL;
}

int fth_tls_read(firth_tls_builder *full, const firth_tls_builder *given)
{
    const char *option, *words;

    if (given == NULL ||
        given->struct_bytes < offsetof(firth_tls_builder, handshake_timeout_ms) + sizeof given->handshake_timeout_ms)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option struct_bytes");
    firth_tls_init(full, given->role, sizeof *full);
    memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    option = find_bad(full);
    if (option == NULL)
        option = find_stray(full);
    if (option != NULL)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, option);
    option = find_passed_over(full, &words);
    return option == NULL ? FIRTH_OK : firth_fail_in_words(FIRTH_ERR_ARGUMENT, 0, option, "%s", words);
}
