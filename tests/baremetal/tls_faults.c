/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes with less and less memory. The task that tries has its stack already, so what is short is the heap of mbedTLS
 * and of the selector. */
#include <firth/board.h>
#include <firth/firth.h>
#include <firth/port.h>
#include <firth/tls.h>
#include <stdio.h>
#include <string.h>

#include "tests/baremetal/report.h"

enum { PORT = 4433, PATIENCE_MS = 30000, SMALLEST = 64 };

typedef struct block {
    struct block *next;
} block;

static block *taken;

static size_t free_bytes(void)
{
    const firth_baremetal_memory now = firth_baremetal_memory_now();

    return now.bytes - now.used_bytes;
}

/* Takes what there is in big pieces and then in small ones, but for that much. */
static void take_all_but(size_t left)
{
    for (size_t size = 65536; size >= SMALLEST; size /= 2) {
        block *one;

        while (free_bytes() >= left + size + SMALLEST && (one = firth_port_allocate(size)) != NULL) {
            one->next = taken;
            taken = one;
        }
    }
}

static void give_back(void)
{
    while (taken != NULL) {
        block *one = taken;

        taken = one->next;
        firth_port_release(one);
    }
}

/* A question and the first bytes of its answer. */
static int ask_securely(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    uint8_t byte;
    int64_t rc = firth_tcp_connect(&tcp, "10.0.2.100", PORT, &server);

    if (rc < 0)
        return (int)rc;
    if ((rc = firth_tls_start(server, argument, &server)) < 0)
        return (int)rc;
    if ((rc = firth_write_string(firth_socket_output(server), "GET / HTTP/1.0\r\n\r\n")) >= 0 &&
        (rc = firth_flush(firth_socket_output(server))) >= 0)
        rc = firth_read(firth_socket_input(server), &byte, 1);
    firth_socket_abort(server);
    return rc < 0 ? (int)rc : FIRTH_OK;
}

/* Where arithmetic runs out of it, of a signature for one, mbedTLS says no more than that the handshake failed. */
static bool is_refusal(int rc)
{
    return rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_ERR_TLS_HANDSHAKE;
}

static int try_with(size_t left, firth_tls_config *config)
{
    char what[100];
    int rc;

    take_all_but(left);
    rc = firth_with_timeout(PATIENCE_MS, ask_securely, config);
    give_back();
    (void)snprintf(what, sizeof what, "a secure connection with %u bytes of memory comes to %s", (unsigned)left,
                   firth_error_name(rc));
    check(rc == FIRTH_OK || is_refusal(rc), what);
    return rc;
}

static int starve(firth_tls_config *config)
{
    const int rc = firth_with_timeout(PATIENCE_MS, ask_securely, config);
    const size_t before = firth_baremetal_memory_now().used_bytes;
    unsigned refused = 0, worked = 0;

    if (rc < 0)
        return rc;
    for (size_t left = 512; left <= 40 * 1024; left += left < 4096 ? 512 : 2048) {
        const int code = try_with(left, config);

        refused += is_refusal(code);
        worked += code == FIRTH_OK;
    }
    check(refused > 5 && worked > 0, "with too little memory it is refused, with enough it works");
    check(firth_baremetal_memory_now().used_bytes == before, "and none of it is lost");
    check(firth_with_timeout(PATIENCE_MS, ask_securely, config) == FIRTH_OK, "the next connection works");
    return FIRTH_OK;
}

static void forget_line(void *argument, const char *line)
{
    (void)argument;
    (void)line;
}

/* Boards have no key log and no revocation lists (FIRTH_TLS_LEAVE_OUT in CMakePresets.json). */
static void ask_for_what_is_left_out(firth_tls_builder tls)
{
    firth_tls_config *config;

    tls.key_log = forget_line;
    check(firth_tls_build(&tls, &config) == FIRTH_ERR_NOT_SUPPORTED && config == NULL &&
              strcmp(firth_last_failure()->step, "option key_log") == 0,
          "a key log, which the build leaves out, is refused by its name");
    tls.key_log = NULL;
    tls.revocation_lists = tls.authorities;
    tls.revocation_list_count = 1;
    check(firth_tls_build(&tls, &config) == FIRTH_ERR_NOT_SUPPORTED &&
              strcmp(firth_last_failure()->step, "option revocation_lists") == 0,
          "and so are revocation lists");
}

int test_tls(firth_scope *scope, void *argument)
{
    firth_tls_builder tls = firth_tls_client();
    firth_tls_data authorities = firth_tls_file("certificate.pem");
    firth_tls_config *config;
    int rc;

    (void)scope;
    (void)argument;
    tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    tls.authorities = &authorities;
    tls.authority_count = 1;
    ask_for_what_is_left_out(tls);
    if ((rc = firth_tls_build(&tls, &config)) < 0)
        return rc;
    rc = starve(config);
    firth_tls_config_release(config);
    return rc;
}
