#include "models/descriptor_guess.h"

#include <stdio.h>
#include <string.h>

#include "models/class_list.h"
#include "models/head.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

/* One row a head, in the order of the planes B, G, R: as its authors' own code prepares it. */
static const struct {
    float mean[3], std[3];
    enum vg_anchor anchor;
    float threshold;
} habits[] = {
    [VG_HEAD_NANODET] = {{103.53F, 116.28F, 123.675F},
                         {57.375F, 57.12F, 58.395F},
                         VG_ANCHOR_CENTRE,
                         0.35F},
    [VG_HEAD_NANODET_PLUS] = {{103.53F, 116.28F, 123.675F},
                              {57.375F, 57.12F, 58.395F},
                              VG_ANCHOR_CENTRE,
                              0.35F},
    [VG_HEAD_YOLOX] = {{0, 0, 0}, {1, 1, 1}, VG_ANCHOR_CORNER, 0.35F},
    [VG_HEAD_FASTESTDET] = {{0, 0, 0}, {255, 255, 255}, VG_ANCHOR_CENTRE, 0.65F},
};

static void set_input(struct vg_model *m, const struct vg_descriptor_signs *signs)
{
    m->head = signs->head;
    m->bins = signs->bins;
    m->input_width = signs->width;
    m->input_height = signs->height;
    m->input_multiple = signs->multiple;
    m->order = VG_ORDER_BGR;
    m->anchor = habits[signs->head].anchor;
    m->fill = 114;
    m->threshold = habits[signs->head].threshold;
    m->nms = 0.6F;
    for (unsigned i = 0; i < 3; i++) {
        m->mean[i] = habits[signs->head].mean[i];
        m->scale[i] = (float)(1 / (double)habits[signs->head].std[i]);
    }
}

static char name_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    return kept ? c : '-';
}

/* "/x/YOLOX Nano.onnx" is "yolox-nano". A name that does not begin well gets a letter before. */
static void set_name(struct vg_model *m, const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    const char *dot = strrchr(file, '.');
    const size_t length = dot && dot > file ? (size_t)(dot - file) : strlen(file);
    size_t at = 0;
    const char first = name_char(file[0]);
    if (first == '.' || first == '_' || first == '-')
        m->name[at++] = 'm';
    for (size_t i = 0; i < length && at + 1 < sizeof m->name; i++)
        m->name[at++] = name_char(file[i]);
}

enum vg_status vg_descriptor_guess(const char *path, const struct vg_descriptor_signs *signs,
                                   struct vg_descriptor **descriptor, struct vg_fault *fault)
{
    *descriptor = NULL;
    if (signs->class_count != 80)
        return vg_fault_set(fault, VG_E_INPUT,
                            N_("the file does not say what the classes of the net are"),
                            N_("describe them in a file and name it with --descriptor"),
                            "%.300s: %s, %u", path, vg_head_name(signs->head), signs->class_count);
    struct vg_descriptor *d = vg_alloc(sizeof *d);
    if (!d)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%.400s",
                            path);
    const enum vg_status status = vg_class_list_known(VG_CLASS_LIST_COCO, &d->model, fault);
    if (status != VG_OK) {
        vg_free(d);
        return status;
    }
    set_input(&d->model, signs);
    set_name(&d->model, path);
    (void)snprintf(d->model.licence, sizeof d->model.licence, "LicenseRef-unknown");
    (void)snprintf(d->model.origin, sizeof d->model.origin, "unknown, imported as %s",
                   d->model.name);
    *descriptor = d;
    return VG_OK;
}
