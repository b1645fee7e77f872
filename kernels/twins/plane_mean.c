/* Twin of kernels/plane_mean.cl. */
#include "kernels/twins/twins_map.h"

void vg_twin_plane_mean(const float *x, float *y, const struct vg_map_sizes *s,
                        const struct vg_map_build *build, vg_i32 pictures)
{
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures)) {
        struct vg_twin_place from = at;
        double sum = 0;
        for (from.row = 0; from.row < s->x_height; from.row++)
            for (from.column = 0; from.column < s->x_width; from.column++)
                sum += (double)x[vg_twin_place_at(&s->x, &from)];
        y[vg_twin_place_at(&s->y, &at)] = (float)(sum / ((double)s->x_width * (double)s->x_height));
    }
}
