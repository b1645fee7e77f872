/* A picture file goes as one packet into the decoder of its kind, told by its first bytes: no
 * demuxer of libavformat sees it. Everything else is tried as a clip. */
#include "src/media/still.h"

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/media/clip.h"
#include "src/media/decoder.h"

#define STILL_BYTES_MAX (64u << 20)

struct vg_still {
    uint8_t *memory; /* owned */
    struct vg_picture picture;
};

static const struct {
    const char *magic;
    size_t size;
    enum AVCodecID codec;
} kinds[] = {
    {"\xff\xd8\xff", 3, AV_CODEC_ID_MJPEG},
    {"\x89PNG\r\n\x1a\n", 8, AV_CODEC_ID_PNG},
    {"BM", 2, AV_CODEC_ID_BMP},
    {"P6", 2, AV_CODEC_ID_PPM},
    {"P5", 2, AV_CODEC_ID_PGM},
};

static enum AVCodecID kind_of(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (size >= kinds[i].size && memcmp(data, kinds[i].magic, kinds[i].size) == 0)
            return kinds[i].codec;
    return AV_CODEC_ID_NONE;
}

/* libavcodec paints the missing rest of a cut JPEG grey and says nothing: its end marker must be
 * near the end of the file. */
static bool cut(enum AVCodecID codec, const uint8_t *data, size_t size)
{
    if (codec != AV_CODEC_ID_MJPEG)
        return false;
    for (size_t i = size; i >= 2 && size - i < 4096; i--)
        if (data[i - 2] == 0xff && data[i - 1] == 0xd9)
            return false;
    return true;
}

static enum vg_status no_memory(const char *path, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.400s", path);
}

static enum vg_status damaged(const char *path, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("the picture is damaged"),
                        N_("check that the file is whole"), "%.400s", path);
}

/* Room for the picture, laid out. */
static enum vg_status make_room(struct vg_still *still, uint32_t width, uint32_t height,
                                struct vg_pixels *pixels, const char *path, struct vg_fault *fault)
{
    still->memory = vg_alloc(vg_pixels_bytes(width, height));
    if (!still->memory)
        return no_memory(path, fault);
    *pixels = vg_pixels_over(still->memory, width, height);
    return VG_OK;
}

/* ---- a picture file ---- */

/* libavcodec reads a little beyond the end of a packet: av_new_packet's padding. */
static enum vg_status send_file(struct vg_decoder *decoder, const uint8_t *data, size_t size)
{
    AVPacket *packet = av_packet_alloc();
    if (!packet || av_new_packet(packet, (int)size) < 0) {
        av_packet_free(&packet);
        return VG_E_MEMORY;
    }
    memcpy(packet->data, data, size);
    packet->flags |= AV_PKT_FLAG_KEY;
    enum vg_status status = vg_decoder_send(decoder, packet, (struct vg_mono_time){0});
    av_packet_free(&packet);
    if (!status)
        status = vg_decoder_send(decoder, NULL, (struct vg_mono_time){0});
    return status;
}

static enum vg_status convert_file(struct vg_decoder *decoder, const struct vg_decoded *decoded,
                                   struct vg_still *still, const char *path, struct vg_fault *fault)
{
    uint32_t width = 0, height = 0;
    struct vg_pixels pixels;
    vg_pixels_fit(decoded->width, decoded->height, VG_PICTURE_WIDTH_MAX, VG_PICTURE_HEIGHT_MAX,
                  &width, &height);
    const enum vg_status status = make_room(still, width, height, &pixels, path, fault);
    if (status)
        return status;
    if (vg_decoder_convert(decoder, &pixels))
        return damaged(path, fault);
    still->picture = (struct vg_picture){.luma = pixels.luma,
                                         .chroma = pixels.chroma,
                                         .width = pixels.width,
                                         .height = pixels.height,
                                         .luma_stride = pixels.luma_stride,
                                         .chroma_stride = pixels.chroma_stride,
                                         .matrix = decoded->matrix,
                                         .range = decoded->range};
    return VG_OK;
}

static enum vg_status decode_file(enum AVCodecID codec, const uint8_t *data, size_t size,
                                  struct vg_still *still, const char *path, struct vg_fault *fault)
{
    struct vg_decoder *decoder = NULL;
    struct vg_decoded decoded;
    av_log_set_level(AV_LOG_QUIET); /* what is wrong is said by the fault */
    if (cut(codec, data, size))
        return damaged(path, fault);
    AVCodecParameters *parameters = avcodec_parameters_alloc();
    if (!parameters)
        return no_memory(path, fault);
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = codec;
    parameters->color_range = AVCOL_RANGE_JPEG; /* grey files do not say it */
    enum vg_status status = vg_decoder_open(&decoder, parameters, fault);
    avcodec_parameters_free(&parameters);
    if (status)
        return status;
    status = send_file(decoder, data, size);
    if (!status)
        status = vg_decoder_receive(decoder, &decoded);
    if (status == VG_E_MEMORY)
        status = no_memory(path, fault);
    else if (status || decoded.corrupt)
        status = damaged(path, fault);
    else
        status = convert_file(decoder, &decoded, still, path, fault);
    vg_decoder_close(&decoder);
    return status;
}

/* ---- the first picture of a clip ---- */

static enum vg_status take_first(const char *path, struct vg_still *still, struct vg_fault *fault)
{
    struct vg_clip *clip = NULL;
    struct vg_clip_picture first;
    struct vg_pixels pixels;
    enum vg_status status = vg_clip_open(&clip, path, fault);
    if (status == VG_E_INPUT) /* it was given as a picture: do not speak of clips alone */
        status =
            vg_fault_set(fault, status, N_("neither a picture nor a clip that can be read"),
                         N_("give a JPEG, PNG, BMP or PNM picture, or a clip"), "%.400s", path);
    if (!status)
        status = vg_clip_next(clip, &first, fault);
    if (!status && first.corrupt)
        status = damaged(path, fault);
    if (!status)
        status = make_room(still, first.width, first.height, &pixels, path, fault);
    if (!status && vg_clip_convert(clip, &pixels, &still->picture))
        status = damaged(path, fault);
    vg_clip_close(&clip);
    return status;
}

enum vg_status vg_still_read(const char *path, struct vg_still **still, struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *still = NULL;
    struct vg_still *s = vg_alloc(sizeof *s);
    if (!s)
        return no_memory(path, fault);
    enum vg_status status = vg_file_read(path, STILL_BYTES_MAX, &data, &size, fault);
    const enum AVCodecID codec = status ? AV_CODEC_ID_NONE : kind_of(data, size);
    if (codec != AV_CODEC_ID_NONE)
        status = decode_file(codec, data, size, s, path, fault);
    else if (!status || status == VG_E_FULL) /* a clip may be larger than any picture file */
        status = take_first(path, s, fault);
    vg_free(data);
    if (status)
        vg_still_close(&s);
    *still = s;
    return status;
}

const struct vg_picture *vg_still_picture(const struct vg_still *still)
{
    return &still->picture;
}

void vg_still_close(struct vg_still **still)
{
    if (!*still)
        return;
    vg_free((*still)->memory);
    vg_free(*still);
    *still = NULL;
}
