/* SPDX-License-Identifier: Apache-2.0 */
/* Latencies in constant memory, as HdrHistogram keeps them: 128 buckets for each power of two, so a value read back is
 * at most 0.8 % above the one recorded. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEP_BITS = 7, HISTOGRAM_VALUE_BITS = 37 };
enum { HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS };

typedef struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
} histogram;

void histogram_clear(histogram *to);

/* Counts the value that many times; what is over 137 s counts as that. */
void histogram_add(histogram *to, int64_t value_ns, uint64_t times);

/* The value that `share` of all (0 to 1) do not exceed; 0 if there are none. */
int64_t histogram_quantile(const histogram *from, double share);

#endif
