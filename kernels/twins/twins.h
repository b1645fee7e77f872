/* The twins: each kernel again in plain C, with double sums, as its formula stands and never
 * made fast. They say what is right. Same buffers, layout and sizes as the kernel of the same
 * name (kernels/NAME.cl); only the convolutions take their weights as the model has them, so
 * that the packing is judged too. Pure, any thread. */
#ifndef VG_KERNELS_TWINS_TWINS_H
#define VG_KERNELS_TWINS_TWINS_H

#include "kernels/kernel_list.h"
#include "kernels/kernel_sizes.h"

/* weights [y_channels][x_channels / parts][size_y][size_x], bias [y_channels] */
struct vg_twin_conv {
    const struct vg_conv_build *build;
    const float *weights, *bias;
    const float *x2;     /* NULL: nothing is added */
    const vg_i32 *table; /* NULL: x by blocks */
};

/* Write all channels of the last block (those beyond y_channels come of a sum of 0) and the halo.
 * Nothing of the halo of x is read. */
void vg_twin_conv_any(const float *x, const struct vg_twin_conv *conv, float *y,
                      const struct vg_conv_sizes *s);
void vg_twin_conv_direct(const float *x, const struct vg_twin_conv *conv, float *y,
                         const struct vg_conv_sizes *s);
void vg_twin_conv_tile(const float *x, const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s);
void vg_twin_conv_subgroup(const float *x, const struct vg_twin_conv *conv, float *y,
                           const struct vg_conv_sizes *s);
/* x and the weights are numbers that halves can hold. */
void vg_twin_conv_mma(const float *x, const struct vg_twin_conv *conv, float *y,
                      const struct vg_conv_sizes *s);
void vg_twin_gemm_pack(const float *x, const struct vg_twin_conv *conv, float *scratch,
                       const struct vg_conv_sizes *s);
void vg_twin_gemm_unpack(const float *scratch, const struct vg_twin_conv *conv, float *y,
                         const struct vg_conv_sizes *s);
/* By F(4,3), from weights transformed in double; stride 1, side 3. */
void vg_twin_conv_wino(const float *x, const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s);
void vg_twin_conv_wino_in(const float *x, const struct vg_twin_conv *conv, float *scratch,
                          const struct vg_conv_sizes *s);
void vg_twin_conv_wino_mul(const float *scratch, const struct vg_twin_conv *conv, float *y,
                           const struct vg_conv_sizes *s);

/* The plain convolution. */
void vg_twin_conv_wino2(const float *x, const struct vg_twin_conv *conv, float *y,
                        const struct vg_conv_sizes *s);

/* weights [channels][size_y][size_x] */
void vg_twin_conv_depthwise(const float *x, const struct vg_twin_conv *conv, float *y,
                            const struct vg_conv_sizes *s);

/* The 1x1 with what happens at its store, and the depthwise before it; both with the kernel's
 * build. middle: room for x_channels values. */
struct vg_twin_row {
    struct vg_twin_conv conv, first;
    double *middle;
};
void vg_twin_conv_row(const float *x, const struct vg_twin_row *conv, float *y,
                      const struct vg_row_sizes *s);

/* The convolution; the pool is always the same. */
void vg_twin_conv_stem_pool(const float *x, const struct vg_twin_conv *conv, float *y,
                            const struct vg_stem_sizes *s);

/* Index of channel c at (row, column) of a picture in the blocked layout. */
static inline vg_i32 vg_area_at(const struct vg_area *area, vg_i32 picture, vg_i32 c, vg_i32 row,
                                vg_i32 column)
{
    return area->first + picture * area->picture + c / VG_BLOCK * area->plane + row * area->row +
           column * VG_BLOCK + c % VG_BLOCK;
}

#endif
