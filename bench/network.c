/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/subject.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static const char congestion_control_path[] = "/proc/sys/net/ipv4/tcp_congestion_control";

static bool raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done;

    if (control < 0)
        return false;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    done = ioctl(control, SIOCSIFFLAGS, &request) == 0;
    (void)close(control);
    return done;
}

static void choose_reno(void)
{
    int setting = open(congestion_control_path, O_WRONLY | O_CLOEXEC);

    if (setting < 0)
        return;
    if (write(setting, "reno", 4) != 4)
        perror(congestion_control_path);
    (void)close(setting);
}

bool network_isolate(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    if (!raise_loopback())
        fail("a new network has no loopback device: %s", strerror(errno));
    choose_reno();
    return true;
}

void network_congestion_control(char *name, size_t size)
{
    FILE *setting = fopen(congestion_control_path, "r");

    (void)snprintf(name, size, "unknown");
    if (setting == NULL)
        return;
    if (fgets(name, (int)size, setting) != NULL)
        name[strcspn(name, "\n")] = '\0';
    (void)fclose(setting);
}

static int open_socket(uint64_t number)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1;
    int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (made < 0)
        fail("socket: %s", strerror(errno));
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number % 250));
    if (setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        setsockopt(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(made, (struct sockaddr *)&from, sizeof from) != 0)
        fail("preparing a socket: %s", strerror(errno));
    return made;
}

int network_connect(uint16_t port, uint64_t number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int made = open_socket(number);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(made, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    return made;
}

bool network_wait(int descriptor, short events, int limit_ms)
{
    struct pollfd watched = {.fd = descriptor, .events = events};

    return poll(&watched, 1, limit_ms) == 1;
}
