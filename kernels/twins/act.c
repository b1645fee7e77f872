/* Twin of kernels/act.cl. */
#include "kernels/twins/twins_map.h"

void vg_twin_act(const float *x, float *y, const struct vg_map_sizes *s,
                 const struct vg_map_build *build, vg_i32 pictures)
{
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures))
        y[vg_twin_place_at(&s->y, &at)] =
            (float)vg_twin_activate(build->act, (double)x[vg_twin_place_at(&s->x, &at)],
                                    (double)s->act_a, (double)s->act_b);
}
