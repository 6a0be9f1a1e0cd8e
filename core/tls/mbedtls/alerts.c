/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/alerts.h"
#include <stddef.h>

#ifdef FIRTH_NO_WORDS
const char *fth_tls_alert_name(int number)
{
    (void)number;
    return "alert";
}
#else

/* By number; those of RFC 2246 and RFC 4346 too, which old peers send. */
static const struct {
    int number;
    const char *name;
} alerts[] = {
    {0, "alert close_notify"},
    {10, "alert unexpected_message"},
    {20, "alert bad_record_mac"},
    {21, "alert decryption_failed"},
    {22, "alert record_overflow"},
    {30, "alert decompression_failure"},
    {40, "alert handshake_failure"},
    {41, "alert no_certificate"},
    {42, "alert bad_certificate"},
    {43, "alert unsupported_certificate"},
    {44, "alert certificate_revoked"},
    {45, "alert certificate_expired"},
    {46, "alert certificate_unknown"},
    {47, "alert illegal_parameter"},
    {48, "alert unknown_ca"},
    {49, "alert access_denied"},
    {50, "alert decode_error"},
    {51, "alert decrypt_error"},
    {52, "alert too_many_cids_requested"},
    {60, "alert export_restriction"},
    {70, "alert protocol_version"},
    {71, "alert insufficient_security"},
    {80, "alert internal_error"},
    {86, "alert inappropriate_fallback"},
    {90, "alert user_canceled"},
    {100, "alert no_renegotiation"},
    {109, "alert missing_extension"},
    {110, "alert unsupported_extension"},
    {111, "alert certificate_unobtainable"},
    {112, "alert unrecognized_name"},
    {113, "alert bad_certificate_status_response"},
    {114, "alert bad_certificate_hash_value"},
    {115, "alert unknown_psk_identity"},
    {116, "alert certificate_required"},
    {120, "alert no_application_protocol"},
    {121, "alert ech_required"},
};

const char *fth_tls_alert_name(int number)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].number == number)
            return alerts[i].name;
    return "alert unknown";
}

#endif
