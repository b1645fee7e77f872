/* Twin of kernels/pool.cl: only the pixels inside are looked at. */
#include <math.h>

#include "kernels/twins/twins_map.h"

struct window {
    double most, sum;
    vg_i32 count;
};

static struct window window_at(const float *x, const struct vg_map_sizes *s,
                               const struct vg_twin_place *at)
{
    struct window w = {.most = -HUGE_VAL};
    for (vg_i32 i = 0; i < s->size_y; i++)
        for (vg_i32 j = 0; j < s->size_x; j++) {
            const vg_i32 row = at->row * s->stride_y + i - s->above;
            const vg_i32 column = at->column * s->stride_x + j - s->left;
            if (row < 0 || column < 0 || row >= s->x_height || column >= s->x_width)
                continue;
            const struct vg_twin_place from = {at->block, at->picture, at->c, row, column};
            const double value = (double)x[vg_twin_place_at(&s->x, &from)];
            w.most = fmax(w.most, value);
            w.sum += value;
            w.count++;
        }
    return w;
}

void vg_twin_pool(const float *x, float *y, const struct vg_map_sizes *s,
                  const struct vg_map_build *build, vg_i32 pictures)
{
    struct vg_twin_place at = vg_twin_start(build);
    vg_twin_clear(y, s, build, pictures);
    while (vg_twin_next(&at, s, pictures)) {
        const struct window w = window_at(x, s, &at);
        const vg_i32 count = s->pad_counts ? s->size_y * s->size_x : w.count;
        y[vg_twin_place_at(&s->y, &at)] =
            (float)(build->pool == VG_POOL_MEAN ? w.sum / count : w.most);
    }
}
