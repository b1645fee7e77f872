#include "src/media/decoder.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/zero_pages.h"

/* A stream that heals by moving intra blocks has no key frames: believe it again after this. */
#define SUSPECT_MAX 250u

/* Four times the largest picture kept: larger ones are refused, or hostile headers eat memory. */
#define PIXELS_MAX (INT64_C(4) * VG_PICTURE_WIDTH_MAX * VG_PICTURE_HEIGHT_MAX)

/* Surfaces beyond what the codec itself needs: the picture at hand, and the next one that
 * libavcodec holds ready while that one is looked at. */
#define SURFACES_EXTRA 2

struct vg_decoder {
    AVCodecContext *context; /* NULL: at rest */
    AVFrame *frame;          /* the picture at hand; may be a surface */
    AVFrame *fetched;        /* its copy in memory, when it is one; kept for the next */
    bool fetched_is_hand;
    bool numbered;    /* the 64 bits beside each packet are its number, not its arrival */
    bool drained;     /* told of an end: to be flushed before it takes packets again */
    bool was_refused; /* the device was asked for and is not on offer */
    bool has_device;
    enum AVPixelFormat surface; /* the device's format of pictures */
    enum vg_decoder_pick pick;
    uint32_t waits;   /* packets passed over at most until a key frame comes; 0: does not wait */
    uint32_t suspect; /* pictures until this stream is believed again, 0: it is */
    /* the scaler and what it was made for */
    struct SwsContext *scaler;
    uint32_t from_width, from_height, to_width, to_height;
    int from_format;
};

struct vg_decoder_settings vg_decoder_defaults(const struct AVCodecParameters *codec)
{
    return (struct vg_decoder_settings){.codec = codec};
}

/* The pictures' format on this kind of device, AV_PIX_FMT_NONE: the codec has no hardware
 * decoder of that kind. */
static enum AVPixelFormat format_on(const AVCodec *codec, const AVBufferRef *device)
{
    const enum AVHWDeviceType type = ((const AVHWDeviceContext *)(const void *)device->data)->type;
    for (int i = 0;; i++) {
        const AVCodecHWConfig *config = avcodec_get_hw_config(codec, i);
        if (!config)
            return AV_PIX_FMT_NONE;
        if ((config->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) != 0 &&
            config->device_type == type)
            return config->pix_fmt;
    }
}

static bool is_surface(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(format);
    return about && (about->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0;
}

/* libavcodec asks at the first sizes and at each change of them, and once more without the
 * device's format when the device has refused. */
static enum AVPixelFormat choose(struct AVCodecContext *context, const enum AVPixelFormat *offers)
{
    struct vg_decoder *decoder = context->opaque;
    for (const enum AVPixelFormat *f = offers; *f != AV_PIX_FMT_NONE; f++)
        if (*f == decoder->surface) {
            decoder->was_refused = false;
            return *f;
        }
    decoder->was_refused = true;
    for (const enum AVPixelFormat *f = offers; *f != AV_PIX_FMT_NONE; f++)
        if (!is_surface(*f))
            return *f;
    return AV_PIX_FMT_NONE;
}

static enum vg_status prepare_device(struct vg_decoder *d, const AVCodec *codec,
                                     AVBufferRef *device)
{
    d->surface = format_on(codec, device);
    d->was_refused = d->surface == AV_PIX_FMT_NONE;
    if (d->was_refused)
        return VG_OK;
    d->context->hw_device_ctx = av_buffer_ref(device);
    d->context->extra_hw_frames = SURFACES_EXTRA;
    d->context->opaque = d;
    d->context->get_format = choose;
    return d->context->hw_device_ctx ? VG_OK : VG_E_MEMORY;
}

static enum vg_status start(struct vg_decoder *d, const struct vg_decoder_settings *settings)
{
    const AVCodec *codec = avcodec_find_decoder(settings->codec->codec_id);
    enum vg_status status = VG_OK;
    if (!codec)
        return VG_E_INPUT;
    d->context = avcodec_alloc_context3(codec);
    if (!d->context)
        return VG_E_MEMORY;
    if (avcodec_parameters_to_context(d->context, settings->codec) < 0)
        return VG_E_INPUT;
    d->context->thread_count = 1;
    d->context->max_pixels = PIXELS_MAX;
    if (settings->delay && settings->delay <= INT8_MAX)
        d->context->has_b_frames = (int)settings->delay;
    d->has_device = settings->device != NULL;
    if (settings->device)
        status = prepare_device(d, codec, settings->device);
    if (status == VG_OK && avcodec_open2(d->context, codec, NULL) < 0)
        status = VG_E_INPUT;
    if (status == VG_OK)
        (void)vg_zero_pages_give_back(d->context->priv_data);
    d->pick = settings->pick;
    d->waits = settings->start == VG_DECODER_AT_KEY ? SUSPECT_MAX : 0;
    return status;
}

void vg_decoder_rest(struct vg_decoder *decoder)
{
    av_frame_unref(decoder->frame);
    avcodec_free_context(&decoder->context);
    decoder->fetched_is_hand = decoder->numbered = decoder->drained = false;
    decoder->was_refused = decoder->has_device = false;
    decoder->surface = AV_PIX_FMT_NONE;
    decoder->waits = decoder->suspect = 0;
}

enum vg_status vg_decoder_reopen(struct vg_decoder *decoder,
                                 const struct vg_decoder_settings *settings)
{
    vg_decoder_rest(decoder);
    enum vg_status status = start(decoder, settings);
    if (status)
        vg_decoder_rest(decoder);
    return status;
}

enum vg_status vg_decoder_open_with(struct vg_decoder **decoder,
                                    const struct vg_decoder_settings *settings,
                                    struct vg_fault *fault)
{
    enum vg_status status = VG_E_MEMORY;
    struct vg_decoder *d = vg_alloc(sizeof *d);
    *decoder = NULL;
    if (!d)
        goto done;
    d->frame = av_frame_alloc();
    d->fetched = av_frame_alloc();
    if (d->frame && d->fetched)
        status = vg_decoder_reopen(d, settings);
done:
    if (status) {
        vg_decoder_close(&d);
        return vg_fault_set(fault, status,
                            status == VG_E_MEMORY ? vg_status_text(status)
                                                  : N_("this kind of video cannot be decoded"),
                            N_("use H.264, H.265, MPEG-4 or MJPEG"), "%s",
                            avcodec_get_name(settings->codec->codec_id));
    }
    *decoder = d;
    return VG_OK;
}

enum vg_status vg_decoder_open(struct vg_decoder **decoder, const struct AVCodecParameters *codec,
                               struct vg_fault *fault)
{
    const struct vg_decoder_settings settings = vg_decoder_defaults(codec);
    return vg_decoder_open_with(decoder, &settings, fault);
}

void vg_decoder_close(struct vg_decoder **decoder)
{
    struct vg_decoder *d = *decoder;
    if (!d)
        return;
    sws_freeContext(d->scaler);
    av_frame_free(&d->fetched);
    av_frame_free(&d->frame);
    avcodec_free_context(&d->context);
    vg_free(d);
    *decoder = NULL;
}

enum vg_decoder_way vg_decoder_way(const struct vg_decoder *decoder)
{
    if (!decoder->context || !decoder->has_device)
        return VG_DECODER_SOFTWARE;
    if (decoder->was_refused)
        return VG_DECODER_REFUSED;
    return decoder->context->hw_frames_ctx ? VG_DECODER_DEVICE : VG_DECODER_UNTOLD;
}

struct vg_decoder_surfaces vg_decoder_surfaces(const struct vg_decoder *decoder)
{
    if (vg_decoder_way(decoder) != VG_DECODER_DEVICE)
        return (struct vg_decoder_surfaces){0, 0};
    const AVHWFramesContext *pool =
        (const AVHWFramesContext *)(const void *)decoder->context->hw_frames_ctx->data;
    const int bytes = av_image_get_buffer_size(pool->sw_format, pool->width, pool->height, 1);
    const uint32_t count = pool->initial_pool_size > 0 ? (uint32_t)pool->initial_pool_size : 0;
    return (struct vg_decoder_surfaces){count, bytes > 0 ? (uint64_t)count * (uint64_t)bytes : 0};
}

const char *vg_decoder_profile(const struct vg_decoder *decoder)
{
    const AVCodecContext *context = decoder->context;
    const char *name = context ? avcodec_profile_name(context->codec_id, context->profile) : NULL;
    return name ? name : "";
}

uint32_t vg_decoder_delay(const struct vg_decoder *decoder)
{
    const int delay = decoder->context ? decoder->context->has_b_frames : 0;
    return delay > 0 ? (uint32_t)delay : 0;
}

/* What an error of libavcodec means here. A damaged stream is "invalid data" with and without a
 * device; all else, lack of surfaces included, comes from the device when there is one. */
static enum vg_status meaning(const struct vg_decoder *decoder, int error)
{
    const enum vg_decoder_way way = vg_decoder_way(decoder);
    const bool on_device = way == VG_DECODER_DEVICE || way == VG_DECODER_UNTOLD;
    if (on_device && error != AVERROR_INVALIDDATA && error != AVERROR(EAGAIN))
        return VG_E_DEVICE;
    return error == AVERROR(ENOMEM) ? VG_E_MEMORY : VG_E_IO;
}

/* Whether this packet is passed over; a key frame ends the waiting. */
static bool passes_over(struct vg_decoder *decoder, const AVPacket *packet)
{
    if ((packet->flags & AV_PKT_FLAG_KEY) != 0) {
        decoder->waits = 0;
        return false;
    }
    if (decoder->pick == VG_DECODER_KEYS)
        return true;
    if (decoder->waits == 0)
        return false;
    decoder->waits--; /* a stream that never has a key frame is taken as it is in the end */
    return true;
}

static void drain(struct vg_decoder *decoder)
{
    if (!decoder->drained)
        (void)avcodec_send_packet(decoder->context, NULL);
    decoder->drained = true;
}

void vg_decoder_set_pick(struct vg_decoder *decoder, enum vg_decoder_pick pick)
{
    if (decoder->pick == pick)
        return;
    decoder->pick = pick;
    if (pick == VG_DECODER_ALL)
        decoder->waits = SUSPECT_MAX;
    else if (decoder->context)
        drain(decoder);
}

static enum vg_status send(struct vg_decoder *decoder, const AVPacket *packet)
{
    if (!decoder->context)
        return VG_E_STATE;
    if (!packet) {
        drain(decoder);
        return VG_OK;
    }
    if (passes_over(decoder, packet))
        return VG_E_FULL;
    if (decoder->drained)
        avcodec_flush_buffers(decoder->context);
    decoder->drained = false;
    const int error = avcodec_send_packet(decoder->context, packet);
    if (error < 0 && error != AVERROR_EOF) {
        decoder->suspect = SUSPECT_MAX;
        return meaning(decoder, error);
    }
    /* a key frame is complete in itself: asked for at once, it does not wait a whole GOP */
    if (decoder->pick == VG_DECODER_KEYS)
        drain(decoder);
    return VG_OK;
}

enum vg_status vg_decoder_send(struct vg_decoder *decoder, const struct AVPacket *packet,
                               struct vg_mono_time arrival)
{
    decoder->numbered = false;
    if (decoder->context)
        decoder->context->reordered_opaque = arrival.us;
    return send(decoder, packet);
}

enum vg_status vg_decoder_send_numbered(struct vg_decoder *decoder, const struct AVPacket *packet,
                                        int64_t number)
{
    decoder->numbered = true;
    if (decoder->context)
        decoder->context->reordered_opaque = number;
    return send(decoder, packet);
}

static enum vg_matrix matrix_of(const AVFrame *frame)
{
    switch ((int)frame->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M: /* the nearer of the two */
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return VG_MATRIX_BT709;
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_RGB: /* swscale makes BT.601 of it */
        return VG_MATRIX_BT601;
    default:
        return frame->height <= 576 ? VG_MATRIX_BT601 : VG_MATRIX_BT709;
    }
}

static bool full_by_format(int format)
{
    return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
           format == AV_PIX_FMT_YUVJ444P || format == AV_PIX_FMT_YUVJ440P ||
           format == AV_PIX_FMT_YUVJ411P;
}

static bool is_rgb(int format)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get((enum AVPixelFormat)format);
    return about && (about->flags & AV_PIX_FMT_FLAG_RGB) != 0;
}

static enum vg_range range_of(const AVFrame *frame)
{
    if (is_rgb(frame->format))
        return VG_RANGE_LIMITED; /* as swscale makes it */
    if (frame->color_range == AVCOL_RANGE_JPEG || full_by_format(frame->format))
        return VG_RANGE_FULL;
    return VG_RANGE_LIMITED;
}

/* Whether this picture is to be doubted: it is damaged itself, or one since the last key frame
 * was. A damaged key frame does not end the doubt. */
static bool doubted(struct vg_decoder *decoder)
{
    const AVFrame *frame = decoder->frame;
    if ((frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0)
        decoder->suspect = SUSPECT_MAX;
    else if (frame->key_frame)
        decoder->suspect = 0;
    if (decoder->suspect == 0)
        return false;
    decoder->suspect--;
    return true;
}

/* Where the picture proper lies. libavutil crops surfaces at the right and at the bottom alone:
 * what the stream hides at the left and at the top is still in them. */
struct view {
    const uint8_t *data[4];
    int line_size[4];
    int width, height, format;
};

static struct view view_of(const AVFrame *frame)
{
    struct view view = {.width = frame->width, .height = frame->height, .format = frame->format};
    for (size_t i = 0; i < 4; i++) {
        view.data[i] = frame->data[i];
        view.line_size[i] = frame->linesize[i];
    }
    if (frame->hw_frames_ctx) {
        view.width -= (int)frame->crop_left;
        view.height -= (int)frame->crop_top;
    }
    return view;
}

enum vg_status vg_decoder_receive(struct vg_decoder *decoder, struct vg_decoded *decoded)
{
    AVFrame *frame = decoder->frame;
    if (!decoder->context)
        return VG_E_STATE;
    decoder->fetched_is_hand = false;
    const int error = avcodec_receive_frame(decoder->context, frame);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
        return VG_E_END;
    if (error < 0) {
        decoder->suspect = SUSPECT_MAX;
        return meaning(decoder, error);
    }
    const struct view view = view_of(frame);
    if (view.width < 2 || view.height < 2) /* no NV12 has that size */
        return VG_E_IO;
    const AVRational aspect = frame->sample_aspect_ratio;
    const bool told = aspect.num > 0 && aspect.den > 0;
    *decoded = (struct vg_decoded){
        .stamp = frame->best_effort_timestamp == AV_NOPTS_VALUE ? INT64_MIN
                                                                : frame->best_effort_timestamp,
        .arrival = {decoder->numbered ? 0 : frame->reordered_opaque},
        .number = decoder->numbered ? frame->reordered_opaque : 0,
        .width = (uint32_t)view.width,
        .height = (uint32_t)view.height,
        .pixel_aspect_num = told ? (uint32_t)aspect.num : 1,
        .pixel_aspect_den = told ? (uint32_t)aspect.den : 1,
        .matrix = matrix_of(frame),
        .range = range_of(frame),
        .key = frame->key_frame != 0,
        .bidirectional = frame->pict_type == AV_PICTURE_TYPE_B,
        .interlaced = frame->interlaced_frame != 0,
        .corrupt = doubted(decoder),
    };
    return VG_OK;
}

/* ---- conversion ---- */

/* Rows of libavcodec may run upwards (negative line size): offsets are signed. */
static const uint8_t *row_of(const uint8_t *plane, int line_size, uint32_t row)
{
    return plane + (ptrdiff_t)line_size * (ptrdiff_t)row;
}

static void copy_luma(const struct view *view, const struct vg_pixels *pixels)
{
    for (uint32_t y = 0; y < pixels->height; y++)
        memcpy(pixels->luma + (size_t)y * pixels->luma_stride,
               row_of(view->data[0], view->line_size[0], y), pixels->width);
}

static void interleave_row(uint8_t *restrict to, const uint8_t *restrict u,
                           const uint8_t *restrict v, uint32_t pairs)
{
    for (uint32_t x = 0; x < pairs; x++) {
        to[2 * x] = u[x];
        to[2 * x + 1] = v[x];
    }
}

static void copy_chroma(const struct view *view, const struct vg_pixels *pixels)
{
    for (uint32_t y = 0; y < pixels->height / 2; y++) {
        uint8_t *to = pixels->chroma + (size_t)y * pixels->chroma_stride;
        if (view->format == AV_PIX_FMT_NV12)
            memcpy(to, row_of(view->data[1], view->line_size[1], y), pixels->width);
        else
            interleave_row(to, row_of(view->data[1], view->line_size[1], y),
                           row_of(view->data[2], view->line_size[2], y), pixels->width / 2);
    }
}

/* The plain name of a "J" format, whose range swscale is told apart. */
static enum AVPixelFormat plain_format(int format)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
        return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
        return AV_PIX_FMT_YUV411P;
    default:
        return (enum AVPixelFormat)format;
    }
}

/* Makes the scaler anew when size, format or aim differ from the last time. */
static enum vg_status scaler_for(struct vg_decoder *d, uint32_t width, uint32_t height, int format,
                                 const struct vg_pixels *pixels)
{
    if (d->scaler && d->from_width == width && d->from_height == height &&
        d->from_format == format && d->to_width == pixels->width && d->to_height == pixels->height)
        return VG_OK;
    sws_freeContext(d->scaler);
    d->from_width = width;
    d->from_height = height;
    d->from_format = format;
    d->to_width = pixels->width;
    d->to_height = pixels->height;
    d->scaler = sws_getContext((int)width, (int)height, plain_format(format), (int)pixels->width,
                               (int)pixels->height, AV_PIX_FMT_NV12, SWS_AREA | SWS_ACCURATE_RND,
                               NULL, NULL, NULL);
    return d->scaler ? VG_OK : VG_E_IO;
}

static enum vg_status scale(struct vg_decoder *d, const struct view *view,
                            const struct vg_pixels *pixels)
{
    const AVFrame *frame = d->frame;
    /* only as much of the source as is kept: an odd last column or row is cropped, not squeezed */
    const bool same =
        pixels->width <= (uint32_t)view->width && (uint32_t)view->width - pixels->width <= 1 &&
        pixels->height <= (uint32_t)view->height && (uint32_t)view->height - pixels->height <= 1;
    const uint32_t width = same ? pixels->width : (uint32_t)view->width;
    const uint32_t height = same ? pixels->height : (uint32_t)view->height;
    enum vg_status status = scaler_for(d, width, height, view->format, pixels);
    if (status)
        return status;
    const int full = range_of(frame) == VG_RANGE_FULL;
    const int *table =
        sws_getCoefficients(matrix_of(frame) == VG_MATRIX_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    (void)sws_setColorspaceDetails(d->scaler, table, is_rgb(view->format) ? 1 : full, table, full,
                                   0, 1 << 16, 1 << 16);
    uint8_t *const to[4] = {pixels->luma, pixels->chroma, NULL, NULL};
    const int to_stride[4] = {(int)pixels->luma_stride, (int)pixels->chroma_stride, 0, 0};
    const int rows =
        sws_scale(d->scaler, view->data, view->line_size, 0, (int)height, to, to_stride);
    return rows == (int)pixels->height ? VG_OK : VG_E_IO;
}

/* Room in memory for what lies on the surfaces; the same as long as their size is. */
static enum vg_status room_for(AVFrame *fetched, const AVFrame *frame)
{
    const AVHWFramesContext *pool =
        (const AVHWFramesContext *)(const void *)frame->hw_frames_ctx->data;
    if (fetched->buf[0] && fetched->width == frame->width && fetched->height == frame->height &&
        fetched->format == pool->sw_format)
        return VG_OK;
    av_frame_unref(fetched);
    fetched->format = pool->sw_format;
    fetched->width = frame->width;
    fetched->height = frame->height;
    return av_frame_get_buffer(fetched, 0) < 0 ? VG_E_MEMORY : VG_OK;
}

static enum vg_status fetch(struct vg_decoder *d)
{
    if (d->fetched_is_hand)
        return VG_OK;
    enum vg_status status = room_for(d->fetched, d->frame);
    if (status)
        return status;
    if (av_hwframe_transfer_data(d->fetched, d->frame, 0) < 0)
        return VG_E_DEVICE;
    d->fetched_is_hand = true;
    return VG_OK;
}

/* The fetched picture, with what the stream hides at the left and at the top taken away. */
static struct view fetched_view(const struct vg_decoder *d)
{
    struct view view = view_of(d->fetched);
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(d->fetched->format);
    const size_t left = d->frame->crop_left, top = d->frame->crop_top;
    view.width -= (int)left;
    view.height -= (int)top;
    for (int i = 0; i < 4 && view.data[i]; i++) {
        const int across = i ? about->log2_chroma_w : 0, down = i ? about->log2_chroma_h : 0;
        const int step = av_image_get_linesize(view.format, 1 << across, i);
        view.data[i] += (ptrdiff_t)(top >> down) * view.line_size[i];
        view.data[i] += (ptrdiff_t)(left >> across) * (step > 0 ? step : 1);
    }
    return view;
}

enum vg_status vg_decoder_convert(struct vg_decoder *decoder, const struct vg_pixels *pixels)
{
    const AVFrame *frame = decoder->frame;
    struct view view = view_of(frame);
    if (!frame->buf[0] || view.width < 2 || view.height < 2)
        return VG_E_IO;
    if (frame->hw_frames_ctx) {
        enum vg_status status = fetch(decoder);
        if (status)
            return status;
        view = fetched_view(decoder);
    }
    const bool planar = view.format == AV_PIX_FMT_YUV420P || view.format == AV_PIX_FMT_YUVJ420P;
    const bool same = pixels->width == ((uint32_t)view.width & ~1u) &&
                      pixels->height == ((uint32_t)view.height & ~1u);
    if (!same || (!planar && view.format != AV_PIX_FMT_NV12))
        return scale(decoder, &view, pixels);
    copy_luma(&view, pixels);
    copy_chroma(&view, pixels);
    return VG_OK;
}

uint32_t vg_decoder_fps_milli(const struct vg_decoder *decoder)
{
    const AVRational rate = decoder->context ? decoder->context->framerate : (AVRational){0, 1};
    if (rate.num <= 0 || rate.den <= 0)
        return 0;
    const int64_t milli = av_rescale(1000, rate.num, rate.den);
    return milli > 0 && milli <= 1000000 ? (uint32_t)milli : 0;
}

void vg_decoder_flush(struct vg_decoder *decoder)
{
    if (decoder->context)
        avcodec_flush_buffers(decoder->context);
    decoder->drained = false;
    decoder->suspect = 0;
}
