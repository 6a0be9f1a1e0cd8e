/* SPDX-License-Identifier: Apache-2.0 */
/* The authorities that the system trusts: its store ROOT. SSL_CERT_FILE and SSL_CERT_DIR, as in OpenSSL, take the place of
 * it. */
#include "ports/windows/wide.h"

#include <wincrypt.h>

#include <stdio.h>
#include <string.h>

#include "ports/shared/authorities.h"

static const char store_name[] = "the system's certificate store ROOT";

/* One entry of a folder. Out of line, as what has a big frame is here: together they would be too much for a task. */
FIRTH_NOINLINE static int show_entry(const fth_authorities_search *to, const char *folder, const wchar_t *name)
{
    char *narrow = fth_narrow_of(name), path[1024];
    int length = -1;

    if (narrow == NULL)
        return FIRTH_ERR_NO_MEMORY;
    if (narrow[0] != '.')
        length = snprintf(path, sizeof path, "%s\\%s", folder, narrow);
    firth_port_release(narrow);
    return length > 0 && (size_t)length < sizeof path ? fth_authorities_show_file(to, path, false) : 0;
}

/* A folder is a list of its own: its files are taken together, those that are none of certificates left aside. */
FIRTH_NOINLINE static int show_folder(const fth_authorities_search *to, const char *path)
{
    char pattern[1024 + sizeof "\\*"]; /* a character takes up to three bytes */
    WIN32_FIND_DATAW entry;
    HANDLE folder = INVALID_HANDLE_VALUE;
    wchar_t *wide = NULL;
    int found = 0, one = 0, length = snprintf(pattern, sizeof pattern, "%s\\*", path);

    if (length > 0 && (size_t)length < sizeof pattern)
        wide = fth_wide_of(pattern);
    if (wide != NULL)
        folder = FindFirstFileW(wide, &entry);
    firth_port_release(wide);
    if (folder != INVALID_HANDLE_VALUE) {
        do {
            one = show_entry(to, path, entry.cFileName);
            found |= one > 0;
        } while (one >= 0 && FindNextFileW(folder, &entry));
        (void)FindClose(folder);
    }
    if (one < 0)
        return one;
    if (!found)
        (void)to->take(to->argument, path, NULL, 0);
    return found;
}

/* SSL_CERT_DIR is a list, as Path is. */
static int show_folders(const fth_authorities_search *to, const char *list)
{
    char path[1024];
    int found = 0, one = 0;

    while (one >= 0 && *list != '\0') {
        const size_t length = strcspn(list, ";");

        if (length > 0 && length < sizeof path) {
            memcpy(path, list, length);
            path[length] = '\0';
            one = show_folder(to, path);
            found |= one > 0;
        }
        list += length + (list[length] == ';');
    }
    return one < 0 ? one : found;
}

/* Whether the store's owner has it vouch for servers: most authorities may vouch for all, some are there for signatures of
 * programs alone. */
FIRTH_NOINLINE static bool is_for_servers(PCCERT_CONTEXT certificate)
{
    union {
        CERT_ENHKEY_USAGE list;
        unsigned char room[1024];
    } usage;
    DWORD size = sizeof usage, i;

    memset(&usage.list, 0, sizeof usage.list);
    SetLastError(ERROR_SUCCESS);
    if (!CertGetEnhancedKeyUsage(certificate, 0, &usage.list, &size))
        return false;
    if (usage.list.cUsageIdentifier == 0)
        return GetLastError() == (DWORD)CRYPT_E_NOT_FOUND;
    for (i = 0; i < usage.list.cUsageIdentifier; i++)
        if (strcmp(usage.list.rgpszUsageIdentifier[i], szOID_PKIX_KP_SERVER_AUTH) == 0)
            return true;
    return false;
}

static int show_certificate(const fth_authorities_search *to, PCCERT_CONTEXT certificate)
{
    unsigned char *bytes = firth_port_allocate((size_t)certificate->cbCertEncoded + 1);
    int found;

    if (bytes == NULL)
        return FIRTH_ERR_NO_MEMORY;
    memcpy(bytes, certificate->pbCertEncoded, certificate->cbCertEncoded);
    bytes[certificate->cbCertEncoded] = '\0';
    found = to->take(to->argument, store_name, bytes, certificate->cbCertEncoded);
    firth_port_release(bytes);
    return found;
}

static int show_store(const fth_authorities_search *to)
{
    HCERTSTORE store = CertOpenSystemStoreW(0, L"ROOT");
    PCCERT_CONTEXT certificate = NULL;
    int found = 0, one = 0;

    while (store != NULL && one >= 0 && (certificate = CertEnumCertificatesInStore(store, certificate)) != NULL) {
        one = is_for_servers(certificate) ? show_certificate(to, certificate) : 0;
        found |= one > 0;
    }
    if (certificate != NULL)
        (void)CertFreeCertificateContext(certificate);
    if (store != NULL)
        (void)CertCloseStore(store, 0);
    if (one < 0)
        return one;
    if (!found)
        (void)to->take(to->argument, store_name, NULL, 0);
    return found;
}

/* A variable's value in UTF-8, to be released; NULL when it is not set or empty. */
static char *setting(const wchar_t *name)
{
    const DWORD length = GetEnvironmentVariableW(name, NULL, 0);
    wchar_t *wide = length > 1 ? firth_port_allocate(length * sizeof *wide) : NULL;
    char *value = NULL;

    if (wide != NULL && GetEnvironmentVariableW(name, wide, length) == length - 1)
        value = fth_narrow_of(wide);
    firth_port_release(wide);
    return value;
}

int firth_port_authorities(firth_port_take_authorities *take, void *argument)
{
    const fth_authorities_search to = {take, argument};
    char *file = setting(L"SSL_CERT_FILE"), *list = setting(L"SSL_CERT_DIR");
    int found = 0;

    if (file != NULL)
        found = fth_authorities_show_file(&to, file, true);
    if (list != NULL && found >= 0)
        found = show_folders(&to, list);
    if (file == NULL && list == NULL)
        found = show_store(&to);
    firth_port_release(file);
    firth_port_release(list);
    return found < 0 ? found : FIRTH_OK;
}
