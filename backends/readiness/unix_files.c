/* SPDX-License-Identifier: Apache-2.0 */
/* The files of Unix sockets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/readiness/descriptors.h"
#include "backends/readiness/unix.h"

static int in_use(const char *path, const char *why)
{
    return firth_fail_in_words(FIRTH_ERR_ADDRESS_IN_USE, EADDRINUSE, "bind", "%s: %s", path, why);
}

/* Asked by a datagram socket, which a living stream socket refuses as one of the wrong type: so no listener gets a client
 * that is none, and one that is bound and does not listen yet counts as alive. */
static int ask_whether_alive(const struct sockaddr_un *native, socklen_t size)
{
    int probe = fth_socket(AF_UNIX, SOCK_DGRAM, 0), os_code;

    if (probe < 0)
        return errno;
    os_code = connect(probe, (const struct sockaddr *)native, size) == 0 ? 0 : errno;
    (void)close(probe);
    return os_code;
}

static int remove_stale(const struct sockaddr_un *native, socklen_t size)
{
    struct stat found;
    int os_code;

    if (lstat(native->sun_path, &found) != 0)
        return errno == ENOENT ? FIRTH_OK : fth_fail_errno("lstat");
    if (!S_ISSOCK(found.st_mode))
        return in_use(native->sun_path, "no socket, so it is not replaced");
    os_code = ask_whether_alive(native, size);
    if (os_code == 0 || os_code == EPROTOTYPE)
        return in_use(native->sun_path, "somebody listens there");
    if (os_code != ECONNREFUSED && os_code != ENOENT)
        return firth_fail_in_words(fth_errno_code(os_code), os_code, "connect",
                                   "%s: whether somebody listens there cannot be found out", native->sun_path);
    return unlink(native->sun_path) == 0 || errno == ENOENT ? FIRTH_OK : fth_fail_errno("unlink");
}

static int bind_once(const firth_io *io, const struct sockaddr_un *native, socklen_t size)
{
    return bind((int)io->native, (const struct sockaddr *)native, size) == 0 ? 0 : errno;
}

/* ---- folders ------------------------------------------------------------------------------------------------------- */

/* A folder need not be readable to have a file removed from it. */
#if defined(O_PATH)
#define AS_PLACE O_PATH
#elif defined(O_SEARCH)
#define AS_PLACE O_SEARCH
#else
#define AS_PLACE O_RDONLY
#endif

/* A relative path means another file once the program changes its working directory. */
static int keep_folder(const firth_unix_address *address, firth_unix_file *file)
{
    if (address->abstract || address->path[0] == '/')
        return FIRTH_OK;
    file->folder = open(".", AS_PLACE | O_DIRECTORY | O_CLOEXEC);
    return file->folder >= 0 ? FIRTH_OK : fth_fail_errno("open");
}

static void drop_folder(const firth_unix_file *file)
{
    if (file->folder >= 0)
        (void)close((int)file->folder);
}

/* ---- binding ------------------------------------------------------------------------------------------------------- */

/* Never through a symbolic link: whoever may rename in the folder can have put one there since bind(2), and the file it
 * leads to may be anybody's. Test: a_link_that_takes_the_file_s_place_is_not_followed. */
#ifdef __linux__
/* As glibc has fchmodat's AT_SYMLINK_NOFOLLOW from 2.32 on only. */
static int set_mode(const char *path, int mode)
{
    struct stat found;
    char place[32];
    int rc = FIRTH_OK, file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (file < 0)
        return fth_fail_errno("open");
    (void)snprintf(place, sizeof place, "/proc/self/fd/%d", file);
    if (fstat(file, &found) != 0)
        rc = fth_fail_errno("fstat");
    else if (!S_ISSOCK(found.st_mode))
        rc = in_use(path, "it took the socket's place at once");
    else if (chmod(place, (mode_t)mode) != 0)
        rc = errno == ENOENT ? firth_fail(FIRTH_ERR_NOT_SUPPORTED, ENOENT, "option mode") : fth_fail_errno("chmod");
    (void)close(file);
    return rc;
}
#else
static int set_mode(const char *path, int mode)
{
    return fchmodat(AT_FDCWD, path, (mode_t)mode, AT_SYMLINK_NOFOLLOW) == 0 ? FIRTH_OK : fth_fail_errno("fchmodat");
}
#endif

/* The file is known, and has its mode. */
static int finish(const char *path, int mode, firth_unix_file *file)
{
    struct stat made;
    int rc;

    if (lstat(path, &made) != 0)
        return fth_fail_errno("lstat");
    if (!S_ISSOCK(made.st_mode))
        return in_use(path, "it took the socket's place at once");
    /* The umask, which took bits away from what the socket was given, is the whole process's and stays alone. */
    if (mode >= 0 && (made.st_mode & 07777) != (mode_t)mode && (rc = set_mode(path, mode)) < 0)
        return rc;
    file->device = (uint64_t)made.st_dev;
    file->number = (uint64_t)made.st_ino;
    return FIRTH_OK;
}

static int bind_there(firth_io *io, const firth_unix_address *address, int mode, bool replace_stale,
                      firth_unix_file *file)
{
    struct sockaddr_un native;
    socklen_t size = 0;
    int os_code, rc = fth_unix_to_native(&native, &size, address);

    if (rc < 0)
        return rc;
    /* Linux makes the file with the mode of the socket; elsewhere this fails, and nobody can connect before listen. */
    if (mode >= 0)
        (void)fchmod((int)io->native, (mode_t)mode);
    os_code = bind_once(io, &native, size);
    if (os_code == EADDRINUSE && replace_stale) {
        rc = remove_stale(&native, size);
        if (rc < 0)
            return rc;
        os_code = bind_once(io, &native, size);
    }
    if (os_code != 0)
        return firth_fail(fth_errno_code(os_code), os_code, "bind");
    if (address->abstract)
        return FIRTH_OK;
    rc = finish(native.sun_path, mode, file);
    if (rc < 0 && rc != FIRTH_ERR_ADDRESS_IN_USE) /* which is another's file by now */
        (void)unlink(native.sun_path);
    return rc;
}

int fth_unix_native_bind(firth_io *io, const firth_unix_address *address, int mode, bool replace_stale,
                         bool unlink_later, firth_unix_file *file)
{
    int rc = FIRTH_OK;

    *file = (firth_unix_file){.folder = -1};
    if (unlink_later)
        rc = keep_folder(address, file);
    if (rc >= 0 && (rc = bind_there(io, address, mode, replace_stale, file)) < 0)
        drop_folder(file);
    return rc;
}

void fth_unix_native_unlink(const firth_unix_address *address, const firth_unix_file *file)
{
    int from = file->folder >= 0 ? (int)file->folder : AT_FDCWD;
    struct stat found;

    if (fstatat(from, address->path, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(found.st_mode) &&
        (uint64_t)found.st_dev == file->device && (uint64_t)found.st_ino == file->number)
        (void)unlinkat(from, address->path, 0);
    drop_folder(file);
}
