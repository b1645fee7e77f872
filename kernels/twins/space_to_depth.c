/* Twin of kernels/space_to_depth.cl. */
#include "kernels/twins/twins_map.h"

void vg_twin_space_to_depth(const float *x, float *y, const struct vg_map_sizes *s,
                            const struct vg_map_build *build, vg_i32 pictures)
{
    const vg_i32 each = s->channels / 4;
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures)) {
        const vg_i32 q = at.c / each;
        const struct vg_twin_place from = {at.block, at.picture, at.c % each, 2 * at.row + q / 2,
                                           2 * at.column + q % 2};
        if (at.c < s->channels)
            y[vg_twin_place_at(&s->y, &at)] = x[vg_twin_place_at(&s->x, &from)];
    }
}
