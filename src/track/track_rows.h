/* Tracks of a whole clip as rows of tracks.csv: kept picture by picture, written at the end,
 * when it is known which tracks were confirmed and where gaps were closed.
 *
 * A row: frame,id,left,top,width,height,score,class,visibility (MOTChallenge columns without
 * header; visibility -1). Written are the tracks that were confirmed at some time: each
 * detection of theirs, those before it was confirmed too, and between two detections every
 * picture, on a straight line and marked by score 0. Sorted by frame, then id. One thread. */
#ifndef VG_TRACK_TRACK_ROWS_H
#define VG_TRACK_TRACK_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/track/tracker.h"

struct vg_track_rows;

enum vg_status vg_track_rows_open(struct vg_track_rows **rows) VG_MUST_USE;
void vg_track_rows_close(struct vg_track_rows **rows);

/* What the tracker answered for the picture `frame` (from 1, counting every decoded picture;
 * rising from call to call). VG_E_MEMORY. */
enum vg_status vg_track_rows_add(struct vg_track_rows *rows, uint32_t frame,
                                 const struct vg_track *const *tracks, uint32_t count) VG_MUST_USE;

/* Given one line at a time, with its line feed; another status than VG_OK ends the writing. */
struct vg_track_rows_sink {
    enum vg_status (*line)(void *user, const char *text, size_t size);
    void *user;
};

/* Hands out all rows. VG_E_MEMORY, or what the sink returned. */
enum vg_status vg_track_rows_write(struct vg_track_rows *rows,
                                   const struct vg_track_rows_sink *sink) VG_MUST_USE;

#endif
