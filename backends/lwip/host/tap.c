/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's TAP devices, as Documentation/networking/tuntap.rst has them. */
#include "backends/lwip/host/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h> /* SSIZE_MAX, or lwIP defines ssize_t */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include <firth/backend.h>
#include <firth/lwip.h>
#include <firth/port.h>

#include <lwip/opt.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/netif.h>

/* Longest frame without its checksum, with a VLAN's tag; how many are taken in a turn. */
enum { FRAME_BYTES = 1518, MTU_BYTES = 1500, TURN_FRAMES = 64, TEXT_BYTES = 256 };

static const char step[] = "FIRTH_LWIP_TAP";

static bool tap_take(firth_lwip_driver *self);

static struct netif netif;
static firth_lwip_driver driver = {.poll = tap_take, .descriptor = -1};

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Without a pbuf the frame is lost, as it would be in a controller. A device that is gone has no more of them. */
static bool tap_take(firth_lwip_driver *self)
{
    uint8_t frame[FRAME_BYTES];
    int count = 0;

    while (count < TURN_FRAMES && self->descriptor >= 0) {
        ssize_t size = read((int)self->descriptor, frame, sizeof frame);
        struct pbuf *bytes;

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0 && errno != EAGAIN) {
            (void)close((int)self->descriptor);
            self->descriptor = -1;
            netif_set_link_down(&netif);
        }
        if (size <= 0)
            return false;
        count++;
        bytes = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_POOL);
        if (bytes != NULL && (pbuf_take(bytes, frame, (u16_t)size) != ERR_OK || netif.input(bytes, &netif) != ERR_OK))
            (void)pbuf_free(bytes);
    }
    return count == TURN_FRAMES;
}

static err_t send_frame(struct netif *to, struct pbuf *bytes)
{
    uint8_t frame[FRAME_BYTES];
    ssize_t n;

    (void)to;
    if (bytes->tot_len > sizeof frame)
        return ERR_BUF;
    (void)pbuf_copy_partial(bytes, frame, bytes->tot_len, 0);
    do
        n = write((int)driver.descriptor, frame, bytes->tot_len);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)bytes->tot_len ? ERR_OK : ERR_IF;
}

/* ---- the device -------------------------------------------------------------------------------------------------- */

static int fail(const char *call)
{
    int os_code = errno;
    bool is_forbidden = os_code == EPERM || os_code == EACCES;
    bool is_missing = os_code == ENOENT || os_code == ENXIO || os_code == ENODEV;

    if (is_forbidden)
        return firth_fail(FIRTH_ERR_PERMISSION, os_code, call);
    return firth_fail(is_missing ? FIRTH_ERR_NOT_SUPPORTED : FIRTH_ERR_SYSTEM, os_code, call);
}

static int open_device(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int descriptor, rc;

    if (strlen(name) >= sizeof request.ifr_name)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, step);
    memcpy(request.ifr_name, name, strlen(name) + 1);
    descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return fail("open /dev/net/tun");
    if (ioctl(descriptor, TUNSETIFF, &request) != 0) {
        rc = fail("TUNSETIFF");
        (void)close(descriptor);
        return rc;
    }
    driver.descriptor = descriptor;
    return FIRTH_OK;
}

/* ---- the interface ----------------------------------------------------------------------------------------------- */

/* A hardware address of its own for each program: locally administered, for one station (IEEE 802). */
static err_t start(struct netif *self)
{
    self->name[0] = 't';
    self->name[1] = 'p';
    self->mtu = MTU_BYTES;
    self->hwaddr_len = ETH_HWADDR_LEN;
    (void)firth_port_entropy(self->hwaddr, ETH_HWADDR_LEN);
    self->hwaddr[0] = (u8_t)((self->hwaddr[0] | 2) & ~1);
    self->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    self->output = etharp_output;
    self->output_ip6 = ethip6_output;
    self->linkoutput = send_frame;
    return ERR_OK;
}

/* Who names an address knows that nobody else has it, so it need not be asked for first (RFC 4862 §5.4). */
static bool add_ipv6(const char *text)
{
    ip6_addr_t ip;
    s8_t at;

    if (!ip6addr_aton(text, &ip))
        return false;
    ip6_addr_assign_zone(&ip, IP6_UNICAST, &netif);
    if (netif_add_ip6_address(&netif, &ip, &at) != ERR_OK || at < 0)
        return false;
    netif_ip6_addr_set_state(&netif, at, IP6_ADDR_PREFERRED);
    return true;
}

/* "10.9.8.2/24" */
static bool set_ipv4(char *text)
{
    char *slash = strchr(text, '/'), *end = text;
    long bits = slash != NULL ? strtol(slash + 1, &end, 10) : 0;
    ip4_addr_t ip, mask;

    if (slash == NULL || end == slash + 1 || *end != '\0' || bits < 1 || bits > 32)
        return false;
    *slash = '\0';
    if (!ip4addr_aton(text, &ip))
        return false;
    mask.addr = lwip_htonl(UINT32_MAX << (32 - bits));
    netif_set_addr(&netif, &ip, &mask, netif_ip4_gw(&netif));
    return true;
}

static bool set_router(const char *text)
{
    ip4_addr_t ip;

    if (!ip4addr_aton(text, &ip))
        return false;
    netif_set_gw(&netif, &ip);
    return true;
}

static bool set(char *word)
{
    static const char router[] = "router=";

    if (strncmp(word, router, sizeof router - 1) == 0)
        return set_router(word + sizeof router - 1);
    return strchr(word, ':') != NULL ? add_ipv6(word) : set_ipv4(word);
}

static void add(void)
{
    (void)netif_add_noaddr(&netif, NULL, start, netif_input);
    netif_create_ip6_linklocal_address(&netif, 1);
    netif_ip6_addr_set_state(&netif, 0, IP6_ADDR_PREFERRED);
    netif_set_default(&netif);
    netif_set_link_up(&netif);
    netif_set_up(&netif);
    firth_lwip_driver_add(&driver);
}

int fth_lwip_tap_open(const char *text)
{
    char words[TEXT_BYTES], *rest = NULL, *word;
    int rc;

    if (strlen(text) >= sizeof words)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, step);
    memcpy(words, text, strlen(text) + 1);
    word = strtok_r(words, " ", &rest);
    rc = word != NULL ? open_device(word) : firth_fail(FIRTH_ERR_ARGUMENT, 0, step);
    if (rc < 0)
        return rc;
    add();
    while ((word = strtok_r(NULL, " ", &rest)) != NULL)
        if (!set(word)) {
            fth_lwip_tap_close();
            return firth_fail(FIRTH_ERR_ARGUMENT, 0, step);
        }
    return FIRTH_OK;
}

void fth_lwip_tap_close(void)
{
    if (netif.input == NULL)
        return;
    firth_lwip_driver_remove(&driver);
    netif_remove(&netif);
    memset(&netif, 0, sizeof netif);
    if (driver.descriptor >= 0)
        (void)close((int)driver.descriptor);
    driver.descriptor = -1;
}
