#include "src/cli/model_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/engine/engine.h"
#include "src/media/still.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ROOM_STEP    1024 /* pixels */

/* The call, as read. */
struct request {
    const char *model, *raw, *tensor, *size, *device, *threshold_text, *nms_text;
    bool as_json;
    unsigned width, height;
    double threshold, nms; /* below 0: the model's */
    char **pictures;
    int picture_count;
};

/* What stays open over the pictures. */
struct run {
    const struct request *request;
    struct vg_model *model;
    struct vg_engine *engine;
    uint32_t width_max, height_max; /* of the pictures that the engine takes */
    struct vg_answer *answer;
    json_t *items; /* of --json */
};

/* ------------------------------------------------------------ the call */

static enum vg_status check_request(struct request *r, const struct vg_usage *usage,
                                    struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    if (!r->model)
        return vg_fault_set(fault, VG_E_CALL, N_("a model is wanted"), N_("see vigie help"),
                            "vigie %s --model M", usage->command);
    if (r->tensor ? r->picture_count > 0 || !r->size : r->picture_count == 0)
        return vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"),
                            N_("give pictures, or --tensor with --size"), "vigie %s %s",
                            usage->command, usage->operands);
    if (r->raw && r->picture_count > 1)
        return vg_fault_set(fault, VG_E_CALL, N_("--raw takes one picture"),
                            N_("give one picture, or leave --raw out"), "%d", r->picture_count);
    if (r->size)
        status = vg_option_size("size", r->size, &r->width, &r->height, fault);
    if (!status && r->threshold_text)
        status = vg_option_number("threshold", r->threshold_text, 0, 1, &r->threshold, fault);
    if (!status && r->nms_text)
        status = vg_option_number("nms", r->nms_text, 0, 1, &r->nms, fault);
    return status;
}

/* A size that the net cannot take is the caller's mistake, said before a device is opened. */
static enum vg_status check_size(const struct request *r, const struct vg_model *m,
                                 struct vg_fault *fault)
{
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    if (!r->size)
        return VG_OK;
    const enum vg_status status = vg_model_sizes(m, r->width, r->height, size, fault);
    if (status != VG_E_CALL)
        return status;
    return vg_fault_set(fault, VG_E_CALL, N_("the model does not take this size"),
                        N_("give multiples of what `vigie model info` says"), "--size %ux%u (%u)",
                        r->width, r->height, m->input_multiple);
}

/* ------------------------------------------------------------ printing */

static void print_boxes(const char *name, const struct vg_answer *answer)
{
    (void)printf(_("%s: boxes: %u (class, score, left, top, width, height)\n"), name,
                 answer->count);
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct vg_detection *d = &answer->detection[i];
        (void)printf("  %-12s %.4f %9.2f %9.2f %9.2f %9.2f\n", vg_class_name(d->class_id),
                     (double)d->score, (double)d->box.left, (double)d->box.top,
                     (double)d->box.width, (double)d->box.height);
    }
    if (answer->overflow)
        (void)printf(_("  candidates without a place: %u; raise the threshold\n"),
                     answer->overflow);
}

/* width, height: of the plane in which the boxes stand */
static json_t *json_boxes(const char *name, uint32_t width, uint32_t height,
                          const struct vg_answer *answer)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct vg_detection *d = &answer->detection[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:f, s:[f,f,f,f]}", "class", vg_class_name(d->class_id), "score",
                            (double)d->score, "box", (double)d->box.left, (double)d->box.top,
                            (double)d->box.width, (double)d->box.height));
    }
    return json_pack("{s:s, s:i, s:i, s:o, s:i}", "picture", name, "width", (int)width, "height",
                     (int)height, "boxes", list, "overflow", (int)answer->overflow);
}

/* ------------------------------------------------------------ raw outputs */

static void print_shape(const char *path, const struct vg_output *output, uint32_t channels,
                        size_t cells, struct vg_size planes)
{
    if (output->layout == VG_LAYOUT_CELLS)
        (void)printf("%s: 1x%zux%u\n", path, cells, channels);
    else
        (void)printf("%s: 1x%ux%ux%u\n", path, channels, planes.height, planes.width);
}

/* As the source file orders them, little-endian float32: [cells][channels], parts behind each
 * other, or [channels][rows][columns]. */
static enum vg_status write_output(const struct run *run, uint32_t index, const char *folder,
                                   struct vg_fault *fault)
{
    const struct vg_output *output = &run->model->output[index];
    const uint32_t channels = run->model->tensor[output->part[0]].channels;
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    uint32_t width = 0, height = 0;
    size_t cells = 0;
    vg_engine_input_size(run->engine, &width, &height);
    enum vg_status status = vg_model_sizes(run->model, width, height, size, fault);
    if (status)
        return status;
    for (uint32_t k = 0; k < output->part_count; k++)
        cells += (size_t)size[output->part[k]].width * size[output->part[k]].height;
    char file[VG_MODEL_NAME_SIZE + 4], path[4096];
    (void)snprintf(file, sizeof file, "%s.f32", output->name);
    if (vg_path_join(path, sizeof path, folder, file))
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%.400s", folder);
    float *values = vg_alloc_array(cells * channels, sizeof *values);
    if (!values)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.400s", path);
    status = vg_engine_read_output(run->engine, index, values, fault);
    if (!status)
        status = vg_file_write(path, values, cells * channels * sizeof *values, 0644, VG_FILE_PLAIN,
                               fault);
    if (!status && !run->request->as_json)
        print_shape(path, output, channels, cells, size[output->part[0]]);
    vg_free(values);
    return status;
}

static enum vg_status write_outputs(const struct run *run, struct vg_fault *fault)
{
    const char *folder = run->request->raw;
    if (!folder)
        return VG_OK;
    enum vg_status status = vg_folder_make(folder, fault);
    for (uint32_t i = 0; !status && i < run->model->output_count; i++)
        status = write_output(run, i, folder, fault);
    return status;
}

/* ------------------------------------------------------------ pictures and tensors */

static enum vg_status open_engine(struct run *run, uint32_t width, uint32_t height,
                                  struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_cold_start start;
    settings.device = run->request->device ? run->request->device : settings.device;
    settings.width = run->request->width;
    settings.height = run->request->height;
    settings.batch_max = 1;
    settings.weights_from = run->model;
    settings.picture_width_max = width;
    settings.picture_height_max = height;
    vg_cold_start_init(&start);
    settings.listener = &start.listener;
    const enum vg_status status = vg_engine_open(&run->engine, run->model, &settings, fault);
    vg_cold_start_end(&start);
    return status;
}

/* Room is rounded up, so that pictures of many sizes do not open the engine each time. */
static uint32_t room_for(uint32_t side, uint32_t before, uint32_t most)
{
    const uint32_t rounded = (side + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
    const uint32_t room = rounded > before ? rounded : before;
    return room < most ? room : most;
}

/* An engine that takes the picture: the one that is open, or another. Opening used the model's
 * weights up, so it is read again. */
static enum vg_status engine_for(struct run *run, const struct vg_picture *picture,
                                 struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    if (run->engine && picture->width <= run->width_max && picture->height <= run->height_max)
        return VG_OK;
    if (run->engine) {
        vg_engine_close(&run->engine);
        vg_model_close(&run->model);
        status = vg_model_find(run->request->model, &run->model, fault);
    }
    run->width_max = room_for(picture->width, run->width_max, VG_PICTURE_WIDTH_MAX);
    run->height_max = room_for(picture->height, run->height_max, VG_PICTURE_HEIGHT_MAX);
    return status ? status : open_engine(run, run->width_max, run->height_max, fault);
}

static float threshold_of(const struct run *run)
{
    const double asked = run->request->threshold;
    return asked < 0 ? run->model->threshold : (float)asked;
}

static float nms_of(const struct run *run)
{
    const double asked = run->request->nms;
    return asked < 0 ? run->model->nms : (float)asked;
}

static void show_boxes(const struct run *run, const char *name, uint32_t width, uint32_t height)
{
    if (run->items)
        (void)json_array_append_new(run->items, json_boxes(name, width, height, run->answer));
    else
        print_boxes(name, run->answer);
}

static enum vg_status run_picture(struct run *run, const char *path, struct vg_fault *fault)
{
    struct vg_still *still = NULL;
    enum vg_status status = vg_still_read(path, &still, fault);
    if (!status)
        status = engine_for(run, vg_still_picture(still), fault);
    if (!status) {
        const struct vg_job job = {
            .picture = vg_still_picture(still), .threshold = threshold_of(run), .nms = nms_of(run)};
        status = vg_engine_run(run->engine, &job, 1, run->answer, fault);
    }
    if (!status)
        show_boxes(run, path, vg_still_picture(still)->width, vg_still_picture(still)->height);
    if (!status)
        status = write_outputs(run, fault);
    vg_still_close(&still);
    return status;
}

/* Goes on after a picture that is refused; the first one's error is the result. */
static enum vg_status run_pictures(struct run *run, struct vg_fault *fault)
{
    enum vg_status first = VG_OK;
    for (int i = 0; i < run->request->picture_count; i++) {
        struct vg_fault broken = {.status = VG_OK};
        const enum vg_status status = run_picture(run, run->request->pictures[i], &broken);
        if (status && first)
            vg_fault_print(&broken);
        if (status && !first) {
            first = status;
            *fault = broken;
        }
        if (status && !run->engine && status != VG_E_INPUT && status != VG_E_MISSING)
            break; /* no device: the next picture would fail the same way */
    }
    return first;
}

static enum vg_status check_tensor(const struct request *r, const float *values, size_t size,
                                   struct vg_fault *fault)
{
    const size_t count = (size_t)3 * r->width * r->height;
    if (size != count * sizeof *values)
        return vg_fault_set(fault, VG_E_INPUT, N_("the tensor has not the size said by --size"),
                            N_("give 3 x height x width values of float32"),
                            "%.300s: %zu B ≠ %zu B", r->tensor, size, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return vg_fault_set(fault, VG_E_INPUT, N_("the tensor holds what is no number"),
                                N_("write finite float32 values"), "%.300s: [%zu]", r->tensor, i);
    return VG_OK;
}

static enum vg_status run_tensor(struct run *run, struct vg_fault *fault)
{
    const struct request *r = run->request;
    const size_t limit = (size_t)3 * r->width * r->height * sizeof(float);
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum vg_status status = vg_file_read(r->tensor, limit + 64, &bytes, &size, fault);
    if (status == VG_E_FULL)
        return vg_fault_set(fault, VG_E_INPUT, N_("the tensor has not the size said by --size"),
                            N_("give 3 x height x width values of float32"), "%.300s: > %zu B",
                            r->tensor, limit);
    if (status)
        return status;
    const float *values = (const float *)(const void *)bytes; /* aligned to 64 by vg_alloc */
    status = check_tensor(r, values, size, fault);
    if (!status)
        status = open_engine(run, r->width, r->height, fault);
    if (!status)
        status = vg_engine_run_tensor(run->engine, values, fault);
    if (!status)
        status = vg_engine_tensor_answer(run->engine, threshold_of(run), nms_of(run), run->answer,
                                         fault);
    if (!status)
        show_boxes(run, r->tensor, r->width, r->height);
    if (!status)
        status = write_outputs(run, fault);
    vg_free(bytes);
    return status;
}

static enum vg_status print_result(struct run *run, struct vg_fault *fault)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:O}", "model", run->model ? run->model->name : run->request->model,
        "device", run->engine ? vg_engine_device_name(run->engine) : "", "plan",
        run->engine ? vg_engine_plan_hash(run->engine) : "", "pictures", run->items);
    return vg_print_json(object, fault);
}

static enum vg_status run_request(const struct request *request, struct vg_fault *fault)
{
    struct run run = {.request = request};
    enum vg_status status = vg_model_find(request->model, &run.model, fault);
    if (status)
        return status;
    run.answer = vg_alloc(sizeof *run.answer);
    run.items = request->as_json ? json_array() : NULL;
    if (!run.answer || (request->as_json && !run.items))
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", request->model);
    if (!status)
        status = check_size(request, run.model, fault);
    if (status)
        goto done;
    status = request->tensor ? run_tensor(&run, fault) : run_pictures(&run, fault);
    if (run.items) {
        struct vg_fault unprinted;
        const enum vg_status printed = print_result(&run, &unprinted);
        if (printed && !status) {
            status = printed;
            *fault = unprinted;
        }
    }
done:
    json_decref(run.items);
    vg_free(run.answer);
    vg_engine_close(&run.engine);
    vg_model_close(&run.model);
    return status;
}

enum vg_status vg_model_run(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.threshold = -1, .nms = -1};
    const struct vg_option options[] = {
        {"model", "M", N_("name or file of the model"), &r.model, NULL},
        {"threshold", "T", N_("least score shown; without it the model's"), &r.threshold_text,
         NULL},
        {"nms", "T", N_("overlap above which the lesser box goes"), &r.nms_text, NULL},
        {"size", "WxH", N_("size of the net's input"), &r.size, NULL},
        {"raw", "DIR", N_("writes each output tensor there, as float32"), &r.raw, NULL},
        {"tensor", "FILE", N_("takes a prepared input (3 x H x W float32) instead of a picture"),
         &r.tensor, NULL},
        {"device", "D", N_("device to run on: number, cpu, gpu or a part of its name"), &r.device,
         NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"model run", "PICTURE...",
                                   N_("runs a model on pictures and prints the boxes"), options,
                                   COUNT(options)};
    enum vg_status status = vg_options_read(&usage, argc, argv, &r.picture_count, fault);
    r.pictures = argv + 1;
    if (!status)
        status = check_request(&r, &usage, fault);
    return status ? status : run_request(&r, fault);
}
