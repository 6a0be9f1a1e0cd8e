# SPDX-License-Identifier: Apache-2.0
# bug: the rest of a datagram that was cut off is received as the next
# in: backends/sim/datagram.c
# on: sim
# finder: a_long_datagram_is_truncated_and_says_so
/^int fth_sim_datagram_receive/,/^}/ s/    socket->mail.first = from->next;/    if (datagram->truncated) {\
        memmove(from->bytes, from->bytes + datagram->size, from->size -= datagram->size);\
        socket->mail.bytes -= datagram->size;\
        return 1;\
    }\
&/
