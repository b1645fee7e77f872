/* Where persons stood, over a time: a coarse grid over the picture, in each cell for how long how
 * many were there (milliseconds of persons: two persons for a second are 2000). The longer side of
 * the picture has VG_HEAT_SIDE_MAX cells, the other as many as its shape says. Points are fractions
 * of the picture, so that another size of picture goes into the same grid. Whole numbers: nothing
 * is lost by rounding, and the order of adding does not count. Pure; any thread. */
#ifndef VG_BASE_HEAT_GRID_H
#define VG_BASE_HEAT_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/geometry.h"

#define VG_HEAT_SIDE_MAX  64
#define VG_HEAT_CELLS_MAX (VG_HEAT_SIDE_MAX * VG_HEAT_SIDE_MAX)

/* Zeroed: nothing was watched. Without a shape (columns 0) it takes no point. */
struct vg_heat_grid {
    int64_t hour;                     /* since 1970-01-01 UTC; the owner's to set */
    uint32_t columns, rows;           /* 1 to VG_HEAT_SIDE_MAX each, or 0 both */
    uint32_t pictures;                /* that were looked at */
    uint64_t watched_ms;              /* that they stand for */
    uint32_t cell[VG_HEAT_CELLS_MAX]; /* rows from the top, without padding; stays at its most */
};

/* Many grids together. */
struct vg_heat_sum {
    uint32_t columns, rows;
    uint64_t pictures, watched_ms;
    uint64_t cell[VG_HEAT_CELLS_MAX];
};

/* Gives a grid without a shape that of a picture; 0 pixels: it stays without. */
void vg_heat_grid_shape(struct vg_heat_grid *grid, uint32_t picture_width, uint32_t picture_height);

/* The cell of a point, from a grid or a sum of that shape; a point beside the picture belongs to
 * the cell next to it (feet are often below the edge). -1: no number, or no shape. */
int vg_heat_cell_at(uint32_t columns, uint32_t rows, struct vg_point at);

/* A picture that stands for so long was looked at. */
void vg_heat_grid_watch(struct vg_heat_grid *grid, uint32_t ms);
/* Somebody was in that cell (-1: nowhere) for so long. */
void vg_heat_grid_add(struct vg_heat_grid *grid, int cell, uint32_t ms);

/* Puts another grid to it, which it equals if it had none; one of another shape by the middle of
 * its cells: the sums stay the same. The hour stays. */
void vg_heat_grid_join(struct vg_heat_grid *grid, const struct vg_heat_grid *other);
void vg_heat_sum_add(struct vg_heat_sum *sum, const struct vg_heat_grid *grid);

/* Of all cells; the greatest of them. */
uint64_t vg_heat_grid_total_ms(const struct vg_heat_grid *grid);
uint64_t vg_heat_sum_total_ms(const struct vg_heat_sum *sum);
uint64_t vg_heat_sum_greatest_ms(const struct vg_heat_sum *sum);

#endif
