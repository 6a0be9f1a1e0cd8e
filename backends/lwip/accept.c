/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners, and their clients from the handshake to the accept. */
#include "backends/lwip/stack.h"

#include <lwip/priv/tcp_priv.h>

/* lwIP counts them in a byte. */
enum { BACKLOG_MAX = 255 };

/* The handshake is over. A client for whom there is no memory is reset, by lwIP, on any error that is returned. */
static err_t on_client(void *argument, struct tcp_pcb *pcb, err_t err)
{
    fth_lwip_socket *listener = argument, *client;

    if (err != ERR_OK || pcb == NULL)
        return ERR_VAL;
    client = fth_lwip_socket_new(listener->stack, listener->family);
    if (client == NULL)
        return ERR_MEM;
    fth_lwip_attach(client, pcb);
    fth_lwip_options_inherit(client, listener);
    tcp_backlog_delayed(pcb);
    if (listener->last_client != NULL)
        listener->last_client->next_client = client;
    else
        listener->first_client = client;
    listener->last_client = client;
    fth_lwip_look(listener);
    return ERR_OK;
}

/* lwIP lets one listen at a port of all addresses, and another at the same port of one. */
static bool is_taken(const struct tcp_pcb *pcb)
{
    const struct tcp_pcb_listen *other;

    for (other = tcp_listen_pcbs.listen_pcbs; other != NULL; other = other->next)
        if (other->local_port == pcb->local_port &&
            (IP_IS_ANY_TYPE_VAL(other->local_ip) || IP_IS_ANY_TYPE_VAL(pcb->local_ip) ||
             (IP_GET_TYPE(&other->local_ip) == IP_GET_TYPE(&pcb->local_ip) &&
              (ip_addr_isany(&other->local_ip) || ip_addr_isany(&pcb->local_ip) ||
               ip_addr_eq(&other->local_ip, &pcb->local_ip)))))
            return true;
    return false;
}

int fth_lwip_listen(firth_io *io, int backlog)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);
    struct tcp_pcb *pcb;
    err_t err;

    if (socket->stage != FTH_LWIP_OPEN)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "tcp_listen");
    if (is_taken(socket->pcb))
        return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "tcp_listen");
    backlog = backlog > 0 && backlog < BACKLOG_MAX ? backlog : BACKLOG_MAX;
    pcb = tcp_listen_with_backlog_and_err(socket->pcb, (u8_t)backlog, &err);
    if (pcb == NULL)
        return fth_lwip_fail(err, "tcp_listen");
    socket->pcb = pcb; /* a shorter one; the other is gone */
    socket->stage = FTH_LWIP_LISTENING;
    tcp_arg(pcb, socket);
    tcp_accept(pcb, on_client);
    return FIRTH_OK;
}

static fth_lwip_socket *take_client(fth_lwip_socket *listener)
{
    fth_lwip_socket *client = listener->first_client;

    listener->first_client = client->next_client;
    if (listener->first_client == NULL)
        listener->last_client = NULL;
    client->next_client = NULL;
    return client;
}

void fth_lwip_accept(fth_lwip_socket *listener, firth_io *accepted)
{
    fth_lwip_socket *client = take_client(listener);

    accepted->selector = listener->stack->selector;
    fth_lwip_give_to(client, accepted);
    if (client->pcb != NULL) {
        tcp_backlog_accepted(client->pcb); /* nothing without TCP_LISTEN_BACKLOG */
    }
}

void fth_lwip_drop_clients(fth_lwip_socket *listener)
{
    while (listener->first_client != NULL) {
        fth_lwip_socket *client = take_client(listener);

        fth_lwip_end(client, FIRTH_CLOSE_RESET);
        fth_lwip_socket_free(client);
    }
}
