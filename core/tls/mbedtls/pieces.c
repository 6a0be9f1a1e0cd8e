/* SPDX-License-Identifier: Apache-2.0 */
/* A message of a handshake comes in any pieces (RFC 8446 §5.1), down to records of one byte. mbedTLS wants the header of
 * a message in one record, with nothing but whole messages before it, and before 3.6.6 it wants all of some messages in
 * one. So the peer's bytes are put into other records as long as they are in plain, when nobody's check covers a record's
 * header: each has one message, or a piece that begins with all of its header if the message is longer than a record. No
 * more is held back than that header, four bytes; a body goes from the transport into mbedTLS's memory. */
#include "core/base/least.h"
#include "core/base/words.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include <string.h>

enum { RECORD_HEADER = 5, MESSAGE_HEADER = 4 };

static int unexpected(fth_tls_pieces *pieces, const char *fault)
{
    pieces->fault = fault;
    return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
}

static bool is_in_message(const fth_tls_pieces *pieces)
{
    return pieces->message_came == MESSAGE_HEADER ? pieces->message_left > 0 : pieces->message_came > 0;
}

/* Makes the header of the record for mbedTLS: so many bytes of a message's header behind it, and so many that pass. */
static void make_record(fth_tls_pieces *pieces, size_t header, size_t passing)
{
    const size_t size = header + passing;

    memcpy(pieces->ours, pieces->theirs, 3);
    pieces->ours[3] = (unsigned char)(size >> 8);
    pieces->ours[4] = (unsigned char)size;
    pieces->ours_size = (uint8_t)(RECORD_HEADER + header);
    pieces->ours_given = 0;
    pieces->passing = (uint16_t)passing;
}

static int interrupted(fth_tls_pieces *pieces)
{
    return unexpected(pieces, FTH_WORDS("a record of another kind is in the middle of a handshake message"));
}

/* Reads the header of the peer's next record. Returns 0 or an error of mbedTLS's. */
static int read_header(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;

    while (pieces->theirs_came < RECORD_HEADER) {
        int got = fth_tls_transport_receive(session, pieces->theirs + pieces->theirs_came,
                                            (size_t)RECORD_HEADER - pieces->theirs_came);

        if (got < 0)
            return got;
        pieces->theirs_came = (uint8_t)(pieces->theirs_came + got);
    }
    pieces->theirs_came = 0;
    pieces->left = (uint16_t)(pieces->theirs[3] << 8 | pieces->theirs[4]);
    return 0;
}

/* The same, between two records for mbedTLS. One that is of no handshake, or too long for mbedTLS, is passed on as it is;
 * an empty one of a handshake there may not be, and before 3.6.6 mbedTLS does not always say so. */
static int read_record_header(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;
    int result = read_header(session);

    if (result < 0)
        return result;
    if (pieces->theirs[0] != MBEDTLS_SSL_MSG_HANDSHAKE && is_in_message(pieces))
        return interrupted(pieces);
    if (pieces->theirs[0] == MBEDTLS_SSL_MSG_HANDSHAKE && pieces->left == 0)
        return MBEDTLS_ERR_SSL_INVALID_RECORD;
    if (pieces->theirs[0] != MBEDTLS_SSL_MSG_HANDSHAKE || pieces->left > MBEDTLS_SSL_IN_CONTENT_LEN)
        make_record(pieces, 0, pieces->left);
    return 0;
}

/* Reads what the peer's record has of the header of a message. */
static int read_message_header(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;
    unsigned char *header = pieces->ours + RECORD_HEADER;

    while (pieces->message_came < MESSAGE_HEADER && pieces->left > 0) {
        int got = fth_tls_transport_receive(session, header + pieces->message_came,
                                            fth_least((size_t)MESSAGE_HEADER - pieces->message_came, pieces->left));

        if (got < 0)
            return got;
        pieces->message_came = (uint8_t)(pieces->message_came + got);
        pieces->left = (uint16_t)(pieces->left - got);
    }
    if (pieces->message_came == MESSAGE_HEADER)
        pieces->message_left = (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
    return 0;
}

/* Makes a record of the message, or of what the peer's has of one that does not fit into a record. */
static int cut_record(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;
    size_t header = 0, passing;
    int result;

    if (pieces->message_came == MESSAGE_HEADER && pieces->message_left == 0)
        pieces->message_came = 0;
    if (pieces->message_came < MESSAGE_HEADER) {
        result = read_message_header(session);
        if (result != 0 || pieces->message_came < MESSAGE_HEADER)
            return result;
        header = MESSAGE_HEADER;
    }
    passing = pieces->message_left;
    if (header == 0 || passing > (size_t)MBEDTLS_SSL_IN_CONTENT_LEN - MESSAGE_HEADER)
        passing = fth_least(fth_least(pieces->left, passing), MBEDTLS_SSL_IN_CONTENT_LEN - header);
    pieces->message_left -= (uint32_t)passing;
    make_record(pieces, header, passing);
    return 0;
}

int fth_tls_pieces_end(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;

    if (pieces->left == 0 || !fth_tls_reads_plain(&session->ssl))
        return 0;
    return unexpected(pieces, FTH_WORDS("a record goes on behind a hello of TLS 1.3"));
}

/* Reads on until there is a record for mbedTLS. None may go on where the keys change (RFC 8446 §5.1). */
static int next_record(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;
    int result = 0;

    if (!fth_tls_reads_plain(&session->ssl)) {
        if (pieces->left > 0 || is_in_message(pieces))
            return unexpected(pieces, FTH_WORDS("a record in plain goes on where records must be sealed"));
        pieces->is_over = true;
        mbedtls_ssl_set_bio(&session->ssl, session, fth_tls_transport_send, fth_tls_transport_receive, NULL);
        return 0;
    }
    while (result == 0 && pieces->ours_size == 0) {
        if (pieces->left == 0)
            result = read_record_header(session);
        if (result == 0 && pieces->ours_size == 0)
            result = cut_record(session);
    }
    return result;
}

static int give_header(fth_tls_pieces *pieces, unsigned char *bytes, size_t size)
{
    size = fth_least(size, (size_t)pieces->ours_size - pieces->ours_given);
    memcpy(bytes, pieces->ours + pieces->ours_given, size);
    pieces->ours_given = (uint8_t)(pieces->ours_given + size);
    if (pieces->ours_given == pieces->ours_size)
        pieces->ours_size = 0;
    return (int)size;
}

/* The message goes on in the peer's next record. */
static int next_piece(fth_tls_session *session)
{
    fth_tls_pieces *pieces = &session->pieces;
    int result = read_header(session);

    if (result < 0)
        return result;
    if (pieces->theirs[0] != MBEDTLS_SSL_MSG_HANDSHAKE)
        return interrupted(pieces);
    return pieces->left > 0 && pieces->left <= MBEDTLS_SSL_IN_CONTENT_LEN ? 0 : MBEDTLS_ERR_SSL_INVALID_RECORD;
}

int fth_tls_pieces_receive(void *owner, unsigned char *bytes, size_t size)
{
    fth_tls_session *session = owner;
    fth_tls_pieces *pieces = &session->pieces;
    int result;

    if (!pieces->is_over && pieces->ours_size == 0 && pieces->passing == 0) {
        result = next_record(session);
        if (result < 0)
            return result;
    }
    if (pieces->ours_size > 0)
        return give_header(pieces, bytes, size);
    if (pieces->is_over)
        return fth_tls_transport_receive(session, bytes, size);
    if (pieces->left == 0) {
        result = next_piece(session);
        if (result < 0)
            return result;
    }
    result = fth_tls_transport_receive(session, bytes, fth_least(size, fth_least(pieces->passing, pieces->left)));
    if (result > 0) {
        pieces->passing = (uint16_t)(pieces->passing - result);
        pieces->left = (uint16_t)(pieces->left - result);
    }
    return result;
}
