/* Twin of kernels/max_pool_int8.cl. */
#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static uint8_t most_at(const uint8_t *x, const struct vg_int8_sizes *s, vg_i32 picture, vg_i32 c,
                       vg_i32 row, vg_i32 column)
{
    uint8_t most = 0;
    for (vg_i32 i = 0; i < s->size_y; i++)
        for (vg_i32 j = 0; j < s->size_x; j++) {
            const vg_i32 from_row = row * s->stride_y + i - s->above;
            const vg_i32 from = column * s->stride_x + j - s->left;
            if (from_row < 0 || from_row >= s->x_height || from < 0 || from >= s->x_width)
                continue;
            const uint8_t value = x[vg_area_at(&s->x, picture, c, from_row, from)];
            most = value > most ? value : most;
        }
    return most;
}

void vg_twin_max_pool_int8(const uint8_t *x, uint8_t *y, const struct vg_int8_sizes *s,
                           vg_i32 blocks)
{
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, c, row, column)] =
                        most_at(x, s, picture, c, row, column);
    vg_twin_int8_halo(y, s, VG_INT8_BYTES, blocks, s->pictures);
}
