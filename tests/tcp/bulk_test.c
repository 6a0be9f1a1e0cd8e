/* SPDX-License-Identifier: Apache-2.0 */
/* A gigabyte from channel to channel. */
#include "tests/tcp/peers.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { PATTERN_BYTES = 1024 * 1024, MORE_KIB_MOST = 16 * 1024 };
static const uint64_t total = 1024ull * 1024 * 1024;

typedef struct transfer {
    firth_socket *from;
    firth_socket *to;
    uint8_t *pattern;
    uint8_t *received;
} transfer;

/* The pattern has an odd period, so that a lost or doubled block cannot go unseen. */
static size_t pattern_period(void)
{
    return PATTERN_BYTES - 1;
}

static int send_patterns(firth_scope *scope, void *argument)
{
    transfer *this = argument;

    (void)scope;
    for (uint64_t sent = 0; sent < total;) {
        uint64_t left = total - sent;
        size_t size = left < pattern_period() ? (size_t)left : pattern_period();

        EXPECT_EQUAL(firth_write(firth_socket_output(this->from), this->pattern, size), FIRTH_OK);
        sent += size;
    }
    return firth_flush_and_close(firth_socket_output(this->from));
}

static int check_patterns(transfer *this)
{
    for (uint64_t received = 0; received < total;) {
        uint64_t left = total - received;
        size_t size = left < pattern_period() ? (size_t)left : pattern_period();

        EXPECT_EQUAL(firth_read_fully(firth_socket_input(this->to), this->received, size), (int64_t)size);
        EXPECT_BYTES(this->received, this->pattern, size);
        received += size;
    }
    EXPECT_EQUAL(firth_read(firth_socket_input(this->to), this->received, 1), FIRTH_EOF);
    return FIRTH_OK;
}

typedef struct relay {
    firth_socket *in;
    firth_socket *out;
} relay;

static int copy_all(firth_scope *scope, void *argument)
{
    relay *this = argument;

    (void)scope;
    EXPECT_EQUAL(firth_copy(firth_socket_input(this->in), firth_socket_output(this->out), FIRTH_NO_LIMIT),
                 (int64_t)total);
    return firth_flush_and_close(firth_socket_output(this->out));
}

static int memory_kib(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int)usage.ru_maxrss : 0;
}

static int relay_patterns(firth_scope *scope, transfer *ends)
{
    relay between;

    EXPECT_EQUAL(support_pair(scope, &ends->from, &between.in), FIRTH_OK);
    firth_scope_own_socket(scope, ends->from);
    firth_scope_own_socket(scope, between.in);
    EXPECT_EQUAL(support_pair(scope, &between.out, &ends->to), FIRTH_OK);
    firth_scope_own_socket(scope, between.out);
    firth_scope_own_socket(scope, ends->to);
    EXPECT_EQUAL(firth_spawn(scope, send_patterns, ends, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, copy_all, &between, NULL), FIRTH_OK);
    return check_patterns(ends);
}

TASK_TEST(gigabyte_is_copied_from_channel_to_channel_in_constant_memory)
{
    transfer *ends = argument;
    size_t live = support_allocations_live();
    int before = memory_kib();

    EXPECT_EQUAL(relay_patterns(scope, ends), FIRTH_OK);
    EXPECT(memory_kib() - before < MORE_KIB_MOST);
    EXPECT(support_allocations_live() - live < 64);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static transfer ends;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(gigabyte_is_copied_from_channel_to_channel_in_constant_memory, &ends),
    };
    int code;

    ends.pattern = malloc(PATTERN_BYTES);
    ends.received = malloc(PATTERN_BYTES);
    if (ends.pattern == NULL || ends.received == NULL)
        return 2;
    support_fill(ends.pattern, PATTERN_BYTES, 0);
    memset(ends.received, 0, PATTERN_BYTES);
    code = support_main(argc, argv, "bulk", tests, sizeof tests / sizeof tests[0]);
    free(ends.pattern);
    free(ends.received);
    return code;
}
