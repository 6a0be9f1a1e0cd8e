/* SPDX-License-Identifier: Apache-2.0 */
#include "core/channels/block.h"
#include "core/base/assert.h"

void fth_blocks_open(fth_blocks *blocks, firth_selector *selector, const firth_selector_options *options)
{
    blocks->selector = selector;
    blocks->free_list = NULL;
    blocks->free_count = 0;
    blocks->cache = options->block_cache;
    blocks->block_bytes = (uint32_t)options->block_bytes;
    blocks->bulk_bytes = options->bulk_bytes > options->block_bytes ? (uint32_t)options->bulk_bytes : 0;
    blocks->bulk_count = 0;
    blocks->bulk = NULL;
}

void fth_blocks_close(fth_blocks *blocks)
{
    FTH_ASSERT(blocks->bulk_count == 0);
    while (blocks->free_list != NULL) {
        fth_block *block = blocks->free_list;

        blocks->free_list = block->next;
        firth_selector_release(blocks->selector, block);
    }
    blocks->free_count = 0;
    if (blocks->bulk != NULL)
        firth_selector_release(blocks->selector, blocks->bulk);
    blocks->bulk = NULL;
}

static fth_block *make(const fth_blocks *blocks, uint32_t size)
{
    fth_block *block = firth_selector_allocate(blocks->selector, sizeof *block + size);

    if (block != NULL)
        block->size = size;
    return block;
}

FIRTH_HOT fth_block *fth_block_take(fth_blocks *blocks)
{
    fth_block *block = blocks->free_list;

    if (block == NULL)
        return make(blocks, blocks->block_bytes);
    blocks->free_list = block->next;
    blocks->free_count--;
    return block;
}

FIRTH_HOT fth_block *fth_block_take_bulk(fth_blocks *blocks)
{
    fth_block *block = blocks->bulk;

    if (blocks->bulk_bytes == 0 || blocks->bulk_count == FTH_BULK_BLOCKS_MAX)
        return NULL;
    blocks->bulk = NULL;
    if (block == NULL)
        block = make(blocks, blocks->bulk_bytes);
    if (block != NULL)
        blocks->bulk_count++;
    return block;
}

static void give_bulk(fth_blocks *blocks, fth_block *block)
{
    FTH_ASSERT(block->size == blocks->bulk_bytes && blocks->bulk_count > 0);
    blocks->bulk_count--;
    if (blocks->bulk == NULL)
        blocks->bulk = block;
    else
        firth_selector_release(blocks->selector, block);
}

FIRTH_HOT void fth_block_give(fth_blocks *blocks, fth_block *block)
{
    FTH_ASSERT(block != NULL);
    if (block->size != blocks->block_bytes) {
        give_bulk(blocks, block);
        return;
    }
    if (blocks->free_count >= blocks->cache) {
        firth_selector_release(blocks->selector, block);
        return;
    }
    block->next = blocks->free_list;
    blocks->free_list = block;
    blocks->free_count++;
}
