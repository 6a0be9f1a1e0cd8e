# SPDX-License-Identifier: Apache-2.0
# bug: a cancelled op stays where the next report finds it
# in: backends/readiness/ops.c
# on: epoll poll kqueue
# finder: a_cancelled_accept_leaves_the_client
/^void fth_reactor_cancel/,/^}/ { /\*side = NULL;/ d; }
