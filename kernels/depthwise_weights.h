/* Packing of a depthwise convolution's weights, for conv_depthwise and for the first half of
 * conv_row. Done once, when a model is put on a device. Pure, any thread. */
#ifndef VG_KERNELS_DEPTHWISE_WEIGHTS_H
#define VG_KERNELS_DEPTHWISE_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

struct vg_depthwise_shape {
    uint32_t channels;
    uint32_t taps;  /* places of the window: size_y * size_x */
    uint32_t block; /* channels of a block on the device */
};

/* Floats of the packed weights and of the packed bias. */
size_t vg_depthwise_weights_count(const struct vg_depthwise_shape *shape);
size_t vg_depthwise_bias_count(const struct vg_depthwise_shape *shape);

/* Packs `weights` ([channels][taps]) into packed, [block][tap][shape->block], and `bias`
 * ([channels]) into packed_bias; the last block's other channels are zero. */
void vg_depthwise_pack(const struct vg_depthwise_shape *shape, const float *weights,
                       const float *bias, float *packed, float *packed_bias);

#endif
