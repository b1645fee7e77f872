#include "src/cli/bench_kernels.h"

#include <stdio.h>
#include <string.h>

#include "bench/kernel_table.h"
#include "models/model.h"
#include "src/base/text.h"
#include "src/cli/bench_noise.h"
#include "src/cli/bench_profile.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/engine/engine.h"
#include "src/engine/kernel_times.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RUNS_MAX     10000
#define SEED_MAX     1e9
#define PICTURES     2 /* in turns, so that what moves between them is not nothing */

struct request {
    struct vg_engine_options engine;
    const char *kernel, *pictures, *batch_text, *runs_text, *seed_text;
    bool as_json;
    unsigned picture_width, picture_height;
    double batch, runs, seed;
};

static enum vg_status request_check(struct request *r, struct vg_fault *fault)
{
    enum vg_status status = vg_engine_options_read(&r->engine, fault);
    if (!status)
        status =
            vg_option_size("pictures", r->pictures, &r->picture_width, &r->picture_height, fault);
    if (!status && (r->picture_width | r->picture_height) % 2)
        status = vg_fault_set(fault, VG_E_CALL, N_("--pictures wants even sizes"), NULL, "%s",
                              r->pictures);
    if (!status)
        status = vg_option_count("batch", r->batch_text, 1, VG_BATCH_MAX, &r->batch, fault);
    if (!status)
        status = vg_option_count("runs", r->runs_text, 1, RUNS_MAX, &r->runs, fault);
    if (!status)
        status = vg_option_count("seed", r->seed_text, 0, SEED_MAX, &r->seed, fault);
    return status;
}

static enum vg_status show(const struct request *r, const struct vg_model *model,
                           const struct vg_engine *engine, const struct vg_kernel_times *times,
                           struct vg_fault *fault)
{
    struct vg_profile_heading heading = {.model = model->name,
                                         .precision = vg_engine_precision(engine),
                                         .device = vg_engine_device_name(engine),
                                         .threads = vg_engine_compute_units(engine)};
    const struct vg_kernel_table table = {.times = times,
                                          .heading = &heading,
                                          .pictures = r->pictures,
                                          .seed = (uint64_t)r->seed,
                                          .kernel = r->kernel};
    vg_engine_input_size(engine, &heading.width, &heading.height);
    return r->as_json ? vg_kernel_table_json(&table, stdout, fault)
                      : vg_kernel_table_text(&table, stdout, fault);
}

static enum vg_status time_all(const struct request *r, const struct vg_model *model,
                               struct vg_engine *engine, struct vg_fault *fault)
{
    struct vg_bench_noise noise[PICTURES] = {{.pixels = NULL}};
    struct vg_job job[VG_BATCH_MAX];
    struct vg_kernel_times times = {.least_us = NULL};
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < PICTURES && !status; i++)
        status = vg_bench_noise_make(&noise[i], r->picture_width, r->picture_height,
                                     (uint64_t)r->seed + i, fault);
    for (uint32_t i = 0; i < VG_BATCH_MAX; i++)
        job[i] = (struct vg_job){
            .picture = &noise[i % PICTURES].picture, .threshold = 0.35F, .nms = 0.6F};
    if (!status)
        status = vg_engine_time_kernels(engine, job, (uint32_t)r->batch, (uint32_t)r->runs, &times,
                                        fault);
    if (!status)
        status = vg_bench_peak(r->engine.device, 0, &times.profile, fault);
    if (!status)
        status = show(r, model, engine, &times, fault);
    vg_kernel_times_release(&times);
    for (uint32_t i = 0; i < PICTURES; i++)
        vg_bench_noise_release(&noise[i]);
    return status;
}

static enum vg_status run(const struct request *r, struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_model *model = NULL;
    struct vg_engine *engine = NULL;
    settings.batch_max = (uint32_t)r->batch;
    settings.picture_width_max = r->picture_width;
    settings.picture_height_max = r->picture_height;
    settings.outputs = VG_OUTPUTS_NEEDED;
    settings.launches = VG_LAUNCHES_EACH_STEP;
    settings.maps = VG_ENGINE_MAPS_MADE;
    enum vg_status status = vg_engine_options_open(&r->engine, settings, &model, &engine, fault);
    if (!status)
        status = time_all(r, model, engine, fault);
    vg_engine_close(&engine);
    vg_model_close(&model);
    return status;
}

enum vg_status vg_bench_kernels(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.engine.model = "nanodet-g",
                        .pictures = "704x576",
                        .batch_text = "1",
                        .runs_text = "50",
                        .seed_text = "1"};
    const struct vg_option options[] = {
        {"model", "M", N_("name or file of the model; default nanodet-g"), &r.engine.model, NULL},
        {"kernel", "NAME", N_("this kernel alone, with all its shapes"), &r.kernel, NULL},
        {"runs", "R", N_("timed runs of each; default 50"), &r.runs_text, NULL},
        {"batch", "N", N_("pictures in a batch; default 1"), &r.batch_text, NULL},
        {"pictures", "WxH", N_("size of the decoded pictures; default 704x576"), &r.pictures, NULL},
        {"seed", "N", N_("of the pictures' noise; default 1"), &r.seed_text, NULL},
        vg_engine_row_precision(&r.engine.precision_text),
        vg_engine_row_lane(&r.engine.lane_text),
        vg_engine_row_device(&r.engine.device),
        vg_engine_row_plan(&r.engine.plan),
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench kernels", "", N_("times each kernel of a picture alone"),
                                   options, COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    if (!status)
        status = request_check(&r, fault);
    return status ? status : run(&r, fault);
}
