/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: what lwIP calls back, and the bytes. */
#include "backends/lwip/stack.h"

#include "core/base/assert.h"

/* lwIP adds the sizes of a chain of pbufs up in 16 bits, and what nobody has read yet is one chain. */
_Static_assert(TCP_WND <= UINT16_MAX, "TCP_WND in lwipopts.h");

/* lwIP's poll callback, in units of its slow timer of 500 ms. */
enum { POLL_INTERVAL = 1 };

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

/* The peer's end. If this side has ended before, lwIP frees the block later and tells nobody. */
static void end_came(fth_lwip_socket *socket)
{
    socket->has_end = true;
    if (socket->pcb->state == TIME_WAIT || socket->pcb->state == CLOSING)
        fth_lwip_detach(socket);
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *bytes, err_t err)
{
    fth_lwip_socket *socket = argument;

    (void)pcb;
    (void)err;
    if (bytes == NULL)
        end_came(socket);
    else if (socket->received == NULL)
        socket->received = bytes;
    else
        pbuf_cat(socket->received, bytes);
    fth_lwip_look(socket);
    return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
    fth_lwip_socket *socket = argument;

    (void)pcb;
    (void)size;
    socket->is_starved = false;
    fth_lwip_look(socket);
    return ERR_OK;
}

static err_t on_poll(void *argument, struct tcp_pcb *pcb)
{
    fth_lwip_socket *socket = argument;

    (void)pcb;
    if (socket->is_starved) {
        socket->is_starved = false;
        fth_lwip_look(socket);
    }
    return ERR_OK;
}

/* lwIP has freed the block. ERR_CLSD: the last acknowledgement came, both sides had ended. ERR_ABRT, since it is not by a
 * call from here: nobody answered what was sent, or the probes of an idle connection. */
static void on_error(void *argument, err_t err)
{
    fth_lwip_socket *socket = argument;

    socket->pcb = NULL;
    socket->lwip_error = err;
    if (err == ERR_RST)
        socket->error = socket->stage == FTH_LWIP_CONNECTING ? FIRTH_ERR_REFUSED : FIRTH_ERR_RESET;
    else if (err != ERR_CLSD)
        socket->error = FIRTH_ERR_TIMED_OUT;
    fth_lwip_look(socket);
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t err)
{
    fth_lwip_socket *socket = argument;

    (void)err; /* never other than ERR_OK */
    fth_lwip_attach(socket, pcb);
    fth_lwip_look(socket);
    return ERR_OK;
}

void fth_lwip_attach(fth_lwip_socket *socket, struct tcp_pcb *pcb)
{
    socket->pcb = pcb;
    socket->stage = FTH_LWIP_CONNECTED;
    fth_lwip_address_from(&socket->local, &pcb->local_ip, pcb->local_port);
    fth_lwip_address_from(&socket->peer, &pcb->remote_ip, pcb->remote_port);
    tcp_arg(pcb, socket);
    tcp_err(pcb, on_error);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_poll(pcb, on_poll, POLL_INTERVAL);
}

/* A listener has none of the callbacks of a connection, nor their place. */
void fth_lwip_detach(fth_lwip_socket *socket)
{
    struct tcp_pcb *pcb = socket->pcb;

    socket->pcb = NULL;
    tcp_arg(pcb, NULL);
    if (socket->stage == FTH_LWIP_LISTENING) {
        tcp_accept(pcb, NULL);
        return;
    }
    tcp_err(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
}

/* ---- connecting and ending --------------------------------------------------------------------------------------- */

/* lwIP cannot open a connection from both sides at once (RFC 9293 §3.5), and would wait for itself. */
static bool is_itself(const fth_lwip_socket *socket, const firth_address *address, const ip_addr_t *ip)
{
    ip_addr_t local;

    if (socket->local.port == 0 || socket->local.port != address->port)
        return false;
    if (!fth_lwip_address_to(&local, &socket->local))
        return false;
    return ip_addr_isany(&local) ? fth_lwip_is_ours(ip) : ip_addr_eq(&local, ip);
}

int fth_lwip_connect(fth_lwip_socket *socket, const firth_address *address)
{
    ip_addr_t ip;
    err_t err;

    if (address->family != socket->family || !fth_lwip_address_to(&ip, address))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "tcp_connect");
    if (is_itself(socket, address, &ip))
        return firth_fail(FIRTH_ERR_REFUSED, 0, "connect to itself");
    tcp_arg(socket->pcb, socket);
    tcp_err(socket->pcb, on_error);
    err = tcp_connect(socket->pcb, &ip, address->port, on_connected);
    if (err != ERR_OK)
        return fth_lwip_fail(err, "tcp_connect");
    socket->stage = FTH_LWIP_CONNECTING;
    fth_lwip_address_from(&socket->local, &socket->pcb->local_ip, socket->pcb->local_port);
    return FIRTH_OK;
}

/* When there is no memory for its FIN lwIP sends it later by itself (TF_CLOSEPEND), so a close does not fail. */
void fth_lwip_end(fth_lwip_socket *socket, firth_close_how how)
{
    struct tcp_pcb *pcb = socket->pcb;

    fth_lwip_open_window(socket->stack); /* what was read, or lwIP would reset */
    if (pcb == NULL)
        return;
    fth_lwip_detach(socket);
    if ((how == FIRTH_CLOSE_RESET && socket->stage == FTH_LWIP_CONNECTED) || tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

int fth_lwip_shutdown_write(firth_io *io)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);
    err_t err;

    if (socket->stage != FTH_LWIP_CONNECTED || socket->error != 0)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "tcp_shutdown");
    if (socket->is_shut_down || socket->pcb == NULL)
        return FIRTH_OK;
    err = tcp_shutdown(socket->pcb, 0, 1);
    if (err != ERR_OK)
        return fth_lwip_fail(err, "tcp_shutdown");
    socket->is_shut_down = true;
    return FIRTH_OK;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

bool fth_lwip_is_readable(const fth_lwip_socket *socket)
{
    return socket->received != NULL || socket->has_end || socket->error != 0 || socket->pcb == NULL;
}

void fth_lwip_open_window(fth_lwip_stack *stack)
{
    const fth_lwip_socket *reader = stack->reader;

    stack->reader = NULL;
    if (reader != NULL && reader->pcb != NULL)
        tcp_recved(reader->pcb, stack->read_bytes);
}

/* How many bytes; the pbufs they were in are lwIP's again, and soon so is their part of the window. */
static size_t take(fth_lwip_socket *socket, firth_buffer *pieces, unsigned count)
{
    fth_lwip_stack *stack = socket->stack;
    size_t taken = 0;

    fth_lwip_open_window(stack);
    for (unsigned i = 0; i < count && socket->received != NULL; i++) {
        size_t there = socket->received->tot_len;
        u16_t part = (u16_t)(pieces[i].size < there ? pieces[i].size : there);

        (void)pbuf_copy_partial(socket->received, (void *)(uintptr_t)pieces[i].bytes, part, 0);
        socket->received = pbuf_free_header(socket->received, part);
        taken += part;
    }
    stack->reader = socket;
    stack->read_bytes = (u16_t)taken;
    if (NO_SYS && !fth_lwip_is_readable(socket))
        socket->io->state |= FIRTH_IO_DRY;
    return taken;
}

int64_t fth_lwip_receive(fth_lwip_socket *socket, firth_buffer *pieces, unsigned count)
{
    if (socket->received != NULL)
        return (int64_t)take(socket, pieces, count);
    if (socket->has_end)
        return 0;
    if (socket->error != 0)
        return socket->error;
    return socket->pcb == NULL ? FIRTH_ERR_NOT_CONNECTED : FIRTH_ERR_WOULD_BLOCK;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* Who waits is not woken for every segment that is acknowledged, but for room worth while. */
bool fth_lwip_is_writable(const fth_lwip_socket *socket)
{
    if (socket->error != 0 || socket->pcb == NULL || socket->is_shut_down)
        return true; /* with an error */
    return !socket->is_starved && tcp_sndbuf(socket->pcb) >= TCP_SNDLOWAT &&
           tcp_sndqueuelen(socket->pcb) < TCP_SNDQUEUELOWAT;
}

/* As many bytes as there is memory for: the half of them, and again, may go where all do not. */
static size_t put(struct tcp_pcb *pcb, const firth_buffer *piece, u8_t flags)
{
    size_t room = tcp_sndbuf(pcb), size = piece->size < room ? piece->size : room;

    for (; size > 0; size /= 2) {
        u8_t more = size < piece->size ? TCP_WRITE_FLAG_MORE : flags;
        err_t err = tcp_write(pcb, piece->bytes, (u16_t)size, (u8_t)(TCP_WRITE_FLAG_COPY | more));

        if (err == ERR_OK)
            return size;
    }
    return 0;
}

int64_t fth_lwip_send(fth_lwip_socket *socket, const firth_buffer *pieces, unsigned count)
{
    size_t sent = 0;

    if (socket->error != 0)
        return socket->error;
    if (socket->pcb == NULL || socket->is_shut_down)
        return FIRTH_ERR_RESET;
    for (unsigned i = 0; i < count; i++) {
        size_t n = put(socket->pcb, &pieces[i], i + 1 < count ? TCP_WRITE_FLAG_MORE : 0);

        sent += n;
        if (n < pieces[i].size)
            break;
    }
    if (sent == 0) {
        socket->is_starved = tcp_sndbuf(socket->pcb) > 0;
        return FIRTH_ERR_WOULD_BLOCK;
    }
    fth_lwip_open_window(socket->stack);
    (void)tcp_output(socket->pcb); /* what cannot leave now does when lwIP's timers try again */
    return (int64_t)sent;
}
