/* Twin of kernels/combine_int8.cl. */
#include <math.h>

#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static float second_at(const uint8_t *x2, const struct vg_int8_sizes *s, enum vg_int8_x2 how,
                       vg_i32 picture, vg_i32 c, vg_i32 row, vg_i32 column)
{
    if (how == VG_INT8_X2_LINEAR)
        return vg_twin_int8_between(x2 + vg_area_at(&s->x2, picture, c, 0, 0), s->x2.row,
                                    s->x2_width, s->x2_height, s, row, column) -
               (float)s->x2_zero;
    const int pixel = how == VG_INT8_X2_PIXEL;
    return (float)(x2[vg_area_at(&s->x2, picture, c, pixel ? 0 : row, pixel ? 0 : column)] -
                   s->x2_zero);
}

void vg_twin_combine_int8(const uint8_t *x, const uint8_t *x2, uint8_t *y,
                          const struct vg_int8_sizes *s, const struct vg_int8_map_build *how,
                          vg_i32 blocks)
{
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    float v = (float)(x[vg_area_at(&s->x, picture, c, row, column)] - s->x_zero) *
                              s->x_step;
                    if (how->combine == VG_INT8_COMBINE_ADD)
                        v = fmaf(second_at(x2, s, how->x2, picture, c, row, column), s->x2_step, v);
                    if (how->combine == VG_INT8_COMBINE_MUL)
                        v = v * (second_at(x2, s, how->x2, picture, c, row, column) * s->x2_step);
                    v = vg_twin_int8_activate(v, how->act, s->act_a, s->act_b);
                    y[vg_area_at(&s->y, picture, c, row, column)] = vg_twin_int8_byte(v, s);
                }
    vg_twin_int8_halo(y, s, VG_INT8_BYTES, blocks, s->pictures);
}
