/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's loopback led over a cable: whatever lwIP sends to itself becomes an Ethernet frame, goes to another process, which
 * may lose it, or keep it for a while, and comes back to a driver. So each test that has both its ends in one program has
 * them at the ends of a wire. Linked into every test of lwIP, it does nothing without the environment's
 * FIRTH_TEST_CABLE="LOSS REORDERING DELAY_MS HOLD_MS", of which the first two are thousandths of the frames. */
#include <firth/lwip.h>
#include <lwip/opt.h>

#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/prot/ethernet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A datagram of 64 KiB is one frame, since lwIP's loopback has no limit to its packets. */
enum { FRAME_BYTES = SIZEOF_ETH_HDR + 65535, TURN_FRAMES = 64, SOCKET_BYTES = 4 * 1024 * 1024, PER_MILLE = 1000 };

typedef struct frame {
    struct frame *next;
    int64_t at_ms;
    size_t size;
    uint8_t bytes[];
} frame;

typedef struct queue {
    frame *first;
} queue;

static frame *copy_of(const uint8_t *bytes, size_t size, int64_t at_ms)
{
    frame *copy = malloc(sizeof *copy + size);

    if (copy == NULL)
        abort();
    copy->at_ms = at_ms;
    copy->size = size;
    memcpy(copy->bytes, bytes, size);
    return copy;
}

/* Behind those that are due earlier, or at the same time. */
static void put(queue *all, frame *one)
{
    frame **link = &all->first;

    while (*link != NULL && (*link)->at_ms <= one->at_ms)
        link = &(*link)->next;
    one->next = *link;
    *link = one;
}

/* As many as are due and as the socket takes. */
static void leave(queue *all, int to, int64_t now_ms)
{
    while (all->first != NULL && all->first->at_ms <= now_ms) {
        frame *one = all->first;

        if (send(to, one->bytes, one->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return;
        all->first = one->next;
        free(one);
    }
}

/* ---- the other process ------------------------------------------------------------------------------------------- */

typedef struct faults {
    unsigned loss, reordering, delay_ms, hold_ms;
} faults;

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Numerical Recipes' generator: the same frames are lost each time, as far as they are the same. */
static bool happens(unsigned per_mille)
{
    static uint32_t state = 1;

    state = state * 1664525 + 1013904223;
    return (state >> 8) % PER_MILLE < per_mille;
}

static void carry(queue *held, const faults *bad, const uint8_t *bytes, size_t size)
{
    int64_t at_ms = now_ms() + bad->delay_ms;

    if (happens(bad->loss))
        return;
    if (happens(bad->reordering))
        at_ms += bad->hold_ms;
    put(held, copy_of(bytes, size, at_ms));
}

/* Until the program at the other end has ended. */
static void be_the_cable(int end, const faults *bad)
{
    static uint8_t bytes[FRAME_BYTES];
    queue held = {NULL};
    ssize_t size = 1;

    while (size != 0) {
        bool is_waiting = held.first != NULL;
        bool is_due = is_waiting && held.first->at_ms <= now_ms();
        struct pollfd look = {.fd = end, .events = (short)(is_due ? POLLIN | POLLOUT : POLLIN)};

        (void)poll(&look, 1, is_waiting && !is_due ? 1 : -1);
        for (int i = 0; i < TURN_FRAMES && (size = recv(end, bytes, sizeof bytes, MSG_DONTWAIT)) > 0; i++)
            carry(&held, bad, bytes, (size_t)size);
        leave(&held, end, now_ms());
    }
    _exit(0);
}

/* ---- this one ---------------------------------------------------------------------------------------------------- */

static bool take_frames(firth_lwip_driver *self);

static firth_lwip_driver driver = {.poll = take_frames, .descriptor = -1};

/* What the socket did not take yet. */
static queue waiting;

/* The interface is told by the address that the frame is from. */
static void take(const uint8_t *bytes, size_t size)
{
    struct netif *netif = size > SIZEOF_ETH_HDR ? netif_get_by_index(bytes[11]) : NULL;
    struct pbuf *packet;

    if (netif == NULL)
        return;
    packet = pbuf_alloc(PBUF_RAW, (u16_t)(size - SIZEOF_ETH_HDR), PBUF_RAM);
    if (packet == NULL)
        return;
    (void)pbuf_take(packet, bytes + SIZEOF_ETH_HDR, (u16_t)(size - SIZEOF_ETH_HDR));
    packet->if_idx = bytes[11];
    if (ip_input(packet, netif) != ERR_OK)
        (void)pbuf_free(packet);
}

static bool take_frames(firth_lwip_driver *self)
{
    static uint8_t bytes[FRAME_BYTES];
    ssize_t size;
    int count = 0;

    leave(&waiting, (int)self->descriptor, 0);
    for (; count < TURN_FRAMES; count++) {
        size = recv((int)self->descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size <= 0)
            break;
        take(bytes, (size_t)size);
    }
    return count == TURN_FRAMES || waiting.first != NULL;
}

err_t __real_netif_loop_output(struct netif *netif, struct pbuf *packet);
err_t __wrap_netif_loop_output(struct netif *netif, struct pbuf *packet);

/* The linker leads lwIP's calls here, which hold its lock. */
err_t __wrap_netif_loop_output(struct netif *netif, struct pbuf *packet)
{
    static uint8_t bytes[FRAME_BYTES];
    size_t size = SIZEOF_ETH_HDR + packet->tot_len;

    if (driver.descriptor < 0)
        return __real_netif_loop_output(netif, packet);
    memcpy(bytes, (const uint8_t[SIZEOF_ETH_HDR]){2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, netif_get_index(netif), 8},
           SIZEOF_ETH_HDR);
    (void)pbuf_copy_partial(packet, bytes + SIZEOF_ETH_HDR, packet->tot_len, 0);
    if (bytes[SIZEOF_ETH_HDR] >> 4 == 6) {
        bytes[12] = 0x86;
        bytes[13] = 0xdd;
    }
    put(&waiting, copy_of(bytes, size, 0));
    leave(&waiting, (int)driver.descriptor, 0);
    if (waiting.first != NULL)
        firth_lwip_wake();
    return ERR_OK;
}

/* Before main: no thread is there yet, and no test counts descriptors. */
__attribute__((constructor)) static void plug_in(void)
{
    const char *text = getenv("FIRTH_TEST_CABLE");
    const int size = SOCKET_BYTES;
    faults bad;
    int ends[2];
    pid_t child;

    if (text == NULL || text[0] == '\0')
        return;
    if (sscanf(text, "%u %u %u %u", &bad.loss, &bad.reordering, &bad.delay_ms, &bad.hold_ms) != 4 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    for (int i = 0; i < 2; i++)
        (void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    child = fork();
    if (child < 0)
        abort();
    (void)close(ends[child == 0 ? 0 : 1]);
    if (child == 0)
        be_the_cable(ends[1], &bad);
    driver.descriptor = ends[0];
    firth_lwip_driver_add(&driver);
}
