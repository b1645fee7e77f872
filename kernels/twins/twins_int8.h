/* The twins of the kernels over bytes. Sums in integers; what is of floats there is of floats here,
 * with the same roundings in the same order, so that every byte must agree. Same buffers, layout
 * and sizes as the kernel of the same name; the convolutions take their weights unpacked, so that
 * the packing is judged too. Pure, any thread. */
#ifndef VG_KERNELS_TWINS_TWINS_INT8_H
#define VG_KERNELS_TWINS_TWINS_INT8_H

#include "kernels/int8_weights.h"

struct vg_twin_int8_conv {
    const struct vg_int8_build *build;
    const struct vg_int8_input *input;
    vg_i32 x_channels, y_channels;
    const int8_t *weights;    /* [y_channels][x_channels, or 1][size_y][size_x] */
    const float *step, *bias; /* of the weights; of each channel of y */
    const vg_i32 *table;      /* TABLE, else NULL */
};

/* y is of floats where the build says so. Both write all 16 channels of the last block. */
void vg_twin_conv_int8(const uint8_t *x, const struct vg_twin_int8_conv *conv, const uint8_t *x2,
                       void *y, const struct vg_int8_sizes *s);
void vg_twin_conv_int8_depthwise(const uint8_t *x, const struct vg_twin_int8_conv *conv, void *y,
                                 const struct vg_int8_sizes *s);
/* The bytes of the convolution anew for each window of the pool; those outside are not looked at. */
void vg_twin_conv_int8_stem_pool(const uint8_t *x, const struct vg_twin_int8_conv *conv, uint8_t *y,
                                 const struct vg_int8_stem_sizes *t);

/* blocks: of y */
void vg_twin_max_pool_int8(const uint8_t *x, uint8_t *y, const struct vg_int8_sizes *s,
                           vg_i32 blocks);

void vg_twin_combine_int8(const uint8_t *x, const uint8_t *x2, uint8_t *y,
                          const struct vg_int8_sizes *s, const struct vg_int8_map_build *how,
                          vg_i32 blocks);

void vg_twin_resize_int8(const uint8_t *x, uint8_t *y, const struct vg_int8_sizes *s,
                         enum vg_int8_resize how, vg_i32 blocks);

/* pixel: 16, or 4 for the net's input (then one block) */
void vg_twin_quantise_int8(const float *x, uint8_t *y, const struct vg_int8_sizes *s, vg_i32 pixel,
                           vg_i32 blocks);
void vg_twin_dequantise_int8(const uint8_t *x, float *y, const struct vg_int8_sizes *s,
                             vg_i32 blocks);

/* words: the weights' buffer, as integers */
void vg_twin_copy_channels_int8(const uint8_t *x, const vg_i32 *words, uint8_t *y,
                                const struct vg_int8_sizes *s);

/* ---- what they share (int8_value.c) ---- */

/* Of a convolution, as it is before it becomes a byte. */
float vg_twin_int8_result(const uint8_t *x, const struct vg_twin_int8_conv *conv, const uint8_t *x2,
                          const struct vg_int8_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 row,
                          vg_i32 column);

float vg_twin_int8_activate(float v, uint32_t act, float a, float b);
uint8_t vg_twin_int8_byte(float v, const struct vg_int8_sizes *s);

/* The byte between four pixels of plane (inner pixel (0,0), lane 0) where pixel (row, column) of
 * the result falls. */
float vg_twin_int8_between(const uint8_t *plane, vg_i32 row_step, vg_i32 width, vg_i32 height,
                           const struct vg_int8_sizes *s, vg_i32 row, vg_i32 column);

/* The halo of all planes of y in its zero point, or in zeros where y is of floats. */
void vg_twin_int8_halo(void *y, const struct vg_int8_sizes *s, enum vg_int8_output output,
                       vg_i32 blocks, vg_i32 pictures);

#endif
