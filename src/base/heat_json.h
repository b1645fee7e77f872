/* A sum of persons' time as JSON: the shape of the grid, what was watched, and the seconds of
 * persons in each cell. */
#ifndef VG_BASE_HEAT_JSON_H
#define VG_BASE_HEAT_JSON_H

#include <jansson.h>

#include "src/base/heat_grid.h"

/* {"columns", "rows", "watched_s", "person_s", "pictures", "seconds": [[...], ...]}: rows from the
 * top, to the millisecond. Given; NULL without memory. */
json_t *vg_heat_json(const struct vg_heat_sum *sum);

#endif
