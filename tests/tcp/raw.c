/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tcp/raw.h"

#include <arpa/inet.h>
#include <fcntl.h>
#ifdef __linux__
#include <linux/tcp.h>
#endif
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int uninherited(int descriptor)
{
    if (descriptor >= 0)
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

static int bound(int port, int *actual_port)
{
    struct sockaddr_in address = loopback(port);
    socklen_t size = sizeof address;
    int descriptor = uninherited(socket(AF_INET, SOCK_STREAM, 0));

    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *actual_port = ntohs(address.sin_port);
    return descriptor;
}

int raw_listen(int backlog, int *port)
{
    int descriptor = bound(0, port);

    return descriptor < 0 || listen(descriptor, backlog) != 0 ? -1 : descriptor;
}

static int connect_with(int port, bool waits)
{
    struct sockaddr_in address = loopback(port);
    int descriptor = uninherited(socket(AF_INET, SOCK_STREAM, 0));

    if (descriptor < 0)
        return -1;
    if (!waits)
        (void)fcntl(descriptor, F_SETFL, O_NONBLOCK);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0 && waits) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

int raw_connect(int port)
{
    return connect_with(port, true);
}

int raw_accept(int listener)
{
    return uninherited(accept(listener, NULL, NULL));
}

void raw_reset(int descriptor)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(descriptor);
}

/* Linux drops a SYN when more than `backlog` connections wait (net/ipv4/tcp_input.c, tcp_conn_request). */
int raw_silence_open(raw_silence *silence)
{
    silence->listener = raw_listen(0, &silence->port);
    if (silence->listener < 0)
        return -1;
    for (size_t i = 0; i < sizeof silence->fillers / sizeof silence->fillers[0]; i++) {
        struct pollfd connected = {.events = POLLOUT};

        silence->fillers[i] = connect_with(silence->port, false);
        connected.fd = silence->fillers[i];
        if (connected.fd < 0)
            return -1;
        poll(&connected, 1, 50);
    }
    return 0;
}

void raw_silence_close(raw_silence *silence)
{
    for (size_t i = 0; i < sizeof silence->fillers / sizeof silence->fillers[0]; i++)
        close(silence->fillers[i]);
    close(silence->listener);
}

int raw_free_port(void)
{
    int port = -1, descriptor = bound(0, &port);

    if (descriptor >= 0)
        close(descriptor);
    return port;
}

int raw_send(int descriptor, const void *bytes, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(descriptor, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);

        if (count < 0)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

int raw_receive(int descriptor, void *bytes, size_t size)
{
    return recv(descriptor, bytes, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

#ifdef __linux__
int raw_data_segments_sent(intptr_t descriptor)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    if (getsockopt((int)descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        (size_t)size < offsetof(struct tcp_info, tcpi_data_segs_out) + sizeof info.tcpi_data_segs_out)
        return -1;
    return (int)info.tcpi_data_segs_out;
}

/* Of a listener, Linux tells its backlog as tcpi_sacked (net/ipv4/tcp.c, tcp_get_info). */
int raw_backlog(intptr_t descriptor)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    return getsockopt((int)descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? (int)info.tcpi_sacked : -1;
}
#else /* nobody tells */
int raw_data_segments_sent(intptr_t descriptor)
{
    (void)descriptor;
    return -1;
}

int raw_backlog(intptr_t descriptor)
{
    (void)descriptor;
    return -1;
}
#endif

int raw_option(intptr_t descriptor, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt((int)descriptor, level, name, &value, &size) != 0 ? -1 : value;
}

static struct rlimit limit_before;

/* The limit is on the number of the next descriptor, not on how many there are: count the gaps. */
void raw_descriptors_leave(int left)
{
    struct rlimit low;
    int next = 0;

    for (int gaps = 0; gaps < left || fcntl(next, F_GETFD) >= 0; next++)
        if (fcntl(next, F_GETFD) < 0)
            gaps++;
    getrlimit(RLIMIT_NOFILE, &limit_before);
    low = limit_before;
    low.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &low);
}

void raw_descriptors_restore(void)
{
    if (limit_before.rlim_cur != 0)
        setrlimit(RLIMIT_NOFILE, &limit_before);
}

int64_t raw_cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
