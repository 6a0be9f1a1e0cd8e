/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces by if_nameindex(3), getifaddrs(3) and the SIOCGIF… requests of netdevice(7). */
#include <sys/types.h> /* first: headers of the BSDs use its names and do not include it */

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/shared/interfaces.h"

_Static_assert(IF_NAMESIZE <= FIRTH_INTERFACE_NAME_BYTES, "a name fits");

static int code_of(int os_code)
{
    switch (os_code) {
    case ENXIO:
    case ENODEV:
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    case ENOMEM:
    case ENOBUFS:
        return FIRTH_ERR_NO_MEMORY;
    case EMFILE:
    case ENFILE:
        return FIRTH_ERR_TOO_MANY_OPEN;
    default:
        return FIRTH_ERR_SYSTEM;
    }
}

static int fail(int *os_code)
{
    *os_code = errno;
    return code_of(errno);
}

/* ---- one interface ----------------------------------------------------------------------------------------------- */

#ifdef SOCK_CLOEXEC
enum { ANY_SOCKET_FLAGS = SOCK_CLOEXEC };
#else
enum { ANY_SOCKET_FLAGS = 0 }; /* macOS */
#endif

/* The requests may be made by any socket, and a system need not have every family. */
static int open_any_socket(void)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM | ANY_SOCKET_FLAGS, 0);

    if (descriptor < 0)
        descriptor = socket(AF_INET6, SOCK_DGRAM | ANY_SOCKET_FLAGS, 0);
    if (ANY_SOCKET_FLAGS == 0 && descriptor >= 0)
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

static uint32_t flags_of(unsigned native)
{
    static const struct {
        unsigned native;
        uint32_t flag;
    } flags[] = {
        {IFF_UP, FIRTH_INTERFACE_UP},
        {IFF_RUNNING, FIRTH_INTERFACE_RUNNING},
        {IFF_LOOPBACK, FIRTH_INTERFACE_LOOPBACK},
        {IFF_BROADCAST, FIRTH_INTERFACE_BROADCAST},
        {IFF_POINTOPOINT, FIRTH_INTERFACE_POINT_TO_POINT},
        {IFF_MULTICAST, FIRTH_INTERFACE_MULTICAST},
    };
    uint32_t found = 0;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if ((native & flags[i].native) != 0)
            found |= flags[i].flag;
    return found;
}

/* 0 or an errno. */
static int describe(int descriptor, const char *name, unsigned index, firth_interface *interface)
{
    struct ifreq request;

    memset(interface, 0, sizeof *interface);
    memset(&request, 0, sizeof request);
    memcpy(interface->name, name, strlen(name));
    memcpy(request.ifr_name, name, strlen(name));
    interface->index = index;
    if (ioctl(descriptor, SIOCGIFFLAGS, &request) != 0)
        return errno;
    interface->flags = flags_of((unsigned short)request.ifr_flags);
    if (ioctl(descriptor, SIOCGIFMTU, &request) != 0)
        return errno;
    interface->mtu_bytes = (uint32_t)request.ifr_mtu;
    return 0;
}

/* The system takes other names too, of an address's label and alternative ones: *found has the main one. */
int firth_port_interface_find(const char *name, uint32_t index, firth_interface *found, int *os_code)
{
    char text[IF_NAMESIZE];
    int descriptor;

    if (name != NULL && (index = if_nametoindex(name)) == 0)
        return fail(os_code);
    if (if_indextoname(index, text) == NULL)
        return fail(os_code);
    descriptor = open_any_socket();
    if (descriptor < 0)
        return fail(os_code);
    *os_code = describe(descriptor, text, index, found);
    (void)close(descriptor);
    return *os_code != 0 ? code_of(*os_code) : FIRTH_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

int firth_port_interfaces(firth_interface *interfaces, size_t capacity, int *os_code)
{
    struct if_nameindex *names = if_nameindex();
    int descriptor, count = 0;

    *os_code = 0;
    if (names == NULL)
        return fail(os_code);
    descriptor = open_any_socket();
    if (descriptor < 0)
        *os_code = errno;
    for (size_t i = 0; *os_code == 0 && names[i].if_index != 0; i++) {
        firth_interface one;
        int error = describe(descriptor, names[i].if_name, names[i].if_index, &one);

        if (error == 0)
            fth_interfaces_insert(interfaces, capacity, (size_t)count++, &one);
        else if (code_of(error) != FIRTH_ERR_ADDRESS_NOT_AVAILABLE) /* it went meanwhile */
            *os_code = error;
    }
    if (descriptor >= 0)
        (void)close(descriptor);
    if_freenameindex(names);
    return *os_code != 0 ? code_of(*os_code) : count;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* An entry may have an IPv4 address's label, which begins with the name: "eth0:1" (ip-address(8)). A name has no colon.
 * Test: an_address_with_a_label_is_its_interfaces. */
static bool is_of(const struct ifaddrs *entry, const char *name)
{
    size_t size = strlen(name);

    return strncmp(entry->ifa_name, name, size) == 0 && (entry->ifa_name[size] == '\0' || entry->ifa_name[size] == ':');
}

static uint8_t bits_in(const uint8_t *mask, size_t size)
{
    uint8_t bits = 0;

    while (bits < size * 8 && (mask[bits / 8] & 0x80 >> bits % 8) != 0)
        bits++;
    return bits;
}

/* A system may leave the mask's family and the zeros behind its last byte out: where addresses have a length (RFC 3493
 * §3.4), no more is read. */
static void read_mask(void *mask, size_t size, const struct sockaddr *from)
{
#ifdef SIN6_LEN
    memset(mask, 0, size);
    if (size > from->sa_len)
        size = from->sa_len;
#endif
    memcpy(mask, from, size);
}

static void read_ipv4(firth_subnet *subnet, const struct ifaddrs *entry)
{
    struct sockaddr_in address, mask;

    memcpy(&address, entry->ifa_addr, sizeof address);
    subnet->address.family = FIRTH_FAMILY_IPV4;
    memcpy(subnet->address.ip, &address.sin_addr, 4);
    subnet->prefix_bits = 32;
    if (entry->ifa_netmask == NULL)
        return;
    read_mask(&mask, sizeof mask, entry->ifa_netmask);
    subnet->prefix_bits = bits_in((const uint8_t *)&mask.sin_addr, 4);
}

#ifdef SIN6_LEN
/* The kernels of the KAME family keep a link-local address's interface in its second word, and some show it (OpenBSD). */
static void take_scope(firth_address *address)
{
    if (address->ip[0] != 0xfe || (address->ip[1] & 0xc0) != 0x80)
        return;
    if (address->scope_id == 0)
        address->scope_id = (uint32_t)address->ip[2] << 8 | address->ip[3];
    address->ip[2] = address->ip[3] = 0;
}
#endif

static void read_ipv6(firth_subnet *subnet, const struct ifaddrs *entry)
{
    struct sockaddr_in6 address, mask;

    memcpy(&address, entry->ifa_addr, sizeof address);
    subnet->address.family = FIRTH_FAMILY_IPV6;
    subnet->address.scope_id = address.sin6_scope_id;
    memcpy(subnet->address.ip, &address.sin6_addr, 16);
    subnet->prefix_bits = 128;
#ifdef SIN6_LEN
    take_scope(&subnet->address);
#endif
    if (entry->ifa_netmask == NULL)
        return;
    read_mask(&mask, sizeof mask, entry->ifa_netmask);
    subnet->prefix_bits = bits_in((const uint8_t *)&mask.sin6_addr, 16);
}

static bool read_entry(firth_subnet *subnet, const struct ifaddrs *entry)
{
    memset(subnet, 0, sizeof *subnet);
    if (entry->ifa_addr == NULL)
        return false;
    if (entry->ifa_addr->sa_family == AF_INET)
        read_ipv4(subnet, entry);
    else if (entry->ifa_addr->sa_family == AF_INET6)
        read_ipv6(subnet, entry);
    return subnet->address.family != FIRTH_FAMILY_NONE;
}

int firth_port_interface_addresses(uint32_t index, firth_subnet *addresses, size_t capacity, int *os_code)
{
    char name[IF_NAMESIZE];
    struct ifaddrs *list;
    int count = 0;

    *os_code = 0;
    if (if_indextoname(index, name) == NULL || getifaddrs(&list) != 0)
        return fail(os_code);
    for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
        firth_subnet one;

        if (!is_of(entry, name) || !read_entry(&one, entry))
            continue;
        if ((size_t)count < capacity)
            addresses[count] = one;
        count++;
    }
    freeifaddrs(list);
    return count;
}
