#include "models/model_pixels.h"

#include <math.h>

float vg_model_input_ratio(const struct vg_model *model, float ratio[3])
{
    float step = 0;
    for (int i = 0; i < 3; i++)
        step = fmaxf(step, fabsf(model->scale[i]));
    for (int i = 0; i < 3; i++)
        ratio[i] = model->scale[i] / step;
    return step;
}

uint32_t vg_model_pixel_plane(const struct vg_model *m, uint32_t tensor, uint32_t channel)
{
    for (uint32_t i = m->node_count; i-- > 0 && tensor;) { /* what it is made of stands before */
        const struct vg_node *n = &m->node[i];
        if (n->out != tensor)
            continue;
        if (n->op == VG_OP_CHANNELS) {
            const uint32_t word = m->map[n->map_first + channel];
            tensor = n->in[VG_MAP_INPUT(word)];
            channel = VG_MAP_CHANNEL(word);
        } else if (n->op == VG_OP_SPACE_TO_DEPTH) {
            tensor = n->in[0];
            channel %= m->tensor[tensor].channels;
        } else {
            return VG_MODEL_NONE;
        }
    }
    return tensor ? VG_MODEL_NONE : channel;
}

bool vg_model_is_pixels(const struct vg_model *m, uint32_t tensor)
{
    for (uint32_t c = 0; c < m->tensor[tensor].channels; c++)
        if (vg_model_pixel_plane(m, tensor, c) == VG_MODEL_NONE)
            return false;
    return true;
}

struct vg_value_range vg_model_pixel_range(const struct vg_model *m)
{
    struct vg_value_range range = {0, 0};
    for (int i = 0; i < 3; i++)
        for (int end = 0; end < 2; end++) {
            const float value = ((end ? 255.0F : 0.0F) - m->mean[i]) * m->scale[i];
            range.low = fminf(range.low, value);
            range.high = fmaxf(range.high, value);
        }
    return range;
}
