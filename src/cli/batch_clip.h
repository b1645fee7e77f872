/* One clip through decode, engine, tracker, events and rules: what `vigie batch` does with
 * each. Time comes from the pictures alone, so the result does not depend on the machine. */
#ifndef VG_CLI_BATCH_CLIP_H
#define VG_CLI_BATCH_CLIP_H

#include <stdbool.h>

#include "models/model.h"
#include "scheduler/decide_gate.h"
#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/coverage.h"
#include "src/base/fault.h"
#include "src/cli/batch_files.h"
#include "src/cli/look.h"
#include "src/scene/scene.h"

#define VG_BATCH_PICTURES 4 /* pictures in one batch of the engine */

struct vg_batch_settings {
    const struct vg_scene *scene; /* NULL: no rules */
    const struct vg_model *model;
    struct vg_look *look; /* fitted to each clip */
    const char *out;
    uint32_t files; /* bits of enum vg_batch_file */
    bool video, explain, heat;
    enum vg_gate_use gate; /* without tiles */
    double rate_fps;       /* 0: every picture */
    float threshold, nms;  /* of detections.csv */
    bool wall_known;       /* --start was given */
    struct vg_wall_time start;
};

struct vg_batch_result {
    uint64_t pictures, analysed, alerts, lost;
    uint64_t still; /* of those analysed, judged with the answer of the one before */
    int64_t media_us, elapsed_us;
    uint32_t input_width, input_height;  /* of the net */
    uint32_t regions;                    /* of a picture, each an input */
    int64_t part_us[VG_COVERAGE_CAUSES]; /* of the clip's time */
};

/* Analyses `path` and writes its files to OUT/stem. A clip that is cut keeps its results and gives VG_E_IO.
 * interrupted: set by a signal; then VG_E_INTERRUPTED, results so far kept. */
enum vg_status vg_batch_clip(const struct vg_batch_settings *settings, const char *path,
                             const char *stem, const volatile int *interrupted,
                             struct vg_batch_result *result, struct vg_fault *fault) VG_MUST_USE;

#endif
