#include "models/model_cost.h"

#include "models/model_bytes.h"

static uint64_t adds_of(const struct vg_model *model, const struct vg_node *n, struct vg_size y)
{
    const uint64_t ins = model->tensor[n->in[0]].channels / n->groups;
    return (uint64_t)y.width * y.height * model->tensor[n->out].channels * ins * n->window.size_y *
           n->window.size_x;
}

struct vg_model_cost vg_model_cost_of(const struct vg_model *model, uint32_t width, uint32_t height)
{
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    struct vg_model_cost cost = {0};
    const bool fits = !vg_model_sizes(model, width, height, size, NULL);
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *n = &model->node[i];
        if (n->op != VG_OP_CONV)
            continue;
        const uint64_t adds = fits ? adds_of(model, n, size[n->out]) : 0;
        cost.convolutions++;
        cost.multiply_adds += adds;
        if (!vg_model_conv_is_int8(model, n))
            continue;
        cost.convolutions_int8++;
        cost.multiply_adds_int8 += adds;
    }
    return cost;
}

uint64_t vg_model_multiply_adds(const struct vg_model *model, uint32_t width, uint32_t height)
{
    return vg_model_cost_of(model, width, height).multiply_adds;
}
