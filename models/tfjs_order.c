#include "models/tfjs_order.h"

#include "src/base/alloc.h"
#include "src/base/text.h"

/* A node on the way down; `next` is the input to look at. A node stands at most once on the
 * stack, so it is as long as the graph. */
struct frame {
    uint32_t node, next;
};

enum mark {
    MARK_NEW,
    MARK_OPEN,
    MARK_DONE
};

static enum vg_status walk(const struct vg_tfjs_graph *g, uint32_t root, struct frame *stack,
                           uint8_t *marks, uint32_t *order, uint32_t *count)
{
    uint32_t depth = 0;
    if (marks[root] == MARK_NEW)
        stack[depth++] = (struct frame){root, 0};
    while (depth > 0) {
        struct frame *top = &stack[depth - 1];
        const struct vg_tfjs_node *node = &g->node[top->node];
        marks[top->node] = MARK_OPEN;
        if (top->next == node->input_count) {
            marks[top->node] = MARK_DONE;
            order[(*count)++] = top->node;
            depth--;
            continue;
        }
        const uint32_t input = node->input[top->next++];
        if (marks[input] == MARK_OPEN)
            return vg_tfjs_refuse(g, input, N_("the graph runs in a circle"), "%s",
                                  g->node[input].op);
        if (marks[input] == MARK_NEW)
            stack[depth++] = (struct frame){input, 0};
    }
    return VG_OK;
}

enum vg_status vg_tfjs_order(const struct vg_tfjs_graph *graph, const uint32_t *roots,
                             uint32_t root_count, uint32_t *order, uint32_t *count)
{
    *count = 0;
    struct frame *stack = vg_alloc_array(graph->node_count, sizeof *stack);
    uint8_t *marks = vg_alloc(graph->node_count);
    enum vg_status status = VG_OK;
    if (!stack || !marks)
        status = vg_fault_set(graph->fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                              graph->name);
    for (uint32_t i = 0; status == VG_OK && i < root_count; i++)
        status = walk(graph, roots[i], stack, marks, order, count);
    vg_free(marks);
    vg_free(stack);
    return status;
}
