/* SPDX-License-Identifier: Apache-2.0 */
/* Which groups a socket has joined. */
#include "backends/sim/world.h"

#include <string.h>

/* As Linux allows, igmp_max_memberships. */
enum { MEMBERSHIPS_MAX = 20, INTERFACE = 1 };

bool fth_sim_is_group(const firth_address *address)
{
    return address->family == FIRTH_FAMILY_IPV4 ? (address->ip[0] & 0xf0) == 0xe0
                                                : address->family == FIRTH_FAMILY_IPV6 && address->ip[0] == 0xff;
}

static bool is_same_ip(const firth_address *a, const firth_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == FIRTH_FAMILY_IPV4 ? 4 : 16) == 0;
}

bool fth_sim_is_member(const fth_sim_socket *socket, const firth_address *group, const firth_address *source)
{
    const fth_sim_membership *membership = socket->mail.memberships;

    for (; membership != NULL; membership = membership->next)
        if (is_same_ip(&membership->group, group) &&
            (membership->source.family == FIRTH_FAMILY_NONE || is_same_ip(&membership->source, source)))
            return true;
    return false;
}

/* The place of a join that was made with the same arguments, or of the end; *count: joins before it. */
static fth_sim_membership **find(fth_sim_socket *socket, const firth_address *group, const firth_address *source,
                                 unsigned *count)
{
    fth_sim_membership **link = &socket->mail.memberships;

    for (*count = 0; *link != NULL; link = &(*link)->next, ++*count)
        if (is_same_ip(&(*link)->group, group) &&
            (source == NULL ? (*link)->source.family == FIRTH_FAMILY_NONE : is_same_ip(&(*link)->source, source)))
            break;
    return link;
}

/* Joined from any, or from some: the one rules the other out. */
static bool is_joined_otherwise(const fth_sim_socket *socket, const firth_address *group, const firth_address *source)
{
    const fth_sim_membership *membership = socket->mail.memberships;

    for (; membership != NULL; membership = membership->next)
        if (is_same_ip(&membership->group, group) &&
            (membership->source.family == FIRTH_FAMILY_NONE) != (source == NULL))
            return true;
    return false;
}

static int join(fth_sim_socket *socket, fth_sim_membership **end, const firth_address *group,
                const firth_address *source)
{
    fth_sim_membership *made = fth_sim_host_allocate(socket->host, sizeof *made);

    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "multicast join");
    made->group = *group;
    if (source != NULL)
        made->source = *source;
    *end = made;
    return FIRTH_OK;
}

static int leave(fth_sim_socket *socket, fth_sim_membership **link)
{
    fth_sim_membership *found = *link;

    if (found == NULL)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "multicast leave");
    *link = found->next;
    fth_sim_release(socket->host->sim, found);
    return FIRTH_OK;
}

int fth_sim_multicast(firth_io *io, firth_membership membership, const firth_address *group, uint32_t interface_index,
                      const firth_address *source)
{
    fth_sim_socket *socket = fth_sim_socket_of(io);
    fth_sim_membership **link;
    unsigned count;

    if (group->family == FIRTH_FAMILY_IPV6 && socket->family == FIRTH_FAMILY_IPV4)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "multicast group");
    if (interface_index > INTERFACE)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "multicast interface");
    link = find(socket, group, source, &count);
    if (membership == FIRTH_MEMBERSHIP_LEAVE)
        return leave(socket, link);
    if (*link != NULL || is_joined_otherwise(socket, group, source))
        return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "multicast join");
    if (count >= MEMBERSHIPS_MAX)
        return firth_fail(FIRTH_ERR_NO_BUFFERS, 0, "multicast join");
    return join(socket, link, group, source);
}
