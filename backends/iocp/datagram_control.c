/* SPDX-License-Identifier: Apache-2.0 */
/* What the IP header says: control data of WSARecvMsg and WSASendMsg. */
#include "backends/iocp/iocp.h"

#include <string.h>

#include "core/base/assert.h"

#ifndef IP_RECVTTL
#define IP_RECVTTL 21
#endif
#ifndef IPV6_HOPLIMIT
#define IPV6_HOPLIMIT 21
#endif
#ifndef IPV6_TCLASS
#define IPV6_TCLASS 39
#endif
#ifndef IP_ECN
#define IP_ECN 50
#endif

/* ---- the form of control data: Winsock's own macros convert signs, which a strict compiler refuses ------------------- */

enum { FTH_HEADER_BYTES = sizeof(WSACMSGHDR) }; /* a multiple of its alignment, which is that of all */

static size_t aligned(size_t size)
{
    return (size + _Alignof(WSACMSGHDR) - 1) & ~(size_t)(_Alignof(WSACMSGHDR) - 1);
}

static unsigned char *data_of(WSACMSGHDR *header)
{
    return (unsigned char *)header + FTH_HEADER_BYTES;
}

/* The header at that offset, NULL behind the last. */
static WSACMSGHDR *header_at(const WSAMSG *message, size_t offset)
{
    WSACMSGHDR *header = (WSACMSGHDR *)(void *)(message->Control.buf + offset);

    if (offset + FTH_HEADER_BYTES > message->Control.len || header->cmsg_len < FTH_HEADER_BYTES ||
        header->cmsg_len > message->Control.len - offset)
        return NULL;
    return header;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void add(fth_message *message, int level, int type, const void *value, size_t size)
{
    WSABUF *control = &message->message.Control;
    WSACMSGHDR *header = (WSACMSGHDR *)(void *)(control->buf + control->len);

    FTH_ASSERT(control->len + FTH_HEADER_BYTES + aligned(size) <= FTH_CONTROL_BYTES);
    memset(header, 0, FTH_HEADER_BYTES + aligned(size));
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = FTH_HEADER_BYTES + size;
    memcpy(data_of(header), value, size);
    control->len += (ULONG)(FTH_HEADER_BYTES + aligned(size));
}

/* Whether the datagram goes by IPv4, in whatever form the socket wants its address. */
static bool is_ipv4(const firth_io *io, const fth_native_address *to)
{
    if ((io->state & FTH_IPV6) == 0)
        return true;
    return to->any.sa_family == AF_INET6 ? IN6_IS_ADDR_V4MAPPED(&to->ipv6.sin6_addr) : (io->state & FTH_MAPPED) != 0;
}

/* Of a socket for both families, IPv4's form is that of datagrams that go by it. */
static int add_packet_info(const firth_io *io, const firth_datagram_control *control, fth_message *message)
{
    const bool ipv4 = is_ipv4(io, &message->address);

    if (control->local.family != FIRTH_FAMILY_NONE && (control->local.family == FIRTH_FAMILY_IPV4) != ipv4)
        return FIRTH_ERR_ARGUMENT;
    if (ipv4) {
        struct in_pktinfo info;

        memset(&info, 0, sizeof info);
        info.ipi_ifindex = control->interface_index;
        memcpy(&info.ipi_addr, control->local.ip, 4);
        add(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
        struct in6_pktinfo info;

        memset(&info, 0, sizeof info);
        info.ipi6_ifindex = control->interface_index;
        memcpy(&info.ipi6_addr, control->local.ip, 16);
        add(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    return FIRTH_OK;
}

/* The documentation of WSASendMsg names no hop limit, and no ECN that every Windows 10 takes; what a system does not know
 * it sends without. So they are refused. */
int fth_control_write(const firth_io *io, const firth_datagram_control *control, fth_message *message,
                      const char **step)
{
    if (control == NULL)
        return FIRTH_OK;
    *step = "datagram control";
    if (control->hop_limit < -1 || control->hop_limit > 255 || control->ecn < -1 || control->ecn > FIRTH_ECN_CE ||
        control->interface_index > INT32_MAX)
        return FIRTH_ERR_ARGUMENT;
    if ((control->local.family != FIRTH_FAMILY_NONE || control->interface_index != 0) &&
        add_packet_info(io, control, message) < 0)
        return FIRTH_ERR_ARGUMENT;
    *step = control->hop_limit >= 0 ? "hop_limit" : "ecn";
    return control->hop_limit >= 0 || control->ecn >= 0 ? FIRTH_ERR_NOT_SUPPORTED : FIRTH_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int value_of(WSACMSGHDR *header)
{
    int value = 0;

    if (header->cmsg_len >= FTH_HEADER_BYTES + sizeof value)
        memcpy(&value, data_of(header), sizeof value);
    else if (header->cmsg_len > FTH_HEADER_BYTES)
        value = data_of(header)[0];
    return value;
}

static void read_ipv4_info(firth_datagram_control *control, WSACMSGHDR *header)
{
    struct in_pktinfo info;

    memcpy(&info, data_of(header), sizeof info);
    control->interface_index = info.ipi_ifindex;
    control->local.family = FIRTH_FAMILY_IPV4;
    memcpy(control->local.ip, &info.ipi_addr, 4);
}

static void read_ipv6_info(firth_datagram_control *control, WSACMSGHDR *header)
{
    struct in6_pktinfo info;

    memcpy(&info, data_of(header), sizeof info);
    control->interface_index = info.ipi6_ifindex;
    control->local.family = FIRTH_FAMILY_IPV6;
    memcpy(control->local.ip, &info.ipi6_addr, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&info.ipi6_addr))
        control->local.scope_id = info.ipi6_ifindex;
}

static void read_ipv4(firth_datagram_control *control, WSACMSGHDR *header)
{
    switch (header->cmsg_type) {
    case IP_PKTINFO:
        read_ipv4_info(control, header);
        break;
    case IP_TTL:
    case IP_RECVTTL:
        control->hop_limit = (int16_t)value_of(header);
        break;
    case IP_TOS:
    case IP_ECN:
        control->ecn = (int16_t)(value_of(header) & FIRTH_ECN_CE);
        break;
    default:
        break;
    }
}

static void read_ipv6(firth_datagram_control *control, WSACMSGHDR *header)
{
    switch (header->cmsg_type) {
    case IPV6_PKTINFO:
        read_ipv6_info(control, header);
        break;
    case IPV6_HOPLIMIT:
        control->hop_limit = (int16_t)value_of(header);
        break;
    case IPV6_TCLASS:
    case IP_ECN: /* the same number */
        control->ecn = (int16_t)(value_of(header) & FIRTH_ECN_CE);
        break;
    default:
        break;
    }
}

/* On a socket for both families what came by IPv4 is shown mapped, as its sender's address is. */
static void show_mapped(firth_datagram *datagram)
{
    firth_address *local = &datagram->control->local;

    if (local->family != FIRTH_FAMILY_IPV4 || datagram->address.family != FIRTH_FAMILY_IPV6)
        return;
    memcpy(local->ip + 12, local->ip, 4);
    memset(local->ip, 0, 12);
    local->ip[10] = local->ip[11] = 0xff;
    local->family = FIRTH_FAMILY_IPV6;
}

void fth_control_read(firth_datagram *datagram, const WSAMSG *message)
{
    firth_datagram_control *control = datagram->control;
    WSACMSGHDR *header;
    size_t offset = 0;

    if (control == NULL)
        return;
    memset(&control->local, 0, sizeof control->local);
    control->interface_index = 0;
    control->hop_limit = control->ecn = -1;
    while ((header = header_at(message, offset)) != NULL) {
        if (header->cmsg_level == IPPROTO_IP)
            read_ipv4(control, header);
        else if (header->cmsg_level == IPPROTO_IPV6)
            read_ipv6(control, header);
        offset += aligned(header->cmsg_len);
    }
    show_mapped(datagram);
}
