# SPDX-License-Identifier: Apache-2.0
# bug: who waits to write later is not added
# in: backends/kqueue/kqueue.c
# on: kqueue
# finder: a_send_leaves_the_receive_that_waits_before_it
s/if ((filters & FTH_WRITABLE) != 0)/if ((filters \& FTH_WRITABLE) != 0 \&\& of->known == 0)/
