/* SPDX-License-Identifier: Apache-2.0 */
/* The builder of a TLS configuration: defaults and checks. What the files hold is the engine's to check. */
#include "core/tls/builder.h"
#include "core/base/failure.h"
#include "core/base/words.h"
#include "core/tls/left_out.h"
#include "core/tls/side.h"
#include <firth/backend.h>
#include <string.h>

enum { MOST_NAME_BYTES = 253, MOST_ALPN_BYTES = 255, MOST_LIFETIME_S = 604800 };

/* All of these fields are in the shortest struct there is; one that comes later is to be set only if the caller's has it. */
static void init(firth_tls_builder *tls, const struct firth_tls_side *side, size_t struct_bytes)
{
    memset(tls, 0, struct_bytes);
    tls->struct_bytes = struct_bytes;
    tls->role = side->role;
    tls->min_version = FIRTH_TLS_1_2;
    tls->max_version = FIRTH_TLS_1_3;
    tls->session_tickets = FTH_TLS_HAS_SESSION_TICKETS;
    tls->ticket_lifetime_s = 86400;
    tls->handshake_timeout_ms = 10000;
    tls->side = side;
}

void firth_tls_init_client(firth_tls_builder *tls, size_t struct_bytes)
{
    init(tls, &fth_tls_client_side, struct_bytes);
}

void firth_tls_init_server(firth_tls_builder *tls, size_t struct_bytes)
{
    init(tls, &fth_tls_server_side, struct_bytes);
}

void firth_tls_init(firth_tls_builder *tls, firth_tls_role role, size_t struct_bytes)
{
    init(tls, role == FIRTH_TLS_SERVER ? &fth_tls_server_side : &fth_tls_client_side, struct_bytes);
    tls->role = role;
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

/* What one side has and the other has not is refused there: nothing that was asked for is ignored. As code and not as a
 * table of conditions, which would be twice as long. */
static const char *find_stray_of_server(const firth_tls_builder *tls)
{
    if (tls->server_name != NULL)
        return FTH_OPTION("server_name");
    if (tls->insecure_any_name)
        return FTH_OPTION("insecure_any_name");
    if (tls->psk_identity != NULL)
        return FTH_OPTION("psk_identity");
    if (tls->psk != NULL)
        return FTH_OPTION("psk");
    if (tls->psk_size > 0)
        return FTH_OPTION("psk_size");
    if ((unsigned)tls->client_authentication > FIRTH_TLS_CLIENT_REQUIRED)
        return FTH_OPTION("client_authentication");
    if (tls->client_authentication != FIRTH_TLS_CLIENT_NONE)
        return NULL;
    if (tls->trust != FIRTH_TLS_TRUST_SYSTEM)
        return FTH_OPTION("trust");
    if (tls->authority_count > 0)
        return FTH_OPTION("authorities");
    if (tls->revocation_list_count > 0)
        return FTH_OPTION("revocation_lists");
    if (tls->pin_count > 0)
        return FTH_OPTION("pins");
    return tls->insecure_any_certificate ? FTH_OPTION("insecure_any_certificate") : NULL;
}

static const char *find_stray_of_client(const firth_tls_builder *tls)
{
    if (tls->server_name != NULL && !is_host(tls->server_name))
        return FTH_OPTION("server_name");
    if (tls->psk_find != NULL)
        return FTH_OPTION("psk_find");
    if (tls->client_authentication != FIRTH_TLS_CLIENT_NONE)
        return FTH_OPTION("client_authentication");
    if ((tls->psk_identity != NULL) != (tls->psk != NULL) ||
        (tls->psk_identity != NULL && !is_text(tls->psk_identity, 128)))
        return FTH_OPTION("psk_identity");
    return (tls->psk != NULL) != (tls->psk_size > 0) ? FTH_OPTION("psk_size") : NULL;
}

const struct firth_tls_side fth_tls_client_side = {FIRTH_TLS_CLIENT, find_stray_of_client, &fth_tls_mbedtls_client};
const struct firth_tls_side fth_tls_server_side = {FIRTH_TLS_SERVER, find_stray_of_server, &fth_tls_mbedtls_server};

/* A switch that has nothing of a certificate looked at, or a pre-shared key in its place, makes what was given to check one
 * by of no effect: who gave both believes in a check that there is not. NULL: nothing is passed over, else *words say why
 * it would be. */
static const char *find_passed_over(const firth_tls_builder *tls, const char **words)
{
    const bool is_by_key =
        tls->psk != NULL && tls->trust == FIRTH_TLS_TRUST_SYSTEM && tls->authority_count == 0 && tls->pin_count == 0;

    if (!is_by_key && !tls->insecure_any_certificate)
        return NULL;
    *words =
        is_by_key
            ? FTH_WORDS(
                  "a client with a pre-shared key takes no certificate unless trust, authorities or pins say whose")
            : FTH_WORDS("insecure_any_certificate looks at nothing of a certificate: only one of the two can be meant");
    if (tls->pin_count > 0)
        return FTH_OPTION("pins");
    if (tls->authority_count > 0)
        return FTH_OPTION("authorities");
    if (tls->trust != FIRTH_TLS_TRUST_SYSTEM)
        return FTH_OPTION("trust");
    if (tls->revocation_list_count > 0)
        return FTH_OPTION("revocation_lists");
    if (tls->insecure_any_name)
        return FTH_OPTION("insecure_any_name");
    return is_by_key && tls->insecure_any_certificate ? FTH_OPTION("insecure_any_certificate") : NULL;
}

static const char *find_bad(const firth_tls_builder *tls)
{
    if (tls->side == NULL || tls->role != tls->side->role)
        return FTH_OPTION("role");
    if (!is_version(tls->min_version))
        return FTH_OPTION("min_version");
    if (!is_version(tls->max_version) || tls->max_version < tls->min_version)
        return FTH_OPTION("max_version");
    if (tls->cipher_suite_count > 0 && tls->cipher_suites == NULL)
        return FTH_OPTION("cipher_suites");
    if (!are_protocols(tls))
        return FTH_OPTION("alpn");
    if (!are_identities(tls))
        return FTH_OPTION("identities");
    if ((unsigned)tls->trust > FIRTH_TLS_TRUST_PINS)
        return FTH_OPTION("trust");
    if (!are_data(tls->authorities, tls->authority_count) ||
        (tls->trust == FIRTH_TLS_TRUST_AUTHORITIES) > (tls->authority_count > 0) ||
        (tls->trust == FIRTH_TLS_TRUST_PINS && tls->authority_count > 0))
        return FTH_OPTION("authorities");
    if (!are_data(tls->revocation_lists, tls->revocation_list_count) ||
        (tls->trust == FIRTH_TLS_TRUST_PINS && tls->revocation_list_count > 0))
        return FTH_OPTION("revocation_lists");
    if ((tls->pin_count > 0 && tls->pins == NULL) || (tls->trust == FIRTH_TLS_TRUST_PINS && tls->pin_count == 0))
        return FTH_OPTION("pins");
    if (tls->ticket_lifetime_s <= 0 || tls->ticket_lifetime_s > MOST_LIFETIME_S)
        return FTH_OPTION("ticket_lifetime_s");
    if (tls->handshake_timeout_ms < 0)
        return FTH_OPTION("handshake_timeout_ms");
    return tls->side->find_stray(tls);
}

/* By its name also in a build without words or steps (so firth_fail is in brackets, see backend.h): what is not there at all is not found by looking at the code. */
static const char *find_left_out(const firth_tls_builder *tls)
{
    if (!FTH_TLS_HAS_ALPN && tls->alpn_count > 0)
        return "option alpn";
    if (!FTH_TLS_HAS_IDENTITIES && tls->identity_count > 1)
        return "option identities";
    if (!FTH_TLS_HAS_KEY_LOG && tls->key_log != NULL)
        return "option key_log";
    if (!FTH_TLS_HAS_PINS && (tls->pin_count > 0 || tls->trust == FIRTH_TLS_TRUST_PINS))
        return "option pins";
    if (!FTH_TLS_HAS_PSK && (tls->psk != NULL || tls->psk_find != NULL))
        return "option psk";
    if (!FTH_TLS_HAS_REVOCATION_LISTS && tls->revocation_list_count > 0)
        return "option revocation_lists";
    if (!FTH_TLS_HAS_SESSION_TICKETS && tls->session_tickets)
        return "option session_tickets";
    return NULL;
}

int fth_tls_read(firth_tls_builder *full, const firth_tls_builder *given)
{
    const char *option, *words = "";

    if (given == NULL || given->struct_bytes < offsetof(firth_tls_builder, side) + sizeof(void *))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("struct_bytes"));
    memset(full, 0, sizeof *full);
    memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    option = find_left_out(full);
    if (option != NULL)
        return (firth_fail)(FIRTH_ERR_NOT_SUPPORTED, 0, option);
    option = find_bad(full);
    if (option == NULL)
        option = find_passed_over(full, &words);
    if (option == NULL)
        return FIRTH_OK;
    return words[0] == '\0' ? firth_fail(FIRTH_ERR_ARGUMENT, 0, option)
                            : firth_fail_in_words(FIRTH_ERR_ARGUMENT, 0, option, "%s", words);
}
