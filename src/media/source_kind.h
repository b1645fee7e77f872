/* What the kinds of sources share, for src/media/source*.c alone: a kind is a struct that begins with
 * struct vg_source, and a row of calls. */
#ifndef VG_MEDIA_SOURCE_KIND_H
#define VG_MEDIA_SOURCE_KIND_H

#include <libavutil/rational.h>

#include "src/media/source.h"

struct vg_source_calls {
    void (*close)(struct vg_source *source); /* all that the kind made, and the source itself */
    enum vg_status (*read)(struct vg_source *source, struct vg_packet *packet);
    struct vg_source_about (*about)(const struct vg_source *source);
    /* what a kind has not is NULL */
    struct vg_source_link (*link)(const struct vg_source *source);
    bool (*wall)(const struct vg_source *source, int64_t pts_us, struct vg_wall_time *wall);
    bool (*ended_early)(const struct vg_source *source);
    struct vg_folder_mark (*played)(const struct vg_source *source);
    void (*set_read)(struct vg_source *source, int64_t read_us); /* beside settings.read_us */
};

struct vg_source {
    const struct vg_source_calls *calls;
    struct vg_source_settings
        settings; /* what it borrows is not kept: all pointers but cancel's are NULL */
    AVRational time_base;
    uint32_t codec_version; /* the kind adds 1 whenever its codec is another one */
    bool key_seen;
};

/* Sets the common part up. */
void vg_source_begin(struct vg_source *source, const struct vg_source_calls *calls,
                     const struct vg_source_settings *settings);

/* Each opens one kind; url as in source.h. */
enum vg_status vg_source_file_open(struct vg_source **source,
                                   const struct vg_source_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_source_rtsp_open(struct vg_source **source,
                                   const struct vg_source_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_source_sdp_open(struct vg_source **source,
                                  const struct vg_source_settings *settings,
                                  struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_source_listen_open(struct vg_source **source,
                                     const struct vg_source_settings *settings,
                                     struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_source_mpegts_open(struct vg_source **source,
                                     const struct vg_source_settings *settings,
                                     struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_source_folder_open(struct vg_source **source,
                                     const struct vg_source_settings *settings,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
