# SPDX-License-Identifier: Apache-2.0
# bug: a closed socket is not taken out of the epoll set
# in: backends/epoll/epoll.c
# on: epoll
# finder: a_closed_socket_reports_nothing_though_a_duplicate_lives
s/if (!ended)/if (0)/
