#include "src/media/packet_format.h"

#include <libavcodec/avcodec.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/media/decoder.h"

enum vg_status vg_packet_format_parameters(const struct vg_packet_format *format,
                                           struct AVCodecParameters *parameters)
{
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = (enum AVCodecID)format->codec;
    parameters->width = (int)format->width;
    parameters->height = (int)format->height;
    if (format->sets_size == 0)
        return VG_OK;
    parameters->extradata = av_mallocz(format->sets_size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!parameters->extradata)
        return VG_E_MEMORY;
    memcpy(parameters->extradata, format->sets, format->sets_size);
    parameters->extradata_size = (int)format->sets_size;
    return VG_OK;
}

/* One key alone through a decoder of its own. */
static enum vg_status decode_size(struct vg_packet_format *format, AVCodecParameters *parameters,
                                  AVPacket *packet)
{
    struct vg_decoder *decoder = NULL;
    struct vg_decoded decoded;
    const struct vg_mono_time never = {0};
    enum vg_status status = vg_packet_format_parameters(format, parameters);
    if (status == VG_OK)
        status = vg_decoder_open(&decoder, parameters, NULL);
    if (status == VG_OK)
        status = vg_decoder_send(decoder, packet, never);
    if (status == VG_OK)
        status = vg_decoder_send(decoder, NULL, never);
    if (status == VG_OK)
        status = vg_decoder_receive(decoder, &decoded);
    vg_decoder_close(&decoder);
    if (status)
        return status == VG_E_MEMORY ? status : VG_E_MISSING;
    format->width = decoded.width;
    format->height = decoded.height;
    return VG_OK;
}

enum vg_status vg_packet_format_complete(struct vg_packet_format *format, const uint8_t *data,
                                         size_t size)
{
    if (vg_sets_needed(format->codec) && format->sets_size == 0)
        return VG_E_MISSING;
    if (format->width && format->height)
        return VG_OK;
    AVCodecParameters *parameters = avcodec_parameters_alloc();
    AVPacket *packet = av_packet_alloc();
    enum vg_status status = VG_E_MEMORY;
    if (parameters && packet && av_new_packet(packet, (int)size) >= 0) {
        memcpy(packet->data, data, size);
        packet->flags |= AV_PKT_FLAG_KEY;
        status = decode_size(format, parameters, packet);
    }
    av_packet_free(&packet);
    avcodec_parameters_free(&parameters);
    return status;
}
