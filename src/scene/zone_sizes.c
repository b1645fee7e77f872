/* Persons in the zones: looked at on a grid over each zone. */
#include "src/scene/zone_sizes.h"

#include <math.h>
#include <stdio.h>

#include "src/base/text.h"

#define GRID 32

/* Corners of the upright box around the zone. */
static void around(const struct vg_place *zone, double low[2], double high[2])
{
    low[0] = low[1] = 1;
    high[0] = high[1] = 0;
    for (uint32_t i = 0; i < zone->corner_count; i++) {
        const double at[2] = {(double)zone->corner[i].x, (double)zone->corner[i].y};
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], at[k]);
            high[k] = fmax(high[k], at[k]);
        }
    }
}

static void look_at(struct vg_zone_sizes *sizes, const struct vg_terrain_view *view,
                    struct vg_point at)
{
    const struct vg_point px = {(float)((double)at.x * view->width),
                                (float)((double)at.y * view->height)};
    const double tall = vg_terrain_person_px(view, px) / view->height;
    if (!(tall > 0))
        return;
    sizes->least = sizes->stood ? fmin(sizes->least, tall) : tall;
    sizes->most = fmax(sizes->most, tall);
    sizes->stood = true;
}

/* Fills the part of the zone with small persons. */
static void walk(struct vg_zone_sizes *sizes, const struct vg_terrain_view *view,
                 const struct vg_place *zone, double letterbox)
{
    double low[2], high[2];
    uint32_t stood = 0, small = 0;
    around(zone, low, high);
    for (int i = 0; i < GRID * GRID; i++) {
        const struct vg_point at = {(float)(low[0] + (high[0] - low[0]) * (i % GRID + 0.5) / GRID),
                                    (float)(low[1] + (high[1] - low[1]) * (i / GRID + 0.5) / GRID)};
        if (!vg_polygon_contains(zone->corner, zone->corner_count, at))
            continue;
        struct vg_zone_sizes one = {0};
        look_at(&one, view, at);
        look_at(sizes, view, at);
        stood += one.stood;
        small += one.stood && one.least * letterbox < VG_ZONE_LEAST_PX;
    }
    if (stood > 0 && letterbox > 0)
        sizes->small_part = (double)small / (double)stood;
}

bool vg_zone_sizes(const struct vg_scene *scene, int place, const struct vg_eye *eye,
                   struct vg_zone_sizes *sizes)
{
    const struct vg_place *zone = &scene->place[place];
    struct vg_terrain_view view;
    *sizes = (struct vg_zone_sizes){0};
    vg_terrain_view_init(&view, &scene->terrain, eye->width, eye->height);
    if (zone->kind == VG_PLACE_LINE || (!view.plane && !view.rows))
        return false;
    /* rows of the input that the picture's height takes */
    const double letterbox = fmin(eye->net_height, eye->net_width * eye->height / eye->width);
    for (uint32_t i = 0; i < zone->corner_count; i++)
        look_at(sizes, &view, zone->corner[i]);
    walk(sizes, &view, zone, letterbox);
    sizes->least_px = sizes->least * letterbox;
    sizes->most_px = sizes->most * letterbox;
    sizes->area_m2 = vg_terrain_area_m2(&view, zone->corner, zone->corner_count);
    sizes->assumed = view.assumed;
    return true;
}

static void warn(struct vg_scene_warning *warning, const struct vg_zone_sizes *sizes)
{
    if (!sizes->stood) {
        warning->what = N_("nobody can stand in this zone: it lies behind the horizon");
        warning->remedy = N_("draw it on the ground, or correct the calibration");
        return;
    }
    warning->what = N_("persons are too small in this zone for most to be found");
    warning->remedy =
        N_("let tiles look at it (--tiles auto), take a model with a larger input, or "
           "bring the camera nearer");
    (void)snprintf(warning->detail, sizeof warning->detail, "%d..%d px < %d px: %d %%",
                   (int)(sizes->least_px + 0.5), (int)(sizes->most_px + 0.5), VG_ZONE_LEAST_PX,
                   (int)(100 * sizes->small_part + 0.5));
}

uint32_t vg_zone_warnings(const struct vg_scene *scene, const struct vg_eye *eye,
                          struct vg_scene_warning *warnings, uint32_t room)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < scene->place_count && count < room; i++) {
        struct vg_zone_sizes sizes;
        if (scene->place[i].kind != VG_PLACE_ZONE || !vg_zone_sizes(scene, (int)i, eye, &sizes) ||
            (sizes.stood && sizes.small_part <= VG_ZONE_SMALL_PART))
            continue;
        warnings[count] = (struct vg_scene_warning){.place = (int)i};
        warn(&warnings[count++], &sizes);
    }
    return count;
}

bool vg_zone_explain(const struct vg_scene *scene, int place, const struct vg_eye *eye, char *text,
                     size_t size)
{
    struct vg_zone_sizes sizes;
    if (!vg_zone_sizes(scene, place, eye, &sizes))
        return false;
    const char *name = vg_scene_place_name(scene, place);
    if (!sizes.stood)
        (void)snprintf(text, size, _("The zone \"%s\" lies behind the horizon."), name);
    else if (!(sizes.area_m2 > 0))
        (void)snprintf(text, size,
                       _("In the zone \"%s\" a person is %.0f to %.0f %% of the picture's height."),
                       name, 100 * sizes.least, 100 * sizes.most);
    else
        (void)snprintf(text, size,
                       sizes.assumed
                           ? _("The zone \"%s\" has roughly %.3g m² of ground; in it a person "
                               "is %.0f to %.0f %% of the picture's height.")
                           : _("The zone \"%s\" has %.3g m² of ground; in it a person is "
                               "%.0f to %.0f %% of the picture's height."),
                       name, sizes.area_m2, 100 * sizes.least, 100 * sizes.most);
    return true;
}
