/* Convolutions over bytes on the host: rounding of the weights, packing in the order in which
 * conv_int8_x86 and conv_int8_depthwise read them, build options, the halo they want.
 * A byte q of a tensor stands for step * (q - zero); a weight w of channel o is rounded to
 * w = weight_step[o] * integer, -127 to 127. Pure, any thread. */
#ifndef VG_KERNELS_INT8_WEIGHTS_H
#define VG_KERNELS_INT8_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_list.h"

/* How the products are made; the results are the same bytes. */
enum vg_int8_lane {
    VG_INT8_PLAIN,      /* any processor: right, but slower than floats */
    VG_INT8_AVX_VNNI,   /* 256 bits, 16 registers */
    VG_INT8_AVX512_VL,  /* 256 bits, of AVX-512 */
    VG_INT8_AVX512_VNNI /* 512 bits */
};

enum vg_int8_output {
    VG_INT8_BYTES,
    VG_INT8_FLOATS
};

struct vg_int8_build {
    enum vg_int8_lane lane;
    enum vg_int8_output output;
    struct vg_conv_build conv; /* block 16; tile.blocks counts vectors of vg_int8_lanes channels */
};

/* Channels of a vector: 16, or 8 of the 256-bit lanes (a block of 16 is then two vectors). */
uint32_t vg_int8_lanes(enum vg_int8_lane lane);

/* Build options of the convolutions. */
void vg_int8_options(enum vg_kernel kernel, const struct vg_int8_build *build,
                     char options[VG_KERNEL_OPTIONS_SIZE]);

/* What the kernels over planes are built for; each reads what concerns it. */
enum vg_int8_combine {
    VG_INT8_COMBINE_ADD,
    VG_INT8_COMBINE_MUL,
    VG_INT8_COMBINE_ACT /* x alone; x2 is not read */
};
enum vg_int8_x2 {
    VG_INT8_X2_SAME,   /* of y's size */
    VG_INT8_X2_LINEAR, /* resized to it */
    VG_INT8_X2_PIXEL   /* planes of one pixel */
};
enum vg_int8_resize {
    VG_INT8_RESIZE_LINEAR,
    VG_INT8_RESIZE_NEAREST
};
struct vg_int8_map_build {
    enum vg_int8_combine combine; /* combine_int8 */
    enum vg_int8_x2 x2;
    uint32_t act;               /* VG_ACT_CODE_* */
    enum vg_int8_resize resize; /* resize_int8 */
    uint32_t pixel;             /* quantise_int8: 16, or 4 for the net's input */
};

/* Build options of combine_int8, resize_int8 and quantise_int8; the others have none. */
void vg_int8_map_options(enum vg_kernel kernel, const struct vg_int8_map_build *build,
                         char options[VG_KERNEL_OPTIONS_SIZE]);

/* The halo that x must have. Of `s`: x_width, x_height, above, left, width and height are read. */
struct vg_halo vg_int8_reach(enum vg_kernel kernel, const struct vg_int8_build *build,
                             const struct vg_int8_sizes *s);

/* conv_int8_stem_pool_x86: local memory. */
size_t vg_int8_stem_local_bytes(const struct vg_int8_build *build);

/* What the bytes of a convolution's input stand for: for all channels step * (q - zero), or, where
 * `ratio` and `mean` are given, step * ratio[c] * (q - mean[c]) for channel c: the net's input,
 * whose normalisation is folded into the weights. `mean` may be any number; the halo of such a
 * tensor holds the byte nearest to it, which differs from the net's padding of zeros by half a byte
 * at most. */
struct vg_int8_input {
    float step;
    vg_i32 zero;
    const float *ratio, *mean; /* NULL, or x_channels values each */
};

struct vg_int8_shape {
    enum vg_kernel kernel; /* VG_KERNEL_CONV_INT8_X86, _DEPTHWISE or _STEM_POOL */
    const struct vg_int8_build *build;
    uint32_t x_channels, y_channels;
};

/* Whether every sum of the convolution stays exact: products of a sum at most 33 000, or 259 of a
 * depthwise one. Otherwise the convolution stays one of floats. */
int vg_int8_fits(const struct vg_int8_shape *shape);

/* rounded = weights / step, to nearest, ties to even, clamped to -127..127; weights
 * [y_channels][x_channels, or 1][size_y][size_x]; step, one for each channel of y, that of the
 * weights as multiplied by input->ratio. A step of 0 gives zeros. */
void vg_int8_round(const struct vg_int8_shape *shape, const struct vg_int8_input *input,
                   const float *weights, const float *step, int8_t *rounded);

/* Words of 4 bytes of the packed weights, and of the starts, scales and biases after them. Each
 * count is a multiple of 8. */
size_t vg_int8_weights_count(const struct vg_int8_shape *shape);
size_t vg_int8_lanes_count(const struct vg_int8_shape *shape);
/* Groups of y's vectors: vg_int8_sizes.groups. */
uint32_t vg_int8_groups(const struct vg_int8_shape *shape);

/* Packs; what has no source is zero.
 *
 *   conv_int8_x86            [group of OB vectors][four channels of x][ky][kx][OB][lanes][4 bytes]
 *   conv_int8_stem_pool_x86  the same
 *   conv_int8_depthwise      [block][ky][kx][16], floats that hold integers
 *   lanes                    [vector][start, scale, bias][lanes]: start = - sum of weight * zero,
 *                            scale = weight_step * input->step, bias with what is left of a mean
 *                            that is no integer */
void vg_int8_pack(const struct vg_int8_shape *shape, const struct vg_int8_input *input,
                  const int8_t *rounded, const float *step, const float *bias, float *packed,
                  float *lanes);

#endif
