/* SPDX-License-Identifier: Apache-2.0 */
/* What the IP header says: control data of messages, RFC 3542 and its like for IPv4, ip(7). */
#include <string.h>

#include "backends/readiness/datagram.h"
#include "core/base/assert.h"

#ifdef __linux__
#include <netinet/udp.h>
#endif
#ifndef FTH_HAS_PKTINFO
#include <net/if_dl.h>
#endif

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void add(struct msghdr *message, int level, int type, const void *value, size_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)((char *)message->msg_control + message->msg_controllen);

    /* The lengths are a size_t here and a socklen_t there. */
    FTH_ASSERT(message->msg_controllen + CMSG_SPACE(size) <= FTH_CONTROL_BYTES);
    memset(header, 0, CMSG_SPACE(size));
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = (__typeof__(header->cmsg_len))CMSG_LEN(size);
    memcpy(CMSG_DATA(header), value, size);
    message->msg_controllen = (__typeof__(message->msg_controllen))(message->msg_controllen + CMSG_SPACE(size));
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

#ifdef FTH_HAS_PKTINFO
static int add_ipv4_info(const firth_io *io, const firth_datagram_control *control, struct msghdr *message,
                         const struct in_addr *local)
{
    struct in_pktinfo info = {.ipi_ifindex = (__typeof__(info.ipi_ifindex))control->interface_index};

    (void)io;
    if (local != NULL)
        info.ipi_spec_dst = *local;
    add(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    return FIRTH_OK;
}
#else
#ifdef IP_SENDSRCADDR
/* FreeBSD refuses it with EINVAL where the socket is bound to an address, the same one included (in_pcbbind_setup). */
static bool is_bound_to(const firth_io *io, const struct in_addr *local)
{
    fth_native_address own;
    socklen_t size = sizeof own;

    return getsockname((int)io->native, &own.any, &size) == 0 && own.any.sa_family == AF_INET &&
           own.ipv4.sin_addr.s_addr == local->s_addr;
}
#endif

/* An address can be said where IP_SENDSRCADDR is; an interface cannot (ip(4), FreeBSD). */
static int add_ipv4_info(const firth_io *io, const firth_datagram_control *control, struct msghdr *message,
                         const struct in_addr *local)
{
    if (control->interface_index != 0)
        return FIRTH_ERR_NOT_SUPPORTED;
#ifdef IP_SENDSRCADDR
    if (!is_bound_to(io, local))
        add(message, IPPROTO_IP, IP_SENDSRCADDR, local, sizeof *local);
    return FIRTH_OK;
#else
    (void)io;
    (void)message;
    (void)local;
    return FIRTH_ERR_NOT_SUPPORTED;
#endif
}
#endif

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
        return FIRTH_OK;
    }
    return add_ipv4_info(io, control, message, size > 0 ? &local.ipv4.sin_addr : NULL);
}

/* Linux and macOS take an int, FreeBSD a byte; of IPv4, the other BSDs take neither, and the hop limit nobody but Linux. */
static int add_hop_limit(struct msghdr *message, bool ipv4, int value)
{
    if (!ipv4) {
        add_int(message, IPPROTO_IPV6, IPV6_HOPLIMIT, value);
        return FIRTH_OK;
    }
#ifdef __linux__
    add_int(message, IPPROTO_IP, IP_TTL, value);
    return FIRTH_OK;
#else
    return FIRTH_ERR_NOT_SUPPORTED;
#endif
}

static int add_traffic_class(struct msghdr *message, bool ipv4, int value)
{
    if (!ipv4) {
        add_int(message, IPPROTO_IPV6, IPV6_TCLASS, value);
        return FIRTH_OK;
    }
#ifdef FTH_HAS_PKTINFO
    add_int(message, IPPROTO_IP, IP_TOS, value);
    return FIRTH_OK;
#elif defined(__FreeBSD__)
    const unsigned char octet = (unsigned char)value;

    add(message, IPPROTO_IP, IP_TOS, &octet, sizeof octet);
    return FIRTH_OK;
#else
    return FIRTH_ERR_NOT_SUPPORTED;
#endif
}

int fth_control_write(const firth_io *io, const firth_datagram_control *control, const fth_native_address *to,
                      struct msghdr *message, const char **step)
{
    bool ipv4 = is_ipv4(io, to);
    int rc = FIRTH_OK;

    message->msg_controllen = 0;
    *step = "datagram control";
    if (control == NULL)
        return FIRTH_OK;
    if (control->hop_limit < -1 || control->hop_limit > 255 || control->ecn < -1 || control->ecn > FIRTH_ECN_CE ||
        control->interface_index > INT32_MAX)
        return FIRTH_ERR_ARGUMENT;
    if (control->local.family != FIRTH_FAMILY_NONE || control->interface_index != 0)
        rc = add_packet_info(io, control, message, ipv4);
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        *step = control->interface_index != 0 ? "control interface_index" : "control local";
    if (rc >= 0 && control->hop_limit >= 0 && (rc = add_hop_limit(message, ipv4, control->hop_limit)) < 0)
        *step = "control hop_limit";
    if (rc >= 0 && control->ecn >= 0) {
        int octet = (fth_reactor_of(io)->slots[io->slot].of.datagrams.traffic_class & ~FIRTH_ECN_CE) | control->ecn;

        if ((rc = add_traffic_class(message, ipv4, octet)) < 0)
            *step = "control ecn";
    }
    return rc;
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

#ifdef FTH_HAS_PKTINFO
static void read_ipv4_info(firth_datagram_control *control, const struct cmsghdr *header)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof info);
    control->interface_index = (uint32_t)info.ipi_ifindex;
    control->local.family = FIRTH_FAMILY_IPV4;
    memcpy(control->local.ip, &info.ipi_addr, 4);
}
#else
static void read_ipv4_destination(firth_datagram_control *control, const struct cmsghdr *header)
{
    control->local.family = FIRTH_FAMILY_IPV4;
    memcpy(control->local.ip, CMSG_DATA(header), 4);
}

/* A sockaddr_dl is as long as its interface's name needs. */
static void read_ipv4_interface(firth_datagram_control *control, const struct cmsghdr *header)
{
    struct sockaddr_dl link = {.sdl_index = 0};
    size_t size = header->cmsg_len - CMSG_LEN(0);

    memcpy(&link, CMSG_DATA(header), size < sizeof link ? size : sizeof link);
    control->interface_index = link.sdl_index;
}
#endif

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

/* IPv4's is told by the name of the value on Linux, and by that of the option elsewhere. */
static bool is_ipv4_hop_limit(const struct cmsghdr *header)
{
#ifndef __linux__
    if (is(header, IPPROTO_IP, IP_RECVTTL))
        return true;
#endif
    return is(header, IPPROTO_IP, IP_TTL);
}
static bool is_ipv4_traffic_class(const struct cmsghdr *header)
{
#if !defined(__linux__) && defined(IP_RECVTOS)
    if (is(header, IPPROTO_IP, IP_RECVTOS))
        return true;
#endif
    return is(header, IPPROTO_IP, IP_TOS);
}

static void read_ip(firth_datagram_control *control, const struct cmsghdr *header)
{
#ifdef FTH_HAS_PKTINFO
    if (is(header, IPPROTO_IP, IP_PKTINFO))
        read_ipv4_info(control, header);
#else
    if (is(header, IPPROTO_IP, IP_RECVDSTADDR))
        read_ipv4_destination(control, header);
    else if (is(header, IPPROTO_IP, IP_RECVIF))
        read_ipv4_interface(control, header);
#endif
    else if (is(header, IPPROTO_IPV6, IPV6_PKTINFO))
        read_ipv6_info(control, header);
    else if (is_ipv4_hop_limit(header) || is(header, IPPROTO_IPV6, IPV6_HOPLIMIT))
        control->hop_limit = (int16_t)value_of(header);
    else if (is_ipv4_traffic_class(header) || is(header, IPPROTO_IPV6, IPV6_TCLASS))
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
