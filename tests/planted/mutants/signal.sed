# SPDX-License-Identifier: Apache-2.0
# bug: a send may raise SIGPIPE
# in: backends/readiness/ops.c
# on: epoll poll kqueue
# finder: sends_after_the_reset_are_errors_and_no_signal
s/MSG_NOSIGNAL/0/
