/* SPDX-License-Identifier: Apache-2.0 */
/* Each socket is of one of two backends, and each slot hands it to its own. Which it is, a socket that was just opened cannot
 * know: it is a draft, of the end that connects, until it listens, which makes it one of the other end with the same options.
 *
 * A selector has one state. It is lwIP's, whose slots core and lwIP's callbacks may call at any time, but for while a slot of
 * the kernel's runs. lwIP's poll is what waits, and the kernel's descriptor is one of a driver's, which ends that wait. */
#include "tests/subjects/two_ended.h"

#include <poll.h>
#include <string.h>

#include <firth/lwip.h>

/* Descriptors are below, lwIP's control blocks above. */
enum { DESCRIPTORS = 1 << 20, SETTINGS_MOST = FIRTH_OPTION_COUNT_ };

typedef struct draft {
    struct draft *next;
    const firth_io *io;
    firth_family family;
    bool is_bound;
    firth_address address; /* then: as it was given */
    size_t setting_count;
    struct {
        firth_option option;
        int value;
    } settings[SETTINGS_MOST];
} draft;

static bool kernel_is_ready(firth_lwip_driver *driver);

static struct {
    two_ended_end connects, listens;
    const firth_backend *lwip, *kernel;
    void *lwip_state, *kernel_state;
    draft *drafts;
    firth_lwip_driver driver;
} both = {.driver = {.poll = kernel_is_ready, .descriptor = -1}};

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static const firth_backend *backend_of(const firth_io *io)
{
    return io->native < DESCRIPTORS ? both.kernel : both.lwip;
}

/* A slot of that backend's is about to be called; and was. */
static const firth_backend *enter(const firth_backend *backend, firth_selector *selector)
{
    if (backend == both.kernel)
        firth_selector_set_state(selector, both.kernel_state);
    return backend;
}

static int leave(firth_selector *selector, int rc)
{
    firth_selector_set_state(selector, both.lwip_state);
    return rc;
}

#define AT(backend, selector, slot, ...) leave(selector, enter(backend, selector)->slot(__VA_ARGS__))

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 §2.5.5.2 */

static bool is_mapped(const firth_address *address)
{
    return address->family == FIRTH_FAMILY_IPV6 && memcmp(address->ip, mapped, sizeof mapped) == 0;
}

/* The bytes of an address, without the prefix if it is mapped. */
static bool has_ip(const firth_address *address, const firth_address *one)
{
    if (is_mapped(address) && one->family == FIRTH_FAMILY_IPV4)
        return memcmp(address->ip + sizeof mapped, one->ip, 4) == 0;
    return address->family == one->family &&
           memcmp(address->ip, one->ip, one->family == FIRTH_FAMILY_IPV4 ? 4 : 16) == 0;
}

static void set_ip(firth_address *address, const firth_address *one)
{
    if (is_mapped(address) && one->family == FIRTH_FAMILY_IPV4)
        memcpy(address->ip + sizeof mapped, one->ip, 4);
    else
        memcpy(address->ip, one->ip, sizeof address->ip);
}

static const firth_address loopback_ipv4 = {.family = FIRTH_FAMILY_IPV4, .ip = {127, 0, 0, 1}};
static const firth_address loopback_ipv6 = {.family = FIRTH_FAMILY_IPV6, .ip = {[15] = 1}};

static firth_address at_end(const firth_address *address, const two_ended_end *end)
{
    firth_address real = *address;

    if (has_ip(&real, &loopback_ipv4))
        set_ip(&real, &end->ipv4);
    else if (has_ip(&real, &loopback_ipv6))
        set_ip(&real, &end->ipv6);
    return real;
}

static void show(firth_address *address)
{
    const two_ended_end *ends[] = {&both.connects, &both.listens};

    for (size_t i = 0; i < 2; i++) {
        if (has_ip(address, &ends[i]->ipv4))
            set_ip(address, &loopback_ipv4);
        else if (has_ip(address, &ends[i]->ipv6))
            set_ip(address, &loopback_ipv6);
    }
}

/* ---- drafts ------------------------------------------------------------------------------------------------------ */

static draft *draft_of(const firth_io *io)
{
    draft *one = both.drafts;

    while (one != NULL && one->io != io)
        one = one->next;
    return one;
}

static void forget(firth_selector *selector, draft *one)
{
    draft **link = &both.drafts;

    if (one == NULL)
        return;
    while (*link != one)
        link = &(*link)->next;
    *link = one->next;
    firth_selector_release(selector, one);
}

static int socket_open(firth_io *io, firth_family family)
{
    firth_selector *selector = io->selector;
    draft *one = firth_selector_allocate(selector, sizeof *one);
    int rc;

    if (one == NULL) {
        io->native = -1;
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    }
    one->io = io;
    one->family = family;
    one->next = both.drafts;
    both.drafts = one;
    rc = AT(both.connects.backend, selector, socket_open, io, family);
    if (rc < 0)
        forget(selector, one);
    return rc;
}

static void socket_close(firth_io *io, firth_close_how how)
{
    firth_selector *selector = io->selector;

    forget(selector, draft_of(io));
    enter(backend_of(io), selector)->socket_close(io, how);
    (void)leave(selector, FIRTH_OK);
}

static int set_option(firth_io *io, firth_option option, int value)
{
    draft *one = draft_of(io);
    int rc = AT(backend_of(io), io->selector, set_option, io, option, value);

    if (rc >= 0 && one != NULL && one->setting_count < SETTINGS_MOST) {
        one->settings[one->setting_count].option = option;
        one->settings[one->setting_count++].value = value;
    }
    return rc;
}

/* At which end is not known yet. */
static int bind_later(firth_io *io, const firth_address *address)
{
    draft *one = draft_of(io);

    if (one == NULL || one->is_bound)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "bind");
    one->is_bound = true;
    one->address = *address;
    return FIRTH_OK;
}

static int bind_at(firth_io *io, const draft *one, const two_ended_end *end)
{
    firth_address real = at_end(&one->address, end);

    return one->is_bound ? AT(end->backend, io->selector, bind, io, &real) : FIRTH_OK;
}

/* The same socket at the other end. */
static int move(firth_io *io, const draft *one)
{
    const firth_backend *to = both.listens.backend;
    firth_selector *selector = io->selector;
    int rc;

    enter(both.connects.backend, selector)->socket_close(io, FIRTH_CLOSE_NORMAL);
    (void)leave(selector, FIRTH_OK);
    memset(io, 0, sizeof *io);
    io->selector = selector;
    rc = AT(to, selector, socket_open, io, one->family);
    for (size_t i = 0; i < one->setting_count && rc >= 0; i++)
        rc = AT(to, selector, set_option, io, one->settings[i].option, one->settings[i].value);
    return rc < 0 ? rc : bind_at(io, one, &both.listens);
}

static int listen_there(firth_io *io, int backlog)
{
    draft *one = draft_of(io);
    int rc = one != NULL ? move(io, one) : FIRTH_OK;

    forget(io->selector, one);
    return rc < 0 ? rc : AT(both.listens.backend, io->selector, listen, io, backlog);
}

/* ---- slots of one backend ---------------------------------------------------------------------------------------- */

static int get_option(const firth_io *io, firth_option option, int *value)
{
    return AT(backend_of(io), io->selector, get_option, io, option, value);
}

static int local_address(const firth_io *io, firth_address *address)
{
    int rc = AT(backend_of(io), io->selector, local_address, io, address);

    if (rc >= 0)
        show(address);
    return rc;
}

static int peer_address(const firth_io *io, firth_address *address)
{
    int rc = AT(backend_of(io), io->selector, peer_address, io, address);

    if (rc >= 0)
        show(address);
    return rc;
}

static int shutdown_write(firth_io *io)
{
    return AT(backend_of(io), io->selector, shutdown_write, io);
}

static firth_submit submit_to(firth_op *op)
{
    firth_submit how = enter(backend_of(op->io), op->io->selector)->submit(op);

    (void)leave(op->io->selector, FIRTH_OK);
    return how;
}

/* Backends look at the address in submit alone. */
static firth_submit submit_connect(firth_op *op)
{
    const firth_address *given = op->with.address;
    firth_address real = at_end(given, &both.listens);
    draft *one = draft_of(op->io);
    firth_submit how = FIRTH_SUBMIT_DONE;
    int rc = one != NULL ? bind_at(op->io, one, &both.connects) : FIRTH_OK;

    forget(op->io->selector, one);
    op->with.address = &real;
    op->result = rc;
    if (rc >= 0)
        how = submit_to(op);
    else
        op->os_code = firth_last_failure()->os_code;
    if (rc < 0)
        op->step = "bind";
    op->with.address = given;
    return how;
}

static firth_submit submit(firth_op *op)
{
    return op->kind == FIRTH_OP_CONNECT ? submit_connect(op) : submit_to(op);
}

static void cancel(firth_op *op)
{
    firth_selector *selector = op->io->selector;

    enter(backend_of(op->io), selector)->cancel(op);
    (void)leave(selector, FIRTH_OK);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static bool kernel_is_ready(firth_lwip_driver *driver)
{
    struct pollfd entry = {.fd = (int)driver->descriptor, .events = POLLIN};

    if (poll(&entry, 1, 0) > 0)
        both.lwip->wake(driver->argument);
    return false;
}

static int poll_both(firth_selector *selector, int64_t until_ns)
{
    int rc = both.lwip->poll(selector, until_ns);

    return rc < 0 ? rc : AT(both.kernel, selector, poll, selector, 0);
}

static void wake(firth_selector *selector)
{
    both.lwip->wake(selector);
}

static int open_kernel(firth_selector *selector)
{
    int rc = both.kernel->open(selector);

    if (rc < 0)
        return rc;
    both.kernel_state = firth_selector_state(selector);
    rc = both.kernel->pollable(selector, &both.driver.descriptor);
    if (rc < 0)
        both.kernel->close(selector);
    return rc;
}

static int open_both(firth_selector *selector)
{
    int rc = both.lwip->open(selector);

    if (rc < 0)
        return rc;
    both.lwip_state = firth_selector_state(selector);
    both.drafts = NULL;
    rc = leave(selector, open_kernel(selector));
    if (rc < 0) {
        both.lwip->close(selector);
        return rc;
    }
    both.driver.argument = selector;
    firth_lwip_driver_add(&both.driver);
    return FIRTH_OK;
}

static void close_both(firth_selector *selector)
{
    firth_lwip_driver_remove(&both.driver);
    enter(both.kernel, selector)->close(selector);
    (void)leave(selector, FIRTH_OK);
    both.lwip->close(selector);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const firth_backend table = {
    .name = "lwip and the kernel",
    .capabilities = FIRTH_CAN_INHERIT,
    .open = open_both,
    .close = close_both,
    .socket_open = socket_open,
    .socket_close = socket_close,
    .bind = bind_later,
    .listen = listen_there,
    .set_option = set_option,
    .get_option = get_option,
    .local_address = local_address,
    .peer_address = peer_address,
    .shutdown_write = shutdown_write,
    .submit = submit,
    .cancel = cancel,
    .poll = poll_both,
    .wake = wake,
};

const firth_backend *two_ended(const two_ended_end *connects, const two_ended_end *listens)
{
    bool is_lwip = connects->backend == &firth_backend_lwip;

    both.connects = *connects;
    both.listens = *listens;
    both.lwip = is_lwip ? connects->backend : listens->backend;
    both.kernel = is_lwip ? listens->backend : connects->backend;
    return &table;
}
