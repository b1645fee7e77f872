/* Twin of kernels/resize.cl. */
#include <math.h>

#include "kernels/twins/twins.h"

struct tap {
    vg_i32 first, second;
    double part; /* of the second */
};

static struct tap tap_at(vg_i32 out, vg_i32 out_size, vg_i32 in_size)
{
    const double at = fmax((out + 0.5) * in_size / out_size - 0.5, 0.0);
    const vg_i32 low = (vg_i32)floor(at);
    const vg_i32 first = low < in_size - 1 ? low : in_size - 1;
    return (struct tap){first, first + 1 < in_size ? first + 1 : in_size - 1, at - floor(at)};
}

void vg_twin_resize(const float *x, float *y, const struct vg_map_sizes *s, vg_i32 blocks,
                    vg_i32 pictures)
{
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    const struct tap r = tap_at(row, s->height, s->x_height);
                    const struct tap q = tap_at(column, s->width, s->x_width);
                    const double above =
                        (1 - q.part) * (double)x[vg_area_at(&s->x, picture, c, r.first, q.first)] +
                        q.part * (double)x[vg_area_at(&s->x, picture, c, r.first, q.second)];
                    const double below =
                        (1 - q.part) * (double)x[vg_area_at(&s->x, picture, c, r.second, q.first)] +
                        q.part * (double)x[vg_area_at(&s->x, picture, c, r.second, q.second)];
                    y[vg_area_at(&s->y, picture, c, row, column)] =
                        (float)((1 - r.part) * above + r.part * below);
                }
}
