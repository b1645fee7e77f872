/* Jobs to answers. A batch is enqueued whole (pixels, prepare, net, boxes) and waited for when its
 * counts are read; then each job's candidates are fetched, as many as there are. Their order,
 * suppression and the way back to the pictures are the host's. */
#include "src/engine/engine.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "models/model_pixels.h"
#include "models/model_prune.h"
#include "src/base/alloc.h"
#include "src/base/half.h"
#include "src/base/log.h"
#include "src/base/sha256.h"
#include "src/base/text.h"
#include "src/base/usdt.h"
#include "src/engine/conv_variants.h"
#include "src/engine/device_health.h"
#include "src/engine/engine_inside.h"
#include "src/engine/gemm_probe.h"
#include "src/engine/int8_probe.h"
#include "src/engine/letterbox.h"
#include "src/engine/map_device.h"
#include "src/engine/mma_probe.h"
#include "src/engine/nms.h"
#include "src/engine/plan_pin.h"

/* for binaries that PoCL gives away only by compiling again (docs/decisions/0012) */
#define MAPS_STORE_US VG_US_PER_S

enum mark {
    MARK_BEGIN,
    MARK_PREPARED,
    MARK_INFERRED,
    MARK_BOXES,
    MARK_MAPS,    /* only where a job asks for some */
    MARK_THROUGH, /* of a gated batch, where its second step begins */
    MARK_COUNT
};

struct vg_engine {
    const struct vg_model *model; /* borrowed, or that of `pruned`; its weights are not used */
    struct vg_pruned *pruned;     /* NULL: the model is whole */
    struct vg_plan *plan;
    struct vg_runner runner;
    struct vg_map_device *maps; /* NULL: none */
    uint64_t slot_bytes;        /* staged pixels of one job */
    uint32_t whole_upto; /* steps run for slot 0 since its input came: outputs stand if all */
    char hash[VG_SHA256_TEXT];
    struct vg_engine_times times;
    /* of the batch in work */
    struct vg_letterbox letterbox[VG_BATCH_MAX];
    struct vg_device_job job[VG_BATCH_MAX];
    cl_event event[MARK_COUNT];
    uint32_t order[VG_BATCH_MAX]; /* which job lies at each place of the net's batch */
    vg_i32 found[VG_BATCH_MAX];
};

/* ---- open ---- */

struct vg_engine_settings vg_engine_defaults(void)
{
    return (struct vg_engine_settings){.batch_max = 1,
                                       .picture_width_max = 1920,
                                       .picture_height_max = 1088,
                                       .outputs = VG_OUTPUTS_ALL};
}

static void hash_make(struct vg_engine *engine)
{
    uint8_t text[2 * VG_SHA256_BYTES + 2 * VG_DEVICE_TEXT_SIZE] = {0}, digest[VG_SHA256_BYTES];
    const struct vg_device_info *info = &engine->runner.device.info;
    memcpy(text, engine->plan->digest, VG_SHA256_BYTES);
    memcpy(text + VG_SHA256_BYTES, info->name, strlen(info->name));
    memcpy(text + VG_SHA256_BYTES + VG_DEVICE_TEXT_SIZE, info->driver, strlen(info->driver));
    if (engine->runner.persistent.kernel) /* the same steps as one program */
        memcpy(text + VG_SHA256_BYTES + 2 * VG_DEVICE_TEXT_SIZE,
               engine->runner.programs.linked.digest, VG_SHA256_BYTES);
    vg_sha256(text, sizeof text, digest);
    vg_sha256_text(digest, engine->hash);
}

static enum vg_status settings_check(const struct vg_engine_settings *settings,
                                     struct vg_fault *fault)
{
    if (settings->precision == VG_ENGINE_INT8 && settings->lane &&
        settings->lane->lane != VG_LANE_CPU)
        return vg_fault_set(fault, VG_E_CALL, N_("8 bits have kernels of the lane cpu alone"),
                            N_("leave the lane out, or give cpu: it runs on any device"), "%s",
                            vg_lane_text(settings->lane->lane));
    if (settings->block != 0 && settings->block != 8 && settings->block != 16)
        return vg_fault_set(fault, VG_E_CALL, N_("a block holds 8 or 16 channels"), NULL, "%u",
                            settings->block);
    if (settings->picture_width_max >= 2 && settings->picture_height_max >= 2 &&
        settings->picture_width_max <= VG_PICTURE_WIDTH_MAX &&
        settings->picture_height_max <= VG_PICTURE_HEIGHT_MAX)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("the largest picture's size is not allowed"), NULL,
                        "%u x %u", settings->picture_width_max, settings->picture_height_max);
}

static struct vg_plan_settings plan_settings(const struct vg_engine *engine,
                                             const struct vg_engine_settings *settings,
                                             const struct vg_lane_settings *lane,
                                             const struct vg_tune *tune)
{
    const struct vg_model *model = engine->model;
    const struct vg_device_info *info = &engine->runner.device.info;
    return (struct vg_plan_settings){
        .width = settings->width ? settings->width : model->input_width,
        .height = settings->height ? settings->height : model->input_height,
        .batch_max = settings->batch_max,
        .lane = lane->lane,
        .storage = lane->storage,
        .mma = lane->mma,
        .fusion = settings->tensors == VG_TENSORS_EVERY ? VG_FUSION_NONE : VG_FUSION_ALL,
        .block = settings->block                                       ? settings->block
                 : lane->lane == VG_LANE_CPU && info->float_width == 8 ? 8
                                                                       : 16,
        .float_width = info->float_width,
        .compute_units = info->compute_units,
        .local_bytes = info->local_bytes,
        .tune = tune,
    };
}

/* What was asked for, or what the device is and a trial shows. */
static enum vg_status lane_find(struct vg_engine *engine, const struct vg_engine_settings *settings,
                                struct vg_lane_settings *lane, struct vg_fault *fault)
{
    int works = 0;
    const struct vg_lane_settings own = vg_lane_of(&engine->runner.device.info);
    *lane = settings->lane ? *settings->lane : own;
    if (lane->lane != own.lane || lane->storage != own.storage || lane->mma != VG_MMA_NONE)
        return VG_OK; /* not the device's own; by name it is what it is without */
    const enum vg_status status = vg_mma_probe(&engine->runner.programs, &works, fault);
    if (works)
        lane->mma = VG_MMA_WORKS;
    return status;
}

/* The kernels over bytes are made for processors and know one block, whatever the device. */
static void take_bytes(struct vg_plan_settings *plan)
{
    plan->precision = VG_PRECISION_INT8;
    plan->lane = VG_LANE_CPU;
    plan->storage = VG_STORAGE_FLOAT;
    plan->mma = VG_MMA_NONE;
    plan->block = 16;
}

/* Whether the plan is one of bytes, and how its products are made. */
static enum vg_status precision_choose(struct vg_engine *engine, enum vg_engine_precision asked,
                                       struct vg_plan_settings *plan, struct vg_fault *fault)
{
    plan->precision = VG_PRECISION_F32;
    plan->int8_lane = VG_INT8_PLAIN;
    if (asked == VG_ENGINE_F16)
        plan->storage = VG_STORAGE_HALF;
    if (asked == VG_ENGINE_F32) {
        plan->storage = VG_STORAGE_FLOAT;
        plan->mma = VG_MMA_NONE; /* which multiplies halves */
    }
    if (asked == VG_ENGINE_F32 || asked == VG_ENGINE_F16 ||
        (asked == VG_ENGINE_AUTO && (!engine->model->range || plan->lane != VG_LANE_CPU)))
        return VG_OK;
    const enum vg_status status = vg_int8_probe(&engine->runner.programs, &plan->int8_lane, fault);
    if (asked == VG_ENGINE_INT8 || plan->int8_lane != VG_INT8_PLAIN)
        take_bytes(plan);
    return status;
}

/* Whether anything may take a library's row: findings that name it, or whoever gives their own, the
 * tuner above all. For all others a trial would only cost time at start. */
static int library_asked(const struct vg_engine_settings *settings, const struct vg_tune *tune)
{
    if (tune == settings->tune)
        return tune != NULL;
    for (uint32_t i = 0; i < tune->count; i++)
        if (!strcmp(tune->row[i].variant, VG_CONV_LIBRARY))
            return 1;
    return 0;
}

/* The row of a library's products is one of the lanes for GPUs. */
static enum vg_status library_choose(struct vg_engine *engine,
                                     const struct vg_engine_settings *settings,
                                     struct vg_plan_settings *plan, struct vg_fault *fault)
{
    if (plan->lane == VG_LANE_CPU || !library_asked(settings, plan->tune))
        return VG_OK;
    engine->runner.library = true;
    return vg_gemm_probe(&engine->runner.device, &plan->gemm, fault);
}

/* The plan with its programs built. A row of the variants whose kernel the device's compiler
 * refuses is left out, and the plan made again: each round has one row less. */
static enum vg_status plan_make(struct vg_engine *engine, const struct vg_engine_settings *settings,
                                const struct vg_tune *tune, struct vg_fault *fault)
{
    struct vg_lane_settings lane;
    enum vg_status status = lane_find(engine, settings, &lane, fault);
    if (status)
        return status;
    struct vg_plan_settings asked = plan_settings(engine, settings, &lane, tune);
    struct vg_plan_settings floats = asked;
    floats.precision = VG_PRECISION_F32;
    floats.int8_lane = VG_INT8_PLAIN;
    status = precision_choose(engine, settings->precision, &asked, fault);
    if (!status)
        status = library_choose(engine, settings, &asked, fault);
    while (!status) {
        uint32_t row;
        status = vg_plan_open(&engine->plan, engine->model, &asked, fault);
        if (status == VG_E_FULL && settings->precision == VG_ENGINE_AUTO &&
            asked.precision == VG_PRECISION_INT8) {
            vg_log(VG_LOG_WARN, "floats are used instead of 8 bits: %s: %s", fault->what,
                   fault->place);
            asked = floats;
            status = VG_OK;
            continue;
        }
        if (status)
            return status;
        status = vg_runner_build(&engine->runner, engine->plan, &row, fault);
        if (!status || row == VG_CONV_ROWS_MAX || asked.refused >> row & 1)
            return status;
        asked.refused |= UINT64_C(1) << row;
        vg_log(VG_LOG_WARN, "a plainer kernel is used instead of \"%s\": %s: %s",
               vg_conv_row(row)->name, fault->what, fault->place);
        vg_plan_close(&engine->plan);
        status = VG_OK;
    }
    return status;
}

/* The file that a user names is all there is to go by: what does not fit is not made good. */
static enum vg_status plan_pinned(struct vg_engine *engine,
                                  const struct vg_engine_settings *settings, struct vg_fault *fault)
{
    const struct vg_device_info *info = &engine->runner.device.info;
    const char *file = settings->plan_file;
    struct vg_tune pin;
    enum vg_status status = vg_tune_read(file, &pin, fault);
    if (!status)
        status = vg_plan_pin_device(&pin, info->name, info->driver, file, fault);
    if (!status)
        status = plan_make(engine, settings, &pin, fault);
    if (!status)
        status = vg_plan_pin_check(engine->plan, &pin, file, fault);
    vg_tune_release(&pin);
    return status;
}

static enum vg_status plan_choose(struct vg_engine *engine,
                                  const struct vg_engine_settings *settings, struct vg_fault *fault)
{
    const struct vg_device_info *info = &engine->runner.device.info;
    struct vg_tune own;
    if (settings->plan_file)
        return plan_pinned(engine, settings, fault);
    if (settings->tune)
        return plan_make(engine, settings, settings->tune, fault);
    vg_tune_open(info->name, info->driver, &own);
    const enum vg_status status = plan_make(engine, settings, &own, fault);
    vg_tune_release(&own);
    return status;
}

static enum vg_status engine_start(struct vg_engine *engine,
                                   const struct vg_engine_settings *settings,
                                   struct vg_fault *fault)
{
    struct vg_device device;
    struct vg_fault own = {.status = VG_OK};
    enum vg_status status = vg_device_open(&device, settings->device, settings->threads, fault);
    if (status)
        return status;
    vg_runner_init(&engine->runner, device,
                   settings->launches == VG_LAUNCHES_EACH_STEP ? VG_RUNNER_STEPS : VG_RUNNER_WHOLE,
                   settings->listener);
    status = plan_choose(engine, settings, &own);
    if (status && fault)
        *fault = own;
    if (!status && engine->slot_bytes * settings->batch_max > INT32_MAX)
        status =
            vg_fault_set(fault, VG_E_CALL, N_("the batch does not fit one arena"),
                         N_("use a smaller batch or smaller pictures"), "%u", settings->batch_max);
    if (status)
        return status;
    const struct vg_runner_settings runner = {
        .model = engine->model,
        .pruned = engine->pruned,
        .weights_from = settings->weights_from,
        .plan = engine->plan,
        .pixels_bytes = engine->slot_bytes * settings->batch_max,
        .keep = settings->programs == VG_PROGRAMS_ARE_KEPT ? VG_RUNNER_KEEPS : VG_RUNNER_READS};
    return vg_runner_open(&engine->runner, &runner, fault);
}

/* A compiler that refuses their kernels is no reason to be without a detector: the host makes the
 * same maps, by plain C. */
static enum vg_status maps_start(struct vg_engine *engine,
                                 const struct vg_engine_settings *settings, struct vg_fault *fault)
{
    struct vg_fault why = {.status = VG_OK};
    if (settings->maps == VG_ENGINE_MAPS_NONE)
        return VG_OK;
    const enum vg_status status = vg_map_device_open(&engine->maps, &engine->runner, &why);
    if (status == VG_E_DEVICE) {
        vg_log(VG_LOG_WARN, "maps are made by the processor: %s: %s", why.what, why.place);
        return VG_OK;
    }
    if (status && fault)
        *fault = why;
    if (!status && settings->programs == VG_PROGRAMS_ARE_KEPT)
        vg_programs_store(&engine->runner.programs, MAPS_STORE_US);
    return status;
}

/* Leaves out what the settings do not ask for. */
static enum vg_status model_take(struct vg_engine *engine, const struct vg_model *model,
                                 const struct vg_engine_settings *settings, struct vg_fault *fault)
{
    engine->model = model;
    if (settings->outputs == VG_OUTPUTS_ALL || settings->tensors == VG_TENSORS_EVERY)
        return VG_OK;
    const enum vg_status status = vg_model_prune(model, &engine->pruned, fault);
    if (engine->pruned)
        engine->model = engine->pruned->model;
    return status;
}

enum vg_status vg_engine_open(struct vg_engine **out, const struct vg_model *model,
                              const struct vg_engine_settings *settings, struct vg_fault *fault)
{
    *out = NULL;
    enum vg_status status = settings_check(settings, fault);
    if (status)
        return status;
    if (model->weight_count && !model->weights)
        return vg_fault_set(fault, VG_E_CALL, N_("the model has no weights any more"), NULL, "%s",
                            model->name);
    assert(!settings->weights_from || settings->weights_from == model);
    struct vg_engine *engine = vg_alloc(sizeof *engine);
    if (!engine)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "engine");
    engine->slot_bytes =
        ((uint64_t)settings->picture_width_max * settings->picture_height_max * 3 / 2 + 63) / 64 *
        64;
    status = model_take(engine, model, settings, fault);
    if (!status)
        status = engine_start(engine, settings, fault);
    if (!status)
        status = maps_start(engine, settings, fault);
    if (status) {
        vg_engine_close(&engine);
        return status;
    }
    hash_make(engine);
    engine->whole_upto = engine->plan->net_end;
    *out = engine;
    return VG_OK;
}

static void events_release(struct vg_engine *engine)
{
    for (uint32_t i = 0; i < MARK_COUNT; i++) {
        if (engine->event[i])
            (void)clReleaseEvent(engine->event[i]);
        engine->event[i] = NULL;
    }
}

void vg_engine_close(struct vg_engine **engine)
{
    if (!*engine)
        return;
    vg_map_device_close(&(*engine)->maps);
    vg_runner_close(&(*engine)->runner);
    events_release(*engine);
    vg_plan_close(&(*engine)->plan);
    vg_pruned_close(&(*engine)->pruned);
    vg_free(*engine);
    *engine = NULL;
}

/* ---- a batch ---- */

static enum vg_status count_check(const struct vg_engine *engine, uint32_t count,
                                  struct vg_fault *fault)
{
    if (count && count <= engine->plan->settings.batch_max)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("the engine was not opened for a batch of this size"),
                        NULL, "%u of %u", count, engine->plan->settings.batch_max);
}

static enum vg_status job_check(struct vg_engine *engine, const struct vg_job *job, uint32_t index,
                                struct vg_fault *fault)
{
    const struct vg_picture *picture = job->picture;
    struct vg_letterbox *box = &engine->letterbox[index];
    if (picture->width < 2 || picture->height < 2 || picture->width % 2 || picture->height % 2 ||
        vg_letterbox_make(
            job, (struct vg_size){engine->plan->settings.width, engine->plan->settings.height},
            engine->model->anchor, box))
        return vg_fault_set(fault, VG_E_CALL, N_("the region lies outside the picture"), NULL,
                            "%u x %u", picture->width, picture->height);
    assert(!job->maps || (box->width == picture->width && box->height == picture->height));
    if (vg_letterbox_bytes(box) > engine->slot_bytes)
        return vg_fault_set(fault, VG_E_CALL, N_("the picture is larger than the engine expects"),
                            NULL, "%u x %u", picture->width, picture->height);
    engine->job[index] =
        vg_letterbox_job(box, picture, (uint32_t)(index * engine->slot_bytes), job->threshold);
    engine->order[index] = index;
    return VG_OK;
}

/* one plane of the staged region: `rows` rows of staged_width bytes */
static enum vg_status plane_stage(struct vg_engine *engine, const uint8_t *from, uint32_t stride,
                                  vg_i32 first, const struct vg_letterbox *box, uint32_t top,
                                  uint32_t rows, struct vg_fault *fault)
{
    const size_t to_origin[3] = {(size_t)first, 0, 0};
    const size_t from_origin[3] = {box->staged_left, top, 0};
    const size_t region[3] = {box->staged_width, rows, 1};
    return vg_device_check_run(clEnqueueWriteBufferRect(engine->runner.device.queue,
                                                        engine->runner.pixels, CL_FALSE, to_origin,
                                                        from_origin, region, box->staged_width, 0,
                                                        stride, 0, from, 0, NULL, NULL),
                               "clEnqueueWriteBufferRect", fault);
}

static enum vg_status batch_stage(struct vg_engine *engine, const struct vg_job *jobs,
                                  uint32_t count, struct vg_fault *fault)
{
    const cl_command_queue queue = engine->runner.device.queue;
    const vg_i32 zero = 0;
    enum vg_status status = vg_device_check_run(
        clEnqueueFillBuffer(queue, engine->runner.counts, &zero, sizeof zero, 0,
                            count * sizeof zero, 0, NULL, &engine->event[MARK_BEGIN]),
        "clEnqueueFillBuffer", fault);
    if (!status)
        status = vg_device_check_run(clEnqueueWriteBuffer(queue, engine->runner.jobs, CL_FALSE, 0,
                                                          count * sizeof *engine->job, engine->job,
                                                          0, NULL, NULL),
                                     "clEnqueueWriteBuffer", fault);
    for (uint32_t i = 0; i < count && !status; i++) {
        const struct vg_letterbox *box = &engine->letterbox[i];
        const struct vg_picture *picture = jobs[i].picture;
        status = plane_stage(engine, picture->luma, picture->luma_stride, engine->job[i].luma_first,
                             box, box->staged_top, box->staged_height, fault);
        if (!status)
            status = plane_stage(engine, picture->chroma, picture->chroma_stride,
                                 engine->job[i].chroma_first, box, box->staged_top / 2,
                                 box->staged_height / 2, fault);
    }
    return status;
}

static enum vg_status batch_enqueue(struct vg_engine *engine, uint32_t count,
                                    struct vg_fault *fault)
{
    const struct vg_plan *plan = engine->plan;
    const struct {
        uint32_t first, end;
        enum mark mark;
    } parts[] = {{0, plan->net_first, MARK_PREPARED},
                 {plan->net_first, plan->net_end, MARK_INFERRED},
                 {plan->net_end, plan->step_count, MARK_BOXES}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const enum vg_status status =
            vg_runner_enqueue(&engine->runner, parts[i].first, parts[i].end, count,
                              &engine->event[parts[i].mark], fault);
        if (status)
            return status;
    }
    return VG_OK;
}

/* ---- answers ---- */

static_assert(VG_NMS_KEPT_MAX == VG_ANSWER_DETECTIONS_MAX, "suppression fills an answer");

static int has_place(struct vg_box place)
{
    return place.width > 0 && place.height > 0;
}

static enum vg_status candidates_map(struct vg_engine *engine, cl_mem memory, size_t first,
                                     size_t count, struct vg_candidate **out,
                                     struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    *out =
        clEnqueueMapBuffer(engine->runner.device.queue, memory, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE,
                           first * sizeof **out, count * sizeof **out, 0, NULL, NULL, &code);
    return vg_device_check_run(code, "clEnqueueMapBuffer", fault);
}

static enum vg_status candidates_unmap(struct vg_engine *engine, cl_mem memory,
                                       struct vg_candidate *candidate, struct vg_fault *fault)
{
    return vg_device_check_run(
        clEnqueueUnmapMemObject(engine->runner.device.queue, memory, candidate, 0, NULL, NULL),
        "clEnqueueUnmapMemObject", fault);
}

/* Those that lie in the picture move to the front, their classes numbered as the whole net does;
 * returns how many. */
static uint32_t inside_keep(const struct vg_engine *engine, uint32_t index,
                            struct vg_candidate *candidate, uint32_t count)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < count; i++)
        if (has_place(vg_letterbox_back(&engine->letterbox[index], &candidate[i])))
            candidate[held++] = candidate[i];
    for (uint32_t i = 0; engine->pruned && i < held; i++)
        candidate[i].net_class = (vg_i32)engine->pruned->net_class[candidate[i].net_class];
    return held;
}

/* Of one strip, whose candidates all have room: the strongest into `strongest`. */
static enum vg_status strip_merge(struct vg_engine *engine, uint32_t index,
                                  struct vg_candidate *strongest, uint32_t *held, uint32_t *all,
                                  struct vg_fault *fault)
{
    const uint32_t room = engine->plan->candidates_max;
    struct vg_candidate *candidate = NULL;
    vg_i32 count = 0;
    enum vg_status status = vg_device_check_run(
        clEnqueueReadBuffer(engine->runner.device.queue, engine->runner.counts, CL_TRUE,
                            index * sizeof count, sizeof count, &count, 0, NULL, NULL),
        "clEnqueueReadBuffer", fault);
    if (status || !count)
        return status;
    assert((uint32_t)count <= room);
    status = candidates_map(engine, engine->runner.candidates, (size_t)index * room, (size_t)count,
                            &candidate, fault);
    if (status)
        return status;
    const uint32_t inside = inside_keep(engine, index, candidate, (uint32_t)count);
    for (uint32_t i = 0; i < inside; i++)
        vg_strongest_add(strongest, held, room, &candidate[i]);
    *all += inside;
    return candidates_unmap(engine, engine->runner.candidates, candidate, fault);
}

/* More passed than have room, and which ones found a place is chance: the boxes are made again,
 * strip by strip, and the strongest of all are kept. Seconds may pass; a threshold near 0 on a
 * large net asked for it. */
static enum vg_status strips_fetch(struct vg_engine *engine, uint32_t index,
                                   struct vg_candidate *strongest, uint32_t *held, uint32_t *all,
                                   struct vg_fault *fault)
{
    const struct vg_plan *plan = engine->plan;
    for (uint32_t i = plan->net_end; i < plan->step_count; i++) {
        const uint32_t cells = (uint32_t)plan->step[i].work[0], strip = plan->strip_cells;
        for (uint32_t first = 0; first < cells; first += strip) {
            enum vg_status status =
                vg_runner_enqueue_strip(&engine->runner, i, index, first,
                                        cells - first < strip ? cells - first : strip, fault);
            if (!status)
                status = strip_merge(engine, index, strongest, held, all, fault);
            if (status)
                return status;
        }
    }
    return VG_OK;
}

static void answer_fill(const struct vg_engine *engine, uint32_t index, float nms,
                        struct vg_candidate *candidate, uint32_t held, struct vg_answer *answer)
{
    uint32_t left = 0;
    answer->count = vg_nms_first(candidate, held, nms, &left);
    answer->overflow = left;
    for (uint32_t i = 0; i < answer->count; i++)
        answer->detection[i] = (struct vg_detection){
            .box = vg_letterbox_back(&engine->letterbox[index], &candidate[i]),
            .score = candidate[i].score,
            .class_id = (enum vg_class)candidate[i].class_id};
}

static enum vg_status job_answer(struct vg_engine *engine, const struct vg_job *job, uint32_t index,
                                 struct vg_answer *answer, struct vg_fault *fault)
{
    const uint32_t room = engine->plan->candidates_max, found = (uint32_t)engine->found[index];
    const bool full = found > room;
    const cl_mem memory = full ? engine->runner.strongest : engine->runner.candidates;
    struct vg_candidate *candidate = NULL;
    uint32_t held = 0, all = 0;
    answer->count = answer->overflow = 0;
    if (!found)
        return VG_OK;
    enum vg_status status = candidates_map(engine, memory, full ? 0 : (size_t)index * room,
                                           full ? room : found, &candidate, fault);
    if (status)
        return status;
    if (full)
        status = strips_fetch(engine, index, candidate, &held, &all, fault);
    else
        all = held = inside_keep(engine, index, candidate, found);
    if (!status)
        answer_fill(engine, index, job->nms, candidate, held, answer);
    answer->overflow += all - held;
    const enum vg_status unmapped = candidates_unmap(engine, memory, candidate, fault);
    return status ? status : unmapped;
}

/* Waits for the batch and answers each job that went through the net. */
static enum vg_status batch_answer(struct vg_engine *engine, const struct vg_job *jobs,
                                   uint32_t count, struct vg_answer *answers,
                                   struct vg_fault *fault)
{
    enum vg_status status = vg_device_check_run(
        clEnqueueReadBuffer(engine->runner.device.queue, engine->runner.counts, CL_TRUE, 0,
                            count * sizeof *engine->found, engine->found, 0, NULL, NULL),
        "clEnqueueReadBuffer", fault);
    for (uint32_t i = 0; i < count && !status; i++)
        status = job_answer(engine, &jobs[engine->order[i]], i, &answers[engine->order[i]], fault);
    return status;
}

/* the device's clock, microseconds; 0 if it has none */
static int64_t marked_us(const struct vg_engine *engine, enum mark mark, cl_profiling_info what)
{
    cl_ulong ns = 0;
    if (clGetEventProfilingInfo(engine->event[mark], what, sizeof ns, &ns, NULL) != CL_SUCCESS)
        return 0;
    return (int64_t)(ns / 1000);
}

/* The maps of the jobs that want some, behind the net, and a mark behind them. */
static enum vg_status maps_enqueue(struct vg_engine *engine, const struct vg_job *jobs,
                                   uint32_t count, struct vg_fault *fault)
{
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < count; i++)
        wanted += jobs[i].maps != NULL;
    if (!engine->maps || !wanted)
        return VG_OK;
    const enum vg_status status =
        vg_map_device_enqueue(engine->maps, jobs, engine->job, count, fault);
    return status
               ? status
               : vg_device_check_run(clEnqueueMarkerWithWaitList(engine->runner.device.queue, 0,
                                                                 NULL, &engine->event[MARK_MAPS]),
                                     "clEnqueueMarkerWithWaitList", fault);
}

/* In two steps the maps are made right behind the pictures; then the host has the word. */
static void times_take_gated(struct vg_engine *engine, uint32_t through)
{
    const int64_t begin = marked_us(engine, MARK_BEGIN, CL_PROFILING_COMMAND_START);
    const int64_t maps =
        engine->event[MARK_MAPS] ? marked_us(engine, MARK_MAPS, CL_PROFILING_COMMAND_END) : begin;
    engine->times = (struct vg_engine_times){.maps_us = maps > begin ? maps - begin : 0};
    if (!through)
        return;
    const int64_t again = marked_us(engine, MARK_THROUGH, CL_PROFILING_COMMAND_START);
    const int64_t prepared = marked_us(engine, MARK_PREPARED, CL_PROFILING_COMMAND_END);
    const int64_t inferred = marked_us(engine, MARK_INFERRED, CL_PROFILING_COMMAND_END);
    const int64_t boxes = marked_us(engine, MARK_BOXES, CL_PROFILING_COMMAND_END);
    engine->times.prepare_us = prepared - again;
    engine->times.infer_us = inferred - prepared;
    engine->times.boxes_us = boxes - inferred;
}

static void times_take(struct vg_engine *engine)
{
    const int64_t begin = marked_us(engine, MARK_BEGIN, CL_PROFILING_COMMAND_START);
    const int64_t prepared = marked_us(engine, MARK_PREPARED, CL_PROFILING_COMMAND_END);
    const int64_t inferred = marked_us(engine, MARK_INFERRED, CL_PROFILING_COMMAND_END);
    const int64_t boxes = marked_us(engine, MARK_BOXES, CL_PROFILING_COMMAND_END);
    const int64_t maps =
        engine->event[MARK_MAPS] ? marked_us(engine, MARK_MAPS, CL_PROFILING_COMMAND_END) : 0;
    engine->times = (struct vg_engine_times){.prepare_us = prepared - begin,
                                             .infer_us = inferred - prepared,
                                             .boxes_us = boxes - inferred,
                                             .maps_us = maps > boxes ? maps - boxes : 0};
}

/* Those that go through the net move to the front; their pixels stay where they are staged. */
static uint32_t through_keep(struct vg_engine *engine, uint32_t count,
                             const struct vg_engine_gate *gate)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (gate->still(gate->user, i))
            continue;
        engine->order[held] = i;
        engine->letterbox[held] = engine->letterbox[i];
        engine->job[held++] = engine->job[i];
    }
    return held;
}

/* Maps, a word of the host, then the net. */
static enum vg_status batch_enqueue_gated(struct vg_engine *engine, const struct vg_job *jobs,
                                          uint32_t count, struct vg_engine_gate *gate,
                                          struct vg_fault *fault)
{
    enum vg_status status = maps_enqueue(engine, jobs, count, fault);
    if (!status)
        status = vg_runner_finish(&engine->runner, fault);
    if (status)
        return status;
    gate->through = through_keep(engine, count, gate);
    if (!gate->through)
        return VG_OK;
    status = vg_device_check_run(
        clEnqueueWriteBuffer(engine->runner.device.queue, engine->runner.jobs, CL_FALSE, 0,
                             gate->through * sizeof *engine->job, engine->job, 0, NULL,
                             &engine->event[MARK_THROUGH]),
        "clEnqueueWriteBuffer", fault);
    return status ? status : batch_enqueue(engine, gate->through, fault);
}

/* All of it, from the pictures to the answers. gate: NULL: all go through the net. */
static enum vg_status batch_run(struct vg_engine *engine, const struct vg_job *jobs, uint32_t count,
                                struct vg_engine_gate *gate, struct vg_answer *answers,
                                struct vg_fault *fault)
{
    enum vg_status status = batch_stage(engine, jobs, count, fault);
    if (!status && gate) {
        status = batch_enqueue_gated(engine, jobs, count, gate, fault);
    } else if (!status) {
        status = batch_enqueue(engine, count, fault);
        if (!status)
            status = maps_enqueue(engine, jobs, count, fault);
    }
    const uint32_t through = gate ? gate->through : count;
    if (!status && through)
        status = batch_answer(engine, jobs, through, answers, fault);
    if (status) /* what was enqueued still reads the pictures */
        (void)clFinish(engine->runner.device.queue);
    else if (engine->maps)
        vg_map_device_trust(engine->maps, jobs, count);
    return status;
}

/* A device that only cannot make maps is no reason to end: the process would meet the same again. Where
 * it is lost altogether, the batch fails once more. */
static enum vg_status batch_again(struct vg_engine *engine, const struct vg_job *jobs,
                                  uint32_t count, struct vg_engine_gate *gate,
                                  struct vg_answer *answers, struct vg_fault *fault,
                                  const struct vg_fault *why)
{
    enum vg_status status = VG_OK;
    events_release(engine);
    for (uint32_t i = 0; i < count && !status; i++) /* a gate may have moved them */
        status = job_check(engine, &jobs[i], i, fault);
    if (!status)
        status = batch_run(engine, jobs, count, gate, answers, fault);
    if (!status)
        vg_log(VG_LOG_WARN, "maps are made by the processor from now on: %s: %s", why->what,
               why->place);
    return status;
}

static enum vg_status run(struct vg_engine *engine, const struct vg_job *jobs, uint32_t count,
                          struct vg_engine_gate *gate, struct vg_answer *answers,
                          struct vg_fault *fault)
{
    struct vg_fault why = {.status = VG_OK};
    enum vg_status status = count_check(engine, count, fault);
    for (uint32_t i = 0; i < count && !status; i++)
        status = job_check(engine, &jobs[i], i, fault);
    if (status)
        return status;
    const struct vg_mono_time start = vg_mono_now();
    vg_probe_batch_begin(engine->runner.device.info.name, count);
    status = batch_run(engine, jobs, count, gate, answers, &why);
    if (status && engine->maps && vg_map_device_blame(engine->maps, jobs, count))
        status = batch_again(engine, jobs, count, gate, answers, fault, &why);
    else if (status && fault)
        *fault = why;
    if (!status) {
        const int64_t all_us = vg_mono_now().us - start.us;
        if (gate)
            times_take_gated(engine, gate->through);
        else
            times_take(engine);
        const struct vg_engine_times t = engine->times;
        const int64_t host_us = all_us - t.prepare_us - t.infer_us - t.boxes_us - t.maps_us;
        int64_t *rest_us =
            gate && !gate->through ? &engine->times.maps_us : &engine->times.boxes_us;
        *rest_us += host_us > 0 ? host_us : 0;
    }
    events_release(engine);
    if (!gate || gate->through)
        engine->whole_upto = engine->plan->net_end;
    vg_probe_batch_end(engine->runner.device.info.name, count, vg_mono_now().us - start.us);
    return status;
}

enum vg_status vg_engine_run(struct vg_engine *engine, const struct vg_job *jobs, uint32_t count,
                             struct vg_answer *answers, struct vg_fault *fault)
{
    return run(engine, jobs, count, NULL, answers, fault);
}

enum vg_status vg_engine_run_gated(struct vg_engine *engine, const struct vg_job *jobs,
                                   uint32_t count, struct vg_engine_gate *gate,
                                   struct vg_answer *answers, struct vg_fault *fault)
{
    gate->through = 0;
    return run(engine, jobs, count, gate, answers, fault);
}

struct vg_engine_times vg_engine_last_times(const struct vg_engine *engine)
{
    return engine->times;
}

/* ---- raw ---- */

static enum vg_status steps_run(struct vg_engine *engine, uint32_t end, uint32_t count,
                                struct vg_fault *fault)
{
    enum vg_status status =
        vg_runner_enqueue(&engine->runner, engine->plan->net_first, end, count, NULL, fault);
    if (!status)
        status = vg_runner_finish(&engine->runner, fault);
    engine->whole_upto = status ? 0 : end;
    return status;
}

/* The arena of picture 0. */
static enum vg_status arena_map(struct vg_engine *engine, cl_map_flags flags, void **out,
                                struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    *out = clEnqueueMapBuffer(engine->runner.device.queue, engine->runner.arena, CL_TRUE, flags, 0,
                              engine->plan->arena_bytes, 0, NULL, NULL, &code);
    return vg_device_check_run(code, "clEnqueueMapBuffer", fault);
}

static enum vg_status arena_unmap(struct vg_engine *engine, void *mapped, struct vg_fault *fault)
{
    return vg_device_check_run(clEnqueueUnmapMemObject(engine->runner.device.queue,
                                                       engine->runner.arena, mapped, 0, NULL, NULL),
                               "clEnqueueUnmapMemObject", fault);
}

/* what stands at `at`, which is of channel c */
static float value_at(const struct vg_engine *engine, uint32_t tensor, uint32_t c, size_t at,
                      const void *arena)
{
    const struct vg_place *place = &engine->plan->place[tensor];
    if (place->value_bytes == 2)
        return vg_half_to_float(((const uint16_t *)arena)[at]);
    if (place->value_bytes != 1)
        return ((const float *)arena)[at];
    const uint8_t byte = ((const uint8_t *)arena)[at];
    if (!place->pixels)
        return place->step * (float)(byte - place->zero);
    const uint32_t plane = vg_model_pixel_plane(engine->model, tensor, c);
    return (byte - engine->model->mean[plane]) * engine->model->scale[plane];
}

/* Where channel c of the net's input lies at (row, column). Where the preparation writes what a
 * first VG_OP_SPACE_TO_DEPTH makes of it, 2x2 cells lie side by side. */
static size_t input_at(const struct vg_plan *plan, uint32_t c, uint32_t row, uint32_t column)
{
    const uint32_t fold = plan->input ? 2 : 1;
    const uint32_t quarter = row % fold * 2 + column % fold;
    return vg_plan_at(plan, plan->input, quarter * 3 + c, row / fold, column / fold);
}

/* The halo of the input: zeros, or the bytes that stand for them. */
static void halo_write(const struct vg_plan *plan, const struct vg_prepare_sizes *s, void *arena)
{
    const struct vg_place *place = &plan->place[plan->input];
    const size_t size = place->value_bytes, pixel = place->pixel;
    const uint32_t used = plan->input ? 12 : 3;
    uint8_t *first =
        (uint8_t *)arena +
        (size_t)(s->y.first - s->halo.above * s->y.row - s->halo.left * (vg_i32)pixel) * size;
    memset(first, 0, (size_t)s->y.plane * size);
    for (size_t i = 0; place->value_bytes == 1 && i < (size_t)s->y.plane; i++)
        if (i % pixel < used)
            first[i] = (uint8_t)((uint32_t)s->halo_word >> 8 * (i % pixel % 3));
}

/* A normalised value as the byte that it was. */
static uint8_t byte_of(const struct vg_model *model, uint32_t c, float value)
{
    const float byte = value / model->scale[c] + model->mean[c];
    return (uint8_t)rintf(fminf(fmaxf(byte, 0), 255));
}

/* the net's input: a float, a half or a byte */
static void value_put(const struct vg_engine *engine, uint32_t c, size_t at, float value,
                      void *arena)
{
    const uint32_t bytes = engine->plan->place[engine->plan->input].value_bytes;
    if (bytes == 1)
        ((uint8_t *)arena)[at] = byte_of(engine->model, c, value);
    else if (bytes == 2)
        ((uint16_t *)arena)[at] = vg_half_nearest(value);
    else
        ((float *)arena)[at] = value;
}

/* The prepared picture to where the preparation would have put it, with its halo. */
static void input_write(const struct vg_engine *engine, const float *input, void *arena)
{
    const struct vg_plan *plan = engine->plan;
    halo_write(plan, &plan->step[0].sizes.prepare, arena);
    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t row = 0; row < plan->settings.height; row++)
            for (uint32_t column = 0; column < plan->settings.width; column++)
                value_put(engine, c, input_at(plan, c, row, column), *input++, arena);
}

/* The input of picture 0 as it was prepared: 3 planes. */
static void input_copy(const struct vg_engine *engine, const void *arena, float *values)
{
    const struct vg_plan *plan = engine->plan;
    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t row = 0; row < plan->settings.height; row++)
            for (uint32_t column = 0; column < plan->settings.width; column++)
                *values++ = value_at(engine, plan->input, c, input_at(plan, c, row, column), arena);
}

enum vg_status vg_engine_make_maps(struct vg_engine *engine, const struct vg_job *jobs,
                                   uint32_t count, struct vg_fault *fault)
{
    enum vg_status status = count_check(engine, count, fault);
    for (uint32_t i = 0; i < count && !status; i++)
        status = job_check(engine, &jobs[i], i, fault);
    if (status)
        return status;
    status = batch_stage(engine, jobs, count, fault);
    if (!status && engine->maps)
        status = vg_map_device_enqueue(engine->maps, jobs, engine->job, count, fault);
    const enum vg_status finished = vg_runner_finish(&engine->runner, status ? NULL : fault);
    events_release(engine);
    return status ? status : finished;
}

enum vg_status vg_engine_run_tensor(struct vg_engine *engine, const float *input,
                                    struct vg_fault *fault)
{
    void *mapped = NULL;
    enum vg_status status = arena_map(engine, CL_MAP_WRITE, &mapped, fault);
    if (status)
        return status;
    input_write(engine, input, mapped);
    status = arena_unmap(engine, mapped, fault);
    return status ? status : steps_run(engine, engine->plan->net_end, 1, fault);
}

enum vg_status vg_engine_tensor_answer(struct vg_engine *engine, float threshold, float nms,
                                       struct vg_answer *answer, struct vg_fault *fault)
{
    const struct vg_plan *plan = engine->plan;
    const cl_command_queue queue = engine->runner.device.queue;
    const struct vg_job job = {.threshold = threshold, .nms = nms};
    const vg_i32 zero = 0;
    /* the input is the picture */
    engine->letterbox[0] = (struct vg_letterbox){.width = plan->settings.width,
                                                 .height = plan->settings.height,
                                                 .inner_width = plan->settings.width,
                                                 .inner_height = plan->settings.height,
                                                 .step_x = 1,
                                                 .step_y = 1};
    engine->job[0] = (struct vg_device_job){.threshold = threshold};
    enum vg_status status = VG_OK;
    if (engine->whole_upto != plan->net_end) /* a tensor was looked at since */
        status = steps_run(engine, plan->net_end, 1, fault);
    if (!status)
        status =
            vg_device_check_run(clEnqueueFillBuffer(queue, engine->runner.counts, &zero,
                                                    sizeof zero, 0, sizeof zero, 0, NULL, NULL),
                                "clEnqueueFillBuffer", fault);
    if (!status)
        status = vg_device_check_run(clEnqueueWriteBuffer(queue, engine->runner.jobs, CL_FALSE, 0,
                                                          sizeof *engine->job, engine->job, 0, NULL,
                                                          NULL),
                                     "clEnqueueWriteBuffer", fault);
    if (!status)
        status =
            vg_runner_enqueue(&engine->runner, plan->net_end, plan->step_count, 1, NULL, fault);
    return status ? status : batch_answer(engine, &job, 1, answer, fault);
}

/* From the first to behind the last byte of a tensor, all of `count` pictures. */
static void extent_of(const struct vg_plan *plan, uint32_t tensor, uint32_t count, size_t *first,
                      size_t *end)
{
    const struct vg_place *place = &plan->place[tensor];
    *first = SIZE_MAX;
    *end = 0;
    for (uint32_t c = 0; c < place->channels; c++) {
        const size_t last = vg_plan_at(plan, tensor, c, place->height - 1, place->width - 1) + 1;
        const size_t begin = vg_plan_at(plan, tensor, c, 0, 0);
        *first = begin < *first ? begin : *first;
        *end = last > *end ? last : *end;
    }
    *first *= place->value_bytes;
    *end = *end * place->value_bytes + (count - 1) * plan->arena_bytes;
}

/* one part of an output where the host can read it */
static enum vg_status part_map(struct vg_engine *engine, uint32_t tensor, uint32_t count,
                               void **mapped, struct vg_fault *fault)
{
    size_t first, end;
    cl_int code = CL_SUCCESS;
    extent_of(engine->plan, tensor, count, &first, &end);
    *mapped = clEnqueueMapBuffer(engine->runner.device.queue, engine->runner.arena, CL_FALSE,
                                 CL_MAP_READ, first, end - first, 0, NULL, NULL, &code);
    return vg_device_check_run(code, "clEnqueueMapBuffer", fault);
}

enum vg_status vg_engine_infer(struct vg_engine *engine, uint32_t count, struct vg_fault *fault)
{
    const cl_command_queue queue = engine->runner.device.queue;
    void *mapped[VG_MODEL_OUTPUTS_MAX][VG_MODEL_LEVELS_MAX] = {{NULL}};
    enum vg_status status = count_check(engine, count, fault);
    if (!status)
        status = vg_runner_enqueue(&engine->runner, engine->plan->net_first, engine->plan->net_end,
                                   count, NULL, fault);
    for (uint32_t i = 0; i < engine->model->output_count; i++)
        for (uint32_t k = 0; k < engine->model->output[i].part_count && !status; k++)
            status =
                part_map(engine, engine->model->output[i].part[k], count, &mapped[i][k], fault);
    const enum vg_status finished =
        vg_device_check_run(clFinish(queue), "clFinish", status ? NULL : fault);
    for (uint32_t i = 0; i < engine->model->output_count; i++)
        for (uint32_t k = 0; k < engine->model->output[i].part_count; k++)
            if (mapped[i][k])
                (void)clEnqueueUnmapMemObject(queue, engine->runner.arena, mapped[i][k], 0, NULL,
                                              NULL);
    engine->whole_upto = engine->plan->net_end;
    return status ? status : finished;
}

/* to [channels][rows][columns] or, by cells, [rows][columns][channels]; returns how many */
static size_t tensor_copy(const struct vg_engine *engine, uint32_t tensor, enum vg_layout layout,
                          const void *arena, float *values)
{
    const struct vg_place *place = &engine->plan->place[tensor];
    const size_t cells = (size_t)place->width * place->height;
    for (uint32_t c = 0; c < place->channels; c++)
        for (uint32_t row = 0; row < place->height; row++)
            for (uint32_t column = 0; column < place->width; column++) {
                const size_t cell = (size_t)row * place->width + column;
                const size_t at =
                    layout == VG_LAYOUT_CELLS ? cell * place->channels + c : c * cells + cell;
                values[at] = value_at(engine, tensor, c,
                                      vg_plan_at(engine->plan, tensor, c, row, column), arena);
            }
    return cells * place->channels;
}

enum vg_status vg_engine_read_output(struct vg_engine *engine, uint32_t index, float *values,
                                     struct vg_fault *fault)
{
    void *mapped = NULL;
    if (index >= engine->model->output_count)
        return vg_fault_set(fault, VG_E_CALL, N_("the model has no such output"), NULL, "%u",
                            index);
    const struct vg_output *output = &engine->model->output[index];
    enum vg_status status = VG_OK;
    if (engine->whole_upto != engine->plan->net_end) /* a tensor was looked at since */
        status = steps_run(engine, engine->plan->net_end, 1, fault);
    if (!status)
        status = arena_map(engine, CL_MAP_READ, &mapped, fault);
    if (status)
        return status;
    for (uint32_t k = 0; k < output->part_count; k++)
        values += tensor_copy(engine, output->part[k], output->layout, mapped, values);
    return arena_unmap(engine, mapped, fault);
}

/* With fusion its place may be another's by the end, so the net is run again from its input up to
 * the step that makes it. */
enum vg_status vg_engine_read_tensor(struct vg_engine *engine, uint32_t tensor, float *values,
                                     struct vg_fault *fault)
{
    void *mapped = NULL;
    if (tensor >= engine->model->tensor_count)
        return vg_fault_set(fault, VG_E_CALL, N_("the model has no such tensor"), NULL, "%u",
                            tensor);
    const struct vg_place *place = &engine->plan->place[tensor];
    if (!place->pixel)
        return vg_fault_set(fault, VG_E_CALL, N_("this tensor is made and used within one kernel"),
                            N_("open the engine for every tensor"), "%u", tensor);
    if (engine->pruned && place->channels != engine->pruned->whole->tensor[tensor].channels)
        return vg_fault_set(fault, VG_E_CALL, N_("channels of this tensor are left out"),
                            N_("open the engine for all outputs"), "%u", tensor);
    const int stands =
        place->last_step < engine->plan->net_first || /* the input, or a view of it */
        (engine->plan->settings.fusion == VG_FUSION_NONE &&
         engine->whole_upto == engine->plan->net_end);
    enum vg_status status = VG_OK;
    if (!stands)
        status = steps_run(engine, place->last_step + 1, 1, fault);
    if (!status)
        status = arena_map(engine, CL_MAP_READ, &mapped, fault);
    if (status)
        return status;
    (void)tensor_copy(engine, tensor, VG_LAYOUT_PLANES, mapped, values);
    return arena_unmap(engine, mapped, fault);
}

enum vg_status vg_engine_read_input(struct vg_engine *engine, float *values, struct vg_fault *fault)
{
    void *mapped = NULL;
    const enum vg_status status = arena_map(engine, CL_MAP_READ, &mapped, fault);
    if (status)
        return status;
    input_copy(engine, mapped, values);
    return arena_unmap(engine, mapped, fault);
}

enum vg_status vg_engine_weights_digest(struct vg_engine *engine, uint8_t digest[VG_SHA256_BYTES],
                                        struct vg_fault *fault)
{
    return vg_runner_weights_digest(&engine->runner, digest, fault);
}

struct vg_map_device *vg_engine_map_device(struct vg_engine *engine)
{
    return engine->maps;
}

struct vg_map_device *vg_engine_maps(const struct vg_engine *engine)
{
    return engine->maps;
}

const char *vg_engine_plan_hash(const struct vg_engine *engine)
{
    return engine->hash;
}

const char *vg_engine_precision(const struct vg_engine *engine)
{
    const struct vg_plan_settings *s = &engine->plan->settings;
    return s->precision == VG_PRECISION_INT8 ? "int8"
           : s->storage == VG_STORAGE_HALF   ? "f16"
                                             : "f32";
}

const char *vg_engine_lane(const struct vg_engine *engine)
{
    const struct vg_plan_settings *s = &engine->plan->settings;
    return s->mma == VG_MMA_NONE ? vg_lane_text(s->lane) : "nvidia, matrix instruction";
}

const char *vg_engine_device_name(const struct vg_engine *engine)
{
    return engine->runner.device.info.name;
}

uint32_t vg_engine_compute_units(const struct vg_engine *engine)
{
    return engine->runner.device.info.compute_units;
}

void vg_engine_input_size(const struct vg_engine *engine, uint32_t *width, uint32_t *height)
{
    *width = engine->plan->settings.width;
    *height = engine->plan->settings.height;
}

const struct vg_plan *vg_engine_plan(const struct vg_engine *engine)
{
    return engine->plan;
}

struct vg_runner *vg_engine_runner(struct vg_engine *engine)
{
    return &engine->runner;
}
