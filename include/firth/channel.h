/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: the two ends of a byte stream that a task reads and writes straight-line.
 *
 * Rules of every call below:
 *  - It belongs to a task of the channel's selector, and may suspend it unless the comment says otherwise.
 *  - One task reads and one task writes at a time; a second gets FIRTH_ERR_BUSY at once and disturbs nobody.
 *  - Bytes are never lost. What a failed call moved before it failed is told by firth_read_progress or
 *    firth_write_progress; what it did not move is still in the channel.
 *  - The end is one story: the buffered bytes first, then FIRTH_EOF for a clean end only, else the cause, and the same
 *    answer from every call for ever after.
 *  - FIRTH_ERR_CANCELED and FIRTH_ERR_TIMED_OUT of a scope end the call, not the channel: the next call goes on where
 *    this one stopped. An idle timeout of the socket (FIRTH_ERR_TIMED_OUT too) does the same.
 *  - Lengths are in bytes and exact; text needs no encoding and may hold NUL. */
#ifndef FIRTH_CHANNEL_H
#define FIRTH_CHANNEL_H

#include <firth/error.h>
#include <firth/export.h>
#include <firth/scope.h>

typedef struct firth_read_channel firth_read_channel;
typedef struct firth_write_channel firth_write_channel;
typedef struct firth_pipe firth_pipe;

/* A piece of memory to be written; the layout is the library's own, not the system's. */
typedef struct firth_buffer {
    const void *bytes;
    size_t size;
} firth_buffer;

/* For limits of firth_copy and firth_discard: to the end. */
#define FIRTH_NO_LIMIT UINT64_MAX

FIRTH_BEGIN_DECLS

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Reads at least 1 and at most size bytes, whatever is there first. A size of a block or more goes straight from the
 * kernel into the caller's memory. Returns the count; 0 only for a size of 0; FIRTH_EOF; an error. */
FIRTH_API FIRTH_NODISCARD int64_t firth_read(firth_read_channel *in, void *bytes, size_t size);

/* Reads exactly size bytes. Returns size; FIRTH_EOF when the stream ended first (firth_read_progress tells how many
 * arrived in bytes); an error. */
FIRTH_API FIRTH_NODISCARD int64_t firth_read_fully(firth_read_channel *in, void *bytes, size_t size);

/* Reads a line of at most size - 1 bytes and ends it with a NUL. The line ends with LF or CRLF, neither of which is
 * delivered nor counts; a CR elsewhere is content. The last line may lack its ending and is delivered once.
 * Returns the length; FIRTH_EOF; FIRTH_ERR_TOO_LONG with the first size - 1 bytes delivered and consumed (the rest of
 * the line is what the next call reads); FIRTH_ERR_ARGUMENT for a size of 0; an error: nothing is consumed as long as
 * the line fits the channel's capacity, else firth_read_progress tells what is in line already. */
FIRTH_API FIRTH_NODISCARD int64_t firth_read_line(firth_read_channel *in, char *line, size_t size);

/* The same for protocols in which a line without its ending was cut short: FIRTH_ERR_INCOMPLETE, with what there was of
 * it delivered (its length is firth_read_progress), then FIRTH_EOF. */
FIRTH_API FIRTH_NODISCARD int64_t firth_read_line_strict(firth_read_channel *in, char *line, size_t size);

/* Reads up to and including a delimiter of 1 byte to the channel's capacity; delivers the content without it, at most
 * size bytes, no NUL. Returns the content's length; FIRTH_EOF when nothing was left; FIRTH_ERR_INCOMPLETE when the
 * stream ended without the delimiter, with what there was delivered; FIRTH_ERR_TOO_LONG with size bytes delivered;
 * FIRTH_ERR_ARGUMENT for an empty delimiter or one longer than the capacity; an error as for firth_read_line. */
FIRTH_API FIRTH_NODISCARD int64_t firth_read_until(firth_read_channel *in, const void *delimiter, size_t delimiter_size,
                                                   void *bytes, size_t size);

/* Reads to the end. Returns the count, 0 included; FIRTH_ERR_TOO_LONG with size bytes delivered when there is more;
 * an error, with firth_read_progress bytes delivered. */
FIRTH_API FIRTH_NODISCARD int64_t firth_read_remaining(firth_read_channel *in, void *bytes, size_t size);

/* Shows what is buffered, waiting until there is at least 1 byte: *bytes points into the channel until its next call.
 * Consumes nothing. Returns the count; FIRTH_EOF; an error. */
FIRTH_API FIRTH_NODISCARD int64_t firth_peek(firth_read_channel *in, const void **bytes);

/* Takes away count bytes that firth_peek showed. Returns FIRTH_OK, or FIRTH_ERR_ARGUMENT for more than are buffered.
 * Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_consume(firth_read_channel *in, size_t count);

/* Waits until at least minimum bytes are buffered, so that firth_peek shows them in one piece. Consumes nothing.
 * Returns how many are buffered; FIRTH_EOF when the stream ended with fewer (they stay readable); FIRTH_ERR_ARGUMENT
 * for more than the capacity; an error. */
FIRTH_API FIRTH_NODISCARD int64_t firth_await_content(firth_read_channel *in, size_t minimum);

/* Consumes exactly these bytes if they come next, waiting for late ones as long as those that came agree.
 * Returns 1 if it did, 0 if something else comes next (nothing consumed); FIRTH_EOF when nothing is left;
 * FIRTH_ERR_ARGUMENT for more than the capacity; an error. */
FIRTH_API FIRTH_NODISCARD int firth_skip_if_found(firth_read_channel *in, const void *bytes, size_t size);

/* Throws away up to limit bytes. Returns how many, fewer only at the end; FIRTH_EOF when nothing was left and
 * limit > 0; an error, after firth_read_progress bytes. */
FIRTH_API FIRTH_NODISCARD int64_t firth_discard(firth_read_channel *in, uint64_t limit);

/* Moves up to limit bytes from one channel to the other and flushes, in constant memory. Returns how many, fewer only
 * at the clean end of in; 0 if there was nothing. When in fails, out is cancelled with the cause; when out fails, in
 * is; the cause is the result, and firth_write_progress(out) tells what had been moved. A cancelled scope or its
 * deadline fails neither: the bytes not yet moved stay in in. out stays open. */
FIRTH_API FIRTH_NODISCARD int64_t firth_copy(firth_read_channel *in, firth_write_channel *out, uint64_t limit);

/* Ends reading: what is buffered is discarded, a suspended reader wakes, and every call from now on returns cause, a
 * negative code. The socket's writing side is not touched. Never suspends. */
FIRTH_API void firth_read_cancel(firth_read_channel *in, int cause);

/* Bytes that the last call on this channel delivered or consumed, also if it failed. Never suspends. */
FIRTH_API size_t firth_read_progress(const firth_read_channel *in);

/* Bytes that can be read without waiting, as far as the channel knows: what the kernel has is not counted. Never
 * suspends. */
FIRTH_API size_t firth_read_available(const firth_read_channel *in);

/* The most the channel buffers: a block of the selector. After a firth_copy that failed half-way it may hold more, until
 * that is read. Never suspends. */
FIRTH_API size_t firth_read_capacity(const firth_read_channel *in);

/* ---- writing -----------------------------------------------------------------------------------------------------
 * All writes deliver everything or fail. Written bytes are visible to the peer after firth_flush, a close, when the
 * buffer is full, or, with auto-flush, at the latest when the task next suspends. The error of a flush made on your
 * behalf is returned by the next call on the channel. */

/* Writes size bytes. A size of a block or more goes straight from the caller's memory to the kernel, together with
 * what is buffered. Returns FIRTH_OK; an error after firth_write_progress bytes: FIRTH_ERR_CLOSED after
 * firth_flush_and_close. */
FIRTH_API FIRTH_NODISCARD int firth_write(firth_write_channel *out, const void *bytes, size_t size);

/* Writes the string without its NUL. Returns as firth_write. */
FIRTH_API FIRTH_NODISCARD int firth_write_string(firth_write_channel *out, const char *text);

/* Writes what printf(3) would print. Returns as firth_write; FIRTH_ERR_ARGUMENT if the format fails;
 * FIRTH_ERR_NO_MEMORY if it comes to more than a block and there is no memory for it. What fits a block is written whole or
 * not at all; of more than that firth_write_progress tells. */
FIRTH_API FIRTH_NODISCARD int firth_write_format(firth_write_channel *out, const char *format, ...) FIRTH_PRINTF(2, 3);

/* Writes the pieces in order, as one. Returns as firth_write. */
FIRTH_API FIRTH_NODISCARD int firth_write_vector(firth_write_channel *out, const firth_buffer *pieces, size_t count);

/* Makes room for at least minimum bytes in the buffer and shows all the room there is: *bytes is the caller's to fill
 * until firth_commit or the channel's next call. Returns how many fit; FIRTH_ERR_ARGUMENT for 0 or more than the
 * capacity; an error. */
FIRTH_API FIRTH_NODISCARD int64_t firth_reserve(firth_write_channel *out, size_t minimum, void **bytes);

/* Writes the first count bytes of what firth_reserve showed. Returns FIRTH_OK, or FIRTH_ERR_ARGUMENT for more than it
 * showed. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_commit(firth_write_channel *out, size_t count);

/* Waits until all that was written is handed to the kernel. Returns FIRTH_OK or an error. */
FIRTH_API FIRTH_NODISCARD int firth_flush(firth_write_channel *out);

/* Flushes and ends the writing side: the peer reads FIRTH_EOF (TCP: FIN, RFC 9293 §3.6), reading goes on. Later writes
 * return FIRTH_ERR_CLOSED; a second call returns FIRTH_OK. */
FIRTH_API FIRTH_NODISCARD int firth_flush_and_close(firth_write_channel *out);

/* Ends writing without the peer taking it for a clean end: what is buffered is discarded, a suspended writer wakes,
 * every write from now on returns cause, a negative code, and the peer sees a reset (a pipe's reader: the cause). On a
 * socket that ends reading too, with the same cause. Never suspends. */
FIRTH_API void firth_write_cancel(firth_write_channel *out, int cause);

/* Turns auto-flush on or off; bytes already written wait for the next flush or suspension. Never suspends. */
FIRTH_API void firth_write_auto_flush(firth_write_channel *out, bool on);

/* Bytes of the last call that the channel took, also if it failed. Never suspends. */
FIRTH_API size_t firth_write_progress(const firth_write_channel *out);

/* Bytes written that the kernel, or a pipe's reader, has not got yet. Never suspends. */
FIRTH_API size_t firth_write_pending(const firth_write_channel *out);

/* The most the channel buffers: a block of the selector. Never suspends. */
FIRTH_API size_t firth_write_capacity(const firth_write_channel *out);

/* ---- a pipe in memory -------------------------------------------------------------------------------------------- */

/* Opens a pair of channels of one selector: what is written to one end is read at the other, at most two blocks on the
 * way. No descriptor is used. Auto-flush is on. Returns FIRTH_OK or FIRTH_ERR_NO_MEMORY. Never suspends. */
#define firth_pipe_open(selector, pipe) firth_pipe_open_at(selector, pipe, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_pipe_open_at(firth_selector *selector, firth_pipe **pipe, const char *place);

/* The end to read from; lives as long as the pipe. Never suspends. */
FIRTH_API firth_read_channel *firth_pipe_input(firth_pipe *pipe);

/* The end to write to; lives as long as the pipe. Never suspends. */
FIRTH_API firth_write_channel *firth_pipe_output(firth_pipe *pipe);

/* Wakes whoever is suspended on either end with FIRTH_ERR_CLOSED, discards what is on the way, and frees the pipe when
 * the last of them has left. The handle is gone at once. NULL does nothing. Never suspends. */
FIRTH_API void firth_pipe_close(firth_pipe *pipe);

FIRTH_END_DECLS

#endif
