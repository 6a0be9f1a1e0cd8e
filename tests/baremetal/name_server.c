/* SPDX-License-Identifier: Apache-2.0 */
/* A name server on this machine's loopback, port 53, for a firmware in QEMU, whose name server is the one of this machine:
 * so this machine is a namespace of the test's (names_test.sh). It knows host.example, which is QEMU's way to loopback, and
 * six.example; of silent.example it says nothing, and there are no others. Says "ready", and never ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { HEADER = 12, PACKET = 512, PORT = 53, TYPE_A = 1, TYPE_AAAA = 28, NO_SUCH_NAME = 3, RECORD = 12 };

/* As in a question (RFC 1035, 4.1.2), with the length of each label before it. */
static const struct name {
    const char *wire;
    int type;
    const char *address;
    bool is_silent;
} names[] = {
    {"\4host\7example", TYPE_A, "10.0.2.2", false},
    {"\3six\7example", TYPE_AAAA, "fd00::99", false},
    {"\6silent\7example", TYPE_A, NULL, true},
};

/* Appends the record: a pointer to the question's name, type, class IN, a minute, the address. */
static size_t append(unsigned char *packet, size_t size, const struct name *name)
{
    const size_t bytes = name->type == TYPE_A ? 4 : 16;
    const unsigned char record[RECORD] = {0xc0, HEADER, 0, (unsigned char)name->type, 0, 1, 0, 0,
                                          0,    60,     0, (unsigned char)bytes};

    memcpy(packet + size, record, RECORD);
    (void)inet_pton(name->type == TYPE_A ? AF_INET : AF_INET6, name->address, packet + size + RECORD);
    return size + RECORD + bytes;
}

/* Makes an answer of a question; 0: there is none. */
static size_t answer(unsigned char *packet, size_t size)
{
    const char *asked = (const char *)packet + HEADER;
    const size_t length = strnlen(asked, size - HEADER);
    bool is_known = false;

    if (size < HEADER + length + 5)
        return 0;
    size = HEADER + length + 5;
    packet[2] |= 0x84; /* an answer, of who knows */
    packet[3] = 0x80;
    packet[7] = 0;
    memset(packet + 8, 0, 4);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].wire, asked) != 0)
            continue;
        if (names[i].is_silent)
            return 0;
        is_known = true;
        if (packet[size - 3] == names[i].type) {
            packet[7] = 1;
            return append(packet, size, &names[i]);
        }
    }
    packet[3] |= is_known ? 0 : NO_SUCH_NAME;
    return size;
}

int main(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int server = socket(AF_INET, SOCK_DGRAM, 0);

    if (server < 0 || bind(server, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("name_server");
        return EXIT_FAILURE;
    }
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        unsigned char packet[PACKET + 64];
        struct sockaddr_in from;
        socklen_t from_size = sizeof from;
        ssize_t size = recvfrom(server, packet, PACKET, 0, (struct sockaddr *)&from, &from_size);

        if (size > HEADER && (size = (ssize_t)answer(packet, (size_t)size)) > 0)
            (void)sendto(server, packet, (size_t)size, 0, (struct sockaddr *)&from, from_size);
    }
}
