# SPDX-License-Identifier: Apache-2.0
# bug: a connected datagram socket hears strangers
# in: backends/sim/deliver.c
# on: sim
# finder: a_connected_socket_hears_its_peer_alone
/^static bool is_from_peer/,/^}/ s/return .*$/return from != NULL || firth_address_equal(\&socket->mail.peer, from);/
