#include "src/cli/engine_options.h"

#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/cli/precision.h"

struct vg_option vg_engine_row_precision(const char **value)
{
    return (struct vg_option){"precision", "P",
                              N_("of the arithmetic: f32, f16, int8 or auto (auto)"), value, NULL};
}

struct vg_option vg_engine_row_lane(const char **value)
{
    return (struct vg_option){
        "lane", "L",
        N_("kernels for a cpu, any GPU, nvidia, amd or intel; without it the device's own"), value,
        NULL};
}

struct vg_option vg_engine_row_device(const char **value)
{
    return (struct vg_option){"device", "D", N_("number, cpu, gpu or a part of the name"), value,
                              NULL};
}

struct vg_option vg_engine_row_plan(const char **value)
{
    return (struct vg_option){
        "plan", "FILE", N_("choices of kernels that `device tune --file` wrote"), value, NULL};
}

enum vg_status vg_engine_options_read(struct vg_engine_options *options, struct vg_fault *fault)
{
    const enum vg_status status =
        vg_option_precision(options->precision_text, &options->precision, fault);
    return status ? status : vg_option_lane(options->lane_text, &options->lane, fault);
}

enum vg_status vg_engine_options_open(const struct vg_engine_options *options,
                                      struct vg_engine_settings settings, struct vg_model **model,
                                      struct vg_engine **engine, struct vg_fault *fault)
{
    struct vg_cold_start start;
    *engine = NULL;
    enum vg_status status = vg_model_find(options->model, model, fault);
    if (status)
        return status;
    settings.device = options->device;
    settings.plan_file = options->plan;
    settings.precision = options->precision;
    settings.lane = options->lane_text ? &options->lane : NULL;
    settings.weights_from = *model;
    vg_cold_start_init(&start);
    settings.listener = &start.listener;
    status = vg_engine_open(engine, *model, &settings, fault);
    vg_cold_start_end(&start);
    if (status)
        vg_model_close(model);
    return status;
}
