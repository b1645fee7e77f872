/* Twin of kernels/softmax.cl. */
#include <math.h>

#include "kernels/twins/twins_map.h"

static double share_at(const float *x, const struct vg_map_sizes *s, const struct vg_twin_place *at)
{
    struct vg_twin_place from = *at;
    double most = -HUGE_VAL, sum = 0;
    for (from.c = 0; from.c < s->channels; from.c++)
        most = fmax(most, (double)x[vg_twin_place_at(&s->x, &from)]);
    for (from.c = 0; from.c < s->channels; from.c++)
        sum += exp((double)x[vg_twin_place_at(&s->x, &from)] - most);
    return exp((double)x[vg_twin_place_at(&s->x, at)] - most) / sum;
}

void vg_twin_softmax(const float *x, float *y, const struct vg_map_sizes *s,
                     const struct vg_map_build *build, vg_i32 pictures)
{
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures))
        if (at.c < s->channels)
            y[vg_twin_place_at(&s->y, &at)] = (float)share_at(x, s, &at);
}
