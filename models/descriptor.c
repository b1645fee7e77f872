#include "models/descriptor.h"

#include <stdio.h>
#include <string.h>

#include "gen/vg_model_descriptors.h"
#include "models/class_list.h"
#include "models/head.h"
#include "models/model_check.h"
#include "models/source_file.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text.h"

static enum vg_status read_words(const struct vg_json *json, struct vg_model *m)
{
    static const char *const keys[] = {"version", "name", "licence", "origin",    "source",
                                       "input",   "head", "outputs", "threshold", "nms",
                                       "classes", "map",  NULL};
    int64_t version = 0;
    enum vg_status status = vg_json_keys(json, json->root, "", keys);
    if (status == VG_OK)
        status = vg_json_integer(json, json->root, "", "version", VG_JSON_REQUIRED, 1, 1, &version);
    if (status == VG_OK)
        status =
            vg_json_string(json, json->root, "", "name", VG_JSON_REQUIRED, m->name, sizeof m->name);
    if (status == VG_OK && !vg_model_name_valid(m->name))
        return vg_json_refuse(json, "/name", N_("this cannot be the name of a model"),
                              N_("use a-z, 0-9, '.', '_' and '-', at most 63 characters"));
    if (status == VG_OK)
        status = vg_json_string(json, json->root, "", "licence", VG_JSON_REQUIRED, m->licence,
                                sizeof m->licence);
    if (status == VG_OK)
        status = vg_json_string(json, json->root, "", "origin", VG_JSON_REQUIRED, m->origin,
                                sizeof m->origin);
    return status;
}

/* An object that must be there, with the keys that it may have. */
static enum vg_status object_of(const struct vg_json *json, const char *pointer,
                                const json_t *value, const char *const *keys)
{
    if (!json_is_object(value))
        return vg_json_refuse(json, pointer, N_("an object is missing here"), NULL);
    return vg_json_keys(json, value, pointer, keys);
}

static enum vg_status read_file(const struct vg_json *json, const json_t *source, const char *key,
                                struct vg_descriptor_file *file)
{
    static const char *const keys[] = {"file", "bytes", "sha256", NULL};
    char pointer[64], digest[VG_SHA256_TEXT] = "";
    (void)snprintf(pointer, sizeof pointer, "/source/%s", key);
    const json_t *object = json_object_get(source, key);
    enum vg_status status = object_of(json, pointer, object, keys);
    int64_t bytes = 0;
    if (status == VG_OK)
        status = vg_json_string(json, object, pointer, "file", VG_JSON_REQUIRED, file->file,
                                sizeof file->file);
    if (status == VG_OK)
        status = vg_json_integer(json, object, pointer, "bytes", VG_JSON_REQUIRED, 1,
                                 VG_MODEL_FILE_MAX, &bytes);
    if (status == VG_OK)
        status = vg_json_string(json, object, pointer, "sha256", VG_JSON_REQUIRED, digest,
                                sizeof digest);
    if (status != VG_OK)
        return status;
    file->bytes = (uint64_t)bytes;
    if (vg_sha256_parse(digest, file->sha256) == VG_OK)
        return VG_OK;
    (void)snprintf(pointer, sizeof pointer, "/source/%s/sha256", key);
    return vg_json_refuse(json, pointer, N_("this is not a SHA-256 sum"),
                          N_("write 64 hexadecimal digits"));
}

static enum vg_status read_source(const struct vg_json *json, struct vg_descriptor *d)
{
    static const char *const keys[] = {"graph", "weights", NULL};
    const json_t *source = json_object_get(json->root, "source");
    if (!source)
        return VG_OK;
    enum vg_status status = object_of(json, "/source", source, keys);
    if (status == VG_OK)
        status = read_file(json, source, "graph", &d->graph);
    if (status == VG_OK && json_object_get(source, "weights"))
        status = read_file(json, source, "weights", &d->weights);
    return status;
}

/* Three numbers, as mean or standard deviation. */
static enum vg_status read_three(const struct vg_json *json, const json_t *input, const char *key,
                                 double least, double three[3])
{
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/input/%s", key);
    json_t *array = NULL;
    enum vg_status status = vg_json_array(json, input, "/input", key, VG_JSON_REQUIRED, 3, &array);
    if (status != VG_OK)
        return status;
    if (json_array_size(array) != 3)
        return vg_json_refuse(json, pointer, N_("three numbers are expected"), NULL);
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_array_get(array, i);
        (void)snprintf(pointer, sizeof pointer, "/input/%s/%zu", key, i);
        three[i] = json_number_value(value);
        if (!json_is_number(value) || !(three[i] >= least && three[i] <= 1000))
            return vg_json_refuse(json, pointer, N_("mean or scale of the input is out of range"),
                                  NULL);
    }
    return VG_OK;
}

static enum vg_status read_side(const struct vg_json *json, const json_t *input, const char *key,
                                uint32_t *side)
{
    int64_t value = 0;
    const enum vg_status status =
        vg_json_integer(json, input, "/input", key, VG_JSON_REQUIRED, 1, VG_MODEL_SIDE_MAX, &value);
    *side = (uint32_t)value;
    return status;
}

/* Width, height and how they may change. */
static enum vg_status read_sides(const struct vg_json *json, const json_t *input,
                                 struct vg_model *m)
{
    int64_t multiple = 0;
    enum vg_status status = read_side(json, input, "width", &m->input_width);
    if (status == VG_OK)
        status = read_side(json, input, "height", &m->input_height);
    if (status == VG_OK)
        status = vg_json_integer(json, input, "/input", "multiple", VG_JSON_REQUIRED, 0,
                                 VG_MODEL_MULTIPLE_MAX, &multiple);
    m->input_multiple = (uint32_t)multiple;
    return status;
}

static enum vg_status read_anchor(const struct vg_json *json, const json_t *input,
                                  struct vg_model *m)
{
    char anchor[8] = "centre";
    const enum vg_status status =
        vg_json_string(json, input, "/input", "anchor", VG_JSON_OPTIONAL, anchor, sizeof anchor);
    m->anchor = anchor[1] == 'e' ? VG_ANCHOR_CENTRE : VG_ANCHOR_CORNER;
    if (status == VG_OK && strcmp(anchor, "centre") != 0 && strcmp(anchor, "corner") != 0)
        return vg_json_refuse(json, "/input/anchor",
                              N_("where the picture lies in the letterbox is unknown"),
                              N_("write \"centre\" or \"corner\""));
    return status;
}

static enum vg_status read_input(const struct vg_json *json, struct vg_model *m)
{
    static const char *const keys[] = {"width", "height", "multiple", "order", "mean",
                                       "std",   "fill",   "anchor",   NULL};
    const json_t *input = json_object_get(json->root, "input");
    enum vg_status status = object_of(json, "/input", input, keys);
    char order[8] = "";
    double mean[3] = {0}, std[3] = {0}, fill = 0;
    if (status == VG_OK)
        status = read_sides(json, input, m);
    if (status == VG_OK)
        status = read_anchor(json, input, m);
    if (status == VG_OK)
        status =
            vg_json_string(json, input, "/input", "order", VG_JSON_REQUIRED, order, sizeof order);
    if (status == VG_OK && strcmp(order, "bgr") != 0 && strcmp(order, "rgb") != 0)
        return vg_json_refuse(json, "/input/order", N_("the order of the planes is unknown"),
                              N_("write \"bgr\" or \"rgb\""));
    if (status == VG_OK)
        status = read_three(json, input, "mean", -1000, mean);
    if (status == VG_OK)
        status = read_three(json, input, "std", 0.001, std);
    if (status == VG_OK)
        status = vg_json_number(json, input, "/input", "fill", VG_JSON_REQUIRED, 0, 255, &fill);
    if (status != VG_OK)
        return status;
    m->order = order[0] == 'b' ? VG_ORDER_BGR : VG_ORDER_RGB;
    m->fill = (float)fill;
    for (unsigned i = 0; i < 3; i++) {
        m->mean[i] = (float)mean[i];
        m->scale[i] = (float)(1 / std[i]);
    }
    return VG_OK;
}

static enum vg_status read_head(const struct vg_json *json, struct vg_model *m)
{
    static const char *const keys[] = {"type", "bins", NULL};
    const json_t *head = json_object_get(json->root, "head");
    char type[16] = "";
    int64_t bins = 0;
    enum vg_status status = object_of(json, "/head", head, keys);
    if (status == VG_OK)
        status = vg_json_string(json, head, "/head", "type", VG_JSON_REQUIRED, type, sizeof type);
    if (status == VG_OK && !vg_head_parse(type, &m->head))
        return vg_json_refuse(json, "/head/type", N_("the kind of head is unknown"),
                              N_("write \"nanodet\", \"nanodet_plus\", \"yolox\" or "
                                 "\"fastestdet\""));
    if (status == VG_OK && vg_head_has_bins(m->head))
        status = vg_json_integer(json, head, "/head", "bins", VG_JSON_REQUIRED, 2,
                                 VG_MODEL_BINS_MAX, &bins);
    else if (status == VG_OK && json_object_get(head, "bins"))
        return vg_json_refuse(json, "/head/bins", N_("this head has no bins"), N_("take it out"));
    m->bins = (uint32_t)bins;
    return status;
}

static enum vg_status read_thresholds(const struct vg_json *json, struct vg_model *m)
{
    double threshold = 0, nms = 0;
    enum vg_status status =
        vg_json_number(json, json->root, "", "threshold", VG_JSON_REQUIRED, 0.001, 1, &threshold);
    if (status == VG_OK)
        status = vg_json_number(json, json->root, "", "nms", VG_JSON_REQUIRED, 0.001, 1, &nms);
    m->threshold = (float)threshold;
    m->nms = (float)nms;
    return status;
}

static enum vg_status read_role(const struct vg_json *json, const json_t *object, size_t i,
                                enum vg_output_role *role)
{
    static const struct {
        const char *name;
        enum vg_output_role role;
    } roles[] = {
        {"scores", VG_OUTPUT_SCORES}, {"distances", VG_OUTPUT_DISTANCES}, {"all", VG_OUTPUT_ALL}};
    char pointer[64], name[16] = "";
    (void)snprintf(pointer, sizeof pointer, "/outputs/%zu", i);
    const enum vg_status status =
        vg_json_string(json, object, pointer, "role", VG_JSON_REQUIRED, name, sizeof name);
    if (status != VG_OK)
        return status;
    for (size_t k = 0; k < sizeof roles / sizeof *roles; k++)
        if (strcmp(roles[k].name, name) == 0) {
            *role = roles[k].role;
            return VG_OK;
        }
    (void)snprintf(pointer, sizeof pointer, "/outputs/%zu/role", i);
    return vg_json_refuse(json, pointer, N_("the output's role is unknown"),
                          N_("write \"scores\", \"distances\" or \"all\""));
}

static enum vg_status read_output(const struct vg_json *json, const json_t *object, size_t i,
                                  struct vg_descriptor *d)
{
    static const char *const keys[] = {"name", "role", NULL};
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/outputs/%zu", i);
    enum vg_status status = object_of(json, pointer, object, keys);
    if (status == VG_OK)
        status = vg_json_string(json, object, pointer, "name", VG_JSON_REQUIRED,
                                d->model.output[i].name, sizeof d->model.output[i].name);
    return status == VG_OK ? read_role(json, object, i, &d->role[i]) : status;
}

static enum vg_status read_outputs(const struct vg_json *json, struct vg_descriptor *d)
{
    json_t *array = NULL;
    enum vg_status status = vg_json_array(json, json->root, "", "outputs", VG_JSON_OPTIONAL,
                                          VG_MODEL_OUTPUTS_MAX, &array);
    if (status == VG_OK && array && json_array_size(array) == 0)
        status = vg_json_refuse(json, "/outputs", N_("the list is empty"), NULL);
    for (size_t i = 0; status == VG_OK && i < json_array_size(array); i++) {
        d->model.output_count++;
        status = read_output(json, json_array_get(array, i), i, d);
    }
    return status;
}

enum vg_status vg_descriptor_parse(const char *name, const char *text, size_t size,
                                   struct vg_descriptor **descriptor, struct vg_fault *fault)
{
    *descriptor = NULL;
    struct vg_json json;
    enum vg_status status = vg_json_open(&json, name, text, size, VG_DESCRIPTOR_TEXT_MAX, fault);
    if (status != VG_OK)
        return status;
    struct vg_descriptor *d = vg_alloc(sizeof *d);
    if (!d)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s", name);
    if (status == VG_OK)
        status = read_words(&json, &d->model);
    if (status == VG_OK)
        status = read_source(&json, d);
    if (status == VG_OK)
        status = read_input(&json, &d->model);
    if (status == VG_OK)
        status = read_head(&json, &d->model);
    if (status == VG_OK)
        status = read_thresholds(&json, &d->model);
    if (status == VG_OK)
        status = read_outputs(&json, d);
    if (status == VG_OK)
        status = vg_class_list_read(&json, &d->model);
    vg_json_close(&json);
    if (status == VG_OK)
        *descriptor = d;
    else
        vg_free(d);
    return status;
}

enum vg_status vg_descriptor_open(const char *path, struct vg_descriptor **descriptor,
                                  struct vg_fault *fault)
{
    *descriptor = NULL;
    struct vg_source_bytes text = {NULL, 0};
    enum vg_status status = vg_source_append(&text, path, VG_DESCRIPTOR_TEXT_MAX, fault);
    if (status == VG_OK)
        status = vg_descriptor_parse(path, (const char *)text.data, text.size, descriptor, fault);
    vg_source_release(&text);
    return status;
}

enum vg_status vg_descriptor_known(const char *file, const uint8_t digest[VG_SHA256_BYTES],
                                   struct vg_descriptor **descriptor, struct vg_fault *fault)
{
    struct vg_descriptor *by_name = NULL;
    *descriptor = NULL;
    for (const struct vg_model_descriptors_row *row = vg_model_descriptors; row->name; row++) {
        struct vg_descriptor *d = NULL;
        const enum vg_status status =
            vg_descriptor_parse(row->name, (const char *)row->text, *row->len, &d, fault);
        if (status != VG_OK) {
            vg_descriptor_close(&by_name);
            return status;
        }
        if (memcmp(d->graph.sha256, digest, VG_SHA256_BYTES) == 0) {
            vg_descriptor_close(&by_name);
            *descriptor = d;
            return VG_OK;
        }
        if (!by_name && strcmp(d->graph.file, file) == 0)
            by_name = d;
        else
            vg_descriptor_close(&d);
    }
    *descriptor = by_name;
    if (by_name)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("no descriptor is known for this file"),
                        N_("name one with --descriptor"), "%.400s", file);
}

enum vg_status vg_descriptor_compare(const struct vg_descriptor_file *expected, const char *path,
                                     const uint8_t *data, size_t size, struct vg_fault *fault)
{
    if (!expected->file[0])
        return VG_OK;
    if (size < expected->bytes)
        return vg_fault_set(fault, VG_E_INPUT, N_("the file is cut"), N_("fetch it again"),
                            "%.300s: %zu B ≠ %llu B", path, size,
                            (unsigned long long)expected->bytes);
    uint8_t digest[VG_SHA256_BYTES];
    vg_sha256(data, size, digest);
    if (memcmp(digest, expected->sha256, sizeof digest) == 0)
        return VG_OK;
    char found[VG_SHA256_TEXT], want[VG_SHA256_TEXT];
    vg_sha256_text(digest, found);
    vg_sha256_text(expected->sha256, want);
    return vg_fault_set(fault, VG_E_INTEGRITY,
                        N_("the file is not the one expected: its SHA-256 sum differs"),
                        N_("fetch it again"), "%.300s: %s ≠ %s", path, found, want);
}

void vg_descriptor_close(struct vg_descriptor **descriptor)
{
    vg_free(*descriptor);
    *descriptor = NULL;
}
