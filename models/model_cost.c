#include "models/model_cost.h"

uint64_t vg_model_multiply_adds(const struct vg_model *model, uint32_t width, uint32_t height)
{
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    uint64_t sum = 0;
    if (vg_model_sizes(model, width, height, size, NULL))
        return 0;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *n = &model->node[i];
        if (n->op != VG_OP_CONV)
            continue;
        const uint64_t cells = (uint64_t)size[n->out].width * size[n->out].height;
        const uint64_t ins = model->tensor[n->in[0]].channels / n->groups;
        sum += cells * model->tensor[n->out].channels * ins * n->window.size_y * n->window.size_x;
    }
    return sum;
}
