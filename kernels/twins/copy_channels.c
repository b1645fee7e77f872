/* Twin of kernels/copy_channels.cl. */
#include "kernels/twins/twins_map.h"

void vg_twin_copy_channels(const float *x, const vg_i32 *words, float *y,
                           const struct vg_map_sizes *s, const struct vg_map_build *build,
                           vg_i32 pictures)
{
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures)) {
        const vg_i32 pixel = s->x.first + at.picture * s->x.picture + at.row * s->x.row +
                             at.column * (vg_i32)build->block;
        if (at.c < s->channels)
            y[vg_twin_place_at(&s->y, &at)] = x[pixel + words[s->table_first + at.c]];
    }
}
