#include "models/tfjs_graph.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/half.h"
#include "src/base/text.h"

/* ------------------------------------------------------------ refusals */

enum vg_status vg_tfjs_refuse(const struct vg_tfjs_graph *graph, uint32_t node, const char *what,
                              const char *detail, ...)
{
    char text[256];
    va_list args;
    va_start(args, detail);
    (void)vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    return vg_fault_set(graph->fault, VG_E_INPUT, what, NULL, "%.120s: \"%.120s\": %s", graph->name,
                        graph->node[node].name, text);
}

static enum vg_status VG_PRINTF(3, 4)
    refuse(const struct vg_tfjs_graph *graph, const char *what, const char *detail, ...)
{
    char text[256];
    va_list args;
    va_start(args, detail);
    (void)vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    return vg_fault_set(graph->fault, VG_E_INPUT, what, NULL, "%.120s: %s", graph->name, text);
}

/* A name can stand in a message and in a table: printable ASCII, not empty, not too long. */
static bool name_valid(const char *name)
{
    if (!name || !name[0] || strlen(name) >= VG_TFJS_NAME_SIZE)
        return false;
    for (const char *p = name; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            return false;
    return true;
}

/* ------------------------------------------------------------ nodes by name */

/* Sorted copy of (name, index), so that finding a node takes log n and no hash can be attacked. */
struct entry {
    const char *name;
    uint32_t index;
};

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static enum vg_status index_names(const struct vg_tfjs_graph *g, struct entry **entries)
{
    struct entry *e = vg_alloc_array(g->node_count, sizeof *e);
    *entries = e;
    if (!e)
        return vg_fault_set(g->fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                            g->name);
    for (uint32_t i = 0; i < g->node_count; i++)
        e[i] = (struct entry){g->node[i].name, i};
    qsort(e, g->node_count, sizeof *e, by_name);
    for (uint32_t i = 1; i < g->node_count; i++)
        if (strcmp(e[i].name, e[i - 1].name) == 0)
            return vg_tfjs_refuse(g, e[i].index, N_("two nodes have one name"), "%s",
                                  g->node[e[i].index].op);
    return VG_OK;
}

/* Index of the node `name`, or node_count. */
static uint32_t find_node(const struct vg_tfjs_graph *g, const struct entry *entries,
                          const char *name)
{
    const struct entry key = {name, 0};
    const struct entry *found = bsearch(&key, entries, g->node_count, sizeof key, by_name);
    return found ? found->index : g->node_count;
}

/* ------------------------------------------------------------ reading the nodes */

static enum vg_status read_node(const struct vg_tfjs_graph *g, const json_t *object, uint32_t i)
{
    struct vg_tfjs_node *node = &g->node[i];
    node->name = json_string_value(json_object_get(object, "name"));
    node->op = json_string_value(json_object_get(object, "op"));
    if (!name_valid(node->name) || !name_valid(node->op))
        return refuse(g, N_("a node has no proper name or operator"), "modelTopology.node[%u]", i);
    const json_t *attr = json_object_get(object, "attr");
    node->attr = json_is_object(attr) ? attr : NULL;
    const json_t *input = json_object_get(object, "input");
    if (input && !json_is_array(input))
        return vg_tfjs_refuse(g, i, N_("the inputs are not a list"), "%s", node->op);
    if (json_array_size(input) > VG_TFJS_INPUTS_MAX)
        return vg_tfjs_refuse(g, i, N_("the operator does not take that many inputs"), "%s: %zu",
                              node->op, json_array_size(input));
    node->input_count = (uint32_t)json_array_size(input);
    return VG_OK;
}

static enum vg_status read_nodes(struct vg_tfjs_graph *g)
{
    const json_t *list = json_object_get(json_object_get(g->root, "modelTopology"), "node");
    const size_t count = json_array_size(list);
    if (count == 0 || count > VG_TFJS_NODES_MAX)
        return refuse(g, N_("the graph has no nodes, or too many"), "modelTopology.node: %zu",
                      count);
    g->node = vg_alloc_array(count, sizeof *g->node);
    if (!g->node)
        return vg_fault_set(g->fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                            g->name);
    g->node_count = (uint32_t)count;
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; status == VG_OK && i < count; i++)
        status = read_node(g, json_array_get(list, i), i);
    return status;
}

/* "name" or "name:k". */
static enum vg_status link_input(const struct vg_tfjs_graph *g, const struct entry *entries,
                                 const char *text, uint32_t i, uint32_t k)
{
    char name[VG_TFJS_NAME_SIZE];
    if (!name_valid(text))
        return vg_tfjs_refuse(g, i, N_("an input is not a name"), "input[%u]", k);
    const char *colon = strrchr(text, ':');
    const size_t length = colon ? (size_t)(colon - text) : strlen(text);
    memcpy(name, text, length);
    name[length] = 0;
    uint32_t part = 0;
    if (colon && (colon[1] < '0' || colon[1] > '9' || colon[2]))
        return vg_tfjs_refuse(g, i, N_("an input is not a name"), "\"%.100s\"", text);
    if (colon)
        part = (uint32_t)(colon[1] - '0');
    const uint32_t found = find_node(g, entries, name);
    if (found == g->node_count)
        return vg_tfjs_refuse(g, i, N_("the node reads one that is not there"), "\"%.100s\"", text);
    g->node[i].input[k] = found;
    g->node[i].part[k] = part;
    g->node[found].readers++;
    return VG_OK;
}

static enum vg_status link_nodes(const struct vg_tfjs_graph *g, const struct entry *entries)
{
    const json_t *list = json_object_get(json_object_get(g->root, "modelTopology"), "node");
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < g->node_count; i++) {
        const json_t *input = json_object_get(json_array_get(list, i), "input");
        for (uint32_t k = 0; status == VG_OK && k < g->node[i].input_count; k++)
            status = link_input(g, entries, json_string_value(json_array_get(input, k)), i, k);
    }
    return status;
}

/* ------------------------------------------------------------ the weights' manifest */

static enum vg_tfjs_type weight_type(const json_t *weight)
{
    const char *dtype = json_string_value(json_object_get(weight, "dtype"));
    const json_t *quantization = json_object_get(weight, "quantization");
    if (!dtype)
        return VG_TFJS_NONE;
    if (!quantization && strcmp(dtype, "int32") == 0)
        return VG_TFJS_INT32;
    if (strcmp(dtype, "float32") != 0)
        return VG_TFJS_NONE;
    if (!quantization)
        return VG_TFJS_FLOAT32;
    const char *stored = json_string_value(json_object_get(quantization, "dtype"));
    const bool scaled =
        json_object_get(quantization, "scale") || json_object_get(quantization, "min");
    return stored && strcmp(stored, "float16") == 0 && !scaled ? VG_TFJS_HALF : VG_TFJS_NONE;
}

/* Shape and count of elements; false beyond the limits. */
static bool read_shape(const json_t *shape, struct vg_tfjs_const *value)
{
    if (!json_is_array(shape) || json_array_size(shape) > VG_TFJS_RANK_MAX)
        return false;
    value->rank = (uint32_t)json_array_size(shape);
    value->count = 1;
    for (uint32_t k = 0; k < value->rank; k++) {
        const json_t *dim = json_array_get(shape, k);
        const json_int_t d = json_integer_value(dim);
        if (!json_is_integer(dim) || d < 0 || d > (1 << 20))
            return false;
        value->dim[k] = (uint32_t)d;
        value->count *= (uint64_t)d;
        if (value->count > (1u << 28))
            return false;
    }
    return true;
}

static enum vg_status read_weight(const struct vg_tfjs_graph *g, const struct entry *entries,
                                  const json_t *weight)
{
    const char *name = json_string_value(json_object_get(weight, "name"));
    if (!name_valid(name))
        return refuse(g, N_("a weight has no proper name"), "weightsManifest");
    const uint32_t i = find_node(g, entries, name);
    if (i == g->node_count || strcmp(g->node[i].op, "Const") != 0)
        return refuse(g, N_("a weight belongs to no constant of the graph"), "\"%.120s\"", name);
    struct vg_tfjs_const *value = &g->node[i].value;
    if (value->type != VG_TFJS_NONE)
        return vg_tfjs_refuse(g, i, N_("two weights have one name"), "weightsManifest");
    value->type = weight_type(weight);
    if (value->type == VG_TFJS_NONE)
        return vg_tfjs_refuse(g, i,
                              N_("this type of weight is not supported (int32, float32 and "
                                 "float16 without scale are)"),
                              "weightsManifest");
    if (!read_shape(json_object_get(weight, "shape"), value))
        return vg_tfjs_refuse(g, i, N_("the weight's shape is out of range"), "weightsManifest");
    return VG_OK;
}

/* A weight file lies beside the graph: no folder, no way up, nothing hidden. */
static enum vg_status read_path(struct vg_tfjs_graph *g, const char *path)
{
    if (!name_valid(path) || path[0] == '.' || strpbrk(path, "/\\"))
        return refuse(g, N_("the path of a weight file is not a plain file name"), "\"%.120s\"",
                      path ? path : "");
    if (g->path_count == VG_TFJS_PATHS_MAX)
        return refuse(g, N_("there are too many weight files"), "weightsManifest");
    g->path[g->path_count++] = path;
    return VG_OK;
}

static enum vg_status read_group(struct vg_tfjs_graph *g, const struct entry *entries,
                                 const json_t *group)
{
    const json_t *paths = json_object_get(group, "paths");
    const json_t *weights = json_object_get(group, "weights");
    if (!json_is_array(paths) || !json_is_array(weights))
        return refuse(g, N_("the manifest of the weights is incomplete"), "weightsManifest");
    enum vg_status status = VG_OK;
    for (size_t i = 0; status == VG_OK && i < json_array_size(paths); i++)
        status = read_path(g, json_string_value(json_array_get(paths, i)));
    for (size_t i = 0; status == VG_OK && i < json_array_size(weights); i++)
        status = read_weight(g, entries, json_array_get(weights, i));
    return status;
}

static enum vg_status read_manifest(struct vg_tfjs_graph *g, const struct entry *entries)
{
    const json_t *manifest = json_object_get(g->root, "weightsManifest");
    if (!json_is_array(manifest))
        return refuse(g, N_("the manifest of the weights is incomplete"), "weightsManifest");
    enum vg_status status = VG_OK;
    for (size_t i = 0; status == VG_OK && i < json_array_size(manifest); i++)
        status = read_group(g, entries, json_array_get(manifest, i));
    for (uint32_t i = 0; status == VG_OK && i < g->node_count; i++)
        if (strcmp(g->node[i].op, "Const") == 0 && g->node[i].value.type == VG_TFJS_NONE)
            status = vg_tfjs_refuse(g, i, N_("the constant has no weight"), "weightsManifest");
    return status;
}

/* ------------------------------------------------------------ life */

static enum vg_status parse_text(struct vg_tfjs_graph *g, const char *text, size_t size)
{
    if (size > VG_TFJS_TEXT_MAX)
        return vg_fault_set(g->fault, VG_E_INPUT, N_("the graph is too large"), NULL,
                            "%.120s: %zu B > %u B", g->name, size, VG_TFJS_TEXT_MAX);
    json_error_t error;
    g->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!g->root)
        return vg_fault_set(g->fault, VG_E_INPUT, N_("the graph is not JSON, or it is cut"),
                            N_("fetch it again"), "%.120s:%d:%d", g->name, error.line,
                            error.column);
    const char *format = json_string_value(json_object_get(g->root, "format"));
    if (!format || strcmp(format, "graph-model") != 0)
        return refuse(g, N_("this is not a TensorFlow.js graph model"), "format");
    return VG_OK;
}

enum vg_status vg_tfjs_graph_init(struct vg_tfjs_graph *graph, const char *name, const char *text,
                                  size_t size, struct vg_fault *fault)
{
    *graph = (struct vg_tfjs_graph){.name = name, .fault = fault};
    struct entry *entries = NULL;
    enum vg_status status = parse_text(graph, text, size);
    if (status == VG_OK)
        status = read_nodes(graph);
    if (status == VG_OK)
        status = index_names(graph, &entries);
    if (status == VG_OK)
        status = link_nodes(graph, entries);
    if (status == VG_OK)
        status = read_manifest(graph, entries);
    vg_free(entries);
    if (status != VG_OK)
        vg_tfjs_graph_release(graph);
    return status;
}

/* The manifest's order is that of the JSON, so it is walked once more. */
static enum vg_status place_group(const struct vg_tfjs_graph *g, const struct entry *entries,
                                  const json_t *group, const uint8_t *data, size_t size, size_t *at)
{
    const json_t *weights = json_object_get(group, "weights");
    for (size_t w = 0; w < json_array_size(weights); w++) {
        const char *name = json_string_value(json_object_get(json_array_get(weights, w), "name"));
        const uint32_t i = find_node(g, entries, name);
        struct vg_tfjs_const *value = &g->node[i].value;
        const uint64_t bytes = value->count * (value->type == VG_TFJS_HALF ? 2 : 4);
        if (bytes > size - *at)
            return vg_tfjs_refuse(g, i, N_("the weight file is cut"), "0x%zx + %llu B > %zu B", *at,
                                  (unsigned long long)bytes, size);
        value->data = data + *at;
        *at += (size_t)bytes;
    }
    return VG_OK;
}

enum vg_status vg_tfjs_graph_weights(struct vg_tfjs_graph *graph, const uint8_t *data, size_t size,
                                     struct vg_fault *fault)
{
    graph->fault = fault;
    const json_t *manifest = json_object_get(graph->root, "weightsManifest");
    struct entry *entries = NULL;
    size_t at = 0;
    enum vg_status status = index_names(graph, &entries);
    for (size_t i = 0; status == VG_OK && i < json_array_size(manifest); i++)
        status = place_group(graph, entries, json_array_get(manifest, i), data, size, &at);
    if (status == VG_OK && at != size)
        status = refuse(graph, N_("the weight files are longer than the weights"), "%zu B ≠ %zu B",
                        size, at);
    vg_free(entries);
    return status;
}

void vg_tfjs_graph_release(struct vg_tfjs_graph *graph)
{
    vg_free(graph->node);
    json_decref(graph->root);
    graph->node = NULL;
    graph->root = NULL;
    graph->node_count = 0;
}

/* ------------------------------------------------------------ attributes and constants */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static const json_t *attr_value(const struct vg_tfjs_node *node, const char *key, const char *kind)
{
    return node->attr ? json_object_get(json_object_get(node->attr, key), kind) : NULL;
}

bool vg_tfjs_attr_string(const struct vg_tfjs_node *node, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(attr_value(node, key, "s"));
    size_t used = 0;
    uint32_t bits = 0, held = 0;
    for (; text && *text && *text != '='; text++) {
        const int value = base64_value(*text);
        if (value < 0)
            return false;
        bits = (bits << 6 | (uint32_t)value) & 0xfffu;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (used + 1 >= size)
            return false;
        out[used++] = (char)(uint8_t)(bits >> held);
    }
    out[used] = 0;
    return text != NULL;
}

bool vg_tfjs_attr_float(const struct vg_tfjs_node *node, const char *key, double *out)
{
    const json_t *value = attr_value(node, key, "f");
    *out = json_number_value(value);
    return json_is_number(value);
}

bool vg_tfjs_attr_flag(const struct vg_tfjs_node *node, const char *key, bool *out)
{
    const json_t *value = attr_value(node, key, "b");
    *out = json_is_true(value);
    return json_is_boolean(value);
}

/* 64-bit integers are strings in this JSON: "416", "-1". */
static bool integer_text(const json_t *value, int32_t *out)
{
    const char *text = json_string_value(value);
    if (!text || !*text)
        return false;
    char *end = NULL;
    errno = 0;
    const long number = strtol(text, &end, 10);
    if (*end || errno || number < INT32_MIN || number > INT32_MAX)
        return false;
    *out = (int32_t)number;
    return true;
}

bool vg_tfjs_attr_integers(const struct vg_tfjs_node *node, const char *key, int32_t *out,
                           uint32_t most, uint32_t *count)
{
    const json_t *list = json_object_get(attr_value(node, key, "list"), "i");
    *count = (uint32_t)json_array_size(list);
    if (!json_is_array(list) || json_array_size(list) > most)
        return false;
    for (uint32_t i = 0; i < *count; i++)
        if (!integer_text(json_array_get(list, i), &out[i]))
            return false;
    return true;
}

bool vg_tfjs_attr_shape(const struct vg_tfjs_node *node, int32_t *out, uint32_t most,
                        uint32_t *count)
{
    const json_t *list = json_object_get(attr_value(node, "shape", "shape"), "dim");
    *count = (uint32_t)json_array_size(list);
    if (!json_is_array(list) || json_array_size(list) > most)
        return false;
    for (uint32_t i = 0; i < *count; i++)
        if (!integer_text(json_object_get(json_array_get(list, i), "size"), &out[i]))
            return false;
    return true;
}

static uint32_t element_u32(const struct vg_tfjs_const *value, uint64_t i)
{
    const uint8_t *p = value->data + 4 * i;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int32_t vg_tfjs_const_int(const struct vg_tfjs_const *value, uint64_t i)
{
    const uint32_t bits = element_u32(value, i);
    int32_t number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

float vg_tfjs_const_float(const struct vg_tfjs_const *value, uint64_t i)
{
    if (value->type == VG_TFJS_HALF) {
        const uint8_t *p = value->data + 2 * i;
        return vg_half_to_float((uint16_t)(p[0] | p[1] << 8));
    }
    const uint32_t bits = element_u32(value, i);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
