#include "scheduler/flux_view.h"

#include "src/base/alloc.h"
#include "src/base/text_buffer.h"

#define EVERY_US (VG_US_PER_S * 9 / 10)

enum vg_status vg_view_lens_open(struct vg_view_lens **lens)
{
    struct vg_view_lens *l = vg_alloc(sizeof *l);
    *lens = NULL;
    if (!l)
        return VG_E_MEMORY;
    const enum vg_status status = vg_view_scratch_open(&l->scratch);
    if (status)
        vg_view_lens_close(&l);
    *lens = l;
    return status;
}

void vg_view_lens_close(struct vg_view_lens **lens)
{
    if (!*lens)
        return;
    vg_view_scratch_close(&(*lens)->scratch);
    vg_free(*lens);
    *lens = NULL;
}

enum vg_status vg_flux_view_init(struct vg_flux_view *view)
{
    const struct vg_view_settings settings = vg_view_settings_defaults();
    *view = (struct vg_flux_view){.begun = false};
    return vg_view_watch_open(&view->watch, &settings);
}

void vg_flux_view_release(struct vg_flux_view *view)
{
    vg_view_watch_close(&view->watch);
}

bool vg_flux_view_due(const struct vg_flux_view *view, struct vg_media_time media)
{
    return !view->begun || media.us - view->looked.us >= EVERY_US;
}

void vg_flux_view_look(struct vg_flux_view *view, const struct vg_flux_look *look)
{
    if (view->begun && look->media.us <= view->looked.us)
        return;
    view->begun = true;
    view->looked = look->media;
    vg_view_thumb_take(&look->lens->thumb, look->picture);
    (void)vg_view_watch_look(view->watch, look->lens->scratch, &look->lens->thumb, look->media,
                             look->fps_milli);
}

enum vg_rule_sight vg_view_sight(const struct vg_view_health *health)
{
    switch (health->state) {
    case VG_VIEW_BLACK:
    case VG_VIEW_FROZEN:
    case VG_VIEW_MASKED:
        return VG_SIGHT_NOTHING;
    case VG_VIEW_BLURRED:
    case VG_VIEW_MOVED:
        return VG_SIGHT_NO_PLACES;
    case VG_VIEW_SMALL:
    case VG_VIEW_SLOW:
    case VG_VIEW_GOOD:
        break;
    }
    return vg_view_places_hold(health) ? VG_SIGHT_ALL : VG_SIGHT_DOUBTFUL;
}

enum vg_coverage_view vg_view_coverage(enum vg_view_state state)
{
    static const enum vg_coverage_view views[VG_VIEW_STATES] = {
        [VG_VIEW_BLACK] = VG_COVERAGE_VIEW_BLACK,   [VG_VIEW_FROZEN] = VG_COVERAGE_VIEW_FROZEN,
        [VG_VIEW_MASKED] = VG_COVERAGE_VIEW_MASKED, [VG_VIEW_BLURRED] = VG_COVERAGE_VIEW_BLURRED,
        [VG_VIEW_MOVED] = VG_COVERAGE_VIEW_MOVED,   [VG_VIEW_SMALL] = VG_COVERAGE_VIEW_CLEAR,
        [VG_VIEW_SLOW] = VG_COVERAGE_VIEW_CLEAR,    [VG_VIEW_GOOD] = VG_COVERAGE_VIEW_CLEAR,
    };
    return views[state];
}

void vg_view_reason(const struct vg_view_health *health, char text[VG_VIEW_REASON_TEXT])
{
    const struct vg_view_measures *m = &health->measures;
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, text, VG_VIEW_REASON_TEXT);
    switch (health->state) {
    case VG_VIEW_BLACK:
        vg_text_add(&out, "dark %.2f of the picture", (double)m->change.dark);
        break;
    case VG_VIEW_FROZEN:
        vg_text_add(&out, "same %.2f of the picture", (double)m->same);
        break;
    case VG_VIEW_MASKED:
        vg_text_add(&out, "detail gone %.2f, flat %.2f", (double)m->change.gone,
                    (double)m->change.flat);
        break;
    case VG_VIEW_BLURRED:
        vg_text_add(&out, "sharpness %.2f of the reference", (double)m->change.sharpness);
        break;
    case VG_VIEW_MOVED:
        if (m->inliers)
            vg_text_add(&out, "shift %.3f, %u inliers", (double)m->shift, m->inliers);
        else
            vg_text_add(&out, "kept %.2f, votes %.2f", (double)m->change.kept, (double)m->votes);
        break;
    case VG_VIEW_SMALL:
        vg_text_add(&out, "fewer pixels than 704x480");
        break;
    case VG_VIEW_SLOW:
        vg_text_add(&out, "fewer than 12 pictures a second");
        break;
    case VG_VIEW_GOOD:
        break;
    }
}
