/* A stream of RTP and RTCP packets of any codec, any bytes.
 *
 *   first byte: codec in bits 0 and 1, bit 2: any order, bit 3: H.265 has numbers
 *   then records: flags (bit 0: RTCP, bit 1: nothing is taken), milliseconds since the one before,
 *   16 bits of length, the packet. Length 0: time alone.
 *
 * Never: a unit that is empty, too large, without its zeros behind, or begins wrongly; a stamp
 * further from the one before than 32 bits and the time tell; a count that does not add up;
 * memory that grows. */
#include <libavcodec/avcodec.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/media/rtcp.h"
#include "src/media/rtp_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    RECORD_HEAD = 4,
    TAKEN_NOT = 2
};

struct watch {
    struct vg_rtp_stream *stream;
    enum vg_rtp_codec codec;
    uint64_t given, units;
    int64_t now_us, pts;
};

static void must(int holds)
{
    if (!holds)
        abort();
}

static void check_unit(struct watch *watch, const struct vg_rtp_unit *unit)
{
    static const uint8_t zeros[AV_INPUT_BUFFER_PADDING_SIZE];
    const AVPacket *packet = unit->data;
    must(packet->size > 0 && (size_t)packet->size <= VG_RTP_UNIT_BYTES_MAX && packet->buf != NULL);
    must(memcmp(packet->data + packet->size, zeros, sizeof zeros) == 0);
    if (watch->codec == VG_RTP_H264 || watch->codec == VG_RTP_H265)
        must(packet->size > 4 && memcmp(packet->data, "\0\0\0\1", 4) == 0);
    if (watch->codec == VG_RTP_MJPEG)
        must(unit->key && packet->size > 530 && memcmp(packet->data, "\xff\xd8", 2) == 0 &&
             memcmp(packet->data + packet->size - 2, "\xff\xd9", 2) == 0);
    must(unit->arrival.us <= watch->now_us);
    must(((packet->flags & AV_PKT_FLAG_KEY) != 0) == unit->key &&
         ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) == unit->damaged);
    /* between two units that were taken, others may have gone */
    const int64_t step = packet->pts - watch->pts;
    const int64_t most = (INT64_C(1) << 31) * (int64_t)(watch->given + 1) + watch->now_us;
    must(step <= most && step >= -most);
    if (watch->units++ == 0 && vg_rtp_stream_counts(watch->stream).dropped == 0)
        must(packet->pts == 0);
    watch->pts = packet->pts;
}

static void take(struct watch *watch)
{
    struct vg_rtp_unit unit;
    struct vg_wall_time wall;
    while (vg_rtp_stream_take(watch->stream, &unit) == VG_OK) {
        check_unit(watch, &unit);
        (void)vg_rtp_stream_wall(watch->stream, unit.data->pts, &wall);
    }
}

static void check_counts(const struct watch *watch)
{
    const struct vg_rtp_counts c = vg_rtp_stream_counts(watch->stream);
    must(c.packets + c.reports + c.late + c.doubled + c.strange + c.held == watch->given);
    must(c.units == watch->units && c.damaged <= c.units && c.keys <= c.units);
    must(c.held <= 257 && c.late <= c.lost + 256 * (c.restarts + 1) && c.bytes >= c.packets * 12);
    must((vg_rtp_stream_due_us(watch->stream) != INT64_MAX) == (c.held > 1) || c.held == 1);
}

static void give(struct watch *watch, int flags, const uint8_t *data, size_t size)
{
    const struct vg_mono_time now = {watch->now_us};
    uint8_t report[VG_RTCP_REPORT_SIZE];
    uint8_t *exact = malloc(size ? size : 1); /* its own block: it is borrowed for the call alone */
    must(exact != NULL);
    if (size > 0)
        memcpy(exact, data, size);
    if (size == 0)
        vg_rtp_stream_tick(watch->stream, now);
    else if (flags & 1)
        vg_rtp_stream_give_report(watch->stream, exact, size, now);
    else
        vg_rtp_stream_give(watch->stream, exact, size, now);
    free(exact);
    watch->given += size > 0;
    if (!(flags & TAKEN_NOT))
        take(watch);
    must(vg_rtp_stream_report(watch->stream, now, report, sizeof report) <= sizeof report);
    check_counts(watch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sets[] = {0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x68, 0xce};
    const size_t before = vg_alloc_held();
    if (size == 0)
        return 0;
    const struct vg_rtp_settings settings = {data[0] & 4 ? VG_RTP_ANY_ORDER : VG_RTP_IN_ORDER,
                                             60000, 7};
    struct watch watch = {.codec = (enum vg_rtp_codec)(data[0] & 3), .now_us = 1};
    struct vg_sdp_video video = {.codec = watch.codec,
                                 .payload_type = watch.codec == VG_RTP_MJPEG ? 26 : 96,
                                 .clock_hz = 90000,
                                 .don_diff_max = data[0] >> 3 & 1,
                                 .width = 2592,
                                 .height = 1944,
                                 .parameter_bytes = watch.codec == VG_RTP_H264 ? sizeof sets : 0};
    memcpy(video.parameters, sets, sizeof sets);
    must(vg_rtp_stream_open(&watch.stream, &video, &settings) == VG_OK);
    const size_t open = vg_alloc_held();
    for (size_t at = 1; at + RECORD_HEAD <= size;) {
        const size_t wanted = (size_t)data[at + 2] << 8 | data[at + 3];
        const size_t left = size - at - RECORD_HEAD;
        const size_t length = wanted < left ? wanted : left;
        watch.now_us += data[at + 1] * INT64_C(1000);
        give(&watch, data[at], data + at + RECORD_HEAD, length);
        at += RECORD_HEAD + length;
    }
    watch.now_us += 60000;
    give(&watch, 0, NULL, 0);
    watch.now_us += 60000; /* a gap behind the first one */
    for (int i = 0; i < 256; i++)
        give(&watch, 0, NULL, 0);
    must(vg_rtp_stream_counts(watch.stream).held <= 1); /* the one that may begin anew */
    must(vg_alloc_held() == open);
    vg_rtp_stream_close(&watch.stream);
    must(vg_alloc_held() == before);
    return 0;
}
