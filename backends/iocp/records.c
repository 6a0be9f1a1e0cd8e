/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/iocp/iocp.h"

#include <string.h>

#include "core/base/assert.h"

enum { FTH_RECORDS_FIRST = 64 };

static bool grow(fth_iocp *iocp)
{
    size_t capacity = iocp->capacity == 0 ? FTH_RECORDS_FIRST : iocp->capacity * 2;
    fth_record **records = firth_selector_allocate(iocp->selector, capacity * sizeof(fth_record *));

    if (records == NULL)
        return false;
    if (iocp->records != NULL) {
        memcpy(records, iocp->records, iocp->count * sizeof(fth_record *));
        firth_selector_release(iocp->selector, iocp->records);
    }
    iocp->records = records;
    iocp->capacity = capacity;
    return true;
}

static fth_record *make(fth_iocp *iocp)
{
    fth_record *record = NULL;

    if (iocp->count < UINT32_MAX - 1 && (iocp->count < iocp->capacity || grow(iocp)))
        record = firth_selector_allocate(iocp->selector, sizeof *record);
    if (record == NULL) {
        (void)firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
        return NULL;
    }
    record->number = (uint32_t)iocp->count;
    record->client_socket = INVALID_SOCKET;
    record->iocp = iocp;
    iocp->records[iocp->count++] = record;
    return record;
}

fth_record *fth_record_take(fth_iocp *iocp)
{
    fth_record *record = iocp->free;

    if (record == NULL)
        return make(iocp);
    iocp->free = record->next_free;
    record->next_free = NULL;
    return record;
}

/* Its packets have all come: no op is pending. Others would be of a past generation. */
void fth_record_give(fth_iocp *iocp, fth_record *record)
{
    FTH_ASSERT(record->client == NULL && record->client_socket == INVALID_SOCKET);
    fth_events_forget(record);
    if (record->messages != NULL)
        firth_selector_release(iocp->selector, record->messages);
    record->messages = NULL;
    record->is_busy = false;
    record->ahead_start = record->ahead_end = 0;
    record->io = NULL;
    record->generation++;
    record->keep_alive_idle_s = record->keep_alive_interval_s = 0;
    record->next_free = iocp->free;
    iocp->free = record;
}

void fth_records_release(fth_iocp *iocp)
{
    size_t i;

    for (i = 0; i < iocp->count; i++)
        firth_selector_release(iocp->selector, iocp->records[i]);
    if (iocp->records != NULL)
        firth_selector_release(iocp->selector, iocp->records);
}

/* The number and, where a pointer has 64 bits, the generation. */
ULONG_PTR fth_record_key(const fth_record *record)
{
#ifdef _WIN64
    return (ULONG_PTR)record->generation << 32 | (record->number + 1);
#else
    return record->number + 1;
#endif
}

fth_record *fth_record_find(const fth_iocp *iocp, ULONG_PTR key)
{
    size_t number = (uint32_t)key;
    fth_record *record = number >= 1 && number <= iocp->count ? iocp->records[number - 1] : NULL;

    return record != NULL && record->io != NULL && fth_record_key(record) == key ? record : NULL;
}
