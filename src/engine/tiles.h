/* Large pictures and small objects: the regions of a picture to look at, and one list of what was
 * found in all of them. Pure, no allocation, any thread.
 *
 *   region 0   the whole picture, for what is large
 *   the rest   tiles, row by row, each overlapping its neighbours, so that an object that is
 *              smaller than the overlap stands whole in one of them: a part is hardly ever found
 *
 *   +------------+--+---------+--+------------+
 *   |     1      |  |    2    |  |     3      |      2 rows, 3 columns; the tiles' inner borders
 *   |            |  |         |  |            |      cut objects, the picture's own do not
 *   +------------+--+---------+--+------------+
 *   +------------+--+---------+--+------------+
 *   |     4      |  |    5    |  |     6      |
 *   +------------+--+---------+--+------------+
 *
 * Each region is a job of the engine; a flux that wants tiles takes `count` places of a batch:
 *   vg_tiles_make; for each picture vg_tiles_jobs, vg_engine_run, vg_tiles_fuse. */
#ifndef VG_ENGINE_TILES_H
#define VG_ENGINE_TILES_H

#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/geometry.h"
#include "src/base/status.h"
#include "src/engine/engine.h"

#define VG_TILES_SIDE_MAX    7                                           /* rows, columns */
#define VG_TILES_REGIONS_MAX (1 + VG_TILES_SIDE_MAX * VG_TILES_SIDE_MAX) /* of one batch */

struct vg_tiles_settings {
    struct vg_size picture, input; /* pixels of the picture, of the net's input */
    uint32_t rows, columns;        /* 1 to VG_TILES_SIDE_MAX; 1 x 1: the whole picture alone */
    float overlap_frac;            /* of a tile's side that its neighbour shares, 0 to 0.5; 0.15 */
    float double_iou; /* of boxes of two regions, above which the lesser goes: 0.45. A region's
                         own boxes were told apart by its job's nms */
    float part_frac;  /* of a cut box, that another of its class covers: above it goes; 0.6 */
};
struct vg_tiles_settings vg_tiles_defaults(void); /* picture and input are the caller's */

/* The region's pixels, whole ones, and which of its sides cut what lies there. */
struct vg_tile {
    struct vg_box region;
    float reach_px; /* a box that ends nearer to such a side is cut: 2 pixels of the input */
    uint8_t cut_left, cut_top, cut_right, cut_bottom;
};

struct vg_tiles {
    struct vg_tiles_settings settings;
    uint32_t count; /* of regions, 1 to VG_TILES_REGIONS_MAX */
    struct vg_tile tile[VG_TILES_REGIONS_MAX];
};

/* The fewest rows and columns that show an object of `least_px` picture pixels with `wanted_px`
 * pixels of the input (25: below, most persons are missed); and the least overlap, from the
 * settings' own on, in which what the whole picture shows with fewer than wanted_px stands whole: a
 * part alone is hardly ever found, so that no size of object falls between tiles and whole picture.
 * Sets rows, columns and overlap_frac. Returns the pixels of the input that an object of least_px
 * then has: below wanted_px where even VG_TILES_SIDE_MAX were not enough. 1 x 1 where the whole
 * picture shows it. Sizes and both figures are above 0. */
float vg_tiles_choose(struct vg_tiles_settings *settings, float least_px, float wanted_px);

/* Lays them out. VG_E_CALL: a figure of the settings is out of its range, or a tile has less than
 * 2 pixels of the picture. */
enum vg_status vg_tiles_make(struct vg_tiles *tiles,
                             const struct vg_tiles_settings *settings) VG_MUST_USE;

/* `count` jobs: `job` once for each region. */
void vg_tiles_jobs(const struct vg_tiles *tiles, const struct vg_job *job, struct vg_job *jobs);

/* The answers of the jobs (in their order) as one, in pixels of the picture. By falling score,
 * then by region: first all boxes that no side of their tile cuts, each unless it is double
 * to one of another region that stands already; then the cut ones, each unless it is that, or a
 * part of one that stands. The result lies by falling score, whole ones first among equals.
 * overflow: the sum of the jobs', and the boxes behind the last of a full answer. */
void vg_tiles_fuse(const struct vg_tiles *tiles, const struct vg_answer *answers,
                   struct vg_answer *fused);

#endif
