#include "kernels/depthwise_weights.h"

#include <string.h>

size_t vg_depthwise_bias_count(const struct vg_depthwise_shape *shape)
{
    return ((size_t)shape->channels + shape->block - 1) / shape->block * shape->block;
}

size_t vg_depthwise_weights_count(const struct vg_depthwise_shape *shape)
{
    return vg_depthwise_bias_count(shape) * shape->taps;
}

void vg_depthwise_pack(const struct vg_depthwise_shape *shape, const float *weights,
                       const float *bias, float *packed, float *packed_bias)
{
    const size_t taps = shape->taps, block = shape->block;
    memset(packed, 0, vg_depthwise_weights_count(shape) * sizeof *packed);
    memset(packed_bias, 0, vg_depthwise_bias_count(shape) * sizeof *packed_bias);
    memcpy(packed_bias, bias, shape->channels * sizeof *bias);
    for (size_t c = 0; c < shape->channels; c++)
        for (size_t tap = 0; tap < taps; tap++)
            packed[(c / block * taps + tap) * block + c % block] = weights[c * taps + tap];
}
