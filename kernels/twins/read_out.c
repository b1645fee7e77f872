/* Twin of kernels/read_out.cl. */
#include "kernels/twins/twins_map.h"

void vg_twin_read_out(const float *x, float *out, const struct vg_map_sizes *s,
                      const struct vg_map_build *build, vg_i32 pictures)
{
    const vg_i32 cells = s->width * s->height;
    struct vg_twin_place at = vg_twin_start(build);
    while (vg_twin_next(&at, s, pictures)) {
        const vg_i32 cell = at.row * s->width + at.column;
        const vg_i32 place =
            build->raw == VG_RAW_PLANES ? at.c * cells + cell : cell * s->channels + at.c;
        if (at.c < s->channels)
            out[s->y.first + at.picture * s->y.picture + place] = x[vg_twin_place_at(&s->x, &at)];
    }
}
