/* The words of scene JSON: keys and enumerations, as tables that the reader walks and that a
 * test compares with docs/schemas/scene.json. Each list ends with NULL. */
#ifndef VG_SCENE_SCENE_KEYS_H
#define VG_SCENE_SCENE_KEYS_H

extern const char *const vg_scene_keys_top[];
extern const char *const vg_scene_keys_mask[];
extern const char *const vg_scene_keys_zone[];
extern const char *const vg_scene_keys_line[];
extern const char *const vg_scene_keys_calibration[];
extern const char *const vg_scene_keys_ground[];
extern const char *const vg_scene_keys_person[]; /* of a calibration */
extern const char *const vg_scene_keys_rule[];
extern const char *const vg_scene_keys_whole[];    /* of a rule, not of a part on an event */
extern const char *const vg_scene_keys_composed[]; /* of a rule with `when` */
extern const char *const vg_scene_keys_part[];     /* of a part, beside those of a condition */
extern const char *const vg_scene_keys_calendar[];

extern const char *const vg_scene_days[];       /* Monday first */
extern const char *const vg_scene_regions[];    /* in the order of enum vg_holidays_region */
extern const char *const vg_scene_severities[]; /* in the order of enum vg_severity */
extern const char *const vg_scene_sides[];      /* in the order of enum vg_side, from LEFT */

#endif
