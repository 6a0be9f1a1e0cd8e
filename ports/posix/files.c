/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are read whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <firth/port.h>

typedef struct text {
    unsigned char *bytes;
    size_t size, capacity;
} text;

/* explicit_bzero(3) is not everywhere, and a plain memset of memory that is freed next is optimised away. */
static void wipe(void *bytes, size_t size)
{
    volatile unsigned char *at = bytes;

    while (size-- > 0)
        *at++ = 0;
}

static void drop(text *all)
{
    if (all->bytes != NULL)
        wipe(all->bytes, all->capacity);
    firth_port_release(all->bytes);
    all->bytes = NULL;
}

/* realloc(3) would leave the bytes behind in the memory that it gives back. */
static int grow(text *all, size_t capacity)
{
    unsigned char *larger = firth_port_allocate(capacity);

    if (larger == NULL)
        return FIRTH_ERR_NO_MEMORY;
    if (all->size > 0)
        memcpy(larger, all->bytes, all->size);
    drop(all);
    all->bytes = larger;
    all->capacity = capacity;
    return FIRTH_OK;
}

static const char *words(int os_code)
{
    switch (os_code) {
    case ENOENT:
    case ENOTDIR:
        return "no such file";
    case EACCES:
    case EPERM:
        return "the system does not permit to read it";
    case EISDIR:
        return "a folder, not a file";
    case EMFILE:
    case ENFILE:
        return "no descriptor is left to read it with";
    case ELOOP:
        return "too many symbolic links";
    case EFBIG:
        return "too long";
    default:
        return "cannot be read";
    }
}

/* 0, or -1 with errno; the end of the file is 0 with *is_end. */
static int read_some(int descriptor, text *all, bool *is_end)
{
    ssize_t n = read(descriptor, all->bytes + all->size, all->capacity - all->size);

    if (n < 0)
        return errno == EINTR ? 0 : -1;
    *is_end = n == 0;
    all->size += (size_t)n;
    return 0;
}

/* What is not a plain file (a pipe of the shell's, <(…)) says nothing of its size, so the end decides. */
static int read_all(int descriptor, size_t most_bytes, text *all)
{
    struct stat status;
    bool is_end = false;

    if (fstat(descriptor, &status) != 0)
        return -1;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    while (!is_end) {
        /* One byte more than there are shows the end without another buffer, and one is the NUL's. */
        size_t capacity = all->capacity == 0 && status.st_size > 0 && (size_t)status.st_size <= most_bytes
                              ? (size_t)status.st_size + 2
                              : all->capacity * 2 + 4096;

        if (all->size > most_bytes) {
            errno = EFBIG;
            return -1;
        }
        if (all->capacity - all->size < 2 && grow(all, capacity) < 0) {
            errno = ENOMEM;
            return -1;
        }
        if (read_some(descriptor, all, &is_end) != 0)
            return -1;
    }
    all->bytes[all->size] = '\0';
    return 0;
}

int firth_port_read_file(const char *path, size_t most_bytes, void **bytes, size_t *size, int *os_code,
                         const char **why)
{
    text all = {NULL, 0, 0};
    int descriptor, result;

    do
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (descriptor < 0 && errno == EINTR);
    result = descriptor < 0 ? -1 : read_all(descriptor, most_bytes, &all);
    *os_code = result < 0 ? errno : 0;
    *why = result < 0 ? words(*os_code) : "";
    if (descriptor >= 0)
        (void)close(descriptor);
    if (result < 0) {
        drop(&all);
        return *os_code == ENOMEM ? FIRTH_ERR_NO_MEMORY : FIRTH_ERR_SYSTEM;
    }
    *bytes = all.bytes;
    *size = all.size;
    return FIRTH_OK;
}
