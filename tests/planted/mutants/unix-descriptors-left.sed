# SPDX-License-Identifier: Apache-2.0
# bug: a descriptor without room stays open
# in: backends/readiness/unix_messages.c
# on: epoll poll
# finder: descriptors_without_room_are_closed_and_that_is_told
s/^            (void)close(descriptor);/            (void)descriptor;/
