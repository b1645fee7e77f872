/* Twin of kernels/resize.cl. */
#include <math.h>

#include "kernels/twins/twins_map.h"

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

static double value_at(const struct vg_twin_plane *x, const struct vg_twin_place *at, vg_i32 row,
                       vg_i32 column)
{
    const struct vg_twin_place from = {at->block, at->picture, at->c, row, column};
    return (double)x->values[vg_twin_place_at(x->area, &from)];
}

double vg_twin_nearest(const struct vg_twin_plane *x, const struct vg_twin_place *at, vg_i32 width,
                       vg_i32 height)
{
    return value_at(x, at, at->row * x->height / height, at->column * x->width / width);
}

double vg_twin_linear(const struct vg_twin_plane *x, const struct vg_twin_place *at, vg_i32 width,
                      vg_i32 height)
{
    const struct tap r = tap_at(at->row, height, x->height);
    const struct tap q = tap_at(at->column, width, x->width);
    const double above = (1 - q.part) * value_at(x, at, r.first, q.first) +
                         q.part * value_at(x, at, r.first, q.second);
    const double below = (1 - q.part) * value_at(x, at, r.second, q.first) +
                         q.part * value_at(x, at, r.second, q.second);
    return (1 - r.part) * above + r.part * below;
}

void vg_twin_resize(const float *x, float *y, const struct vg_map_sizes *s,
                    const struct vg_map_build *build, vg_i32 pictures)
{
    const struct vg_twin_plane from = {x, &s->x, s->x_width, s->x_height};
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures))
        y[vg_twin_place_at(&s->y, &at)] =
            (float)(build->resample == VG_RESAMPLE_NEAREST
                        ? vg_twin_nearest(&from, &at, s->width, s->height)
                        : vg_twin_linear(&from, &at, s->width, s->height));
}
