# SPDX-License-Identifier: Apache-2.0
# bug: a registration for reading is not widened when a write is blocked
# in: backends/readiness/ops.c
# on: epoll kqueue
# finder: a_send_leaves_the_receive_that_waits_before_it
s/else if (wanted != watched || (io->state & ready) != 0) {/else if ((io->state \& ready) != 0) {/
