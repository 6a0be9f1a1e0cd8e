/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/material.h"
#include "core/base/failure.h"
#include "core/base/words.h"
#include <firth/backend.h>
#include <firth/port.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_BYTES = 16 << 20, /* of a file: a hundred times the authorities of a system */
    MOST_SHOWN = 140,      /* of its name in a failure, so that the reason is in it, too */
};

static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";

const char *fth_tls_material_name(const firth_tls_data *data, const char *what)
{
    if (data->file != NULL)
        return data->file;
    if (what[0] == 'c')
        return "certificate in memory";
    return what[0] == 'k' ? "key in memory" : "revocation list in memory";
}

/* The end of a long path says more than its beginning. */
static const char *shown(const char *name, const char **dots)
{
    const size_t size = strlen(name);

    *dots = size > MOST_SHOWN ? "..." : "";
    return size > MOST_SHOWN ? name + size - MOST_SHOWN : name;
}

int fth_tls_context_fail(int error, const char *option, const char *reason)
{
    if (fth_tls_is_no_memory(error))
        return firth_fail(FIRTH_ERR_NO_MEMORY, error, option);
    return firth_fail_in_words(FIRTH_ERR_TLS_CONFIG, error, option, "%s (%s)", reason, fth_tls_error_text(error));
}

int fth_tls_material_fail(const fth_tls_material *material, int error, const char *reason)
{
    const char *dots;
    const char *name = shown(material->name, &dots);

    if (fth_tls_is_no_memory(error))
        return firth_fail(FIRTH_ERR_NO_MEMORY, error, material->option);
    return firth_fail_in_words(FIRTH_ERR_TLS_CONFIG, error, material->option, "%s%s: %s%s%s%s", dots, name, reason,
                               error != 0 ? " (" : "", error != 0 ? fth_tls_error_text(error) : "",
                               error != 0 ? ")" : "");
}

/* memmem(3), which is not C's. */
static unsigned char *find(unsigned char *bytes, size_t size, const char *text, size_t length)
{
    unsigned char *at = bytes;
    unsigned char *const last = bytes + size;

    while ((size_t)(last - at) >= length) {
        at = memchr(at, text[0], (size_t)(last - at) - length + 1);
        if (at == NULL || memcmp(at, text, length) == 0)
            return at;
        at++;
    }
    return NULL;
}

/* DER is a SEQUENCE, 0x30, which is a text's '0' as well. Its length tells: it is in bytes of its own, whose count is none
 * that a letter begins with; or it is short, as of a small key, whose version is an INTEGER. */
static bool is_der(const unsigned char *bytes, size_t size)
{
    return size > 2 && bytes[0] == 0x30 && ((bytes[1] & 0xFC) == 0x80 || bytes[2] == MBEDTLS_ASN1_INTEGER);
}

void fth_tls_material_use(fth_tls_material *material, unsigned char *bytes, size_t size, const char *name)
{
    *material =
        (fth_tls_material){.bytes = bytes, .size = size, .name = name, .option = FTH_OPTION("trust"), .cut = size};
    material->is_pem = !is_der(bytes, size) && find(bytes, size, begin, sizeof begin - 1) != NULL;
}

static int read_file(const char *path, const char *option, void **bytes, size_t *size)
{
    const char *why = "", *dots, *name = shown(path, &dots);
    int os_code = 0;
    const int rc = firth_port_read_file(path, MOST_BYTES, bytes, size, &os_code, &why);

    if (rc == FIRTH_ERR_NO_MEMORY)
        return firth_fail(rc, os_code, option);
    if (rc < 0)
        return firth_fail_in_words(FIRTH_ERR_TLS_CONFIG, os_code, option, "%s%s: %s", dots, name, why);
    return FIRTH_OK;
}

/* Goes on to behind the SEQUENCE of DER that is next. False: there is none, or not all of it. */
static bool pass_der(fth_tls_material *material)
{
    unsigned char *at = material->bytes + material->at;
    size_t size;

    if (mbedtls_asn1_get_tag(&at, material->bytes + material->size, &size,
                             MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
        return false;
    material->at = (size_t)(at - material->bytes) + size;
    return true;
}

/* A first one that is bad is refused by who knows what it should be. */
static bool is_whole(fth_tls_material *material)
{
    bool is_good;

    while (!material->is_pem && pass_der(material))
        ;
    is_good = material->at == 0 || material->at == material->size;
    material->at = 0;
    return is_good;
}

static int copy_memory(const firth_tls_data *data, const char *option, void **bytes, size_t *size)
{
    unsigned char *copy = firth_port_allocate(data->size + 1);

    if (copy == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, option);
    memcpy(copy, data->bytes, data->size);
    copy[data->size] = '\0';
    *bytes = copy;
    *size = data->size;
    return FIRTH_OK;
}

int fth_tls_material_load(fth_tls_material *material, const firth_tls_data *data, const char *option, const char *what)
{
    void *bytes = NULL;
    size_t size = 0;
    int rc =
        data->file != NULL ? read_file(data->file, option, &bytes, &size) : copy_memory(data, option, &bytes, &size);

    if (rc < 0)
        return rc;
    fth_tls_material_use(material, bytes, size, fth_tls_material_name(data, what));
    material->option = option;
    if (!is_whole(material)) {
        rc =
            fth_tls_material_fail(material, 0, FTH_WORDS("what is behind the first DER in it is none, or was cut off"));
        fth_tls_material_free(material);
    }
    return rc;
}

void fth_tls_material_free(fth_tls_material *material)
{
    if (material->bytes != NULL) {
        fth_tls_wipe(material->bytes, material->size);
        firth_port_release(material->bytes);
    }
    material->bytes = NULL;
}

/* Where "-----BEGIN label-----", or END, is, from a place on; its own length in *length. */
static unsigned char *find_mark(const fth_tls_material *material, size_t from, const char *kind, const char *label,
                                size_t *length)
{
    char mark[64];

    *length = (size_t)snprintf(mark, sizeof mark, "%s%s-----", kind, label);
    return find(material->bytes + from, material->size - from, mark, *length);
}

/* mbedTLS reads a list of blocks by itself, but says of one that it cannot read no more than that there is one, and does
 * not take a list of revocation lists that ends in a blank line. */
const unsigned char *fth_tls_material_next(fth_tls_material *material, const char *label, size_t *size)
{
    unsigned char *from, *to;
    size_t length;

    if (!material->is_pem) {
        const size_t at = material->at;

        if (at == material->size)
            return NULL;
        if (!pass_der(material))
            material->at = material->size; /* will be told what it is not */
        *size = material->at - at;
        return material->bytes + at;
    }
    if (material->cut < material->size)
        material->bytes[material->cut] = material->cut_byte;
    from = find_mark(material, material->at, begin, label, &length);
    if (from == NULL)
        return NULL;
    to = find_mark(material, (size_t)(from - material->bytes), end, label, &length);
    material->cut = to != NULL ? (size_t)(to - material->bytes) + length : material->size;
    material->cut_byte = material->bytes[material->cut];
    material->bytes[material->cut] = '\0';
    material->at = material->cut;
    *size = (size_t)(material->bytes + material->cut - from) + 1;
    return from;
}
