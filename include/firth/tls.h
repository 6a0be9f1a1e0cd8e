/* SPDX-License-Identifier: Apache-2.0 */
/* Secure sockets: TLS 1.2 (RFC 5246) and TLS 1.3 (RFC 8446) above any connected socket.
 *
 *     firth_tls_builder tls = firth_tls_client();
 *     rc = firth_tls_build(&tls, &config);                          once for the program
 *     rc = firth_tcp_connect(&tcp, "example.org", 443, &socket);
 *     rc = firth_tls_start(socket, config, &socket);                each connection
 *
 * or, in one call, tcp.tls = config before firth_tcp_connect; and on a server tcp.tls = config before firth_tcp_bind
 * makes firth_accept hand out secure sockets. A secure socket is a firth_socket like any other.
 *
 * Safe unless a field with "insecure" in its name says otherwise: the peer's certificate is verified up to a trusted
 * authority, with its dates and with the name of the host; TLS 1.2 is the oldest version; only suites with forward
 * secrecy and authenticated encryption are offered; nothing is renegotiated; no early data; a stream that ends without
 * the peer's close_notify is FIRTH_ERR_TLS_TRUNCATED, never FIRTH_EOF.
 *
 * What was wrong with a peer or a file is told in words by firth_last_failure()->detail.
 *
 * Not there, since mbedTLS lacks it: key updates of TLS 1.3 (a peer's ends the connection with an error),
 * post-handshake authentication, OCSP stapling, name constraints (a certificate with a critical one is refused).
 * Only in a library built with FIRTH_TLS. */
#ifndef FIRTH_TLS_H
#define FIRTH_TLS_H

#include <firth/socket.h>

/* The side a configuration is for. */
typedef enum firth_tls_role {
    FIRTH_TLS_CLIENT = 0,
    FIRTH_TLS_SERVER = 1,
} firth_tls_role;

/* Protocol versions, by the numbers of the wire. */
typedef enum firth_tls_version {
    FIRTH_TLS_1_2 = 0x0303,
    FIRTH_TLS_1_3 = 0x0304,
} firth_tls_version;

/* What a peer's certificate chain must lead to. */
typedef enum firth_tls_trust {
    FIRTH_TLS_TRUST_SYSTEM = 0,      /* the authorities that this system trusts, and those given */
    FIRTH_TLS_TRUST_AUTHORITIES = 1, /* the authorities given, no others */
    FIRTH_TLS_TRUST_PINS = 2,        /* no authority: the pins alone. Name and dates are still checked */
} firth_tls_trust;

/* Whether a server asks its clients for a certificate. */
typedef enum firth_tls_client_authentication {
    FIRTH_TLS_CLIENT_NONE = 0,
    FIRTH_TLS_CLIENT_OPTIONAL =
        1, /* one that is shown must be good; firth_tls_peer_certificate tells if there is one */
    FIRTH_TLS_CLIENT_REQUIRED = 2,
} firth_tls_client_authentication;

/* Certificates, a key, or revocation lists, PEM or DER, found out from the content. Several of them are one behind the
 * other; in DER nothing else is there. */
typedef struct firth_tls_data {
    const char *file; /* path, or NULL: what is in memory */
    const void *bytes;
    size_t size;
} firth_tls_data;

/* A certificate with its private key. */
typedef struct firth_tls_identity {
    firth_tls_data certificate; /* the leaf first, then the intermediates */
    firth_tls_data key;
    const char *password; /* of an encrypted key; NULL: it is not encrypted */
} firth_tls_identity;

/* A peer's leaf certificate is known by its hash, or by that of its public key (SubjectPublicKeyInfo, as in RFC 7469),
 * which outlives a renewal. */
typedef struct firth_tls_pin {
    bool is_public_key;
    unsigned char sha256[32];
} firth_tls_pin;

/* Finds the pre-shared key of a client: stores at most capacity bytes and returns how many, or 0 for an identity that
 * is not known. Runs in the task that handshakes, on any thread that uses the configuration; must not suspend. */
typedef size_t firth_tls_psk_fn(void *argument, const char *identity, unsigned char *key, size_t capacity);

/* Gets a line of the key log ("CLIENT_RANDOM …", draft-ietf-tls-keylogfile) without its newline. Whoever has these lines
 * can read the connection. Runs in the task that handshakes, on any thread that uses the configuration; must not
 * suspend. */
typedef void firth_tls_key_log_fn(void *argument, const char *line);

/* What a configuration is built from. Everything it points to is only read during firth_tls_build, but the callbacks'
 * arguments. */
typedef struct firth_tls_builder {
    size_t struct_bytes; /* set by firth_tls_client and firth_tls_server */
    firth_tls_role role;
    firth_tls_version min_version; /* FIRTH_TLS_1_2 */
    firth_tls_version max_version; /* FIRTH_TLS_1_3 */

    /* IANA numbers of suites of either version, best first; only such as have forward secrecy and authenticated
     * encryption are taken. A version of which none is named is not offered. In TLS 1.3 mbedTLS's servers go by the
     * client's order. 0: all of them that there are */
    const uint16_t *cipher_suites;
    size_t cipher_suite_count;

    /* Protocols for ALPN (RFC 7301), best first. If any are named, a handshake that agrees on none fails, but with a
     * peer that does not know of ALPN: firth_tls_info.alpn is "" then. */
    const char *const *alpn;
    size_t alpn_count;

    /* This end's certificates. A server chooses by the name that the client asks for (SNI, RFC 6066 §3; by subject
     * alternative names, wildcards too, the first is the default), then by the kind of key that the client can verify. A
     * client shows the first when it is asked. */
    const firth_tls_identity *identities;
    size_t identity_count;

    /* The peer's. */
    firth_tls_trust trust;
    const firth_tls_data *authorities; /* bundles of authorities' certificates */
    size_t authority_count;
    const firth_tls_data *revocation_lists; /* CRLs (RFC 5280 §5); an authority without one revokes nothing */
    size_t revocation_list_count;
    const firth_tls_pin *pins; /* if there are any, the peer's leaf must match one of them */
    size_t pin_count;
    bool insecure_any_certificate; /* verify nothing of the peer's certificate, its name included: for tests. With
                                      anything to verify it by (trust, authorities, revocation_lists, pins) it is
                                      FIRTH_ERR_ARGUMENT that names that */
    bool insecure_any_name;        /* do not compare the host name with the certificate */

    const char *server_name; /* client: the host whose name is sent (SNI) and must be in the certificate; NULL: the host
                                that firth_tcp_connect was given. A numeric address is compared, not sent. What is neither a name nor
                                an address is FIRTH_ERR_ARGUMENT */
    firth_tls_client_authentication client_authentication; /* server: FIRTH_TLS_CLIENT_NONE */

    /* Resumption (RFC 5077, RFC 8446 §2.2): a server issues tickets, sealed with keys in memory that change every
     * ticket_lifetime_s; a client keeps the last ticket of each host and port in the configuration, in memory, of at most
     * 64. A server that asks for certificates issues none in TLS 1.3, which would not hold the client's certificate.
     * mbedTLS offers the version of a kept session and no other. So a client that has TLS 1.3 resumes a session of TLS 1.2
     * no longer than ticket_lifetime_s from its full handshake, and not again once the server says that it has TLS 1.3
     * (RFC 8446 §4.1.3) or did not resume it; a server that has given up the session's version refuses one connection. */
    bool session_tickets;  /* on */
    int ticket_lifetime_s; /* 86400; at most 604800 */

    /* Pre-shared keys (RFC 4279, RFC 8446 §2.2), with ephemeral Diffie-Hellman. A client shows psk_identity and proves
     * psk; a server proves the one that psk_find finds. With a key no certificate is needed on either side, and a client takes
     * none in its place unless trust, authorities or pins say whose: what else is to be checked of one is
     * FIRTH_ERR_ARGUMENT without. It keeps no sessions. A key has at most 48 bytes. */
    const char *psk_identity;
    const unsigned char *psk;
    size_t psk_size;
    firth_tls_psk_fn *psk_find;
    void *psk_find_argument;

    firth_tls_key_log_fn *key_log; /* NULL: keys are told to nobody */
    void *key_log_argument;

    int64_t handshake_timeout_ms; /* 10000, and what was written in plain before it has to leave in it; 0: none but the
                                     scope's */

    const struct firth_tls_side *side; /* the library's own, as struct_bytes is; of the role, which stays what it is */
} firth_tls_builder;

/* What was agreed on. The texts live as long as the socket. */
typedef struct firth_tls_info {
    firth_tls_version version;
    uint16_t cipher_suite;         /* its IANA number */
    const char *cipher_suite_name; /* "TLS_AES_128_GCM_SHA256" */
    const char *alpn;              /* "": none */
    const char *server_name;       /* the name a client asked for, or asks for; "": none, or not a host name */
    bool is_resumed;               /* from a ticket: no certificate was sent anew */
    bool has_peer_certificate;
} firth_tls_info;

/* A peer's certificate, read. Lives as long as the socket. */
typedef struct firth_tls_certificate {
    const unsigned char *der; /* as it came */
    size_t der_size;
    const char *subject; /* RFC 4514: "CN=example.org, O=Example" */
    const char *issuer;
    const char *serial;       /* hexadecimal, "01:AB" */
    const char *const *names; /* subject alternative names: "DNS:example.org", "IP:192.0.2.1", "URI:…" */
    size_t name_count;
    int64_t not_before_s; /* seconds since 1970-01-01 00:00 UTC */
    int64_t not_after_s;
    unsigned char sha256[32];            /* of der */
    unsigned char public_key_sha256[32]; /* of its SubjectPublicKeyInfo, for a firth_tls_pin */
} firth_tls_certificate;

FIRTH_BEGIN_DECLS

/* ---- configurations ---------------------------------------------------------------------------------------------- */

/* The documented defaults; struct_bytes is sizeof the struct the caller was compiled with. Any thread; never suspends. */
FIRTH_API void firth_tls_init(firth_tls_builder *tls, firth_tls_role role, size_t struct_bytes);

/* The same for one side: a program that calls only one of the two need not have the other side in its image. Any thread;
 * never suspends. */
FIRTH_API void firth_tls_init_client(firth_tls_builder *tls, size_t struct_bytes);
FIRTH_API void firth_tls_init_server(firth_tls_builder *tls, size_t struct_bytes);

/* A builder with the defaults of a client. Any thread; never suspends. */
static inline firth_tls_builder firth_tls_client(void)
{
    firth_tls_builder tls;

    firth_tls_init_client(&tls, sizeof tls);
    return tls;
}

/* A builder with the defaults of a server. Any thread; never suspends. */
static inline firth_tls_builder firth_tls_server(void)
{
    firth_tls_builder tls;

    firth_tls_init_server(&tls, sizeof tls);
    return tls;
}

/* What is in a file, PEM or DER. The path is the caller's, as all that a builder points to. Never suspends. */
static inline firth_tls_data firth_tls_file(const char *path)
{
    firth_tls_data data = {path, NULL, 0};

    return data;
}

/* What is in memory, PEM or DER. Never suspends. */
static inline firth_tls_data firth_tls_memory(const void *bytes, size_t size)
{
    firth_tls_data data = {NULL, bytes, size};

    return data;
}

/* Builds a configuration: reads the files, parses the certificates, checks that keys and certificates belong together.
 * It is shared by any number of connections, servers and threads, and counts them: the caller gives its own part up with
 * firth_tls_config_release when nothing new is to be started with it.
 * Returns FIRTH_OK; FIRTH_ERR_TLS_CONFIG with the file and the reason in firth_last_failure()->detail;
 * FIRTH_ERR_ARGUMENT naming the option; FIRTH_ERR_NO_MEMORY. On failure *config is NULL.
 * Any thread, also outside a task; never suspends, but blocks for the files and for the arithmetic. */
FIRTH_API FIRTH_NODISCARD int firth_tls_build(const firth_tls_builder *tls, firth_tls_config **config);

/* Puts what the builder says in the place of what the configuration said, for renewed certificates: connections that
 * exist keep the old, handshakes that begin later have the new, servers keep running. The role stays. Sealed tickets and
 * kept sessions are forgotten. Returns as firth_tls_build; on failure everything stays as it was.
 * Any thread; never suspends, but blocks as firth_tls_build. */
FIRTH_API FIRTH_NODISCARD int firth_tls_reload(firth_tls_config *config, const firth_tls_builder *tls);

/* Adds an owner. Returns config. Any thread; never suspends. */
FIRTH_API firth_tls_config *firth_tls_config_retain(firth_tls_config *config);

/* Gives up a part in it; with the last, connections included, it is freed and its keys are wiped. NULL does nothing.
 * Any thread; never suspends. */
FIRTH_API void firth_tls_config_release(firth_tls_config *config);

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* Makes a connected socket secure: handshakes, as the configuration's role says, and hands out a socket whose channels
 * carry what was decrypted and what will be encrypted. It takes the plain socket over at once and for good: when the
 * call fails, too, that is closed, after the alert that names the cause, if TLS had begun, for which it has what is left of
 * handshake_timeout_ms, and its linger at most; after a deadline or a cancel, after user_canceled and close_notify (RFC 8446
 * §6.1), which a peer gets at once or not at all. Its channels answer FIRTH_ERR_CLOSED from then on, its idle and linger
 * times and the scope that owns it are the secure socket's. secure may be &socket. The idle times count the bytes of
 * records as they come: a peer that sends a record byte by byte keeps a read waiting, which a deadline (firth_with_timeout)
 * bounds.
 * May be called after plain bytes were exchanged (STARTTLS). What is buffered to be written is sent before; bytes of the
 * peer's that are buffered unread fail it with FIRTH_ERR_TLS_PLAINTEXT, since an attacker could have put them there; no TLS
 * has begun then, and the connection is reset without an alert.
 * Returns FIRTH_OK with *secure the caller's to close; FIRTH_ERR_TLS_CERTIFICATE when the peer's certificate is not
 * accepted, with which check failed for which certificate in firth_last_failure()->detail; FIRTH_ERR_TLS_ALERT when the
 * peer refused, with its alert in ->step and its number in ->os_code; FIRTH_ERR_TLS_HANDSHAKE when nothing could be
 * agreed on; FIRTH_ERR_TLS_PROTOCOL; FIRTH_ERR_TLS_NO_NAME for a client without a host name (tls.server_name, or a
 * socket that firth_tcp_connect made); FIRTH_ERR_TIMED_OUT after handshake_timeout_ms; FIRTH_ERR_CANCELED; an error of
 * the plain socket; FIRTH_ERR_ARGUMENT for no configuration, or a name that is none, or is given to a server; FIRTH_ERR_NO_MEMORY.
 * Two leave the plain socket, and *secure, as they were: FIRTH_ERR_BUSY when a task is inside one of its channels, and
 * FIRTH_ERR_MISUSE for a socket that was closed, or outside a task of its selector. After all others *secure is NULL.
 * May suspend. */
#define firth_tls_start(socket, config, secure) firth_tls_start_at(socket, config, NULL, secure, FIRTH_HERE)

/* The same with the name of the host in the place of the one that the configuration or the socket has; NULL: that one. A
 * server looks at no name: one that is given to it is FIRTH_ERR_ARGUMENT, and the socket is closed as after any failure.
 * May suspend. */
#define firth_tls_start_named(socket, config, server_name, secure)                                                     \
    firth_tls_start_at(socket, config, server_name, secure, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_tls_start_at(firth_socket *socket, firth_tls_config *config,
                                                 const char *server_name, firth_socket **secure, const char *place);

/* What was agreed on. Returns FIRTH_OK; FIRTH_ERR_ARGUMENT for a socket that is not secure. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_tls_get_info(const firth_socket *socket, firth_tls_info *info);

/* The certificate the peer showed, read when it is first asked for. Returns FIRTH_OK with *certificate the socket's;
 * FIRTH_ERR_NOT_SUPPORTED when it showed none; FIRTH_ERR_ARGUMENT for a socket that is not secure; FIRTH_ERR_NO_MEMORY.
 * Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_tls_peer_certificate(firth_socket *socket,
                                                         const firth_tls_certificate **certificate);

/* The name of the engine and its version, "mbedTLS 3.6.7". Static storage. Any thread; never suspends. */
FIRTH_API const char *firth_tls_engine_name(void);

FIRTH_END_DECLS

#endif
