/* The clips of alerts: files beside the pictures, DATA/pictures/YYYY-MM/ID.mp4, written and synced
 * before the row says so.
 *
 *   put in --> due --> there        the clip is beside the picture
 *                  --> missing      for a reason; it is not asked for again
 *
 * Thread: that of the database handle. */
#ifndef VG_STORE_ALERT_CLIP_H
#define VG_STORE_ALERT_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/store/archive.h"

#define VG_CLIP_BYTES_MAX (16u << 20)

/* Why an alert has no clip, as its JSON says it in evidence.clip_missing. */
enum vg_clip_missing {
    VG_CLIP_NOT_KEPT,    /* nothing of that time was kept */
    VG_CLIP_TOO_LATE,    /* the alert came in when its time was long past */
    VG_CLIP_UNREACHABLE, /* who receives the flux did not answer, or nobody does */
    VG_CLIP_NOT_CARRIED, /* MP4 does not take the codec, or the clip is too large */
    VG_CLIP_NOT_WRITTEN, /* the disk */
    VG_CLIP_MISSING_COUNT
};
const char *vg_clip_missing_name(enum vg_clip_missing why); /* "not_kept" */

struct vg_clip_due {
    char id[VG_ARCHIVE_ID_SIZE], flux[VG_ARCHIVE_NAME_SIZE];
    struct vg_wall_time time;
};
/* Those whose clip is neither there nor missing, oldest first, at most room. */
enum vg_status vg_clips_due(struct vg_database *database, struct vg_clip_due *due, size_t room,
                            size_t *count, struct vg_fault *fault) VG_MUST_USE;

/* Writes the clip and then the row: its change number grows, so that clients hear of it.
 * VG_E_MISSING (no such alert), VG_E_LACK (disk full), VG_E_IO, VG_E_TIMEOUT. */
enum vg_status vg_clip_put(struct vg_database *database, const char *id, const void *data,
                           size_t size, struct vg_fault *fault) VG_MUST_USE;
/* The same for one whose file is there already and whose row was not written: *found says so. */
enum vg_status vg_clip_adopt(struct vg_database *database, const char *id, bool *found,
                             struct vg_fault *fault) VG_MUST_USE;
/* Notes that there will be none; one that is there stays. */
enum vg_status vg_clip_note_missing(struct vg_database *database, const char *id,
                                    enum vg_clip_missing why, struct vg_fault *fault) VG_MUST_USE;

struct vg_clip_about {
    char path[640];                     /* "" unless it is there */
    char missing[VG_ARCHIVE_NAME_SIZE]; /* why there is none; "" with an empty path: it is due */
    char flux[VG_ARCHIVE_NAME_SIZE];
    struct vg_wall_time time; /* of the alert */
};
/* VG_E_MISSING: no such alert. */
enum vg_status vg_clip_find(struct vg_database *database, const char *id,
                            struct vg_clip_about *about, struct vg_fault *fault) VG_MUST_USE;

#endif
