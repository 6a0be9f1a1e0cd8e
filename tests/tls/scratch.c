/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/scratch.h"
#include "core/tls/builder.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

int scratch_open(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/firth-tls-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

int scratch_close(void **state)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;

    (void)state;
    while (open != NULL && (entry = readdir(open)) != NULL)
        if (entry->d_name[0] != '.')
            (void)unlink(scratch_path(entry->d_name));
    if (open != NULL)
        (void)closedir(open);
    return rmdir(folder);
}

const char *scratch_path(const char *name)
{
    static char paths[8][512];
    static size_t next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *scratch_file(const char *name, const void *bytes, size_t size)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        (void)fprintf(stderr, "%s cannot be written\n", path);
        abort();
    }
    return path;
}

const char *scratch_text(const char *name, const char *text)
{
    return scratch_file(name, text, strlen(text));
}

static int build(const firth_tls_builder *tls, fth_tls_context **context)
{
    firth_tls_builder full;
    const int rc = fth_tls_read(&full, tls);

    *context = NULL;
    return rc < 0 ? rc : fth_tls_mbedtls.context_build(&full, context);
}

fth_tls_context *context_of(const firth_tls_builder *tls)
{
    fth_tls_context *context;
    const int rc = build(tls, &context);

    if (rc < 0)
        (void)fprintf(stderr, "%s, %s: %s\n", firth_error_name(rc), firth_last_failure()->step,
                      firth_last_failure()->detail);
    return rc < 0 ? NULL : context;
}

bool context_refused(const firth_tls_builder *tls, int code, const char *text, const char *other)
{
    fth_tls_context *context;
    const int rc = build(tls, &context);
    const char *detail = firth_last_failure()->detail;

    if (rc < 0 && context != NULL)
        (void)fprintf(stderr, "a failure left a context behind\n");
    else if (rc == code && (text == NULL || strstr(detail, text) != NULL) &&
             (other == NULL || strstr(detail, other) != NULL))
        return true;
    (void)fprintf(stderr, "%s, %s: %s\n", firth_error_name(rc), rc < 0 ? firth_last_failure()->step : "",
                  rc < 0 ? detail : "");
    if (rc >= 0)
        fth_tls_mbedtls.context_free(context);
    return false;
}
