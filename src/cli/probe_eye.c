#include "src/cli/probe_eye.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/cli/look.h"

struct vg_probe_eye {
    struct vg_model *model;
    struct vg_look look;
    struct vg_answer *answer;
    struct vg_cold_start start;
    enum vg_status status; /* of the device */
};

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct vg_probe_persons vg_probe_persons_of(struct vg_probe_heights *heights)
{
    struct vg_probe_persons persons = {.looks = heights->looks, .seen = heights->count};
    if (!heights->count)
        return persons;
    qsort(heights->px, heights->count, sizeof *heights->px, by_value);
    persons.height_px = heights->px[heights->count / 2];
    persons.height_network_px = persons.height_px * heights->scale;
    return persons;
}

enum vg_status vg_probe_eye_open(struct vg_probe_eye **eye, const char *model, const char *device,
                                 struct vg_fault *fault)
{
    *eye = NULL;
    struct vg_probe_eye *e = vg_alloc(sizeof *e);
    struct vg_answer *answer = vg_alloc(sizeof *answer);
    enum vg_status status =
        e && answer ? VG_OK : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    if (!status)
        status = vg_model_find(model, &e->model, fault);
    if (status) {
        vg_free(e);
        vg_free(answer);
        return status;
    }
    e->answer = answer;
    vg_cold_start_init(&e->start);
    e->look = (struct vg_look){.request = {.size = VG_LOOK_SIZE_AUTO},
                               .model = e->model,
                               .settings = vg_engine_defaults()};
    e->look.settings.device = device;
    e->look.settings.listener = &e->start.listener;
    e->look.settings.picture_width_max = VG_PICTURE_WIDTH_MAX;
    e->look.settings.picture_height_max = VG_PICTURE_HEIGHT_MAX;
    e->look.settings.outputs = VG_OUTPUTS_NEEDED;
    *eye = e;
    return VG_OK;
}

void vg_probe_eye_close(struct vg_probe_eye **eye)
{
    if (!*eye)
        return;
    vg_look_release(&(*eye)->look);
    vg_model_close(&(*eye)->model);
    vg_free((*eye)->answer);
    vg_free(*eye);
    *eye = NULL;
}

static void note(const struct vg_probe_eye *eye, const struct vg_picture *picture,
                 struct vg_probe_heights *heights)
{
    uint32_t width = 0, height = 0;
    vg_engine_input_size(eye->look.engine, &width, &height);
    heights->scale = fmin((double)width / picture->width, (double)height / picture->height);
    heights->looks++;
    for (uint32_t i = 0; i < eye->answer->count && heights->count < VG_PROBE_HEIGHTS_MAX; i++) {
        const struct vg_detection *found = &eye->answer->detection[i];
        if (found->class_id == VG_CLASS_PERSON)
            heights->px[heights->count++] = (double)found->box.height;
    }
}

void vg_probe_eye_look(struct vg_probe_eye *eye, const struct vg_picture *picture,
                       struct vg_probe_heights *heights)
{
    struct vg_fault fault;
    const struct vg_job job = {
        .picture = picture, .threshold = eye->model->threshold, .nms = eye->model->nms};
    if (eye->status)
        return;
    eye->status = vg_look_fit(&eye->look, picture->width, picture->height, &fault);
    vg_cold_start_end(&eye->start);
    if (!eye->status)
        eye->status = vg_look_run(&eye->look, &job, 1, eye->answer, &fault);
    if (eye->status)
        vg_fault_print(&fault);
    else
        note(eye, picture, heights);
}
