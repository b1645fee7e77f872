#include "models/model_cost.h"

uint64_t vg_model_multiply_adds(const struct vg_model *model, uint32_t width, uint32_t height)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *n = &model->node[i];
        if (n->op != VG_OP_CONV)
            continue;
        const struct vg_tensor *in = &model->tensor[n->in[0]], *out = &model->tensor[n->out];
        const uint64_t cells = (uint64_t)(width / out->stride) * (height / out->stride);
        sum += cells * out->channels * in->channels * n->kernel * n->kernel;
    }
    return sum;
}
