/* SPDX-License-Identifier: Apache-2.0 */
/* The network interfaces of this machine, as the system has them at the moment of the call: they come and go. Scope ids of
 * link-local addresses and the choice of an interface for multicast are their indices.
 * Every call here may be made on any thread, and none suspends. In the simulator too they are the machine's own. */
#ifndef FIRTH_INTERFACE_H
#define FIRTH_INTERFACE_H

#include <firth/address.h>

/* Room for the longest name with its NUL. */
enum { FIRTH_INTERFACE_NAME_BYTES = 64 };

typedef enum firth_interface_flag {
    FIRTH_INTERFACE_UP = 1u << 0,       /* it was switched on */
    FIRTH_INTERFACE_RUNNING = 1u << 1,  /* it can carry packets: the cable is in, the station is associated */
    FIRTH_INTERFACE_LOOPBACK = 1u << 2, /* to this machine itself */
    FIRTH_INTERFACE_BROADCAST = 1u << 3,
    FIRTH_INTERFACE_POINT_TO_POINT = 1u << 4, /* one peer at the other end */
    FIRTH_INTERFACE_MULTICAST = 1u << 5
} firth_interface_flag;

typedef struct firth_interface {
    char name[FIRTH_INTERFACE_NAME_BYTES]; /* as the system's tools call it: "eth0" */
    uint32_t index;                        /* the system's number of it, never 0 */
    uint32_t flags;                        /* firth_interface_flag bits */
    uint32_t mtu_bytes;                    /* the longest packet, IP header included; 0: the system does not tell */
} firth_interface;

FIRTH_BEGIN_DECLS

/* Stores the interfaces, at most capacity of them, by rising index. Returns how many there are, which may be more than
 * capacity; FIRTH_ERR_NO_MEMORY; FIRTH_ERR_TOO_MANY_OPEN; FIRTH_ERR_NOT_SUPPORTED; FIRTH_ERR_SYSTEM. */
FIRTH_API FIRTH_NODISCARD int firth_interfaces(firth_interface *interfaces, size_t capacity);

/* Stores the addresses of an interface with the length of their prefix, "192.0.2.7/24", at most capacity of them; port 0,
 * the scope id of link-local ones set. Returns how many there are, which may be more than capacity;
 * FIRTH_ERR_ADDRESS_NOT_AVAILABLE when there is no such interface; as firth_interfaces. */
FIRTH_API FIRTH_NODISCARD int firth_interface_addresses(uint32_t index, firth_subnet *addresses, size_t capacity);

/* Fills *found with the interface of that name. Returns FIRTH_OK; FIRTH_ERR_ADDRESS_NOT_AVAILABLE when there is none; as
 * firth_interfaces. */
FIRTH_API FIRTH_NODISCARD int firth_interface_by_name(const char *name, firth_interface *found);

/* The same for an index. */
FIRTH_API FIRTH_NODISCARD int firth_interface_by_index(uint32_t index, firth_interface *found);

FIRTH_END_DECLS

#endif
