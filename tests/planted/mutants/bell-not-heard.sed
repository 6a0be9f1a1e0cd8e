# SPDX-License-Identifier: Apache-2.0
# bug: after its first wake the bell is thought to ring for ever
# in: backends/poll/poll.c
# on: poll
# finder: another_thread_ends_the_longest_wait
/^static void hear_bell/,/^}/ { /atomic_exchange/ d; }
