#include "models/model_import.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models/descriptor.h"
#include "models/model_check.h"
#include "models/onnx_graph.h"
#include "models/onnx_import.h"
#include "models/source_file.h"
#include "models/tfjs_graph.h"
#include "models/tfjs_import.h"
#include "src/base/text.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Path of `file` beside `path`. */
static enum vg_status beside(const char *path, const char *file, char *out, size_t size,
                             struct vg_fault *fault)
{
    const size_t folder = (size_t)(base_name(path) - path), length = strlen(file);
    if (folder + length < size) {
        memcpy(out, path, folder);
        memcpy(out + folder, file, length + 1);
        return VG_OK;
    }
    return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%.200s", path);
}

/* The weight files that the graph names, behind each other. A descriptor that expects a weight
 * file expects exactly one. */
static enum vg_status read_weights(const char *path, const struct vg_source_bytes *graph_text,
                                   const struct vg_descriptor *descriptor,
                                   struct vg_source_bytes *weights, struct vg_fault *fault)
{
    struct vg_tfjs_graph graph;
    enum vg_status status =
        vg_tfjs_graph_init(&graph, path, (const char *)graph_text->data, graph_text->size, fault);
    char file[4096] = "";
    for (uint32_t i = 0; status == VG_OK && i < graph.path_count; i++) {
        status = beside(path, graph.path[i], file, sizeof file, fault);
        if (status == VG_OK)
            status = vg_source_append(weights, file, VG_MODEL_FILE_MAX, fault);
    }
    if (status == VG_OK)
        status =
            vg_descriptor_compare(&descriptor->weights, file, weights->data, weights->size, fault);
    vg_tfjs_graph_release(&graph);
    return status;
}

static enum vg_status choose_descriptor(const char *path, const struct vg_source_bytes *graph,
                                        const struct vg_import_settings *settings,
                                        struct vg_descriptor **descriptor, struct vg_fault *fault)
{
    if (settings->descriptor)
        return vg_descriptor_open(settings->descriptor, descriptor, fault);
    uint8_t digest[VG_SHA256_BYTES];
    vg_sha256(graph->data, graph->size, digest);
    return vg_descriptor_known(base_name(path), digest, descriptor, fault);
}

static enum vg_status import_tfjs(const char *path, const struct vg_source_bytes *graph,
                                  const struct vg_import_settings *settings,
                                  struct vg_model **model, struct vg_fault *fault)
{
    struct vg_source_bytes weights = {NULL, 0};
    struct vg_descriptor *descriptor = NULL;
    if (graph->size > VG_TFJS_TEXT_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("the file is too large"), NULL, "%.300s: > %u B",
                            path, VG_TFJS_TEXT_MAX);
    enum vg_status status = choose_descriptor(path, graph, settings, &descriptor, fault);
    if (status == VG_OK)
        status = vg_descriptor_compare(&descriptor->graph, path, graph->data, graph->size, fault);
    if (status == VG_OK)
        status = read_weights(path, graph, descriptor, &weights, fault);
    if (status == VG_OK)
        status = vg_tfjs_import(path, (const char *)graph->data, graph->size, weights.data,
                                weights.size, descriptor, model, fault);
    vg_descriptor_close(&descriptor);
    vg_source_release(&weights);
    return status;
}

/* An ONNX file that no descriptor knows says enough of itself where its head is a usual one. */
static enum vg_status import_onnx(const char *path, const struct vg_source_bytes *graph,
                                  const struct vg_import_settings *settings,
                                  struct vg_model **model, struct vg_fault *fault)
{
    struct vg_descriptor *descriptor = NULL;
    enum vg_status status = choose_descriptor(path, graph, settings, &descriptor, fault);
    if (status == VG_E_INPUT && !settings->descriptor)
        status = VG_OK;
    if (status == VG_OK && descriptor)
        status = vg_descriptor_compare(&descriptor->graph, path, graph->data, graph->size, fault);
    if (status == VG_OK)
        status = vg_onnx_import(path, graph->data, graph->size, descriptor, model, fault);
    vg_descriptor_close(&descriptor);
    return status;
}

/* A graph of TensorFlow.js is a JSON object. */
static bool looks_like_json(const struct vg_source_bytes *graph)
{
    size_t at = 0;
    while (at < graph->size && strchr(" \t\r\n", graph->data[at]) && graph->data[at])
        at++;
    return at < graph->size && graph->data[at] == '{';
}

enum vg_status vg_model_import(const char *path, const struct vg_import_settings *settings,
                               struct vg_model **model, struct vg_fault *fault)
{
    *model = NULL;
    struct vg_source_bytes graph = {NULL, 0};
    enum vg_status status = VG_OK;
    if (settings->name && !vg_model_name_valid(settings->name))
        return vg_fault_set(fault, VG_E_CALL, N_("this cannot be the name of a model"),
                            N_("use a-z, 0-9, '.', '_' and '-', at most 63 characters"),
                            "\"%.80s\"", settings->name);
    status = vg_source_append(&graph, path, VG_MODEL_FILE_MAX, fault);
    const bool onnx = status == VG_OK && vg_onnx_looks_like(graph.data, graph.size);
    if (status == VG_OK && !onnx && !looks_like_json(&graph))
        status = vg_fault_set(
            fault, VG_E_INPUT, N_("neither an ONNX file nor a graph of TensorFlow.js"),
            N_("give the .onnx file, or the .json beside the weights"), "%.400s", path);
    if (status == VG_OK)
        status = onnx ? import_onnx(path, &graph, settings, model, fault)
                      : import_tfjs(path, &graph, settings, model, fault);
    if (status == VG_OK && settings->name)
        (void)snprintf((*model)->name, sizeof(*model)->name, "%s", settings->name);
    vg_source_release(&graph);
    return status;
}
