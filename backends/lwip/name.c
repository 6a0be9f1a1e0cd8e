/* SPDX-License-Identifier: Apache-2.0 */
/* Names, by lwIP's resolver. It gives one address of one family for a question and cannot be told that nobody waits any
 * more: so a name of both families is two questions, and each carries a number that no later one has. An answer whose
 * number is not known is to a question that was given up, be it an earlier selector's. */
#include "backends/lwip/platform.h"
#include "backends/lwip/stack.h"

#if LWIP_DNS
#include <lwip/dns.h>
#include <lwip/ip.h>

/* IPv6 first (RFC 6724 §2.1). */
enum { V6, V4, FAMILIES };

enum { NOT_ASKED = 0 };

typedef struct asked {
    struct asked *next;
    firth_name *name;
    uintptr_t number[FAMILIES]; /* of the question that is under way */
    bool is_over[FAMILIES];
    ip_addr_t found[FAMILIES];
    bool is_found[FAMILIES];
    int code; /* why nothing was found */
    err_t lwip_error;
} asked;

static asked *first;
static uintptr_t last_number = NOT_ASKED;

/* ---- questions and answers --------------------------------------------------------------------------------------- */

static void note(asked *one, int family, const ip_addr_t *ip)
{
    one->number[family] = NOT_ASKED;
    one->is_over[family] = true;
    one->is_found[family] = ip != NULL;
    if (ip != NULL)
        one->found[family] = *ip;
}

/* Why there is no address lwIP does not say. If a server has said so, lwIP is at its packet; if none has said anything, it
 * is at its timer. */
static void on_answer(const char *host, const ip_addr_t *ip, void *argument)
{
    (void)host;
    for (asked *one = first; one != NULL; one = one->next)
        for (int family = 0; family < FAMILIES; family++)
            if (one->number[family] == (uintptr_t)argument) {
                if (ip == NULL && ip_current_netif() == NULL)
                    one->code = FIRTH_ERR_NAME_TRY_AGAIN;
                note(one, family, ip);
                if (fth_lwip_is_elsewhere())
                    fth_lwip_platform_wake();
                return;
            }
}

/* When lwIP's table is full (ERR_MEM) it is asked again later. ERR_VAL: no name server is set. */
static void ask(asked *one, int family)
{
    static const u8_t types[] = {[V6] = LWIP_DNS_ADDRTYPE_IPV6, [V4] = LWIP_DNS_ADDRTYPE_IPV4};
    ip_addr_t ip;
    err_t err;

    if (++last_number == NOT_ASKED)
        last_number++;
    one->number[family] = last_number;
    err = dns_gethostbyname_addrtype(one->name->host, &ip, on_answer, (void *)last_number, types[family]);
    if (err == ERR_INPROGRESS)
        return;
    one->number[family] = NOT_ASKED;
    if (err == ERR_MEM)
        return;
    if (err == ERR_VAL)
        one->code = FIRTH_ERR_NAME_TRY_AGAIN;
    one->lwip_error = err;
    note(one, family, err == ERR_OK ? &ip : NULL);
}

static void ask_on(asked *one)
{
    for (int family = 0; family < FAMILIES; family++)
        if (!one->is_over[family] && one->number[family] == NOT_ASKED)
            ask(one, family);
}

/* ---- the slots --------------------------------------------------------------------------------------------------- */

int fth_lwip_resolve(firth_selector *selector, firth_name *name)
{
    asked *one = firth_selector_allocate(selector, sizeof *one);

    if (one == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    one->name = name;
    one->code = FIRTH_ERR_NAME_NOT_FOUND;
    one->is_over[V6] = !LWIP_IPV6 || name->family == FIRTH_FAMILY_IPV4;
    one->is_over[V4] = !LWIP_IPV4 || name->family == FIRTH_FAMILY_IPV6;
    name->backend[0] = one;
    one->next = first;
    first = one;
    ask_on(one);
    fth_lwip_platform_wake(); /* it may be over by now */
    return FIRTH_OK;
}

static void forget(asked *one)
{
    asked **link = &first;

    while (*link != one)
        link = &(*link)->next;
    *link = one->next;
}

void fth_lwip_resolve_cancel(firth_selector *selector, firth_name *name)
{
    forget(name->backend[0]);
    firth_selector_release(selector, name->backend[0]);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static bool is_reachable(const ip_addr_t *ip)
{
#if LWIP_IPV6
    return ip_route(IP6_ADDR_ANY, ip) != NULL;
#else
    (void)ip;
    return false;
#endif
}

/* What can be reached first: with an address of each family, and no way to that of IPv6, it is IPv4's turn. */
static int collect(const asked *one, firth_address *addresses)
{
    int count = 0;
    bool is_in_order = one->is_found[V6] && is_reachable(&one->found[V6]);

    for (int i = 0; i < FAMILIES; i++) {
        int family = is_in_order ? i : FAMILIES - 1 - i;

        if (one->is_found[family])
            fth_lwip_address_from(&addresses[count++], &one->found[family], 0);
    }
    return count;
}

static void complete(firth_selector *selector, asked *one)
{
    firth_address addresses[FAMILIES];
    firth_name *name = one->name;
    int count = collect(one, addresses), code = one->code;
    err_t err = one->lwip_error;

    forget(one);
    firth_selector_release(selector, one);
    if (count > 0)
        firth_name_complete(name, count, addresses, 0, NULL);
    else
        firth_name_complete(name, code, NULL, err, "dns_gethostbyname");
}

unsigned fth_lwip_deliver_names(firth_selector *selector)
{
    unsigned ended = 0;

    for (asked *one = first, *next; one != NULL; one = next) {
        next = one->next;
        ask_on(one);
        if (one->is_over[V6] && one->is_over[V4]) {
            complete(selector, one);
            ended++;
        }
    }
    return ended;
}

#else

unsigned fth_lwip_deliver_names(firth_selector *selector)
{
    (void)selector;
    return 0;
}

#endif
