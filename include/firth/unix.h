/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets, unix(7): between programs of one machine, by paths. A builder is a plain value, as in tcp.h.
 *
 *     firth_unix_builder builder = firth_unix(selector);
 *     builder.replace_stale = builder.unlink_on_close = true;
 *     rc = firth_unix_bind(&builder, "/run/greeter.sock", &server);
 *
 * What bind and connect give are servers and sockets as in socket.h, with channels, and firth_tls_start takes them. Their
 * addresses are paths, which firth_address cannot hold: firth_socket_local_address and firth_socket_peer_address are
 * FIRTH_ERR_NOT_SUPPORTED, firth_server_address has no family; the calls here tell. A reset is not always one:
 * firth_socket_abort ends the stream, and the peer hears FIRTH_ERR_RESET only if bytes it had sent were unread.
 *
 * Every option is applied, to accepted sockets too, or the call fails with FIRTH_ERR_NOT_SUPPORTED and
 * firth_last_failure()->step names the option. */
#ifndef FIRTH_UNIX_H
#define FIRTH_UNIX_H

#include <firth/selector.h>
#include <firth/socket.h>

/* Room for the longest path with its NUL: a path has at most 107 bytes (sockaddr_un), on some systems fewer. */
enum { FIRTH_UNIX_PATH_BYTES = 108, FIRTH_UNIX_DESCRIPTORS_MAX = 253 };

/* The address of an end, a value. size 0: it has none, as most clients, or one that has no room here: 108 bytes without a
 * NUL, which other programs can bind to on Linux. */
typedef struct firth_unix_address {
    uint8_t size;                     /* bytes of path, without its NUL */
    bool abstract;                    /* a name outside the file system (Linux), which may have any bytes in it */
    char path[FIRTH_UNIX_PATH_BYTES]; /* with a NUL behind it */
} firth_unix_address;

/* Who is at the other end, as the system knew it when the connection was made. */
typedef struct firth_unix_credentials {
    int64_t process_id; /* -1: not told */
    uint32_t user_id;
    uint32_t group_id;
} firth_unix_credentials;

typedef struct firth_unix_builder {
    size_t struct_bytes; /* set by firth_unix */
    firth_selector *selector;

    /* for all, datagrams too (unix_datagram.h) */
    bool abstract;            /* paths are names outside the file system (Linux); off */
    int send_buffer_bytes;    /* as in tcp.h; 0 */
    int receive_buffer_bytes; /* as in tcp.h; 0 */

    /* for streams */
    bool auto_flush;       /* as in tcp.h; off */
    int64_t linger_ms;     /* as in tcp.h; 5000 */
    int64_t read_idle_ms;  /* as in tcp.h; 0 */
    int64_t write_idle_ms; /* as in tcp.h; 0 */
    int descriptors_max;   /* descriptors from the peer that may wait for firth_unix_take_descriptors, up to
                                 FIRTH_UNIX_DESCRIPTORS_MAX; 0: none are taken, and the system closes those it sends. 0 */

    /* for connect */
    int64_t connect_timeout_ms; /* a listener whose backlog is full is asked again and again; 0: for ever. 30 000 */

    /* for bind, of datagrams too */
    bool replace_stale;   /* a socket file at which nobody listens any more is removed first; off. Two programs that do
                             so at one moment may both get the path: only the last one has it */
    bool unlink_on_close; /* the file is removed when its socket is closed, if it is still the socket's, also when the
                             program has another working directory by then - for which a relative path costs a
                             descriptor; off */
    int mode;             /* permission bits of the file, 0 to 0777: to connect takes the right to write. Exactly these
                             once bind has returned; until then, on Linux, at most these, and elsewhere those of the
                             umask, when no server can be connected to yet. Where the umask takes bits of them, Linux
                             needs /proc and, for a moment, a descriptor. -1: by the process's umask. -1 */
    int backlog;          /* for servers: as in tcp.h; 0 */
} firth_unix_builder;

FIRTH_BEGIN_DECLS

/* The documented defaults; struct_bytes is sizeof the struct the caller was compiled with. Never suspends. */
FIRTH_API void firth_unix_init(firth_unix_builder *builder, firth_selector *selector, size_t struct_bytes);

/* A builder with the defaults for that selector. Never suspends. */
static inline firth_unix_builder firth_unix(firth_selector *selector)
{
    firth_unix_builder builder;

    firth_unix_init(&builder, selector, sizeof builder);
    return builder;
}

/* Connects to whoever listens at a path.
 * Returns FIRTH_OK with *socket the caller's to close; FIRTH_ERR_REFUSED when nobody listens there, or there is nothing;
 * FIRTH_ERR_PERMISSION; FIRTH_ERR_TOO_LONG for a path longer than the system takes; FIRTH_ERR_TIMED_OUT after
 * connect_timeout_ms of a full backlog; FIRTH_ERR_TOO_MANY_OPEN, _NO_MEMORY, _NOT_SUPPORTED, _ARGUMENT. On failure
 * *socket is NULL. May suspend. */
#define firth_unix_connect(builder, path, socket) firth_unix_connect_at(builder, path, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_connect_at(const firth_unix_builder *builder, const char *path,
                                                    firth_socket **socket, const char *place);

/* The same to an address: a path, or a name outside the file system, whatever the builder's abstract says.
 * FIRTH_ERR_ARGUMENT for one without a size, or for a path with a NUL in it or none behind it. */
#define firth_unix_connect_to(builder, address, socket) firth_unix_connect_to_at(builder, address, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_connect_to_at(const firth_unix_builder *builder,
                                                       const firth_unix_address *address, firth_socket **socket,
                                                       const char *place);

/* Listens at a path, where a socket file is made.
 * Returns FIRTH_OK with *server the caller's to close; FIRTH_ERR_ADDRESS_IN_USE when there is something already, with a
 * firth_failure.detail that says what replace_stale found, or that something else took the new file's place at once, and
 * stays; FIRTH_ERR_ADDRESS_NOT_AVAILABLE when the folder is not there; FIRTH_ERR_TOO_LONG for a path longer than the
 * system takes; FIRTH_ERR_PERMISSION; FIRTH_ERR_TOO_MANY_OPEN, _NO_MEMORY, _NOT_SUPPORTED, _ARGUMENT. On failure *server
 * is NULL and no file is left behind. Never suspends; looks at the file system. */
#define firth_unix_bind(builder, path, server) firth_unix_bind_at(builder, path, server, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_bind_at(const firth_unix_builder *builder, const char *path,
                                                 firth_server **server, const char *place);

/* The same at an address, as firth_unix_connect_to has it. */
#define firth_unix_bind_to(builder, address, server) firth_unix_bind_to_at(builder, address, server, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_bind_to_at(const firth_unix_builder *builder,
                                                    const firth_unix_address *address, firth_server **server,
                                                    const char *place);

/* Takes over a connected native Unix stream socket, one of socketpair(2) for example, with the builder's options applied
 * to it. On success the descriptor is the socket's; on failure it is still the caller's, open, but maybe non-blocking and
 * with some of the options set. Returns FIRTH_OK; FIRTH_ERR_NOT_CONNECTED; FIRTH_ERR_ARGUMENT for something else than a
 * Unix stream socket; as firth_unix_bind otherwise. Never suspends. */
#define firth_unix_adopt(builder, descriptor, socket) firth_unix_adopt_at(builder, descriptor, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_adopt_at(const firth_unix_builder *builder, intptr_t descriptor,
                                                  firth_socket **socket, const char *place);

/* Fills *address with a path, or with a name outside the file system. Returns FIRTH_OK; FIRTH_ERR_ARGUMENT for none;
 * FIRTH_ERR_TOO_LONG. Any thread; never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_unix_address_make(firth_unix_address *address, const char *path, bool abstract);

/* Fills *address with a name outside the file system (Linux), of any size bytes: NUL is one like any other.
 * Returns as firth_unix_address_make. Any thread; never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_unix_address_make_abstract(firth_unix_address *address, const void *name,
                                                               size_t size);

/* ---- who and where ------------------------------------------------------------------------------------------------- */

/* The address of this end, or of the peer. Returns FIRTH_OK; FIRTH_ERR_NOT_CONNECTED; FIRTH_ERR_NOT_SUPPORTED for a socket
 * that is no Unix socket and stands on none. Never suspend. */
FIRTH_API FIRTH_NODISCARD int firth_unix_local_address(const firth_socket *socket, firth_unix_address *address);
FIRTH_API FIRTH_NODISCARD int firth_unix_peer_address(const firth_socket *socket, firth_unix_address *address);

/* The address the server is bound to, or NULL for one that is none of firth_unix_bind. Lives as long as the server. Never
 * suspends. */
FIRTH_API const firth_unix_address *firth_unix_server_address(const firth_server *server);

/* Who connected, or whom this end is connected to: the system vouches for it. Returns as firth_unix_local_address. Never
 * suspends. */
FIRTH_API FIRTH_NODISCARD int firth_unix_peer_credentials(const firth_socket *socket,
                                                          firth_unix_credentials *credentials);

/* ---- descriptors --------------------------------------------------------------------------------------------------- */

/* Writes size > 0 bytes, which go at once, after what was written before, and descriptors with them: the peer gets
 * descriptors of its own to the same files no later than the first of these bytes. count from 1 to
 * FIRTH_UNIX_DESCRIPTORS_MAX; they stay the caller's, to close or to keep.
 * Returns FIRTH_OK; FIRTH_ERR_ARGUMENT; FIRTH_ERR_NOT_SUPPORTED for a socket that is no Unix socket; as firth_write. May
 * suspend. */
FIRTH_API FIRTH_NODISCARD int firth_unix_send_descriptors(firth_socket *socket, const void *bytes, size_t size,
                                                          const intptr_t *descriptors, size_t count);

/* Takes descriptors that came with the bytes read so far, or with the next ones, in the order they were sent, at most
 * capacity of them: the caller's to close, closed on exec. Those never taken are closed with the socket. Needs option
 * descriptors_max.
 * Returns how many, 0 if there are none; FIRTH_ERR_TOO_MANY_OPEN, once, when some had to be closed because there was no
 * room for them among descriptors_max or in the process: after those that came before; FIRTH_ERR_NOT_SUPPORTED without
 * the option. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_unix_take_descriptors(firth_socket *socket, intptr_t *descriptors, size_t capacity);

FIRTH_END_DECLS

#endif
