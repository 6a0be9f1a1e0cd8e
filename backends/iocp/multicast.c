/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: by the interface of RFC 3678, and where that is missing (Wine 8) by the options before it, of which IPv4's name an
 * interface by an address of its own. */
#include "backends/iocp/iocp.h"

#include <string.h>

#include <firth/interface.h>

typedef struct change {
    const firth_io *io;
    const firth_address *group;
    const firth_address *source; /* or NULL */
    uint32_t interface_index;
    bool join;
} change;

static int tell(const change *it, int name, const void *request, size_t size)
{
    const int level = it->group->family == FIRTH_FAMILY_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;

    return setsockopt(fth_socket_of(it->io), level, name, request, (int)size) == 0 ? 0 : WSAGetLastError();
}

uint32_t fth_interface_ipv4(uint32_t index)
{
    firth_subnet addresses[16];
    int count = index != 0 ? firth_interface_addresses(index, addresses, sizeof addresses / sizeof addresses[0]) : 0;
    uint32_t found = index != 0 ? INADDR_NONE : INADDR_ANY;

    for (int i = 0; i < count && i < (int)(sizeof addresses / sizeof addresses[0]); i++)
        if (addresses[i].address.family == FIRTH_FAMILY_IPV4) {
            memcpy(&found, addresses[i].address.ip, 4);
            break;
        }
    return found;
}

/* ---- the newer options --------------------------------------------------------------------------------------------- */

static void to_storage(SOCKADDR_STORAGE *storage, const firth_address *address)
{
    fth_native_address native;
    const int size = fth_address_to_native(&native, address);

    memcpy(storage, &native, (size_t)size);
}

static int change_any(const change *it)
{
    GROUP_REQ request;

    memset(&request, 0, sizeof request);
    request.gr_interface = it->interface_index;
    to_storage(&request.gr_group, it->group);
    return tell(it, it->join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request, sizeof request);
}

static int change_source(const change *it)
{
    GROUP_SOURCE_REQ request;

    memset(&request, 0, sizeof request);
    request.gsr_interface = it->interface_index;
    to_storage(&request.gsr_group, it->group);
    to_storage(&request.gsr_source, it->source);
    return tell(it, it->join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP, &request, sizeof request);
}

/* ---- those before them --------------------------------------------------------------------------------------------- */

static int change_ipv4(const change *it)
{
    const uint32_t own = fth_interface_ipv4(it->interface_index);
    struct ip_mreq_source with_source;
    struct ip_mreq request;

    if (own == INADDR_NONE)
        return WSAEADDRNOTAVAIL;
    memset(&request, 0, sizeof request);
    memset(&with_source, 0, sizeof with_source);
    memcpy(&request.imr_multiaddr, it->group->ip, 4);
    request.imr_interface.s_addr = own;
    if (it->source == NULL)
        return tell(it, it->join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof request);
    with_source.imr_multiaddr = request.imr_multiaddr;
    with_source.imr_interface = request.imr_interface;
    memcpy(&with_source.imr_sourceaddr, it->source->ip, 4);
    return tell(it, it->join ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP, &with_source, sizeof with_source);
}

/* Which know no sources. */
static int change_ipv6(const change *it)
{
    struct ipv6_mreq request;

    if (it->source != NULL)
        return WSAENOPROTOOPT;
    memset(&request, 0, sizeof request);
    memcpy(&request.ipv6mr_multiaddr, it->group->ip, 16);
    request.ipv6mr_interface = it->interface_index;
    return tell(it, it->join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request, sizeof request);
}

static bool has_interface(const change *it)
{
    firth_subnet address;

    if (it->group->family == FIRTH_FAMILY_IPV4)
        return fth_interface_ipv4(it->interface_index) != INADDR_NONE;
    return firth_interface_addresses(it->interface_index, &address, 1) > 0;
}

/* Windows says WSAEADDRNOTAVAIL of a join that another is in the way of, and as well of an interface that is not there; and
 * WSAEINVAL of the leave of what was not joined so, whose other causes core has ruled out.
 * Tests: joining_a_source_twice_is_an_error, leaving_twice_is_an_error, what_is_no_group_cannot_be_joined. */
static int code_of_change(const change *it, int os_code)
{
    if (!it->join && os_code == WSAEINVAL)
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    if (it->join && os_code == WSAEADDRNOTAVAIL && it->interface_index != 0 && has_interface(it))
        return FIRTH_ERR_ADDRESS_IN_USE;
    return fth_code_of(os_code);
}

int fth_iocp_multicast(firth_io *io, firth_membership membership, const firth_address *group, uint32_t interface_index,
                       const firth_address *source)
{
    const change it = {io, group, source, interface_index, membership == FIRTH_MEMBERSHIP_JOIN};
    const char *step = it.join ? "setsockopt(MCAST_JOIN_GROUP)" : "setsockopt(MCAST_LEAVE_GROUP)";
    int os_code;

    if (group->family == FIRTH_FAMILY_IPV6 && (io->state & FTH_IPV6) == 0)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "multicast group");
    os_code = source == NULL ? change_any(&it) : change_source(&it);
    if (os_code == WSAENOPROTOOPT)
        os_code = group->family == FIRTH_FAMILY_IPV6 ? change_ipv6(&it) : change_ipv4(&it);
    if (os_code == 0)
        return FIRTH_OK;
    return firth_fail(code_of_change(&it, os_code), os_code, step);
}
