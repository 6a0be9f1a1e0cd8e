/* SPDX-License-Identifier: Apache-2.0 */
/* The slots of Unix sockets: handed on, and their answers held to backend.h. What moves bytes gets memory of its own, with
 * a fence behind it. */
#include "tests/conformance/observer.h"
#include "tests/conformance/slots.h"

#include <stdlib.h>

enum { FENCE_BYTES = 64, PATTERN = 0xe5 };

static const firth_unix_backend *real(void)
{
    return fth_kit_real->unix_sockets;
}

static int unix_open(firth_io *io, bool datagrams)
{
    const firth_selector *selector = io->selector;

    return fth_kit_slot_opened("unix_sockets.open", io, selector, real()->open(io, datagrams));
}

static int unix_adopt(firth_io *io, intptr_t native, bool datagrams)
{
    const firth_selector *selector = io->selector;

    return fth_kit_slot_opened("unix_sockets.adopt", io, selector, real()->adopt(io, native, datagrams));
}

static int unix_connect(firth_io *io, const firth_unix_address *address)
{
    int rc = real()->connect(io, address);

    return rc == FIRTH_ERR_WOULD_BLOCK ? rc : fth_kit_slot_result("unix_sockets.connect", rc);
}

static int unix_bind(firth_io *io, const firth_unix_address *address, int mode, bool replace_stale, bool unlink_later,
                     firth_unix_file *file)
{
    int rc;

    memset(file, PATTERN, sizeof *file);
    rc = real()->bind(io, address, mode, replace_stale, unlink_later, file);
    if (rc >= 0 && (file->device == 0 && file->number == 0) != address->abstract)
        fth_kit_law("unix_sockets.bind did not tell which file it made");
    return fth_kit_slot_result("unix_sockets.bind", rc);
}

static void unix_unlink(const firth_unix_address *address, const firth_unix_file *file)
{
    real()->unlink(address, file);
}

static int unix_address(const firth_io *io, bool of_peer, firth_unix_address *address)
{
    return fth_kit_slot_result("unix_sockets.address", real()->address(io, of_peer, address));
}

static int unix_credentials(const firth_io *io, firth_unix_credentials *credentials)
{
    return fth_kit_slot_result("unix_sockets.credentials", real()->credentials(io, credentials));
}

static void unix_discard(intptr_t descriptor)
{
    real()->discard(descriptor);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* A count, or a code. */
static int64_t transferred(const char *slot, int64_t n, size_t most)
{
    if (n > (int64_t)most)
        fth_kit_law("%s of %zu bytes came to %lld", slot, most, (long long)n);
    if (n < 0 && n != FIRTH_ERR_WOULD_BLOCK)
        (void)fth_kit_slot_result(slot, n < FIRTH_ERR_SYSTEM ? FIRTH_ERR_SYSTEM - 1 : (int)n);
    return n;
}

/* Of a datagram that is empty, and the end of a stream, the case has to look at the fields itself. */
static void check_received(const firth_unix_message *message, int64_t n)
{
    if (message->size != (size_t)n)
        fth_kit_law("a receive came to %lld bytes and tells of %zu", (long long)n, message->size);
    else if (message->truncated &&
             (message->size != message->capacity || (message->whole_size != 0 && message->whole_size <= message->size)))
        fth_kit_law("a datagram is called truncated, and has %zu of %zu bytes in room for %zu", message->size,
                    message->whole_size, message->capacity);
    else if (!message->truncated && message->whole_size != message->size)
        fth_kit_law("a datagram is not called truncated, and has %zu of %zu bytes", message->size, message->whole_size);
    if (message->descriptor_count > message->descriptor_capacity)
        fth_kit_law("%zu descriptors were received into room for %zu", message->descriptor_count,
                    message->descriptor_capacity);
}

static bool is_fence_whole(const uint8_t *fence)
{
    for (int i = 0; i < FENCE_BYTES; i++)
        if (fence[i] != PATTERN)
            return false;
    return true;
}

/* What the backend does not set is not what was there before. */
static firth_unix_message spoilt(const firth_unix_message *message, uint8_t *bytes)
{
    firth_unix_message mine = *message;

    mine.bytes = bytes;
    mine.size = mine.whole_size = mine.descriptor_count = SIZE_MAX;
    mine.truncated = mine.descriptors_lost = true;
    return mine;
}

static int64_t unix_receive(firth_io *io, firth_unix_message *message)
{
    uint8_t *bytes = malloc(message->capacity + FENCE_BYTES);
    firth_unix_message mine;
    int64_t n;

    if (bytes == NULL) {
        (void)fputs("FAIL the_kit_itself: no memory\n", stdout);
        exit(2);
    }
    memset(bytes, PATTERN, message->capacity + FENCE_BYTES);
    mine = spoilt(message, bytes);
    n = transferred("unix_sockets.receive", real()->receive(io, &mine), message->capacity);
    if (!is_fence_whole(bytes + message->capacity))
        fth_kit_law("a receive wrote behind its memory");
    if (n > 0)
        check_received(&mine, n);
    if (n > 0 && n <= (int64_t)message->capacity)
        memcpy(message->bytes, bytes, (size_t)n);
    mine.bytes = message->bytes;
    if (n >= 0)
        *message = mine;
    free(bytes);
    return n;
}

static int64_t unix_send(firth_io *io, const firth_unix_message *message)
{
    return transferred("unix_sockets.send", real()->send(io, message), message->size);
}

const firth_unix_backend *fth_kit_slots_unix(void)
{
    static const firth_unix_backend table = {
        .open = unix_open,
        .adopt = unix_adopt,
        .connect = unix_connect,
        .bind = unix_bind,
        .unlink = unix_unlink,
        .address = unix_address,
        .credentials = unix_credentials,
        .receive = unix_receive,
        .send = unix_send,
        .discard = unix_discard,
    };

    return fth_kit_real->unix_sockets != NULL ? &table : NULL;
}
