#include "src/media/probe.h"

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/decoder.h"
#include "src/media/input_meter.h"
#include "src/media/timeline.h"

struct probe {
    const struct vg_probe_settings *settings;
    struct vg_probe_figures *figures;
    struct vg_source *source;
    struct vg_decoder *decoder; /* NULL before the first packet */
    uint32_t codec_version;     /* that it was opened with */
    int64_t wait_us;            /* for who sends when he wants to */
    struct vg_input_meter meter;
    struct vg_timeline timeline;
    struct vg_mono_time began, first_packet, last_packet, last_key, looked;
    uint64_t bytes;
    bool doubt; /* after a loss, before a key frame */
    uint8_t *pixels;
    uint32_t pixels_width, pixels_height;
};

struct vg_probe_settings vg_probe_defaults(void)
{
    return (struct vg_probe_settings){.last_us = 10 * VG_US_PER_S, .every_us = VG_US_PER_S};
}

/* ---- pictures ---- */

static void look(struct probe *probe, const struct vg_decoded *decoded)
{
    uint32_t width = 0, height = 0;
    if (!probe->settings->look ||
        (probe->looked.us && decoded->arrival.us - probe->looked.us < probe->settings->every_us))
        return;
    vg_pixels_fit(decoded->width, decoded->height, VG_PICTURE_WIDTH_MAX, VG_PICTURE_HEIGHT_MAX,
                  &width, &height);
    if (width != probe->pixels_width || height != probe->pixels_height) {
        vg_free(probe->pixels);
        probe->pixels = vg_alloc((size_t)vg_pixels_bytes(width, height));
        probe->pixels_width = probe->pixels ? width : 0;
        probe->pixels_height = probe->pixels ? height : 0;
    }
    if (!probe->pixels)
        return;
    const struct vg_pixels pixels = vg_pixels_over(probe->pixels, width, height);
    if (vg_decoder_convert(probe->decoder, &pixels))
        return;
    probe->looked = decoded->arrival;
    const struct vg_picture picture = {.luma = pixels.luma,
                                       .chroma = pixels.chroma,
                                       .width = width,
                                       .height = height,
                                       .luma_stride = pixels.luma_stride,
                                       .chroma_stride = pixels.chroma_stride,
                                       .matrix = decoded->matrix,
                                       .range = decoded->range};
    probe->settings->look(probe->settings->context, &picture);
}

static void take_picture(struct probe *probe, const struct vg_decoded *decoded)
{
    struct vg_probe_figures *f = probe->figures;
    struct vg_media_time media;
    const int64_t pts = vg_source_stamp_us(probe->source, decoded->stamp);
    if (f->pictures++ == 0)
        f->first_us = vg_mono_now().us - probe->began.us;
    else if (f->width != decoded->width || f->height != decoded->height)
        f->sizes++;
    f->width = decoded->width;
    f->height = decoded->height;
    f->pixel_aspect_num = decoded->pixel_aspect_num;
    f->pixel_aspect_den = decoded->pixel_aspect_den;
    f->b_frames = f->b_frames || decoded->bidirectional;
    f->interlaced = f->interlaced || decoded->interlaced;
    if (vg_timeline_next(&probe->timeline, pts, VG_US_PER_S / 25, &media) == VG_TIMELINE_JUMP)
        f->jumps++;
    if (decoded->corrupt || probe->doubt)
        f->damaged++;
    else
        look(probe, decoded);
}

static enum vg_status decode(struct probe *probe, const struct vg_packet *packet)
{
    struct vg_decoded decoded;
    enum vg_status status = vg_decoder_send(probe->decoder, packet->data, packet->arrival);
    if (status && status != VG_E_IO)
        return status;
    probe->figures->refused += status == VG_E_IO;
    while ((status = vg_decoder_receive(probe->decoder, &decoded)) != VG_E_END)
        if (status == VG_OK)
            take_picture(probe, &decoded);
        else if (status == VG_E_IO)
            probe->figures->refused++;
        else
            return status;
    return VG_OK;
}

/* ---- packets ---- */

static void measure(struct probe *probe, const struct vg_packet *packet)
{
    struct vg_probe_figures *f = probe->figures;
    const int64_t gap = packet->arrival.us - probe->last_packet.us;
    if (!probe->first_packet.us)
        probe->first_packet = packet->arrival;
    else if (gap > f->gap_us)
        f->gap_us = gap;
    probe->last_packet = packet->arrival;
    const uint32_t jitter_us = vg_source_link(probe->source).jitter_us;
    if (jitter_us > f->jitter_us)
        f->jitter_us = jitter_us;
    if (packet->key) {
        const int64_t since = packet->arrival.us - probe->last_key.us;
        if (probe->last_key.us && since > f->key_us)
            f->key_us = since;
        probe->last_key = packet->arrival;
    }
    probe->doubt = packet->damaged || (probe->doubt && !packet->key);
    probe->bytes += (uint64_t)packet->data->size;
    f->received++;
    (void)vg_input_meter_take(&probe->meter, packet->arrival, packet->key);
}

/* What is sent to us has a codec once somebody sends. */
static enum vg_status open_decoder(struct probe *probe, struct vg_fault *fault)
{
    const struct vg_source_about about = vg_source_about(probe->source);
    if (!about.codec || (probe->decoder && probe->codec_version == about.codec_version))
        return VG_OK;
    vg_decoder_close(&probe->decoder);
    probe->codec_version = about.codec_version;
    (void)snprintf(probe->figures->codec, sizeof probe->figures->codec, "%s",
                   avcodec_get_name(about.codec->codec_id));
    return vg_decoder_open(&probe->decoder, about.codec, fault);
}

/* Nothing can be read: a file of a folder is at its end, and that is all; or nobody sends yet. VG_OK:
 * read again. */
static enum vg_status wait_for_sender(const struct probe *probe, struct vg_fault *fault)
{
    if (probe->figures->received)
        return VG_E_END;
    if (vg_mono_now().us - probe->began.us < probe->wait_us)
        return VG_OK;
    return vg_fault_set(fault, VG_E_STATE, N_("there is nothing to receive now"),
                        N_("have it sent, or put a file into the folder, and probe again"), "%s",
                        "");
}

/* Until it was received for long enough; last_us from the opening where no key frame comes. */
static enum vg_status receive(struct probe *probe, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    struct vg_packet packet;
    const int64_t until_us = vg_mono_now().us + probe->wait_us;
    for (;;) {
        status = vg_source_read(probe->source, &packet);
        if (status == VG_E_STATE) {
            status = wait_for_sender(probe, fault);
            if (status == VG_OK)
                continue;
            return status == VG_E_END ? VG_OK : status;
        }
        if (status == VG_OK)
            status = open_decoder(probe, fault);
        if (status)
            return status;
        if (packet.early) {
            probe->figures->early++;
            if (packet.arrival.us >= until_us)
                return VG_E_TIMEOUT;
            continue;
        }
        measure(probe, &packet);
        if (packet.restarted && probe->figures->received > 1)
            return VG_OK; /* a file that is shorter than the probe */
        status = decode(probe, &packet);
        if (status || packet.arrival.us - probe->first_packet.us >= probe->settings->last_us)
            return status;
    }
}

static void sum_up(struct probe *probe)
{
    struct vg_probe_figures *f = probe->figures;
    const int64_t lasted = probe->last_packet.us - probe->first_packet.us;
    const int64_t since_key = probe->last_packet.us - probe->last_key.us;
    const struct vg_source_link link = vg_source_link(probe->source);
    f->transport = link.transport;
    f->encrypted = link.encrypted;
    f->packets = link.packets;
    f->lost = link.lost;
    f->key_interval = probe->meter.key_interval;
    f->lasted_us = lasted;
    if (probe->last_key.us && since_key > f->key_us)
        f->key_us = since_key;
    (void)snprintf(f->profile, sizeof f->profile, "%s",
                   probe->decoder ? vg_decoder_profile(probe->decoder) : "");
    f->told_milli = vg_source_about(probe->source).fps_milli;
    if (!f->told_milli && probe->decoder)
        f->told_milli = vg_decoder_fps_milli(probe->decoder);
    if (lasted <= 0)
        return;
    const int64_t milli = (int64_t)(f->received - 1) * 1000 * VG_US_PER_S / lasted;
    f->fps_milli = milli < UINT32_MAX ? (uint32_t)milli : UINT32_MAX; /* all came in one piece */
    f->bits_per_s = (uint64_t)((double)probe->bytes * 8e6 / (double)lasted);
}

static enum vg_status run(struct probe *probe, const struct vg_source_settings *source,
                          struct vg_fault *fault)
{
    probe->began = vg_mono_now();
    enum vg_status status = vg_source_open(&probe->source, source, fault);
    if (status)
        return status;
    probe->figures->open_us = vg_mono_now().us - probe->began.us;
    probe->figures->given = vg_source_about(probe->source).codec == NULL;
    probe->wait_us = probe->settings->last_us + (probe->figures->given ? source->open_us : 0);
    status = open_decoder(probe, fault);
    if (status)
        return status;
    status = receive(probe, fault);
    sum_up(probe);
    if (status == VG_E_STATE)
        return status; /* said already */
    if (status == VG_OK && probe->figures->pictures == 0)
        status = VG_E_IO;
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", "") : VG_OK;
}

enum vg_status vg_probe_run(const struct vg_source_settings *source,
                            const struct vg_probe_settings *settings,
                            struct vg_probe_figures *figures, struct vg_fault *fault)
{
    struct probe probe = {.settings = settings, .figures = figures};
    *figures = (struct vg_probe_figures){0};
    av_log_set_level(AV_LOG_QUIET); /* what is wrong is said by the figures */
    vg_input_meter_reset(&probe.meter);
    vg_timeline_init(&probe.timeline, VG_TIMELINE_LIVE_US);
    figures->status = run(&probe, source, fault);
    vg_decoder_close(&probe.decoder);
    vg_source_close(&probe.source);
    vg_free(probe.pixels);
    return figures->status;
}
