# SPDX-License-Identifier: Apache-2.0
# bug: a cancelled op is forgotten, and never ends
# in: backends/readiness/ops.c
# on: epoll poll kqueue
# finder: a_cancelled_wait_ends_once
/^void fth_reactor_cancel/,/^}/ { /firth_op_complete/ d; }
