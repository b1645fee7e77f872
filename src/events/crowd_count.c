/* Persons behind persons, by the foreground of a calibrated zone. */
#include "src/events/crowd_count.h"

#include <string.h>

#include "src/base/heat_grid.h"
#include "src/scene/terrain.h"

/* Of the square of a person's height, what a standing one covers: 0.4 wide, of which 0.6 is body. */
#define BODY_PART 0.24
/* Persons for a square metre: below, people stand apart and boxes are right; from the second on,
 * the way through is closed (Fruin's levels of service: 0.3 is free walk, 1 is where one walks as
 * the others do) and boxes hide each other. */
#define FREE_PER_M2  0.3
#define DENSE_PER_M2 1.0
/* How long what was learnt is remembered. */
#define MEMORY_US (60 * VG_US_PER_S)
/* The silhouette above is believed as much as so many seconds of a person seen: of four for 15 s. */
#define PRIOR_S 60.0
/* A throng of which the detector does not find one in so many is something else. */
#define SEEN_LEAST 4.0
/* Every second pixel of the map, each way, is enough for an area. */
#define STRIDE 2

static double clamp01(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static bool is_within(struct vg_box b, struct vg_point p)
{
    return p.x >= b.left && p.y >= b.top && p.x < b.left + b.width && p.y < b.top + b.height;
}

/* Whether something that is no person explains this point, in pixels of the picture. */
static bool in_other(const struct vg_watch *watch, struct vg_point p)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        if (track->class_id != VG_CLASS_PERSON && is_within(track->box, p))
            return true;
    }
    return false;
}

static bool in_person(const struct vg_watch *watch, struct vg_point p)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        if (track->class_id == VG_CLASS_PERSON && is_within(track->box, p))
            return true;
    }
    return false;
}

/* The part of a person that one square pixel at `p` is: whose middle is here, his foot is half a
 * height below, `at` in fractions. 0: none who stands in the zone. */
static double part_of_person(const struct vg_watch *watch, const struct vg_terrain_view *view,
                             struct vg_point p, struct vg_point *at)
{
    const double here = vg_terrain_person_px(view, p);
    const struct vg_point foot = {p.x, (float)((double)p.y + here / 2)};
    const double tall = vg_terrain_person_px(view, foot);
    *at = (struct vg_point){(float)((double)foot.x / view->width),
                            (float)((double)foot.y / view->height)};
    if (!(tall >= VG_TERRAIN_FAR_PX) || !vg_watch_inside(watch, *at) || in_other(watch, p) ||
        vg_scene_masked(watch->scene, VG_EVENT_DENSITY, *at))
        return 0;
    return 1 / (BODY_PART * tall * tall);
}

/* Whether the map's pixel differs from the background, as what comes and goes does. */
static bool is_other(const struct vg_maps *maps, uint32_t x, uint32_t y)
{
    const uint8_t ground = maps->ground[(size_t)y * maps->size.width + x];
    return ground == VG_GROUND_MOVING || ground == VG_GROUND_NEW;
}

/* Persons that what differs from the background would be, side by side. */
static double covered(const struct vg_watch *watch, const struct vg_terrain_view *view)
{
    const struct vg_maps *maps = watch->input->maps;
    const uint32_t shrink = maps->size.shrink;
    struct vg_point at;
    double sum = 0;
    for (uint32_t y = 0; y < maps->size.height; y += STRIDE)
        for (uint32_t x = 0; x < maps->size.width; x += STRIDE)
            if (is_other(maps, x, y))
                sum += part_of_person(
                    watch, view, (struct vg_point){(float)(x * shrink), (float)(y * shrink)}, &at);
    return sum * (double)(STRIDE * STRIDE) * (double)shrink * (double)shrink;
}

/* Boxes taught what an area is worth, as far as people stood apart. */
static void learn(struct vg_crowd_count *crowd, double persons, double area, double weight,
                  int64_t step_us)
{
    const double step_s = (double)step_us / (double)VG_US_PER_S;
    const double kept = clamp01(1 - (double)step_us / (double)MEMORY_US);
    crowd->persons = crowd->persons * kept + weight * persons * step_s;
    crowd->covered = crowd->covered * kept + weight * area * step_s;
}

static void look(struct vg_crowd_count *crowd, const struct vg_watch *watch,
                 const struct vg_terrain_view *view, double persons, int64_t step_us)
{
    const double area = covered(watch, view);
    const double worth = (crowd->persons + PRIOR_S) / (crowd->covered + PRIOR_S);
    double dense = area * worth;
    dense = dense < SEEN_LEAST * persons ? dense : SEEN_LEAST * persons;
    const double most = dense > persons ? dense : persons;
    const double throng =
        clamp01((most / crowd->area_m2 - FREE_PER_M2) / (DENSE_PER_M2 - FREE_PER_M2));
    if (persons > 0)
        learn(crowd, persons, area, (1 - throng) * (1 - throng), step_us);
    crowd->hidden = dense > persons ? throng * (dense - persons) : 0;
}

static void measure_zone(struct vg_crowd_count *crowd, const struct vg_watch *watch,
                         const struct vg_terrain_view *view)
{
    static const struct vg_point whole[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    const struct vg_place *zone = vg_watch_place(watch);
    crowd->area_m2 = zone ? vg_terrain_area_m2(view, zone->corner, zone->corner_count)
                          : vg_terrain_area_m2(view, whole, 4);
    crowd->width = watch->input->width;
    crowd->height = watch->input->height;
    crowd->measured = true;
}

double vg_crowd_count_hidden(struct vg_crowd_count *crowd, const struct vg_watch *watch,
                             const struct vg_crowd_seen *seen)
{
    const struct vg_watch_input *input = watch->input;
    const struct vg_terrain *terrain = &watch->scene->terrain;
    if ((!terrain->measured && !terrain->sized) || input->width == 0 || input->height == 0)
        return 0;
    if (crowd->looked && crowd->time.us == input->time.us)
        return crowd->hidden;
    const int64_t since_us = crowd->looked ? input->time.us - crowd->time.us : 0;
    const int64_t step_us =
        since_us < VG_US_PER_S ? since_us : VG_US_PER_S; /* a gap taught nothing */
    struct vg_terrain_view view;
    vg_terrain_view_init(&view, terrain, (double)input->width, (double)input->height);
    crowd->time = input->time;
    crowd->looked = true;
    crowd->hidden = 0;
    if (!crowd->measured || crowd->width != input->width || crowd->height != input->height)
        measure_zone(crowd, watch, &view);
    if (crowd->area_m2 > 0 && input->maps && input->maps->ground)
        look(crowd, watch, &view, (double)seen->persons, step_us);
    return crowd->hidden;
}

enum spread {
    SPREAD_BESIDE_BOXES,
    SPREAD_OVER_ALL
};

/* Each pixel's part of a person into the cell where his foot would be; the sum of them. */
static double spread(const struct vg_watch *watch, uint32_t columns, uint32_t rows, double *cells,
                     enum spread where)
{
    const struct vg_maps *maps = watch->input->maps;
    const uint32_t shrink = maps->size.shrink;
    struct vg_terrain_view view;
    double sum = 0;
    vg_terrain_view_init(&view, &watch->scene->terrain, (double)watch->input->width,
                         (double)watch->input->height);
    memset(cells, 0, (size_t)columns * rows * sizeof *cells);
    for (uint32_t y = 0; y < maps->size.height; y += STRIDE)
        for (uint32_t x = 0; x < maps->size.width; x += STRIDE) {
            const struct vg_point p = {(float)(x * shrink), (float)(y * shrink)};
            struct vg_point at;
            if (!is_other(maps, x, y) || (where == SPREAD_BESIDE_BOXES && in_person(watch, p)))
                continue;
            const double part = part_of_person(watch, &view, p, &at);
            const int cell = vg_heat_cell_at(columns, rows, at);
            if (cell < 0)
                continue;
            cells[cell] += part;
            sum += part;
        }
    return sum;
}

bool vg_crowd_count_spread(const struct vg_crowd_count *crowd, const struct vg_watch *watch,
                           uint32_t columns, uint32_t rows, double *cells)
{
    const struct vg_watch_input *input = watch->input;
    if (!crowd->looked || crowd->time.us != input->time.us || !(crowd->hidden > 0) ||
        !input->maps || !input->maps->ground)
        return false;
    double sum = spread(watch, columns, rows, cells, SPREAD_BESIDE_BOXES);
    if (!(sum > 0))
        sum = spread(watch, columns, rows, cells, SPREAD_OVER_ALL);
    for (uint32_t i = 0; sum > 0 && i < columns * rows; i++)
        cells[i] = cells[i] / sum * crowd->hidden;
    return sum > 0;
}
