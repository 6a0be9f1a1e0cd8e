# SPDX-License-Identifier: Apache-2.0
# bug: the end that came with bytes is not told
# in: backends/kqueue/kqueue.c
# on: kqueue
# finder: an_end_right_behind_a_byte_is_not_missed
s/fth_event_ready(event)/(fth_event_ready(event) \& (event->data == 0 ? ~0u : ~(unsigned)FTH_HANGUP))/
