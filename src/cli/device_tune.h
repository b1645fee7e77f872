/* `vigie device tune`: the call, the search with its progress (engine/tuner.h), what was found. */
#ifndef VG_CLI_DEVICE_TUNE_H
#define VG_CLI_DEVICE_TUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine.h"
#include "src/engine/tune_file.h"

/* The call, as read; texts borrowed from argv. */
struct vg_device_tune {
    const char *device; /* NULL: as VIGIE_DEVICE says */
    const char *file;   /* where the choices go; NULL: the cache folder */
    char **models;
    uint32_t model_count;   /* 1 at least */
    uint32_t width, height; /* 0: each model's own */
    uint32_t batch;         /* 1 to VG_BATCH_MAX */
    uint32_t threads;       /* 0: the device's choice */
    enum vg_engine_precision precision;
    struct vg_lane_settings lane;
    const char *lane_text; /* NULL: the device's own lane */
    bool as_json;
};

/* argv[0] is "tune". VG_E_CALL; VG_E_END: the help was shown. */
enum vg_status vg_device_tune_read(struct vg_device_tune *call, int argc, char **argv,
                                   struct vg_fault *fault) VG_MUST_USE;

/* The command. Each model adds its needs; choices go to the file once all are done. */
enum vg_status vg_device_tune(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

/* Prints the choices on stdout, lines or one JSON object:
 *
 *   {"device":D,"driver":R,"choices":[{"need":"conv:3x3:...","variant":V,"us":330.512}]}
 *
 * VG_E_MEMORY. */
enum vg_status vg_device_tune_show(const struct vg_tune *tune, const struct vg_device_tune *call,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
