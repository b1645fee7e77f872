/* A small TensorFlow.js graph model with every operator of the importer, as JSON text and weight
 * bytes made from two tables, and its descriptor. The nodes stand in no order.
 *
 *   input 3 @1 - pad - conv 3x3 s2 - bias - leaky -+- pad - pool s2 - resize x2 - add -+- concat
 *                                                  +---------------------------->-'   |
 *                                                  +---------------------------------'
 *   concat 8 @2 - resize x1/2 - conv 1x1 - bias 11 @4 - split 3, 8 - sigmoid of the 3 */
#ifndef VG_TESTS_SMALL_GRAPH_H
#define VG_TESTS_SMALL_GRAPH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/half.h"

struct graph_node {
    const char *name, *op, *inputs, *attr; /* inputs and attr as JSON, within the brackets */
};

#define GRAPH_WINDOW(stride)                                                                       \
    "\"data_format\":{\"s\":\"TkhXQw==\"},\"padding\":{\"s\":\"VkFMSUQ=\"},\"strides\":{\"list\":" \
    "{\"i\":[\"1\",\"" stride "\",\"" stride "\",\"1\"]}}"
#define GRAPH_RESIZE "\"half_pixel_centers\":{\"b\":true},\"align_corners\":{\"b\":false}"

static const struct graph_node graph_nodes[] = {
    {"Identity_1", "Identity", "\"cells_d\"", ""},
    {"Identity", "Identity", "\"cells_s\"", ""},
    {"cells_d", "Transpose", "\"flat_d\",\"swap\"", ""},
    {"flat_d", "Reshape", "\"split:1\",\"shape_d\"", ""},
    {"cells_s", "Transpose", "\"flat_s\",\"swap\"", ""},
    {"flat_s", "Reshape", "\"sigmoid\",\"shape_sum\"", ""},
    {"sigmoid", "Sigmoid", "\"split\"", ""},
    {"split", "SplitV", "\"head_nchw\",\"parts\",\"axis\"", ""},
    {"head_nchw", "Transpose", "\"head_bias\",\"to_nchw\"", ""},
    {"head_bias", "Add", "\"head\",\"b2\"", ""},
    {"head", "Conv2D", "\"halved\",\"k2\"", GRAPH_WINDOW("1")},
    {"halved", "ResizeBilinear", "\"joined_nhwc\",\"size_half\"", GRAPH_RESIZE},
    {"joined_nhwc", "Transpose", "\"joined\",\"to_nhwc\"", ""},
    {"joined", "ConcatV2", "\"sum\",\"leaky\",\"axis\"", ""},
    {"sum", "AddV2", "\"doubled_nchw\",\"leaky\"", ""},
    {"doubled_nchw", "Transpose", "\"doubled\",\"to_nchw\"", ""},
    {"doubled", "ResizeBilinear", "\"pool\",\"size_double\"", GRAPH_RESIZE},
    {"pool", "MaxPool", "\"pool_nhwc\"",
     GRAPH_WINDOW("2") ",\"ksize\":{\"list\":{\"i\":[\"1\",\"3\",\"3\",\"1\"]}}"},
    {"pool_nhwc", "Transpose", "\"pool_pad\",\"to_nhwc\"", ""},
    {"pool_pad", "PadV2", "\"leaky\",\"one\",\"least\"", ""},
    {"leaky", "LeakyRelu", "\"conv_nchw\"", "\"alpha\":{\"f\":0.125}"},
    {"conv_nchw", "Transpose", "\"conv_bias\",\"to_nchw\"", ""},
    {"conv_bias", "Add", "\"conv\",\"b1\"", ""},
    {"conv", "Conv2D", "\"padded_nhwc\",\"k1\"",
     GRAPH_WINDOW("2") ",\"dilations\":{\"list\":{\"i\":[\"1\",\"1\",\"1\",\"1\"]}}"},
    {"padded_nhwc", "Transpose", "\"padded\",\"to_nhwc\"", ""},
    {"padded", "Pad", "\"input\",\"one\"", ""},
    {"input", "Placeholder", "",
     "\"shape\":{\"shape\":{\"dim\":[{\"size\":\"1\"},{\"size\":\"3\"},{\"size\":\"8\"},"
     "{\"size\":\"16\"}]}}"},
    {"shape_sum", "AddV2", "\"shape_s\",\"zeros\"", ""},
    {"zeros", "SparseToDense", "\"none_at\",\"three\",\"none\",\"nought\"", ""},
};

struct graph_const {
    const char *name;
    char type; /* i int32, f float32, h half */
    const char *shape;
    uint32_t count;
    int32_t value[8]; /* of an i; floats are graph_weight(), unless count is 1 */
};

static const struct graph_const graph_consts[] = {
    {"one", 'i', "4,2", 8, {0, 0, 0, 0, 1, 1, 1, 1}},
    {"to_nhwc", 'i', "4", 4, {0, 2, 3, 1}},
    {"to_nchw", 'i', "4", 4, {0, 3, 1, 2}},
    {"k1", 'h', "3,3,3,4", 108, {0}},
    {"b1", 'h', "4", 4, {0}},
    {"least", 'h', "", 1, {-65504}},
    {"size_double", 'i', "2", 2, {4, 8}},
    {"axis", 'i', "", 1, {1}},
    {"size_half", 'i', "2", 2, {2, 4}},
    {"k2", 'f', "1,1,8,11", 88, {0}},
    {"b2", 'f', "11", 11, {0}},
    {"parts", 'i', "2", 2, {3, 8}},
    {"none_at", 'i', "0,1", 0, {0}},
    {"three", 'i', "1", 1, {3}},
    {"none", 'i', "0", 0, {0}},
    {"nought", 'i', "", 1, {0}},
    {"shape_s", 'i', "3", 3, {1, 3, -1}},
    {"shape_d", 'i', "3", 3, {1, 8, 8}},
    {"swap", 'i', "3", 3, {0, 2, 1}},
};

#define GRAPH_COUNT(array) (sizeof(array) / sizeof *(array))

static const char graph_descriptor[] =
    "{\n"
    " \"version\": 1, \"name\": \"small\", \"licence\": \"GPL-3.0-or-later\",\n"
    " \"origin\": \"made for the tests\",\n"
    " \"input\": {\"width\": 16, \"height\": 8, \"multiple\": 4, \"order\": \"rgb\",\n"
    "  \"mean\": [1, 2, 3], \"std\": [2, 4, 8], \"fill\": 114},\n"
    " \"head\": {\"type\": \"nanodet\", \"bins\": 2},\n"
    " \"outputs\": [{\"name\": \"Identity\", \"role\": \"scores\"},\n"
    "  {\"name\": \"Identity_1\", \"role\": \"distances\"}],\n"
    " \"threshold\": 0.25, \"nms\": 0.5,\n"
    " \"classes\": [\"person\", \"traffic light\", \"dog\"],\n"
    " \"map\": {\"person\": \"person\", \"traffic light\": null, \"dog\": \"animal\"}\n"
    "}\n";

/* Element `i` of the constant `c`: a half, different for each. */
static inline float graph_weight(size_t c, uint32_t i)
{
    return ((float)i - 50 + 3 * (float)c) / 128;
}

static inline void graph_write_nodes(FILE *f)
{
    for (size_t i = 0; i < GRAPH_COUNT(graph_consts); i++)
        (void)fprintf(f, "{\"name\":\"%s\",\"op\":\"Const\"},\n", graph_consts[i].name);
    for (size_t i = 0; i < GRAPH_COUNT(graph_nodes); i++)
        (void)fprintf(f, "{\"name\":\"%s\",\"op\":\"%s\",\"input\":[%s],\"attr\":{%s}}%s\n",
                      graph_nodes[i].name, graph_nodes[i].op, graph_nodes[i].inputs,
                      graph_nodes[i].attr, i + 1 < GRAPH_COUNT(graph_nodes) ? "," : "");
}

/* The JSON; given, free it. */
static inline char *graph_text(size_t *size)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);
    if (!f)
        return NULL;
    (void)fprintf(f, "{\"format\":\"graph-model\",\"modelTopology\":{\"node\":[\n");
    graph_write_nodes(f);
    (void)fprintf(f, "]},\"weightsManifest\":[{\"paths\":[\"small.bin\"],\"weights\":[\n");
    for (size_t i = 0; i < GRAPH_COUNT(graph_consts); i++) {
        const struct graph_const *c = &graph_consts[i];
        (void)fprintf(f, "{\"name\":\"%s\",\"shape\":[%s],\"dtype\":\"%s\"%s}%s\n", c->name,
                      c->shape, c->type == 'i' ? "int32" : "float32",
                      c->type == 'h' ? ",\"quantization\":{\"dtype\":\"float16\"}" : "",
                      i + 1 < GRAPH_COUNT(graph_consts) ? "," : "");
    }
    (void)fprintf(f, "]}]}\n");
    (void)fclose(f);
    return text;
}

static inline void graph_write_u32(FILE *f, uint32_t value, int bytes)
{
    for (int b = 0; b < bytes; b++)
        (void)fputc((int)(value >> (8 * b) & 255), f);
}

static inline void graph_write_float(FILE *f, char type, float value)
{
    uint16_t half = 0;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (type == 'h' && vg_half_exact(value, &half))
        graph_write_u32(f, half, 2);
    else
        graph_write_u32(f, bits, 4);
}

/* The weight file; given, free it. */
static inline uint8_t *graph_weights(size_t *size)
{
    char *data = NULL;
    FILE *f = open_memstream(&data, size);
    if (!f)
        return NULL;
    for (size_t c = 0; c < GRAPH_COUNT(graph_consts); c++) {
        const struct graph_const *k = &graph_consts[c];
        for (uint32_t i = 0; i < k->count; i++) {
            if (k->type == 'i')
                graph_write_u32(f, (uint32_t)k->value[i], 4);
            else
                graph_write_float(f, k->type,
                                  k->count == 1 ? (float)k->value[0] : graph_weight(c, i));
        }
    }
    (void)fclose(f);
    return (uint8_t *)data;
}

#endif
