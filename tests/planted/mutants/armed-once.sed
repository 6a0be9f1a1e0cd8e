# SPDX-License-Identifier: Apache-2.0
# bug: a report is asked for once, and not again after it came
# in: backends/readiness/ops.c
# on: poll
# finder: a_hundred_questions_get_their_hundred_answers
s/if (!poller->edges) {/if (!poller->edges \&\& watched == 0) {/
