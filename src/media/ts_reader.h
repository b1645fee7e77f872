/* The video of a live MPEG transport stream that comes in datagrams, plain or within RTP (RFC 2250,
 * payload type 33): datagrams in, packets of the video out.
 *
 *   datagrams -> order (RTP) -> whole packets (ts_align.h) -> libavformat's demuxer
 *
 * Datagrams may be cut anywhere, though most senders put seven packets into each, and those are not
 * copied. Nothing is probed: the demuxer begins at a table of programs, and sizes come with the first
 * key frame. Where datagrams come from is the caller's. One thread at a time uses a reader. */
#ifndef VG_MEDIA_TS_READER_H
#define VG_MEDIA_TS_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/media/cancel.h"
#include "src/media/rtsp_data.h"

struct AVCodecParameters; /* libavcodec's */
struct AVPacket;

#define VG_TS_TICKS_PER_S    90000
#define VG_TS_UNIT_BYTES_MAX (16u << 20) /* of datagrams without one packet of video */

struct vg_ts_input {
    /* The next datagram; its kind does not matter. VG_E_TIMEOUT, VG_E_INTERRUPTED, VG_E_IO. */
    enum vg_status (*receive)(void *context, struct vg_mono_time until, struct vg_rtsp_data *data);
    void *context;
    struct vg_cancel cancel;
};

struct vg_ts_reader;

/* VG_E_MEMORY. */
enum vg_status vg_ts_reader_open(struct vg_ts_reader **reader,
                                 const struct vg_ts_input *input) VG_MUST_USE;
void vg_ts_reader_close(struct vg_ts_reader **reader);

struct vg_ts_unit {
    /* borrowed until the next call; stamps in ticks, which do not wrap */
    const struct AVPacket *data;
    struct vg_mono_time arrival; /* of the datagram that completed it */
    bool key, damaged;
    bool restarted; /* not the first stream of this reader, or its codec is another one from here */
};

/* The next packet of the first video. VG_E_STATE: nothing has come so far, or it has just begun:
 * ask again; VG_E_TIMEOUT: no datagram, or none that completes a picture, came any more;
 * VG_E_INPUT: what comes, for the whole time, is no transport stream with H.264, H.265, MPEG-4 or MPEG-2 in it;
 * VG_E_INTERRUPTED; VG_E_IO; VG_E_MEMORY. After all but VG_E_STATE the stream begins anew. */
enum vg_status vg_ts_reader_next(struct vg_ts_reader *reader, int64_t within_us,
                                 struct vg_ts_unit *unit) VG_MUST_USE;

/* Of the stream that is read; NULL: none. Borrowed until the next call. */
const struct AVCodecParameters *vg_ts_reader_codec(const struct vg_ts_reader *reader);

struct vg_ts_counts {
    uint64_t packets, lost; /* of RTP where it comes so, else of the transport stream */
    uint64_t strange;       /* datagrams, or payloads, without a packet while no begin is known */
    uint32_t jitter_us;     /* RFC 3550 6.4.1; 0 where it comes without RTP */
};
struct vg_ts_counts vg_ts_reader_counts(const struct vg_ts_reader *reader);

#endif
