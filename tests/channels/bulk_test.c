/* SPDX-License-Identifier: Apache-2.0 */
/* Large blocks: how many there are, and where they go. What they are for is in bites_test and copy_test. */
#include "core/channels/block.h"
#include "tests/support/support.h"

static firth_selector *selector;
static fth_blocks blocks;

static int open_blocks(void **state)
{
    firth_selector_options options = support_options();

    (void)state;
    options.block_bytes = 512;
    options.bulk_bytes = 4096;
    options.block_cache = 0;
    if (firth_selector_open(&selector, &options) < 0)
        return -1;
    fth_blocks_open(&blocks, selector, &options);
    return 0;
}

static int close_blocks(void **state)
{
    (void)state;
    fth_blocks_close(&blocks);
    return firth_selector_close(selector) < 0 ? -1 : 0;
}

static void so_many_are_in_use_at_a_time_and_no_more(void **state)
{
    fth_block *taken[FTH_BULK_BLOCKS_MAX];

    (void)state;
    for (size_t i = 0; i < FTH_BULK_BLOCKS_MAX; i++) {
        taken[i] = fth_block_take_bulk(&blocks);
        assert_non_null(taken[i]);
        assert_int_equal(taken[i]->size, 4096);
    }
    assert_null(fth_block_take_bulk(&blocks));
    fth_block_give(&blocks, taken[0]);
    taken[0] = fth_block_take_bulk(&blocks);
    assert_non_null(taken[0]);
    for (size_t i = 0; i < FTH_BULK_BLOCKS_MAX; i++)
        fth_block_give(&blocks, taken[i]);
}

static void one_is_kept_and_the_others_go_back(void **state)
{
    size_t live = support_allocations_live();
    fth_block *first = fth_block_take_bulk(&blocks), *second = fth_block_take_bulk(&blocks);

    (void)state;
    fth_block_give(&blocks, first);
    fth_block_give(&blocks, second);
    assert_int_equal(support_allocations_live(), live + 1);
    assert_ptr_equal(fth_block_take_bulk(&blocks), first);
    assert_int_equal(support_allocations_live(), live + 1);
    fth_block_give(&blocks, first);
}

static void without_memory_there_is_none_and_a_common_block_still_is(void **state)
{
    fth_block *common;

    (void)state;
    support_allocation_fail_at(1, false);
    assert_null(fth_block_take_bulk(&blocks));
    support_allocation_fail_at(0, false);
    common = fth_block_take(&blocks);
    assert_non_null(common);
    assert_int_equal(common->size, 512);
    fth_block_give(&blocks, common);
    assert_int_equal(blocks.bulk_count, 0);
}

static void a_selector_may_have_none(void **state)
{
    firth_selector_options options = support_options();
    fth_blocks none;

    (void)state;
    options.bulk_bytes = 0;
    fth_blocks_open(&none, selector, &options);
    assert_null(fth_block_take_bulk(&none));
    fth_blocks_close(&none);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(so_many_are_in_use_at_a_time_and_no_more, open_blocks, close_blocks),
        cmocka_unit_test_setup_teardown(one_is_kept_and_the_others_go_back, open_blocks, close_blocks),
        cmocka_unit_test_setup_teardown(without_memory_there_is_none_and_a_common_block_still_is, open_blocks,
                                        close_blocks),
        cmocka_unit_test_setup_teardown(a_selector_may_have_none, open_blocks, close_blocks),
    };

    return support_main(argc, argv, "large blocks", tests, sizeof tests / sizeof tests[0]);
}
