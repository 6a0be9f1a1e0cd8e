/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets. What comes in waits in lwIP's pbufs, with a note of what its headers said, until an op takes it or
 * there is too much of it; what goes out is copied. What ICMP says of a peer lwIP does not tell. */
#include <limits.h>

#include "backends/lwip/stack.h"

#include <lwip/ip.h>
#include <lwip/udp.h>

/* The longest payloads: lwIP counts a packet with all its headers in 16 bits (RFC 768, RFC 791, RFC 8200). */
enum { LARGEST_IPV4 = 65535 - 20 - 8, LARGEST_IPV6 = 65535 - 40 - 8 };

struct fth_lwip_mail {
    fth_lwip_mail *next;
    struct pbuf *bytes; /* may be of no bytes */
    firth_address from;
    firth_address to;
    uint8_t interface_index;
    uint8_t hop_limit;
    uint8_t ecn;
};

static size_t weight(const fth_lwip_mail *mail)
{
    return sizeof *mail + mail->bytes->tot_len;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

/* What the headers of the datagram that lwIP is at say. */
static void note(fth_lwip_mail *mail, const ip_addr_t *from, u16_t port)
{
    fth_lwip_address_from(&mail->from, from, port);
    fth_lwip_address_from(&mail->to, ip_current_dest_addr(), 0);
    mail->interface_index = netif_get_index(ip_current_input_netif());
#if LWIP_IPV6
    if (ip_current_is_v6()) {
        mail->hop_limit = IP6H_HOPLIM(ip6_current_header());
        mail->ecn = IP6H_TC(ip6_current_header()) & FIRTH_ECN_CE;
        return;
    }
#endif
#if LWIP_IPV4
    mail->hop_limit = IPH_TTL(ip4_current_header());
    mail->ecn = IPH_TOS(ip4_current_header()) & FIRTH_ECN_CE;
#endif
}

/* A netif that is a member for one socket is it for all. */
static bool is_for(const fth_lwip_socket *socket)
{
    return !ip_addr_ismulticast(ip_current_dest_addr()) ||
           (FTH_LWIP_HAS_GROUPS &&
            fth_lwip_is_member(socket, ip_current_dest_addr(), netif_get_index(ip_current_input_netif())));
}

/* What waits is limited with its notes, and one more may come while it is below. */
static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *bytes, const ip_addr_t *from, u16_t port)
{
    fth_lwip_socket *socket = argument;
    fth_lwip_mail *mail = NULL;

    (void)pcb;
    if (!is_for(socket)) {
        (void)pbuf_free(bytes);
        return;
    }
    if (socket->mail_bytes < socket->values[FTH_LWIP_RECEIVE_BUFFER_BYTES])
        mail = fth_lwip_allocate(socket->stack, sizeof *mail);
    if (mail == NULL) {
        if (socket->values[FTH_LWIP_RECEIVE_DROPS] < INT_MAX)
            socket->values[FTH_LWIP_RECEIVE_DROPS]++;
        (void)pbuf_free(bytes);
        return;
    }
    mail->bytes = bytes;
    note(mail, from, port);
    if (socket->last_mail != NULL)
        socket->last_mail->next = mail;
    else
        socket->first_mail = mail;
    socket->last_mail = mail;
    socket->mail_bytes += weight(mail);
    fth_lwip_look(socket);
}

static void discard_first(fth_lwip_socket *socket)
{
    fth_lwip_mail *mail = socket->first_mail;

    socket->first_mail = mail->next;
    if (mail->next == NULL)
        socket->last_mail = NULL;
    socket->mail_bytes -= weight(mail);
    (void)pbuf_free(mail->bytes);
    fth_lwip_release(socket->stack, mail);
}

static void discard_all(fth_lwip_socket *socket)
{
    while (socket->first_mail != NULL)
        discard_first(socket);
}

static void tell(const fth_lwip_socket *socket, const fth_lwip_mail *mail, firth_datagram_control *control)
{
    firth_datagram_control_init(control, control->struct_bytes);
    if (socket->values[FTH_LWIP_PACKET_INFO] != 0) {
        control->local = mail->to;
        fth_lwip_show(&control->local, socket->family);
        control->interface_index = mail->interface_index;
    }
    if (socket->values[FTH_LWIP_RECEIVE_HOP_LIMIT] != 0)
        control->hop_limit = mail->hop_limit;
    if (socket->values[FTH_LWIP_RECEIVE_ECN] != 0)
        control->ecn = mail->ecn;
}

static void receive(fth_lwip_socket *socket, firth_datagram *datagram)
{
    const fth_lwip_mail *mail = socket->first_mail;

    datagram->whole_size = mail->bytes->tot_len;
    datagram->truncated = datagram->whole_size > datagram->capacity;
    datagram->size = datagram->truncated ? datagram->capacity : datagram->whole_size;
    datagram->segment_bytes = 0;
    datagram->address = mail->from;
    fth_lwip_show(&datagram->address, socket->family);
    (void)pbuf_copy_partial(mail->bytes, datagram->bytes, (u16_t)datagram->size, 0);
    if (datagram->control != NULL)
        tell(socket, mail, datagram->control);
    discard_first(socket);
}

int64_t fth_lwip_receive_datagrams(fth_lwip_socket *socket, firth_datagram *datagrams, unsigned count)
{
    unsigned n = 0;

    for (; n < count && socket->first_mail != NULL; n++)
        receive(socket, &datagrams[n]);
    return n > 0 ? (int64_t)n : FIRTH_ERR_WOULD_BLOCK;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* An IPv6 socket does too, unless it is told not to or is bound to an IPv6 address. */
static bool takes_ipv4(const fth_lwip_socket *socket)
{
    firth_address local = socket->local;

    if (socket->family == FIRTH_FAMILY_IPV4 || socket->values[FTH_LWIP_IPV6_ONLY] != 0)
        return socket->family == FIRTH_FAMILY_IPV4;
    return ip_addr_isany(&socket->udp->local_ip) || local.family == FIRTH_FAMILY_IPV4 || firth_address_unmap(&local);
}

/* A socket of IPv4 takes no address in IPv6's form, even one that carries IPv4's. */
static bool is_foreign(const fth_lwip_socket *socket, const firth_address *address)
{
    return socket->family == FIRTH_FAMILY_IPV4 && address->family == FIRTH_FAMILY_IPV6;
}

static bool is_everybody(const firth_address *address)
{
    return address->family == FIRTH_FAMILY_IPV4 &&
           (address->ip[0] & address->ip[1] & address->ip[2] & address->ip[3]) == 0xff;
}

/* To whom; why not. */
static int check(const fth_lwip_socket *socket, const firth_datagram *datagram, ip_addr_t *to, u16_t *port)
{
    const firth_datagram_control *control = datagram->control;
    firth_address address = datagram->address.family != FIRTH_FAMILY_NONE ? datagram->address : socket->peer;

    if (address.family == FIRTH_FAMILY_NONE)
        return FIRTH_ERR_NOT_CONNECTED;
    if (address.port == 0 || is_foreign(socket, &address))
        return FIRTH_ERR_ARGUMENT;
    (void)firth_address_unmap(&address);
    if (control != NULL &&
        (control->hop_limit < -1 || control->hop_limit > 255 || control->ecn < -1 || control->ecn > FIRTH_ECN_CE))
        return FIRTH_ERR_ARGUMENT;
    if ((address.family == FIRTH_FAMILY_IPV4 && !takes_ipv4(socket)) || !fth_lwip_address_to(to, &address))
        return FIRTH_ERR_NETWORK_UNREACHABLE;
    if (is_everybody(&address) && socket->values[FTH_LWIP_BROADCAST] == 0)
        return FIRTH_ERR_PERMISSION;
    *port = address.port;
    return datagram->size > (address.family == FIRTH_FAMILY_IPV4 ? LARGEST_IPV4 : LARGEST_IPV6) ? FIRTH_ERR_TOO_LONG
                                                                                                : FIRTH_OK;
}

/* The interface that the control or, for a group, the socket names, or that of lwIP's routes. */
static int choose_netif(const fth_lwip_socket *socket, const ip_addr_t *to, const firth_datagram_control *control,
                        struct netif **netif)
{
    uint32_t index = ip_addr_ismulticast(to) ? socket->values[FTH_LWIP_MULTICAST_INTERFACE] : 0;

    if (control != NULL && control->interface_index != 0)
        index = control->interface_index;
    if (index == 0) {
        *netif = ip_route(&socket->udp->local_ip, to);
        return *netif != NULL ? FIRTH_OK : FIRTH_ERR_NETWORK_UNREACHABLE;
    }
    *netif = index <= UINT8_MAX ? netif_get_by_index((u8_t)index) : NULL;
    return *netif != NULL ? FIRTH_OK : FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
}

/* lwIP's own, which brings everything back by itself. */
static bool is_loopback(const struct netif *netif)
{
    return netif->name[0] == 'l' && netif->name[1] == 'o';
}

static int send_by(fth_lwip_socket *socket, struct pbuf *bytes, const ip_addr_t *to, u16_t port,
                   const firth_datagram_control *control)
{
    struct udp_pcb *pcb = socket->udp;
    struct netif *netif;
    ip_addr_t from;
    err_t err;
    int rc = choose_netif(socket, to, control, &netif);

    if (rc < 0)
        return rc;
    if (is_loopback(netif))
        udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
    if (control != NULL && control->local.family != FIRTH_FAMILY_NONE) {
        if (is_foreign(socket, &control->local) || !fth_lwip_address_to(&from, &control->local) ||
            IP_IS_V6(&from) != IP_IS_V6(to))
            return FIRTH_ERR_ARGUMENT;
        if (!fth_lwip_is_ours(&from))
            return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
        err = udp_sendto_if_src(pcb, bytes, to, port, netif, &from);
    } else {
        err = udp_sendto_if(pcb, bytes, to, port, netif);
    }
    if (err == ERR_VAL) /* all else was checked: a broadcast */
        return FIRTH_ERR_PERMISSION;
    return err == ERR_OK ? FIRTH_OK : fth_lwip_fail(err, "udp_sendto");
}

/* The control's hop limit and ECN are the socket's for as long as the datagram is sent. */
static int send_as(fth_lwip_socket *socket, struct pbuf *bytes, const ip_addr_t *to, u16_t port,
                   const firth_datagram_control *control)
{
    struct udp_pcb *pcb = socket->udp;
    u8_t ttl = pcb->ttl, mcast_ttl = udp_get_multicast_ttl(pcb), tos = pcb->tos, flags = pcb->flags;
    int rc;

    if (control != NULL && control->hop_limit >= 0) {
        pcb->ttl = (u8_t)control->hop_limit;
        udp_set_multicast_ttl(pcb, (u8_t)control->hop_limit);
    }
    if (control != NULL && control->ecn >= 0)
        pcb->tos = (u8_t)((tos & ~FIRTH_ECN_CE) | control->ecn);
    rc = send_by(socket, bytes, to, port, control);
    pcb->flags = flags;
    pcb->ttl = ttl;
    udp_set_multicast_ttl(pcb, mcast_ttl);
    pcb->tos = tos;
    return rc;
}

static int send_one(fth_lwip_socket *socket, const firth_datagram *datagram)
{
    struct pbuf *bytes;
    ip_addr_t to;
    u16_t port;
    int rc = check(socket, datagram, &to, &port);

    if (rc >= 0 && socket->udp->local_port == 0)
        rc = fth_lwip_bind_any(socket);
    if (rc < 0)
        return rc;
    bytes = pbuf_alloc(PBUF_TRANSPORT, (u16_t)datagram->size, PBUF_RAM);
    if (bytes == NULL)
        return FIRTH_ERR_NO_BUFFERS;
    if (datagram->size > 0)
        (void)pbuf_take(bytes, datagram->bytes, (u16_t)datagram->size);
    rc = send_as(socket, bytes, &to, port, datagram->control);
    (void)pbuf_free(bytes);
    return rc;
}

int64_t fth_lwip_send_datagrams(fth_lwip_socket *socket, const firth_datagram *datagrams, unsigned count)
{
    unsigned n = 0;
    int rc = FIRTH_OK;

    while (n < count && (rc = send_one(socket, &datagrams[n])) >= 0)
        n++;
    return n > 0 ? (int64_t)n : rc;
}

/* ---- opening, connecting, closing -------------------------------------------------------------------------------- */

int fth_lwip_datagram_open(firth_io *io, firth_family family)
{
    int rc;
    fth_lwip_socket *socket = fth_lwip_socket_make(io, family, &rc);

    if (socket == NULL)
        return rc;
    socket->udp = udp_new_ip_type(family == FIRTH_FAMILY_IPV6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
    if (socket->udp == NULL) {
        fth_lwip_socket_free(socket);
        return firth_fail(FIRTH_ERR_TOO_MANY_OPEN, 0, "udp_new");
    }
    socket->stage = FTH_LWIP_DATAGRAMS;
    udp_recv(socket->udp, on_datagram, socket);
    fth_lwip_options_start(socket);
    fth_lwip_give_to(socket, io);
    return FIRTH_OK;
}

/* As a kernel does, the address that packets to the peer leave from is the socket's from now on. */
int fth_lwip_datagram_connect(fth_lwip_socket *socket, const firth_address *address)
{
    const ip_addr_t *local;
    struct netif *netif;
    ip_addr_t peer;
    err_t err;

    if (!fth_lwip_address_to(&peer, address) || (!IP_IS_V6(&peer) && !takes_ipv4(socket)) ||
        (IP_IS_V6(&peer) && socket->family == FIRTH_FAMILY_IPV4))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "udp_connect");
    netif = ip_route(&socket->udp->local_ip, &peer);
    local = netif != NULL ? ip_netif_get_local_ip(netif, &peer) : NULL;
    if (local == NULL)
        return fth_lwip_fail(ERR_RTE, "udp_connect");
    err = ip_addr_isany(&socket->udp->local_ip) ? udp_bind(socket->udp, local, socket->udp->local_port) : ERR_OK;
    if (err == ERR_OK)
        err = udp_connect(socket->udp, &peer, address->port);
    if (err != ERR_OK)
        return fth_lwip_fail(err, "udp_connect");
    fth_lwip_address_from(&socket->local, &socket->udp->local_ip, socket->udp->local_port);
    socket->peer = *address;
    (void)firth_address_unmap(&socket->peer);
    discard_all(socket); /* of others, before it had a peer */
    return FIRTH_OK;
}

void fth_lwip_datagram_close(fth_lwip_socket *socket)
{
    if (socket->udp == NULL)
        return;
    if (FTH_LWIP_HAS_GROUPS)
        fth_lwip_leave_groups(socket);
    udp_remove(socket->udp);
    socket->udp = NULL;
    discard_all(socket);
}
