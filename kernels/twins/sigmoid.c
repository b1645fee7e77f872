/* Twin of kernels/sigmoid.cl. */
#include <math.h>

#include "kernels/twins/twins.h"

void vg_twin_sigmoid(const float *x, float *y, const struct vg_map_sizes *s, vg_i32 blocks,
                     vg_i32 pictures)
{
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, c, row, column)] =
                        (float)(1 /
                                (1 + exp(-(double)x[vg_area_at(&s->x, picture, c, row, column)])));
}
