/* Two passes over the file: the first counts, so that tables are made once and no larger than
 * their limits; the second fills them. */
#include "models/onnx_graph.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

enum { /* field numbers of ModelProto, GraphProto, NodeProto, AttributeProto, ValueInfoProto */
    MODEL_IR_VERSION = 1,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    OPSET_DOMAIN = 1,
    OPSET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_CONSTANT = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTR = 5,
    NODE_DOMAIN = 7,
    ATTR_NAME = 1,
    ATTR_FLOAT = 2,
    ATTR_INT = 3,
    ATTR_TEXT = 4,
    ATTR_TENSOR = 5,
    ATTR_INTS = 8,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1
};

static const char *const not_onnx = N_("the file is cut, or it is not ONNX");

/* ------------------------------------------------------------ words and refusals */

void vg_onnx_text_copy(struct vg_onnx_text text, char *out, size_t size)
{
    size_t n = text.size < size - 1 ? text.size : size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = text.at[i] >= 0x20 && text.at[i] <= 0x7e ? (char)text.at[i] : '?';
    out[n] = 0;
}

static bool text_same(struct vg_onnx_text a, struct vg_onnx_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool vg_onnx_text_is(struct vg_onnx_text text, const char *word)
{
    return text_same(text, (struct vg_onnx_text){(const uint8_t *)word, strlen(word)});
}

enum vg_status vg_onnx_refuse(const struct vg_onnx_graph *graph, uint32_t node, const char *what,
                              const char *detail, ...)
{
    char text[160], name[100], op[40];
    va_list args;
    va_start(args, detail);
    (void)vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    vg_onnx_text_copy(graph->node[node].name, name, sizeof name);
    if (!name[0] && graph->node[node].output_count) { /* a nameless node is known by its result */
        const uint32_t value = graph->edge[graph->node[node].output_first];
        if (value != VG_ONNX_NOTHING)
            vg_onnx_text_copy(graph->value[value].name, name, sizeof name);
    }
    vg_onnx_text_copy(graph->node[node].op, op, sizeof op);
    return vg_fault_set(graph->fault, VG_E_INPUT, what, NULL, "%.120s: node %u \"%s\" (%s)%s%s",
                        graph->name, node, name, op, text[0] ? ": " : "", text);
}

static enum vg_status VG_PRINTF(4, 5)
    refuse(const struct vg_onnx_graph *graph, enum vg_status status, const char *what,
           const char *detail, ...)
{
    char text[200];
    va_list args;
    va_start(args, detail);
    (void)vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    return vg_fault_set(graph->fault, status, what, NULL, "%.120s%s%s", graph->name,
                        text[0] ? ": " : "", text);
}

static struct vg_onnx_text text_of(const struct vg_wire_field *field)
{
    return (struct vg_onnx_text){field->data, field->kind == VG_WIRE_BYTES ? field->size : 0};
}

/* ------------------------------------------------------------ the model around the graph */

struct source {
    const uint8_t *graph;
    size_t graph_size;
};

static enum vg_status read_opset(struct vg_onnx_graph *g, const struct vg_wire_field *opset)
{
    struct vg_wire wire = vg_wire_begin(opset->data, opset->size);
    struct vg_wire_field field;
    struct vg_onnx_text domain = {NULL, 0};
    uint64_t version = 0;
    while (vg_wire_next(&wire, &field)) {
        if (field.number == OPSET_DOMAIN)
            domain = text_of(&field);
        else if (field.number == OPSET_VERSION)
            version = field.value;
    }
    if (wire.broken)
        return refuse(g, VG_E_INPUT, not_onnx, "opset_import");
    if (domain.size != 0 && !vg_onnx_text_is(domain, "ai.onnx"))
        return VG_OK; /* of other operators: a node that uses one is refused */
    if (version < VG_ONNX_OPSET_LEAST || version > VG_ONNX_OPSET_MOST)
        return refuse(g, VG_E_INPUT, N_("the set of operators is of a version that is not read"),
                      "opset %llu (%d..%d)", (unsigned long long)version, VG_ONNX_OPSET_LEAST,
                      VG_ONNX_OPSET_MOST);
    g->opset = (uint32_t)version;
    return VG_OK;
}

static enum vg_status read_model(struct vg_onnx_graph *g, const uint8_t *data, size_t size,
                                 struct source *source)
{
    struct vg_wire wire = vg_wire_begin(data, size);
    struct vg_wire_field field;
    enum vg_status status = VG_OK;
    while (status == VG_OK && vg_wire_next(&wire, &field)) {
        if (field.kind != VG_WIRE_BYTES)
            continue;
        if (field.number == MODEL_OPSET) {
            status = read_opset(g, &field);
        } else if (field.number == MODEL_GRAPH) {
            if (source->graph)
                return refuse(g, VG_E_INPUT, not_onnx, "graph, graph");
            *source = (struct source){field.data, field.size};
        }
    }
    if (status != VG_OK)
        return status;
    if (wire.broken || !source->graph)
        return refuse(g, VG_E_INPUT, not_onnx, "byte %zu", (size_t)(wire.at - data));
    if (g->opset == 0)
        return refuse(g, VG_E_INPUT, not_onnx, "opset_import");
    return VG_OK;
}

bool vg_onnx_looks_like(const uint8_t *data, size_t size)
{
    struct vg_wire wire = vg_wire_begin(data, size);
    struct vg_wire_field field;
    return vg_wire_next(&wire, &field) && field.number <= 20 && data[0] != '{' &&
           (field.number == MODEL_IR_VERSION || field.kind == VG_WIRE_BYTES);
}

/* ------------------------------------------------------------ counting */

struct counts {
    uint32_t nodes, consts, edges;
};

static bool count_edges(const struct vg_wire_field *node, uint32_t *edges)
{
    struct vg_wire wire = vg_wire_begin(node->data, node->size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field))
        if ((field.number == NODE_INPUT || field.number == NODE_OUTPUT) &&
            ++*edges > VG_ONNX_EDGES_MAX)
            return false;
    return true;
}

static enum vg_status count_graph(const struct vg_onnx_graph *g, const struct source *source,
                                  struct counts *counts)
{
    struct vg_wire wire = vg_wire_begin(source->graph, source->graph_size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field)) {
        if (field.kind != VG_WIRE_BYTES)
            continue;
        if (field.number == GRAPH_SPARSE)
            return refuse(g, VG_E_INPUT, N_("the constant is of a type that is not read"),
                          "sparse_initializer");
        if (field.number == GRAPH_CONSTANT)
            counts->consts++;
        if (field.number != GRAPH_NODE)
            continue;
        counts->nodes++;
        if (counts->nodes > VG_ONNX_NODES_MAX || !count_edges(&field, &counts->edges))
            return refuse(g, VG_E_FULL, N_("the graph has too many nodes"), "%d, %d",
                          VG_ONNX_NODES_MAX, VG_ONNX_EDGES_MAX);
    }
    if (wire.broken)
        return refuse(g, VG_E_INPUT, not_onnx, "graph: byte %zu",
                      (size_t)(wire.at - source->graph));
    if (counts->consts > VG_ONNX_CONSTS_MAX)
        return refuse(g, VG_E_FULL, N_("the graph has too many constants"), "%d",
                      VG_ONNX_CONSTS_MAX);
    if (counts->nodes == 0)
        return refuse(g, VG_E_INPUT, N_("the graph has no nodes"), "%s", "");
    return VG_OK;
}

/* ------------------------------------------------------------ names to values */

/* Open addressing; twice as many places as names can be. */
struct names {
    uint32_t *place; /* 1 + value; 0: free */
    uint32_t mask, room;
};

static uint32_t hash_of(struct vg_onnx_text text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ text.at[i]) * 16777619u;
    return hash;
}

/* The value of this name, made when new. NOTHING: the empty name, or no room. */
static uint32_t value_of(struct vg_onnx_graph *g, const struct names *names,
                         struct vg_onnx_text name)
{
    if (name.size == 0)
        return VG_ONNX_NOTHING;
    uint32_t at = hash_of(name) & names->mask;
    while (names->place[at]) {
        if (text_same(g->value[names->place[at] - 1].name, name))
            return names->place[at] - 1;
        at = (at + 1) & names->mask;
    }
    if (g->value_count == names->room)
        return VG_ONNX_NOTHING;
    g->value[g->value_count] = (struct vg_onnx_value){name, VG_ONNX_NOTHING, VG_ONNX_NOTHING};
    names->place[at] = ++g->value_count;
    return g->value_count - 1;
}

static_assert(VG_ONNX_NODES_MAX * sizeof(struct vg_onnx_node) +
                      VG_ONNX_EDGES_MAX * sizeof(uint32_t) +
                      VG_ONNX_VALUES_MAX * (sizeof(struct vg_onnx_value) + 4 * sizeof(uint32_t)) +
                      VG_ONNX_CONSTS_MAX * sizeof(struct vg_onnx_array) <=
                  VG_ONNX_GRAPH_BYTES,
              "the tables are within the limit that the header states");

static enum vg_status make_tables(struct vg_onnx_graph *g, const struct counts *counts,
                                  struct names *names)
{
    uint32_t room = counts->edges + counts->consts + VG_ONNX_OUTPUTS_MAX + 1, places = 16;
    if (room > VG_ONNX_VALUES_MAX)
        room = VG_ONNX_VALUES_MAX;
    while (places < 2 * room)
        places *= 2;
    names->room = room;
    names->mask = places - 1;
    names->place = vg_alloc_array(places, sizeof *names->place);
    g->value = vg_alloc_array(room, sizeof *g->value);
    g->node = vg_alloc_array(counts->nodes, sizeof *g->node);
    g->edge = vg_alloc_array(counts->edges + 1, sizeof *g->edge);
    g->constant = vg_alloc_array(counts->consts + 1, sizeof *g->constant);
    if (!names->place || !g->value || !g->node || !g->edge || !g->constant)
        return refuse(g, VG_E_MEMORY, vg_onnx_no_memory, "%s", "");
    return VG_OK;
}

/* ------------------------------------------------------------ filling */

static enum vg_status read_constant(struct vg_onnx_graph *g, const struct names *names,
                                    const struct vg_wire_field *field)
{
    struct vg_onnx_text name = {NULL, 0};
    char shown[100];
    struct vg_onnx_array *array = &g->constant[g->const_count++];
    const char *why = vg_onnx_array_read(field->data, field->size, array, &name.at, &name.size);
    vg_onnx_text_copy(name, shown, sizeof shown);
    if (why)
        return refuse(g, why == vg_onnx_no_memory ? VG_E_MEMORY : VG_E_INPUT, why, "\"%s\"", shown);
    const uint32_t value = value_of(g, names, name);
    if (value == VG_ONNX_NOTHING || g->value[value].constant != VG_ONNX_NOTHING)
        return refuse(g, VG_E_INPUT, N_("two values of the graph have one name, or none"), "\"%s\"",
                      shown);
    g->value[value].constant = g->const_count - 1;
    return VG_OK;
}

/* Inputs first, then outputs, each in their order, whatever order the fields have. */
static bool read_edges(struct vg_onnx_graph *g, const struct names *names,
                       struct vg_onnx_node *node, uint32_t number, uint32_t *count)
{
    struct vg_wire wire = vg_wire_begin(node->data, node->size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field)) {
        if (field.number != number)
            continue;
        const struct vg_onnx_text name = text_of(&field);
        const uint32_t value = value_of(g, names, name);
        if (name.size && value == VG_ONNX_NOTHING)
            return false;
        g->edge[g->edge_count++] = value;
        ++*count;
    }
    return !wire.broken;
}

static enum vg_status read_node(struct vg_onnx_graph *g, const struct names *names,
                                const struct vg_wire_field *proto)
{
    const uint32_t i = g->node_count++;
    struct vg_onnx_node *node = &g->node[i];
    struct vg_wire wire = vg_wire_begin(proto->data, proto->size);
    struct vg_wire_field field;
    struct vg_onnx_text domain = {NULL, 0};
    char shown[60];
    *node = (struct vg_onnx_node){.data = proto->data, .size = proto->size};
    while (vg_wire_next(&wire, &field)) {
        if (field.number == NODE_NAME)
            node->name = text_of(&field);
        else if (field.number == NODE_OP)
            node->op = text_of(&field);
        else if (field.number == NODE_DOMAIN)
            domain = text_of(&field);
    }
    if (wire.broken)
        return vg_onnx_refuse(g, i, not_onnx, "%s", "");
    node->input_first = g->edge_count;
    const bool inputs = read_edges(g, names, node, NODE_INPUT, &node->input_count);
    node->output_first = g->edge_count;
    if (!inputs || !read_edges(g, names, node, NODE_OUTPUT, &node->output_count))
        return vg_onnx_refuse(g, i, N_("the graph has too many values"), "%d", VG_ONNX_VALUES_MAX);
    vg_onnx_text_copy(domain, shown, sizeof shown);
    if (domain.size && !vg_onnx_text_is(domain, "ai.onnx"))
        return vg_onnx_refuse(g, i, N_("the operator is not of the standard set"), "%s", shown);
    return VG_OK;
}

static uint32_t read_dim(const struct vg_wire_field *dim)
{
    struct vg_wire wire = vg_wire_begin(dim->data, dim->size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field))
        if (field.number == DIM_VALUE && field.kind == VG_WIRE_VARINT)
            return field.value <= INT32_MAX ? (uint32_t)field.value : 0;
    return 0;
}

/* The message `number` within a message; empty when there is none. */
static struct vg_wire_field inner(const struct vg_wire_field *message, uint32_t number)
{
    struct vg_wire wire = vg_wire_begin(message->data, message->size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field))
        if (field.number == number && field.kind == VG_WIRE_BYTES)
            return field;
    return (struct vg_wire_field){.data = NULL};
}

static void read_shape(const struct vg_wire_field *info, struct vg_onnx_port *port)
{
    const struct vg_wire_field type = inner(info, VALUE_TYPE);
    const struct vg_wire_field tensor = inner(&type, TYPE_TENSOR);
    const struct vg_wire_field shape = inner(&tensor, TENSOR_SHAPE);
    struct vg_wire wire = vg_wire_begin(shape.data, shape.size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field))
        if (field.number == SHAPE_DIM && port->rank < VG_ONNX_RANK_MAX)
            port->dim[port->rank++] = field.kind == VG_WIRE_BYTES ? read_dim(&field) : 0;
}

static enum vg_status read_input(struct vg_onnx_graph *g, const struct names *names,
                                 const struct vg_wire_field *info)
{
    const struct vg_wire_field name = inner(info, VALUE_NAME);
    struct vg_onnx_port port = {.value = value_of(g, names, text_of(&name))};
    char shown[60];
    vg_onnx_text_copy(text_of(&name), shown, sizeof shown);
    if (port.value == VG_ONNX_NOTHING)
        return refuse(g, VG_E_INPUT, not_onnx, "input");
    if (g->value[port.value].constant != VG_ONNX_NOTHING)
        return VG_OK; /* old files list their constants here too */
    if (g->input.value != VG_ONNX_NOTHING)
        return refuse(g, VG_E_INPUT, N_("the net has more than one input"), "\"%s\"", shown);
    read_shape(info, &port);
    g->input = port;
    return VG_OK;
}

static enum vg_status read_output(struct vg_onnx_graph *g, const struct names *names,
                                  const struct vg_wire_field *info)
{
    const struct vg_wire_field name = inner(info, VALUE_NAME);
    struct vg_onnx_port port = {.value = value_of(g, names, text_of(&name))};
    if (g->output_count == VG_ONNX_OUTPUTS_MAX)
        return refuse(g, VG_E_INPUT, N_("the net has too many outputs"), "%d", VG_ONNX_OUTPUTS_MAX);
    if (port.value == VG_ONNX_NOTHING)
        return refuse(g, VG_E_INPUT, not_onnx, "output");
    read_shape(info, &port);
    g->output[g->output_count++] = port;
    return VG_OK;
}

/* One kind of the graph's fields, in the order of the file. */
static enum vg_status each(struct vg_onnx_graph *g, const struct source *source,
                           const struct names *names, uint32_t number,
                           enum vg_status (*read)(struct vg_onnx_graph *, const struct names *,
                                                  const struct vg_wire_field *))
{
    struct vg_wire wire = vg_wire_begin(source->graph, source->graph_size);
    struct vg_wire_field field;
    enum vg_status status = VG_OK;
    while (status == VG_OK && vg_wire_next(&wire, &field))
        if (field.number == number && field.kind == VG_WIRE_BYTES)
            status = read(g, names, &field);
    return status;
}

/* Each value is written once, and read only behind its writer: the standard's own rule. */
static enum vg_status link_values(struct vg_onnx_graph *g)
{
    for (uint32_t i = 0; i < g->node_count; i++) {
        const struct vg_onnx_node *node = &g->node[i];
        for (uint32_t k = 0; k < node->input_count; k++) {
            const uint32_t v = g->edge[node->input_first + k];
            if (v != VG_ONNX_NOTHING && v != g->input.value &&
                g->value[v].node == VG_ONNX_NOTHING && g->value[v].constant == VG_ONNX_NOTHING)
                return vg_onnx_refuse(
                    g, i, N_("the node reads a value that nothing before it writes"), "%u", k);
        }
        for (uint32_t k = 0; k < node->output_count; k++) {
            const uint32_t v = g->edge[node->output_first + k];
            if (v == VG_ONNX_NOTHING)
                continue;
            if (v == g->input.value || g->value[v].node != VG_ONNX_NOTHING ||
                g->value[v].constant != VG_ONNX_NOTHING)
                return vg_onnx_refuse(g, i, N_("two values of the graph have one name, or none"),
                                      "%u", k);
            g->value[v].node = i;
        }
    }
    return VG_OK;
}

static enum vg_status fill(struct vg_onnx_graph *g, const struct source *source,
                           const struct names *names)
{
    enum vg_status status = each(g, source, names, GRAPH_CONSTANT, read_constant);
    if (status == VG_OK)
        status = each(g, source, names, GRAPH_INPUT, read_input);
    if (status == VG_OK)
        status = each(g, source, names, GRAPH_NODE, read_node);
    if (status == VG_OK)
        status = each(g, source, names, GRAPH_OUTPUT, read_output);
    if (status != VG_OK)
        return status;
    if (g->input.value == VG_ONNX_NOTHING || g->output_count == 0)
        return refuse(g, VG_E_INPUT, N_("the net has no input or no output"), "%s", "");
    return link_values(g);
}

enum vg_status vg_onnx_graph_init(struct vg_onnx_graph *graph, const char *name,
                                  const uint8_t *data, size_t size, struct vg_fault *fault)
{
    struct source source = {NULL, 0};
    struct counts counts = {0, 0, 0};
    struct names names = {NULL, 0, 0};
    *graph = (struct vg_onnx_graph){.name = name, .fault = fault};
    graph->input.value = VG_ONNX_NOTHING;
    enum vg_status status = read_model(graph, data, size, &source);
    if (status == VG_OK)
        status = count_graph(graph, &source, &counts);
    if (status == VG_OK)
        status = make_tables(graph, &counts, &names);
    if (status == VG_OK)
        status = fill(graph, &source, &names);
    vg_free(names.place);
    if (status != VG_OK)
        vg_onnx_graph_release(graph);
    return status;
}

void vg_onnx_graph_release(struct vg_onnx_graph *graph)
{
    for (uint32_t i = 0; i < graph->const_count; i++)
        vg_onnx_array_release(&graph->constant[i]);
    vg_free(graph->constant);
    vg_free(graph->edge);
    vg_free(graph->node);
    vg_free(graph->value);
    *graph = (struct vg_onnx_graph){.name = NULL};
}

/* ------------------------------------------------------------ attributes */

static void read_ints(const struct vg_wire_field *field, struct vg_onnx_attr *attr)
{
    uint64_t value = 0;
    struct vg_wire_list list = vg_wire_values(field, VG_WIRE_VARINT);
    while (vg_wire_value(&list, &value)) {
        if (attr->list_count >= sizeof attr->list / sizeof *attr->list) {
            attr->list_count = UINT32_MAX;
            return;
        }
        memcpy(&attr->list[attr->list_count++], &value, sizeof value);
    }
}

static bool read_attr(const struct vg_wire_field *proto, const char *name,
                      struct vg_onnx_attr *attr)
{
    struct vg_wire wire = vg_wire_begin(proto->data, proto->size);
    struct vg_wire_field field;
    bool found = false;
    *attr = (struct vg_onnx_attr){.tensor = NULL};
    while (vg_wire_next(&wire, &field)) {
        if (field.number == ATTR_NAME) {
            found = vg_onnx_text_is(text_of(&field), name);
        } else if (field.number == ATTR_FLOAT) {
            attr->number = vg_wire_float(field.value);
        } else if (field.number == ATTR_INT) {
            memcpy(&attr->integer, &field.value, sizeof field.value);
        } else if (field.number == ATTR_TEXT) {
            attr->text = text_of(&field);
        } else if (field.number == ATTR_TENSOR && field.kind == VG_WIRE_BYTES) {
            attr->tensor = field.data;
            attr->tensor_size = field.size;
        } else if (field.number == ATTR_INTS) {
            read_ints(&field, attr);
        }
    }
    return found;
}

bool vg_onnx_attr(const struct vg_onnx_node *node, const char *name, struct vg_onnx_attr *attr)
{
    struct vg_wire wire = vg_wire_begin(node->data, node->size);
    struct vg_wire_field field;
    while (vg_wire_next(&wire, &field))
        if (field.number == NODE_ATTR && field.kind == VG_WIRE_BYTES &&
            read_attr(&field, name, attr))
            return true;
    return false;
}

int64_t vg_onnx_attr_int(const struct vg_onnx_node *node, const char *name, int64_t otherwise)
{
    struct vg_onnx_attr attr;
    return vg_onnx_attr(node, name, &attr) ? attr.integer : otherwise;
}

double vg_onnx_attr_float(const struct vg_onnx_node *node, const char *name, double otherwise)
{
    struct vg_onnx_attr attr;
    return vg_onnx_attr(node, name, &attr) ? (double)attr.number : otherwise;
}

bool vg_onnx_attr_is(const struct vg_onnx_node *node, const char *name, const char *word,
                     const char *otherwise)
{
    struct vg_onnx_attr attr;
    if (!vg_onnx_attr(node, name, &attr))
        return strcmp(word, otherwise) == 0;
    return vg_onnx_text_is(attr.text, word);
}
