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
#include "src/cli/batch_files.h"
#include "src/cli/engine_options.h"
#include "src/cli/look.h"
#include "src/cli/options.h"
#include "src/cli/precision.h"
#include "src/cli/words.h"
#include "src/engine/engine.h"
#include "src/media/still.h"

#define TILED_BATCH 8 /* regions that run at once */

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The call, as read. */
struct request {
    const char *model, *raw, *tensor, *size, *tiles, *device, *threshold_text, *nms_text,
        *precision_text, *lane_text;
    enum vg_engine_precision precision;
    struct vg_lane_settings lane;
    bool as_json, prepared;
    struct vg_look_request look;
    double threshold, nms; /* below 0: the model's */
    char **pictures;
    int picture_count;
};

/* What stays open over the pictures. */
struct run {
    const struct request *request;
    struct vg_model *model;
    struct vg_look look;
    struct vg_answer *answer;
    json_t *items;                    /* of --json */
    char (*stem)[VG_BATCH_STEM_SIZE]; /* of each picture: its folder in that of --raw */
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
    if (r->tiles && (r->raw || r->tensor))
        return vg_fault_set(fault, VG_E_CALL,
                            N_("tiles have no tensors of their own to write or read"),
                            N_("leave --tiles out, or --raw and --tensor"), "--tiles %s", r->tiles);
    if (r->prepared && (!r->raw || r->tensor))
        return vg_fault_set(fault, VG_E_CALL, N_("--prepared goes with --raw, for pictures"),
                            N_("see vigie help"), "vigie %s --prepared", usage->command);
    status = vg_look_read(r->size, r->tiles, &r->look, fault);
    if (!status && r->tensor && r->look.size != VG_LOOK_SIZE_GIVEN)
        status = vg_fault_set(fault, VG_E_CALL, N_("a size such as 416x416 was expected"),
                              N_("give width and height in pixels, each from 1 to 16384"),
                              "--size %s", r->size);
    if (!status && r->threshold_text)
        status = vg_option_number("threshold", r->threshold_text, 0, 1, &r->threshold, fault);
    if (!status && r->nms_text)
        status = vg_option_number("nms", r->nms_text, 0, 1, &r->nms, fault);
    if (!status)
        status = vg_option_precision(r->precision_text, &r->precision, fault);
    if (!status)
        status = vg_option_lane(r->lane_text, &r->lane, fault);
    return status;
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
    vg_engine_input_size(run->look.engine, &width, &height);
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
    status = vg_engine_read_output(run->look.engine, index, values, fault);
    if (!status)
        status = vg_file_write(path, values, cells * channels * sizeof *values, 0644, VG_FILE_PLAIN,
                               fault);
    if (!status && !run->request->as_json)
        print_shape(path, output, channels, cells, size[output->part[0]]);
    vg_free(values);
    return status;
}

static enum vg_status write_prepared(const struct run *run, const char *folder,
                                     struct vg_fault *fault)
{
    uint32_t width = 0, height = 0;
    char path[4096];
    if (!run->request->prepared)
        return VG_OK;
    if (vg_path_join(path, sizeof path, folder, "prepared.f32"))
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%.400s", folder);
    vg_engine_input_size(run->look.engine, &width, &height);
    const size_t count = (size_t)3 * width * height;
    float *values = vg_alloc_array(count, sizeof *values);
    if (!values)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.400s", path);
    enum vg_status status = vg_engine_read_input(run->look.engine, values, fault);
    if (!status)
        status = vg_file_write(path, values, count * sizeof *values, 0644, VG_FILE_PLAIN, fault);
    if (!status && !run->request->as_json)
        (void)printf("%s: 1x3x%ux%u\n", path, height, width);
    vg_free(values);
    return status;
}

/* index: of the picture; of several each has its folder */
static enum vg_status write_outputs(const struct run *run, int index, struct vg_fault *fault)
{
    const char *folder = run->request->raw;
    char own[4096];
    if (!folder)
        return VG_OK;
    if (run->stem) {
        if (vg_path_join(own, sizeof own, folder, run->stem[index]))
            return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%.400s",
                                folder);
        folder = own;
    }
    enum vg_status status = vg_folder_make(folder, fault);
    if (!status)
        status = write_prepared(run, folder, fault);
    for (uint32_t i = 0; !status && i < run->model->output_count; i++)
        status = write_output(run, i, folder, fault);
    return status;
}

/* ------------------------------------------------------------ pictures and tensors */

static void look_init(struct run *run, uint32_t width, uint32_t height)
{
    const struct request *r = run->request;
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.device = r->device ? r->device : settings.device;
    settings.precision = r->precision;
    settings.lane = r->lane_text ? &r->lane : NULL;
    settings.outputs = r->raw ? VG_OUTPUTS_ALL : VG_OUTPUTS_NEEDED;
    settings.batch_max = r->tiles ? TILED_BATCH : 1;
    settings.picture_width_max = width;
    settings.picture_height_max = height;
    run->look = (struct vg_look){.request = r->look, .model = run->model, .settings = settings};
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

static enum vg_status run_picture(struct run *run, int index, struct vg_fault *fault)
{
    const char *path = run->request->pictures[index];
    struct vg_still *still = NULL;
    enum vg_status status = vg_still_read(path, &still, fault);
    if (status)
        return status;
    const struct vg_picture *picture = vg_still_picture(still);
    const struct vg_job job = {
        .picture = picture, .threshold = threshold_of(run), .nms = nms_of(run)};
    status = vg_look_fit(&run->look, picture->width, picture->height, fault);
    if (!status)
        status = vg_look_run(&run->look, &job, 1, run->answer, fault);
    if (!status)
        show_boxes(run, path, picture->width, picture->height);
    if (!status)
        status = write_outputs(run, index, fault);
    vg_still_close(&still);
    return status;
}

/* Goes on after a picture that is refused; the first one's error is the result. */
static enum vg_status run_pictures(struct run *run, struct vg_fault *fault)
{
    const struct request *r = run->request;
    enum vg_status first = VG_OK;
    look_init(run, VG_PICTURE_WIDTH_MAX, VG_PICTURE_HEIGHT_MAX);
    if (r->raw && r->picture_count > 1) {
        run->stem = vg_alloc_array((size_t)r->picture_count, sizeof *run->stem);
        if (!run->stem)
            return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "--raw");
        vg_batch_stems(r->pictures, (uint32_t)r->picture_count, run->stem);
    }
    for (int i = 0; i < r->picture_count; i++) {
        struct vg_fault broken = {.status = VG_OK};
        const enum vg_status status = run_picture(run, i, &broken);
        if (status && first)
            vg_fault_print(&broken);
        if (status && !first) {
            first = status;
            *fault = broken;
        }
        if (status && !run->look.engine && status != VG_E_INPUT && status != VG_E_MISSING)
            break; /* no device: the next picture would fail the same way */
    }
    return first;
}

static enum vg_status check_tensor(const struct request *r, const float *values, size_t size,
                                   struct vg_fault *fault)
{
    const size_t count = (size_t)3 * r->look.width * r->look.height;
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
    const size_t limit = (size_t)3 * r->look.width * r->look.height * sizeof(float);
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
    look_init(run, r->look.width, r->look.height);
    if (!status)
        status = vg_look_open(&run->look, fault);
    if (!status)
        status = vg_engine_run_tensor(run->look.engine, values, fault);
    if (!status)
        status = vg_engine_tensor_answer(run->look.engine, threshold_of(run), nms_of(run),
                                         run->answer, fault);
    if (!status)
        show_boxes(run, r->tensor, r->look.width, r->look.height);
    if (!status)
        status = write_outputs(run, 0, fault);
    vg_free(bytes);
    return status;
}

static enum vg_status print_result(struct run *run, struct vg_fault *fault)
{
    const struct vg_engine *engine = run->look.engine;
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:O}", "model", run->model->name, "device",
                               engine ? vg_engine_device_name(engine) : "", "precision",
                               engine ? vg_engine_precision(engine) : "", "plan",
                               engine ? vg_engine_plan_hash(engine) : "", "pictures", run->items);
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
        status = vg_look_check(&request->look, run.model, fault);
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
    vg_free(run.stem);
    vg_look_release(&run.look);
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
        {"size", "WxH|auto", N_("size of the net's input; auto: as the pictures' shape wants"),
         &r.size, NULL},
        {"tiles", "RxC|auto", N_("look at parts of the picture too: for small objects"), &r.tiles,
         NULL},
        {"raw", "DIR", N_("writes each output tensor there, as float32"), &r.raw, NULL},
        {"prepared", NULL, N_("with --raw: the net's input too, as prepared.f32"), NULL,
         &r.prepared},
        {"tensor", "FILE", N_("takes a prepared input (3 x H x W float32) instead of a picture"),
         &r.tensor, NULL},
        vg_engine_row_precision(&r.precision_text),
        vg_engine_row_lane(&r.lane_text),
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
