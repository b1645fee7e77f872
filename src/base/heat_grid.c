#include "src/base/heat_grid.h"

#include <math.h>

#define SIDE VG_HEAT_SIDE_MAX

static uint32_t short_side(uint32_t shorter, uint32_t longer)
{
    const uint64_t cells = ((uint64_t)SIDE * shorter * 2 + longer) / ((uint64_t)longer * 2);
    return cells < 1 ? 1 : (uint32_t)cells;
}

void vg_heat_grid_shape(struct vg_heat_grid *grid, uint32_t width, uint32_t height)
{
    if (grid->columns || width == 0 || height == 0)
        return;
    grid->columns = width >= height ? SIDE : short_side(width, height);
    grid->rows = height >= width ? SIDE : short_side(height, width);
}

static uint32_t index_at(float part, uint32_t cells)
{
    const double at = (double)part * cells;
    return at < 1 ? 0 : at >= (double)cells ? cells - 1 : (uint32_t)at;
}

int vg_heat_cell_at(uint32_t columns, uint32_t rows, struct vg_point at)
{
    if (columns == 0 || rows == 0 || isnan(at.x) || isnan(at.y))
        return -1;
    return (int)(index_at(at.y, rows) * columns + index_at(at.x, columns));
}

static uint32_t more(uint32_t value, uint32_t by)
{
    return by > UINT32_MAX - value ? UINT32_MAX : value + by;
}

void vg_heat_grid_watch(struct vg_heat_grid *grid, uint32_t ms)
{
    grid->pictures = more(grid->pictures, 1);
    grid->watched_ms += ms;
}

void vg_heat_grid_add(struct vg_heat_grid *grid, int cell, uint32_t ms)
{
    if (cell >= 0 && (uint32_t)cell < grid->columns * grid->rows)
        grid->cell[cell] = more(grid->cell[cell], ms);
}

/* Where the middle of a cell of one shape lies in another: whole numbers, every machine agrees. */
static uint32_t cell_in(uint32_t cell, const struct vg_heat_grid *of, uint32_t columns,
                        uint32_t rows)
{
    const uint32_t x = cell % of->columns, y = cell / of->columns;
    return (2 * y + 1) * rows / (2 * of->rows) * columns +
           (2 * x + 1) * columns / (2 * of->columns);
}

void vg_heat_grid_join(struct vg_heat_grid *grid, const struct vg_heat_grid *other)
{
    if (!grid->columns) {
        grid->columns = other->columns;
        grid->rows = other->rows;
    }
    grid->pictures = more(grid->pictures, other->pictures);
    grid->watched_ms += other->watched_ms;
    for (uint32_t i = 0; i < other->columns * other->rows; i++) {
        const uint32_t at = cell_in(i, other, grid->columns, grid->rows);
        grid->cell[at] = more(grid->cell[at], other->cell[i]);
    }
}

void vg_heat_sum_add(struct vg_heat_sum *sum, const struct vg_heat_grid *grid)
{
    if (!sum->columns) {
        sum->columns = grid->columns;
        sum->rows = grid->rows;
    }
    sum->pictures += grid->pictures;
    sum->watched_ms += grid->watched_ms;
    for (uint32_t i = 0; i < grid->columns * grid->rows; i++)
        sum->cell[cell_in(i, grid, sum->columns, sum->rows)] += grid->cell[i];
}

uint64_t vg_heat_grid_total_ms(const struct vg_heat_grid *grid)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < grid->columns * grid->rows; i++)
        total += grid->cell[i];
    return total;
}

uint64_t vg_heat_sum_total_ms(const struct vg_heat_sum *sum)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < sum->columns * sum->rows; i++)
        total += sum->cell[i];
    return total;
}

uint64_t vg_heat_sum_greatest_ms(const struct vg_heat_sum *sum)
{
    uint64_t greatest = 0;
    for (uint32_t i = 0; i < sum->columns * sum->rows; i++)
        greatest = sum->cell[i] > greatest ? sum->cell[i] : greatest;
    return greatest;
}
