/* Twin of kernels/resize_int8.cl. */
#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static vg_i32 nearest(vg_i32 at, float step, vg_i32 size)
{
    const vg_i32 from = (vg_i32)((float)at * step);
    return from < size - 1 ? from : size - 1;
}

void vg_twin_resize_int8(const uint8_t *x, uint8_t *y, const struct vg_int8_sizes *s,
                         enum vg_int8_resize how, vg_i32 blocks)
{
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    const float q =
                        how == VG_INT8_RESIZE_NEAREST
                            ? (float)x[vg_area_at(&s->x, picture, c,
                                                  nearest(row, s->down, s->x_height),
                                                  nearest(column, s->across, s->x_width))]
                            : vg_twin_int8_between(x + vg_area_at(&s->x, picture, c, 0, 0),
                                                   s->x.row, s->x_width, s->x_height, s, row,
                                                   column);
                    const float v = (q - (float)s->x_zero) * s->x_step;
                    y[vg_area_at(&s->y, picture, c, row, column)] = vg_twin_int8_byte(v, s);
                }
    vg_twin_int8_halo(y, s, VG_INT8_BYTES, blocks, s->pictures);
}
