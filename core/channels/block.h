/* SPDX-License-Identifier: Apache-2.0 */
/* Buffer blocks: a channel holds one only while it holds bytes. Beside the common ones there are a few large ones, for
 * a stream that comes faster than a block holds: many bytes a system call, in memory that stays warm. */
#ifndef FTH_BLOCK_H
#define FTH_BLOCK_H

#include <firth/backend.h>

/* The op that sends a block's bytes in the background lives in the block, so that an idle socket does without. */
typedef struct fth_block {
    struct fth_block *next; /* free list */
    firth_op op;
    firth_buffer piece;
    uint32_t size; /* of bytes */
    unsigned char bytes[];
} fth_block;

/* Large blocks in use at a time; who comes later does with a common one. */
enum { FTH_BULK_BLOCKS_MAX = 8 };

typedef struct fth_blocks {
    firth_selector *selector;
    fth_block *free_list;
    size_t free_count;
    size_t cache;
    uint32_t block_bytes;
    uint32_t bulk_bytes; /* 0: there are no large ones */
    unsigned bulk_count; /* large ones in use */
    fth_block *bulk;     /* the one that is kept */
} fth_blocks;

void fth_blocks_open(fth_blocks *blocks, firth_selector *selector, const firth_selector_options *options);
void fth_blocks_close(fth_blocks *blocks);

/* A block, or NULL when there is no memory; a large one, or NULL when there is none to be had. */
fth_block *fth_block_take(fth_blocks *blocks);
fth_block *fth_block_take_bulk(fth_blocks *blocks);
void fth_block_give(fth_blocks *blocks, fth_block *block);

#endif
