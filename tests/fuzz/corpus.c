/* SPDX-License-Identifier: Apache-2.0 */
/* corpus FOLDER PKI: what the fuzz targets begin with, from real handshakes and from the certificates of pki.sh in PKI,
 * in FOLDER/client, FOLDER/server and FOLDER/certificate. */
#include "tests/fuzz/handshake.h"
#include "tests/tls/recut.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

static void write_input(const char *target, const char *name, unsigned kind, const void *bytes, size_t size)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    file = fopen(path, "wb");
    if (file == NULL || fputc((int)kind, file) == EOF || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void make_folder(const char *target)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, target);
    (void)mkdir(path, 0777);
}

/* The stream of a side in records of so many bytes. */
static void write_pieces(const char *target, unsigned kind, const fuzz_stream *stream, size_t piece)
{
    static unsigned char cut[RECUT_GROWTH * FUZZ_STREAM_BYTES];
    recut way = {.piece = piece, .is_1_2 = (kind & FUZZ_TLS_1_3) == 0};
    char name[32];
    size_t taken, size = recut_records(&way, stream->bytes, stream->written, cut, &taken);

    snprintf(name, sizeof name, "pieces-%02x-%zu", kind, piece);
    write_input(target, name, kind, cut, size);
}

/* The whole stream of a side, in pieces, too, and a few edits of it to begin with. */
static void write_handshake(unsigned kind)
{
    static const unsigned char edits[][FUZZ_EDIT_BYTES] = {{0, 5, 0, 1}, {0, 60, 1, 255}, {0, 100, 2, 0}, {1, 0, 3, 7}};
    static fuzz_stream of_client, of_server;
    char name[32];

    fuzz_record(kind, &of_client, &of_server);
    snprintf(name, sizeof name, "raw-%02x", kind);
    write_input("client", name, kind, of_server.bytes, of_server.written);
    write_input("server", name, kind, of_client.bytes, of_client.written);
    for (size_t piece = 1; piece <= 5; piece += 2) {
        write_pieces("client", kind, &of_server, piece);
        write_pieces("server", kind, &of_client, piece);
    }
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        snprintf(name, sizeof name, "edit-%02x-%zu", kind, i);
        write_input("client", name, kind | FUZZ_EDITED, edits[i], FUZZ_EDIT_BYTES);
        write_input("server", name, kind | FUZZ_EDITED, edits[i], FUZZ_EDIT_BYTES);
    }
}

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), size_of_ending = strlen(ending);

    return size > size_of_ending && strcmp(name + size - size_of_ending, ending) == 0;
}

/* In which of the places of tls_certificate_fuzz a file belongs. */
static unsigned use_of(const char *name)
{
    if (strncmp(name, "crl", 3) == 0)
        return 4;
    if (strncmp(name, "ca", 2) == 0 || strncmp(name, "authorities", 11) == 0)
        return 3;
    if (ends_with(name, ".key") || ends_with(name, ".key.der"))
        return 2;
    return strncmp(name, "client", 6) == 0 ? 1 : 0;
}

static void write_certificates(const char *pki)
{
    static unsigned char bytes[16 * 1024];
    DIR *files = opendir(pki);
    char path[1024];

    for (const struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
        size_t size;
        FILE *file;

        if (!ends_with(entry->d_name, ".pem") && !ends_with(entry->d_name, ".key") && !ends_with(entry->d_name, ".der"))
            continue;
        snprintf(path, sizeof path, "%s/%s", pki, entry->d_name);
        if ((file = fopen(path, "rb")) == NULL)
            continue;
        size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        write_input("certificate", entry->d_name, use_of(entry->d_name), bytes, size);
    }
    if (files != NULL)
        closedir(files);
}

int main(int argc, char **argv)
{
    static const unsigned kinds[] = {FUZZ_TLS_1_2, FUZZ_TLS_1_3, FUZZ_TLS_1_2 | FUZZ_RSA | FUZZ_CLIENT_CERTIFICATE,
                                     FUZZ_TLS_1_3 | FUZZ_RSA | FUZZ_CLIENT_CERTIFICATE,
                                     FUZZ_TLS_1_2 | FUZZ_TLS_1_3 | FUZZ_PIECES};

    if (argc != 3)
        return 2;
    folder = argv[1];
    (void)mkdir(folder, 0777);
    make_folder("client");
    make_folder("server");
    make_folder("certificate");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        write_handshake(kinds[i]);
    write_certificates(argv[2]);
    return 0;
}
