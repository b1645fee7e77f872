#include "kernels/twins/cases_planes.h"

size_t vg_case_planes_place(const struct vg_case_planes *p, vg_i32 pictures, struct vg_area *area)
{
    const struct vg_halo *h = &p->halo;
    area->row = (h->left + p->width + h->right) * p->pixel;
    area->plane = (h->above + p->height + h->below) * area->row;
    area->picture = (p->before + p->blocks + p->after) * area->plane;
    area->first =
        VG_CASE_GUARD_FLOATS + p->before * area->plane + h->above * area->row + h->left * p->pixel;
    return 2 * VG_CASE_GUARD_FLOATS + (size_t)pictures * (size_t)area->picture;
}

void vg_case_channel_fill(const struct vg_case_run *run, float *data,
                          const struct vg_case_planes *p, const struct vg_area *area,
                          vg_i32 picture, vg_i32 lane, struct vg_random *random)
{
    const struct vg_halo *h = &p->halo;
    for (vg_i32 row = -h->above; row < p->height + h->below; row++)
        for (vg_i32 column = -h->left; column < p->width + h->right; column++) {
            const int inside = row >= 0 && row < p->height && column >= 0 && column < p->width;
            data[area->first + picture * area->picture + lane + row * area->row +
                 column * p->pixel] =
                inside ? vg_case_held(run, vg_case_value(random, run->row->amplitude)) : 0.0f;
        }
}

struct vg_case_buffer *vg_case_addend_add(struct vg_case_run *run, struct vg_conv_sizes *s,
                                          const struct vg_conv_build *build,
                                          struct vg_random *random)
{
    const vg_i32 block = (vg_i32)build->block;
    struct vg_case_planes p = {.pixel = block, .before = 1, .halo = {1, 2, 2, 0}};
    if (build->add != VG_CONV_ADD_NONE) {
        p.blocks = (s->y_channels + block - 1) / block;
        p.width = s->x2_width;
        p.height = s->x2_height;
    }
    const size_t floats = vg_case_planes_place(&p, s->pictures, &s->x2);
    struct vg_case_buffer *buffer = vg_case_buffer_add(run, VG_ARG_X2, floats * sizeof(float));
    if (!buffer)
        return NULL;
    vg_case_guard_fill(buffer);
    p.halo = (struct vg_halo){0}; /* stays a guard: it is not read */
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < p.blocks * block; c++)
            vg_case_channel_fill(run, buffer->data, &p, &s->x2, picture,
                                 c / block * s->x2.plane + c % block, random);
    return buffer;
}

struct vg_case_buffer *vg_case_conv_output_add(struct vg_case_run *run, struct vg_conv_sizes *s,
                                               vg_i32 block, struct vg_random *random)
{
    s->halo = (struct vg_halo){.left = (vg_i32)vg_random_below(random, 3),
                               .right = (vg_i32)vg_random_below(random, 6),
                               .above = (vg_i32)vg_random_below(random, 3),
                               .below = (vg_i32)vg_random_below(random, 4)};
    const struct vg_case_planes p = {.width = s->width,
                                     .height = s->height,
                                     .pixel = block,
                                     .blocks = (s->y_channels + block - 1) / block,
                                     .halo = s->halo,
                                     .before = 1,
                                     .after = 1};
    const size_t floats = vg_case_planes_place(&p, s->pictures, &s->y);
    struct vg_case_buffer *buffer = vg_case_buffer_add(run, VG_ARG_Y, floats * sizeof(float));
    if (!buffer)
        return NULL;
    vg_case_guard_fill(buffer);
    return vg_case_want_add(buffer) ? NULL : buffer;
}
