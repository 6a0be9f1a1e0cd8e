/* SPDX-License-Identifier: Apache-2.0 */
#include "core/channels/block.h"
#include "core/base/assert.h"

void fth_blocks_open(fth_blocks *blocks, firth_selector *selector, uint32_t block_bytes, size_t cache)
{
    blocks->selector = selector;
    blocks->free_list = NULL;
    blocks->free_count = 0;
    blocks->cache = cache;
    blocks->block_bytes = block_bytes;
}

void fth_blocks_close(fth_blocks *blocks)
{
    while (blocks->free_list != NULL) {
        fth_block *block = blocks->free_list;

        blocks->free_list = block->next;
        firth_selector_release(blocks->selector, block);
    }
    blocks->free_count = 0;
}

fth_block *fth_block_take(fth_blocks *blocks)
{
    fth_block *block = blocks->free_list;

    if (block == NULL)
        return firth_selector_allocate(blocks->selector, sizeof *block + blocks->block_bytes);
    blocks->free_list = block->next;
    blocks->free_count--;
    return block;
}

void fth_block_give(fth_blocks *blocks, fth_block *block)
{
    FTH_ASSERT(block != NULL);
    if (blocks->free_count >= blocks->cache) {
        firth_selector_release(blocks->selector, block);
        return;
    }
    block->next = blocks->free_list;
    blocks->free_list = block;
    blocks->free_count++;
}
