/* How a sum of persons' time is shown: from blue (little) by green and yellow to red (as much as
 * anywhere), and nothing at all where nobody was. By the square root of the time, so that a bench
 * where people sit does not hide the ways. Pure but for the memory it gives; any thread. */
#ifndef VG_BASE_HEAT_PICTURE_H
#define VG_BASE_HEAT_PICTURE_H

#include "src/base/heat_grid.h"
#include "src/base/png_write.h"

/* 0 for nothing, 1 to 255 for what is more than nothing, of the greatest. */
uint8_t vg_heat_level(uint64_t ms, uint64_t greatest_ms);
struct vg_png_colour vg_heat_colour(uint8_t level);

#define VG_HEAT_CELL_PX 10 /* side of a cell in the picture below */

/* A PNG of the cells, to be laid over a picture of the flux; without a shape one clear cell. *data
 * given. VG_E_MEMORY. */
enum vg_status vg_heat_png(const struct vg_heat_sum *sum, uint8_t **data, size_t *size) VG_MUST_USE;

#endif
