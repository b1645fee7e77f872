/* Walking through a tensor, its halo, and the activations: what the twins have in common. */
#include <math.h>

#include "kernels/twins/twins_map.h"

/* one step of a counter; 0: it was at its end and begins anew */
static int step(vg_i32 *counter, vg_i32 end)
{
    const int more = *counter + 1 < end;
    *counter = more ? *counter + 1 : 0;
    return more;
}

int vg_twin_next(struct vg_twin_place *at, const struct vg_map_sizes *s, vg_i32 pictures)
{
    const vg_i32 lanes = (s->channels + at->block - 1) / at->block * at->block;
    return step(&at->column, s->width) || step(&at->row, s->height) || step(&at->c, lanes) ||
           step(&at->picture, pictures);
}

void vg_twin_clear(float *y, const struct vg_map_sizes *s, const struct vg_map_build *build,
                   vg_i32 pictures)
{
    const vg_i32 block = (vg_i32)build->block;
    const struct vg_twin_planes planes = {.area = s->y,
                                          .halo = s->halo,
                                          .pixel = block,
                                          .count = (s->channels + block - 1) / block,
                                          .width = s->width,
                                          .height = s->height,
                                          .pictures = pictures};
    vg_twin_planes_clear(y, &planes);
}

static void plane_clear(float *y, const struct vg_twin_planes *p)
{
    for (vg_i32 row = -p->halo.above; row < p->height + p->halo.below; row++)
        for (vg_i32 i = -p->halo.left * p->pixel; i < (p->width + p->halo.right) * p->pixel; i++)
            y[row * p->area.row + i] = 0;
}

void vg_twin_planes_clear(float *y, const struct vg_twin_planes *p)
{
    for (vg_i32 picture = 0; picture < p->pictures; picture++)
        for (vg_i32 i = 0; i < p->count; i++)
            plane_clear(y + p->area.first + picture * p->area.picture + i * p->area.plane, p);
}

static double within(double v, double low, double high)
{
    return fmin(fmax(v, low), high);
}

double vg_twin_activate(uint32_t act, double v, double a, double b)
{
    switch (act) {
    case VG_ACT_CODE_LEAKY:
        return v > 0 ? v : a * v;
    case VG_ACT_CODE_CLIP:
        return within(v, a, b);
    case VG_ACT_CODE_SIGMOID:
        return 1 / (1 + exp(-v));
    case VG_ACT_CODE_SILU:
        return v / (1 + exp(-v));
    case VG_ACT_CODE_HARD_SIGMOID:
        return within(a * v + b, 0, 1);
    case VG_ACT_CODE_HARD_SWISH:
        return v * within(v / 6 + 0.5, 0, 1);
    default:
        return v;
    }
}
