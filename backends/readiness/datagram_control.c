/* SPDX-License-Identifier: Apache-2.0 */
/* What the IP header says: control data of messages, RFC 3542 and its like for IPv4, ip(7). */
#include <string.h>

#include "backends/readiness/datagram.h"
#include "core/base/assert.h"

#ifdef __linux__
#include <netinet/udp.h>
#endif

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void add(struct msghdr *message, int level, int type, const void *value, size_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)((char *)message->msg_control + message->msg_controllen);

    FTH_ASSERT(message->msg_controllen + CMSG_SPACE(size) <= FTH_CONTROL_BYTES);
    memset(header, 0, CMSG_SPACE(size));
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), value, size);
    message->msg_controllen += CMSG_SPACE(size);
}

static void add_int(struct msghdr *message, int level, int type, int value)
{
    add(message, level, type, &value, sizeof value);
}

/* Whether the datagram goes by IPv4, in whatever form the socket wants its address. */
static bool is_ipv4(const firth_io *io, const fth_native_address *to)
{
    if ((io->state & FTH_IPV6) == 0)
        return true;
    return to->any.sa_family == AF_INET6 ? IN6_IS_ADDR_V4MAPPED(&to->ipv6.sin6_addr) : (io->state & FTH_MAPPED) != 0;
}

static int add_packet_info(const firth_io *io, const firth_datagram_control *control, struct msghdr *message, bool ipv4)
{
    fth_native_address local;
    int size = fth_datagram_address(io, &control->local, &local);

    if (size < 0)
        return FIRTH_ERR_ARGUMENT;
    /* An IPv6 socket takes it in IPv6's form for either family. */
    if ((io->state & FTH_IPV6) != 0) {
        struct in6_pktinfo info = {.ipi6_ifindex = control->interface_index};

        if (size > 0)
            info.ipi6_addr = local.ipv6.sin6_addr;
        if (size > 0 && IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr) != ipv4)
            return FIRTH_ERR_ARGUMENT;
        /* Of IPv4 it must be an IPv4 address (Linux, ip_cmsg_send); any does. */
        if (size == 0 && ipv4)
            info.ipi6_addr.s6_addr[10] = info.ipi6_addr.s6_addr[11] = 0xff;
        add(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        struct in_pktinfo info = {.ipi_ifindex = (int)control->interface_index};

        if (size > 0)
            info.ipi_spec_dst = local.ipv4.sin_addr;
        add(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    return FIRTH_OK;
}

int fth_control_write(const firth_io *io, const firth_datagram_control *control, const fth_native_address *to,
                      struct msghdr *message, const char **step)
{
    bool ipv4 = is_ipv4(io, to);
    int level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;

    message->msg_controllen = 0;
    *step = "datagram control";
    if (control == NULL)
        return FIRTH_OK;
    if (control->hop_limit > 255 || control->ecn > FIRTH_ECN_CE || control->interface_index > INT32_MAX)
        return FIRTH_ERR_ARGUMENT;
    if ((control->local.family != FIRTH_FAMILY_NONE || control->interface_index != 0) &&
        add_packet_info(io, control, message, ipv4) < 0)
        return FIRTH_ERR_ARGUMENT;
    if (control->hop_limit >= 0)
        add_int(message, level, ipv4 ? IP_TTL : IPV6_HOPLIMIT, control->hop_limit);
    if (control->ecn >= 0) {
        int octet = (fth_reactor_of(io)->slots[io->slot].traffic_class & ~FIRTH_ECN_CE) | control->ecn;

        add_int(message, level, ipv4 ? IP_TOS : IPV6_TCLASS, octet);
    }
    return FIRTH_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* As wide as the system has it: IP_TOS comes as a byte, others as an int. */
static int value_of(const struct cmsghdr *header)
{
    int value = 0;

    if (header->cmsg_len >= CMSG_LEN(sizeof value))
        memcpy(&value, CMSG_DATA(header), sizeof value);
    else if (header->cmsg_len >= CMSG_LEN(1))
        value = CMSG_DATA(header)[0];
    return value;
}

static void read_ipv4_info(firth_datagram_control *control, const struct cmsghdr *header)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof info);
    control->interface_index = (uint32_t)info.ipi_ifindex;
    control->local.family = FIRTH_FAMILY_IPV4;
    memcpy(control->local.ip, &info.ipi_addr, 4);
}

static void read_ipv6_info(firth_datagram_control *control, const struct cmsghdr *header)
{
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof info);
    control->interface_index = info.ipi6_ifindex;
    control->local.family = FIRTH_FAMILY_IPV6;
    memcpy(control->local.ip, &info.ipi6_addr, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&info.ipi6_addr))
        control->local.scope_id = info.ipi6_ifindex;
}

static bool is(const struct cmsghdr *header, int level, int type)
{
    return header->cmsg_level == level && header->cmsg_type == type;
}

static void read_ip(firth_datagram_control *control, const struct cmsghdr *header)
{
    if (is(header, IPPROTO_IP, IP_PKTINFO))
        read_ipv4_info(control, header);
    else if (is(header, IPPROTO_IPV6, IPV6_PKTINFO))
        read_ipv6_info(control, header);
    else if (is(header, IPPROTO_IP, IP_TTL) || is(header, IPPROTO_IPV6, IPV6_HOPLIMIT))
        control->hop_limit = (int16_t)value_of(header);
    else if (is(header, IPPROTO_IP, IP_TOS) || is(header, IPPROTO_IPV6, IPV6_TCLASS))
        control->ecn = (int16_t)(value_of(header) & FIRTH_ECN_CE);
}

static bool is_segment_size(const struct cmsghdr *header)
{
#ifdef UDP_GRO
    return header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO;
#else
    (void)header;
    return false;
#endif
}

/* As firth_datagram_control_none leaves it. */
static void clear(firth_datagram_control *control)
{
    memset(&control->local, 0, sizeof control->local);
    control->interface_index = 0;
    control->hop_limit = control->ecn = -1;
}

static void read_control(firth_datagram *datagram, struct msghdr *message)
{
    struct cmsghdr *header;

    if (datagram->control != NULL)
        clear(datagram->control);
    for (header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (is_segment_size(header)) {
            /* Of a single datagram it is the whole, or told nevertheless. */
            if ((size_t)value_of(header) < datagram->whole_size)
                datagram->segment_bytes = (uint32_t)value_of(header);
        } else if (datagram->control != NULL) {
            read_ip(datagram->control, header);
        }
    }
}

void fth_datagram_read(firth_datagram *datagram, struct msghdr *message, size_t whole_size)
{
    datagram->truncated = (message->msg_flags & MSG_TRUNC) != 0;
    datagram->size = whole_size < datagram->capacity ? whole_size : datagram->capacity;
    datagram->whole_size = datagram->truncated && whole_size <= datagram->capacity ? 0 : whole_size;
    datagram->segment_bytes = 0;
    (void)fth_address_from_native(&datagram->address, message->msg_name);
    if (message->msg_controllen > 0 || datagram->control != NULL)
        read_control(datagram, message);
}
