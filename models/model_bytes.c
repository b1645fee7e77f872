#include "models/model_bytes.h"

#include "models/model_pixels.h"

bool vg_model_conv_has_bytes(const struct vg_model *m, const struct vg_node *n)
{
    const uint32_t x = m->tensor[n->in[0]].channels, y = m->tensor[n->out].channels;
    if (n->op != VG_OP_CONV)
        return false;
    if (n->groups == 1)
        return true;
    return n->groups == x && x == y && !vg_model_is_pixels(m, n->in[0]);
}

bool vg_model_conv_is_int8(const struct vg_model *m, const struct vg_node *n)
{
    return m->range && m->range[n->in[0]].low < m->range[n->in[0]].high &&
           vg_model_conv_has_bytes(m, n);
}
