/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, by the interface of RFC 3678 that is the same for IPv4 and IPv6, and by what was there before it. */
#include <errno.h>
#include <net/if.h>
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

/* ---- how the group is joined already ------------------------------------------------------------------------------- */

/* The systems have one filter for a group on an interface, for joins from any source and from some. FreeBSD and macOS
 * refuse what would make the one of the other, with codes of their own (inp_join_group, inp_leave_group); Linux does it,
 * even in a call that fails (ip_mc_source), and all of them take every join back for who leaves without a source. So it is
 * asked for before. Test: joins_of_any_and_of_sources_do_not_mix. */
typedef struct filter {
    bool is_known; /* false: not joined, or the system does not tell */
    bool has_sources;
    uint32_t sources;
    uint32_t interface_index;
} filter;

static void tell(filter *found, uint32_t mode, uint32_t sources, uint32_t interface_index)
{
    *found = (filter){true, mode == MCAST_INCLUDE, sources, interface_index};
}

#if defined(__linux__) || defined(__FreeBSD__) || defined(__APPLE__)
enum { IS_TOLD = true };
#else
enum { IS_TOLD = false };
#endif

#ifdef __linux__
/* Whether the system looks up the interface itself. */
static bool ask_ipv4_routes(const firth_io *io, const firth_address *group, filter *found)
{
    struct ip_msfilter request = {.imsf_numsrc = 0};
    socklen_t size = sizeof request;

    memcpy(&request.imsf_multiaddr, group->ip, sizeof request.imsf_multiaddr);
    if (getsockopt((int)io->native, IPPROTO_IP, IP_MSFILTER, &request, &size) == 0)
        tell(found, request.imsf_fmode, request.imsf_numsrc, 0);
    return true;
}

static bool ask_interface(const firth_io *io, const firth_address *group, uint32_t interface_index, filter *found)
{
    int level = group->family == FIRTH_FAMILY_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;
    struct group_filter request = {.gf_interface = interface_index};
    socklen_t size = sizeof request;

    to_storage(&request.gf_group, group);
    if (getsockopt((int)io->native, level, MCAST_MSFILTER, &request, &size) != 0)
        return false;
    tell(found, request.gf_fmode, request.gf_numsrc, interface_index);
    return true;
}
#else
static bool ask_ipv4_routes(const firth_io *io, const firth_address *group, filter *found)
{
    (void)io;
    (void)group;
    (void)found;
    return false;
}

static bool ask_interface(const firth_io *io, const firth_address *group, uint32_t interface_index, filter *found)
{
#if defined(__FreeBSD__) || defined(__APPLE__)
    fth_native_address native;
    socklen_t size = fth_address_to_native(&native, group);
    uint32_t mode = 0, sources = 0;

    if (getsourcefilter((int)io->native, interface_index, (struct sockaddr *)&native, size, &mode, &sources, NULL) != 0)
        return false;
    tell(found, mode, sources, interface_index);
    return true;
#else
    (void)io;
    (void)group;
    (void)interface_index;
    (void)found;
    return false;
#endif
}
#endif

/* Which interface the routes name, only IPv4 of Linux says. Else it is one of those on which the group is joined: the one
 * where it is from any, as that is what must not be touched.
 * Test: sources_are_joined_on_that_interface_whatever_is_joined_on_others. */
static filter ask(const firth_io *io, const firth_address *group, uint32_t interface_index)
{
    struct if_nameindex *all, *one;
    filter found = {.is_known = false};

    if (interface_index != 0) {
        (void)ask_interface(io, group, interface_index, &found);
        return found;
    }
    if (group->family == FIRTH_FAMILY_IPV4 && ask_ipv4_routes(io, group, &found))
        return found;
    all = if_nameindex();
    for (one = all; one != NULL && one->if_index != 0; one++)
        if (ask_interface(io, group, one->if_index, &found) && !found.has_sources)
            break;
    if (all != NULL)
        if_freenameindex(all);
    return found;
}

/* FIRTH_OK, or what a join or leave is that would turn the one kind into the other. */
static int check_filter(const firth_io *io, firth_membership membership, const firth_address *group,
                        uint32_t interface_index, bool has_source)
{
    const filter now = ask(io, group, interface_index);

    if (!now.is_known || now.has_sources == has_source)
        return FIRTH_OK;
    return membership == FIRTH_MEMBERSHIP_JOIN ? firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "multicast join")
                                               : firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "multicast leave");
}

/* FreeBSD and macOS stay members when the last source is left, from none, and no join from any is let in. */
static void leave_the_empty(const firth_io *io, const firth_address *group, uint32_t interface_index)
{
    const filter now = ask(io, group, interface_index);

    if (now.is_known && now.has_sources && now.sources == 0)
        (void)change_any(io, FIRTH_MEMBERSHIP_LEAVE, group, now.interface_index);
}

/* Linux and FreeBSD say EADDRNOTAVAIL of a source that was joined before (ip_mc_source, inp_join_group); FreeBSD of no
 * interface as well. Tests: joining_a_source_twice_is_an_error, ipv6_joins_of_any_and_of_sources_do_not_mix. */
static int join_source(const firth_io *io, const firth_address *group, uint32_t interface_index,
                       const firth_address *source)
{
    int rc = change_any_source(io, FIRTH_MEMBERSHIP_JOIN, group, interface_index, source);

    if (rc != FIRTH_ERR_ADDRESS_NOT_AVAILABLE || errno != EADDRNOTAVAIL ||
        (IS_TOLD && !ask(io, group, interface_index).has_sources))
        return rc;
    return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, EADDRNOTAVAIL, "setsockopt(MCAST_JOIN_SOURCE_GROUP)");
}

static int leave_source(const firth_io *io, const firth_address *group, uint32_t interface_index,
                        const firth_address *source)
{
    int rc = change_any_source(io, FIRTH_MEMBERSHIP_LEAVE, group, interface_index, source);

    /* So Linux calls a group that has no member. Test: leaving_a_source_twice_is_an_error. */
    if (rc == FIRTH_ERR_ARGUMENT)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, EINVAL, "setsockopt(MCAST_LEAVE_SOURCE_GROUP)");
    if (rc == FIRTH_OK)
        leave_the_empty(io, group, interface_index);
    return rc;
}

static int change_source(const firth_io *io, firth_membership membership, const firth_address *group,
                         uint32_t interface_index, const firth_address *source)
{
    return membership == FIRTH_MEMBERSHIP_JOIN ? join_source(io, group, interface_index, source)
                                               : leave_source(io, group, interface_index, source);
}
#else
static int check_filter(const firth_io *io, firth_membership membership, const firth_address *group,
                        uint32_t interface_index, bool has_source)
{
    (void)io;
    (void)membership;
    (void)group;
    (void)interface_index;
    (void)has_source;
    return FIRTH_OK;
}

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
    int rc;

    if (group->family == FIRTH_FAMILY_IPV6 && (io->state & FTH_IPV6) == 0)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "multicast group");
    rc = check_filter(io, membership, group, interface_index, source != NULL);
    if (rc < 0)
        return rc;
    if (source == NULL)
        return change_any(io, membership, group, interface_index);
    return change_source(io, membership, group, interface_index, source);
}
