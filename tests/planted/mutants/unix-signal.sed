# SPDX-License-Identifier: Apache-2.0
# bug: a send of descriptors may raise SIGPIPE
# in: backends/readiness/unix_messages.c
# on: epoll poll
# finder: a_peer_that_is_gone_takes_no_descriptors_and_raises_no_signal
s/MSG_NOSIGNAL/0/
