#include "src/base/heat_picture.h"

#include <math.h>

#include "src/base/alloc.h"

uint8_t vg_heat_level(uint64_t ms, uint64_t greatest_ms)
{
    if (ms == 0 || greatest_ms == 0)
        return 0;
    if (ms >= greatest_ms)
        return 255;
    const double part = sqrt((double)ms / (double)greatest_ms);
    return (uint8_t)(1 + part * 254);
}

struct vg_png_colour vg_heat_colour(uint8_t level)
{
    static const struct vg_png_colour stop[] = {
        {40, 70, 220, 90}, {30, 170, 140, 130}, {250, 210, 40, 170}, {220, 30, 30, 200}};
    if (level == 0)
        return (struct vg_png_colour){0, 0, 0, 0};
    const uint32_t at = (uint32_t)level - 1, third = at / 85 < 2 ? at / 85 : 2;
    const uint32_t part = at - third * 85; /* of 85 */
    const struct vg_png_colour *a = &stop[third], *b = &stop[third + 1];
    const uint32_t rest = part > 85 ? 0 : 85 - part;
    return (struct vg_png_colour){(uint8_t)((a->r * rest + b->r * (85 - rest)) / 85),
                                  (uint8_t)((a->g * rest + b->g * (85 - rest)) / 85),
                                  (uint8_t)((a->b * rest + b->b * (85 - rest)) / 85),
                                  (uint8_t)((a->alpha * rest + b->alpha * (85 - rest)) / 85)};
}

enum vg_status vg_heat_png(const struct vg_heat_sum *sum, uint8_t **data, size_t *size)
{
    const uint32_t columns = sum->columns ? sum->columns : 1, rows = sum->rows ? sum->rows : 1;
    const uint64_t greatest = vg_heat_sum_greatest_ms(sum);
    struct vg_png_picture picture = {.width = columns * VG_HEAT_CELL_PX,
                                     .height = rows * VG_HEAT_CELL_PX};
    uint8_t *index = vg_alloc((size_t)picture.width * picture.height);
    *data = NULL;
    *size = 0;
    if (!index)
        return VG_E_MEMORY;
    for (int i = 0; i < 256; i++)
        picture.colour[i] = vg_heat_colour((uint8_t)i);
    for (uint32_t y = 0; y < picture.height; y++)
        for (uint32_t x = 0; x < picture.width; x++) {
            const uint32_t cell = y / VG_HEAT_CELL_PX * columns + x / VG_HEAT_CELL_PX;
            index[(size_t)y * picture.width + x] = vg_heat_level(sum->cell[cell], greatest);
        }
    picture.index = index;
    const enum vg_status status = vg_png_write(&picture, data, size);
    vg_free(index);
    return status;
}
