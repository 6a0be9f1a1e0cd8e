/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

#include <string.h>

void histogram_clear(histogram *to)
{
    memset(to, 0, sizeof *to);
}

/* Values below 128 have a bucket each; above, the 7 bits behind the leading one choose among those of its power. */
static unsigned bucket_of(uint64_t value)
{
    unsigned power;

    if (value < 1u << HISTOGRAM_STEP_BITS)
        return (unsigned)value;
    power = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    return ((power + 1) << HISTOGRAM_STEP_BITS) + (unsigned)((value >> power) - (1u << HISTOGRAM_STEP_BITS));
}

/* The highest value that the bucket holds. */
static int64_t top_of(unsigned bucket)
{
    unsigned power = bucket >> HISTOGRAM_STEP_BITS;
    uint64_t step = bucket & ((1u << HISTOGRAM_STEP_BITS) - 1);

    if (power == 0)
        return (int64_t)step;
    return (int64_t)(((step + (1u << HISTOGRAM_STEP_BITS) + 1) << (power - 1)) - 1);
}

void histogram_add(histogram *to, int64_t value_ns, uint64_t times)
{
    uint64_t most = ((uint64_t)1 << HISTOGRAM_VALUE_BITS) - 1;
    uint64_t value = value_ns < 0 ? 0 : (uint64_t)value_ns;

    to->counts[bucket_of(value < most ? value : most)] += times;
    to->total += times;
}

int64_t histogram_quantile(const histogram *from, double share)
{
    uint64_t rank = (uint64_t)(share * (double)from->total);
    uint64_t seen = 0;

    if (from->total == 0)
        return 0;
    if (rank >= from->total)
        rank = from->total - 1;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += from->counts[i];
        if (seen > rank)
            return top_of(i);
    }
    return top_of(HISTOGRAM_BUCKETS - 1);
}
