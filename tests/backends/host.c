/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/backends/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <firth/port.h>

enum { OPS_MAX = 1 << 17, IOS_MAX = 1 << 13, PATTERN = 0xa5 };

struct firth_selector {
    const firth_backend *backend;
    void *state;
    pthread_t thread;
    bool in_submit;
    bool may_complete;
};

static struct firth_selector selector;
static struct {
    int code;
    int os_code;
    const char *step;
} failed;
static struct {
    size_t made, live, fail_at;
} allocations;
static size_t descriptors_before, op_count, io_count;
static bool were_open[64];
static host_op *ops[OPS_MAX];
static firth_io *ios[IOS_MAX];

/* ---- what core gives a backend ----------------------------------------------------------------------------------- */

static void end(host_op *op, int64_t result, int os_code, const char *step)
{
    op->endings++;
    op->result = result;
    op->os_code = os_code;
    op->step = step;
    memset(&op->op, PATTERN, sizeof op->op);
}

void firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step)
{
    assert_false(selector.in_submit);
    assert_true(selector.may_complete);
    assert_true(pthread_equal(pthread_self(), selector.thread));
    end(op->owner, result, os_code, step);
}

int firth_fail(int code, int os_code, const char *step)
{
    failed.code = code;
    failed.os_code = os_code;
    failed.step = step;
    return code;
}

int firth_fail_in_words(int code, int os_code, const char *step, const char *format, ...)
{
    (void)format;
    return firth_fail(code, os_code, step);
}

const char *firth_option_step(firth_option option)
{
    static const char *const steps[FIRTH_OPTION_COUNT_] = {
#define STEP(NAME, name, least, most, unit, tcp, udp, local, what) [FIRTH_OPTION_##NAME] = "option " #name,
        FIRTH_OPTIONS(STEP)
#undef STEP
    };

    return steps[option];
}

void *firth_selector_state(const firth_selector *of)
{
    return of->state;
}

void firth_selector_set_state(firth_selector *of, void *state)
{
    of->state = state;
}

void *firth_selector_allocate(firth_selector *of, size_t bytes)
{
    void *memory;

    assert_ptr_equal(of, &selector);
    allocations.made++;
    if (allocations.fail_at != 0 && allocations.made >= allocations.fail_at)
        return NULL;
    memory = calloc(1, bytes);
    allocations.live += memory != NULL;
    return memory;
}

void firth_selector_release(firth_selector *of, void *memory)
{
    assert_ptr_equal(of, &selector);
    assert_non_null(memory);
    allocations.live--;
    free(memory);
}

int64_t firth_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void firth_port_panic(const char *text)
{
    fprintf(stderr, "%s\n", text);
    abort();
}

/* ---- the selector ------------------------------------------------------------------------------------------------ */

static const firth_backend *backend_under_test(void)
{
    static const firth_backend *const backends[] = {
#ifdef FIRTH_TEST_EPOLL
        &firth_backend_epoll,
#endif
#ifdef FIRTH_TEST_KQUEUE
        &firth_backend_kqueue,
#endif
        &firth_backend_poll};
    const char *name = getenv("FIRTH_TEST_BACKEND");
    size_t i;

    if (name == NULL)
        return backends[0];
    for (i = 0; i < HOST_COUNT(backends); i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    fprintf(stderr, "no backend %s in this build\n", name);
    exit(77);
}

int host_setup(void **state)
{
    int i;

    (void)state;
    selector.thread = pthread_self();
    allocations.made = allocations.fail_at = 0;
    host_calls_reset();
    descriptors_before = host_descriptors_open();
    for (i = 0; i < 64; i++)
        were_open[i] = fcntl(i, F_GETFD) >= 0;
    selector.backend = backend_under_test();
    assert_int_equal(selector.backend->open(&selector), FIRTH_OK);
    host_calls_reset();
    return 0;
}

static void check_ops(void)
{
    unsigned char pattern[sizeof(firth_op)];
    size_t i;

    memset(pattern, PATTERN, sizeof pattern);
    for (i = 0; i < op_count; i++) {
        if (ops[i]->endings > 0)
            assert_memory_equal(&ops[i]->op, pattern, sizeof pattern);
        assert_in_range(ops[i]->endings, 0, 1);
        free(ops[i]);
    }
    op_count = 0;
}

int host_teardown(void **state)
{
    size_t i;

    (void)state;
    host_allocation_fail_at(0);
    for (i = 0; i < io_count; i++) {
        assert_null(ios[i]->reading);
        assert_null(ios[i]->writing);
        if (ios[i]->native > 0)
            selector.backend->socket_close(ios[i], FIRTH_CLOSE_NORMAL);
    }
    host_poll(0); /* reports that were on their way */
    check_ops();
    for (i = 0; i < io_count; i++)
        free(ios[i]);
    io_count = 0;
    selector.backend->close(&selector);
    assert_int_equal(allocations.live, 0);
    assert_int_equal(host_descriptors_open(), descriptors_before);
    return 0;
}

firth_selector *host_selector(void)
{
    return &selector;
}

const firth_backend *host_backend(void)
{
    return backend_under_test();
}

bool host_backend_is(const char *name)
{
    return strcmp(host_backend()->name, name) == 0;
}

int host_failed_code(void)
{
    return failed.code;
}

int host_failed_os_code(void)
{
    return failed.os_code;
}

const char *host_failed_step(void)
{
    return failed.step;
}

void host_allocation_fail_at(size_t n)
{
    allocations.fail_at = n == 0 ? 0 : allocations.made + n;
}

size_t host_allocations_made(void)
{
    return allocations.made;
}

size_t host_allocations_live(void)
{
    return allocations.live;
}

size_t host_descriptors_open(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 3; /* ".", ".." and the directory's own */
}

bool host_descriptor_was_open(int native)
{
    return were_open[native];
}

int64_t host_poll(int timeout_ms)
{
    int64_t start_ns = firth_now_ns(), until_ns = timeout_ms == 0 ? 0 : start_ns + (int64_t)timeout_ms * 1000000;

    if (timeout_ms < 0)
        until_ns = INT64_MAX;
    selector.may_complete = true;
    assert_int_equal(selector.backend->poll(&selector, until_ns), FIRTH_OK);
    selector.may_complete = false;
    return firth_now_ns() - start_ns;
}

/* ---- ops --------------------------------------------------------------------------------------------------------- */

host_op *host_op_make(firth_io *io, firth_op_kind kind)
{
    host_op *op = calloc(1, sizeof *op);

    assert_non_null(op);
    assert_true(op_count < OPS_MAX);
    ops[op_count++] = op;
    op->op.io = io;
    op->op.kind = (uint8_t)kind;
    op->op.owner = op;
    if (kind == FIRTH_OP_RECEIVE || kind == FIRTH_OP_SEND)
        op->op.with.pieces = op->pieces;
    return op;
}

void host_op_piece(host_op *op, void *bytes, size_t size)
{
    assert_true(op->op.piece_count < FIRTH_OP_PIECES_MAX);
    op->pieces[op->op.piece_count++] = (firth_buffer){bytes, size};
}

host_op *host_submit(host_op *op)
{
    firth_submit submitted;

    selector.in_submit = true;
    submitted = selector.backend->submit(&op->op);
    selector.in_submit = false;
    op->submitted_done = submitted == FIRTH_SUBMIT_DONE;
    if (op->submitted_done)
        end(op, op->op.result, op->op.os_code, op->op.step);
    else
        assert_false(op->op.attempt_only);
    return op;
}

void host_cancel(host_op *op)
{
    selector.may_complete = true;
    selector.backend->cancel(&op->op);
    selector.may_complete = false;
}

host_op *host_receive(firth_io *io, void *bytes, size_t size)
{
    host_op *op = host_op_make(io, FIRTH_OP_RECEIVE);

    host_op_piece(op, bytes, size);
    return host_submit(op);
}

host_op *host_receive_attempt(firth_io *io, void *bytes, size_t size)
{
    host_op *op = host_op_make(io, FIRTH_OP_RECEIVE);

    host_op_piece(op, bytes, size);
    op->op.attempt_only = true;
    return host_submit(op);
}

host_op *host_send(firth_io *io, const void *bytes, size_t size)
{
    host_op *op = host_op_make(io, FIRTH_OP_SEND);

    host_op_piece(op, (void *)(uintptr_t)bytes, size);
    return host_submit(op);
}

host_op *host_wait_readable(firth_io *io)
{
    return host_submit(host_op_make(io, FIRTH_OP_WAIT_READABLE));
}

host_op *host_wait_writable(firth_io *io)
{
    return host_submit(host_op_make(io, FIRTH_OP_WAIT_WRITABLE));
}

host_op *host_accept(firth_io *listener, firth_io *client)
{
    host_op *op = host_op_make(listener, FIRTH_OP_ACCEPT);

    op->op.with.accepted = client;
    return host_submit(op);
}

host_op *host_connect(firth_io *io, const firth_address *address)
{
    host_op *op = host_op_make(io, FIRTH_OP_CONNECT);

    op->address = *address;
    op->op.with.address = &op->address;
    return host_submit(op);
}

int64_t host_await(host_op *op)
{
    for (int64_t limit_ns = firth_now_ns() + INT64_C(10000000000); op->endings == 0; host_poll(1000))
        assert_true(firth_now_ns() < limit_ns);
    return op->result;
}

firth_io *host_io(void)
{
    firth_io *io = calloc(1, sizeof *io);

    assert_non_null(io);
    assert_true(io_count < IOS_MAX);
    ios[io_count++] = io;
    io->selector = &selector;
    return io;
}

int host_main(int argc, char **argv, const char *group, const struct CMUnitTest *tests, size_t count)
{
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return _cmocka_run_group_tests(group, tests, count, NULL, NULL);
}
