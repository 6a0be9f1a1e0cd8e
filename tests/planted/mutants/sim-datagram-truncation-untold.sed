# SPDX-License-Identifier: Apache-2.0
# bug: a datagram that was cut off is not called truncated
# in: backends/sim/datagram.c
# on: sim
# finder: a_long_datagram_is_truncated_and_says_so
s/datagram->truncated = from->size > datagram->capacity;/datagram->truncated = false;/;s/datagram->size = datagram->truncated ?/datagram->size = from->size > datagram->capacity ?/
