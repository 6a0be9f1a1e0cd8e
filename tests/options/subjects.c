/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/options/subjects.h"

#include <sys/socket.h>

#include "tests/options/rows.h"

static const int column_of[KINDS] = {0, 0, 1, 1, 2};

static struct subject {
    firth_socket *stream;
    firth_datagram_socket *udp;
} subjects[KINDS];

const char *subjects_name(firth_option option)
{
    return option_rows[option].name;
}

int subjects_least(firth_option option)
{
    return option_rows[option].least;
}

int subjects_most(firth_option option)
{
    return option_rows[option].most;
}

int subjects_default(subject_kind of, firth_option option)
{
    return option_rows[option].defaults[column_of[of]];
}

int subjects_get(subject_kind of, firth_option option, int *value)
{
    return column_of[of] != 1 ? firth_socket_get_option(subjects[of].stream, option, value)
                              : firth_datagram_socket_get_option(subjects[of].udp, option, value);
}

int subjects_set(subject_kind of, firth_option option, int value)
{
    return column_of[of] != 1 ? firth_socket_set_option(subjects[of].stream, option, value)
                              : firth_datagram_socket_set_option(subjects[of].udp, option, value);
}

intptr_t subjects_descriptor(subject_kind of)
{
    return column_of[of] != 1 ? firth_socket_descriptor(subjects[of].stream)
                              : firth_datagram_socket_descriptor(subjects[of].udp);
}

bool subjects_has(subject_kind of)
{
    if (of == UNIX)
#ifdef _WIN32 /* which has no pair of them to adopt */
        return false;
#else
        return !support_backend_is("sim") && !support_backend_is("lwip");
#endif
    return of == TCP || of == UDP || support_backend_is("sim") || support_has_ipv6();
}

static int open_tcp(firth_scope *scope, subject_kind of, const char *ip)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *accepted;
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, ip, 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, ip, firth_server_address(server)->port, &subjects[of].stream), FIRTH_OK);
    firth_scope_own_socket(scope, subjects[of].stream);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    return FIRTH_OK;
}

static int open_udp(firth_scope *scope, subject_kind of, const char *ip)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *peer;
    firth_address address;

    EXPECT_EQUAL(firth_udp_bind(&udp, ip, 0, &peer), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, peer);
    EXPECT_EQUAL(firth_datagram_socket_local_address(peer, &address), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &address, &subjects[of].udp), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, subjects[of].udp);
    return FIRTH_OK;
}

#ifdef _WIN32
static int open_unix(firth_scope *scope)
{
    (void)scope;
    return FIRTH_ERR_NOT_SUPPORTED;
}
#else
static int open_unix(firth_scope *scope)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *peer;
    int ends[2];

    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQUAL(firth_unix_adopt(&builder, ends[0], &subjects[UNIX].stream), FIRTH_OK);
    firth_scope_own_socket(scope, subjects[UNIX].stream);
    EXPECT_EQUAL(firth_unix_adopt(&builder, ends[1], &peer), FIRTH_OK);
    firth_scope_own_socket(scope, peer);
    return FIRTH_OK;
}
#endif

int subjects_open(firth_scope *scope)
{
    if (subjects_has(UNIX))
        EXPECT_EQUAL(open_unix(scope), FIRTH_OK);
    EXPECT_EQUAL(open_tcp(scope, TCP, "127.0.0.1"), FIRTH_OK);
    EXPECT_EQUAL(open_udp(scope, UDP, "127.0.0.1"), FIRTH_OK);
    if (subjects_has(TCP_IPV6)) {
        EXPECT_EQUAL(open_tcp(scope, TCP_IPV6, "::1"), FIRTH_OK);
        EXPECT_EQUAL(open_udp(scope, UDP_IPV6, "::1"), FIRTH_OK);
    }
    return FIRTH_OK;
}

bool subjects_named(const char *name)
{
    const char *step = firth_last_failure()->step;

    return strncmp(step, "option ", 7) == 0 && strcmp(step + 7, name) == 0;
}
