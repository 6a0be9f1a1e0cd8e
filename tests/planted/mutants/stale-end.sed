# SPDX-License-Identifier: Apache-2.0
# bug: a token is taken for good whatever its generation, and a reported end without a look
# in: backends/readiness/ops.c
# on: epoll
# finder: a_report_for_a_closed_socket_is_not_for_the_next
s/firth_io \*io = fth_slots_find(reactor, token);/firth_io *io = reactor->slots[(uint32_t)token].is.io;/
/^FIRTH_INLINE bool attempt_receive/,/^}/ s/if (errno == EAGAIN || errno == EWOULDBLOCK) {/&\
        if ((io->state \& FTH_HANGUP) != 0) return fth_succeed(op, 0);/
