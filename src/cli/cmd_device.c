/* vigie device list | test | tune: which OpenCL devices there are, and whether their compiler makes of
 * our kernels what the twins say, and which of them are the fastest there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernels/twins/cases.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/device_tune.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/engine/device.h"
#include "src/engine/kernel_check.h"
#include "src/engine/program.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SEED         1

/* ------------------------------------------------------------ list */

static const char *kind_name(enum vg_device_kind kind)
{
    static const char *const names[] = {
        [VG_DEVICE_CPU] = "cpu", [VG_DEVICE_GPU] = "gpu", [VG_DEVICE_OTHER] = "other"};
    return names[kind];
}

static json_t *device_json(const struct vg_device_info *d)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I}", "index", (int)d->index,
                     "kind", kind_name(d->kind), "name", d->name, "driver", d->driver,
                     "compute_units", (int)d->compute_units, "float_width", (int)d->float_width,
                     "memory_bytes", (json_int_t)d->memory_bytes, "allocation_bytes_max",
                     (json_int_t)d->allocation_bytes_max, "local_bytes",
                     (json_int_t)d->local_bytes);
}

static void device_line(const struct vg_device_info *d)
{
    (void)printf(_("%u  %-5s %s\n   driver %s; %u compute units, vectors of %u floats, "
                   "%" PRIu64 " MB, local memory %" PRIu64 " kB\n"),
                 d->index, kind_name(d->kind), d->name, d->driver, d->compute_units, d->float_width,
                 d->memory_bytes >> 20, d->local_bytes >> 10);
}

static enum vg_status word_list(int argc, char **argv, struct vg_fault *fault)
{
    bool as_json = false;
    const struct vg_option options[] = {
        {"json", NULL, N_("for machines"), NULL, &as_json},
    };
    const struct vg_usage usage = {"device list", "", N_("lists the OpenCL devices"), options,
                                   COUNT(options)};
    struct vg_device_info devices[VG_DEVICES_MAX];
    uint32_t found = 0;
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    if (!status)
        status = vg_device_list(devices, &found, fault);
    if (status)
        return status;
    json_t *items = as_json ? json_array() : NULL;
    for (uint32_t i = 0; i < found; i++) {
        if (as_json)
            (void)json_array_append_new(items, device_json(&devices[i]));
        else
            device_line(&devices[i]);
    }
    if (as_json)
        status = vg_print_json(json_pack("{s:o}", "devices", items), fault);
    if (!status && !found)
        status = vg_fault_set(fault, VG_E_LACK, N_("this machine has no OpenCL device"),
                              N_("install pocl-opencl-icd or a vendor's driver"), "OpenCL");
    return status;
}

/* ------------------------------------------------------------ test */

struct tally {
    bool as_json;
    json_t *items;
    uint32_t good, wrong, skipped;
};

static void case_report(struct tally *tally, const struct vg_kernel_case *row,
                        const struct vg_check_result *result)
{
    static const char *const words[] = {
        [VG_CHECK_GOOD] = "good", [VG_CHECK_WRONG] = "wrong", [VG_CHECK_SKIPPED] = "skipped"};
    const char *kernel = vg_kernel_rows[row->kernel].name;
    const struct vg_case_verdict *v = &result->verdict;
    tally->good += result->outcome == VG_CHECK_GOOD;
    tally->wrong += result->outcome == VG_CHECK_WRONG;
    tally->skipped += result->outcome == VG_CHECK_SKIPPED;
    if (tally->as_json) {
        (void)json_array_append_new(
            tally->items, json_pack("{s:s, s:s, s:s, s:f, s:f}", "kernel", kernel, "case",
                                    row->name, "result", words[result->outcome], "error",
                                    v->worst < 1e30 ? v->worst : 1e30, "allowed", row->tolerance));
        return;
    }
    if (result->outcome == VG_CHECK_WRONG)
        (void)printf(_("%-14s %-20s WRONG: %u values, %u of them outside; error %.2g, "
                       "allowed %.2g\n"),
                     kernel, row->name, v->wrong, v->guards_broken, v->worst, row->tolerance);
    else if (result->outcome == VG_CHECK_SKIPPED)
        (void)printf(_("%-14s %-20s skipped: the device lacks what it wants\n"), kernel, row->name);
    else
        (void)printf(_("%-14s %-20s good: error %.2g, allowed %.2g\n"), kernel, row->name, v->worst,
                     row->tolerance);
}

static enum vg_status cases_run(struct vg_device *device, struct tally *tally,
                                struct vg_fault *fault)
{
    struct vg_programs programs;
    enum vg_status status = VG_OK;
    vg_programs_init(&programs, device);
    const struct vg_kernel_case *row;
    for (size_t i = 0; !status && (row = vg_kernel_case_at(i)); i++) {
        struct vg_check_result result;
        status = vg_kernel_check(&programs, row, SEED + i, &result, fault);
        if (!status)
            case_report(tally, row, &result);
    }
    vg_programs_release(&programs);
    return status;
}

static enum vg_status tally_print(struct tally *tally, const struct vg_device *device,
                                  struct vg_fault *fault)
{
    if (!tally->as_json) {
        (void)printf(_("%s: %u good, %u wrong, %u skipped\n"), device->info.name, tally->good,
                     tally->wrong, tally->skipped);
        return VG_OK;
    }
    json_t *items = tally->items;
    tally->items = NULL;
    return vg_print_json(json_pack("{s:s, s:s, s:i, s:i, s:i, s:o}", "device", device->info.name,
                                   "driver", device->info.driver, "good", (int)tally->good, "wrong",
                                   (int)tally->wrong, "skipped", (int)tally->skipped, "cases",
                                   items),
                         fault);
}

static enum vg_status word_test(int argc, char **argv, struct vg_fault *fault)
{
    struct tally tally = {.as_json = false};
    struct vg_device device = {0};
    const char *word = NULL;
    const struct vg_option options[] = {
        vg_engine_row_device(&word),
        {"json", NULL, N_("for machines"), NULL, &tally.as_json},
    };
    const struct vg_usage usage = {"device test", "",
                                   N_("compares every kernel with its twin in plain C"), options,
                                   COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    if (!status)
        status = vg_device_open(&device, word, 0, fault);
    if (status)
        return status;
    tally.items = tally.as_json ? json_array() : NULL;
    status = cases_run(&device, &tally, fault);
    if (!status)
        status = tally_print(&tally, &device, fault);
    if (!status && tally.wrong)
        status = vg_fault_set(fault, VG_E_DEVICE, N_("the device computes wrongly"),
                              N_("do not use it; update its driver"), "%s", device.info.name);
    json_decref(tally.items);
    vg_device_close(&device);
    return status;
}

/* ------------------------------------------------------------ the command */

static const struct vg_word words[] = {
    {"list", word_list, N_("lists the OpenCL devices")},
    {"test", word_test, N_("runs every kernel against its twin on a device")},
    {"tune", vg_device_tune, N_("finds the fastest kernels of a device for a model")},
};

int vg_cmd_device(int argc, char **argv)
{
    const struct vg_words device = {"device", N_("list and test the OpenCL devices"), words,
                                    COUNT(words)};
    return vg_words_run(&device, argc, argv);
}
