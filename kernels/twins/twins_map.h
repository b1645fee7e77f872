/* The twins of the kernels that are not convolutions. `build` says for which options, as
 * vg_map_options takes it; buffers, layout and sizes are the kernel's. What a kernel writes
 * whatever its inputs hold (halo, unused lanes) the twin writes too. Pure, any thread. */
#ifndef VG_KERNELS_TWINS_TWINS_MAP_H
#define VG_KERNELS_TWINS_TWINS_MAP_H

#include "kernels/kernel_list.h"

/* ---- over planes ---- */

void vg_twin_pool(const float *x, float *y, const struct vg_map_sizes *s,
                  const struct vg_map_build *build, vg_i32 pictures);
void vg_twin_plane_mean(const float *x, float *y, const struct vg_map_sizes *s,
                        const struct vg_map_build *build, vg_i32 pictures);
void vg_twin_resize(const float *x, float *y, const struct vg_map_sizes *s,
                    const struct vg_map_build *build, vg_i32 pictures);
void vg_twin_combine(const float *x, const float *x2, float *y, const struct vg_map_sizes *s,
                     const struct vg_map_build *build, vg_i32 pictures);
void vg_twin_act(const float *x, float *y, const struct vg_map_sizes *s,
                 const struct vg_map_build *build, vg_i32 pictures);
void vg_twin_softmax(const float *x, float *y, const struct vg_map_sizes *s,
                     const struct vg_map_build *build, vg_i32 pictures);
void vg_twin_space_to_depth(const float *x, float *y, const struct vg_map_sizes *s,
                            const struct vg_map_build *build, vg_i32 pictures);

/* words: the weights' buffer, as integers */
void vg_twin_copy_channels(const float *x, const vg_i32 *words, float *y,
                           const struct vg_map_sizes *s, const struct vg_map_build *build,
                           vg_i32 pictures);
void vg_twin_read_out(const float *x, float *out, const struct vg_map_sizes *s,
                      const struct vg_map_build *build, vg_i32 pictures);

/* ---- the ends of a net ---- */

void vg_twin_prepare(const uint8_t *pixels, const struct vg_device_job *jobs, float *y,
                     const struct vg_prepare_sizes *s, const struct vg_map_build *build,
                     vg_i32 pictures);

/* the same with output VG_PREPARE_BYTES; blocks of 16 */
void vg_twin_prepare_bytes(const uint8_t *pixels, const struct vg_device_job *jobs, uint8_t *y,
                           const struct vg_prepare_sizes *s, const struct vg_map_build *build,
                           vg_i32 pictures);

struct vg_twin_head {
    const float *scores, *boxes;
    const float *objectness;          /* not of nanodet_boxes */
    const struct vg_device_job *jobs; /* one a picture */
    const vg_i32 *classes;            /* the net's class to ours, negative: dropped */
    vg_i32 *counts;                   /* one a picture, added to */
    struct vg_candidate *candidates;  /* [picture][candidates_max] */
};

/* kernel: one of the three heads. Candidates come in the order of cells, then classes. */
void vg_twin_boxes(enum vg_kernel kernel, const struct vg_twin_head *head,
                   const struct vg_boxes_sizes *s, const struct vg_map_build *build,
                   vg_i32 pictures);

/* ---- what the twins have in common ---- */

/* A value of a tensor in the blocked layout, by its channel. */
struct vg_twin_place {
    vg_i32 block; /* channels of a block */
    vg_i32 picture, c, row, column;
};

static inline vg_i32 vg_twin_place_at(const struct vg_area *area, const struct vg_twin_place *at)
{
    return area->first + at->picture * area->picture + at->c / at->block * area->plane +
           at->row * area->row + at->column * at->block + at->c % at->block;
}

/* Before the first value. */
static inline struct vg_twin_place vg_twin_start(const struct vg_map_build *build)
{
    return (struct vg_twin_place){.block = (vg_i32)build->block, .column = -1};
}

/* Goes on to the next value of y, all lanes of the last block included; 0: that was the last. */
int vg_twin_next(struct vg_twin_place *at, const struct vg_map_sizes *s, vg_i32 pictures);

struct vg_twin_planes {
    struct vg_area area;
    struct vg_halo halo;
    vg_i32 pixel; /* values of a pixel */
    vg_i32 count; /* planes of a picture: blocks */
    vg_i32 width, height, pictures;
};

/* Zeros in the planes and around them: what is not stored after this is halo. */
void vg_twin_planes_clear(float *y, const struct vg_twin_planes *planes);

/* The same for y of `s`. */
void vg_twin_clear(float *y, const struct vg_map_sizes *s, const struct vg_map_build *build,
                   vg_i32 pictures);

/* act: VG_ACT_CODE_* */
double vg_twin_activate(uint32_t act, double v, double a, double b);

struct vg_twin_plane {
    const float *values;
    const struct vg_area *area;
    vg_i32 width, height;
};

/* x seen at `at` of width x height. */
double vg_twin_linear(const struct vg_twin_plane *x, const struct vg_twin_place *at, vg_i32 width,
                      vg_i32 height);
double vg_twin_nearest(const struct vg_twin_plane *x, const struct vg_twin_place *at, vg_i32 width,
                       vg_i32 height);

#endif
