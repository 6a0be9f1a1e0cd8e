# SPDX-License-Identifier: Apache-2.0
# bug: an entry that takes another's place is looked for at its old one
# in: backends/poll/poll.c
# on: poll
# finder: sockets_that_wait_and_go_in_any_order_do_not_mix
/list->places\[(uint32_t)list->tokens\[place\]\] = place;/ d
