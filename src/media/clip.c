#include "src/media/clip.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/decoder.h"
#include "src/media/file_end.h"
#include "src/media/source.h"

struct vg_clip {
    struct vg_source *source;
    struct vg_decoder *decoder;
    struct vg_timeline timeline;
    int64_t interval_us; /* nominal, between two pictures */
    uint64_t lost;
    bool cut; /* by the sizes that the file declares */
    bool drained;
    bool ahead; /* `first` was decoded by open and not handed out yet */
    struct vg_decoded at_hand;
    struct vg_clip_picture last; /* handed out last, or about to be */
    bool any;
    bool troubled;
    int64_t trouble_us;
    uint32_t first_width, first_height, aspect_num, aspect_den;
    char path[400]; /* for faults, perhaps cut */
};

/* Remembers the first damage, by the time reached. */
static void note_trouble(struct vg_clip *clip)
{
    if (!clip->troubled)
        clip->trouble_us = clip->any ? clip->last.media.us : 0;
    clip->troubled = true;
}

/* One packet into the decoder, or the end. */
static enum vg_status feed(struct vg_clip *clip)
{
    struct vg_packet packet;
    enum vg_status status = vg_source_read(clip->source, &packet);
    if (status == VG_E_MEMORY)
        return status;
    if (status) {
        if (status != VG_E_END)
            note_trouble(clip);
        clip->drained = true;
        return vg_decoder_send(clip->decoder, NULL, (struct vg_mono_time){0});
    }
    if (packet.damaged)
        note_trouble(clip);
    status = vg_decoder_send(clip->decoder, packet.data, packet.arrival);
    if (status != VG_E_IO)
        return status;
    clip->lost++;
    note_trouble(clip);
    return VG_OK;
}

static void describe(struct vg_clip *clip)
{
    const struct vg_decoded *decoded = &clip->at_hand;
    struct vg_clip_picture *picture = &clip->last;
    const int64_t stamp_us = vg_source_stamp_us(clip->source, decoded->stamp);
    picture->sequence = clip->any ? picture->sequence + 1 : 0;
    if (vg_timeline_next(&clip->timeline, stamp_us, clip->interval_us, &picture->media) ==
        VG_TIMELINE_JUMP)
        picture->epoch++;
    vg_pixels_fit(decoded->width, decoded->height, VG_PICTURE_WIDTH_MAX, VG_PICTURE_HEIGHT_MAX,
                  &picture->width, &picture->height);
    picture->matrix = decoded->matrix;
    picture->range = decoded->range;
    picture->corrupt = decoded->corrupt;
    clip->any = true;
    if (decoded->corrupt)
        note_trouble(clip);
}

/* Decodes until a picture is at hand; VG_E_END when there is no more. */
static enum vg_status advance(struct vg_clip *clip)
{
    for (;;) {
        enum vg_status status = vg_decoder_receive(clip->decoder, &clip->at_hand);
        if (status == VG_OK) {
            describe(clip);
            return VG_OK;
        }
        if (status == VG_E_MEMORY)
            return status;
        if (status == VG_E_IO) {
            clip->lost++;
            note_trouble(clip);
            continue;
        }
        if (clip->drained)
            return VG_E_END;
        status = feed(clip);
        if (status)
            return status;
    }
}

enum vg_status vg_clip_open(struct vg_clip **clip, const char *path, struct vg_fault *fault)
{
    struct vg_source_settings settings = vg_source_defaults();
    enum vg_status status = VG_E_MEMORY;
    struct vg_clip *c = vg_alloc(sizeof *c);
    *clip = NULL;
    if (!c)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%.400s", path);
    const size_t length = strnlen(path, sizeof c->path - 1);
    memcpy(c->path, path, length);
    settings.url = path;
    settings.open_us = settings.read_us = 30 * VG_US_PER_S; /* slow discs, network folders */
    status = vg_source_open(&c->source, &settings, fault);
    if (status)
        goto done;
    const struct vg_source_about about = vg_source_about(c->source);
    c->interval_us = about.fps_milli ? 1000 * VG_US_PER_S / about.fps_milli : VG_US_PER_S / 25;
    c->cut = vg_file_is_cut(path);
    vg_timeline_init(&c->timeline, VG_TIMELINE_CLIP_US);
    status = vg_decoder_open(&c->decoder, about.codec, fault);
    if (status)
        goto done;
    status = advance(c);
    if (status == VG_E_END)
        status = vg_fault_set(fault, VG_E_INPUT, N_("not one picture can be decoded from it"),
                              N_("check that the file is whole"), "%s", c->path);
    else if (status)
        status = vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", c->path);
    c->ahead = true;
    c->first_width = c->last.width;
    c->first_height = c->last.height;
    c->aspect_num = c->at_hand.pixel_aspect_num;
    c->aspect_den = c->at_hand.pixel_aspect_den;
done:
    if (status)
        vg_clip_close(&c);
    *clip = c;
    return status;
}

void vg_clip_close(struct vg_clip **clip)
{
    struct vg_clip *c = *clip;
    if (!c)
        return;
    vg_decoder_close(&c->decoder);
    vg_source_close(&c->source);
    vg_free(c);
    *clip = NULL;
}

struct vg_clip_about vg_clip_about(const struct vg_clip *clip)
{
    const struct vg_source_about about = vg_source_about(clip->source);
    return (struct vg_clip_about){.width = clip->first_width,
                                  .height = clip->first_height,
                                  .fps_milli = about.fps_milli,
                                  .duration_us = about.duration_us,
                                  .pictures = about.pictures,
                                  .pixel_aspect_num = clip->aspect_num,
                                  .pixel_aspect_den = clip->aspect_den};
}

static enum vg_status end_of(struct vg_clip *clip, struct vg_fault *fault)
{
    /* most readers of containers do not say that the file was cut: it just ends */
    if (!clip->troubled && (clip->cut || vg_source_ended_early(clip->source)))
        note_trouble(clip);
    if (!clip->troubled)
        return VG_E_END;
    return vg_fault_set(fault, VG_E_IO, N_("the clip is cut or damaged"),
                        N_("what could be decoded was analysed"), "%s: %lld.%03lld s", clip->path,
                        (long long)(clip->trouble_us / VG_US_PER_S),
                        (long long)(clip->trouble_us % VG_US_PER_S / 1000));
}

enum vg_status vg_clip_next(struct vg_clip *clip, struct vg_clip_picture *picture,
                            struct vg_fault *fault)
{
    if (clip->ahead) {
        clip->ahead = false;
        *picture = clip->last;
        return VG_OK;
    }
    enum vg_status status = advance(clip);
    if (status == VG_E_END)
        return end_of(clip, fault);
    if (status)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", clip->path);
    *picture = clip->last;
    return VG_OK;
}

enum vg_status vg_clip_convert(struct vg_clip *clip, const struct vg_pixels *pixels,
                               struct vg_picture *picture)
{
    if (pixels->width != clip->last.width || pixels->height != clip->last.height)
        return VG_E_CALL;
    enum vg_status status = vg_decoder_convert(clip->decoder, pixels);
    if (status)
        return status;
    *picture = (struct vg_picture){.luma = pixels->luma,
                                   .chroma = pixels->chroma,
                                   .width = pixels->width,
                                   .height = pixels->height,
                                   .luma_stride = pixels->luma_stride,
                                   .chroma_stride = pixels->chroma_stride,
                                   .matrix = clip->last.matrix,
                                   .range = clip->last.range,
                                   .epoch = clip->last.epoch,
                                   .sequence = clip->last.sequence,
                                   .media = clip->last.media};
    return VG_OK;
}

uint64_t vg_clip_lost(const struct vg_clip *clip)
{
    return clip->lost;
}
