/* Video that comes by RTP: asked for by RTSP, pushed to us by RTSP, or sent to a group that a
 * description names. */
#include <libavcodec/avcodec.h>
#include <libavutil/mathematics.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/media/rtp_stream.h"
#include "src/media/rtsp_client.h"
#include "src/media/rtsp_listen.h"
#include "src/media/rtsp_sockets.h"
#include "src/media/source_kind.h"

#define LOOK_US VG_US_PER_S /* how often a report of ours may be due */
#define HOLD_US 60000       /* how long a datagram that is missing is waited for */

struct rtp_source {
    struct vg_source base; /* first */
    /* one of the three: who brings the datagrams */
    struct vg_rtsp_client *client;
    struct vg_rtsp_sockets *sockets;
    struct vg_rtsp_listen *listen;
    struct vg_mono_time heard;    /* of the sockets: the last datagram, or when they were opened */
    struct vg_rtp_stream *stream; /* NULL: nobody pushes */
    AVCodecParameters *codec;     /* of the stream, or the last one; NULL: there was none */
    uint32_t fps_milli;
    /* of who pushes */
    struct vg_source_network network; /* whom the site permits; the rest is not kept */
    bool restarted;                   /* the next packet is the first of another publisher */
};

static const enum AVCodecID codec_ids[] = {
    [VG_RTP_H264] = AV_CODEC_ID_H264,
    [VG_RTP_H265] = AV_CODEC_ID_HEVC,
    [VG_RTP_MPEG4] = AV_CODEC_ID_MPEG4,
    [VG_RTP_MJPEG] = AV_CODEC_ID_MJPEG,
};

static void close_rtp(struct vg_source *source)
{
    struct rtp_source *rtp = (struct rtp_source *)source;
    vg_rtsp_client_close(&rtp->client);
    vg_rtsp_sockets_close(&rtp->sockets);
    vg_rtsp_listen_close(&rtp->listen);
    vg_rtp_stream_close(&rtp->stream);
    avcodec_parameters_free(&rtp->codec);
    vg_free(rtp);
}

static enum vg_status describe_codec(struct rtp_source *rtp, const struct vg_sdp_video *video)
{
    AVCodecParameters *codec = avcodec_parameters_alloc();
    avcodec_parameters_free(&rtp->codec);
    rtp->codec = codec;
    if (!codec)
        return VG_E_MEMORY;
    codec->codec_type = AVMEDIA_TYPE_VIDEO;
    codec->codec_id = codec_ids[video->codec];
    codec->width = (int)video->width;
    codec->height = (int)video->height;
    if (video->parameter_bytes == 0)
        return VG_OK;
    codec->extradata = av_mallocz(video->parameter_bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!codec->extradata)
        return VG_E_MEMORY;
    memcpy(codec->extradata, video->parameters, video->parameter_bytes);
    codec->extradata_size = (int)video->parameter_bytes;
    return VG_OK;
}

static enum vg_status open_stream(struct rtp_source *rtp, const struct vg_sdp_video *video,
                                  enum vg_rtp_order order)
{
    struct vg_rtp_settings settings = {.order = order, .hold_us = HOLD_US};
    vg_random_bytes(&settings.ssrc, sizeof settings.ssrc);
    rtp->base.time_base = (AVRational){1, (int)video->clock_hz};
    rtp->fps_milli = video->fps_milli;
    const enum vg_status status = describe_codec(rtp, video);
    return status ? status : vg_rtp_stream_open(&rtp->stream, video, &settings);
}

/* ---- reading ---- */

static void send_report(struct rtp_source *rtp, struct vg_mono_time now)
{
    uint8_t report[256];
    const size_t bytes = vg_rtp_stream_report(rtp->stream, now, report, sizeof report);
    if (bytes && rtp->client)
        vg_rtsp_client_report(rtp->client, report, bytes);
    else if (bytes && rtp->sockets)
        vg_rtsp_sockets_report(rtp->sockets, report, bytes);
}

/* A group has no connection that could say that it ended: silence does. */
static enum vg_status receive_group(struct rtp_source *rtp, struct vg_mono_time until,
                                    struct vg_rtsp_data *data)
{
    const int64_t last = rtp->heard.us + rtp->base.settings.read_us;
    const enum vg_status status = vg_rtsp_sockets_receive(
        rtp->sockets, (struct vg_mono_time){until.us < last ? until.us : last},
        &rtp->base.settings.cancel, data);
    if (status == VG_OK)
        rtp->heard = vg_mono_now(); /* not when it came: we may be late */
    if (status != VG_E_TIMEOUT)
        return status;
    return vg_mono_now().us >= last ? VG_E_TIMEOUT : VG_E_END;
}

static enum vg_status receive_by(struct rtp_source *rtp, struct vg_mono_time until,
                                 struct vg_rtsp_data *data)
{
    if (rtp->client)
        return vg_rtsp_client_receive(rtp->client, until, data);
    return rtp->listen ? vg_rtsp_listen_receive(rtp->listen, until, data)
                       : receive_group(rtp, until, data);
}

/* Lets one datagram in, or the time pass. */
static enum vg_status receive(struct rtp_source *rtp)
{
    struct vg_rtsp_data data;
    const struct vg_mono_time now = vg_mono_now();
    const int64_t due = vg_rtp_stream_due_us(rtp->stream);
    const struct vg_mono_time until = {due < now.us + LOOK_US ? due : now.us + LOOK_US};
    send_report(rtp, now);
    const enum vg_status status = receive_by(rtp, until, &data);
    if (status == VG_E_END) {
        vg_rtp_stream_tick(rtp->stream, vg_mono_now());
        return VG_OK;
    }
    if (status)
        return status;
    if (data.kind == VG_RTSP_RTP)
        vg_rtp_stream_give(rtp->stream, data.data, data.size, data.arrival);
    else
        vg_rtp_stream_give_report(rtp->stream, data.data, data.size, data.arrival);
    return VG_OK;
}

/* Packets of which no picture ever comes (sound, another payload type) are a silence as well. */
static enum vg_status read_rtp(struct vg_source *source, struct vg_packet *packet)
{
    struct rtp_source *rtp = (struct rtp_source *)source;
    struct vg_rtp_unit unit;
    const int64_t until_us = vg_mono_now().us + source->settings.read_us;
    enum vg_status status = VG_E_END;
    while ((status = vg_rtp_stream_take(rtp->stream, &unit)) == VG_E_END) {
        if (vg_rtp_stream_counts(rtp->stream).bye)
            return VG_E_CLOSED;
        if (vg_mono_now().us >= until_us)
            return VG_E_TIMEOUT;
        status = receive(rtp);
        if (status)
            return status;
    }
    if (status)
        return status;
    packet->data = unit.data;
    packet->arrival = unit.arrival;
    packet->key = unit.key;
    packet->damaged = unit.damaged;
    return VG_OK;
}

static struct vg_source_about about_rtp(const struct vg_source *source)
{
    const struct rtp_source *rtp = (const struct rtp_source *)source;
    return (struct vg_source_about){.codec = rtp->codec, .fps_milli = rtp->fps_milli};
}

static bool wall_rtp(const struct vg_source *source, int64_t pts_us, struct vg_wall_time *wall)
{
    const struct rtp_source *rtp = (const struct rtp_source *)source;
    const int64_t pts = av_rescale_q(pts_us, AV_TIME_BASE_Q, source->time_base);
    return rtp->stream && vg_rtp_stream_wall(rtp->stream, pts, wall);
}

/* ---- how it comes ---- */

static const enum vg_transport told_as[] = {[VG_RTSP_TCP] = VG_TRANSPORT_TCP,
                                            [VG_RTSP_UDP] = VG_TRANSPORT_UDP,
                                            [VG_RTSP_MULTICAST] = VG_TRANSPORT_MULTICAST};

static struct vg_rtsp_about carried(const struct rtp_source *rtp)
{
    if (rtp->client)
        return vg_rtsp_client_about(rtp->client);
    if (!rtp->listen)
        return (struct vg_rtsp_about){.transport = VG_RTSP_MULTICAST};
    return (struct vg_rtsp_about){.transport = vg_rtsp_listen_by_udp(rtp->listen) ? VG_RTSP_UDP
                                                                                  : VG_RTSP_TCP};
}

static struct vg_source_link link_rtp(const struct vg_source *source)
{
    const struct rtp_source *rtp = (const struct rtp_source *)source;
    if (!rtp->stream)
        return (struct vg_source_link){0};
    const struct vg_rtp_counts counts = vg_rtp_stream_counts(rtp->stream);
    const struct vg_rtsp_about about = carried(rtp);
    return (struct vg_source_link){
        .transport = told_as[about.transport],
        .encrypted = about.encrypted,
        .packets = counts.packets,
        .lost = counts.lost,
        .jitter_us = counts.jitter_us,
    };
}

static void set_read_rtp(struct vg_source *source, int64_t read_us)
{
    struct rtp_source *rtp = (struct rtp_source *)source;
    if (rtp->client)
        vg_rtsp_client_set_read(rtp->client, read_us);
    if (rtp->listen)
        vg_rtsp_listen_set_read(rtp->listen, read_us);
}

static const struct vg_source_calls calls = {.close = close_rtp,
                                             .read = read_rtp,
                                             .about = about_rtp,
                                             .link = link_rtp,
                                             .wall = wall_rtp,
                                             .set_read = set_read_rtp};

/* ---- by RTSP ---- */

static enum vg_status connect_by(struct rtp_source *rtp, const struct vg_source_settings *settings,
                                 enum vg_rtsp_transport transport, struct vg_fault *fault)
{
    struct vg_rtsp_settings rtsp = vg_rtsp_defaults();
    rtsp.url = settings->url;
    rtsp.user = settings->user;
    rtsp.password = settings->password;
    rtsp.transport = transport;
    rtsp.trust = settings->network.trust;
    rtsp.interface = settings->network.interface;
    rtsp.port_first = settings->network.port_first;
    rtsp.port_last = settings->network.port_last;
    rtsp.may_visit = settings->network.may_visit;
    rtsp.visit_context = settings->network.visit_context;
    rtsp.open_us = settings->open_us;
    rtsp.read_us = settings->read_us;
    rtsp.cancel = settings->cancel;
    return vg_rtsp_client_open(&rtp->client, &rtsp, fault);
}

/* The transports to try, in turn: the second where the first is refused. */
struct tries {
    size_t count;
    enum vg_rtsp_transport transport[2];
};

static struct tries tries_of(const struct vg_source_settings *settings)
{
    const bool secure = strncmp(settings->url, "rtsps:", 6) == 0;
    switch (settings->transport) {
    case VG_TRANSPORT_TCP:
        return (struct tries){1, {VG_RTSP_TCP}};
    case VG_TRANSPORT_UDP:
        return (struct tries){1, {VG_RTSP_UDP}};
    case VG_TRANSPORT_MULTICAST:
        return (struct tries){1, {VG_RTSP_MULTICAST}};
    case VG_TRANSPORT_AUTO:
        break;
    }
    if (secure)
        return (struct tries){1, {VG_RTSP_TCP}};
    if (settings->worked == VG_TRANSPORT_UDP)
        return (struct tries){2, {VG_RTSP_UDP, VG_RTSP_TCP}};
    return (struct tries){2, {VG_RTSP_TCP, VG_RTSP_UDP}};
}

static enum vg_status open_rtsp(struct rtp_source *rtp, const struct vg_source_settings *settings,
                                struct vg_fault *fault)
{
    const struct tries tries = tries_of(settings);
    enum vg_status status = VG_E_STATE;
    for (size_t i = 0; i < tries.count && status == VG_E_STATE; i++)
        status = connect_by(rtp, settings, tries.transport[i], fault);
    if (status)
        return status;
    const bool tcp = vg_rtsp_client_about(rtp->client).transport == VG_RTSP_TCP;
    status = open_stream(rtp, vg_rtsp_client_video(rtp->client),
                         tcp ? VG_RTP_IN_ORDER : VG_RTP_ANY_ORDER);
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "RTP") : VG_OK;
}

/* ---- from a description alone ---- */

/* A description may name any group: only what the site declares is joined. */
static enum vg_status check_group(const struct vg_sdp_video *video,
                                  const struct vg_source_settings *settings, struct vg_fault *fault)
{
    const struct vg_source_network *network = &settings->network;
    if (!network->may_visit ||
        network->may_visit(network->visit_context, video->address, video->port))
        return VG_OK;
    return vg_fault_set(fault, VG_E_DENIED,
                        N_("this host is not among the sources that the site declares"),
                        N_("declare it in the site's settings, if it is the VMS"), "SDP");
}

static enum vg_status join_group(struct rtp_source *rtp, const struct vg_sdp_video *video,
                                 const struct vg_source_settings *settings, struct vg_fault *fault)
{
    const struct vg_rtsp_group group = {.address = video->address,
                                        .source = video->source,
                                        .interface = settings->network.interface,
                                        .port = video->port,
                                        .rtcp_port = video->rtcp_port,
                                        .ttl = video->ttl};
    const enum vg_status status = vg_rtsp_sockets_join(&rtp->sockets, &group, fault);
    rtp->heard = vg_mono_now();
    if (status)
        return status;
    const enum vg_status opened = open_stream(rtp, video, VG_RTP_ANY_ORDER);
    return opened ? vg_fault_set(fault, opened, vg_status_text(opened), NULL, "RTP") : VG_OK;
}

static enum vg_status open_sdp(struct rtp_source *rtp, const struct vg_source_settings *settings,
                               struct vg_fault *fault)
{
    struct vg_sdp_video video;
    uint8_t *text = NULL;
    size_t size = 0;
    const char *path = settings->url + strlen("sdp:");
    enum vg_status status = vg_file_read(path, VG_SDP_BYTES_MAX, &text, &size, fault);
    if (status == VG_OK)
        status = vg_sdp_read((const char *)text, size, &video, fault);
    vg_free(text);
    if (status == VG_OK)
        status = check_group(&video, settings, fault);
    return status ? status : join_group(rtp, &video, settings, fault);
}

/* ---- pushed by RTSP ---- */

/* A call lasts read_us at most: who has come to push is read by the next one. */
static enum vg_status await_publisher(struct rtp_source *rtp)
{
    const struct vg_mono_time until = {vg_mono_now().us + rtp->base.settings.read_us};
    enum vg_status status = vg_rtsp_listen_wait(rtp->listen, until);
    if (status)
        return status == VG_E_TIMEOUT ? VG_E_STATE : status;
    if (rtp->codec) {
        rtp->restarted = true;
        rtp->base.codec_version++;
    }
    rtp->base.key_seen = false;
    status = open_stream(rtp, vg_rtsp_listen_video(rtp->listen),
                         vg_rtsp_listen_by_udp(rtp->listen) ? VG_RTP_ANY_ORDER : VG_RTP_IN_ORDER);
    return status ? status : VG_E_STATE;
}

static enum vg_status read_pushed(struct vg_source *source, struct vg_packet *packet)
{
    struct rtp_source *rtp = (struct rtp_source *)source;
    if (!rtp->stream)
        return await_publisher(rtp);
    const enum vg_status status = read_rtp(source, packet);
    if (status == VG_OK) {
        packet->restarted = rtp->restarted;
        rtp->restarted = false;
    } else if (status != VG_E_INTERRUPTED) {
        vg_rtp_stream_close(&rtp->stream);
    }
    return status;
}

static const struct vg_source_calls pushed_calls = {.close = close_rtp,
                                                    .read = read_pushed,
                                                    .about = about_rtp,
                                                    .link = link_rtp,
                                                    .wall = wall_rtp,
                                                    .set_read = set_read_rtp};

static bool may_publish(const void *context, const char *address)
{
    const struct vg_source_network *network = context;
    return network->may_visit(network->visit_context, address, 0);
}

static enum vg_status open_listen(struct rtp_source *rtp, const struct vg_source_settings *settings,
                                  struct vg_fault *fault)
{
    struct vg_rtsp_listen_settings listen = vg_rtsp_listen_defaults();
    struct vg_source_url url;
    const enum vg_status status =
        vg_source_url_read(settings->url, strlen(settings->url), &url, fault);
    if (status)
        return status;
    url.path[strcspn(url.path, "?")] = '\0';
    rtp->base.calls = &pushed_calls;
    rtp->network.may_visit = settings->network.may_visit;
    rtp->network.visit_context = settings->network.visit_context;
    listen.address = url.host.text;
    listen.port = url.port;
    listen.path = url.path;
    listen.user = settings->user;
    listen.password = settings->password;
    listen.port_first = settings->network.port_first;
    listen.port_last = settings->network.port_last;
    listen.may_publish = rtp->network.may_visit ? may_publish : NULL;
    listen.publish_context = &rtp->network;
    listen.open_us = settings->open_us;
    listen.read_us = settings->read_us;
    listen.cancel = settings->cancel;
    return vg_rtsp_listen_open(&rtp->listen, &listen, fault);
}

/* ---- opening ---- */

static enum vg_status open_by(struct vg_source **source, const struct vg_source_settings *settings,
                              enum vg_status (*open)(struct rtp_source *,
                                                     const struct vg_source_settings *,
                                                     struct vg_fault *),
                              struct vg_fault *fault)
{
    *source = NULL;
    struct rtp_source *rtp = vg_alloc(sizeof *rtp);
    if (!rtp)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "source");
    vg_source_begin(&rtp->base, &calls, settings);
    const enum vg_status status = open(rtp, settings, fault);
    if (status)
        close_rtp(&rtp->base);
    else
        *source = &rtp->base;
    return status;
}

enum vg_status vg_source_rtsp_open(struct vg_source **source,
                                   const struct vg_source_settings *settings,
                                   struct vg_fault *fault)
{
    return open_by(source, settings, open_rtsp, fault);
}

enum vg_status vg_source_sdp_open(struct vg_source **source,
                                  const struct vg_source_settings *settings, struct vg_fault *fault)
{
    return open_by(source, settings, open_sdp, fault);
}

enum vg_status vg_source_listen_open(struct vg_source **source,
                                     const struct vg_source_settings *settings,
                                     struct vg_fault *fault)
{
    return open_by(source, settings, open_listen, fault);
}
