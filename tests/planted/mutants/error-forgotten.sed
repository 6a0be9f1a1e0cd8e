# SPDX-License-Identifier: Apache-2.0
# bug: the error that a send took from the socket is not kept for the reader
# in: backends/readiness/ops.c
# on: epoll poll kqueue
# finder: a_reset_that_a_write_found_is_no_end_for_the_reader
s/io->state |= (uint32_t)os_code << FTH_ERROR_SHIFT;/;/
