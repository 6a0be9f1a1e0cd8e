/* SPDX-License-Identifier: Apache-2.0 */
/* Talks with everybody who has joined the same group: multicast-chat GROUP PORT [INTERFACE]
 *
 *     multicast-chat 239.255.70.1 9005 eth0
 *     multicast-chat ff02::4242 9005 2
 *
 * Each line of standard input goes to the group, a long one in several datagrams; what others say is printed behind the
 * address it came from. INTERFACE is a name or a number, the routes choose without. Port 0 lets the system choose one,
 * for the others to be told. The group stays on its network: the hop limit is 1.
 *
 * The end of standard input ends it, with exit code 0. So does Ctrl-C, but by the system, which then leaves the group: a
 * read of standard input is blocking work that nothing can stop once it has begun, firth_scope_cancel_on_interrupt would
 * have to wait for the next line. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1000, DATAGRAM_BYTES = 65535 };

typedef struct chat {
    firth_address group;
    const char *interface_name; /* NULL: the routes choose */
    uint32_t interface_index;
    firth_datagram_socket *ears;  /* bound to the group's port, beside those of others on this machine */
    firth_datagram_socket *mouth; /* has a port of its own, by which this end knows its own words */
    firth_address own;            /* the mouth's */
    bool begun;                   /* the task has, and tells by itself what fails */
} chat;

static int fail(const char *what, int rc)
{
    const firth_failure *why = firth_last_failure();

    fprintf(stderr, "%s: %s (%s, system code %d)\n", what, firth_error_text(rc), why->step, why->os_code);
    return rc;
}

/* ---- listening ------------------------------------------------------------------------------------------------------- */

/* Anybody may send anything: what would move the cursor of a terminal is not printed as it is. */
static void print_words(const firth_address *from, unsigned char *bytes, size_t size)
{
    while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
        size--;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < ' ' || bytes[i] == 127)
            bytes[i] = '?';
    printf("%s: %.*s\n", firth_address_text(from).text, (int)size, (const char *)bytes);
    fflush(stdout);
}

static int listen_to_others(firth_scope *scope, void *argument)
{
    static unsigned char bytes[DATAGRAM_BYTES];
    const chat *self = argument;
    firth_address from;
    int64_t size;

    (void)scope;
    while ((size = firth_receive_from(self->ears, bytes, sizeof bytes, &from)) >= 0)
        if (!firth_address_equal(&from, &self->own))
            print_words(&from, bytes, (size_t)size);
    return size == FIRTH_ERR_CANCELED ? (int)size : fail("Cannot listen to the group", (int)size);
}

/* ---- talking --------------------------------------------------------------------------------------------------------- */

/* On another thread. 1 for a line or a part of one, 0 at the end. */
static int read_line(void *line)
{
    return fgets(line, LINE_BYTES + 1, stdin) != NULL;
}

static int talk(const chat *self)
{
    char line[LINE_BYTES + 1];
    int rc;

    while ((rc = firth_blocking(read_line, line)) > 0)
        if ((rc = firth_send_to(self->mouth, line, strlen(line), NULL)) < 0)
            return fail("Cannot speak to the group", rc);
    return rc;
}

/* ---- joining --------------------------------------------------------------------------------------------------------- */

static int find_interface(chat *self)
{
    firth_interface found;
    char *end;
    unsigned long number;
    int rc;

    if (self->interface_name == NULL) {
        self->interface_index = self->group.scope_id;
        return FIRTH_OK;
    }
    number = strtoul(self->interface_name, &end, 10);
    if (end != self->interface_name && *end == '\0' && number <= UINT32_MAX)
        rc = firth_interface_by_index((uint32_t)number, &found);
    else
        rc = firth_interface_by_name(self->interface_name, &found);
    if (rc < 0)
        return fail("Cannot find the interface", rc);
    self->interface_index = found.index;
    /* Of IPv6 a group of one link is complete only with that link (RFC 4007). */
    self->group.scope_id = self->group.family == FIRTH_FAMILY_IPV6 ? found.index : 0;
    return FIRTH_OK;
}

static int open_ears(firth_scope *scope, chat *self)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address local;
    int rc;

    udp.reuse_address = true; /* others on this machine may have joined too */
    rc =
        firth_udp_bind(&udp, self->group.family == FIRTH_FAMILY_IPV6 ? "::" : "0.0.0.0", self->group.port, &self->ears);
    if (rc < 0)
        return fail("Cannot open a socket for the group", rc);
    firth_scope_own_datagram_socket(scope, self->ears);
    if ((rc = firth_multicast_join(self->ears, &self->group, self->interface_index, NULL)) < 0)
        return fail("Cannot join the group", rc);
    if ((rc = firth_datagram_socket_local_address(self->ears, &local)) < 0)
        return fail("Cannot find out the port", rc);
    self->group.port = local.port;
    return FIRTH_OK;
}

static int open_mouth(firth_scope *scope, chat *self)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    int rc;

    udp.multicast_interface = self->interface_index;
    if ((rc = firth_udp_connect_to(&udp, &self->group, &self->mouth)) < 0)
        return fail("Cannot reach the group", rc);
    firth_scope_own_datagram_socket(scope, self->mouth);
    if ((rc = firth_datagram_socket_local_address(self->mouth, &self->own)) < 0)
        return fail("Cannot find out the own address", rc);
    return FIRTH_OK;
}

static int meet(firth_scope *scope, void *argument)
{
    chat *self = argument;
    firth_scope together;
    int rc;

    self->begun = true;
    if ((rc = find_interface(self)) < 0 || (rc = open_ears(scope, self)) < 0 || (rc = open_mouth(scope, self)) < 0)
        return rc;
    printf("Joined %s as ", firth_address_text(&self->group).text);
    printf("%s\n", firth_address_text(&self->own).text);
    fflush(stdout);

    firth_scope_open(&together, scope, NULL);
    if ((rc = firth_spawn(&together, listen_to_others, self, NULL)) >= 0)
        rc = talk(self);
    firth_scope_cancel(&together); /* the listener has no end of its own */
    return firth_scope_close(&together, rc);
}

/* The number, or -1 for text that is none. */
static int parse_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return end == text || *end != '\0' || port < 0 || port > 65535 ? -1 : (int)port;
}

int main(int argc, char **argv)
{
    chat self = {.interface_name = argc > 3 ? argv[3] : NULL};
    int rc;

    if (argc < 3 || argc > 4 || firth_address_make(&self.group, argv[1], parse_port(argv[2])) < 0 ||
        firth_address_classify(&self.group) != FIRTH_ADDRESS_MULTICAST) {
        fprintf(stderr,
                "usage: %s group port [interface]\n"
                "a group is an address of 224.0.0.0/4 or ff00::/8, a port a number from 0 to 65535\n",
                argv[0]);
        return 2;
    }
    rc = firth_run(meet, &self);
    if (rc < 0 && !self.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
