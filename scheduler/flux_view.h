/* One flux's picture looked at about once a second: what its view is worth, and so what rules may
 * say of it. The same code live and in batch, on media time.
 *
 * A look costs some milliseconds at most and is not for every picture: `due` says when. Once more
 * is looked when a picture is about to raise an alert, for a camera that began to turn since the
 * last look. Deterministic, no clock; one thread at a time. */
#ifndef VG_SCHEDULER_FLUX_VIEW_H
#define VG_SCHEDULER_FLUX_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/decide_coverage.h"
#include "src/base/attr.h"
#include "src/media/picture.h"
#include "src/rules/rulebook.h"
#include "src/vision/view_watch.h"

/* What a thread looks with, whichever flux it looks at; about 0.7 MB. */
struct vg_view_lens {
    struct vg_view_scratch *scratch;
    struct vg_view_thumb thumb;
};
enum vg_status vg_view_lens_open(struct vg_view_lens **lens) VG_MUST_USE;
void vg_view_lens_close(struct vg_view_lens **lens);

struct vg_flux_view {
    struct vg_view_watch *watch;
    bool begun;
    struct vg_media_time looked; /* valid when begun */
};
enum vg_status vg_flux_view_init(struct vg_flux_view *view) VG_MUST_USE;
void vg_flux_view_release(struct vg_flux_view *view);

/* Whether a second (nearly: pictures come on a grid) has gone since the last look. */
bool vg_flux_view_due(const struct vg_flux_view *view, struct vg_media_time media);

/* A picture and what comes with it. */
struct vg_flux_look {
    const struct vg_picture *picture; /* borrowed */
    struct vg_view_lens *lens;        /* of this thread, borrowed */
    struct vg_media_time media;       /* the flux's own */
    uint32_t fps_milli;               /* at which the source sends, 0: not known */
};
/* Nothing happens with a picture not newer than that of the last look. */
void vg_flux_view_look(struct vg_flux_view *view, const struct vg_flux_look *look);

/* By the last look. */
enum vg_rule_sight vg_view_sight(const struct vg_view_health *health);
enum vg_coverage_view vg_view_coverage(enum vg_view_state state);

/* What made the state, as a few figures: "shift 0.143, 87 inliers"; "" when there is none. */
#define VG_VIEW_REASON_TEXT 64
void vg_view_reason(const struct vg_view_health *health, char text[VG_VIEW_REASON_TEXT]);

#endif
