#include "src/cli/device_tune.h"

#include <stdio.h>
#include <string.h>

#include "models/model.h"
#include "src/base/json.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/cli/precision.h"
#include "src/cli/words.h"
#include "src/engine/device.h"
#include "src/engine/tuner.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- the call ---- */

enum vg_status vg_device_tune_read(struct vg_device_tune *call, int argc, char **argv,
                                   struct vg_fault *fault)
{
    const char *size = NULL, *batch = NULL, *threads = NULL, *precision = NULL;
    double pictures = 1, thread_count = 0;
    memset(call, 0, sizeof *call);
    const struct vg_option options[] = {
        vg_engine_row_device(&call->device),
        {"size", "WxH", N_("of the net's input; without it the model's"), &size, NULL},
        {"batch", "N", N_("pictures in a batch; default 1"), &batch, NULL},
        {"threads", "T", N_("threads of a CPU device; without it the device's choice"), &threads,
         NULL},
        vg_engine_row_precision(&precision),
        vg_engine_row_lane(&call->lane_text),
        {"file", "FILE", N_("writes the choices there, to pin a plan to them"), &call->file, NULL},
        {"json", NULL, N_("for machines"), NULL, &call->as_json},
    };
    const struct vg_usage usage = {"device tune", "MODEL...",
                                   N_("finds the fastest kernels of a device for a model"), options,
                                   COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && !count)
        status = vg_fault_set(fault, VG_E_CALL, N_("a model is wanted"), N_("see vigie help"),
                              "vigie %s %s", usage.command, usage.operands);
    if (!status && size)
        status = vg_option_size("size", size, &call->width, &call->height, fault);
    if (!status && batch)
        status = vg_option_count("batch", batch, 1, VG_BATCH_MAX, &pictures, fault);
    if (!status && threads)
        status = vg_option_count("threads", threads, 0, 1024, &thread_count, fault);
    if (!status)
        status = vg_option_precision(precision, &call->precision, fault);
    if (!status)
        status = vg_option_lane(call->lane_text, &call->lane, fault);
    call->batch = (uint32_t)pictures;
    call->threads = (uint32_t)thread_count;
    call->models = argv + 1;
    call->model_count = (uint32_t)count;
    return status;
}

/* ---- the search ---- */

struct tuning {
    struct vg_tuner_listener listener;
    struct vg_progress progress;
    const char *label; /* the model in work */
    uint32_t done, total;
};

static void on_working(struct vg_tuner_listener *listener, uint32_t done, uint32_t total)
{
    struct tuning *tuning = (struct tuning *)(void *)listener;
    tuning->done = done;
    tuning->total = total;
    if (tuning->progress.terminal)
        vg_progress_show(&tuning->progress, tuning->label, done, total);
}

static enum vg_status tune_model(const struct vg_device_tune *call, const char *name,
                                 struct vg_tune *tune, struct vg_fault *fault)
{
    struct tuning tuning = {.listener = {on_working}, .label = name};
    struct vg_tuner_settings settings = vg_tuner_defaults();
    struct vg_tuner_report report;
    struct vg_model *model = NULL;
    enum vg_status status = vg_model_find(name, &model, fault);
    if (status)
        return status;
    vg_progress_init(&tuning.progress, stderr);
    settings.device = call->device;
    settings.width = call->width;
    settings.height = call->height;
    settings.batch = call->batch;
    settings.threads = call->threads;
    settings.precision = call->precision;
    settings.lane = call->lane_text ? &call->lane : NULL;
    settings.listener = &tuning.listener;
    status = vg_tuner_run(model, &settings, tune, &report, fault);
    if (tuning.progress.terminal)
        vg_progress_end(&tuning.progress, name, tuning.done, tuning.total);
    vg_model_close(&model);
    if (!status && !call->as_json)
        (void)printf(_("%s: %u needs, %u with another kernel than the table's; the net takes "
                       "%.2f ms instead of %.2f\n"),
                     name, report.needs, report.changed, report.chosen_us / 1000,
                     report.table_us / 1000);
    return status;
}

enum vg_status vg_device_tune(int argc, char **argv, struct vg_fault *fault)
{
    struct vg_device_tune call;
    struct vg_device_info device;
    struct vg_tune tune;
    enum vg_status status = vg_device_tune_read(&call, argc, argv, fault);
    if (!status)
        status = vg_device_find(call.device, 0, &device, fault);
    if (status)
        return status;
    if (call.file) /* of these models alone */
        vg_tune_init(&tune, device.name, device.driver);
    else
        vg_tune_open(device.name, device.driver, &tune);
    for (uint32_t i = 0; i < call.model_count && !status; i++)
        status = tune_model(&call, call.models[i], &tune, fault);
    if (!status)
        status = vg_tune_save(&tune, call.file, fault);
    if (!status)
        status = vg_device_tune_show(&tune, &call, fault);
    vg_tune_release(&tune);
    return status;
}

/* ---- what was found ---- */

static enum vg_status show_json(const struct vg_tune *tune, struct vg_fault *fault)
{
    json_t *choices = json_array();
    for (uint32_t i = 0; i < tune->count; i++) {
        const struct vg_tune_row *row = &tune->row[i];
        char need[VG_TUNE_LINE_SIZE];
        vg_tune_need_text(&row->need, need);
        (void)json_array_append_new(choices, json_pack("{s:s, s:s, s:f}", "need", need, "variant",
                                                       row->variant, "us", (double)row->ns / 1000));
    }
    return vg_print_json(json_pack("{s:s, s:s, s:o}", "device", tune->device, "driver",
                                   tune->driver, "choices", choices),
                         fault);
}

enum vg_status vg_device_tune_show(const struct vg_tune *tune, const struct vg_device_tune *call,
                                   struct vg_fault *fault)
{
    if (call->as_json)
        return show_json(tune, fault);
    (void)printf(_("%s (%s): choices: %u (need, kernel, microseconds)\n"), tune->device,
                 tune->driver, tune->count);
    for (uint32_t i = 0; i < tune->count; i++) {
        char need[VG_TUNE_LINE_SIZE];
        vg_tune_need_text(&tune->row[i].need, need);
        (void)printf("  %-52s %-22s %10.1f\n", need, tune->row[i].variant,
                     (double)tune->row[i].ns / 1000);
    }
    return VG_OK;
}
