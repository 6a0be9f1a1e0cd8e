/* SPDX-License-Identifier: Apache-2.0 */
/* Buffer blocks: a channel holds one only while it holds bytes. */
#ifndef FTH_BLOCK_H
#define FTH_BLOCK_H

#include <firth/backend.h>

/* The op that sends a block's bytes in the background lives in the block, so that an idle socket does without. */
typedef struct fth_block {
    struct fth_block *next; /* free list */
    firth_op op;
    firth_buffer piece;
    unsigned char bytes[];
} fth_block;

typedef struct fth_blocks {
    firth_selector *selector;
    fth_block *free_list;
    size_t free_count;
    size_t cache;
    uint32_t block_bytes;
} fth_blocks;

void fth_blocks_open(fth_blocks *blocks, firth_selector *selector, uint32_t block_bytes, size_t cache);
void fth_blocks_close(fth_blocks *blocks);

/* A block, or NULL when there is no memory. */
fth_block *fth_block_take(fth_blocks *blocks);
void fth_block_give(fth_blocks *blocks, fth_block *block);

#endif
