# SPDX-License-Identifier: Apache-2.0
# bug: a token is taken for good whatever its generation, and a reported end without a look
# in: backends/readiness/ops.c
# on: epoll
# finder: a_report_for_a_closed_socket_is_not_for_the_next
s/uint64_t token = fth_slots_token(reactor, io);/reactor->slots[io->slot].generation = 0;\
&/
/^FIRTH_INLINE bool attempt_receive/,/^}/ s/if (errno == EAGAIN || errno == EWOULDBLOCK) {/&\
        if ((io->state \& FTH_HANGUP) != 0) return fth_succeed(op, 0);/
