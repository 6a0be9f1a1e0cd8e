/* SPDX-License-Identifier: Apache-2.0 */
#include <winsock2.h>

#include <mswsock.h>
#include <ws2tcpip.h>

#include "tests/udp/faults.h"

#include <stdio.h>

#ifndef IP_MTU
#define IP_MTU 73
#endif

enum { ARRIVAL_MS = 2000 };

static const char group[] = "239.192.7.9";

static struct sockaddr_in address_of(const char *ip, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((u_short)port)};

    address.sin_addr.s_addr = inet_addr(ip);
    return address;
}

/* Shares its port, and sends to groups by the loopback. INVALID_SOCKET when it cannot be bound. */
static SOCKET open_on(const char *ip, int port)
{
    struct sockaddr_in address = address_of(ip, port);
    const struct in_addr loopback = address_of("127.0.0.1", 0).sin_addr;
    const BOOL on = TRUE;
    SOCKET made = WSASocketW(AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0, WSA_FLAG_OVERLAPPED);

    (void)setsockopt(made, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof on);
    (void)setsockopt(made, IPPROTO_IP, IP_MULTICAST_IF, (const char *)&loopback, sizeof loopback);
    if (bind(made, (struct sockaddr *)&address, sizeof address) == 0)
        return made;
    (void)closesocket(made);
    return INVALID_SOCKET;
}

static int port_of(SOCKET of)
{
    struct sockaddr_in address = {0};
    int size = sizeof address;

    (void)getsockname(of, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

static int join(SOCKET member, const char *to)
{
    const struct ip_mreq request = {.imr_multiaddr = address_of(to, 0).sin_addr,
                                    .imr_interface = address_of("127.0.0.1", 0).sin_addr};

    return setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, (const char *)&request, sizeof request) == 0
               ? 0
               : WSAGetLastError();
}

/* Whether anything comes, and from where. */
static bool hears(SOCKET receiver, struct sockaddr_in *from)
{
    WSAPOLLFD one = {.fd = receiver, .events = POLLIN};
    int size = sizeof *from;
    char byte;

    memset(from, 0, sizeof *from);
    return WSAPoll(&one, 1, ARRIVAL_MS) == 1 &&
           recvfrom(receiver, &byte, sizeof byte, 0, (struct sockaddr *)from, &size) == 1;
}

static void send_to_group(SOCKET sender, int port)
{
    struct sockaddr_in to = address_of(group, port);

    (void)sendto(sender, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

static bool binds_any_address(void)
{
    SOCKET made = open_on("192.0.2.1", 0); /* RFC 5737: nobody's */

    (void)closesocket(made);
    return made != INVALID_SOCKET;
}

/* From 127.9.8.7, says the control data; all of 127.0.0.0/8 is this machine. */
static bool send_with_control(SOCKET sender, const struct sockaddr_in *to)
{
    struct {
        WSACMSGHDR header;
        struct in_pktinfo info;
    } control = {.header = {.cmsg_len = sizeof control, .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO},
                 .info.ipi_addr = address_of("127.9.8.7", 0).sin_addr};
    GUID id = WSAID_WSASENDMSG;
    struct sockaddr_in name = *to;
    WSABUF piece = {.len = 1, .buf = "x"};
    WSAMSG message = {
        .name = (struct sockaddr *)&name, .namelen = sizeof name, .lpBuffers = &piece, .dwBufferCount = 1};
    LPFN_WSASENDMSG send_message = NULL;
    DWORD bytes = 0;

    message.Control = (WSABUF){.len = sizeof control, .buf = (char *)&control};
    return WSAIoctl(sender, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id, (void *)&send_message,
                    sizeof send_message, &bytes, NULL, NULL) == 0 &&
           send_message(sender, &message, 0, &bytes, NULL, NULL) == 0;
}

static bool ignores_control_data(void)
{
    SOCKET receiver = open_on("127.0.0.1", 0), sender = open_on("0.0.0.0", 0);
    const struct sockaddr_in to = address_of("127.0.0.1", port_of(receiver));
    struct sockaddr_in from;
    const bool ignored = send_with_control(sender, &to) && hears(receiver, &from) &&
                         from.sin_addr.s_addr != address_of("127.9.8.7", 0).sin_addr.s_addr;

    (void)closesocket(receiver);
    (void)closesocket(sender);
    return ignored;
}

/* 127.0.0.2 is let in, says the filter, and 127.0.0.1 sends. */
static bool swaps_source_and_interface(void)
{
    const struct ip_mreq_source request = {.imr_multiaddr = address_of(group, 0).sin_addr,
                                           .imr_sourceaddr = address_of("127.0.0.2", 0).sin_addr,
                                           .imr_interface = address_of("127.0.0.1", 0).sin_addr};
    SOCKET member = open_on("0.0.0.0", 0), sender = open_on("127.0.0.1", 0);
    struct sockaddr_in from;
    bool heard;

    (void)setsockopt(member, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, (const char *)&request, sizeof request);
    send_to_group(sender, port_of(member));
    heard = hears(member, &from) && from.sin_addr.s_addr == address_of("127.0.0.1", 0).sin_addr.s_addr;
    (void)closesocket(member);
    (void)closesocket(sender);
    return heard;
}

static bool shares_groups(void)
{
    SOCKET member = open_on("0.0.0.0", 0), other = open_on("0.0.0.0", port_of(member));
    struct sockaddr_in from;
    bool heard;

    (void)join(member, group);
    send_to_group(member, port_of(member));
    heard = hears(other, &from);
    (void)closesocket(member);
    (void)closesocket(other);
    return heard;
}

static bool has_no_sources_of_ipv6(void)
{
    GROUP_SOURCE_REQ request;
    SOCKET made = WSASocketW(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, NULL, 0, WSA_FLAG_OVERLAPPED);
    bool has_none;

    memset(&request, 0, sizeof request); /* which is no request, but what is not known is not looked into */
    has_none = setsockopt(made, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, (const char *)&request, sizeof request) != 0 &&
               WSAGetLastError() == WSAENOPROTOOPT;
    (void)closesocket(made);
    return has_none;
}

static bool one_group_too_many_is_an_argument(void)
{
    SOCKET made = open_on("0.0.0.0", 0);
    int os_code = 0;

    for (int i = 0; i < 250 && os_code == 0; i++) {
        char text[32];

        snprintf(text, sizeof text, "239.194.0.%d", i);
        os_code = join(made, text);
    }
    (void)closesocket(made);
    return os_code == WSAEINVAL;
}

static bool has_no_path_mtu(void)
{
    SOCKET made = open_on("127.0.0.1", 0);
    struct sockaddr_in to = address_of("127.0.0.1", port_of(made));
    int mtu = 0, size = sizeof mtu;
    const bool has_none = connect(made, (struct sockaddr *)&to, sizeof to) == 0 &&
                          getsockopt(made, IPPROTO_IP, IP_MTU, (char *)&mtu, &size) != 0;

    (void)closesocket(made);
    return has_none;
}

/* Whether one is forgotten is a race with Wine's server, so seeing it once tells nothing. */
static bool is_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

static const struct {
    bool (*is_seen)(void);
    const char *what;
} faults[] = {
    [FAULT_BINDS_ANY_ADDRESS] = {binds_any_address,
                                 "Wine binds a datagram socket to 192.0.2.1, an address that no interface has"},
    [FAULT_IGNORES_CONTROL_DATA] = {ignores_control_data,
                                    "Wine's WSASendMsg ignores control data: IP_PKTINFO with 127.9.8.7 for a source "
                                    "comes from another"},
    [FAULT_SWAPS_SOURCE_AND_INTERFACE] = {swaps_source_and_interface,
                                          "Wine hands IP_ADD_SOURCE_MEMBERSHIP to Linux, which has source and "
                                          "interface in the other order: joined to 127.0.0.2's, 127.0.0.1 is heard"},
    [FAULT_SHARES_GROUPS] = {shares_groups, "Wine's sockets hear groups that only others have joined, as Linux's do"},
    [FAULT_HAS_NO_SOURCES_OF_IPV6] = {has_no_sources_of_ipv6, "Wine does not know MCAST_JOIN_SOURCE_GROUP, and IPv6 "
                                                              "has no other"},
    [FAULT_ONE_GROUP_TOO_MANY_IS_AN_ARGUMENT] = {one_group_too_many_is_an_argument,
                                                 "Wine says WSAEINVAL, not WSAENOBUFS, of one group too many"},
    [FAULT_HAS_NO_PATH_MTU] = {has_no_path_mtu, "Wine's getsockopt does not know IP_MTU"},
    [FAULT_FORGETS_REFUSALS] = {is_wine,
                                "Wine's server takes a refusal off a socket that nobody waits on, so the next call "
                                "hears of it at times alone; who waits does: "
                                "suspended_receiver_hears_of_port_unreachable"},
};

const char *fault_seen(system_fault fault)
{
    WSADATA data;
    bool is_seen;

    if (!support_backend_is("iocp") || WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return NULL;
    is_seen = faults[fault].is_seen();
    (void)WSACleanup();
    return is_seen ? faults[fault].what : NULL;
}
