# SPDX-License-Identifier: Apache-2.0
# bug: a writer that waits is not told of the room that a reader made
# in: backends/sim/stream.c
# on: sim
# finder: a_slow_reader_misses_nothing
/^size_t fth_sim_read/,/^}/ { /fth_sim_announce_room/ d; }
