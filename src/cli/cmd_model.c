/* vigie model import | list | info | verify | remove | run | quantize: a table of words, one function each. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models/head.h"
#include "models/model.h"
#include "models/model_cost.h"
#include "models/model_import.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/engine_options.h"
#include "src/cli/model_numbers.h"
#include "src/cli/model_quantize.h"
#include "src/cli/model_run.h"
#include "src/cli/options.h"
#include "src/cli/words.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ------------------------------------------------------------ what several words need */

static enum vg_status models_folder(char *path, size_t size, struct vg_fault *fault)
{
    const enum vg_status status = vg_folder_path(VG_FOLDER_MODELS, path, size);
    if (status)
        return vg_fault_set(fault, status, N_("the models' folder cannot be named"),
                            N_("set VIGIE_MODELS"), "VIGIE_MODELS, VIGIE_DATA, HOME");
    return VG_OK;
}

/* The names of the models that lie in the folder, sorted. */
struct names {
    size_t count;
    char name[256][VG_MODEL_NAME_SIZE];
};

static int by_name(const void *a, const void *b)
{
    const char *x = a, *y = b;
    return strcmp(x, y);
}

static void add_name(struct names *names, const char *file)
{
    const size_t length = strlen(file);
    if (file[0] == '.' || length <= 4 || length - 4 >= VG_MODEL_NAME_SIZE ||
        strcmp(file + length - 4, ".vgm") != 0 || names->count == COUNT(names->name))
        return;
    memcpy(names->name[names->count], file, length - 4);
    names->name[names->count++][length - 4] = '\0';
}

/* A folder that is not there holds no models. *names given. */
static enum vg_status read_names(struct names **names, struct vg_fault *fault)
{
    char folder[4096];
    *names = NULL;
    const enum vg_status status = models_folder(folder, sizeof folder, fault);
    if (status)
        return status;
    struct names *n = vg_alloc(sizeof *n);
    if (!n)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.400s", folder);
    DIR *dir = opendir(folder);
    if (!dir && errno != ENOENT) {
        vg_free(n);
        return vg_fault_set(fault, VG_E_IO, N_("the models' folder cannot be read"),
                            N_("check its rights and its disk"), "%.400s", folder);
    }
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
        add_name(n, e->d_name);
    if (dir)
        (void)closedir(dir);
    qsort(n->name, n->count, sizeof n->name[0], by_name);
    *names = n;
    return VG_OK;
}

static void digest_text(const struct vg_model *model, char text[VG_SHA256_TEXT])
{
    vg_sha256_text(model->digest, text);
}

static uint32_t kept_classes(const struct vg_model *model)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < model->class_count; i++)
        kept += model->class_map[i] != VG_CLASS_NONE;
    return kept;
}

/* ------------------------------------------------------------ import */

/* Whether `path` already holds this very model (VG_OK), another one (VG_E_EXISTS), or nothing
 * that can be read (VG_E_MISSING): then it is written. */
static enum vg_status compare_existing(const struct vg_model *model, const char *path,
                                       struct vg_fault *fault)
{
    struct vg_model *there = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    if (vg_model_open(path, &there, NULL))
        return VG_E_MISSING;
    enum vg_status status = vg_model_pack(model, &data, &size, fault);
    if (!status && memcmp(there->digest, data + size - VG_SHA256_BYTES, VG_SHA256_BYTES) != 0)
        status = vg_fault_set(fault, VG_E_EXISTS, N_("another model has this name"),
                              N_("remove it first, or give a name with --name"), "%.400s", path);
    vg_free(data);
    vg_model_close(&there);
    return status;
}

static enum vg_status store(const struct vg_model *model, struct vg_fault *fault)
{
    char folder[4096], path[4096];
    enum vg_status status = models_folder(folder, sizeof folder, fault);
    if (!status)
        status = vg_folder_make(folder, fault);
    if (!status)
        status = vg_model_path(model->name, path, sizeof path, fault);
    if (status)
        return status;
    status = compare_existing(model, path, fault);
    if (status == VG_OK) {
        (void)printf(_("%s is there already, unchanged: %s\n"), model->name, path);
        return VG_OK;
    }
    if (status != VG_E_MISSING)
        return status;
    status = vg_model_save(model, path, fault);
    if (!status)
        (void)printf(_("%s imported: %s (%u of %u classes kept, licence %s)\n"), model->name, path,
                     kept_classes(model), model->class_count, model->licence);
    return status;
}

static enum vg_status word_import(int argc, char **argv, struct vg_fault *fault)
{
    struct vg_import_settings settings = {NULL, NULL};
    const struct vg_option options[] = {
        {"name", "N", N_("the model's name; without it the descriptor's"), &settings.name, NULL},
        {"descriptor", "FILE", N_("what the file does not say of itself (JSON)"),
         &settings.descriptor, NULL},
    };
    const struct vg_usage usage = {
        "model import", "FILE",
        N_("converts an ONNX file or a TensorFlow.js graph model to Vigie's own"), options,
        COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 1, 1, fault);
    if (status)
        return status;
    struct vg_model *model = NULL;
    status = vg_model_import(argv[1], &settings, &model, fault);
    if (!status)
        status = store(model, fault);
    vg_model_close(&model);
    return status;
}

/* ------------------------------------------------------------ list */

static json_t *list_entry(const char *name, const struct vg_model *model)
{
    char digest[VG_SHA256_TEXT];
    if (!model)
        return json_pack("{s:s, s:b}", "name", name, "whole", 0);
    digest_text(model, digest);
    return json_pack("{s:s, s:b, s:s, s:s, s:i, s:i}", "name", name, "whole", 1, "licence",
                     model->licence, "sha256", digest, "classes", (int)model->class_count,
                     "classes_kept", (int)kept_classes(model));
}

static void list_line(const char *name, const struct vg_model *model, const struct vg_fault *broken)
{
    char text[1024];
    if (model) {
        digest_text(model, text);
        (void)printf("%-24s %-12s %.12s\n", name, model->licence, text);
        return;
    }
    vg_fault_text(broken, text, sizeof text);
    (void)printf("%-24s %s\n", name, text);
}

/* A damaged model is listed as such, and its status is the result: the first one's. */
static enum vg_status list_all(const struct names *names, json_t *items, struct vg_fault *fault)
{
    enum vg_status first = VG_OK;
    for (size_t i = 0; i < names->count; i++) {
        struct vg_model *model = NULL;
        struct vg_fault broken;
        const enum vg_status status = vg_model_find(names->name[i], &model, &broken);
        if (items)
            (void)json_array_append_new(items, list_entry(names->name[i], model));
        else
            list_line(names->name[i], model, &broken);
        if (status && !first) {
            first = status;
            *fault = broken;
        }
        vg_model_close(&model);
    }
    return first;
}

static enum vg_status word_list(int argc, char **argv, struct vg_fault *fault)
{
    bool as_json = false;
    const struct vg_option options[] = {
        {"json", NULL, N_("for machines"), NULL, &as_json},
    };
    const struct vg_usage usage = {"model list", "", N_("lists the models that are installed"),
                                   options, COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    struct names *names = NULL;
    if (!status)
        status = read_names(&names, fault);
    if (status)
        return status;
    json_t *items = as_json ? json_array() : NULL;
    if (!as_json && names->count == 0)
        (void)printf("%s\n", _("no model is installed; ./dev model fetches the default one"));
    status = list_all(names, items, fault);
    vg_free(names);
    if (!as_json)
        return status;
    const enum vg_status printed =
        vg_print_json(items ? json_pack("{s:o}", "models", items) : NULL, fault);
    return printed ? printed : status;
}

/* ------------------------------------------------------------ info */

static json_t *json_classes(const struct vg_model *m)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < m->class_count; i++) {
        const char *ours = vg_class_name(m->class_map[i]);
        (void)json_array_append_new(list, json_pack("{s:s, s:s?}", "net", m->class_name[i], "class",
                                                    ours[0] ? ours : NULL));
    }
    return list;
}

static json_t *json_outputs(const struct vg_model *m)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < m->output_count; i++) {
        const struct vg_output *o = &m->output[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:i, s:i}", "name", o->name, "layout",
                            o->layout == VG_LAYOUT_CELLS ? "cells" : "planes", "parts",
                            (int)o->part_count, "channels", (int)m->tensor[o->part[0]].channels));
    }
    return list;
}

static json_t *json_levels(const struct vg_model *m)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < m->level_count; i++)
        (void)json_array_append_new(list, json_integer((json_int_t)m->level[i].stride));
    return list;
}

/* The shortest decimal that is this float: 0.35, not 0.349999994. */
static double shortest(float value)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)value);
        const float back = strtof(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0)
            break;
    }
    return strtod(text, NULL);
}

static json_t *json_input(const struct vg_model *m)
{
    return json_pack("{s:i, s:i, s:i, s:s, s:[f,f,f], s:[f,f,f], s:f, s:s}", "width",
                     (int)m->input_width, "height", (int)m->input_height, "multiple",
                     (int)m->input_multiple, "order", m->order == VG_ORDER_BGR ? "bgr" : "rgb",
                     "mean", shortest(m->mean[0]), shortest(m->mean[1]), shortest(m->mean[2]),
                     "scale", shortest(m->scale[0]), shortest(m->scale[1]), shortest(m->scale[2]),
                     "fill", shortest(m->fill), "anchor",
                     m->anchor == VG_ANCHOR_CENTRE ? "centre" : "corner");
}

static enum vg_status info_json(const struct vg_model *m, struct vg_fault *fault)
{
    char digest[VG_SHA256_TEXT];
    digest_text(m, digest);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", m->name, "licence", m->licence,
                               "origin", m->origin, "sha256", digest, "input", json_input(m));
    const struct vg_model_cost cost = vg_model_cost_of(m, m->input_width, m->input_height);
    json_t *rest = json_pack(
        "{s:s, s:i, s:o, s:f, s:f, s:b, s:i, s:I, s:i, s:i, s:I, s:I, s:o, s:o}", "head",
        vg_head_name(m->head), "bins", (int)m->bins, "strides", json_levels(m), "threshold",
        shortest(m->threshold), "nms", shortest(m->nms), "quantised", m->range ? 1 : 0, "steps",
        (int)m->node_count, "weights", (json_int_t)m->weight_count, "convolutions",
        (int)cost.convolutions, "convolutions_int8", (int)cost.convolutions_int8, "multiply_adds",
        (json_int_t)cost.multiply_adds, "multiply_adds_int8", (json_int_t)cost.multiply_adds_int8,
        "outputs", json_outputs(m), "classes", json_classes(m));
    if (object && rest && json_object_update(object, rest) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(rest);
    return vg_print_json(object, fault);
}

static void info_input(const struct vg_model *m)
{
    const char *planes = m->order == VG_ORDER_BGR ? "B,G,R" : "R,G,B";
    if (m->input_multiple)
        (void)printf(_("input          %ux%u, any multiple of %u, planes %s\n"), m->input_width,
                     m->input_height, m->input_multiple, planes);
    else
        (void)printf(_("input          %ux%u, no other size, planes %s\n"), m->input_width,
                     m->input_height, planes);
    (void)printf(_("preparation    (byte - %g %g %g) * %g %g %g, border %g\n"), (double)m->mean[0],
                 (double)m->mean[1], (double)m->mean[2], (double)m->scale[0], (double)m->scale[1],
                 (double)m->scale[2], (double)m->fill);
    (void)printf("%s\n", m->anchor == VG_ANCHOR_CENTRE
                             ? _("letterbox      picture in the centre")
                             : _("letterbox      picture at the top left"));
}

static void info_head(const struct vg_model *m)
{
    (void)printf(_("head           %s, strides"), vg_head_name(m->head));
    for (uint32_t i = 0; i < m->level_count; i++)
        (void)printf(" %u", m->level[i].stride);
    (void)printf("\n");
}

static void info_precision(const struct vg_model *m)
{
    const struct vg_model_cost cost = vg_model_cost_of(m, m->input_width, m->input_height);
    if (m->range)
        (void)printf(_("precision      f32, and int8 for %u of %u convolutions\n"),
                     cost.convolutions_int8, cost.convolutions);
    else
        (void)printf("%s\n", _("precision      f32"));
}

static void info_text(const struct vg_model *m)
{
    char digest[VG_SHA256_TEXT];
    digest_text(m, digest);
    const double gigas = (double)vg_model_multiply_adds(m, m->input_width, m->input_height) / 1e9;
    (void)printf(_("name           %s\n"), m->name);
    (void)printf(_("licence        %s\n"), m->licence);
    (void)printf(_("origin         %s\n"), m->origin);
    (void)printf("sha256         %s\n", digest);
    info_input(m);
    (void)printf(_("network        %u steps, %" PRIu64 " weights, %.3f G multiply-adds\n"),
                 m->node_count, m->weight_count, gigas);
    info_precision(m);
    info_head(m);
    (void)printf(_("thresholds     score %g, NMS %g\n"), (double)m->threshold, (double)m->nms);
    (void)printf(_("classes        %u of %u kept:\n"), kept_classes(m), m->class_count);
    for (uint32_t i = 0; i < m->class_count; i++)
        if (m->class_map[i] != VG_CLASS_NONE)
            (void)printf("  %3u %-20s %s\n", i, m->class_name[i],
                         _(vg_class_label(m->class_map[i])));
}

static enum vg_status word_info(int argc, char **argv, struct vg_fault *fault)
{
    bool as_json = false;
    const struct vg_option options[] = {
        {"json", NULL, N_("for machines"), NULL, &as_json},
    };
    const struct vg_usage usage = {"model info", "MODEL",
                                   N_("tells what a model is, where it comes from, what it sees"),
                                   options, COUNT(options)};
    int count = 0;
    struct vg_model *model = NULL;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 1, 1, fault);
    if (!status)
        status = vg_model_find(argv[1], &model, fault);
    if (status)
        return status;
    if (as_json)
        status = info_json(model, fault);
    else
        info_text(model);
    vg_model_close(&model);
    return status;
}

/* ------------------------------------------------------------ verify */

struct verification {
    struct vg_model_numbers numbers;
    bool run; /* the net, too */
};

static enum vg_status verify_one(const char *name, const struct verification *v,
                                 struct vg_fault *fault)
{
    struct vg_model *model = NULL;
    enum vg_status status = vg_model_find(name, &model, fault);
    if (status)
        return status;
    char digest[VG_SHA256_TEXT];
    digest_text(model, digest);
    (void)printf(_("%s is whole: sha256 %s\n"), name, digest);
    if (v->run || v->numbers.picture) {
        status = vg_model_numbers_check(model, &v->numbers, fault);
        if (!status)
            (void)printf(_("%s: every step gives finite numbers\n"), name);
    }
    vg_model_close(&model);
    return status;
}

/* All are looked at; the first error is the result, the others are said at once. */
static enum vg_status word_verify(int argc, char **argv, struct vg_fault *fault)
{
    struct verification v = {.run = false};
    const struct vg_option options[] = {
        {"run", NULL, N_("also runs the net and looks at the values of each step"), NULL, &v.run},
        {"picture", "FILE", N_("runs it on this picture instead of one made by a formula"),
         &v.numbers.picture, NULL},
        vg_engine_row_device(&v.numbers.device),
    };
    const struct vg_usage usage = {"model verify", "[MODEL...]",
                                   N_("checks that models are whole; without a name, all of them"),
                                   options, COUNT(options)};
    int count = 0;
    enum vg_status first = vg_options_read(&usage, argc, argv, &count, fault);
    struct names *names = NULL;
    if (!first && count == 0)
        first = read_names(&names, fault);
    if (first)
        return first;
    const size_t total = names ? names->count : (size_t)count;
    for (size_t i = 0; i < total; i++) {
        struct vg_fault broken;
        const enum vg_status status = verify_one(names ? names->name[i] : argv[1 + i], &v, &broken);
        if (status && first)
            vg_fault_print(&broken);
        if (status && !first) {
            first = status;
            *fault = broken;
        }
    }
    vg_free(names);
    return first;
}

/* ------------------------------------------------------------ remove */

static enum vg_status word_remove(int argc, char **argv, struct vg_fault *fault)
{
    const struct vg_usage usage = {"model remove", "MODEL",
                                   N_("deletes a model from the models' folder"), NULL, 0};
    int count = 0;
    char path[4096];
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 1, 1, fault);
    if (status)
        return status;
    if (strchr(argv[1], '/'))
        return vg_fault_set(fault, VG_E_CALL, N_("only a model of the models' folder is removed"),
                            N_("name it without a folder"), "%.400s", argv[1]);
    status = vg_model_path(argv[1], path, sizeof path, fault);
    if (status)
        return status;
    if (unlink(path) == 0) {
        (void)printf(_("%s removed\n"), argv[1]);
        return VG_OK;
    }
    if (errno == ENOENT)
        return vg_fault_set(fault, VG_E_MISSING, N_("there is no such model"),
                            N_("see `vigie model list`; `./dev model` fetches the default one"),
                            "%.400s", path);
    return vg_fault_set(fault, VG_E_IO, N_("the model cannot be removed"),
                        N_("check its rights and its disk"), "%.400s", path);
}

/* ------------------------------------------------------------ the table */

static const struct vg_word words[] = {
    {"import", word_import,
     N_("converts an ONNX file or a TensorFlow.js graph model to Vigie's own")},
    {"list", word_list, N_("lists the models that are installed")},
    {"info", word_info, N_("tells what a model is, where it comes from, what it sees")},
    {"verify", word_verify, N_("checks that models are whole; without a name, all of them")},
    {"run", vg_model_run, N_("runs a model on pictures and prints the boxes")},
    {"remove", word_remove, N_("deletes a model from the models' folder")},
    {"quantize", vg_model_quantize, N_("makes the 8-bit form of a model from pictures")},
};

int vg_cmd_model(int argc, char **argv)
{
    const struct vg_words model = {"model", N_("import, check and try detectors"), words,
                                   COUNT(words)};
    return vg_words_run(&model, argc, argv);
}
