/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend's tests stand on: the few functions that core gives a backend, without core, so that the backend is
 * driven op by op against real sockets of the kernel. The backend is named by FIRTH_TEST_BACKEND, else it is epoll.
 *
 * The host watches the law of one ending: an op that ended is overwritten with a pattern at once, and the pattern must
 * still be there when the test ends. */
#ifndef FIRTH_TESTS_BACKENDS_HOST_H
#define FIRTH_TESTS_BACKENDS_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <firth/backend.h>
#include <firth/task.h>

/* ---- the selector ------------------------------------------------------------------------------------------------ */

/* Opens and closes the one selector of a test; closing finds what is left: allocations, descriptors, touched ops. */
int host_setup(void **state);
int host_teardown(void **state);

firth_selector *host_selector(void);
const firth_backend *host_backend(void);
bool host_backend_is(const char *name);

/* The last firth_fail. */
int host_failed_code(void);
int host_failed_os_code(void);
const char *host_failed_step(void);

/* The n-th allocation from now and all after it fail; 0: none. */
void host_allocation_fail_at(size_t n);
size_t host_allocations_made(void);
size_t host_allocations_live(void);
size_t host_descriptors_open(void);
bool host_descriptor_was_open(int native); /* before the test began; native < 64 */

/* One poll that waits at most timeout_ms (< 0: no limit); returns how long it took. */
int64_t host_poll(int timeout_ms);

/* ---- ops --------------------------------------------------------------------------------------------------------- */

typedef struct host_op {
    firth_op op;
    firth_buffer pieces[FIRTH_OP_PIECES_MAX];
    firth_address address;
    bool submitted_done; /* submit returned DONE */
    int endings;         /* 1 once it ended, by submit or by firth_op_complete */
    int64_t result;
    int os_code;
    const char *step;
} host_op;

/* An op of that kind on io, not yet submitted. It lives until the test's end. */
host_op *host_op_make(firth_io *io, firth_op_kind kind);
void host_op_piece(host_op *op, void *bytes, size_t size);
host_op *host_submit(host_op *op);
void host_cancel(host_op *op);

/* Makes and submits in one. */
host_op *host_receive(firth_io *io, void *bytes, size_t size);
host_op *host_receive_attempt(firth_io *io, void *bytes, size_t size);
host_op *host_send(firth_io *io, const void *bytes, size_t size);
host_op *host_wait_readable(firth_io *io);
host_op *host_wait_writable(firth_io *io);
host_op *host_accept(firth_io *listener, firth_io *client);
host_op *host_connect(firth_io *io, const firth_address *address);

/* Polls until the op has ended and returns its result; fails the test after ten seconds. */
int64_t host_await(host_op *op);

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* A zeroed io of the selector; lives until the test's end. */
firth_io *host_io(void);

/* The backend's listener on a free port of 127.0.0.1, and that address. */
firth_io *host_listener(firth_address *address);

/* Whether this machine has IPv6 loopback, and a listener there. */
bool host_has_ipv6(void);
firth_io *host_listener_ipv6(firth_address *address);

/* The system's own blocking socket, connected to address; and a listening one on a free port. */
int host_raw_connect(const firth_address *address);
int host_raw_listener(firth_address *address);
void host_raw_reset(int native); /* closes with RST */

/* The backend's end of a connection, and the system's own blocking socket at the other. */
firth_io *host_accept_from(firth_io *listener, const firth_address *address, int *peer);
firth_io *host_accepted_pair(int *peer);
firth_io *host_connected_pair(int *peer);

void host_close(firth_io *io);

/* Waits, by the system itself, until io's descriptor has these events of poll(2), and forgets the calls so far. */
void host_until(const firth_io *io, short events);

/* Fails the test unless the descriptor is non-blocking and closed on exec. */
void host_check_flags(intptr_t native);

/* ---- system calls ------------------------------------------------------------------------------------------------ */

/* The calls of the backend that the linker led through the host. The tests' own sides use read and write. */
typedef enum host_call {
    HOST_RECV,
    HOST_RECVFROM,
    HOST_RECVMSG,
    HOST_RECVMMSG,
    HOST_SEND,
    HOST_SENDTO,
    HOST_SENDMSG,
    HOST_SENDMMSG,
    HOST_ACCEPT,
    HOST_CONNECT,
    HOST_GETSOCKOPT,
    HOST_SETSOCKOPT,
    HOST_EPOLL_CTL,
    HOST_EPOLL_WAIT,
    HOST_POLL,
    HOST_KEVENT, /* changes of all kinds too */
    HOST_CALLS_
} host_call;

host_call host_wait_call(void); /* the one that waits, and the step it is */
const char *host_wait_step(void);
int host_calls(host_call call); /* since the test began */
int host_calls_total(void);
size_t host_call_size(host_call call); /* bytes the last such call asked for */
void host_calls_reset(void);

/* The next `times` such calls fail with that errno instead of being made. */
void host_call_fail(host_call call, int os_code, int times);

/* The next such call is made and reported as failed even so, as a signal does it. */
void host_call_made_but_fail(host_call call, int os_code);

int host_main(int argc, char **argv, const char *group, const struct CMUnitTest *tests, size_t count);

#define HOST_TEST(function) cmocka_unit_test_setup_teardown(function, host_setup, host_teardown)
#define HOST_COUNT(array)   (sizeof(array) / sizeof((array)[0]))

#endif
