/* Finds the fastest kernels of a device for a net: `vigie device tune`.
 *
 * It measures in the net itself, each step by the device's own clock, since a convolution alone
 * finds other caches and other memory. In round i every need of the plan takes its i-th variant
 * that fits, so that there are as many rounds as the longest list has rows; first with all that
 * two nodes could be in one kernel apart, then together. Then the table's choices, the best and
 * the second best are measured again in turns, and what does not win by 3 % stays as the table
 * has it. At last the whole net must be faster than the table's, or nothing is changed.
 * One thread. */
#ifndef VG_ENGINE_TUNER_H
#define VG_ENGINE_TUNER_H

#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/tune_file.h"

/* Who is told how far it is; embedded in its owner. */
struct vg_tuner_listener {
    /* Another engine is opened and timed, after `done` of about `total`. */
    void (*working)(struct vg_tuner_listener *listener, uint32_t done, uint32_t total);
};

struct vg_tuner_settings {
    const char *device;     /* as in vg_engine_settings */
    uint32_t width, height; /* of the net's input; 0: the model's own */
    uint32_t batch;
    uint32_t threads;                    /* CPU device: 0: the device's choice */
    enum vg_engine_precision precision;  /* as in vg_engine_settings */
    const struct vg_lane_settings *lane; /* borrowed until run returns; NULL: the device's own */
    uint32_t runs;                       /* of each round; the time is their median */
    uint32_t turns;                      /* of the last comparisons; the time is their least */
    struct vg_tuner_listener *listener;  /* borrowed until run returns; NULL */
};
struct vg_tuner_settings vg_tuner_defaults(void);

struct vg_tuner_report {
    uint32_t needs, changed;    /* changed: not the table's choice */
    double table_us, chosen_us; /* of the whole net */
};

/* Adds or replaces the rows of the net's needs. `tune` is given, empty or with rows of other
 * needs. Errors as vg_engine_open and vg_engine_profile; tune is as it was then. */
enum vg_status vg_tuner_run(const struct vg_model *model, const struct vg_tuner_settings *settings,
                            struct vg_tune *tune, struct vg_tuner_report *report,
                            struct vg_fault *fault) VG_MUST_USE;

#endif
