/* MPEG-TS by UDP, sent to a group or to an address of ours. */
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/rtsp_sockets.h"
#include "src/media/source_kind.h"
#include "src/media/ts_reader.h"

struct mpegts_source {
    struct vg_source base; /* first */
    struct vg_rtsp_sockets *sockets;
    struct vg_ts_reader *reader;
    enum vg_transport transport;
    struct vg_source_network network; /* whom the site permits; the rest is not kept */
};

static void close_mpegts(struct vg_source *source)
{
    struct mpegts_source *mpegts = (struct mpegts_source *)source;
    vg_ts_reader_close(&mpegts->reader);
    vg_rtsp_sockets_close(&mpegts->sockets);
    vg_free(mpegts);
}

static enum vg_status receive(void *context, struct vg_mono_time until, struct vg_rtsp_data *data)
{
    struct mpegts_source *mpegts = context;
    return vg_rtsp_sockets_receive(mpegts->sockets, until, &mpegts->base.settings.cancel, data);
}

static enum vg_status read_mpegts(struct vg_source *source, struct vg_packet *packet)
{
    struct mpegts_source *mpegts = (struct mpegts_source *)source;
    struct vg_ts_unit unit;
    const enum vg_status status =
        vg_ts_reader_next(mpegts->reader, source->settings.read_us, &unit);
    if (status)
        return status;
    packet->data = unit.data;
    packet->arrival = unit.arrival;
    packet->key = unit.key;
    packet->damaged = unit.damaged;
    packet->restarted = unit.restarted;
    if (unit.restarted) {
        source->codec_version++;
        source->key_seen = false;
    }
    return VG_OK;
}

static struct vg_source_about about_mpegts(const struct vg_source *source)
{
    const struct mpegts_source *mpegts = (const struct mpegts_source *)source;
    return (struct vg_source_about){.codec = vg_ts_reader_codec(mpegts->reader)};
}

static struct vg_source_link link_mpegts(const struct vg_source *source)
{
    const struct mpegts_source *mpegts = (const struct mpegts_source *)source;
    const struct vg_ts_counts counts = vg_ts_reader_counts(mpegts->reader);
    return (struct vg_source_link){.transport = mpegts->transport,
                                   .packets = counts.packets,
                                   .lost = counts.lost,
                                   .jitter_us = counts.jitter_us};
}

static const struct vg_source_calls calls = {
    .close = close_mpegts, .read = read_mpegts, .about = about_mpegts, .link = link_mpegts};

static bool may_send(const void *context, const char *address)
{
    const struct vg_source_network *network = context;
    return network->may_visit(network->visit_context, address, 0);
}

/* A group is a source that the site declares; of an address of ours, those that send to it are. */
static enum vg_status open_sockets(struct mpegts_source *mpegts,
                                   const struct vg_source_settings *settings,
                                   struct vg_fault *fault)
{
    struct vg_source_url url;
    const struct vg_source_network *network = &settings->network;
    const enum vg_status status =
        vg_source_url_read(settings->url, strlen(settings->url), &url, fault);
    if (status)
        return status;
    const bool ours = vg_source_url_listens(&url);
    if (!ours && network->may_visit &&
        !network->may_visit(network->visit_context, url.host.text, url.port))
        return vg_fault_set(fault, VG_E_DENIED,
                            N_("this host is not among the sources that the site declares"),
                            N_("declare it in the site's settings, if it is the VMS"), "MPEG-TS");
    mpegts->transport = ours ? VG_TRANSPORT_UDP : VG_TRANSPORT_MULTICAST;
    mpegts->network.may_visit = network->may_visit;
    mpegts->network.visit_context = network->visit_context;
    const struct vg_rtsp_single single = {.address = url.host.text,
                                          .port = url.port,
                                          .interface = network->interface,
                                          .may_send = network->may_visit ? may_send : NULL,
                                          .send_context = &mpegts->network};
    return vg_rtsp_sockets_single(&mpegts->sockets, &single, fault);
}

enum vg_status vg_source_mpegts_open(struct vg_source **source,
                                     const struct vg_source_settings *settings,
                                     struct vg_fault *fault)
{
    *source = NULL;
    struct mpegts_source *mpegts = vg_alloc(sizeof *mpegts);
    if (!mpegts)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "source");
    vg_source_begin(&mpegts->base, &calls, settings);
    mpegts->base.time_base = (AVRational){1, VG_TS_TICKS_PER_S};
    const struct vg_ts_input input = {receive, mpegts, settings->cancel};
    enum vg_status status = vg_ts_reader_open(&mpegts->reader, &input);
    if (status)
        status = vg_fault_set(fault, status, vg_status_text(status), NULL, "source");
    else
        status = open_sockets(mpegts, settings, fault);
    if (status)
        close_mpegts(&mpegts->base);
    else
        *source = &mpegts->base;
    return status;
}
