/* The words of scene JSON. A key added here must also stand in docs/schemas/scene.json and be
 * read in scene_read.c, scene_terrain.c or scene_rule.c. */
#include "src/scene/scene_keys.h"

#include <stddef.h>

const char *const vg_scene_keys_top[] = {"version", "name",        "masks", "zones",
                                         "lines",   "calibration", "rules", NULL};
const char *const vg_scene_keys_mask[] = {"id", "label", "polygon", "events", NULL};
const char *const vg_scene_keys_zone[] = {"id", "label", "polygon", "direction", NULL};
const char *const vg_scene_keys_line[] = {"id", "label", "points", NULL};
const char *const vg_scene_keys_calibration[] = {"ground", "persons", NULL};
const char *const vg_scene_keys_ground[] = {"at", "m", NULL};
const char *const vg_scene_keys_person[] = {"at", "height", NULL};
const char *const vg_scene_keys_rule[] = {
    "id",     "event",      "at",       "direction", "classes",  "min_score", "over",
    "hold_s", "cooldown_s", "severity", "active",    "calendar", "when",      NULL};
const char *const vg_scene_keys_whole[] = {"id",       "severity", "cooldown_s", "active",
                                           "calendar", "when",     NULL};
const char *const vg_scene_keys_composed[] = {"id",     "severity", "cooldown_s", "active",
                                              "hold_s", "calendar", "when",       NULL};
const char *const vg_scene_keys_part[] = {"rule",     "all",      "any",    "not", "then",
                                          "calendar", "within_s", "unless", NULL};
const char *const vg_scene_keys_calendar[] = {"days", "from", "to", "holidays", "holidays_region",
                                              NULL};

const char *const vg_scene_days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
const char *const vg_scene_regions[] = {"france", "alsace-moselle", NULL};
const char *const vg_scene_severities[] = {"low", "medium", "high", NULL};
const char *const vg_scene_sides[] = {"left", "right", NULL};
