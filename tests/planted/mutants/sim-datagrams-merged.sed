# SPDX-License-Identifier: Apache-2.0
# bug: a datagram is received with the next one behind it
# in: backends/sim/datagram.c
# on: sim
# finder: a_batch_is_received_as_it_was_sent
/^int fth_sim_datagram_receive/,/^}/ s/    if (datagram->control != NULL)/    if (from->next != NULL \&\& from->next->size <= datagram->capacity - datagram->size) {\
        memcpy((char *)datagram->bytes + datagram->size, from->next->bytes, from->next->size);\
        datagram->whole_size = datagram->size += from->next->size;\
    }\
&/
