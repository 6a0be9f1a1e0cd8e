/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts: their addresses, their memory and what goes wrong on them. */
#include "backends/sim/world.h"

#include <string.h>

#include "core/base/assert.h"

enum { FIRST_EPHEMERAL_PORT = 32768 };

/* ---- memory: all of a host's is counted, so that any of it can fail ----------------------------------------------- */

static bool is_to_fail(firth_sim_host *host)
{
    size_t number = atomic_fetch_add(&host->allocations, 1) + 1, at = atomic_load(&host->failing_at);

    return at != 0 && (number == at || (number > at && atomic_load(&host->failing_after)));
}

void *fth_sim_host_allocate(firth_sim_host *host, size_t bytes)
{
    return is_to_fail(host) ? NULL : fth_sim_allocate(host->sim, bytes);
}

static void *allocate_of_selector(void *argument, size_t bytes)
{
    firth_sim_host *host = argument;

    if (is_to_fail(host))
        return NULL;
    if (host->given.allocate == NULL || host->given.release == NULL)
        return firth_port_allocate(bytes);
    return host->given.allocate(host->given.allocate_argument, bytes);
}

static void release_of_selector(void *argument, void *memory)
{
    firth_sim_host *host = argument;

    if (host->given.allocate == NULL || host->given.release == NULL)
        firth_port_release(memory);
    else
        host->given.release(host->given.allocate_argument, memory);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool is_same_ip(const firth_address *a, const firth_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == FIRTH_FAMILY_IPV4 ? 4 : 16) == 0;
}

/* RFC 1122 §3.2.1.3: all of 127.0.0.0/8. */
static bool is_loopback(const firth_address *address)
{
    static const uint8_t ipv6[16] = {[15] = 1};

    if (address->family == FIRTH_FAMILY_IPV4)
        return address->ip[0] == 127;
    return address->family == FIRTH_FAMILY_IPV6 && memcmp(address->ip, ipv6, sizeof ipv6) == 0;
}

bool fth_sim_has_address(const firth_sim_host *host, const firth_address *address)
{
    if (is_loopback(address))
        return true;
    for (size_t i = 0; i < host->address_count; i++)
        if (is_same_ip(&host->addresses[i], address))
            return true;
    return false;
}

firth_sim_host *fth_sim_find_host(const firth_sim *sim, const firth_address *address)
{
    firth_sim_host *host = sim->hosts;

    if (is_loopback(address))
        return NULL;
    while (host != NULL && !fth_sim_has_address(host, address))
        host = host->next;
    return host;
}

static int add_address(firth_sim_host *host, const char *text)
{
    firth_address address;
    int rc = firth_address_make(&address, text, 0);

    if (rc < 0)
        return rc;
    if (fth_sim_find_host(host->sim, &address) != NULL)
        return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "firth_sim_host_open");
    if (!fth_sim_has_address(host, &address) || host->address_count < 2)
        host->addresses[host->address_count++] = address;
    return FIRTH_OK;
}

static int add_addresses(firth_sim_host *host, const firth_sim_host_options *options)
{
    int rc = add_address(host, "127.0.0.1");

    if (rc >= 0)
        rc = add_address(host, "::1");
    for (size_t i = 0; i < FIRTH_SIM_ADDRESSES_MAX && options->addresses[i] != NULL && rc >= 0; i++)
        rc = add_address(host, options->addresses[i]);
    return rc;
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

bool fth_sim_are_good(const firth_sim_faults *faults)
{
    const double rates[] = {faults->short_read,  faults->short_write, faults->would_block, faults->spurious_wait,
                            faults->late_cancel, faults->refused,     faults->unreachable};

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        if (!(rates[i] >= 0 && rates[i] <= 1))
            return false;
    return true;
}

static void set_faults(firth_sim_host *host, const firth_sim_faults *faults)
{
    size_t at = faults->allocation_fail_at;

    host->faults = *faults;
    atomic_store(&host->failing_after, faults->allocation_fail_after);
    atomic_store(&host->failing_at, at == 0 ? 0 : atomic_load(&host->allocations) + at);
}

int firth_sim_host_set_faults(firth_sim_host *host, const firth_sim_faults *faults)
{
    if (!fth_sim_are_good(faults))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_sim_host_set_faults");
    set_faults(host, faults);
    return FIRTH_OK;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void append_host(firth_sim *sim, firth_sim_host *host)
{
    host->number = sim->hosts_last != NULL ? sim->hosts_last->number + 1 : 0;
    if (sim->hosts_last != NULL)
        sim->hosts_last->next = host;
    else
        sim->hosts = host;
    sim->hosts_last = host;
}

int fth_sim_host_new(firth_sim *sim, const firth_sim_host_options *options, firth_sim_host **host)
{
    firth_sim_host *made = fth_sim_allocate(sim, sizeof *made);
    const char *name = options->name != NULL ? options->name : "host";
    size_t length = strlen(name) < FTH_SIM_NAME_BYTES ? strlen(name) : FTH_SIM_NAME_BYTES - 1;
    int rc;

    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_sim_host_open");
    made->sim = sim;
    memcpy(made->name, name, length);
    made->next_port = FIRST_EPHEMERAL_PORT;
    atomic_init(&made->allocations, 0);
    atomic_init(&made->failing_at, 0);
    atomic_init(&made->failing_after, false);
    set_faults(made, &options->faults);
    rc = add_addresses(made, options);
    if (rc < 0) {
        fth_sim_release(sim, made);
        return rc;
    }
    append_host(sim, made);
    *host = made;
    return FIRTH_OK;
}

void fth_sim_host_free(firth_sim_host *host)
{
    firth_sim *sim = host->sim;

    while (host->paths != NULL) {
        fth_sim_path *next = host->paths->next;

        fth_sim_release(sim, host->paths);
        host->paths = next;
    }
    fth_sim_release(sim, host->places);
    fth_sim_release(sim, host);
}

static int read_options(firth_sim_host_options *full, const firth_sim_host_options *given)
{
    *full = firth_sim_host_defaults();
    if (given != NULL && given->struct_bytes < offsetof(firth_sim_host_options, addresses))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option struct_bytes");
    if (given != NULL)
        memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    if (!fth_sim_are_good(&full->faults))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option faults");
    return FIRTH_OK;
}

static int open_selector(firth_sim_host *host, const firth_selector_options *given)
{
    firth_selector_options options = firth_selector_defaults();

    if (given != NULL && given->struct_bytes < offsetof(firth_selector_options, stack_bytes))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option struct_bytes");
    if (given != NULL)
        memcpy(&options, given, given->struct_bytes < sizeof options ? given->struct_bytes : sizeof options);
    options.struct_bytes = sizeof options;
    host->given = options;
    if (options.backend == NULL)
        options.backend = &firth_backend_sim;
    options.allocate = allocate_of_selector;
    options.release = release_of_selector;
    options.allocate_argument = host;
    options.backend_argument = host;
    return firth_selector_open(&host->selector, &options);
}

int firth_sim_host_open(firth_sim *sim, const firth_sim_host_options *options, firth_sim_host **host)
{
    firth_sim_host_options full;
    firth_sim_host *made = NULL;
    int rc = read_options(&full, options);

    *host = NULL;
    if (rc >= 0)
        rc = fth_sim_host_new(sim, &full, &made);
    if (rc < 0 || made == NULL)
        return rc;
    rc = open_selector(made, full.selector);
    if (rc < 0) {
        made->address_count = 0;
        return rc;
    }
    fth_sim_trace(sim, made, "open");
    *host = made;
    return FIRTH_OK;
}

int firth_sim_host_close(firth_sim_host *host)
{
    int rc = FIRTH_OK;

    if (host == NULL)
        return FIRTH_OK;
    if (host->sim->turning)
        return FTH_MISUSE("firth_sim_host_close from a task, a loop or an event");
    if (host->selector != NULL)
        rc = firth_selector_close(host->selector);
    host->address_count = 0;
    return rc;
}

/* ---- small calls ------------------------------------------------------------------------------------------------- */

void firth_sim_host_options_init(firth_sim_host_options *options, size_t struct_bytes)
{
    memset(options, 0, struct_bytes);
    memcpy(options, &struct_bytes, sizeof struct_bytes);
}

firth_selector *firth_sim_host_selector(firth_sim_host *host)
{
    return host->selector;
}

firth_scope *firth_sim_host_scope(firth_sim_host *host)
{
    return firth_selector_scope(host->selector);
}

const char *firth_sim_host_name(const firth_sim_host *host)
{
    return host->name;
}

size_t firth_sim_host_descriptors(const firth_sim_host *host)
{
    return host->open_count;
}
