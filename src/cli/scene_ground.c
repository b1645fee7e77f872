#include "src/cli/scene_ground.h"

#include <math.h>
#include <stdio.h>

#include "models/class.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/cli/words.h"
#include "src/media/still.h"
#include "src/score/mot_file.h"

enum vg_status vg_scene_eye_read(const char *path, struct vg_eye *eye, struct vg_fault *fault)
{
    *eye = (struct vg_eye){1920, 1080, 0, 0};
    if (!path)
        return VG_OK;
    struct vg_still *still = NULL;
    const enum vg_status status = vg_still_read(path, &still, fault);
    if (status)
        return status;
    eye->width = (double)vg_still_picture(still)->width;
    eye->height = (double)vg_still_picture(still)->height;
    vg_still_close(&still);
    return VG_OK;
}

/* ---- figures ------------------------------------------------------------------------------ */

/* null for what is not known. */
static json_t *known(double value)
{
    return isfinite(value) && value > 0 ? json_real(value) : json_null();
}

/* Of the worst point, in pixels of this picture or a little more. */
static double residual_px(const struct vg_scene *scene, const struct vg_eye *eye)
{
    return scene->terrain.residual_frac * fmax(eye->width, eye->height);
}

json_t *vg_scene_ground_json(const struct vg_scene *scene, const struct vg_eye *eye)
{
    const struct vg_terrain *terrain = &scene->terrain;
    struct vg_terrain_view view;
    double horizon;
    vg_terrain_view_init(&view, terrain, eye->width, eye->height);
    const bool level = vg_terrain_horizon(&view, eye->width / 2, &horizon);
    return json_pack(
        "{s:i, s:i, s:b, s:o, s:o, s:o, s:o}", "points", (int)terrain->point_count, "persons",
        (int)terrain->person_count, "metres", (int)(view.plane && !view.assumed), "residual_m",
        terrain->measured ? json_real(terrain->residual_m) : json_null(), "residual_px",
        terrain->measured ? json_real(residual_px(scene, eye)) : json_null(), "camera_m",
        known(view.camera_m), "horizon", level ? json_real(horizon / eye->height) : json_null());
}

json_t *vg_scene_zones_json(const struct vg_scene *scene, const struct vg_eye *eye)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < scene->place_count; i++) {
        struct vg_zone_sizes sizes;
        if (scene->place[i].kind != VG_PLACE_ZONE || !vg_zone_sizes(scene, (int)i, eye, &sizes))
            continue;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:f}", "zone", scene->place[i].id,
                            "area_m2", known(sizes.area_m2), "person_least", known(sizes.least),
                            "person_most", known(sizes.most), "net_px_least", known(sizes.least_px),
                            "net_px_most", known(sizes.most_px), "small_part", sizes.small_part));
    }
    return list;
}

void vg_scene_ground_print(const struct vg_scene *scene, const struct vg_eye *eye)
{
    const struct vg_terrain *terrain = &scene->terrain;
    char text[VG_SCENE_LABEL_SIZE + 512];
    if (terrain->point_count > 0 && !terrain->measured)
        (void)printf(_("Its calibration has %u points of the ground: %d are wanted for metres.\n"),
                     terrain->point_count, VG_TERRAIN_POINTS_LEAST);
    if (terrain->measured)
        (void)printf(
            _("Its calibration: %u points, the worst %.2f m off (%.1f px of %.0f x %.0f).\n"),
            terrain->point_count, terrain->residual_m, residual_px(scene, eye), eye->width,
            eye->height);
    for (uint32_t i = 0; i < scene->place_count; i++)
        if (scene->place[i].kind == VG_PLACE_ZONE &&
            vg_zone_explain(scene, (int)i, eye, text, sizeof text))
            (void)printf("%s\n", text);
}

/* ---- proposal ----------------------------------------------------------------------------- */

/* The standing persons of the file; *seen given (vg_free). */
static enum vg_status read_seen(const char *tracks, const struct vg_eye *eye,
                                struct vg_person_seen **seen, size_t *count, struct vg_fault *fault)
{
    struct vg_mot_file file;
    enum vg_status status = vg_mot_open(tracks, &file, fault);
    if (status)
        return status;
    vg_mot_keep_class(&file, VG_CLASS_PERSON);
    *count = 0;
    *seen = vg_alloc((file.count + 1) * sizeof **seen);
    if (!*seen)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", tracks);
    for (size_t i = 0; !status && i < file.count; i++) {
        const struct vg_mot_row *row = &file.row[i];
        /* score 0: filled in between two detections */
        if (row->score > 0 &&
            vg_person_seen_take(row->box, row->id, eye->width, eye->height, *seen + *count))
            ++*count;
    }
    vg_mot_close(&file);
    return status;
}

static enum vg_status refuse(enum vg_terrain_fit fit, const char *name, size_t count,
                             struct vg_fault *fault)
{
    const char *what = N_("too few standing persons were seen to propose a calibration");
    const char *remedy = N_("take a longer clip, or draw two persons by hand");
    if (fit == VG_TERRAIN_ONE_ROW)
        what = N_("the persons stand at the same height of the picture");
    if (fit == VG_TERRAIN_UPSIDE)
        what = N_("the persons get smaller towards the camera");
    return vg_fault_set(fault, VG_E_INPUT, what, remedy, "%s (%zu)", name, count);
}

static json_t *person_json(const struct vg_person_rows *rows, double foot)
{
    const double tall = rows->base + rows->slope * foot;
    return json_pack("{s:[f,f], s:f}", "at", 0.5, round(foot * 1e4) / 1e4, "height",
                     round(tall * 1e4) / 1e4);
}

enum vg_status vg_scene_ground_find(const char *tracks, const char *name, const struct vg_eye *eye,
                                    struct vg_ground_proposal *proposal, struct vg_fault *fault)
{
    struct vg_person_seen *seen = NULL;
    *proposal = (struct vg_ground_proposal){.seen = 0};
    const enum vg_status status = read_seen(tracks, eye, &seen, &proposal->seen, fault);
    if (status) {
        vg_free(seen);
        return status;
    }
    const enum vg_terrain_fit fit = vg_person_rows_fit(seen, proposal->seen, &proposal->rows);
    vg_free(seen);
    return fit ? refuse(fit, name, proposal->seen, fault) : VG_OK;
}

json_t *vg_scene_ground_persons(const struct vg_ground_proposal *proposal)
{
    const struct vg_person_rows *rows = &proposal->rows;
    return json_pack("[o,o]", person_json(rows, rows->top), person_json(rows, rows->bottom));
}

enum vg_status vg_scene_ground_propose(const struct vg_ground_proposal *proposal,
                                       struct vg_fault *fault)
{
    const struct vg_person_rows *rows = &proposal->rows;
    return vg_print_json(
        json_pack("{s:{s:o}, s:{s:I, s:i, s:f, s:o}}", "calibration", "persons",
                  vg_scene_ground_persons(proposal), "seen", "persons", (json_int_t)proposal->seen,
                  "rows", (int)rows->bands, "spread", rows->spread, "horizon",
                  rows->slope > 0 ? json_real(-rows->base / rows->slope) : json_null()),
        fault);
}
