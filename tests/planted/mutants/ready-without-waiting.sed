# SPDX-License-Identifier: Apache-2.0
# bug: a connect that is reported is taken for connected
# in: backends/readiness/connect.c
# on: epoll poll kqueue
# finder: a_closed_port_refuses_within_a_second
s/if (error != 0)/if (0)/; s/if (errno == ENOTCONN)/if (errno == ENOTCONN) return connected(op); else if (0)/
