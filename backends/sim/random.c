/* SPDX-License-Identifier: Apache-2.0 */
/* The world's one sequence: splitmix64 (Steele, Lea, Flood 2014). What is never to happen draws no number, so that a
 * world without faults is the same under every seed. */
#include "backends/sim/world.h"

uint64_t firth_sim_random(firth_sim *sim)
{
    uint64_t x;

    sim->random += 0x9e3779b97f4a7c15u;
    x = sim->random;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t fth_sim_below(firth_sim *sim, uint64_t limit)
{
    return limit > 1 ? firth_sim_random(sim) % limit : 0;
}

int64_t fth_sim_between(firth_sim *sim, int64_t least, int64_t most)
{
    return least + (int64_t)fth_sim_below(sim, (uint64_t)(most - least) + 1);
}

bool fth_sim_happens(firth_sim *sim, double rate)
{
    /* 53 bits: a number from 0 to below 1 that a double holds exactly, so that every machine decides alike. */
    return rate > 0 && (double)(firth_sim_random(sim) >> 11) * (1.0 / 9007199254740992.0) < rate;
}
