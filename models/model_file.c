/* Reads and writes models/FORMAT.md. Reading goes: size, magic, version, counts within their
 * limits, size again by the counts, digest, and only then memory and records; last the checks
 * that do not depend on bytes (model_check.c), whose record is turned back into a byte. */
#include <stdio.h>
#include <string.h>

#include "models/model.h"
#include "models/model_check.h"
#include "models/source_file.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/half.h"
#include "src/base/text.h"

enum {
    HEADER_BYTES = 512,
    CLASS_BYTES = 64,
    TENSOR_BYTES = 4,
    NODE_BYTES = 152,
    OUTPUT_BYTES = 104,
    LEVEL_BYTES = 16,
    MAP_BYTES = 4,
    RANGE_BYTES = 8,
    WORD_BYTES = 32, /* a class's word */
    VERSION = 2,
    FLAG_HALF = 1,
    FLAG_QUANTISED = 2,
};

static const uint8_t magic[8] = {0x89, 'V', 'G', 'M', 0x0d, 0x0a, 0x1a, 0x0a};

/* What the sizes of a file follow from. */
struct counts {
    uint32_t flags, classes, tensors, nodes, outputs, levels, map;
    uint64_t weights;
};

static uint64_t weight_bytes(const struct counts *c)
{
    return c->flags & FLAG_HALF ? 2 : 4;
}

/* Byte at which record `index` of `part` begins; VG_PART_COUNT: the digest. */
static uint64_t part_at(const struct counts *c, enum vg_model_part part, uint64_t index)
{
    const struct {
        uint64_t bytes, count;
    } row[VG_PART_COUNT] = {
        [VG_PART_HEADER] = {HEADER_BYTES, 1},
        [VG_PART_CLASS] = {CLASS_BYTES, c->classes},
        [VG_PART_TENSOR] = {TENSOR_BYTES, c->tensors},
        [VG_PART_NODE] = {NODE_BYTES, c->nodes},
        [VG_PART_OUTPUT] = {OUTPUT_BYTES, c->outputs},
        [VG_PART_LEVEL] = {LEVEL_BYTES, c->levels},
        [VG_PART_MAP] = {MAP_BYTES, c->map},
        [VG_PART_RANGE] = {RANGE_BYTES, c->flags & FLAG_QUANTISED ? c->tensors : 0},
        [VG_PART_WEIGHT] = {weight_bytes(c), c->weights},
    };
    uint64_t at = 0;
    for (unsigned p = 0; p < (unsigned)part; p++)
        at += row[p].bytes * row[p].count;
    return part == VG_PART_COUNT ? at : at + row[part].bytes * index;
}

/* ------------------------------------------------------------ little-endian bytes */

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_u64(const uint8_t *p)
{
    return (uint64_t)get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

static float get_f32(const uint8_t *p)
{
    const uint32_t bits = get_u32(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void put_u32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static void put_u64(uint8_t *p, uint64_t value)
{
    put_u32(p, (uint32_t)value);
    put_u32(p + 4, (uint32_t)(value >> 32));
}

static void put_f32(uint8_t *p, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(p, bits);
}

/* A text ends within its field and zeros follow it; the characters are checked later. */
static bool get_text(const uint8_t *p, size_t size, char *text)
{
    const uint8_t *end = memchr(p, 0, size);
    if (!end)
        return false;
    for (const uint8_t *q = end; q < p + size; q++)
        if (*q != 0)
            return false;
    memcpy(text, p, size);
    return true;
}

static void put_text(uint8_t *p, const char *text)
{
    memcpy(p, text, strlen(text));
}

/* ------------------------------------------------------------ reading */

/* The bytes being read, so that a refusal needs three arguments. */
struct reading {
    const char *name;
    const uint8_t *data;
    struct counts counts;
    struct vg_fault *fault;
};

static const char remedy_import[] = N_("import the model again with `vigie model import`");

/* detail: names of the format and numbers; "" when the byte says it all */
static enum vg_status refuse_byte(const struct reading *r, uint64_t byte, const char *what,
                                  const char *detail)
{
    return vg_fault_set(r->fault, VG_E_INPUT, what, remedy_import, "%s: 0x%llx%s%s", r->name,
                        (unsigned long long)byte, *detail ? ": " : "", detail);
}

static enum vg_status refuse_record(const struct reading *r, enum vg_model_part part,
                                    uint64_t index, const char *what, const char *detail)
{
    char where[256];
    if (part == VG_PART_HEADER)
        (void)snprintf(where, sizeof where, "/header: %s", detail);
    else
        (void)snprintf(where, sizeof where, "/%s/%llu: %s", vg_model_part_name(part),
                       (unsigned long long)index, detail);
    return refuse_byte(r, part_at(&r->counts, part, index), what, where);
}

/* Counts within their limits, before any of them is used as a size. */
static enum vg_status read_counts(struct reading *r)
{
    const uint8_t *p = r->data;
    r->counts = (struct counts){.flags = get_u32(p + 12),
                                .classes = get_u32(p + 84),
                                .tensors = get_u32(p + 88),
                                .nodes = get_u32(p + 92),
                                .outputs = get_u32(p + 96),
                                .levels = get_u32(p + 100),
                                .map = get_u32(p + 112),
                                .weights = get_u64(p + 104)};
    const struct counts *c = &r->counts;
    if (c->flags & ~(uint32_t)(FLAG_HALF | FLAG_QUANTISED))
        return refuse_byte(r, 12, N_("an unknown flag is set"), "");
    const struct {
        unsigned byte;
        const char *name;
        uint64_t value, most;
    } rows[] = {
        {84, "class_count", c->classes, VG_MODEL_CLASSES_MAX},
        {88, "tensor_count", c->tensors, VG_MODEL_TENSORS_MAX},
        {92, "node_count", c->nodes, VG_MODEL_NODES_MAX - 1},
        {96, "output_count", c->outputs, VG_MODEL_OUTPUTS_MAX},
        {100, "level_count", c->levels, VG_MODEL_LEVELS_MAX},
        {104, "weight_count", c->weights, VG_MODEL_FILE_MAX / weight_bytes(c)},
        {112, "map_count", c->map, VG_MODEL_MAP_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char detail[96];
        (void)snprintf(detail, sizeof detail, "%s=%llu > %llu", rows[i].name,
                       (unsigned long long)rows[i].value, (unsigned long long)rows[i].most);
        if (rows[i].value > rows[i].most)
            return refuse_byte(r, rows[i].byte, N_("a count is out of range"), detail);
    }
    return VG_OK;
}

static enum vg_status check_size(const struct reading *r, size_t size)
{
    const uint64_t want = part_at(&r->counts, VG_PART_COUNT, 0) + VG_SHA256_BYTES;
    char detail[96];
    (void)snprintf(detail, sizeof detail, "%llu B ≠ %llu B",
                   (unsigned long long)get_u64(r->data + 16), (unsigned long long)want);
    if (get_u64(r->data + 16) != want)
        return refuse_byte(r, 16, N_("the size does not fit the counts"), detail);
    (void)snprintf(detail, sizeof detail, "%zu B ≠ %llu B", size, (unsigned long long)want);
    if (size < want)
        return refuse_byte(r, size, N_("the model file is cut"), detail);
    if (size > want)
        return refuse_byte(r, want, N_("bytes follow the end of the model"), detail);
    return VG_OK;
}

/* Everything before the records: which file it is, and that it is whole and unchanged. */
static enum vg_status check_frame(struct reading *r, size_t size)
{
    const size_t known = size < sizeof magic ? size : sizeof magic;
    if (memcmp(r->data, magic, known) != 0)
        return refuse_byte(r, 0, N_("this is not a model file of Vigie"), "");
    char detail[48];
    (void)snprintf(detail, sizeof detail, "%zu B < %d B", size, HEADER_BYTES);
    if (size < HEADER_BYTES)
        return refuse_byte(r, size, N_("the model file is cut"), detail);
    (void)snprintf(detail, sizeof detail, "version=%u ≠ %d", get_u32(r->data + 8), VERSION);
    if (get_u32(r->data + 8) != VERSION)
        return refuse_byte(r, 8, N_("this version of the model file is unknown"), detail);
    enum vg_status status = read_counts(r);
    if (status == VG_OK)
        status = check_size(r, size);
    if (status != VG_OK)
        return status;
    uint8_t digest[VG_SHA256_BYTES];
    vg_sha256(r->data, size - VG_SHA256_BYTES, digest);
    if (memcmp(digest, r->data + size - VG_SHA256_BYTES, sizeof digest) == 0)
        return VG_OK;
    char said[VG_SHA256_TEXT], found[VG_SHA256_TEXT];
    vg_sha256_text(r->data + size - VG_SHA256_BYTES, said);
    vg_sha256_text(digest, found);
    return vg_fault_set(r->fault, VG_E_INTEGRITY, N_("the model file was changed or damaged"),
                        remedy_import, "%s: %s ≠ %s", r->name, found, said);
}

/* The three texts of the header; the first that is not well-formed is refused at its byte. */
static enum vg_status read_words(const struct reading *r, struct vg_model *m)
{
    const struct {
        unsigned byte;
        const char *name;
        char *text;
        size_t size;
    } rows[] = {
        {128, "name", m->name, sizeof m->name},
        {192, "licence", m->licence, sizeof m->licence},
        {256, "origin", m->origin, sizeof m->origin},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!get_text(r->data + rows[i].byte, rows[i].size, rows[i].text))
            return refuse_byte(r, rows[i].byte, N_("a text is not filled up with zeros"),
                               rows[i].name);
    return VG_OK;
}

static enum vg_status read_header(const struct reading *r, struct vg_model *m)
{
    const uint8_t *p = r->data;
    for (unsigned i = 120; i < 128; i++)
        if (p[i] != 0)
            return refuse_byte(r, i, N_("a reserved field is not zero"), "");
    m->input_width = get_u32(p + 24);
    m->input_height = get_u32(p + 28);
    m->input_multiple = get_u32(p + 32);
    m->order = (enum vg_channel_order)get_u32(p + 36);
    for (unsigned i = 0; i < 3; i++) {
        m->mean[i] = get_f32(p + 40 + (size_t)4 * i);
        m->scale[i] = get_f32(p + 52 + (size_t)4 * i);
    }
    m->fill = get_f32(p + 64);
    m->head = (enum vg_head)get_u32(p + 68);
    m->bins = get_u32(p + 72);
    m->threshold = get_f32(p + 76);
    m->nms = get_f32(p + 80);
    m->anchor = (enum vg_anchor)get_u32(p + 116);
    m->class_count = r->counts.classes;
    m->tensor_count = r->counts.tensors;
    m->node_count = r->counts.nodes;
    m->output_count = r->counts.outputs;
    m->level_count = r->counts.levels;
    m->map_count = r->counts.map;
    m->weight_count = r->counts.weights;
    return read_words(r, m);
}

static enum vg_status read_classes(const struct reading *r, struct vg_model *m)
{
    for (uint32_t i = 0; i < m->class_count; i++) {
        const uint8_t *p = r->data + part_at(&r->counts, VG_PART_CLASS, i);
        char ours[WORD_BYTES];
        if (!get_text(p, WORD_BYTES, m->class_name[i]) ||
            !get_text(p + WORD_BYTES, WORD_BYTES, ours))
            return refuse_record(r, VG_PART_CLASS, i, N_("a text is not filled up with zeros"),
                                 "name");
        m->class_map[i] = vg_class_parse(ours);
        if (ours[0] && m->class_map[i] == VG_CLASS_NONE)
            return refuse_record(r, VG_PART_CLASS, i, N_("the class is mapped to none that exists"),
                                 "class");
    }
    return VG_OK;
}

/* The window's ten words, as they follow each other in a node. */
static struct vg_window read_window(const uint8_t *p)
{
    return (struct vg_window){.size_y = get_u32(p),
                              .size_x = get_u32(p + 4),
                              .stride_y = get_u32(p + 8),
                              .stride_x = get_u32(p + 12),
                              .dilation_y = get_u32(p + 16),
                              .dilation_x = get_u32(p + 20),
                              .above = get_u32(p + 24),
                              .left = get_u32(p + 28),
                              .below = get_u32(p + 32),
                              .right = get_u32(p + 36)};
}

static void read_node(const uint8_t *p, struct vg_node *n)
{
    n->op = (enum vg_op)get_u32(p);
    n->act = (enum vg_act)get_u32(p + 4);
    n->act_a = get_f32(p + 8);
    n->act_b = get_f32(p + 12);
    n->in_count = get_u32(p + 16);
    for (unsigned k = 0; k < VG_MODEL_INPUTS_MAX; k++)
        n->in[k] = get_u32(p + 20 + (size_t)4 * k);
    n->out = get_u32(p + 52);
    n->window = read_window(p + 56);
    n->groups = get_u32(p + 96);
    n->pool_padding = (enum vg_pool_padding)get_u32(p + 100);
    n->resize = (enum vg_resize)get_u32(p + 104);
    n->scale_num = get_u32(p + 108);
    n->scale_den = get_u32(p + 112);
    n->map_first = get_u32(p + 116);
    n->weight_first = get_u64(p + 120);
    n->bias_first = get_u64(p + 128);
    n->step_first = get_u64(p + 136);
    n->int8_bias_first = get_u64(p + 144);
}

static void read_graph(const struct reading *r, struct vg_model *m)
{
    for (uint32_t i = 0; i < m->tensor_count; i++)
        m->tensor[i].channels = get_u32(r->data + part_at(&r->counts, VG_PART_TENSOR, i));
    for (uint32_t i = 0; i < m->node_count; i++)
        read_node(r->data + part_at(&r->counts, VG_PART_NODE, i), &m->node[i]);
    for (uint32_t i = 0; i < m->level_count; i++) {
        const uint8_t *p = r->data + part_at(&r->counts, VG_PART_LEVEL, i);
        m->level[i] =
            (struct vg_level){get_u32(p), get_u32(p + 4), get_u32(p + 8), get_u32(p + 12)};
    }
}

static enum vg_status read_outputs(const struct reading *r, struct vg_model *m)
{
    for (uint32_t i = 0; i < m->output_count; i++) {
        const uint8_t *p = r->data + part_at(&r->counts, VG_PART_OUTPUT, i);
        if (!get_text(p, sizeof m->output[i].name, m->output[i].name))
            return refuse_record(r, VG_PART_OUTPUT, i, N_("a text is not filled up with zeros"),
                                 "name");
        m->output[i].layout = (enum vg_layout)get_u32(p + 64);
        m->output[i].part_count = get_u32(p + 68);
        for (unsigned k = 0; k < VG_MODEL_LEVELS_MAX; k++)
            m->output[i].part[k] = get_u32(p + 72 + (size_t)4 * k);
    }
    return VG_OK;
}

static enum vg_status read_map(const struct reading *r, struct vg_model *m)
{
    if (m->map_count == 0)
        return VG_OK;
    const uint8_t *p = r->data + part_at(&r->counts, VG_PART_MAP, 0);
    m->map = vg_alloc_array(m->map_count, sizeof *m->map);
    if (!m->map)
        return vg_fault_set(r->fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                            r->name);
    for (uint32_t i = 0; i < m->map_count; i++)
        m->map[i] = get_u32(p + (size_t)MAP_BYTES * i);
    return VG_OK;
}

static enum vg_status read_ranges(const struct reading *r, struct vg_model *m)
{
    if (!(r->counts.flags & FLAG_QUANTISED) || m->tensor_count == 0)
        return VG_OK;
    const uint8_t *p = r->data + part_at(&r->counts, VG_PART_RANGE, 0);
    m->range = vg_alloc_array(m->tensor_count, sizeof *m->range);
    if (!m->range)
        return vg_fault_set(r->fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                            r->name);
    for (uint32_t i = 0; i < m->tensor_count; i++)
        m->range[i] = (struct vg_value_range){get_f32(p + (size_t)RANGE_BYTES * i),
                                              get_f32(p + (size_t)RANGE_BYTES * i + 4)};
    return VG_OK;
}

static enum vg_status read_weights(const struct reading *r, struct vg_model *m)
{
    const uint8_t *p = r->data + part_at(&r->counts, VG_PART_WEIGHT, 0);
    m->weights = vg_alloc_array((size_t)m->weight_count + 1, sizeof *m->weights);
    if (!m->weights)
        return vg_fault_set(r->fault, VG_E_MEMORY, N_("no memory for the weights"), NULL, "%s",
                            r->name);
    for (uint64_t i = 0; i < m->weight_count; i++) {
        if (r->counts.flags & FLAG_HALF)
            m->weights[i] = vg_half_to_float((uint16_t)(p[2 * i] | p[2 * i + 1] << 8));
        else
            m->weights[i] = get_f32(p + 4 * i);
    }
    return VG_OK;
}

static enum vg_status read_records(const struct reading *r, struct vg_model *m)
{
    enum vg_status status = read_header(r, m);
    if (status == VG_OK)
        status = read_classes(r, m);
    if (status == VG_OK)
        status = read_outputs(r, m);
    if (status == VG_OK)
        status = read_map(r, m);
    if (status == VG_OK)
        status = read_ranges(r, m);
    if (status == VG_OK)
        status = read_weights(r, m);
    if (status != VG_OK)
        return status;
    read_graph(r, m);
    struct vg_model_flaw flaw;
    if (vg_model_flaw_find(m, &flaw))
        return refuse_record(r, flaw.part, flaw.index, flaw.what, flaw.detail);
    return VG_OK;
}

enum vg_status vg_model_parse(const char *name, const uint8_t *data, size_t size,
                              struct vg_model **model, struct vg_fault *fault)
{
    *model = NULL;
    struct reading r = {.name = name, .data = data, .fault = fault};
    enum vg_status status = check_frame(&r, size);
    if (status != VG_OK)
        return status;
    struct vg_model *m = vg_alloc(sizeof *m);
    if (!m)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s", name);
    status = read_records(&r, m);
    if (status != VG_OK) {
        vg_model_close(&m);
        return status;
    }
    memcpy(m->digest, data + size - VG_SHA256_BYTES, sizeof m->digest);
    *model = m;
    return VG_OK;
}

enum vg_status vg_model_open(const char *path, struct vg_model **model, struct vg_fault *fault)
{
    *model = NULL;
    struct vg_source_bytes bytes = {NULL, 0};
    enum vg_status status = vg_source_append(&bytes, path, VG_MODEL_FILE_MAX, fault);
    if (status == VG_OK)
        status = vg_model_parse(path, bytes.data, bytes.size, model, fault);
    vg_source_release(&bytes);
    return status;
}

enum vg_status vg_model_path(const char *name, char *path, size_t size, struct vg_fault *fault)
{
    const size_t length = strlen(name);
    const bool is_path = strchr(name, '/') || (length > 4 && !strcmp(name + length - 4, ".vgm"));
    if (!is_path && !vg_model_name_valid(name))
        return vg_fault_set(fault, VG_E_CALL, N_("this cannot be the name of a model"),
                            N_("use a-z, 0-9, '.', '_' and '-', at most 63 characters"),
                            "\"%.80s\"", name);
    char folder[4096], file[VG_MODEL_NAME_SIZE + 4];
    enum vg_status status = VG_OK;
    if (is_path)
        status = (size_t)snprintf(path, size, "%s", name) < size ? VG_OK : VG_E_FULL;
    else {
        (void)snprintf(file, sizeof file, "%s.vgm", name);
        status = vg_folder_path(VG_FOLDER_MODELS, folder, sizeof folder);
        if (status == VG_OK)
            status = vg_path_join(path, size, folder, file);
    }
    if (status == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, status, N_("the models' folder cannot be named"),
                        N_("set VIGIE_MODELS"), "%.200s", name);
}

enum vg_status vg_model_find(const char *name, struct vg_model **model, struct vg_fault *fault)
{
    *model = NULL;
    char path[4096];
    enum vg_status status = vg_model_path(name, path, sizeof path, fault);
    if (status != VG_OK)
        return status;
    if (!vg_file_exists(path))
        return vg_fault_set(fault, VG_E_MISSING, N_("there is no such model"),
                            N_("see `vigie model list`; `./dev model` fetches the default one"),
                            "%.400s", path);
    return vg_model_open(path, model, fault);
}

vg_class_set vg_model_classes(const struct vg_model *model)
{
    vg_class_set set = 0;
    for (uint32_t i = 0; i < model->class_count; i++)
        if (model->class_map[i] != VG_CLASS_NONE)
            set |= 1u << model->class_map[i];
    return set;
}

void vg_model_weights_drop(struct vg_model *model)
{
    vg_free(model->weights);
    model->weights = NULL;
}

void vg_model_close(struct vg_model **model)
{
    if (!*model)
        return;
    vg_free((*model)->map);
    vg_free((*model)->weights);
    vg_free((*model)->range);
    vg_free(*model);
    *model = NULL;
}

enum vg_status vg_model_check(const struct vg_model *model, struct vg_fault *fault)
{
    struct vg_model_flaw flaw;
    if (!vg_model_flaw_find(model, &flaw))
        return VG_OK;
    if (flaw.part == VG_PART_HEADER)
        return vg_fault_set(fault, VG_E_INPUT, flaw.what, NULL, "%s", flaw.detail);
    return vg_fault_set(fault, VG_E_INPUT, flaw.what, NULL, "/%s/%llu: %s",
                        vg_model_part_name(flaw.part), (unsigned long long)flaw.index, flaw.detail);
}

enum vg_status vg_model_check_source(const char *name, const struct vg_model *model,
                                     struct vg_fault *fault)
{
    struct vg_fault found;
    const enum vg_status status = vg_model_check(model, &found);
    if (status == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, status, found.what, found.remedy, "%.120s: %.300s", name,
                        found.place);
}

/* ------------------------------------------------------------ writing */

static void write_header(const struct vg_model *m, const struct counts *c, uint64_t size,
                         uint8_t *p)
{
    memcpy(p, magic, sizeof magic);
    const struct {
        unsigned byte;
        uint32_t value;
    } words[] = {{8, VERSION},
                 {12, c->flags},
                 {24, m->input_width},
                 {28, m->input_height},
                 {32, m->input_multiple},
                 {36, (uint32_t)m->order},
                 {68, (uint32_t)m->head},
                 {72, m->bins},
                 {84, m->class_count},
                 {88, m->tensor_count},
                 {92, m->node_count},
                 {96, m->output_count},
                 {100, m->level_count},
                 {112, m->map_count},
                 {116, (uint32_t)m->anchor}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        put_u32(p + words[i].byte, words[i].value);
    put_u64(p + 16, size);
    for (unsigned i = 0; i < 3; i++) {
        put_f32(p + 40 + (size_t)4 * i, m->mean[i]);
        put_f32(p + 52 + (size_t)4 * i, m->scale[i]);
    }
    put_f32(p + 64, m->fill);
    put_f32(p + 76, m->threshold);
    put_f32(p + 80, m->nms);
    put_u64(p + 104, m->weight_count);
    put_text(p + 128, m->name);
    put_text(p + 192, m->licence);
    put_text(p + 256, m->origin);
}

static void write_node(const struct vg_node *n, uint8_t *p)
{
    const struct vg_window *w = &n->window;
    const uint32_t window[] = {w->size_y,     w->size_x, w->stride_y, w->stride_x, w->dilation_y,
                               w->dilation_x, w->above,  w->left,     w->below,    w->right};
    put_u32(p, (uint32_t)n->op);
    put_u32(p + 4, (uint32_t)n->act);
    put_f32(p + 8, n->act_a);
    put_f32(p + 12, n->act_b);
    put_u32(p + 16, n->in_count);
    for (unsigned k = 0; k < VG_MODEL_INPUTS_MAX; k++)
        put_u32(p + 20 + (size_t)4 * k, n->in[k]);
    put_u32(p + 52, n->out);
    for (unsigned k = 0; k < sizeof window / sizeof *window; k++)
        put_u32(p + 56 + (size_t)4 * k, window[k]);
    put_u32(p + 96, n->groups);
    put_u32(p + 100, (uint32_t)n->pool_padding);
    put_u32(p + 104, (uint32_t)n->resize);
    put_u32(p + 108, n->scale_num);
    put_u32(p + 112, n->scale_den);
    put_u32(p + 116, n->map_first);
    put_u64(p + 120, n->weight_first);
    put_u64(p + 128, n->bias_first);
    put_u64(p + 136, n->step_first);
    put_u64(p + 144, n->int8_bias_first);
}

static void write_output(const struct vg_output *o, uint8_t *p)
{
    put_text(p, o->name);
    put_u32(p + 64, (uint32_t)o->layout);
    put_u32(p + 68, o->part_count);
    for (unsigned k = 0; k < VG_MODEL_LEVELS_MAX; k++)
        put_u32(p + 72 + (size_t)4 * k, o->part[k]);
}

static void write_level(const struct vg_level *l, uint8_t *p)
{
    put_u32(p, l->stride);
    put_u32(p + 4, l->scores);
    put_u32(p + 8, l->boxes);
    put_u32(p + 12, l->objectness);
}

static void write_records(const struct vg_model *m, const struct counts *c, uint8_t *data)
{
    for (uint32_t i = 0; i < m->class_count; i++) {
        uint8_t *p = data + part_at(c, VG_PART_CLASS, i);
        put_text(p, m->class_name[i]);
        put_text(p + WORD_BYTES, vg_class_name(m->class_map[i]));
    }
    for (uint32_t i = 0; i < m->tensor_count; i++)
        put_u32(data + part_at(c, VG_PART_TENSOR, i), m->tensor[i].channels);
    for (uint32_t i = 0; i < m->node_count; i++)
        write_node(&m->node[i], data + part_at(c, VG_PART_NODE, i));
    for (uint32_t i = 0; i < m->output_count; i++)
        write_output(&m->output[i], data + part_at(c, VG_PART_OUTPUT, i));
    for (uint32_t i = 0; i < m->level_count; i++)
        write_level(&m->level[i], data + part_at(c, VG_PART_LEVEL, i));
    for (uint32_t i = 0; i < m->map_count; i++)
        put_u32(data + part_at(c, VG_PART_MAP, i), m->map[i]);
    for (uint32_t i = 0; m->range && i < m->tensor_count; i++) {
        uint8_t *p = data + part_at(c, VG_PART_RANGE, i);
        put_f32(p, m->range[i].low);
        put_f32(p + 4, m->range[i].high);
    }
}

static void write_weights(const struct vg_model *m, const struct counts *c, uint8_t *data)
{
    uint8_t *p = data + part_at(c, VG_PART_WEIGHT, 0);
    for (uint64_t i = 0; i < m->weight_count; i++) {
        uint16_t half = 0;
        if (!(c->flags & FLAG_HALF)) {
            put_f32(p + 4 * i, m->weights[i]);
            continue;
        }
        (void)vg_half_exact(m->weights[i], &half);
        p[2 * i] = (uint8_t)half;
        p[2 * i + 1] = (uint8_t)(half >> 8);
    }
}

static bool all_halves(const struct vg_model *m)
{
    uint16_t half;
    for (uint64_t i = 0; i < m->weight_count; i++)
        if (!vg_half_exact(m->weights[i], &half))
            return false;
    return true;
}

enum vg_status vg_model_pack(const struct vg_model *model, uint8_t **data, size_t *size,
                             struct vg_fault *fault)
{
    *data = NULL;
    *size = 0;
    enum vg_status status = vg_model_check(model, fault);
    if (status != VG_OK)
        return status;
    const uint32_t flags = (all_halves(model) ? (uint32_t)FLAG_HALF : 0) |
                           (model->range ? (uint32_t)FLAG_QUANTISED : 0);
    const struct counts c = {.flags = flags,
                             .classes = model->class_count,
                             .tensors = model->tensor_count,
                             .nodes = model->node_count,
                             .outputs = model->output_count,
                             .levels = model->level_count,
                             .map = model->map_count,
                             .weights = model->weight_count};
    const uint64_t total = part_at(&c, VG_PART_COUNT, 0) + VG_SHA256_BYTES;
    if (total > VG_MODEL_FILE_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("the model is too large"), NULL,
                            "%s: %llu B > %llu B", model->name, (unsigned long long)total,
                            (unsigned long long)VG_MODEL_FILE_MAX);
    uint8_t *bytes = vg_alloc((size_t)total);
    if (!bytes)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                            model->name);
    write_header(model, &c, total, bytes);
    write_records(model, &c, bytes);
    write_weights(model, &c, bytes);
    vg_sha256(bytes, (size_t)total - VG_SHA256_BYTES, bytes + total - VG_SHA256_BYTES);
    *data = bytes;
    *size = (size_t)total;
    return VG_OK;
}

enum vg_status vg_model_save(const struct vg_model *model, const char *path, struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    enum vg_status status = vg_model_pack(model, &data, &size, fault);
    if (status == VG_OK)
        status = vg_file_write(path, data, size, 0644, VG_FILE_SYNCED, fault);
    vg_free(data);
    return status;
}
