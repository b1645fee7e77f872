/* Twin of kernels/dequantise_int8.cl. */
#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

void vg_twin_dequantise_int8(const uint8_t *x, float *y, const struct vg_int8_sizes *s,
                             vg_i32 blocks)
{
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, c, row, column)] =
                        (float)(x[vg_area_at(&s->x, picture, c, row, column)] - s->x_zero) *
                        s->x_step;
    vg_twin_int8_halo(y, s, VG_INT8_FLOATS, blocks, s->pictures);
}
