/* What `vigie scene` says of the ground: figures of a calibration, and a proposal for one. */
#ifndef VG_CLI_SCENE_GROUND_H
#define VG_CLI_SCENE_GROUND_H

#include <jansson.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/scene/person_rows.h"
#include "src/scene/zone_sizes.h"

/* The size of the picture or clip at `path`; of 1920x1080 for NULL. No net yet. */
enum vg_status vg_scene_eye_read(const char *path, struct vg_eye *eye,
                                 struct vg_fault *fault) VG_MUST_USE;

/* Given to the caller. Figures that are not known are null. */
json_t *vg_scene_ground_json(const struct vg_scene *scene, const struct vg_eye *eye);
json_t *vg_scene_zones_json(const struct vg_scene *scene, const struct vg_eye *eye);

/* The same in sentences. */
void vg_scene_ground_print(const struct vg_scene *scene, const struct vg_eye *eye);

/* What the tracks of persons propose. */
struct vg_ground_proposal {
    struct vg_person_rows rows;
    size_t seen; /* standing persons, one for each box */
};

/* From the tracks that batch wrote of pictures as large as the eye's. VG_E_INPUT: too few persons,
 * or all at one row; `name` is the place. */
enum vg_status vg_scene_ground_find(const char *tracks, const char *name, const struct vg_eye *eye,
                                    struct vg_ground_proposal *proposal,
                                    struct vg_fault *fault) VG_MUST_USE;

/* The two persons for `calibration`: "persons". Given. */
json_t *vg_scene_ground_persons(const struct vg_ground_proposal *proposal);

/* Prints {"calibration": {"persons": [...]}, "seen": {...}}. */
enum vg_status vg_scene_ground_propose(const struct vg_ground_proposal *proposal,
                                       struct vg_fault *fault) VG_MUST_USE;

#endif
