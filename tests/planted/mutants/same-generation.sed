# SPDX-License-Identifier: Apache-2.0
# bug: a place that is given back keeps its generation
# in: backends/readiness/slots.c
# on: epoll
# finder: a_report_for_a_closed_socket_reaches_nobody
/slot->generation++;/ d
