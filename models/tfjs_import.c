#include "models/tfjs_import.h"

#include <string.h>

#include "models/tfjs_fold.h"
#include "models/tfjs_graph.h"

enum vg_status vg_tfjs_import(const char *name, const char *text, size_t size,
                              const uint8_t *weights, size_t weights_size,
                              const struct vg_descriptor *descriptor, struct vg_model **model,
                              struct vg_fault *fault)
{
    *model = NULL;
    struct vg_tfjs_graph graph;
    enum vg_status status = vg_tfjs_graph_init(&graph, name, text, size, fault);
    if (status != VG_OK)
        return status;
    status = vg_tfjs_operators(&graph);
    if (status == VG_OK)
        status = vg_tfjs_graph_weights(&graph, weights, weights_size, fault);
    if (status == VG_OK)
        status = vg_tfjs_fold(&graph, descriptor, model, fault);
    if (status == VG_OK)
        status = vg_model_check_source(name, *model, fault);
    if (status != VG_OK)
        vg_model_close(model);
    vg_tfjs_graph_release(&graph);
    return status;
}
