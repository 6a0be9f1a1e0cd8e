/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of mbedTLS, which is calloc(3)'s here, has an end in the middle of a handshake: an error on that connection, and
 * when there is memory again the next one works, with the same server. */
#include "core/tls/mbedtls/adapter.h"
#include "tests/secure/secure_pair.h"

#include <stdatomic.h>
#include <stdio.h>

enum { ALLOCATIONS_MOST = 20000, STEPS = 40, TIMEOUT_MS = 5000 };

/* ---- the heap ---------------------------------------------------------------------------------------------------- */

static atomic_int left = -1; /* allocations until the end of the heap; negative: it has none */
static atomic_size_t refused, granted;

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

/* The linker leads all calls of mbedTLS's and of Firth's here. */
void *__wrap_calloc(size_t count, size_t bytes)
{
    if (atomic_load(&left) == 0) {
        atomic_fetch_add(&refused, 1);
        return NULL;
    }
    if (atomic_load(&left) > 0)
        atomic_fetch_sub(&left, 1);
    atomic_fetch_add(&granted, 1);
    return __real_calloc(count, bytes);
}

/* ---- visits ------------------------------------------------------------------------------------------------------ */

/* How a visit may end when one of the ends has no memory. */
static bool is_fair(int rc)
{
    return rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_EOF || rc == FIRTH_ERR_RESET || rc == FIRTH_ERR_TLS_ALERT ||
           rc == FIRTH_ERR_TLS_TRUNCATED || rc == FIRTH_ERR_TLS_HANDSHAKE || rc == FIRTH_ERR_TIMED_OUT;
}

/* So many allocations, and then none until the visit has ended. */
static int visit_with(int allocations, int *port)
{
    int rc;

    atomic_store(&refused, 0);
    atomic_store(&left, allocations);
    rc = firth_with_timeout(TIMEOUT_MS, secure_pair_visit, port);
    atomic_store(&left, -1);
    if (rc != FIRTH_OK && !is_fair(rc))
        (void)fprintf(stderr, "after %d allocations: %s\n", allocations, firth_error_name(rc));
    EXPECT(rc == FIRTH_OK || is_fair(rc));
    EXPECT(rc != FIRTH_OK || refused == 0);
    EXPECT_EQUAL(firth_with_timeout(TIMEOUT_MS, secure_pair_visit, port), FIRTH_OK);
    return FIRTH_OK;
}

/* Some moments of a handshake from its first allocation to its last, which the first visit counts. */
static int visit_at_moments(int *port)
{
    size_t failures = 0;
    int all, step;

    EXPECT_EQUAL(firth_with_timeout(TIMEOUT_MS, secure_pair_visit, port), FIRTH_OK);
    atomic_store(&granted, 0);
    EXPECT_EQUAL(firth_with_timeout(TIMEOUT_MS, secure_pair_visit, port), FIRTH_OK);
    all = (int)granted;
    EXPECT(all > STEPS && all < ALLOCATIONS_MOST);
    step = all / STEPS;
    for (int allocations = 0; allocations <= all; allocations += step) {
        EXPECT_EQUAL(visit_with(allocations, port), FIRTH_OK);
        failures += refused > 0;
    }
    EXPECT(failures > STEPS / 2);
    return FIRTH_OK;
}

TASK_TEST_UNLESS(FTH_TLS_MINDS_NO_MEMORY ? NULL : "this mbedTLS passes over a lack of memory",
                 a_heap_that_ends_in_a_handshake_is_an_error_and_the_next_connection_works)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_scope both;
    int rc, port;

    tcp.tls = secure_pair_server_config();
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    port = firth_server_address(server)->port;
    firth_scope_open(&both, scope, NULL);
    rc = firth_spawn(&both, secure_pair_serve, server, NULL);
    if (rc >= 0)
        rc = visit_at_moments(&port);
    firth_server_close(server);
    return firth_scope_close(&both, rc);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_that_ends_in_a_handshake_is_an_error_and_the_next_connection_works),
    };

    return support_main(argc, argv, "secure_heap", tests, sizeof tests / sizeof tests[0]);
}
