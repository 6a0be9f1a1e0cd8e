/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, by the interface of RFC 3678 that is the same for IPv4 and IPv6, and by what was there before it. */
#include <errno.h>
#include <string.h>

#include "backends/readiness/datagram.h"

static int change(const firth_io *io, int name, const firth_address *group, const void *request, socklen_t size,
                  const char *step)
{
    int level = group->family == FIRTH_FAMILY_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;

    return setsockopt((int)io->native, level, name, request, size) == 0 ? FIRTH_OK : fth_fail_errno(step);
}

/* The interface that the routes name, 0, is only to be had by the calls that are older: FreeBSD and macOS want an interface
 * in those of RFC 3678 (inp_join_group). OpenBSD, and NetBSD before it got RFC 3678, have no others, and no sources; there
 * IPv4's interface is in an address 0.x.x.x, RFC 1724 §3.3, but on OpenBSD. Test: interface_0_is_the_one_the_routes_name. */
static int change_by_family(const firth_io *io, firth_membership membership, const firth_address *group,
                            uint32_t interface_index)
{
    const bool joins = membership == FIRTH_MEMBERSHIP_JOIN;
#ifdef __OpenBSD__
    struct ip_mreqn request = {.imr_ifindex = (int)interface_index};
#else
    struct ip_mreq request = {.imr_interface.s_addr = htonl(interface_index)};
#endif
    struct ipv6_mreq request_6 = {.ipv6mr_interface = (__typeof__(request_6.ipv6mr_interface))interface_index};

    if (group->family == FIRTH_FAMILY_IPV6) {
        memcpy(&request_6.ipv6mr_multiaddr, group->ip, sizeof request_6.ipv6mr_multiaddr);
        return change(io, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, group, &request_6, sizeof request_6,
                      joins ? "setsockopt(IPV6_JOIN_GROUP)" : "setsockopt(IPV6_LEAVE_GROUP)");
    }
    memcpy(&request.imr_multiaddr, group->ip, sizeof request.imr_multiaddr);
    return change(io, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, group, &request, sizeof request,
                  joins ? "setsockopt(IP_ADD_MEMBERSHIP)" : "setsockopt(IP_DROP_MEMBERSHIP)");
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

    if (interface_index == 0)
        return change_by_family(io, membership, group, 0);
    to_storage(&request.gr_group, group);
    if (membership == FIRTH_MEMBERSHIP_JOIN)
        return change(io, MCAST_JOIN_GROUP, group, &request, sizeof request, "setsockopt(MCAST_JOIN_GROUP)");
    return change(io, MCAST_LEAVE_GROUP, group, &request, sizeof request, "setsockopt(MCAST_LEAVE_GROUP)");
}

/* A source of IPv4, by the interface that the routes name. */
static int change_ipv4_source(const firth_io *io, firth_membership membership, const firth_address *group,
                              const firth_address *source)
{
    struct ip_mreq_source request;

    memset(&request, 0, sizeof request);
    memcpy(&request.imr_multiaddr, group->ip, sizeof request.imr_multiaddr);
    memcpy(&request.imr_sourceaddr, source->ip, sizeof request.imr_sourceaddr);
    if (membership == FIRTH_MEMBERSHIP_JOIN)
        return change(io, IP_ADD_SOURCE_MEMBERSHIP, group, &request, sizeof request,
                      "setsockopt(IP_ADD_SOURCE_MEMBERSHIP)");
    return change(io, IP_DROP_SOURCE_MEMBERSHIP, group, &request, sizeof request,
                  "setsockopt(IP_DROP_SOURCE_MEMBERSHIP)");
}

static int change_any_source(const firth_io *io, firth_membership membership, const firth_address *group,
                             uint32_t interface_index, const firth_address *source)
{
    struct group_source_req request = {.gsr_interface = interface_index};

    if (interface_index == 0 && group->family == FIRTH_FAMILY_IPV4)
        return change_ipv4_source(io, membership, group, source);
    to_storage(&request.gsr_group, group);
    to_storage(&request.gsr_source, source);
    if (membership == FIRTH_MEMBERSHIP_LEAVE)
        return change(io, MCAST_LEAVE_SOURCE_GROUP, group, &request, sizeof request,
                      "setsockopt(MCAST_LEAVE_SOURCE_GROUP)");
    return change(io, MCAST_JOIN_SOURCE_GROUP, group, &request, sizeof request, "setsockopt(MCAST_JOIN_SOURCE_GROUP)");
}

static int change_source(const firth_io *io, firth_membership membership, const firth_address *group,
                         uint32_t interface_index, const firth_address *source)
{
    int rc = change_any_source(io, membership, group, interface_index, source);

    /* So Linux and FreeBSD call a source that was joined before (ip_mc_source, inp_join_group).
     * Test: joining_a_source_twice_is_an_error. */
    if (membership == FIRTH_MEMBERSHIP_JOIN && rc == FIRTH_ERR_ADDRESS_NOT_AVAILABLE && errno == EADDRNOTAVAIL)
        rc = firth_fail(FIRTH_ERR_ADDRESS_IN_USE, EADDRNOTAVAIL, "setsockopt(MCAST_JOIN_SOURCE_GROUP)");
    return rc;
}
#else
static int change_any(const firth_io *io, firth_membership membership, const firth_address *group,
                      uint32_t interface_index)
{
    return change_by_family(io, membership, group, interface_index);
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
