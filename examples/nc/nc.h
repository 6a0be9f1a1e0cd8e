/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of firth-nc share. main.c has the command line and says what the program does. */
#ifndef FIRTH_EXAMPLES_NC_H
#define FIRTH_EXAMPLES_NC_H

#include <firth/firth.h>

enum { NC_CHUNK_BYTES = 65536, NC_ADDRESSES_MAX = 32 };

typedef struct nc {
    /* the command line */
    const char *host;    /* or path; NULL: every address of this machine */
    const char *service; /* a port's number or name */
    firth_family family; /* NONE: both */
    bool is_unix;
    bool is_datagram;
    bool is_server;
    bool keeps_serving;
    bool is_verbose;
    int64_t idle_ms; /* 0: for ever */
    bool has_tls;
    bool takes_any_certificate;
    const char *authorities_file;
    const char *server_name;
    const char *certificate_file;
    const char *key_file;

    /* while it runs */
    firth_scope *scope;    /* the program's outermost */
    firth_pipe *pipe;      /* what standard input has said and nobody has sent yet */
    bool is_reading;       /* a thread waits for standard input; it cannot be stopped */
    bool is_over;          /* nobody wants standard input any more */
    int64_t moved_ns;      /* when something last came or went */
    firth_tls_config *tls; /* NULL: plain */
} nc;

/* ---- console.c: standard input, output and error ------------------------------------------------------------------- */

/* Once, before the others: bytes are to come and go as they are. */
void nc_console_open(void);

/* Starts to read standard input into the pipe, if that has not begun yet. */
int nc_start_input(nc *self);

/* Writes to standard output, on a thread that may wait for whoever reads it. FIRTH_OK or FIRTH_ERR_SYSTEM. */
int nc_print(nc *self, const void *bytes, size_t size);

/* Tells on standard error what could not be done and why; not if it was merely cancelled. Returns rc. */
int nc_fail(const char *what, int64_t rc);

/* The same of what the system said of standard input or output. Returns FIRTH_ERR_SYSTEM. */
int nc_fail_of_system(const char *what, int os_code);

/* Tells on standard error what goes on. */
void nc_tell(const char *what, const char *where);

/* ---- place.c ------------------------------------------------------------------------------------------------------- */

/* Looks host and service up. Returns how many addresses there are, at least 1, or as firth_resolve. */
int nc_resolve(const nc *self, firth_address addresses[NC_ADDRESSES_MAX]);

/* The path, or the name outside the file system behind "@". Returns as firth_unix_address_make. */
int nc_unix_address(const nc *self, firth_unix_address *address);

/* Runs talk(scope, argument) until it ends, or nothing has moved for idle_ms: FIRTH_ERR_TIMED_OUT. */
int nc_while_it_moves(nc *self, firth_scope *scope, firth_task_fn *talk, void *argument);

/* Returns what open(scope, argument) returns, or FIRTH_ERR_TIMED_OUT after idle_ms. What it calls tells no failure: of
 * that of the time it knows nothing. */
int nc_in_time(const nc *self, firth_scope *scope, firth_task_fn *open, void *argument);

/* ---- the rest: each does all that is asked for, and tells what fails ----------------------------------------------- */

/* stream.c: TCP, Unix sockets, TLS on either. */
int nc_streams(firth_scope *scope, nc *self);

/* datagram.c: UDP; unix_datagram.c: the same at paths. */
int nc_datagrams(firth_scope *scope, nc *self);
int nc_unix_datagrams(firth_scope *scope, nc *self);

/* tls.c, or no_tls.c where the library has none: sets self->tls. */
int nc_tls_build(nc *self);
/* Tells no failure. */
int nc_tls_start(const nc *self, firth_socket *plain, firth_socket **secure);
void nc_tls_release(nc *self);

#endif
