/* Twin of kernels/copy_channels.cl. */
#include "kernels/twins/twins.h"

void vg_twin_copy_channels(const float *x, float *y, const struct vg_map_sizes *s, vg_i32 channels,
                           vg_i32 pictures)
{
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < channels; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, s->table_first + c, row, column)] =
                        x[vg_area_at(&s->x, picture, c, row, column)];
}
