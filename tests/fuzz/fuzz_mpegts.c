/* Datagrams of a gateway, any bytes, through the reader of transport streams: plain, within RTP, and
 * what libavformat's demuxer makes of them.
 *
 *   records: 16 bits of length, the datagram. Length 0: nothing comes for a time.
 *
 * Never: a packet that is empty, without room behind for a decoder that reads ahead, or larger than
 * what came; stamps further from the one before than half their span; more lost than counters can tell; memory that grows; a
 * call without an end. */
#include <libavcodec/avcodec.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/media/ts_packets.h"
#include "src/media/ts_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WITHIN_US (10 * VG_US_PER_S) /* longer than any input takes: time is not what ends a call */

struct feed {
    const uint8_t *data;
    size_t size, at;
    uint8_t *exact; /* the datagram, in a block of its own: it is borrowed until the next */
};

static void must(int holds)
{
    if (!holds)
        abort();
}

static enum vg_status receive(void *context, struct vg_mono_time until, struct vg_rtsp_data *data)
{
    struct feed *feed = context;
    (void)until;
    free(feed->exact);
    feed->exact = NULL;
    if (feed->at + 2 > feed->size)
        return VG_E_TIMEOUT;
    const size_t wanted = (size_t)feed->data[feed->at] << 8 | feed->data[feed->at + 1];
    const size_t left = feed->size - feed->at - 2;
    const size_t length = wanted < left ? wanted : left;
    feed->at += 2;
    if (length == 0)
        return VG_E_TIMEOUT;
    feed->exact = malloc(length);
    must(feed->exact != NULL);
    memcpy(feed->exact, feed->data + feed->at, length);
    feed->at += length;
    *data = (struct vg_rtsp_data){.data = feed->exact, .size = length, .arrival = {1}};
    return VG_OK;
}

static int64_t check_stamp(int64_t stamp, int64_t before)
{
    const int64_t most = INT64_C(1) << 33;
    if (stamp == AV_NOPTS_VALUE)
        return before;
    if (before != AV_NOPTS_VALUE)
        must(stamp <= before + most && stamp >= before - most);
    return stamp;
}

static void check_unit(const struct vg_ts_reader *reader, const struct vg_ts_unit *unit,
                       size_t size, int64_t *before)
{
    uint8_t behind[AV_INPUT_BUFFER_PADDING_SIZE];
    const AVPacket *packet = unit->data;
    must(packet->size > 0 && (size_t)packet->size <= size);
    memcpy(behind, packet->data + packet->size, sizeof behind); /* which the sanitizer judges */
    must(packet->data != behind);
    must(unit->arrival.us == 1 && vg_ts_reader_codec(reader) != NULL);
    if (unit->restarted) /* another stream may begin anywhere */
        *before = AV_NOPTS_VALUE;
    *before = check_stamp(packet->dts, *before);
    *before = check_stamp(packet->pts, *before);
}

static void check_counts(const struct vg_ts_reader *reader, size_t size)
{
    const struct vg_ts_counts counts = vg_ts_reader_counts(reader);
    must(counts.packets <= size / 12 && counts.strange <= size / 3 + 1);
    must(counts.lost <= counts.packets * 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t held = vg_alloc_held();
    struct feed feed = {.data = data, .size = size};
    const struct vg_ts_input input = {.receive = receive, .context = &feed};
    struct vg_ts_reader *reader;
    struct vg_ts_unit unit;
    int64_t before = AV_NOPTS_VALUE;
    must(vg_ts_reader_open(&reader, &input) == VG_OK);
    /* each call takes bytes or gives a packet made of some; each failure takes two bytes at least */
    for (size_t calls = 0; feed.at + 2 <= size; calls++) {
        must(calls <= 2 * size);
        const enum vg_status status = vg_ts_reader_next(reader, WITHIN_US, &unit);
        if (status == VG_OK)
            check_unit(reader, &unit, size, &before);
        else if (status != VG_E_STATE)
            before = AV_NOPTS_VALUE;
        check_counts(reader, size);
    }
    vg_ts_reader_close(&reader);
    free(feed.exact);
    must(vg_alloc_held() == held);
    return 0;
}
