/* SPDX-License-Identifier: Apache-2.0 */
/* Sends back what it gets: port 9003. What does not fit into lwIP's buffer waits as pbufs. */
#include <firth/port.h>
#include <stdlib.h>
#include <string.h>

#include "tests/baremetal/raw/raw.h"

typedef struct client {
    struct tcp_pcb *pcb;
    struct pbuf *waiting;
    bool has_end;
} client;

static void forget(client *self)
{
    if (self->waiting != NULL)
        (void)pbuf_free(self->waiting);
    firth_port_release(self);
}

/* ERR_OK, or ERR_ABRT: the pcb is gone. */
static err_t end(client *self)
{
    struct tcp_pcb *pcb = self->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_err(pcb, NULL);
    forget(self);
    if (tcp_close(pcb) == ERR_OK)
        return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

static err_t pump(client *self)
{
    while (self->waiting != NULL) {
        struct pbuf *first = self->waiting;
        u16_t size = LWIP_MIN(first->len, tcp_sndbuf(self->pcb));

        if (size == 0 || tcp_write(self->pcb, first->payload, size, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        self->waiting = pbuf_free_header(first, size);
        tcp_recved(self->pcb, size);
    }
    (void)tcp_output(self->pcb);
    return self->waiting == NULL && self->has_end ? end(self) : ERR_OK;
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *received, err_t err)
{
    client *self = argument;

    (void)pcb;
    (void)err;
    raw_keep(received, &self->waiting, &self->has_end);
    return pump(self);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
    (void)pcb;
    (void)size;
    return pump(argument);
}

static err_t on_poll(void *argument, struct tcp_pcb *pcb)
{
    (void)pcb;
    return pump(argument);
}

static void on_error(void *argument, err_t err)
{
    (void)err;
    forget(argument);
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t err)
{
    client *self = err == ERR_OK ? firth_port_allocate(sizeof *self) : NULL;

    (void)argument;
    if (self == NULL)
        return ERR_MEM;
    memset(self, 0, sizeof *self);
    self->pcb = pcb;
    tcp_arg(pcb, self);
    tcp_nagle_disable(pcb);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_poll(pcb, on_poll, 2);
    tcp_err(pcb, on_error);
    return ERR_OK;
}

int main(void)
{
    raw_serve(9003, on_accept, NULL);
    return EXIT_FAILURE;
}
