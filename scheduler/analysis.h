/* The analysis process: takes pictures from the ingest processes, has them looked at, follows
 * objects, watches events, raises alerts. It uses no network but the private Redis socket. */
#ifndef VG_SCHEDULER_ANALYSIS_H
#define VG_SCHEDULER_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/decide_gate.h"
#include "scheduler/device_unit.h"
#include "scheduler/stage_times.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/time_histogram.h"
#include "src/engine/engine.h"

#define VG_ANALYSIS_INGESTS_MAX  16
#define VG_PLAN_VARIABLE         "VIGIE_PLAN" /* of the environment: `plan`, from `serve --plan` */
#define VG_PRECISION_VARIABLE    "VIGIE_PRECISION" /* likewise: `precision`, its word */
#define VG_GATE_VARIABLE         "VIGIE_GATE"      /* likewise: `gate`, "on" (without) or "off" */
#define VG_DEVICE_CORES_VARIABLE "VIGIE_DEVICE_CORES" /* likewise: `device_cores` */
#define VG_DEVICE_CORES_MOST     1024
#define VG_MODEL_CHECK_VARIABLE  "VIGIE_MODEL_CHECK_S" /* likewise: `model_check_s`, for tests */
#define VG_RATES_VARIABLE        "VIGIE_RATES" /* likewise: `steady` if "wanted"; the bench says so */
#define VG_METERS_ROOT_VARIABLE  "VIGIE_METERS_ROOT" /* likewise: `meters_root`, for tests */

#define VG_TRIAL_DEVICES_MAX 8
#define VG_DEVICE_RETRY_US   (5 * VG_US_PER_S) /* doubled each time, to five minutes */
/* For the bench: other devices in the place of model and engine, and what the loop is seen at.
 * All else is as in operation. Zeroed but for what is given. */
struct vg_analysis_trial {
    struct vg_device_unit unit[VG_TRIAL_DEVICES_MAX];
    uint32_t units;               /* at least one */
    struct vg_model *model;       /* as which it passes; borrowed */
    struct vg_stage_times *times; /* borrowed; read by others too */
    /* processor time of the loop's decisions, added to by its thread: batches that were formed and
     * sent, sharings out */
    struct vg_time_histogram dispatch, share;
    /* of each device, to be read when the analysis has ended: how often it was left, whether it was
     * well then */
    struct vg_trial_device {
        uint64_t failures;
        bool well;
    } device[VG_TRIAL_DEVICES_MAX];
    /* likewise: a device hangs, and its thread uses what is borrowed until the process ends */
    bool stays;
};

struct vg_analysis_settings {
    const char *data;   /* data folder */
    const char *redis;  /* path of the Redis socket */
    const char *device; /* which OpenCL devices (device_select.h); NULL: as VIGIE_DEVICE says */
    const char *plan;   /* file that the plan is pinned to; NULL: the device's own */
    enum vg_engine_precision precision;
    int control_fd; /* of the supervisor */
    uint32_t ingest_count;
    struct vg_analysis_ingest {
        int slots_fd, ready_fd;
    } ingest[VG_ANALYSIS_INGESTS_MAX];
    enum vg_gate_use gate;  /* of still scenes; none where the processor makes the maps */
    uint32_t batch_max;     /* 0: by the device */
    uint32_t workers;       /* 0: one per four cores, at least one */
    uint32_t device_cores;  /* threads of a device that is the processor; 0: what decoding leaves */
    uint32_t model_check_s; /* between two looks at the model's file; 0: an hour */
    const char *meters_root; /* before /sys, where meters of energy are looked for; NULL: none */
    bool steady;             /* alerts and armed rules raise no rate */
    int64_t device_limit_us; /* a batch never takes so long; 0: VG_DEVICE_LIMIT_US */
    int64_t device_retry_us; /* until one that failed is opened anew; 0: VG_DEVICE_RETRY_US */
    uint32_t coverage_days;  /* that the ledger of coverage is kept; 0: 30 */
    struct vg_analysis_trial *trial; /* borrowed; NULL: in operation */
};

/* Runs until the supervisor says quit or is gone. The first configuration message opens model
 * and device. VG_E_LACK: no device (4), VG_E_MISSING: no model, VG_E_INTEGRITY: not the model that
 * was in use (model_guard.h), VG_E_DEVICE: it failed while
 * working; the supervisor starts the process again. */
enum vg_status vg_analysis_run(const struct vg_analysis_settings *settings,
                               struct vg_fault *fault) VG_MUST_USE;

#endif
