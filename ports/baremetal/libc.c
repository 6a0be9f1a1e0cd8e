/* SPDX-License-Identifier: Apache-2.0 */
/* What newlib asks of a system: output goes to the board's log. Its heap is for standard output alone, before main. */
#include "ports/baremetal/libc.h"

#include <errno.h>
#include <firth/board.h>
#include <firth/port.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { HEAP_BYTES = 1024 };

static union {
    int64_t alignment;
    char bytes[HEAP_BYTES];
} heap;
static int heap_used;
static bool is_sealed;

void fth_libc_seal(void)
{
    is_sealed = true;
}

/* newlib's own names, which no header declares. */
void *_sbrk(int increment);
int _write(int file, const char *text, int size);
int _read(int file, char *bytes, int size);
int _close(int file);
int _fstat(int file, struct stat *status);
int _isatty(int file);
int _lseek(int file, int offset, int whence);
int _getpid(void);
int _gettimeofday(struct timeval *time, void *zone);
int _kill(int process, int number);
void _exit(int code);

void *_sbrk(int increment)
{
    void *at = heap.bytes + heap_used;

    if (is_sealed)
        firth_port_panic("firth: malloc(3) of the C library in firmware, which has no such heap");
    if (increment > HEAP_BYTES - heap_used) {
        errno = ENOMEM;
        return (void *)-1; /* NOLINT(performance-no-int-to-ptr): that is how it fails */
    }
    heap_used += increment;
    return at;
}

int _write(int file, const char *text, int size)
{
    (void)file;
    firth_board_log(text, (size_t)size);
    return size;
}

int _read(int file, char *bytes, int size)
{
    (void)file;
    (void)bytes;
    (void)size;
    return 0; /* the end */
}

int _close(int file)
{
    (void)file;
    return 0;
}

int _fstat(int file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFCHR;
    return 0;
}

int _isatty(int file)
{
    (void)file;
    return 1;
}

int _lseek(int file, int offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

int _gettimeofday(struct timeval *time, void *zone)
{
    (void)zone;
    *time = (struct timeval){.tv_sec = (time_t)firth_board_time_s()};
    return 0;
}

int _getpid(void)
{
    return 1;
}

int _kill(int process, int number)
{
    (void)process;
    (void)number;
    firth_port_panic("firth: abort(3)");
}

void _exit(int code)
{
    firth_board_exit(code);
}
