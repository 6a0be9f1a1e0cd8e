/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces by GetAdaptersAddresses. */
#include <winsock2.h>

#include <iphlpapi.h>
#include <ws2tcpip.h>

#include <string.h>

#include "ports/shared/interfaces.h"
#include "ports/windows/wide.h"

static int code_of(ULONG error)
{
    switch (error) {
    case ERROR_NO_DATA:
    case ERROR_FILE_NOT_FOUND:
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
        return FIRTH_ERR_NO_MEMORY;
    case ERROR_NOT_SUPPORTED:
        return FIRTH_ERR_NOT_SUPPORTED;
    default:
        return FIRTH_ERR_SYSTEM;
    }
}

static int fail(ULONG error, int *os_code)
{
    *os_code = (int)error;
    return code_of(error);
}

/* All there are with their addresses, to be released with firth_port_release; NULL with *error 0 when there are none. They
 * may become more between the two calls. */
static IP_ADAPTER_ADDRESSES *list_all(ULONG *error)
{
    const ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    IP_ADAPTER_ADDRESSES *list = NULL;
    ULONG bytes = 16 * 1024; /* what the documentation advises */
    int tries;

    for (tries = 0; tries < 8; tries++) {
        list = firth_port_allocate(bytes);
        *error = list != NULL ? GetAdaptersAddresses(AF_UNSPEC, flags, NULL, list, &bytes) : ERROR_NOT_ENOUGH_MEMORY;
        if (*error == NO_ERROR)
            return list;
        firth_port_release(list);
        if (*error != ERROR_BUFFER_OVERFLOW)
            break;
    }
    if (*error == ERROR_NO_DATA)
        *error = NO_ERROR;
    return NULL;
}

/* One that has IPv6 alone has no index of IPv4's. */
static uint32_t index_of(const IP_ADAPTER_ADDRESSES *adapter)
{
    return adapter->IfIndex != 0 ? adapter->IfIndex : adapter->Ipv6IfIndex;
}

/* ---- one interface ----------------------------------------------------------------------------------------------- */

static uint32_t flags_of(const IP_ADAPTER_ADDRESSES *adapter)
{
    uint32_t flags = 0;

    if (adapter->OperStatus == IfOperStatusUp)
        flags |= FIRTH_INTERFACE_UP | FIRTH_INTERFACE_RUNNING;
    else if (adapter->OperStatus == IfOperStatusDormant || adapter->OperStatus == IfOperStatusLowerLayerDown)
        flags |= FIRTH_INTERFACE_UP;
    if (adapter->IfType == IF_TYPE_SOFTWARE_LOOPBACK)
        flags |= FIRTH_INTERFACE_LOOPBACK;
    else if (adapter->IfType == IF_TYPE_PPP || adapter->IfType == IF_TYPE_TUNNEL)
        flags |= FIRTH_INTERFACE_POINT_TO_POINT;
    else
        flags |= FIRTH_INTERFACE_BROADCAST;
    if ((adapter->Flags & IP_ADAPTER_NO_MULTICAST) == 0)
        flags |= FIRTH_INTERFACE_MULTICAST;
    return flags;
}

/* The name people gave it, "Ethernet 2", as the system's tools show it; what does not fit ends at a whole character. */
static void describe(const IP_ADAPTER_ADDRESSES *adapter, firth_interface *to)
{
    char *name = fth_narrow_of(adapter->FriendlyName);
    size_t size = name != NULL ? strlen(name) : 0;

    memset(to, 0, sizeof *to);
    if (size >= FIRTH_INTERFACE_NAME_BYTES)
        for (size = FIRTH_INTERFACE_NAME_BYTES - 1; size > 0 && ((unsigned char)name[size] & 0xc0) == 0x80; size--)
            ;
    if (size > 0)
        memcpy(to->name, name, size);
    firth_port_release(name);
    to->index = index_of(adapter);
    to->flags = flags_of(adapter);
    to->mtu_bytes = adapter->Mtu != UINT32_MAX ? adapter->Mtu : 0; /* loopback has none */
}

int firth_port_interface_find(const char *name, uint32_t index, firth_interface *found, int *os_code)
{
    ULONG error;
    IP_ADAPTER_ADDRESSES *list = list_all(&error);
    int rc = FIRTH_ERR_ADDRESS_NOT_AVAILABLE;

    *os_code = 0;
    if (error != NO_ERROR)
        return fail(error, os_code);
    for (const IP_ADAPTER_ADDRESSES *one = list; one != NULL && rc < 0; one = one->Next) {
        describe(one, found);
        if (name != NULL ? strcmp(found->name, name) == 0 : found->index == index)
            rc = FIRTH_OK;
    }
    firth_port_release(list);
    return rc;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

int firth_port_interfaces(firth_interface *interfaces, size_t capacity, int *os_code)
{
    ULONG error;
    IP_ADAPTER_ADDRESSES *list = list_all(&error);
    int count = 0;

    *os_code = 0;
    if (error != NO_ERROR)
        return fail(error, os_code);
    for (const IP_ADAPTER_ADDRESSES *adapter = list; adapter != NULL; adapter = adapter->Next) {
        firth_interface one;

        describe(adapter, &one);
        fth_interfaces_insert(interfaces, capacity, (size_t)count++, &one);
    }
    firth_port_release(list);
    return count;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool read_address(firth_subnet *subnet, const IP_ADAPTER_UNICAST_ADDRESS *from)
{
    const struct sockaddr *any = from->Address.lpSockaddr;

    memset(subnet, 0, sizeof *subnet);
    subnet->prefix_bits = from->OnLinkPrefixLength;
    if (any->sa_family == AF_INET) {
        struct sockaddr_in ipv4;

        memcpy(&ipv4, any, sizeof ipv4);
        subnet->address.family = FIRTH_FAMILY_IPV4;
        memcpy(subnet->address.ip, &ipv4.sin_addr, 4);
    } else if (any->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;

        memcpy(&ipv6, any, sizeof ipv6);
        subnet->address.family = FIRTH_FAMILY_IPV6;
        subnet->address.scope_id = ipv6.sin6_scope_id;
        memcpy(subnet->address.ip, &ipv6.sin6_addr, 16);
    }
    return subnet->address.family != FIRTH_FAMILY_NONE;
}

int firth_port_interface_addresses(uint32_t index, firth_subnet *addresses, size_t capacity, int *os_code)
{
    ULONG error;
    IP_ADAPTER_ADDRESSES *list = list_all(&error);
    const IP_ADAPTER_ADDRESSES *adapter = list;
    int count = 0;

    *os_code = 0;
    if (error != NO_ERROR)
        return fail(error, os_code);
    while (adapter != NULL && index_of(adapter) != index)
        adapter = adapter->Next;
    if (adapter == NULL) {
        firth_port_release(list);
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    }
    for (const IP_ADAPTER_UNICAST_ADDRESS *from = adapter->FirstUnicastAddress; from != NULL; from = from->Next) {
        firth_subnet one;

        if (!read_address(&one, from))
            continue;
        if ((size_t)count < capacity)
            addresses[count] = one;
        count++;
    }
    firth_port_release(list);
    return count;
}
