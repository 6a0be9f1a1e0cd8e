# SPDX-License-Identifier: Apache-2.0
# bug: an error that a datagram socket heard of is told for ever
# in: backends/sim/datagram.c
# on: sim
# finder: a_closed_port_does_not_kill_a_connected_socket
/^static int take_error/,/^}/ { /socket->mail.error = 0;/ d; }
