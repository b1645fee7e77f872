/* Media time out of presentation stamps that cannot be trusted: they are missing, wrap, jump and
 * step back (a camera's clock was set, a file begins again). Pure: no clock, no memory. */
#ifndef VG_MEDIA_TIMELINE_H
#define VG_MEDIA_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

#define VG_PTS_NONE INT64_MIN /* microseconds; the source gave no stamp */

enum vg_timeline_step {
    VG_TIMELINE_STEADY,
    VG_TIMELINE_JUMP /* the stamp disagreed and the guess was taken: a new epoch begins */
};

struct vg_timeline {
    int64_t forward_max_us; /* longer steps must agree with the guess to within as much */
    int64_t pts_us;         /* of the last picture, VG_PTS_NONE when unknown */
    int64_t media_us;
    bool started;
};

/* A live source: 1 s. A clip, whose pictures may stand far apart: an hour. */
#define VG_TIMELINE_LIVE_US VG_US_PER_S
#define VG_TIMELINE_CLIP_US (INT64_C(3600) * VG_US_PER_S)

void vg_timeline_init(struct vg_timeline *timeline, int64_t forward_max_us);

/* The stamps begin anew (reconnection, loop); the media time goes on by the next guess. */
void vg_timeline_restart(struct vg_timeline *timeline);

/* The media time of the next picture in display order: 0 for the first, never less than the one
 * before.
 * pts_us    its stamp, or VG_PTS_NONE.
 * guess_us  how far it should be from the one before: by the arrival clock for a live source,
 *           the nominal interval for a clip. Negative counts as 0. */
enum vg_timeline_step vg_timeline_next(struct vg_timeline *timeline, int64_t pts_us,
                                       int64_t guess_us, struct vg_media_time *media);

#endif
