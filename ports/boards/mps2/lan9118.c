/* SPDX-License-Identifier: Apache-2.0 */
/* By the datasheet of the LAN9118 (SMSC, 5. Register Description). Frames go through FIFOs, word by word. */
#include "ports/boards/mps2/lan9118.h"

#include <lwip/pbuf.h>
#include <string.h>

#include "ports/boards/mps2/mps2.h"

#define LAN9118(offset) MPS2_REGISTER(FTH_BOARD_LAN9118 + (offset))

#define RX_DATA      LAN9118(0x00)
#define TX_DATA      LAN9118(0x20)
#define RX_STATUS    LAN9118(0x40)
#define TX_STATUS    LAN9118(0x48)
#define IRQ_CFG      LAN9118(0x54)
#define INT_STS      LAN9118(0x58)
#define INT_EN       LAN9118(0x5c)
#define BYTE_TEST    LAN9118(0x64)
#define FIFO_INT     LAN9118(0x68)
#define RX_CFG       LAN9118(0x6c)
#define TX_CFG       LAN9118(0x70)
#define HW_CFG       LAN9118(0x74)
#define RX_FIFO_INF  LAN9118(0x7c)
#define TX_FIFO_INF  LAN9118(0x80)
#define MAC_CSR_CMD  LAN9118(0xa4)
#define MAC_CSR_DATA LAN9118(0xa8)
#define AFC_CFG      LAN9118(0xac)

#define BYTE_TEST_VALUE        0x87654321u
#define HW_CFG_RESET           1u
#define HW_CFG_TX_FIFO_5_KIB   (5u << 16)
#define AFC_CFG_VALUE          0x006e3740u /* the datasheet's, for full duplex */
#define IRQ_CFG_ACTIVE_HIGH    0x111u
#define INT_RX_STATUS          (1u << 3)
#define TX_CFG_ON              2u
#define MAC_CSR_BUSY           (1u << 31)
#define MAC_CSR_READ           (1u << 30)
#define MAC_CR_ON              (1u << 20 | 1u << 19 | 1u << 3 | 1u << 2) /* full duplex, all multicast, send, receive */
#define RX_STATUS_ERROR        (1u << 15)
#define TX_FIRST_AND_LAST      0x3000u
#define TX_WORDS_OF_COMMANDS   16u
#define RX_STATUS_BYTES(word)  ((word) >> 16 & 0x3fff)
#define FIFO_INF_FRAMES(word)  ((word) >> 16 & 0xff)
#define TX_FIFO_INF_FREE(word) ((word)&0xffff)

enum { MAC_CR = 1, MAC_ADDRESS_HIGH = 2, MAC_ADDRESS_LOW = 3, CRC_BYTES = 4, RESET_TRIES = 100000 };

/* ---- on and off -------------------------------------------------------------------------------------------------- */

static uint32_t read_mac(uint32_t index)
{
    MAC_CSR_CMD = MAC_CSR_BUSY | MAC_CSR_READ | index;
    while ((MAC_CSR_CMD & MAC_CSR_BUSY) != 0)
        continue;
    return MAC_CSR_DATA;
}

static void write_mac(uint32_t index, uint32_t word)
{
    MAC_CSR_DATA = word;
    MAC_CSR_CMD = MAC_CSR_BUSY | index;
    while ((MAC_CSR_CMD & MAC_CSR_BUSY) != 0)
        continue;
}

static bool reset(void)
{
    int tries = RESET_TRIES;

    if (BYTE_TEST != BYTE_TEST_VALUE)
        return false;
    HW_CFG = HW_CFG_RESET;
    while ((HW_CFG & HW_CFG_RESET) != 0 && --tries > 0)
        continue;
    return tries > 0;
}

bool fth_lan9118_open(uint8_t mac[6])
{
    uint32_t low, high;

    if (!reset())
        return false;
    HW_CFG = HW_CFG_TX_FIFO_5_KIB;
    AFC_CFG = AFC_CFG_VALUE;
    INT_EN = 0;
    fth_lan9118_acknowledge();
    IRQ_CFG = IRQ_CFG_ACTIVE_HIGH;
    FIFO_INT = 0;
    low = read_mac(MAC_ADDRESS_LOW);
    high = read_mac(MAC_ADDRESS_HIGH);
    for (int i = 0; i < 4; i++)
        mac[i] = (uint8_t)(low >> 8 * i);
    mac[4] = (uint8_t)high;
    mac[5] = (uint8_t)(high >> 8);
    write_mac(MAC_CR, MAC_CR_ON);
    TX_CFG = TX_CFG_ON;
    RX_CFG = 0;
    INT_EN = INT_RX_STATUS;
    return true;
}

void fth_lan9118_close(void)
{
    INT_EN = 0;
    write_mac(MAC_CR, 0);
}

void fth_lan9118_acknowledge(void)
{
    INT_STS = UINT32_MAX;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Takes a frame's words from the FIFO, the last of which are its CRC; without pbuf they are dropped. Pieces of a pool have
 * room for whole words. */
static void take_words(struct pbuf *frame, uint32_t bytes)
{
    struct pbuf *piece = frame;
    uint32_t words = (bytes + 3) / 4, offset = 0;

    while (words-- > 0) {
        uint32_t word = RX_DATA, size = 4;

        if (piece == NULL)
            continue;
        if (size > piece->len - offset)
            size = piece->len - offset;
        memcpy((char *)piece->payload + offset, &word, size);
        offset += size;
        if (offset == piece->len) {
            piece = piece->next;
            if (piece != NULL && size < 4)
                memcpy(piece->payload, (const char *)&word + size, 4 - size);
            offset = piece != NULL ? 4 - size : 0;
        }
    }
}

struct pbuf *fth_lan9118_receive(void)
{
    while (FIFO_INF_FRAMES(RX_FIFO_INF) > 0) {
        uint32_t status = RX_STATUS, bytes = RX_STATUS_BYTES(status);
        struct pbuf *frame = NULL;

        if ((status & RX_STATUS_ERROR) == 0 && bytes > CRC_BYTES)
            frame = pbuf_alloc(PBUF_RAW, (u16_t)(bytes - CRC_BYTES), PBUF_POOL);
        take_words(frame, bytes);
        if (frame != NULL)
            return frame;
    }
    return NULL;
}

/* Pieces of any length, put together to words. */
static void put_words(const struct pbuf *frame)
{
    uint32_t word = 0;
    unsigned filled = 0;

    for (const struct pbuf *piece = frame; piece != NULL; piece = piece->next) {
        const uint8_t *bytes = piece->payload;

        for (u16_t i = 0; i < piece->len; i++) {
            word |= (uint32_t)bytes[i] << 8 * filled;
            if (++filled == 4) {
                TX_DATA = word;
                word = 0;
                filled = 0;
            }
        }
    }
    if (filled > 0)
        TX_DATA = word;
}

err_t fth_lan9118_send(const struct pbuf *frame)
{
    if (TX_FIFO_INF_FREE(TX_FIFO_INF) < frame->tot_len + TX_WORDS_OF_COMMANDS)
        return ERR_MEM;
    TX_DATA = TX_FIRST_AND_LAST | frame->tot_len;
    TX_DATA = frame->tot_len;
    put_words(frame);
    while (FIFO_INF_FRAMES(TX_FIFO_INF) > 0)
        (void)TX_STATUS;
    return ERR_OK;
}
