#include "src/media/clip_cut.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/media/memory_file.h"
#include "src/media/stamp_line.h"

/* A packet that goes into the clip. */
struct chosen {
    size_t index; /* in the run */
    int64_t pts, dts;
};

struct cut {
    const struct vg_packet_run *run;
    struct chosen *chosen;
    int64_t *sorted;
    size_t count;
    struct vg_stamp_line line;
    AVFormatContext *format;
    AVStream *stream; /* of format */
    AVPacket *packet;
    struct vg_memory_file file;
};

/* Pictures that are decoded after a key but shown before it refer to what came before it: after a
 * gap, and at the begin, they cannot be decoded. */
static void choose(struct cut *cut)
{
    const struct vg_packet_run *run = cut->run;
    int64_t key = 0;
    bool gap = true; /* the group began after one */
    vg_stamp_line_init(&cut->line, run->format.tick_num, run->format.tick_den);
    for (size_t i = 0; i < run->count; i++) {
        const struct vg_kept_packet *packet = &run->packet[i];
        const int64_t pts = vg_stamp_line_next(&cut->line, packet->stamp, packet->arrival.us);
        if (packet->key) {
            gap = i == 0 || packet->after_gap;
            key = pts;
        } else if (gap && pts < key) {
            continue;
        }
        cut->chosen[cut->count++] = (struct chosen){.index = i, .pts = pts};
    }
}

static int by_value(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* Decoding stamps: those of presentation in rising order, earlier by as much as the pictures need
 * that are shown later than decoded. They grow by at least one tick, even where two stamps are the
 * same. */
static void make_dts(struct cut *cut)
{
    int64_t late = 0;
    for (size_t i = 0; i < cut->count; i++)
        cut->sorted[i] = cut->chosen[i].pts;
    qsort(cut->sorted, cut->count, sizeof *cut->sorted, by_value);
    for (size_t i = 0; i < cut->count; i++) {
        if (i > 0 && cut->sorted[i] <= cut->sorted[i - 1])
            cut->sorted[i] = cut->sorted[i - 1] + 1;
        const int64_t over = cut->sorted[i] - cut->chosen[i].pts;
        late = over > late ? over : late;
    }
    for (size_t i = 0; i < cut->count; i++)
        cut->chosen[i].dts = cut->sorted[i] - late;
}

/* ---- libavformat ---- */

/* What happened in the memory file counts more than the code that libavformat makes of it. */
static enum vg_status error_of(const struct cut *cut, int error, enum vg_status otherwise)
{
    if (error == AVERROR(ENOMEM))
        return VG_E_MEMORY;
    return cut->file.full || cut->file.starved ? vg_memory_file_status(&cut->file) : otherwise;
}

static enum vg_status open_format(struct cut *cut)
{
    AVDictionary *options = NULL;
    enum vg_status status = VG_E_MEMORY;
    const AVOutputFormat *mp4 = av_guess_format("mp4", NULL, NULL);
    if (!mp4)
        return VG_E_LACK;
    if (avformat_alloc_output_context2(&cut->format, mp4, NULL, NULL) < 0)
        return status;
    cut->stream = avformat_new_stream(cut->format, NULL);
    cut->packet = av_packet_alloc();
    if (!cut->stream || !cut->packet || vg_memory_file_attach(&cut->file, cut->format) ||
        vg_packet_format_parameters(&cut->run->format, cut->stream->codecpar) ||
        av_dict_set(&options, "movflags", "+faststart", 0) < 0)
        goto done;
    if (cut->run->format.codec == AV_CODEC_ID_HEVC)
        cut->stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
    cut->format->flags |= AVFMT_FLAG_BITEXACT; /* no time of day, no version */
    cut->stream->time_base = (AVRational){cut->run->format.tick_num, cut->run->format.tick_den};
    const int error = avformat_write_header(cut->format, &options);
    status = VG_OK;
    if (error < 0)
        status = error_of(cut, error, VG_E_INPUT);
done:
    av_dict_free(&options);
    return status;
}

static int write_one(struct cut *cut, size_t i)
{
    const struct chosen *chosen = &cut->chosen[i];
    const struct vg_kept_packet *kept = &cut->run->packet[chosen->index];
    const AVRational tick = {cut->run->format.tick_num, cut->run->format.tick_den};
    AVPacket *packet = cut->packet;
    const size_t other = i + 1 < cut->count ? i + 1 : i - 1;
    packet->buf = av_buffer_ref(kept->buffer);
    if (!packet->buf)
        return AVERROR(ENOMEM);
    union { /* the muxer reads them only */
        const uint8_t *in;
        uint8_t *out;
    } bytes = {.in = kept->data};
    packet->data = bytes.out;
    packet->size = (int)kept->size;
    packet->pts = chosen->pts;
    packet->dts = chosen->dts;
    /* of the last picture nobody knows how long it is shown: as long as the one before */
    packet->duration = cut->count == 1 ? 0 : llabs(cut->chosen[other].dts - chosen->dts);
    packet->flags = kept->key ? AV_PKT_FLAG_KEY : 0;
    av_packet_rescale_ts(packet, tick, cut->stream->time_base);
    const int error = av_write_frame(cut->format, packet);
    av_packet_unref(packet);
    return error;
}

static enum vg_status write_all(struct cut *cut)
{
    int error = 0;
    for (size_t i = 0; i < cut->count && error >= 0; i++)
        error = write_one(cut, i);
    if (error >= 0)
        error = av_write_trailer(cut->format);
    if (error >= 0 && cut->format->pb->error >= 0)
        return VG_OK;
    return error_of(cut, error, VG_E_IO);
}

static void describe(const struct cut *cut, struct vg_clip_file *file)
{
    const struct vg_packet_run *run = cut->run;
    const size_t last = cut->count - 1;
    *file = (struct vg_clip_file){
        .data = cut->file.data,
        .size = cut->file.size,
        .pictures = (uint32_t)cut->count,
        .cut_short = run->cut_short,
        .from = run->packet[cut->chosen[0].index].wall,
        .to = run->packet[cut->chosen[last].index].wall,
        .duration_us = vg_stamp_line_us(&cut->line, cut->chosen[last].dts - cut->chosen[0].dts)};
}

enum vg_status vg_clip_mux(struct vg_packet_run *run, size_t bytes_max, struct vg_clip_file *file)
{
    *file = (struct vg_clip_file){.data = NULL};
    av_log_set_level(AV_LOG_QUIET); /* what is wrong is said by the status */
    enum vg_status status =
        vg_packet_format_complete(&run->format, run->packet[0].data, run->packet[0].size);
    if (status)
        return status;
    struct cut cut = {.run = run, .file = {.max = bytes_max}};
    cut.chosen = vg_alloc_array(run->count, sizeof *cut.chosen);
    cut.sorted = vg_alloc_array(run->count, sizeof *cut.sorted);
    status = cut.chosen && cut.sorted ? VG_OK : VG_E_MEMORY;
    if (status == VG_OK) {
        choose(&cut);
        make_dts(&cut);
        status = open_format(&cut);
    }
    if (status == VG_OK)
        status = write_all(&cut);
    if (status == VG_OK)
        describe(&cut, file);
    else
        vg_memory_file_release(&cut.file);
    if (cut.format)
        vg_memory_file_detach(cut.format);
    avformat_free_context(cut.format);
    av_packet_free(&cut.packet);
    vg_free(cut.chosen);
    vg_free(cut.sorted);
    return status;
}

enum vg_status vg_clip_cut(struct vg_packet_ring *ring, const struct vg_ring_range *range,
                           size_t bytes_max, struct vg_clip_file *file)
{
    struct vg_packet_run *run = NULL;
    *file = (struct vg_clip_file){.data = NULL};
    enum vg_status status = vg_packet_ring_cut(ring, range, &run);
    if (status)
        return status;
    status = vg_clip_mux(run, bytes_max, file);
    vg_packet_run_free(&run);
    return status;
}
