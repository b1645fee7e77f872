/* vigie bench model --profile: where the time of a net goes, step by step. */
#ifndef VG_CLI_BENCH_PROFILE_H
#define VG_CLI_BENCH_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/profile.h"

struct vg_bench_profile {
    const char *svg, *trace; /* files to write; NULL: none */
    const char *sort;        /* "run" or "time" */
    const char *device;      /* as the user named it */
    const char *precision;
    uint32_t threads, runs;
    bool as_json;
};

/* Whether what was asked for can be done at all. VG_E_CALL. */
enum vg_status vg_bench_profile_check(const struct vg_bench_profile *request,
                                      struct vg_fault *fault) VG_MUST_USE;

/* Times the steps of an engine whose input is filled, measures the device's peak, prints the table
 * (or JSON) and writes the files asked for. VG_E_DEVICE, VG_E_MEMORY, VG_E_IO, VG_E_LACK. */
enum vg_status vg_bench_profile_run(const struct vg_bench_profile *request,
                                    const struct vg_model *model, struct vg_engine *engine,
                                    struct vg_fault *fault) VG_MUST_USE;

/* Fills the peaks of a profile, by a queue of its own while the engine rests. device: as the user
 * named it. VG_E_LACK, VG_E_DEVICE, VG_E_MEMORY. */
enum vg_status vg_bench_peak(const char *device, uint32_t threads, struct vg_profile *profile,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
