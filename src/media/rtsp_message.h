/* What travels on an RTSP connection (RFC 2326): responses, requests and interleaved frames, cut
 * out of a buffer that fills by and by, and requests written. Pure.
 *
 * Everything read is borrowed from that buffer and bounded: nothing here believes a length. */
#ifndef VG_MEDIA_RTSP_MESSAGE_H
#define VG_MEDIA_RTSP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_RTSP_HEAD_MAX    16384 /* first line and headers together */
#define VG_RTSP_LINE_MAX    4096
#define VG_RTSP_HEADERS_MAX 64
#define VG_RTSP_BODY_MAX    65536
#define VG_RTSP_FRAME_HEAD  4 /* '$', channel, 16 bits of length, most significant first */
/* a buffer of this size holds whatever may come, whole */
#define VG_RTSP_MESSAGE_MAX (VG_RTSP_HEAD_MAX + VG_RTSP_BODY_MAX)

/* A piece of the buffer, not ended by 0. */
struct vg_rtsp_text {
    const char *at;
    size_t size;
};

enum vg_rtsp_kind {
    VG_RTSP_RESPONSE,
    VG_RTSP_REQUEST,
    VG_RTSP_FRAME
};

struct vg_rtsp_header {
    struct vg_rtsp_text name, value; /* a folded value keeps its line ends */
};

struct vg_rtsp_message {
    enum vg_rtsp_kind kind;
    size_t size;   /* bytes of the buffer up to its end, empty lines before it too */
    uint32_t code; /* of a response, 100 to 999 */
    struct vg_rtsp_text method, uri; /* of a request */
    uint8_t channel;                 /* of a frame */
    struct vg_rtsp_text body;        /* of a frame: its data */
    size_t header_count;             /* none in a frame */
    struct vg_rtsp_header headers[VG_RTSP_HEADERS_MAX];
};

enum vg_rtsp_progress {
    VG_RTSP_INCOMPLETE, /* more bytes are needed */
    VG_RTSP_COMPLETE,
    VG_RTSP_WRONG /* this is not RTSP, or beyond a bound; what follows cannot be found */
};

/* Cuts the first message or frame out of size bytes. Unless complete, `message` holds nothing. */
enum vg_rtsp_progress vg_rtsp_message_read(const uint8_t *bytes, size_t size,
                                           struct vg_rtsp_message *message) VG_MUST_USE;

/* After VG_RTSP_WRONG: how many bytes to pass over up to what may be a frame of RTP or RTCP (version
 * 2 in it) or an answer, at least 1; size: there is none. Cameras do put stray bytes between
 * frames. */
size_t vg_rtsp_message_resync(const uint8_t *bytes, size_t size);

/* The n-th (from 0) header of this name, without regard to case; .at NULL: there is none. */
struct vg_rtsp_text vg_rtsp_header_find(const struct vg_rtsp_message *message, const char *name,
                                        size_t n);

/* "a; b ;c" cut at `separator`, quoted strings kept whole: takes the first piece, trimmed, off
 * `rest`. false: nothing left. */
bool vg_rtsp_text_next(struct vg_rtsp_text *rest, char separator, struct vg_rtsp_text *piece);

/* "name=value" with quotes taken off; a piece without '=' has .at NULL as value. */
void vg_rtsp_text_pair(struct vg_rtsp_text piece, struct vg_rtsp_text *name,
                       struct vg_rtsp_text *value);

/* Whether the text is this word, without regard to case. */
bool vg_rtsp_text_is(struct vg_rtsp_text text, const char *word);

/* Decimal digits alone, at most `most`. */
bool vg_rtsp_text_number(struct vg_rtsp_text text, uint32_t most, uint32_t *number);

/* Into a buffer, ended by 0. false: it does not fit, or is not printable ASCII alone. */
bool vg_rtsp_text_copy(struct vg_rtsp_text text, char *copy, size_t size);

/* A request or a response being written. Begin, headers, end. What does not fit, or holds a
 * character that would begin another line, is noticed at the end. */
struct vg_rtsp_writer {
    char *text;
    size_t size, used;
    bool failed;
};

/* text: borrowed until the end. */
struct vg_rtsp_writer vg_rtsp_write_request(char *text, size_t size, const char *method,
                                            const char *uri, uint32_t cseq);
/* cseq: as the request had it. */
struct vg_rtsp_writer vg_rtsp_write_response(char *text, size_t size, uint32_t code,
                                             const char *reason, struct vg_rtsp_text cseq);
void vg_rtsp_write_header(struct vg_rtsp_writer *writer, const char *name, const char *value);
/* The empty line. VG_E_FULL: it did not fit; VG_E_INPUT: a character that cannot stand there. */
enum vg_status vg_rtsp_write_end(struct vg_rtsp_writer *writer) VG_MUST_USE;

#endif
