#include "tests/head_net.h"

#include <stdio.h>

#include "models/head.h"
#include "tests/net_build.h"

static uint32_t plain(struct net_build *n, uint32_t x, uint32_t channels, enum vg_act act)
{
    struct vg_node *conv = net_conv(n, x, channels, net_square(1, 1, 1), 1);
    if (act != VG_ACT_NONE)
        net_act(conv, act);
    return conv->out;
}

/* boxes, objectness, scores; then the outputs' form */
static void apart(struct net_build *n, uint32_t x, enum vg_head head, const char *name)
{
    const uint32_t classes = n->model->class_count, branch = net_conv3(n, x, 32);
    const enum vg_act act = head == VG_HEAD_YOLOX ? VG_ACT_SIGMOID : VG_ACT_NONE;
    uint32_t scores = plain(n, branch, classes, act);
    const uint32_t boxes = plain(n, x, 4, VG_ACT_NONE);
    const uint32_t objectness = plain(n, x, 1, VG_ACT_SIGMOID);
    if (head == VG_HEAD_FASTESTDET)
        scores = net_node(n, VG_OP_SOFTMAX, scores, classes, n->size[scores])->out;
    const uint32_t parts[] = {boxes, objectness, scores};
    const uint32_t all = net_concat(n, parts, 3);
    if (n->model->level_count)
        scores = net_slice(n, all, 5, classes);
    net_level(n, scores, boxes);
    n->model->level[n->model->level_count - 1].objectness = objectness;
    net_output(n, name, VG_LAYOUT_CELLS, all);
}

static void together(struct net_build *n, uint32_t x, enum vg_head head, const char *name)
{
    char of_boxes[32];
    const uint32_t scores = net_head(n, x), parts[] = {scores, net_boxes(n)};
    if (head == VG_HEAD_NANODET_PLUS) {
        net_output(n, name, VG_LAYOUT_CELLS, net_concat(n, parts, 2));
        return;
    }
    (void)snprintf(of_boxes, sizeof of_boxes, "boxes_%s", name);
    net_output(n, name, VG_LAYOUT_CELLS, scores);
    net_output(n, of_boxes, VG_LAYOUT_CELLS, parts[1]);
}

struct vg_model *head_net(enum vg_head head, uint64_t seed, uint32_t classes)
{
    struct net_build n;
    net_begin(&n, seed, (struct vg_size){32, 32}, 16, classes);
    (void)snprintf(n.model->name, sizeof n.model->name, "%s-small", vg_head_name(head));
    struct vg_node *stem = net_conv(&n, 0, 16, net_square(5, 8, 1), 1);
    net_act(stem, VG_ACT_LEAKY);
    const uint32_t fine = net_conv3(&n, stem->out, 32);
    const uint32_t level[] = {fine, net_conv(&n, fine, 32, net_square(3, 2, 1), 1)->out};
    static const char *const names[] = {"out_8", "out_16"};
    n.model->head = head;
    n.model->bins = vg_head_has_bins(head) ? NET_BINS : 0;
    for (uint32_t i = 0; i < 2; i++)
        if (vg_head_has_bins(head))
            together(&n, level[i], head, names[i]);
        else
            apart(&n, level[i], head, names[i]);
    return n.model;
}
