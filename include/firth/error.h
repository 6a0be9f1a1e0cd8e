/* SPDX-License-Identifier: Apache-2.0 */
/* Results. Every call returns >= 0 for success (a count where it counts) or one of these codes, all < 0.
 * The codes are the same on every platform and never change their number. What the operating system said is kept
 * beside them: firth_last_failure(). */
#ifndef FIRTH_ERROR_H
#define FIRTH_ERROR_H

#include <firth/export.h>

/* X(name, number, text) */
#define FIRTH_CODES(X)                                                                                                 \
    X(OK, 0, "success")                                                                                                \
    X(EOF, -1, "the stream ended cleanly")                                                                             \
    X(ERR_CANCELED, -2, "a scope around this call was cancelled")                                                      \
    X(ERR_TIMED_OUT, -3, "the deadline passed")                                                                        \
    X(ERR_CLOSED, -4, "closed on this side")                                                                           \
    X(ERR_BUSY, -5, "another task is in the same operation")                                                           \
    X(ERR_ARGUMENT, -6, "an argument is out of range")                                                                 \
    X(ERR_NO_MEMORY, -7, "out of memory")                                                                              \
    X(ERR_NOT_SUPPORTED, -8, "this platform or backend does not have it")                                              \
    X(ERR_MISUSE, -9, "a call that breaks a rule of the interface")                                                    \
    X(ERR_TOO_MANY_OPEN, -10, "no descriptor is left")                                                                 \
    X(ERR_PERMISSION, -11, "the system does not permit it")                                                            \
    X(ERR_REFUSED, -12, "nobody listens at that address")                                                              \
    X(ERR_RESET, -13, "the peer reset the connection")                                                                 \
    X(ERR_ABORTED, -14, "the connection was aborted")                                                                  \
    X(ERR_HOST_UNREACHABLE, -15, "no route to that host")                                                              \
    X(ERR_NETWORK_UNREACHABLE, -16, "no route to that network")                                                        \
    X(ERR_ADDRESS_IN_USE, -17, "the address is in use")                                                                \
    X(ERR_ADDRESS_NOT_AVAILABLE, -18, "the address is not one of this machine")                                        \
    X(ERR_ADDRESS_INVALID, -19, "not an address")                                                                      \
    X(ERR_NAME_NOT_FOUND, -20, "no such host")                                                                         \
    X(ERR_NAME_TRY_AGAIN, -21, "the name server did not answer")                                                       \
    X(ERR_NAME_FAILED, -22, "the name could not be resolved")                                                          \
    X(ERR_TOO_LONG, -23, "longer than the limit")                                                                      \
    X(ERR_INCOMPLETE, -24, "the stream ended inside an item")                                                          \
    X(ERR_NOT_CONNECTED, -25, "not connected")                                                                         \
    X(ERR_NO_BUFFERS, -26, "the system has no buffer space")                                                           \
    X(ERR_WOULD_BLOCK, -27, "it would have to wait")                                                                   \
    X(ERR_STACK_TOO_SMALL, -28, "the stack is smaller than the least a task needs")                                    \
    X(ERR_STILL_OPEN, -29, "something is still open")                                                                  \
    X(ERR_PORT_RANGE, -30, "a port is a number from 1 to 65535, or 0 where any will do")                               \
    X(ERR_SYSTEM, -31, "the system failed in a way that has no portable code")                                         \
    X(ERR_DEADLOCK, -32, "every task waits for what cannot come")                                                      \
    X(ERR_TLS_CONFIG, -33, "a certificate, key or list for TLS cannot be used")                                        \
    X(ERR_TLS_NO_NAME, -34, "a TLS client must know the name of its server")                                           \
    X(ERR_TLS_PLAINTEXT, -35, "bytes of the peer's came before TLS was started")                                       \
    X(ERR_TLS_CERTIFICATE, -36, "the peer's certificate is not accepted")                                              \
    X(ERR_TLS_HANDSHAKE, -37, "no TLS session could be agreed on with the peer")                                       \
    X(ERR_TLS_ALERT, -38, "the peer ended the TLS session with a fatal alert")                                         \
    X(ERR_TLS_PROTOCOL, -39, "the peer broke the rules of TLS, or bytes were changed on the way")                      \
    X(ERR_TLS_TRUNCATED, -40, "the connection ended without the peer's close_notify: bytes may be missing")

typedef enum firth_code {
#define FIRTH_CODE_(name, number, text) FIRTH_##name = number,
    FIRTH_CODES(FIRTH_CODE_)
#undef FIRTH_CODE_
    /* Codes at or below this are the application's own: tasks may return them, Firth never does. */
    FIRTH_ERR_USER = -1000
} firth_code;

/* What the last call that failed in this task (outside a task: on this thread) knows about its failure. */
typedef struct firth_failure {
    int code;         /* the firth_code that the call returned */
    int os_code;      /* errno, WSAGetLastError(), EAI_…; 0 when the system was not asked */
    const char *step; /* what was being done, as the manuals call it: "connect", "setsockopt(TCP_KEEPIDLE)",
                         "option reuse_port"; static storage, never NULL */
    const char
        *detail; /* more about it in words, where there is more: "/etc/x.pem: no certificate in it"; else "". Kept
                           for the latest failure of a thread that has any: copy it before the task suspends */
} firth_failure;

FIRTH_BEGIN_DECLS

/* The code's name as written in C, "FIRTH_ERR_REFUSED"; "FIRTH_ERR_?" for a number that is none, "FIRTH_ERR_USER" for
 * the application's own, "FIRTH_OK" for a count; without "FIRTH_" in a build without words (FIRTH_WORDS). Static storage.
 * Any thread; never suspends. */
FIRTH_API const char *firth_error_name(int64_t code);

/* One sentence in English without a full stop, for a log; the name, in a build without words. Static storage. Any
 * thread; never suspends. */
FIRTH_API const char *firth_error_text(int64_t code);

/* The last failure in this task. Valid until the task's next call that fails; never NULL. A success leaves it as it is,
 * so look only after a failure. Any thread; never suspends. */
FIRTH_API const firth_failure *firth_last_failure(void);

FIRTH_END_DECLS

#endif
