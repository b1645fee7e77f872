#include "kernels/twins/conv_twin.h"

#include "kernels/twins/twins_map.h"

#include <math.h>

double vg_twin_conv_x(const float *x, const struct vg_twin_conv *conv,
                      const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 row,
                      vg_i32 column)
{
    const vg_i32 block = (vg_i32)conv->build->block;
    const vg_i32 lane = conv->table ? conv->table[c] : c / block * s->x.plane + c % block;
    if (row < 0 || row >= s->x_height || column < 0 || column >= s->x_width)
        return 0;
    return (
        double)x[s->x.first + picture * s->x.picture + lane + row * s->x.row + column * s->x_pixel];
}

struct spot {
    vg_i32 picture, c, row, column;
};

static double x2_at(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s, struct spot at)
{
    return (double)conv->x2[vg_twin_conv_at(&s->x2, (vg_i32)conv->build->block, at.picture, at.c,
                                            at.row, at.column)];
}

/* half-pixel centres, edges clamped */
static double x2_between(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s,
                         struct spot at)
{
    const double y = fmax((at.row + 0.5) * s->x2_height / s->height - 0.5, 0);
    const double x = fmax((at.column + 0.5) * s->x2_width / s->width - 0.5, 0);
    double sum = 0;
    for (vg_i32 i = 0; i < 4; i++) {
        const double row = floor(y) + i / 2, column = floor(x) + i % 2;
        const struct spot near = {at.picture, at.c, (vg_i32)fmin(row, s->x2_height - 1),
                                  (vg_i32)fmin(column, s->x2_width - 1)};
        sum += (1 - fabs(y - row)) * (1 - fabs(x - column)) * x2_at(conv, s, near);
    }
    return sum;
}

void vg_twin_conv_store(double v, const struct vg_twin_conv *conv, float *y,
                        const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 row,
                        vg_i32 column)
{
    const struct vg_conv_build *build = conv->build;
    const vg_i32 block = (vg_i32)build->block;
    const struct spot at = {picture, c, row, column};
    const struct spot nearest = {picture, c, row * s->x2_height / s->height,
                                 column * s->x2_width / s->width};
    if (build->add == VG_CONV_ADD_BEFORE)
        v += x2_at(conv, s, at);
    if (c / block < s->act_blocks)
        v = vg_twin_activate(build->act, v, (double)s->act_a, (double)s->act_b);
    if (build->add == VG_CONV_ADD_AFTER)
        v += x2_at(conv, s, at);
    if (build->add == VG_CONV_ADD_LINEAR)
        v += x2_between(conv, s, at);
    if (build->add == VG_CONV_ADD_NEAREST)
        v += x2_at(conv, s, nearest);
    y[vg_twin_conv_at(&s->y, block, picture, c, row, column)] = (float)v;
}

vg_i32 vg_twin_conv_lanes(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s)
{
    const vg_i32 block = (vg_i32)conv->build->block;
    return (s->y_channels + block - 1) / block * block;
}

void vg_twin_conv_clear(const struct vg_twin_conv *conv, float *y, const struct vg_conv_sizes *s)
{
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < vg_twin_conv_lanes(conv, s); c++)
            for (vg_i32 row = -s->halo.above; row < s->height + s->halo.below; row++)
                for (vg_i32 column = -s->halo.left; column < s->width + s->halo.right; column++)
                    y[vg_twin_conv_at(&s->y, (vg_i32)conv->build->block, picture, c, row, column)] =
                        0;
}
