/* Twin of kernels/combine.cl. */
#include "kernels/twins/twins_map.h"

static double second_at(const struct vg_twin_plane *x2, const struct vg_twin_place *at,
                        const struct vg_map_sizes *s, enum vg_second second)
{
    const struct vg_twin_place point = {at->block, at->picture, at->c, 0, 0};
    switch (second) {
    case VG_SECOND_POINT:
        return (double)x2->values[vg_twin_place_at(x2->area, &point)];
    case VG_SECOND_LINEAR:
        return vg_twin_linear(x2, at, s->width, s->height);
    case VG_SECOND_NEAREST:
        return vg_twin_nearest(x2, at, s->width, s->height);
    case VG_SECOND_SAME:
        break;
    }
    return (double)x2->values[vg_twin_place_at(x2->area, at)];
}

void vg_twin_combine(const float *x, const float *x2, float *y, const struct vg_map_sizes *s,
                     const struct vg_map_build *build, vg_i32 pictures)
{
    const struct vg_twin_plane other = {x2, &s->x2, s->x2_width, s->x2_height};
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures)) {
        const double a = (double)x[vg_twin_place_at(&s->x, &at)];
        const double b = second_at(&other, &at, s, build->second);
        const double both = build->combine == VG_COMBINE_MUL ? a * b : a + b;
        y[vg_twin_place_at(&s->y, &at)] =
            (float)vg_twin_activate(build->act, both, (double)s->act_a, (double)s->act_b);
    }
}
