# SPDX-License-Identifier: Apache-2.0
# bug: a batch that was full is taken for an empty socket
# in: backends/readiness/linux_batch.c
# on: epoll
# finder: full_batches_follow_each_other
s/if (n < op->piece_count \&\& (io->state \& FTH_HANGUP) == 0)/if (n > 0)/
