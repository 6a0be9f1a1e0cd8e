/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the table: what the kernel says when it is asked behind Firth's back. */
#include "tests/options/subjects.h"

#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

/* Written down once more, from the manual pages: an independent opinion of the backend's own table. */
typedef struct native {
    firth_option option;
    int level, name, level_6, name_6;
    int values[2];
    int told[2]; /* by getsockopt */
} native;

#define SWITCH(option, level, name)                                                                                    \
    {                                                                                                                  \
        option, level, name, level, name, {1, 0},                                                                      \
        {                                                                                                              \
            1, 0                                                                                                       \
        }                                                                                                              \
    }
#define EACH(option, name, name_6, a, b)                                                                               \
    {                                                                                                                  \
        option, IPPROTO_IP, name, IPPROTO_IPV6, name_6, {a, b},                                                        \
        {                                                                                                              \
            a, b                                                                                                       \
        }                                                                                                              \
    }

static const native natives[] = {
    SWITCH(FIRTH_OPTION_REUSE_ADDRESS, SOL_SOCKET, SO_REUSEADDR),
    SWITCH(FIRTH_OPTION_REUSE_PORT, SOL_SOCKET, SO_REUSEPORT),
    SWITCH(FIRTH_OPTION_NO_DELAY, IPPROTO_TCP, TCP_NODELAY),
    SWITCH(FIRTH_OPTION_KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE),
    {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPIDLE, IPPROTO_TCP, TCP_KEEPIDLE, {77, 1}, {77, 1}},
    {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, IPPROTO_TCP, TCP_KEEPINTVL, IPPROTO_TCP, TCP_KEEPINTVL, {13, 1}, {13, 1}},
    {FIRTH_OPTION_KEEP_ALIVE_COUNT, IPPROTO_TCP, TCP_KEEPCNT, IPPROTO_TCP, TCP_KEEPCNT, {5, 1}, {5, 1}},
    {FIRTH_OPTION_SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF, SOL_SOCKET, SO_SNDBUF, {30000, 20000}, {60000, 40000}},
    {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF, SOL_SOCKET, SO_RCVBUF, {30000, 20000}, {60000, 40000}},
    EACH(FIRTH_OPTION_TRAFFIC_CLASS, IP_TOS, IPV6_TCLASS, 0xb8, 0x20),
    SWITCH(FIRTH_OPTION_BROADCAST, SOL_SOCKET, SO_BROADCAST),
    {FIRTH_OPTION_DONT_FRAGMENT,
     IPPROTO_IP,
     IP_MTU_DISCOVER,
     IPPROTO_IPV6,
     IPV6_MTU_DISCOVER,
     {1, 0},
     {IP_PMTUDISC_DO, IP_PMTUDISC_DONT}},
    EACH(FIRTH_OPTION_PACKET_INFO, IP_PKTINFO, IPV6_RECVPKTINFO, 1, 0),
    EACH(FIRTH_OPTION_RECEIVE_HOP_LIMIT, IP_RECVTTL, IPV6_RECVHOPLIMIT, 1, 0),
    EACH(FIRTH_OPTION_RECEIVE_ECN, IP_RECVTOS, IPV6_RECVTCLASS, 1, 0),
    SWITCH(FIRTH_OPTION_COALESCE, IPPROTO_UDP, UDP_GRO),
    EACH(FIRTH_OPTION_HOP_LIMIT, IP_TTL, IPV6_UNICAST_HOPS, 7, 255),
    EACH(FIRTH_OPTION_MULTICAST_LOOP, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, 0, 1),
    EACH(FIRTH_OPTION_MULTICAST_HOP_LIMIT, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, 0, 255),
};

static int told_by_kernel(subject_kind of, const native *one)
{
    bool six = of == TCP_IPV6 || of == UDP_IPV6;
    int value = INT_MIN;
    socklen_t size = sizeof value;

    if (getsockopt((int)subjects_descriptor(of), six ? one->level_6 : one->level, six ? one->name_6 : one->name, &value,
                   &size) != 0)
        return INT_MIN;
    return value;
}

static int set_and_ask(subject_kind of, const native *one, int i)
{
    int value = -1;

    EXPECT_EQUAL(subjects_set(of, one->option, one->values[i]), FIRTH_OK);
    EXPECT_EQUAL(told_by_kernel(of, one), one->told[i]);
    EXPECT_EQUAL(subjects_get(of, one->option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, one->values[i]);
    return FIRTH_OK;
}

TASK_TEST(every_option_that_is_set_the_kernel_has)
{
    EXPECT_EQUAL(subjects_open(scope), FIRTH_OK);
    for (size_t i = 0; i < sizeof natives / sizeof *natives; i++)
        for (int of = 0; of < KINDS; of++) {
            if (!subjects_has((subject_kind)of) ||
                subjects_default((subject_kind)of, natives[i].option) == FIRTH_DEFAULT_NONE)
                continue;
            for (int j = 0; j < 4; j++)
                if (set_and_ask((subject_kind)of, &natives[i], j % 2) < 0)
                    return support_failed(__FILE__, __LINE__, firth_option_name(natives[i].option));
        }
    return FIRTH_OK;
}

/* Those that have a way of their own; with them every option of the table was asked for. */
TASK_TEST(options_that_have_a_way_of_their_own_the_kernel_has_too)
{
    static const firth_option rest[] = {FIRTH_OPTION_IPV6_ONLY, FIRTH_OPTION_MULTICAST_INTERFACE,
                                        FIRTH_OPTION_PATH_MTU_BYTES, FIRTH_OPTION_RECEIVE_DROPS};
    int loopback = (int)if_nametoindex("lo"), value = -1;
    native only = {FIRTH_OPTION_IPV6_ONLY, IPPROTO_IPV6, IPV6_V6ONLY, IPPROTO_IPV6, IPV6_V6ONLY, {0}, {0}};
    native leaving = EACH(FIRTH_OPTION_MULTICAST_INTERFACE, IP_MULTICAST_IF, IPV6_MULTICAST_IF, 0, 0);
    native mtu = EACH(FIRTH_OPTION_PATH_MTU_BYTES, IP_MTU, IPV6_MTU, 0, 0);

    EXPECT_EQUAL(sizeof natives / sizeof *natives + sizeof rest / sizeof *rest, FIRTH_OPTION_COUNT_);
    EXPECT_EQUAL(subjects_open(scope), FIRTH_OK);
    for (int of = UDP; of <= UDP_IPV6 && subjects_has((subject_kind)of); of++) {
        EXPECT_EQUAL(subjects_get((subject_kind)of, FIRTH_OPTION_PATH_MTU_BYTES, &value), FIRTH_OK);
        EXPECT_EQUAL(value, told_by_kernel((subject_kind)of, &mtu));
        EXPECT_EQUAL(subjects_get((subject_kind)of, FIRTH_OPTION_RECEIVE_DROPS, &value), FIRTH_OK);
        EXPECT_EQUAL(value, 0);
        EXPECT(loopback > 0);
        EXPECT_EQUAL(subjects_set((subject_kind)of, FIRTH_OPTION_MULTICAST_INTERFACE, loopback), FIRTH_OK);
    }
    EXPECT_EQUAL(subjects_get(UDP, FIRTH_OPTION_MULTICAST_INTERFACE, &value), FIRTH_OK);
    EXPECT_EQUAL(value, loopback);
    if (!subjects_has(UDP_IPV6))
        return FIRTH_OK;
    EXPECT_EQUAL(told_by_kernel(UDP_IPV6, &leaving), loopback);
    EXPECT_EQUAL(subjects_get(UDP_IPV6, FIRTH_OPTION_MULTICAST_INTERFACE, &value), FIRTH_OK);
    EXPECT_EQUAL(value, loopback);
    EXPECT_EQUAL(subjects_get(UDP_IPV6, FIRTH_OPTION_IPV6_ONLY, &value), FIRTH_OK);
    EXPECT_EQUAL(value, told_by_kernel(UDP_IPV6, &only));
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_that_is_set_the_kernel_has),
        cmocka_unit_test(options_that_have_a_way_of_their_own_the_kernel_has_too),
    };

    return support_main(argc, argv, "options of the kernel", tests, sizeof tests / sizeof *tests);
}
