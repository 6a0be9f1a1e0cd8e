/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unix/places.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char places_folder[64];

int places_open(void **state)
{
    (void)state;
    snprintf(places_folder, sizeof places_folder, "/tmp/firth-unix-XXXXXX");
    return mkdtemp(places_folder) == NULL;
}

int places_close(void **state)
{
    DIR *folder = opendir(places_folder);

    (void)state;
    if (folder == NULL)
        return 1;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.' && unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
    closedir(folder);
    return rmdir(places_folder);
}

const char *places_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", places_folder, name);
    return path;
}

bool places_has(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}

int places_serve(firth_scope *scope, const char *path, firth_server **server)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    int rc = firth_unix_bind(&builder, path, server);

    if (rc >= 0)
        firth_scope_own_server(scope, *server);
    return rc;
}

int places_pair(firth_scope *scope, const firth_unix_builder *builder, firth_socket **a, firth_socket **b)
{
    firth_unix_builder with = firth_unix(firth_scope_selector(scope));
    firth_server *server;
    int rc;

    if (builder != NULL)
        with = *builder;
    with.unlink_on_close = true;
    rc = firth_unix_bind(&with, places_path("pair"), &server);
    if (rc < 0)
        return rc;
    rc = firth_unix_connect(&with, places_path("pair"), a);
    if (rc >= 0) {
        rc = firth_accept(server, b);
        if (rc < 0)
            firth_socket_abort(*a);
    }
    firth_server_close(server);
    return rc;
}

int places_connect_code(firth_scope *scope, const char *path)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *socket;
    int rc = firth_unix_connect(&builder, path, &socket);

    firth_socket_abort(socket);
    return rc;
}

int places_bind_code(firth_scope *scope, const char *path, bool replace)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_server *server;
    int rc;

    builder.replace_stale = replace;
    rc = firth_unix_bind(&builder, path, &server);
    firth_server_close(server);
    return rc;
}

int places_raw(int type, const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (descriptor < 0 || bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0 ||
        (backlog >= 0 && listen(descriptor, backlog) != 0))
        return -1;
    return descriptor;
}

const char *places_long_path(size_t bytes)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/", places_folder);
    memset(path + strlen(path), 'a', sizeof path - strlen(path));
    path[bytes] = '\0';
    return path;
}

size_t places_longest(firth_scope *scope)
{
    static const size_t known[] = {107, 103};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *path = places_long_path(known[i]);

        if (places_bind_code(scope, path, false) == FIRTH_OK)
            return unlink(path) == 0 ? known[i] : 0;
    }
    return 0;
}

/* ---- datagrams ----------------------------------------------------------------------------------------------------- */

int places_open_datagrams(firth_scope *scope, const char *path, firth_unix_datagram_socket **socket)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    int rc = firth_unix_datagram_bind(&builder, path, socket);

    if (rc >= 0)
        firth_scope_own_unix_datagram(scope, *socket);
    return rc;
}

firth_unix_address places_address(const char *path)
{
    firth_unix_address address;

    (void)!firth_unix_address_make(&address, path, false);
    return address;
}

int places_send(firth_unix_datagram_socket *socket, const char *text, const firth_unix_address *to)
{
    firth_unix_address address;
    const firth_unix_message message = {.bytes = (void *)(uintptr_t)text, .size = strlen(text), .address = &address};
    firth_unix_message to_peer = message;

    to_peer.address = NULL;
    if (to == NULL)
        return firth_unix_send(socket, &to_peer);
    address = *to;
    return firth_unix_send(socket, &message);
}

int places_receive(firth_scope *scope, firth_unix_datagram_socket *socket, const char *text, firth_unix_address *from)
{
    const firth_scope_options limit = {.timeout_ms = 10000};
    char bytes[64] = {0};
    firth_unix_message message = {.bytes = bytes, .capacity = sizeof bytes, .address = from};
    firth_scope within;
    int64_t n;

    firth_scope_open(&within, scope, &limit);
    n = firth_unix_receive(socket, &message);
    EXPECT_EQUAL(firth_scope_close(&within, n < 0 ? (int)n : FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(n, (int64_t)strlen(text));
    EXPECT_EQUAL(message.size, strlen(text));
    EXPECT_EQUAL(message.whole_size, strlen(text));
    EXPECT(!message.truncated && message.descriptor_count == 0 && !message.descriptors_lost);
    EXPECT_BYTES(bytes, text, message.size);
    return FIRTH_OK;
}
