/* vigie bench model: the time of a net on this machine, from a prepared input on the device to
 * raw outputs that the host can read; with --pictures from decoded pictures to boxes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/json.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/cli/bench_api.h"
#include "src/cli/bench_energy.h"
#include "src/cli/bench_ingest.h"
#include "src/cli/bench_kernels.h"
#include "src/cli/bench_noise.h"
#include "src/cli/bench_pipeline.h"
#include "src/cli/bench_profile.h"
#include "src/cli/bench_report.h"
#include "src/cli/bench_scheduler.h"
#include "src/cli/bench_sizing.h"
#include "src/cli/bench_stages.h"
#include "src/cli/commands.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/engine/engine.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RUNS_MAX     100000
#define WARM_UP      10

struct request {
    struct vg_engine_options engine;
    const char *size, *batch, *threads, *runs;
    const char *svg, *trace, *sort; /* with profile */
    const char *pictures;
    bool as_json, profile;
    unsigned width, height;
    unsigned picture_width, picture_height; /* 0: a prepared input */
    double batch_count, thread_count, run_count;
};

static enum vg_status request_check(struct request *r, struct vg_fault *fault)
{
    if (!r->engine.model)
        return vg_fault_set(fault, VG_E_CALL, N_("a model is wanted"), N_("see vigie help"),
                            "vigie bench model --model M");
    if (!r->profile && (r->svg || r->trace || r->sort))
        return vg_fault_set(fault, VG_E_CALL, N_("this option wants --profile"),
                            N_("give --profile too"), "%s",
                            r->svg     ? "--svg"
                            : r->trace ? "--trace"
                                       : "--sort");
    enum vg_status status = vg_engine_options_read(&r->engine, fault);
    if (!status && r->size)
        status = vg_option_size("size", r->size, &r->width, &r->height, fault);
    if (!status && r->pictures)
        status =
            vg_option_size("pictures", r->pictures, &r->picture_width, &r->picture_height, fault);
    if (!status && r->pictures && (r->profile || (r->picture_width | r->picture_height) % 2))
        status = vg_fault_set(fault, VG_E_CALL,
                              N_("--pictures wants even sizes, and goes without --profile"), NULL,
                              "%s", r->pictures);
    if (!status)
        status = vg_option_count("batch", r->batch, 1, VG_BATCH_MAX, &r->batch_count, fault);
    if (!status)
        status = vg_option_count("threads", r->threads, 0, 1024, &r->thread_count, fault);
    if (!status)
        status = vg_option_count("runs", r->runs, 1, RUNS_MAX, &r->run_count, fault);
    return status;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The value that `share` of the sorted times do not exceed. */
static double quantile(const double *sorted, uint32_t count, double share)
{
    const double rank = ceil(share * count);
    return sorted[rank < 1 ? 0 : (uint32_t)rank - 1];
}

/* Random values of the size of normalised ones: zeros would be kinder than pictures are. */
static enum vg_status input_fill(struct vg_engine *engine, struct vg_fault *fault)
{
    struct vg_random random;
    uint32_t width, height;
    vg_engine_input_size(engine, &width, &height);
    const size_t count = (size_t)width * height * 3;
    float *input = vg_alloc_array(count, sizeof *input);
    if (!input)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u x %u", width,
                            height);
    vg_random_seed(&random, 1);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(4 * vg_random_unit(&random) - 2);
    const enum vg_status status = vg_engine_run_tensor(engine, input, fault);
    vg_free(input);
    return status;
}

/* A batch of the same picture, of noise: where no boxes are found suppression is nothing, and where
 * there are some it is little. */
struct film {
    struct vg_bench_noise noise;
    struct vg_job job[VG_BATCH_MAX];
    struct vg_answer *answers;
};

static enum vg_status film_make(struct film *film, const struct request *r, struct vg_fault *fault)
{
    film->answers = vg_alloc_array((size_t)r->batch_count, sizeof *film->answers);
    if (!film->answers)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", r->pictures);
    for (uint32_t i = 0; i < VG_BATCH_MAX; i++)
        film->job[i] =
            (struct vg_job){.picture = &film->noise.picture, .threshold = 0.35f, .nms = 0.6f};
    return vg_bench_noise_make(&film->noise, r->picture_width, r->picture_height, 1, fault);
}

/* The product's way but for decoder and tracker. parts: summed over the runs, microseconds. */
static enum vg_status measure_film(struct vg_engine *engine, const struct request *r, double *ms,
                                   struct vg_engine_times *parts, struct vg_fault *fault)
{
    struct film film = {.answers = NULL};
    const uint32_t batch = (uint32_t)r->batch_count, runs = (uint32_t)r->run_count;
    enum vg_status status = film_make(&film, r, fault);
    for (uint32_t i = 0; i < WARM_UP + runs && !status; i++) {
        const struct vg_mono_time start = vg_mono_now();
        status = vg_engine_run(engine, film.job, batch, film.answers, fault);
        if (i < WARM_UP)
            continue;
        ms[i - WARM_UP] = (double)(vg_mono_now().us - start.us) / 1000;
        const struct vg_engine_times t = vg_engine_last_times(engine);
        parts->prepare_us += t.prepare_us;
        parts->infer_us += t.infer_us;
        parts->boxes_us += t.boxes_us;
    }
    vg_bench_noise_release(&film.noise);
    vg_free(film.answers);
    return status;
}

static enum vg_status measure(struct vg_engine *engine, const struct request *r, double *ms,
                              struct vg_fault *fault)
{
    const uint32_t batch = (uint32_t)r->batch_count, runs = (uint32_t)r->run_count;
    enum vg_status status = input_fill(engine, fault);
    for (uint32_t i = 0; i < WARM_UP && !status; i++)
        status = vg_engine_infer(engine, batch, fault);
    for (uint32_t i = 0; i < runs && !status; i++) {
        const struct vg_mono_time start = vg_mono_now();
        status = vg_engine_infer(engine, batch, fault);
        ms[i] = (double)(vg_mono_now().us - start.us) / 1000;
    }
    return status;
}

static enum vg_status report(const struct request *r, const struct vg_model *model,
                             const struct vg_engine *engine, double *ms,
                             const struct vg_engine_times *parts, struct vg_fault *fault)
{
    const uint32_t runs = (uint32_t)r->run_count;
    char size[32];
    uint32_t width, height;
    vg_engine_input_size(engine, &width, &height);
    (void)snprintf(size, sizeof size, "%ux%u", width, height);
    qsort(ms, runs, sizeof *ms, by_value);
    const double median = quantile(ms, runs, 0.5), p99 = quantile(ms, runs, 0.99);
    const double per_s = 1000 * r->batch_count / median;
    const uint32_t threads = vg_engine_compute_units(engine);
    if (!r->as_json) {
        (void)printf(_("%s %s, batch %u, %u threads, %s, %s\n"
                       "%u runs: median %.2f ms, least %.2f ms, p99 %.2f ms, %.1f pictures a "
                       "second\n"),
                     model->name, size, (uint32_t)r->batch_count, threads,
                     vg_engine_precision(engine), vg_engine_device_name(engine), runs, median,
                     ms[0], p99, per_s);
        if (r->pictures)
            (void)printf(
                _("from pictures of %s to boxes, a batch in the mean: preparation %.2f ms, "
                  "net %.2f ms, boxes and the rest %.2f ms\n"),
                r->pictures, (double)parts->prepare_us / runs / 1000,
                (double)parts->infer_us / runs / 1000, (double)parts->boxes_us / runs / 1000);
        return VG_OK;
    }
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:s}", "model",
                  model->name, "size", size, "batch", (int)r->batch_count, "threads", (int)threads,
                  "precision", vg_engine_precision(engine), "device", vg_engine_device_name(engine),
                  "runs", (int)runs, "median_ms", median, "least_ms", ms[0], "p99_ms", p99,
                  "pictures_per_s", per_s, "plan", vg_engine_plan_hash(engine));
    if (object && r->pictures)
        (void)json_object_set_new(object, "pictures", json_string(r->pictures));
    return vg_print_json(object, fault);
}

static struct vg_bench_profile profile_request(const struct request *r, const char *precision)
{
    return (struct vg_bench_profile){.svg = r->svg,
                                     .trace = r->trace,
                                     .sort = r->sort ? r->sort : "run",
                                     .device = r->engine.device,
                                     .precision = precision,
                                     .threads = (uint32_t)r->thread_count,
                                     .runs = (uint32_t)r->run_count,
                                     .as_json = r->as_json};
}

static enum vg_status profile(const struct request *r, const struct vg_model *model,
                              struct vg_engine *engine, struct vg_fault *fault)
{
    const struct vg_bench_profile asked = profile_request(r, vg_engine_precision(engine));
    const enum vg_status status = input_fill(engine, fault);
    return status ? status : vg_bench_profile_run(&asked, model, engine, fault);
}

static enum vg_status time_whole(const struct request *r, const struct vg_model *model,
                                 struct vg_engine *engine, struct vg_fault *fault)
{
    double *ms = vg_alloc_array((size_t)r->run_count, sizeof *ms);
    if (!ms)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "--runs %s", r->runs);
    struct vg_engine_times parts = {0};
    enum vg_status status =
        r->pictures ? measure_film(engine, r, ms, &parts, fault) : measure(engine, r, ms, fault);
    if (!status)
        status = report(r, model, engine, ms, &parts, fault);
    vg_free(ms);
    return status;
}

static enum vg_status bench(const struct request *r, struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_model *model = NULL;
    struct vg_engine *engine = NULL;
    settings.width = r->width;
    settings.height = r->height;
    settings.batch_max = (uint32_t)r->batch_count;
    settings.threads = (uint32_t)r->thread_count;
    settings.picture_width_max = settings.picture_height_max = 64; /* no pictures come */
    if (r->pictures) {
        settings.outputs = VG_OUTPUTS_NEEDED;
        settings.picture_width_max = r->picture_width;
        settings.picture_height_max = r->picture_height;
    }
    settings.launches = r->profile ? VG_LAUNCHES_EACH_STEP : VG_LAUNCHES_FEW;
    enum vg_status status = vg_engine_options_open(&r->engine, settings, &model, &engine, fault);
    if (!status)
        status =
            r->profile ? profile(r, model, engine, fault) : time_whole(r, model, engine, fault);
    vg_engine_close(&engine);
    vg_model_close(&model);
    return status;
}

static enum vg_status word_model(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.batch = "1", .threads = "0", .runs = "50"};
    const struct vg_option options[] = {
        {"model", "M", N_("name or file of the model"), &r.engine.model, NULL},
        {"size", "WxH", N_("of the net's input; without it the model's"), &r.size, NULL},
        {"batch", "N", N_("pictures in a batch; default 1"), &r.batch, NULL},
        {"threads", "T", N_("threads of a CPU device; without it the device's choice"), &r.threads,
         NULL},
        {"runs", "R", N_("timed runs; default 50"), &r.runs, NULL},
        vg_engine_row_precision(&r.engine.precision_text),
        vg_engine_row_lane(&r.engine.lane_text),
        vg_engine_row_device(&r.engine.device),
        vg_engine_row_plan(&r.engine.plan),
        {"pictures", "WxH", N_("times decoded pictures of this size up to their boxes"),
         &r.pictures, NULL},
        {"profile", NULL, N_("the time of each step instead of the whole"), NULL, &r.profile},
        {"sort", "O", N_("of the profile's steps: run (as they run) or time; default run"), &r.sort,
         NULL},
        {"svg", "FILE", N_("writes the profile as a picture too"), &r.svg, NULL},
        {"trace", "FILE", N_("writes the profile's runs as a time line for ui.perfetto.dev too"),
         &r.trace, NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench model", "", N_("times a net on this machine"), options,
                                   COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    if (!status)
        status = request_check(&r, fault);
    const struct vg_bench_profile asked = profile_request(&r, NULL);
    if (!status)
        status = vg_bench_profile_check(&asked, fault);
    return status ? status : bench(&r, fault);
}

static const struct vg_word words[] = {
    {"model", word_model, N_("times a detector from a prepared input to its raw outputs")},
    {"ingest", vg_bench_ingest, N_("receives and decodes flux, without analysis")},
    {"energy", vg_bench_energy, N_("the meters of energy, and what the machine draws at rest")},
    {"kernels", vg_bench_kernels, N_("times each kernel of a picture alone")},
    {"stages", vg_bench_stages,
     N_("times each stage of a picture on a clip, from decoder to rules")},
    {"pipeline", vg_bench_pipeline, N_("runs the whole server on N live flux and measures it")},
    {"scheduler", vg_bench_scheduler, N_("the scheduler alone: N synthetic flux, a timed device")},
    {"sizing", vg_bench_sizing, N_("finds how many flux this machine holds")},
    {"report", vg_bench_report, N_("the page of a kept result of bench sizing")},
    {"api", vg_bench_api, N_("loads the API of a whole server and measures it")},
};

int vg_cmd_bench(int argc, char **argv)
{
    const struct vg_words bench = {"bench", N_("measure this machine"), words, COUNT(words)};
    return vg_words_run(&bench, argc, argv);
}
