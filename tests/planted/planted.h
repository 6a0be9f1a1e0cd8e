/* SPDX-License-Identifier: Apache-2.0 */
/* A table around a good backend that has one classic bug, or none: the test of the conformance kit. */
#ifndef FIRTH_TESTS_PLANTED_H
#define FIRTH_TESTS_PLANTED_H

#include <firth/backend.h>

/* X(identifier, name, what is wrong, the case of the kit that has to find it) */
#define PLANTED_BUGS(X)                                                                                                \
    X(NONE, "none", "nothing is wrong", "")                                                                            \
    X(COMPLETED_TWICE, "completed-twice", "a completion is delivered twice at once",                                   \
      "a_pending_receive_ends_with_the_bytes")                                                                         \
    X(COMPLETION_LOST, "completion-lost", "now and then a completion is not delivered",                                \
      "a_hundred_questions_get_their_hundred_answers")                                                                 \
    X(COMPLETED_IN_SUBMIT, "completed-in-submit", "submit completes the op and says that it is pending",               \
      "a_receive_fills_its_pieces_in_order")                                                                           \
    X(CANCELLED_TWICE, "cancelled-twice", "a cancelled op is completed again in the next poll",                        \
      "a_cancelled_receive_leaves_the_bytes")                                                                          \
    X(CANCEL_IGNORED, "cancel-ignored", "a cancelled op goes on until something else ends it",                         \
      "a_cancelled_wait_ends_once")                                                                                    \
    X(CANCEL_LOSES_BYTES, "cancel-loses-bytes", "what a cancelled receive had taken is gone",                          \
      "a_receive_cancelled_as_its_bytes_arrive_loses_none")                                                            \
    X(CANCEL_BOTH_SIDES, "cancel-both-sides", "a cancel ends the op on the socket's other side too",                   \
      "a_cancel_on_one_side_leaves_the_other_alone")                                                                   \
    X(ARM_DROPS_OTHER, "arm-drops-other", "a receive that has to wait drops the send that waits already",              \
      "a_receive_leaves_the_send_that_waits_before_it")                                                                \
    X(OP_TOUCHED_LATE, "op-touched-late", "an op is written to after its end",                                         \
      "a_hundred_questions_get_their_hundred_answers")                                                                 \
    X(BYTES_TOUCHED_LATE, "bytes-touched-late", "a receive writes to its memory after its end",                        \
      "one_byte_at_a_time_arrives_in_order")                                                                           \
    X(WRITES_BEHIND, "writes-behind", "a receive writes one byte more than it has room for",                           \
      "a_pending_receive_ends_with_the_bytes")                                                                         \
    X(STALE_EVENT, "stale-event", "the report of a closed socket ends the op of the next with its descriptor",         \
      "a_new_socket_gets_no_report_of_the_one_it_replaces")                                                            \
    X(END_BEFORE_DATA, "end-before-data", "the peer's end is told before the bytes it sent",                           \
      "bytes_come_before_the_end")                                                                                     \
    X(RESET_BEFORE_DATA, "reset-before-data", "a reset is told before the bytes that came before it",                  \
      "bytes_come_before_the_reset")                                                                                   \
    X(END_AS_ERROR, "end-as-error", "the peer's end is told as a reset", "a_reader_that_waits_gets_the_end")           \
    X(RESET_AS_END, "reset-as-end", "a reset is told as the peer's end", "a_reader_that_waits_gets_the_reset")         \
    X(HALF_CLOSE_AS_CLOSE, "half-close-as-close", "after the peer's end nothing can be sent",                          \
      "writing_goes_on_after_the_peers_end")                                                                           \
    X(SIGNAL_RAISED, "signal-raised", "a send to a connection that is gone raises SIGPIPE",                            \
      "sends_after_the_reset_are_errors_and_no_signal")                                                                \
    X(SHORT_SEND_AS_FULL, "short-send-as-full", "a short send is counted as a full one",                               \
      "a_cancelled_send_tells_what_it_sent")                                                                           \
    X(SHORT_READ_OVERWRITTEN, "short-read-overwritten", "a second receive overwrites the bytes of the first",          \
      "a_reader_of_small_pieces_misses_nothing")                                                                       \
    X(PIECES_SWAPPED, "pieces-swapped", "the pieces of a send go out of order", "a_send_takes_its_pieces_in_order")    \
    X(WOULD_BLOCK_AS_ERROR, "would-block-as-error", "an op that has to wait fails with would-block",                   \
      "a_pending_receive_ends_with_the_bytes")                                                                         \
    X(ATTEMPT_WAITS, "attempt-waits", "an op that is an attempt only is left pending",                                 \
      "an_attempt_that_would_wait_says_so")                                                                            \
    X(POLL_NEVER_WAITS, "poll-never-waits", "poll comes back at once, always", "a_sleep_does_not_spin")                \
    X(POLL_ROUNDS_DOWN, "poll-rounds-down", "a wait of less than a millisecond is none", "a_sleep_does_not_spin")      \
    X(POLL_WRAPS, "poll-wraps", "a wait of 2^32 ms is one of none", "a_very_long_wait_does_not_spin")                  \
    X(WAKE_ONCE, "wake-once", "only the first wake has an effect", "another_thread_ends_the_longest_wait")             \
    X(CLIENT_TWICE, "client-twice", "an accept hands out the client of the last one again",                            \
      "clients_in_the_backlog_are_accepted_once_each")                                                                 \
    X(CLIENT_LOST, "client-lost", "a client that comes to a cancelled accept is dropped",                              \
      "accept_cancelled_at_any_moment_loses_no_client")                                                                \
    X(REFUSED_AS_CONNECTED, "refused-as-connected", "a connect that is refused ends with success",                     \
      "a_closed_port_refuses_within_a_second")                                                                         \
    X(OPTION_IGNORED, "option-ignored", "an option is not set, and nothing said",                                      \
      "an_option_that_was_set_can_be_read_back")                                                                       \
    X(BUFFER_IGNORED, "buffer-ignored", "the size of the receive buffer is not set, and nothing said",                 \
      "buffer_sizes_are_on_both_ends")                                                                                 \
    X(CLASS_CUT, "class-cut", "a traffic class loses its lowest bits, and nothing said",                               \
      "a_traffic_class_is_told_whole_or_refused")                                                                      \
    X(OPTIONS_NOT_INHERITED, "options-not-inherited", "accepted sockets have the system's options",                    \
      "no_delay_is_on_both_ends")                                                                                      \
    X(CLOSE_DROPS, "close-drops", "a normal close resets", "a_reader_that_waits_gets_the_end")                         \
    X(SHUTDOWN_IGNORED, "shutdown-ignored", "shutdown_write does nothing",                                             \
      "a_reader_that_waits_gets_the_end_of_a_half_close")                                                              \
    X(DESCRIPTOR_LEAKED, "descriptor-leaked", "a socket is closed and its descriptor is not",                          \
      "echo_of_one_byte_is_that_byte")                                                                                 \
    X(MEMORY_LEAKED, "memory-leaked", "closing the backend leaves memory",                                             \
      "a_selector_can_be_opened_and_closed_many_times")                                                                \
    X(WRONG_ADDRESS, "wrong-address", "peer_address tells the local one", "both_ends_know_both_ipv4_addresses")        \
    X(DATAGRAM_EATEN, "datagram-eaten", "a datagram that comes to a cancelled receive is dropped",                     \
      "a_receive_cancelled_as_its_datagram_arrives_loses_none")                                                        \
    X(TRUNCATION_UNTOLD, "truncation-untold", "a datagram that was cut off is not called truncated",                   \
      "a_long_datagram_is_truncated_and_says_so")                                                                      \
    X(BATCH_OVERCOUNTED, "batch-overcounted", "a batch counts one datagram more than it has",                          \
      "a_batch_takes_what_is_there")                                                                                   \
    X(ERROR_TWICE, "error-twice", "an error that a datagram socket heard of is told twice",                            \
      "a_closed_port_does_not_kill_a_connected_socket")                                                                \
    X(DATAGRAMS_MERGED, "datagrams-merged", "datagrams that wait are received as one",                                 \
      "a_batch_is_received_as_it_was_sent")                                                                            \
    X(FAILURE_UNTOLD, "failure-untold", "a slot fails without firth_fail", "a_port_that_somebody_listens_on_is_in_use")

typedef enum planted_bug {
#define PLANTED_ID(id, name, what, finder) PLANTED_##id,
    PLANTED_BUGS(PLANTED_ID)
#undef PLANTED_ID
} planted_bug;

extern planted_bug planted;
extern const firth_backend *planted_real;

/* The table around that backend, with the bug in `planted`. */
const firth_backend *planted_table(const firth_backend *real);

/* The selector goes: what was to be touched late is forgotten with it. */
void planted_forget_late(void);

/* ---- slots.c: what has nothing to do with ops -------------------------------------------------------------------- */

void planted_slots_fill(firth_backend *table);

/* ---- results.c: bugs in what an op comes to ---------------------------------------------------------------------- */

/* Whether the op is to end before the real backend hears of it; result and step are set then. */
bool planted_preempts(firth_op *op);

/* The op has ended with this result; changes it. */
void planted_spoil(firth_op *op);

/* The connection of io has come about. */
void planted_note_connected(firth_io *io);

/* The writing side of io has ended, gently or not. */
void planted_note_ended(const firth_io *io, bool reset);
void planted_forget(const firth_io *io);

/* datagrams.c: the same for ops of datagrams. */
bool planted_preempts_datagrams(firth_op *op);
void planted_spoil_datagrams(firth_op *op);
void planted_forget_datagrams(const firth_io *io);

/* One attempt of that kind by the real backend; a result as an op's. */
int64_t planted_attempt(firth_io *io, firth_op_kind kind, void *bytes, size_t size);

#endif
