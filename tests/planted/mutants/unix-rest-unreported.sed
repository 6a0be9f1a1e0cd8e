# SPDX-License-Identifier: Apache-2.0
# bug: a short receive behind which descriptors were is believed to be all there is
# in: backends/readiness/unix.c
# on: epoll
# finder: bytes_around_descriptors_are_whole
s/(fth_reactor_of(io)->poller->edges ? (uint32_t)FTH_URGENT : 0u)/0u/
