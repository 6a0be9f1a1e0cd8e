/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/names/name_server.h"
#include "tests/support/skip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUERIES_MAX = 512, MESSAGE_BYTES = 512, HEADER_BYTES = 12, TYPE_A = 1 };

typedef struct query {
    unsigned char bytes[MESSAGE_BYTES];
    size_t size; /* up to the end of the question */
    char name[256];
    int type;
    struct sockaddr_in from;
} query;

static struct server {
    pthread_mutex_t mutex;
    int descriptor;
    bool held_are_answered;
    query queries[QUERIES_MAX];
    int count;
} server = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- the network --------------------------------------------------------------------------------------------------- */

/* Puts a text in the place of a file of the system, for this process and its children. */
static bool cover(const char *path, const char *text)
{
    char cover_path[] = "/tmp/firth-names-XXXXXX";
    int file = mkstemp(cover_path);
    bool done = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(file, 0644) == 0 &&
                mount(cover_path, path, "none", MS_BIND, "") == 0;

    (void)unlink(cover_path);
    if (file >= 0)
        close(file);
    return done;
}

static bool bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = descriptor >= 0 && ioctl(descriptor, SIOCSIFFLAGS, &request) == 0;

    if (descriptor >= 0)
        close(descriptor);
    return done;
}

void names_enter_network(const char *hosts)
{
    if ((unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0) ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0 || !bring_up_loopback() ||
        !cover("/etc/hosts", hosts) ||
        !cover("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n"))
        _exit(NAMES_CANNOT);
    /* musl has none, and a cache of names, if there is one, has its socket in the file system. */
    if (access("/etc/nsswitch.conf", F_OK) == 0 && !cover("/etc/nsswitch.conf", "hosts: files dns\nservices: files\n"))
        _exit(NAMES_CANNOT);
    if (access("/var/run/nscd", F_OK) == 0)
        (void)mount("none", "/var/run/nscd", "tmpfs", 0, "");
}

/* ---- the server ---------------------------------------------------------------------------------------------------- */

/* RFC 1035 §4.1.2: the question's name and type. False for what is no query. */
static bool read_question(query *one, size_t received)
{
    size_t at = HEADER_BYTES, used = 0;

    while (at < received && one->bytes[at] != 0) {
        size_t size = one->bytes[at++];

        if (size > 63 || at + size >= received || used + size + 2 > sizeof one->name)
            return false;
        if (used > 0)
            one->name[used++] = '.';
        memcpy(one->name + used, one->bytes + at, size);
        used += size;
        at += size;
    }
    if (at + 5 > received)
        return false;
    one->name[used] = '\0';
    one->type = one->bytes[at + 1] << 8 | one->bytes[at + 2];
    one->size = at + 5;
    return true;
}

/* One IPv4 address, no others. */
static void answer(const query *one)
{
    static const unsigned char record[] = {0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 9};
    static const unsigned char header[] = {0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}; /* behind the query's number */
    unsigned char bytes[MESSAGE_BYTES + sizeof record];
    size_t size = one->size;

    memcpy(bytes, one->bytes, size);
    memcpy(bytes + 2, header, sizeof header);
    if (one->type == TYPE_A) {
        bytes[7] = 1;
        memcpy(bytes + size, record, sizeof record);
        size += sizeof record;
    }
    (void)!sendto(server.descriptor, bytes, size, 0, (const struct sockaddr *)&one->from, sizeof one->from);
}

static bool begins(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

static void take(const query *one)
{
    pthread_mutex_lock(&server.mutex);
    if (server.count < QUERIES_MAX)
        server.queries[server.count++] = *one;
    if (begins(one->name, "fast") || (begins(one->name, "held") && server.held_are_answered))
        answer(one);
    pthread_mutex_unlock(&server.mutex);
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        query one = {.type = 0};
        socklen_t size = sizeof one.from;
        ssize_t received =
            recvfrom(server.descriptor, one.bytes, sizeof one.bytes, 0, (struct sockaddr *)&one.from, &size);

        if (received < 0 && errno != EINTR)
            return NULL;
        if (received > 0 && read_question(&one, (size_t)received))
            take(&one);
    }
}

void names_start_server(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_t thread;

    server.descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (server.descriptor < 0 || bind(server.descriptor, (const struct sockaddr *)&address, sizeof address) != 0 ||
        pthread_create(&thread, NULL, serve, NULL) != 0)
        _exit(NAMES_CANNOT);
    pthread_detach(thread);
}

void names_answer_held(void)
{
    pthread_mutex_lock(&server.mutex);
    server.held_are_answered = true;
    for (int i = 0; i < server.count; i++)
        if (begins(server.queries[i].name, "held"))
            answer(&server.queries[i]);
    pthread_mutex_unlock(&server.mutex);
}

int names_asked(const char *prefix)
{
    int count = 0;

    pthread_mutex_lock(&server.mutex);
    for (int i = 0; i < server.count; i++)
        count += server.queries[i].type == TYPE_A && begins(server.queries[i].name, prefix);
    pthread_mutex_unlock(&server.mutex);
    return count;
}

/* ---- tests --------------------------------------------------------------------------------------------------------- */

typedef struct run {
    firth_task_fn *body;
    unsigned resolver_threads;
} run;

static void run_in_network(void *argument)
{
    const run *self = argument;
    firth_selector_options options;
    int rc;

    names_enter_network("127.0.0.1 localhost\n::1 localhost\n");
    names_start_server();
    options = support_options();
    if (self->resolver_threads != 0)
        options.resolver_threads = self->resolver_threads;
    rc = firth_run_with(&options, self->body, NULL);
    if (rc != FIRTH_OK)
        (void)support_differs(__FILE__, __LINE__, "firth_run_with", rc, FIRTH_OK);
    if (support_allocations_live() != 0)
        (void)support_differs(__FILE__, __LINE__, "allocations", (int64_t)support_allocations_live(), 0);
}

void names_run(firth_task_fn *body, unsigned resolver_threads)
{
    run self = {body, resolver_threads};
    char text[8192];
    int status = support_in_child(run_in_network, &self, text, sizeof text);

    if (status == NAMES_CANNOT << 8)
        SKIP("the system allows this user no network and no /etc of its own");
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}
