#include "src/events/heat.h"

#include "src/base/alloc.h"
#include "src/events/watch.h"

#define US_PER_MS 1000
#define GAP_MS    (VG_HEAT_GAP_US / US_PER_MS)

struct vg_heat {
    const struct vg_scene *scene;
    bool started;
    int64_t last_ms;              /* of the picture before */
    double carry;                 /* milliseconds of hidden persons below a whole one, 0 to 1 */
    struct vg_crowd_sheet *sheet; /* NULL: no throng is counted in this scene */
    struct vg_heat_grid grid;
};

bool vg_heat_wanted(const struct vg_scene *scene)
{
    for (uint32_t i = 0; scene && i < scene->rule_count; i++)
        if (scene->rule[i].event == VG_EVENT_DENSITY)
            return true;
    return false;
}

enum vg_status vg_heat_open(struct vg_heat **heat, const struct vg_scene *scene)
{
    struct vg_heat *h = vg_alloc(sizeof *h);
    *heat = NULL;
    if (!h)
        return VG_E_MEMORY;
    h->scene = scene;
    if (vg_heat_wanted(scene) && (scene->terrain.measured || scene->terrain.sized)) {
        h->sheet = vg_alloc(sizeof *h->sheet);
        if (!h->sheet) {
            vg_heat_close(&h);
            return VG_E_MEMORY;
        }
    }
    *heat = h;
    return VG_OK;
}

void vg_heat_close(struct vg_heat **heat)
{
    if (!*heat)
        return;
    vg_free((*heat)->sheet);
    vg_free(*heat);
    *heat = NULL;
}

struct vg_heat_grid *vg_heat_grid_of(struct vg_heat *heat)
{
    return &heat->grid;
}

void vg_heat_skip(struct vg_heat *heat)
{
    heat->started = false;
}

/* What the picture stands for; a time that went back, or the first, stands for none. */
static uint32_t step_ms(struct vg_heat *heat, struct vg_media_time time)
{
    const int64_t us = time.us;
    const int64_t now = us / US_PER_MS - (us % US_PER_MS < 0);
    const int64_t passed = heat->started ? now - heat->last_ms : 0;
    heat->started = true;
    heat->last_ms = now;
    return passed < 0 ? 0 : passed > GAP_MS ? (uint32_t)GAP_MS : (uint32_t)passed;
}

static bool counts(const struct vg_track *track, struct vg_media_time now)
{
    return track->class_id == VG_CLASS_PERSON && track->state != VG_TRACK_TENTATIVE &&
           (track->detected || now.us - track->last_seen.us <= VG_COUNT_TOLERANCE_US);
}

static void add_tracks(struct vg_heat *heat, const struct vg_watch_input *input, uint32_t ms)
{
    struct vg_heat_grid *grid = &heat->grid;
    for (uint32_t i = 0; i < input->track_count; i++) {
        const struct vg_track *track = input->tracks[i];
        const struct vg_point foot = vg_box_foot(track->box);
        const struct vg_point at = {foot.x / (float)input->width, foot.y / (float)input->height};
        if (counts(track, input->time) &&
            !(heat->scene && vg_scene_masked(heat->scene, VG_EVENT_DENSITY, at)))
            vg_heat_grid_add(grid, vg_heat_cell_at(grid->columns, grid->rows, at), ms);
    }
}

/* Parts of persons for so long: what is left of a millisecond goes on to the next cell. */
static void add_hidden(struct vg_heat *heat, uint32_t ms)
{
    const struct vg_crowd_sheet *sheet = heat->sheet;
    for (uint32_t i = 0; i < sheet->columns * sheet->rows; i++) {
        heat->carry += sheet->persons[i] * ms;
        if (!(heat->carry >= 1 && heat->carry <= UINT32_MAX))
            continue;
        const uint32_t whole = (uint32_t)heat->carry;
        vg_heat_grid_add(&heat->grid, (int)i, whole);
        heat->carry -= whole;
    }
}

void vg_heat_step(struct vg_heat *heat, const struct vg_watch_input *input,
                  const struct vg_watcher *watcher)
{
    if (input->width == 0 || input->height == 0)
        return;
    const uint32_t ms = step_ms(heat, input->time);
    vg_heat_grid_shape(&heat->grid, input->width, input->height);
    vg_heat_grid_watch(&heat->grid, ms);
    if (ms == 0)
        return;
    add_tracks(heat, input, ms);
    if (!heat->sheet || !watcher)
        return;
    heat->sheet->columns = heat->grid.columns;
    heat->sheet->rows = heat->grid.rows;
    if (vg_watcher_hidden(watcher, input, heat->sheet))
        add_hidden(heat, ms);
}
