#include "scheduler/live_measures.h"

#include <assert.h>

#include "src/base/coverage.h"

#define SAVE_EVERY_US (10 * VG_US_PER_S)

static void give(struct vg_live_curve *curve, struct vg_measures_thread *thread, const char *flux,
                 const struct vg_scene *scene, enum vg_row_need need)
{
    const char *place = curve->place < 0 ? "" : scene->place[curve->place].id;
    if (curve->row.pictures == 0)
        return;
    const enum vg_status status =
        vg_measures_thread_give(thread, flux, place, curve->name, &curve->row, need);
    if (!status || need == VG_ROW_MUST)
        curve->row.pictures = 0; /* else it goes on, and comes again */
}

/* As many as a scene's rules measure: none is left without a place. */
static struct vg_live_curve *curve_of(struct vg_live_measures *measures,
                                      const struct vg_measure *measure)
{
    for (uint32_t i = 0; i < measures->count; i++) {
        struct vg_live_curve *curve = &measures->curve[i];
        if (curve->place == measure->place && curve->name == measure->name)
            return curve;
    }
    assert(measures->count < VG_MEASURES_MAX);
    struct vg_live_curve *curve = &measures->curve[measures->count++];
    *curve = (struct vg_live_curve){.place = measure->place, .name = measure->name};
    return curve;
}

void vg_live_measures_picture(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                              const char *flux, const struct vg_scene *scene,
                              const struct vg_watch_output *watched, uint32_t stopped_events,
                              struct vg_wall_time wall)
{
    const int64_t minute = vg_coverage_minute_of(wall.us);
    for (uint32_t i = 0; i < watched->measure_count; i++) {
        const struct vg_measure *measure = &watched->measure[i];
        if (stopped_events & UINT32_C(1) << measure->event)
            continue;
        struct vg_live_curve *curve = curve_of(measures, measure);
        if (curve->row.minute != minute)
            give(curve, thread, flux, scene, VG_ROW_MUST);
        curve->row.minute = minute;
        vg_measure_row_add(&curve->row, measure->value);
    }
}

static void give_all(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                     const char *flux, const struct vg_scene *scene, enum vg_row_need need)
{
    for (uint32_t i = 0; scene && i < measures->count; i++)
        give(&measures->curve[i], thread, flux, scene, need);
}

void vg_live_measures_look(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                           const char *flux, const struct vg_scene *scene, struct vg_mono_time now)
{
    if (now.us - measures->saved.us < SAVE_EVERY_US)
        return;
    measures->saved = now;
    give_all(measures, thread, flux, scene, VG_ROW_MAY);
}

void vg_live_measures_leave(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                            const char *flux, const struct vg_scene *scene)
{
    give_all(measures, thread, flux, scene, VG_ROW_MUST);
    measures->count = 0;
}
