/* Keeps the clips of alerts: asks ingest for each as soon as its alert is archived, and puts it
 * beside the picture.
 *
 *   thread "vg-clips": database, disk        loop: the links to ingest (media_link.h)
 *
 *   rows whose clip is due --- ask -------->  request: ingest holds it until the pictures after the
 *                                             alert have come
 *   file, row  <--- bytes, or why not ------  received, VG_CLIPS_RECEIVED at once
 *              ---- done ----------------->   the next one may be received
 *
 * What is due stands in the database: an end of this process loses nothing that ingest still keeps.
 * Alerts never wait for a clip. Requests to ingest are as many as VG_CLIPS_ASKED, memory is that of
 * VG_CLIPS_RECEIVED clips; others wait for their turn, the oldest first. */
#ifndef VG_API_CLIP_KEEPER_H
#define VG_API_CLIP_KEEPER_H

#include <stdint.h>

#include "api/media_link.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/store/alert_clip.h"

#define VG_CLIPS_ASKED    64
#define VG_CLIPS_RECEIVED 4

struct event_base;
struct vg_beat; /* src/base/beat.h */
struct vg_clip_keeper;

struct vg_clip_keeper_settings {
    const char *data;             /* borrowed */
    struct vg_media_links *links; /* borrowed */
    int64_t before_us, after_us;  /* around the alert's time */
    int64_t give_up_us;           /* after the alert was first seen here */
    int64_t retry_us;             /* between two tries */
};
/* 5 s, 5 s, 60 s, 2 s; data and links to be set. */
struct vg_clip_keeper_settings vg_clip_keeper_defaults(void);

/* Starts the thread. VG_E_MEMORY, VG_E_LACK. */
enum vg_status vg_clip_keeper_open(struct vg_clip_keeper **keeper, struct event_base *base,
                                   const struct vg_clip_keeper_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;
/* Loop's thread, before the links are closed. Waits for the file being written. */
void vg_clip_keeper_close(struct vg_clip_keeper **keeper);

/* Loop's thread: there are new alerts. Without it they are found within a second. */
void vg_clip_keeper_look(struct vg_clip_keeper *keeper);

/* Begins anew with each look and each file; lives as long as the keeper. */
struct vg_beat *vg_clip_keeper_beat(struct vg_clip_keeper *keeper);

struct vg_clip_keeper_counts {
    uint32_t due;                            /* now */
    uint64_t asked;                          /* requests to ingest */
    uint64_t kept, bytes;                    /* clips written */
    uint64_t missing[VG_CLIP_MISSING_COUNT]; /* alerts without one, by reason */
};
/* Loop's thread. */
struct vg_clip_keeper_counts vg_clip_keeper_counts(struct vg_clip_keeper *keeper);

#endif
