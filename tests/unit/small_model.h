/* A small detector with one node of every kind, for the tests of the model file:
 *
 *   0 input 3 @1
 *   1 conv 3x3 s2 leaky    4 @2        6 sigmoid(4)        3 @4   scores
 *   2 max pool 3x3 s2      4 @4        7 resize(2) 2/1     4 @2
 *   3 conv 1x1            11 @4        8 add(7, 1)         4 @2
 *   4 slice(3) 0..2        3 @4        9 concat(8, 1)      8 @2
 *   5 slice(3) 3..10       8 @4  distances: 4 sides x 2 bins                        */
#ifndef VG_TESTS_SMALL_MODEL_H
#define VG_TESTS_SMALL_MODEL_H

#include <stdio.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"

#define SMALL_WEIGHTS 167

static inline void small_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text);
}

static inline void small_graph(struct vg_model *m)
{
    const struct vg_tensor tensors[] = {{3, 1}, {4, 2}, {4, 4}, {11, 4}, {3, 4},
                                        {8, 4}, {3, 4}, {4, 2}, {4, 2},  {8, 2}};
    const struct vg_node nodes[] = {
        {.op = VG_OP_CONV,
         .act = VG_ACT_LEAKY,
         .slope = 0.125F,
         .in = {0},
         .in_count = 1,
         .out = 1,
         .kernel = 3,
         .stride = 2,
         .pad = 1,
         .weight_first = 0,
         .bias_first = 108},
        {.op = VG_OP_MAXPOOL,
         .in = {1},
         .in_count = 1,
         .out = 2,
         .kernel = 3,
         .stride = 2,
         .pad = 1},
        {.op = VG_OP_CONV,
         .in = {2},
         .in_count = 1,
         .out = 3,
         .kernel = 1,
         .stride = 1,
         .weight_first = 112,
         .bias_first = 156},
        {.op = VG_OP_SLICE, .in = {3}, .in_count = 1, .out = 4},
        {.op = VG_OP_SLICE, .in = {3}, .in_count = 1, .out = 5, .channel_first = 3},
        {.op = VG_OP_SIGMOID, .in = {4}, .in_count = 1, .out = 6},
        {.op = VG_OP_RESIZE, .in = {2}, .in_count = 1, .out = 7, .scale_num = 2, .scale_den = 1},
        {.op = VG_OP_ADD, .in = {7, 1}, .in_count = 2, .out = 8},
        {.op = VG_OP_CONCAT, .in = {8, 1}, .in_count = 2, .out = 9},
    };
    m->tensor_count = sizeof tensors / sizeof *tensors;
    memcpy(m->tensor, tensors, sizeof tensors);
    m->node_count = sizeof nodes / sizeof *nodes;
    memcpy(m->node, nodes, sizeof nodes);
}

/* Given; vg_model_close it. NULL without memory. */
static inline struct vg_model *small_model(void)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    float *weights = vg_alloc_array(SMALL_WEIGHTS, sizeof *weights);
    if (!m || !weights) {
        vg_free(weights);
        vg_free(m);
        return NULL;
    }
    small_text(m->name, sizeof m->name, "small-1.0_a");
    small_text(m->licence, sizeof m->licence, "GPL-3.0-or-later");
    small_text(m->origin, sizeof m->origin, "made for the tests");
    m->input_width = 16;
    m->input_height = 8;
    m->input_multiple = 4;
    m->order = VG_ORDER_BGR;
    for (unsigned i = 0; i < 3; i++) {
        m->mean[i] = 100 + (float)i;
        m->scale[i] = 0.5F;
    }
    m->fill = 114;
    m->head = VG_HEAD_NANODET;
    m->bins = 2;
    m->threshold = 0.25F;
    m->nms = 0.5F;
    m->class_count = 3;
    m->class_map[0] = VG_CLASS_PERSON;
    m->class_map[1] = VG_CLASS_NONE;
    m->class_map[2] = VG_CLASS_ANIMAL;
    small_text(m->class_name[0], sizeof m->class_name[0], "person");
    small_text(m->class_name[1], sizeof m->class_name[1], "traffic light");
    small_text(m->class_name[2], sizeof m->class_name[2], "dog");
    small_graph(m);
    m->output_count = 2;
    small_text(m->output[0].name, sizeof m->output[0].name, "Identity");
    m->output[0].tensor = 6;
    m->output[0].role = VG_OUTPUT_SCORES;
    small_text(m->output[1].name, sizeof m->output[1].name, "Identity_1");
    m->output[1].tensor = 5;
    m->output[1].role = VG_OUTPUT_DISTANCES;
    for (unsigned i = 0; i < SMALL_WEIGHTS; i++)
        weights[i] = ((float)i - 80) / 64; /* halves, all of them */
    m->weights = weights;
    m->weight_count = SMALL_WEIGHTS;
    return m;
}

#endif
