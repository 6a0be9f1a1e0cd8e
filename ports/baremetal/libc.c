/* SPDX-License-Identifier: Apache-2.0 */
/* What newlib asks of a system: output goes to the board's log. */
#include <firth/board.h>
#include <firth/port.h>
#include <sys/stat.h>
#include <sys/time.h>

/* newlib's own names, which no header declares. */
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
