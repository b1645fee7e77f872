/* Twin of kernels/max_pool.cl: only the pixels inside are looked at. */
#include <math.h>

#include "kernels/twins/twins.h"

static float most_at(const float *x, const struct vg_map_sizes *s, vg_i32 picture, vg_i32 c,
                     vg_i32 row, vg_i32 column)
{
    float most = -INFINITY;
    for (vg_i32 i = 0; i < s->size_y; i++)
        for (vg_i32 j = 0; j < s->size_y; j++) {
            const vg_i32 r = row * s->stride_y + i - s->above,
                         q = column * s->stride_y + j - s->above;
            if (r < 0 || q < 0 || r >= s->x_height || q >= s->x_width)
                continue;
            most = fmaxf(most, x[vg_area_at(&s->x, picture, c, r, q)]);
        }
    return most;
}

void vg_twin_max_pool(const float *x, float *y, const struct vg_map_sizes *s, vg_i32 blocks,
                      vg_i32 pictures)
{
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, c, row, column)] =
                        most_at(x, s, picture, c, row, column);
}
