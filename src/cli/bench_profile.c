#include "src/cli/bench_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/device_peak.h"
#include "bench/profile_json.h"
#include "bench/profile_svg.h"
#include "bench/profile_text.h"
#include "bench/trace_file.h"
#include "src/base/file.h"
#include "src/base/text.h"

enum {
    PEAK_MS = 300
};

struct shown {
    const struct vg_profile *profile;
    const struct vg_profile_heading *heading;
    enum vg_profile_order order;
};

enum vg_status vg_bench_profile_check(const struct vg_bench_profile *request,
                                      struct vg_fault *fault)
{
    if (strcmp(request->sort, "run") != 0 && strcmp(request->sort, "time") != 0)
        return vg_fault_set(fault, VG_E_CALL, N_("there is no such order"), N_("give run or time"),
                            "--sort %.100s", request->sort);
    return VG_OK;
}

enum vg_status vg_bench_peak(const char *named, uint32_t threads, struct vg_profile *profile,
                             struct vg_fault *fault)
{
    struct vg_device device;
    struct vg_device_peak peak;
    enum vg_status status = vg_device_open(&device, named, threads, fault);
    if (status)
        return status;
    status = vg_device_peak_measure(&device, PEAK_MS, &peak, fault);
    vg_device_close(&device);
    if (status)
        return status;
    profile->peak_gflop_s = peak.gflop_s;
    profile->peak_gbyte_s = peak.gbyte_s;
    return VG_OK;
}

static enum vg_status write_svg(const struct shown *shown, FILE *out, struct vg_fault *fault)
{
    return vg_profile_svg(shown->profile, shown->heading, shown->order, out, fault);
}

static enum vg_status write_trace(const struct shown *shown, FILE *out, struct vg_fault *fault)
{
    (void)fault;
    vg_trace_print(shown->profile, shown->heading, out);
    return VG_OK;
}

/* Through memory, so that no part of a file is ever left. */
static enum vg_status file_write(const struct shown *shown, const char *path,
                                 enum vg_status (*write)(const struct shown *shown, FILE *out,
                                                         struct vg_fault *fault),
                                 struct vg_fault *fault)
{
    char *text = NULL;
    size_t size = 0;
    if (!path)
        return VG_OK;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    enum vg_status status = write(shown, out, fault);
    const int bad = ferror(out);
    if ((fclose(out) || bad) && !status)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    if (!status)
        status = vg_file_write(path, text, size, 0644, VG_FILE_WHOLE, fault);
    free(text);
    return status;
}

static enum vg_status show(const struct vg_bench_profile *request, const struct shown *shown,
                           struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    if (request->as_json)
        vg_profile_json_print(shown->profile, shown->heading, stdout);
    else
        status = vg_profile_text(shown->profile, shown->heading, shown->order, stdout, fault);
    if (!status)
        status = file_write(shown, request->svg, write_svg, fault);
    if (!status)
        status = file_write(shown, request->trace, write_trace, fault);
    return status;
}

enum vg_status vg_bench_profile_run(const struct vg_bench_profile *request,
                                    const struct vg_model *model, struct vg_engine *engine,
                                    struct vg_fault *fault)
{
    struct vg_profile profile = {.runs = 0};
    struct vg_profile_heading heading = {.model = model->name,
                                         .precision = request->precision,
                                         .device = vg_engine_device_name(engine),
                                         .threads = vg_engine_compute_units(engine)};
    const struct shown shown = {.profile = &profile,
                                .heading = &heading,
                                .order = strcmp(request->sort, "time") == 0 ? VG_PROFILE_BY_TIME
                                                                            : VG_PROFILE_AS_RUN};
    vg_engine_input_size(engine, &heading.width, &heading.height);
    enum vg_status status = vg_engine_profile(engine, request->runs, &profile, fault);
    if (!status)
        status = vg_bench_peak(request->device, request->threads, &profile, fault);
    if (!status)
        status = show(request, &shown, fault);
    vg_profile_release(&profile);
    return status;
}
