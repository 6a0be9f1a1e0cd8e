# SPDX-License-Identifier: Apache-2.0
# bug: a datagram of a batch that was cut off is not called truncated
# in: backends/readiness/linux_batch.c
# on: epoll
# finder: each_long_datagram_of_a_batch_says_that_it_is_truncated
s/datagram->truncated = whole_size > capacity;/datagram->truncated = false;/
