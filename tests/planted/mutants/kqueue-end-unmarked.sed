# SPDX-License-Identifier: Apache-2.0
# bug: the end that came with bytes is not told
# in: backends/kqueue/kqueue.c
# on: kqueue
# finder: an_end_right_behind_a_byte_is_not_missed
s/if (ended \&\& is_read)/if (ended \&\& is_read \&\& event->data == 0)/
