/* What the files that read scene JSON share: the document, the scene being filled, and
 * refusals that say more than the place. Inside of src/scene only. */
#ifndef VG_SCENE_SCENE_READER_H
#define VG_SCENE_SCENE_READER_H

#include "src/base/attr.h"
#include "src/base/json.h"
#include "src/scene/scene.h"

#define VG_SCENE_POINTER_SIZE 128

/* "parent/key" and "parent/index". Pointers here are made of our own keys and of numbers, far
 * shorter than the room. */
void vg_scene_pointer(char at[VG_SCENE_POINTER_SIZE], const char *parent, const char *key);
void vg_scene_pointer_at(char at[VG_SCENE_POINTER_SIZE], const char *parent, size_t index);

/* Refuses `pointer` as vg_json_refuse does and adds `detail` (printf format, values met, not
 * translated) to the place. Returns VG_E_INPUT. */
enum vg_status vg_scene_refuse(const struct vg_json *json, const char *pointer, const char *what,
                               const char *remedy, const char *detail, ...) VG_PRINTF(5, 6);

/* Points nearer than this, in fractions, are the same: 0.004 px on the widest picture. */
#define VG_SCENE_SAME_POINT 1e-6
bool vg_scene_same_point(struct vg_point a, struct vg_point b);

/* Two numbers at `pointer`, each from least to most. */
enum vg_status vg_scene_read_pair(const struct vg_json *json, const json_t *value,
                                  const char *pointer, double least, double most,
                                  struct vg_point *point) VG_MUST_USE;

/* Refuses the value of `key` of the rule at `pointer` and names it. */
enum vg_status vg_scene_refuse_rule(const struct vg_json *json, const char *pointer,
                                    const char *rule, const char *key, const char *what,
                                    const char *remedy, const char *value) VG_MUST_USE;

/* The calibration of the document, into scene->terrain. */
enum vg_status vg_scene_read_calibration(const struct vg_json *json,
                                         struct vg_scene *scene) VG_MUST_USE;

/* A condition on one event (event, place, classes, score, count, hold) at `pointer`, into a rule
 * that has its name already; and the text of the object, for the rule to keep. */
enum vg_status vg_scene_read_condition(const struct vg_json *json, const json_t *object,
                                       const char *pointer, const char *name,
                                       const struct vg_scene *scene,
                                       struct vg_rule *rule) VG_MUST_USE;

/* The parts of the composed rules, once all rules of the document are in `scene`. */
enum vg_status vg_scene_read_composed(const struct vg_json *json,
                                      struct vg_scene *scene) VG_MUST_USE;

/* The rules of the document, once its places are in `scene`. A rule that was read owns its
 * text even if a later one is refused: vg_scene_close frees it. */
enum vg_status vg_scene_read_rules(const struct vg_json *json, struct vg_scene *scene) VG_MUST_USE;

/* The calendar at `pointer`, an object. */
enum vg_status vg_scene_read_calendar(const struct vg_json *json, const json_t *object,
                                      const char *pointer,
                                      struct vg_calendar *calendar) VG_MUST_USE;

#endif
