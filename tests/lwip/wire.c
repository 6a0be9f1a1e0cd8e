/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lwip/wire.h"

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/lwip/lock.h"

/* A frame of Ethernet without its checksum; how many a driver takes in its turn; what a socket holds. */
enum { FRAME_BYTES = 1514, TURN_FRAMES = 32, SOCKET_BYTES = 1024 * 1024, PER_MILLE = 1000 };

struct wire_frame {
    wire_frame *next;
    uint32_t at_ms;
    size_t size;
    uint8_t bytes[FRAME_BYTES];
};

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* A cable has no room for a frame that the other end does not take: it is lost. */
static void leave(wire *cable, const wire_frame *frame)
{
    if (send((int)cable->driver.descriptor, frame->bytes, frame->size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
        (ssize_t)frame->size)
        cable->sent++;
    else
        cable->lost++;
}

static void leave_those_due(void *argument);

static void set_timer(wire *cable)
{
    int32_t left_ms;

    sys_untimeout(leave_those_due, cable);
    if (cable->held == NULL)
        return;
    left_ms = (int32_t)(cable->held->at_ms - sys_now());
    sys_timeout(left_ms > 0 ? (u32_t)left_ms : 0, leave_those_due, cable);
}

static void leave_those_due(void *argument)
{
    wire *cable = argument;

    while (cable->held != NULL && (int32_t)(cable->held->at_ms - sys_now()) <= 0) {
        wire_frame *frame = cable->held;

        cable->held = frame->next;
        leave(cable, frame);
        free(frame);
    }
    set_timer(cable);
}

/* In its place among those that wait, behind those of the same time. */
static void hold(wire *cable, wire_frame *frame)
{
    wire_frame **link = &cable->held;

    while (*link != NULL && (int32_t)((*link)->at_ms - frame->at_ms) <= 0)
        link = &(*link)->next;
    cable->late++;
    cable->overtaking += *link != NULL;
    frame->next = *link;
    *link = frame;
    set_timer(cable);
}

static bool happens(wire *cable, unsigned per_mille)
{
    return per_mille > 0 && support_random_below(&cable->random, PER_MILLE) < per_mille;
}

static err_t send_frame(struct netif *netif, struct pbuf *bytes)
{
    wire *cable = netif->state;
    wire_frame *frame;
    uint32_t late_ms = cable->faults.delay_ms;

    if (happens(cable, cable->faults.loss)) {
        cable->lost++;
        return ERR_OK;
    }
    frame = bytes->tot_len <= FRAME_BYTES ? malloc(sizeof *frame) : NULL;
    if (frame == NULL)
        return ERR_MEM;
    frame->size = pbuf_copy_partial(bytes, frame->bytes, bytes->tot_len, 0);
    if (happens(cable, cable->faults.reordering))
        late_ms += cable->faults.hold_ms;
    frame->at_ms = sys_now() + late_ms;
    if (late_ms > 0 || cable->held != NULL) {
        hold(cable, frame);
        return ERR_OK;
    }
    leave(cable, frame);
    free(frame);
    return ERR_OK;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

/* What is at the end of an unplugged cable nobody hears. */
static void take(wire *cable, const uint8_t *frame, size_t size)
{
    struct pbuf *bytes;

    if (!netif_is_link_up(&cable->netif))
        return;
    bytes = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_POOL);
    if (bytes == NULL) {
        cable->refused++;
        return;
    }
    cable->received++;
    (void)pbuf_take(bytes, frame, (u16_t)size);
    if (cable->netif.input(bytes, &cable->netif) != ERR_OK)
        (void)pbuf_free(bytes);
}

static bool take_frames(firth_lwip_driver *driver)
{
    wire *cable = driver->argument;
    uint8_t frame[FRAME_BYTES];
    ssize_t size = 0;
    int count = 0;

    for (; count < TURN_FRAMES && (size = recv((int)driver->descriptor, frame, sizeof frame, MSG_DONTWAIT)) > 0;
         count++)
        take(cable, frame, (size_t)size);
    if (size == 0) {
        cable->is_over = true;
        firth_lwip_driver_remove(driver);
    }
    return count == TURN_FRAMES;
}

/* ---- the interface ----------------------------------------------------------------------------------------------- */

static err_t start(struct netif *netif)
{
    netif->name[0] = 'w';
    netif->name[1] = 'i';
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = send_frame;
    return ERR_OK;
}

/* At once its own: what makes sure that nobody else has it takes a second (RFC 4862 §5.4). */
static void add_ipv6(struct netif *netif, const char *prefix, unsigned number, s8_t at)
{
    char text[40];
    ip_addr_t address;

    (void)snprintf(text, sizeof text, "%s%x", prefix, number);
    (void)ipaddr_aton(text, &address);
    ip6_addr_assign_zone(ip_2_ip6(&address), IP6_UNICAST, netif);
    netif_ip6_addr_set(netif, at, ip_2_ip6(&address));
    netif_ip6_addr_set_state(netif, at, IP6_ADDR_PREFERRED);
}

static void add(wire *cable, unsigned number)
{
    ip4_addr_t address, mask, router;

    IP4_ADDR(&address, 10, 0, 0, (u8_t)number);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&router, 10, 0, 0, 254);
    memcpy(cable->netif.hwaddr, (const uint8_t[]){2, 0, 0, 0, 0, (uint8_t)number}, ETH_HWADDR_LEN);
    (void)netif_add(&cable->netif, &address, &mask, &router, cable, start, netif_input);
    add_ipv6(&cable->netif, "fe80::", number, 0);
    add_ipv6(&cable->netif, "fd00::", number, 1);
    netif_set_default(&cable->netif);
    netif_set_link_up(&cable->netif);
    netif_set_up(&cable->netif);
}

void wire_open(wire *cable, int descriptor, unsigned number)
{
    cable->driver = (firth_lwip_driver){.poll = take_frames, .argument = cable, .descriptor = descriptor};
    cable->random.state = cable->faults.seed * 2 + number;
    LOCKED(add(cable, number));
    firth_lwip_driver_add(&cable->driver);
}

static void drop(wire *cable)
{
    netif_remove(&cable->netif);
    sys_untimeout(leave_those_due, cable);
    while (cable->held != NULL) {
        wire_frame *frame = cable->held;

        cable->held = frame->next;
        free(frame);
    }
}

void wire_close(wire *cable)
{
    firth_lwip_driver_remove(&cable->driver);
    LOCKED(drop(cable));
}

void wire_pair(int ends[2])
{
    const int size = SOCKET_BYTES;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    for (int i = 0; i < 2; i++)
        (void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}
