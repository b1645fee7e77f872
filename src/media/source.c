/* Which kind of source an address names, and what all kinds have in common. */
#include "src/media/source.h"

#include <assert.h>
#include <libavutil/avutil.h>
#include <libavutil/mathematics.h>
#include <string.h>

#include "src/media/source_kind.h"

#define WALL_TRUST_US (2 * VG_US_PER_S)

static const struct scheme {
    const char *begin;
    enum vg_status (*open)(struct vg_source **source, const struct vg_source_settings *settings,
                           struct vg_fault *fault);
} schemes[] = {
    {"rtsp://", vg_source_rtsp_open},
    {"rtsps://", vg_source_rtsp_open},
    {"rtsp-listen://", vg_source_listen_open},
    {"mpegts://", vg_source_mpegts_open},
    {"sdp:", vg_source_sdp_open},
    {"folder:", vg_source_folder_open},
};

struct vg_source_settings vg_source_defaults(void)
{
    return (struct vg_source_settings){.kind = VG_SOURCE_CLIP,
                                       .transport = VG_TRANSPORT_AUTO,
                                       .open_us = 5 * VG_US_PER_S,
                                       .read_us = 5 * VG_US_PER_S / 2};
}

void vg_source_begin(struct vg_source *source, const struct vg_source_calls *calls,
                     const struct vg_source_settings *settings)
{
    source->calls = calls;
    source->settings = (struct vg_source_settings){
        .kind = settings->kind,
        .transport = settings->transport,
        .open_us = settings->open_us,
        .read_us = settings->read_us,
        .cancel = settings->cancel,
    };
    source->time_base = (AVRational){1, 1};
    source->codec_version = 1;
}

/* A clip is a file whatever its name looks like. */
enum vg_status vg_source_open(struct vg_source **source, const struct vg_source_settings *settings,
                              struct vg_fault *fault)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (settings->kind == VG_SOURCE_LIVE &&
            strncmp(settings->url, schemes[i].begin, strlen(schemes[i].begin)) == 0)
            return schemes[i].open(source, settings, fault);
    return vg_source_file_open(source, settings, fault);
}

void vg_source_close(struct vg_source **source)
{
    if (*source)
        (*source)->calls->close(*source);
    *source = NULL;
}

struct vg_source_about vg_source_about(const struct vg_source *source)
{
    struct vg_source_about about = source->calls->about(source);
    about.tick_num = source->time_base.num;
    about.tick_den = source->time_base.den;
    about.codec_version = source->codec_version;
    return about;
}

struct vg_source_link vg_source_link(const struct vg_source *source)
{
    return source->calls->link ? source->calls->link(source) : (struct vg_source_link){0};
}

bool vg_source_ended_early(const struct vg_source *source)
{
    return source->calls->ended_early && source->calls->ended_early(source);
}

struct vg_folder_mark vg_source_played(const struct vg_source *source)
{
    return source->calls->played ? source->calls->played(source)
                                 : (struct vg_folder_mark){.folder = 0};
}

void vg_source_set_read(struct vg_source *source, int64_t read_us)
{
    source->settings.read_us = read_us;
    if (source->calls->set_read)
        source->calls->set_read(source, read_us);
}

int64_t vg_source_stamp_us(const struct vg_source *source, int64_t stamp)
{
    static_assert(AV_NOPTS_VALUE == VG_PTS_NONE, "no stamp is the same number on both sides");
    if (stamp == VG_PTS_NONE) /* which av_rescale also gives when it overflows */
        return VG_PTS_NONE;
    return av_rescale_q(stamp, source->time_base, AV_TIME_BASE_Q);
}

struct vg_wall_time vg_source_wall(const struct vg_source *source, int64_t pts_us,
                                   struct vg_wall_time arrival)
{
    struct vg_wall_time told;
    if (pts_us == VG_PTS_NONE || !source->calls->wall ||
        !source->calls->wall(source, pts_us, &told))
        return arrival;
    const int64_t off = told.us > arrival.us ? told.us - arrival.us : arrival.us - told.us;
    return off <= WALL_TRUST_US ? told : arrival;
}

enum vg_status vg_source_read(struct vg_source *source, struct vg_packet *packet)
{
    *packet = (struct vg_packet){0};
    const enum vg_status status = source->calls->read(source, packet);
    if (status)
        return status;
    source->key_seen = source->key_seen || packet->key;
    packet->early = source->settings.kind != VG_SOURCE_CLIP && !source->key_seen;
    return VG_OK;
}
