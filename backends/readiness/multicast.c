/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, by the interface of RFC 3678 that is the same for IPv4 and IPv6. */
#include <errno.h>
#include <string.h>

#include "backends/readiness/datagram.h"

static int change(const firth_io *io, int name, const firth_address *group, const void *request, socklen_t size,
                  const char *step)
{
    int level = group->family == FIRTH_FAMILY_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;

    return setsockopt((int)io->native, level, name, request, size) == 0 ? FIRTH_OK : fth_fail_errno(step);
}

#ifdef MCAST_JOIN_GROUP
static void to_storage(struct sockaddr_storage *storage, const firth_address *address)
{
    fth_native_address native;
    socklen_t size = fth_address_to_native(&native, address);

    memcpy(storage, &native, size);
}

static int change_any(const firth_io *io, firth_membership membership, const firth_address *group,
                      uint32_t interface_index)
{
    struct group_req request = {.gr_interface = interface_index};

    to_storage(&request.gr_group, group);
    if (membership == FIRTH_MEMBERSHIP_JOIN)
        return change(io, MCAST_JOIN_GROUP, group, &request, sizeof request, "setsockopt(MCAST_JOIN_GROUP)");
    return change(io, MCAST_LEAVE_GROUP, group, &request, sizeof request, "setsockopt(MCAST_LEAVE_GROUP)");
}

static int change_source(const firth_io *io, firth_membership membership, const firth_address *group,
                         uint32_t interface_index, const firth_address *source)
{
    struct group_source_req request = {.gsr_interface = interface_index};
    int rc;

    to_storage(&request.gsr_group, group);
    to_storage(&request.gsr_source, source);
    if (membership == FIRTH_MEMBERSHIP_LEAVE)
        return change(io, MCAST_LEAVE_SOURCE_GROUP, group, &request, sizeof request,
                      "setsockopt(MCAST_LEAVE_SOURCE_GROUP)");
    rc = change(io, MCAST_JOIN_SOURCE_GROUP, group, &request, sizeof request, "setsockopt(MCAST_JOIN_SOURCE_GROUP)");
    /* So Linux calls a source that was joined before (ip_mc_source). Test: joining_a_source_twice_is_an_error. */
    if (rc == FIRTH_ERR_ADDRESS_NOT_AVAILABLE && errno == EADDRNOTAVAIL)
        rc = firth_fail(FIRTH_ERR_ADDRESS_IN_USE, EADDRNOTAVAIL, "setsockopt(MCAST_JOIN_SOURCE_GROUP)");
    return rc;
}
#else
/* OpenBSD, and NetBSD before it got RFC 3678: one call for each family, and no sources. IPv4's interface is in an address
 * 0.x.x.x, RFC 1724 §3.3, but on OpenBSD. */
static int change_any(const firth_io *io, firth_membership membership, const firth_address *group,
                      uint32_t interface_index)
{
    const bool joins = membership == FIRTH_MEMBERSHIP_JOIN;
#ifdef __OpenBSD__
    struct ip_mreqn request = {.imr_ifindex = (int)interface_index};
#else
    struct ip_mreq request = {.imr_interface.s_addr = htonl(interface_index)};
#endif
    struct ipv6_mreq request_6 = {.ipv6mr_interface = interface_index};

    if (group->family == FIRTH_FAMILY_IPV6) {
        memcpy(&request_6.ipv6mr_multiaddr, group->ip, sizeof request_6.ipv6mr_multiaddr);
        return change(io, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, group, &request_6, sizeof request_6,
                      joins ? "setsockopt(IPV6_JOIN_GROUP)" : "setsockopt(IPV6_LEAVE_GROUP)");
    }
    memcpy(&request.imr_multiaddr, group->ip, sizeof request.imr_multiaddr);
    return change(io, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, group, &request, sizeof request,
                  joins ? "setsockopt(IP_ADD_MEMBERSHIP)" : "setsockopt(IP_DROP_MEMBERSHIP)");
}

static int change_source(const firth_io *io, firth_membership membership, const firth_address *group,
                         uint32_t interface_index, const firth_address *source)
{
    (void)io;
    (void)membership;
    (void)group;
    (void)interface_index;
    (void)source;
    return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "multicast source");
}
#endif

int fth_native_multicast(firth_io *io, firth_membership membership, const firth_address *group,
                         uint32_t interface_index, const firth_address *source)
{
    if (group->family == FIRTH_FAMILY_IPV6 && (io->state & FTH_IPV6) == 0)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "multicast group");
    if (source == NULL)
        return change_any(io, membership, group, interface_index);
    return change_source(io, membership, group, interface_index, source);
}
