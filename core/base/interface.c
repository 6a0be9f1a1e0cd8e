/* SPDX-License-Identifier: Apache-2.0 */
/* The port's interfaces, with failures noted. */
#include <firth/backend.h>
#include <firth/interface.h>
#include <firth/port.h>
#include <string.h>

int firth_interfaces(firth_interface *interfaces, size_t capacity)
{
    int os_code = 0, rc = firth_port_interfaces(interfaces, capacity, &os_code);

    return rc < 0 ? firth_fail(rc, os_code, "interfaces") : rc;
}

int firth_interface_addresses(uint32_t index, firth_subnet *addresses, size_t capacity)
{
    int os_code = 0, rc = firth_port_interface_addresses(index, addresses, capacity, &os_code);

    return rc < 0 ? firth_fail(rc, os_code, "addresses of the interface") : rc;
}

static int find(const char *name, uint32_t index, firth_interface *found)
{
    int os_code = 0, rc;

    memset(found, 0, sizeof *found);
    rc = firth_port_interface_find(name, index, found, &os_code);
    return rc < 0 ? firth_fail(rc, os_code, "interface") : FIRTH_OK;
}

int firth_interface_by_name(const char *name, firth_interface *found)
{
    return find(name != NULL ? name : "", 0, found);
}

int firth_interface_by_index(uint32_t index, firth_interface *found)
{
    return find(NULL, index, found);
}
