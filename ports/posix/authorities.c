/* SPDX-License-Identifier: Apache-2.0 */
/* Where a system keeps the authorities that it trusts. There is no standard: these are the places that the systems'
 * OpenSSL, Go and curl look at. SSL_CERT_FILE and SSL_CERT_DIR, as in OpenSSL, take the place of all of them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ports/posix/anchors.h"
#include "ports/shared/authorities.h"

static const char *const files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Gentoo, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL 6 to 9 */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL, Fedora 43 */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/ssl/cert.pem",                                 /* OpenBSD, macOS, FreeBSD, older Alpine */
#if defined(__FreeBSD__) || defined(__DragonFly__)
    "/usr/local/share/certs/ca-root-nss.crt",
#endif
};

static const char *const folders[] = {
#if defined(__ANDROID__)
    "/apex/com.android.conscrypt/cacerts",
    "/system/etc/security/cacerts",
#elif defined(__NetBSD__)
    "/etc/openssl/certs",
#endif
    "/etc/ssl/certs",
};

/* A folder is a list of its own: its files are taken together, those that are none of certificates left aside. */
static int show_folder(const fth_authorities_search *to, const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char name[1024];
    int found = 0, one = 0;

    while (folder != NULL && one >= 0 && (entry = readdir(folder)) != NULL) {
        const int length = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);

        if (entry->d_name[0] == '.' || length < 0 || (size_t)length >= sizeof name)
            continue;
        one = fth_authorities_show_file(to, name, false);
        found |= one > 0;
    }
    if (folder != NULL)
        (void)closedir(folder);
    if (one < 0)
        return one;
    if (!found)
        (void)to->take(to->argument, path, NULL, 0);
    return found;
}

/* A program with more rights than its user does not let that user say whom to trust. */
static const char *setting(const char *name)
{
    const char *value = getuid() == geteuid() && getgid() == getegid() ? getenv(name) : NULL;

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* SSL_CERT_DIR is a list, as PATH is. */
static int show_folders(const fth_authorities_search *to, const char *list)
{
    char path[1024];
    int found = 0, one = 0;

    while (one >= 0 && *list != '\0') {
        const size_t length = strcspn(list, ":");

        if (length > 0 && length < sizeof path) {
            memcpy(path, list, length);
            path[length] = '\0';
            one = show_folder(to, path);
            found |= one > 0;
        }
        list += length + (list[length] == ':');
    }
    return one < 0 ? one : found;
}

int firth_port_authorities(firth_port_take_authorities *take, void *argument)
{
    const fth_authorities_search to = {take, argument};
    const char *file = setting("SSL_CERT_FILE"), *list = setting("SSL_CERT_DIR");
    int found = 0;
    size_t i;

    if (file != NULL || list != NULL) {
        if (file != NULL)
            found = fth_authorities_show_file(&to, file, true);
        if (list != NULL && found >= 0)
            found = show_folders(&to, list);
        return found < 0 ? found : FIRTH_OK;
    }
    found = fth_port_anchors(take, argument);
    for (i = 0; i < sizeof files / sizeof files[0] && found == 0; i++)
        found = fth_authorities_show_file(&to, files[i], true);
    for (i = 0; i < sizeof folders / sizeof folders[0] && found == 0; i++)
        found = show_folder(&to, folders[i]);
    return found < 0 ? found : FIRTH_OK;
}
