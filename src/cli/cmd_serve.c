/* vigie serve: the server. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduler/analysis.h"
#include "scheduler/live_config.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/engine_options.h"
#include "src/cli/gate_option.h"
#include "src/cli/options.h"
#include "src/cli/precision.h"
#include "src/engine/tune_file.h"
#include "src/media/slots.h"
#include "src/supervise/listen_address.h"
#include "src/supervise/places.h"
#include "src/supervise/serve.h"

/* What analysis takes: so many flux, and the memories of so many ingest processes. */
enum {
    FLUX_OF_INGESTS = VG_ANALYSIS_INGESTS_MAX * VG_PLACES_PER_INGEST,
    FLUX_MAX = FLUX_OF_INGESTS < VG_LIVE_FLUX_MAX ? FLUX_OF_INGESTS : VG_LIVE_FLUX_MAX
};

static enum vg_status make_slots(uint32_t flux, int *fd, struct vg_fault *fault)
{
    struct vg_slots_settings settings = vg_slots_defaults();
    settings.flux_max = flux;
    return vg_slots_create(&settings, fd, fault);
}

static void say_up(const char *listen)
{
    (void)printf(_("Vigie answers on https://%s"), listen);
    (void)putchar('\n');
    (void)fflush(stdout);
}

/* The data folder as an absolute path, made if there is none. */
static enum vg_status find_data(const char *given, char path[PATH_MAX], struct vg_fault *fault)
{
    char named[PATH_MAX];
    enum vg_status status = VG_OK;
    if (given != NULL)
        status = snprintf(named, sizeof named, "%s", given) < (int)sizeof named ? VG_OK : VG_E_FULL;
    else
        status = vg_folder_path(VG_FOLDER_DATA, named, sizeof named);
    if (status != VG_OK)
        return vg_fault_set(fault, status, N_("there is no data folder"),
                            N_("name one by --data or the variable VIGIE_DATA"), "--data");
    status = vg_folder_make(named, fault);
    if (status != VG_OK)
        return status;
    if (realpath(named, path) == NULL)
        return vg_fault_set(fault, VG_E_LACK, N_("the data folder cannot be used"), NULL, "%s",
                            named);
    return VG_OK;
}

/* The analysis is handed the plan by the environment. A file that is none is refused here, before
 * anything starts; whether it fits the device and the model only the analysis can say. */
static enum vg_status hand_plan(const char *file, struct vg_fault *fault)
{
    char path[PATH_MAX];
    struct vg_tune pin;
    enum vg_status status = vg_tune_read(file, &pin, fault);
    vg_tune_release(&pin);
    if (status == VG_OK && (realpath(file, path) == NULL || setenv(VG_PLAN_VARIABLE, path, 1) != 0))
        status = vg_fault_set(fault, VG_E_IO, vg_status_text(VG_E_IO), NULL, "%.400s", file);
    return status;
}

static enum vg_status hand_precision(const char *word, struct vg_fault *fault)
{
    enum vg_engine_precision precision;
    enum vg_status status = vg_option_precision(word, &precision, fault);
    if (status == VG_OK && setenv(VG_PRECISION_VARIABLE, word, 1) != 0)
        status =
            vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%.100s", word);
    return status;
}

static enum vg_status hand_gate(const char *word, struct vg_fault *fault)
{
    enum vg_gate_use gate;
    enum vg_status status = vg_option_gate(word, &gate, fault);
    if (status == VG_OK && setenv(VG_GATE_VARIABLE, word, 1) != 0)
        status =
            vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%.100s", word);
    return status;
}

static enum vg_status hand_device_cores(const char *text, struct vg_fault *fault)
{
    double cores = 0;
    enum vg_status status =
        vg_option_count("device-cores", text, 0, VG_DEVICE_CORES_MOST, &cores, fault);
    if (status == VG_OK && setenv(VG_DEVICE_CORES_VARIABLE, text, 1) != 0)
        status =
            vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%.100s", text);
    return status;
}

int vg_cmd_serve(int argc, char **argv)
{
    const char *data = NULL, *listen = VG_LISTEN_DEFAULT, *redis = NULL, *plan = NULL,
               *precision = NULL, *gate = NULL, *device_cores = NULL;
    const struct vg_option options[] = {
        {"data", "DIR", N_("data folder (default: the variable VIGIE_DATA)"), &data, NULL},
        {"listen", "ADDR:PORT", N_("where HTTPS answers (default: 127.0.0.1:8443; port 0: any)"),
         &listen, NULL},
        {"redis", "URL", N_("unix:PATH of a running Redis (default: a private one)"), &redis, NULL},
        vg_engine_row_plan(&plan),
        vg_engine_row_precision(&precision),
        {"gate", "on|off",
         N_("whether pictures in which nothing moved go past the detector, one every 2 s at least "
            "through it (on)"),
         &gate, NULL},
        {"device-cores", "N",
         N_("threads of a device that is the processor (0: what the cores for decoding leave, or "
            "all)"),
         &device_cores, NULL},
    };
    const struct vg_usage usage = {"serve", "", N_("Runs the server until it is told to stop."),
                                   options, sizeof options / sizeof *options};
    struct vg_fault fault = {.status = VG_OK};
    char folder[PATH_MAX];
    int operands = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &operands, &fault);
    if (status == VG_OK && operands > 0)
        status = vg_fault_set(&fault, VG_E_CALL, N_("this command takes no operand"),
                              N_("see vigie help serve"), "%s", argv[1]);
    if (status == VG_OK && plan != NULL)
        status = hand_plan(plan, &fault);
    if (status == VG_OK && precision != NULL)
        status = hand_precision(precision, &fault);
    if (status == VG_OK && gate != NULL)
        status = hand_gate(gate, &fault);
    if (status == VG_OK && device_cores != NULL)
        status = hand_device_cores(device_cores, &fault);
    if (status == VG_OK)
        status = find_data(data, folder, &fault);
    if (status != VG_OK)
        return vg_command_exit(status, &fault);
    const struct vg_serve_settings settings = {
        .data = folder,
        .listen = listen,
        .redis = redis,
        .program = "/proc/self/exe", /* this very program, also after an upgrade on disk */
        .flux_max = FLUX_MAX,
        .make_slots = make_slots,
        .up = say_up,
    };
    return vg_command_exit(vg_serve_run(&settings, &fault), &fault);
}
