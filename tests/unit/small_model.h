/* A small detector with every operator, for the tests of the model file. Planes at 16x8:
 *
 *   0 input                        3 16x8    9 conv 1x1 (8)                  11 4x2
 *   1 space to depth (0)          12 8x4    10 channels 0..2 of 9             3 4x2
 *   2 conv 3x3 leaky (1)           4 8x4    11 channels 3..10 of 9            8 4x2  boxes
 *   3 conv 3x3 s2 4 groups (2)     4 4x2    12 sigmoid (10)                   3 4x2  scores
 *   4 max pool 3x3 s2 (2)          4 4x2    13 resize x2 nearest (8)          4 8x4
 *   5 mean pool 3x3 s2 (2)         4 4x2    14 softmax (13)                   4 8x4
 *   6 add, clip (4, 5)             4 4x2    15 channels of 14, 2 in turns     8 8x4
 *   7 mean (6)                     4 1x1    16 conv 3x1 dilated, 2 groups     8 8x4  boxes
 *   8 mul, hard sigmoid (3, 7)     4 4x2    17 channels 0, 5, 2 of 15         3 8x4  scores      */
#ifndef VG_TESTS_SMALL_MODEL_H
#define VG_TESTS_SMALL_MODEL_H

#include <stdio.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"

enum {
    SMALL_TENSORS = 18,
    SMALL_NODES = SMALL_TENSORS - 1,
    SMALL_MAP = 22,
    SMALL_WEIGHTS = 635,
    SMALL_OUT_CHANNELS = 4 + 4 + 11 + 8, /* of the convolutions: steps and biases when quantised */
};

static inline void small_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text);
}

static inline struct vg_window small_window(uint32_t side, uint32_t stride, uint32_t pad)
{
    return (struct vg_window){side, side, stride, stride, 1, 1, pad, pad, pad, pad};
}

static inline void small_graph(struct vg_model *m)
{
    const uint32_t channels[SMALL_TENSORS] = {3,  12, 4, 4, 4, 4, 4, 4, 4,
                                              11, 3,  8, 3, 4, 4, 8, 8, 3};
    const uint32_t ins[SMALL_NODES][2] = {{0}, {1}, {2},  {2}, {2},  {4, 5},  {6},  {3, 7}, {8},
                                          {9}, {9}, {10}, {8}, {13}, {14, 2}, {15}, {15}};
    const struct vg_node nodes[SMALL_NODES] = {
        {.op = VG_OP_SPACE_TO_DEPTH},
        {.op = VG_OP_CONV, .act = VG_ACT_LEAKY, .act_a = 0.125F, .groups = 1, .bias_first = 432},
        {.op = VG_OP_CONV, .act = VG_ACT_SILU, .groups = 4, .weight_first = 436, .bias_first = 472},
        {.op = VG_OP_MAXPOOL},
        {.op = VG_OP_AVGPOOL, .pool_padding = VG_POOL_PADDING_COUNTED},
        {.op = VG_OP_ADD, .act = VG_ACT_CLIP, .act_b = 6},
        {.op = VG_OP_MEAN},
        {.op = VG_OP_MUL, .act = VG_ACT_HARD_SIGMOID, .act_a = 0.25F, .act_b = 0.5F},
        {.op = VG_OP_CONV,
         .act = VG_ACT_HARD_SWISH,
         .groups = 1,
         .weight_first = 476,
         .bias_first = 520},
        {.op = VG_OP_CHANNELS, .map_first = 0},
        {.op = VG_OP_CHANNELS, .map_first = 3},
        {.op = VG_OP_ACT, .act = VG_ACT_SIGMOID},
        {.op = VG_OP_RESIZE, .resize = VG_RESIZE_NEAREST, .scale_num = 2, .scale_den = 1},
        {.op = VG_OP_SOFTMAX},
        {.op = VG_OP_CHANNELS, .map_first = 11},
        {.op = VG_OP_CONV, .groups = 2, .weight_first = 531, .bias_first = 627},
        {.op = VG_OP_CHANNELS, .map_first = 19},
    };
    m->tensor_count = SMALL_TENSORS;
    m->node_count = SMALL_NODES;
    for (uint32_t i = 0; i < SMALL_TENSORS; i++)
        m->tensor[i].channels = channels[i];
    for (uint32_t i = 0; i < SMALL_NODES; i++) {
        m->node[i] = nodes[i];
        m->node[i].in[0] = ins[i][0];
        m->node[i].in[1] = ins[i][1];
        m->node[i].in_count = ins[i][1] ? 2 : 1;
        m->node[i].out = i + 1;
    }
    m->node[1].window = small_window(3, 1, 1);
    for (uint32_t i = 2; i < 5; i++)
        m->node[i].window = small_window(3, 2, 1);
    m->node[8].window = small_window(1, 1, 0);
    m->node[15].window = (struct vg_window){3, 1, 1, 1, 2, 1, 2, 0, 2, 0};
}

static inline void small_map(uint32_t *map)
{
    for (uint32_t c = 0; c < 11; c++)
        map[c] = VG_MAP_WORD(0, c);
    for (uint32_t c = 0; c < 8; c++)
        map[11 + c] = VG_MAP_WORD(c % 2, c / 2);
    map[19] = VG_MAP_WORD(0, 0);
    map[20] = VG_MAP_WORD(0, 5);
    map[21] = VG_MAP_WORD(0, 2);
}

static inline void small_ends(struct vg_model *m)
{
    m->output_count = 2;
    small_text(m->output[0].name, sizeof m->output[0].name, "Identity");
    m->output[0].layout = VG_LAYOUT_CELLS;
    m->output[0].part_count = 2;
    m->output[0].part[0] = 17;
    m->output[0].part[1] = 12;
    small_text(m->output[1].name, sizeof m->output[1].name, "Identity_1");
    m->output[1].layout = VG_LAYOUT_PLANES;
    m->output[1].part_count = 1;
    m->output[1].part[0] = 11;
    m->level_count = 2;
    m->level[0] = (struct vg_level){2, 17, 16, VG_MODEL_NONE};
    m->level[1] = (struct vg_level){4, 12, 11, VG_MODEL_NONE};
}

static inline void small_words(struct vg_model *m)
{
    small_text(m->name, sizeof m->name, "small-1.0_a");
    small_text(m->licence, sizeof m->licence, "GPL-3.0-or-later");
    small_text(m->origin, sizeof m->origin, "made for the tests");
    m->class_count = 3;
    m->class_map[0] = VG_CLASS_PERSON;
    m->class_map[1] = VG_CLASS_NONE;
    m->class_map[2] = VG_CLASS_ANIMAL;
    small_text(m->class_name[0], sizeof m->class_name[0], "person");
    small_text(m->class_name[1], sizeof m->class_name[1], "traffic light");
    small_text(m->class_name[2], sizeof m->class_name[2], "dog");
}

/* Given; vg_model_close it. NULL without memory. */
static inline struct vg_model *small_model(void)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    if (!m)
        return NULL;
    m->weights = vg_alloc_array(SMALL_WEIGHTS, sizeof *m->weights);
    m->map = vg_alloc_array(SMALL_MAP, sizeof *m->map);
    if (!m->weights || !m->map) {
        vg_model_close(&m);
        return NULL;
    }
    small_words(m);
    m->input_width = 16;
    m->input_height = 8;
    m->input_multiple = 4;
    m->order = VG_ORDER_BGR;
    m->anchor = VG_ANCHOR_CENTRE;
    for (unsigned i = 0; i < 3; i++) {
        m->mean[i] = 100 + (float)i;
        m->scale[i] = 0.5F;
    }
    m->fill = 114;
    m->head = VG_HEAD_NANODET;
    m->bins = 2;
    m->threshold = 0.25F;
    m->nms = 0.5F;
    small_graph(m);
    small_ends(m);
    small_map(m->map);
    m->map_count = SMALL_MAP;
    for (unsigned i = 0; i < SMALL_WEIGHTS; i++)
        m->weights[i] = ((float)i - 300) / 64; /* halves, all of them */
    m->weight_count = SMALL_WEIGHTS;
    return m;
}

/* The same with ranges, and steps and biases for its convolutions. Given; NULL without memory. */
static inline struct vg_model *small_quantised(void)
{
    struct vg_model *m = small_model();
    float *weights = vg_alloc_array(SMALL_WEIGHTS + 2 * SMALL_OUT_CHANNELS, sizeof *weights);
    if (m)
        m->range = vg_alloc_array(SMALL_TENSORS, sizeof *m->range);
    if (!m || !m->range || !weights) {
        vg_free(weights);
        vg_model_close(&m);
        return NULL;
    }
    memcpy(weights, m->weights, SMALL_WEIGHTS * sizeof *weights);
    vg_free(m->weights);
    m->weights = weights;
    for (uint32_t i = 0; i < SMALL_TENSORS; i++)
        m->range[i] = (struct vg_value_range){-(float)i, (float)i + 1};
    m->range[13] = (struct vg_value_range){0, 0}; /* read by no convolution: stays float */
    for (uint32_t i = 0; i < SMALL_NODES; i++) {
        const uint32_t channels = m->tensor[i + 1].channels;
        if (m->node[i].op != VG_OP_CONV)
            continue;
        m->node[i].step_first = m->weight_count;
        m->node[i].int8_bias_first = m->weight_count + channels;
        for (uint32_t c = 0; c < channels; c++) {
            m->weights[m->weight_count + c] = 0.5F;
            m->weights[m->weight_count + channels + c] = -1;
        }
        m->weight_count += 2 * (uint64_t)channels;
    }
    return m;
}

#endif
