/* Opens a device beside the loop, which goes on meanwhile: those after the first one at the start, and
 * one that has failed. It takes seconds, minutes where kernels are compiled, and a driver that hangs
 * keeps the thread for good; nobody waits for it but who ends the process. */
#ifndef VG_SCHEDULER_DEVICE_OPENER_H
#define VG_SCHEDULER_DEVICE_OPENER_H

#include <stdbool.h>

#include "models/model.h"
#include "scheduler/device_thread.h"
#include "scheduler/live_config.h"
#include "scheduler/map_trial.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"

/* A device that works, and all that goes with it. Zeroed: none. */
struct vg_open_device {
    struct vg_model *model; /* NULL: it is another's, or a trial's */
    struct vg_engine *engine;
    struct vg_device_unit unit;
    struct vg_map_trial map_trial; /* of an engine */
    enum vg_map_maker map_maker;
    struct vg_device_thread *thread;
};

/* Takes what there is; a thread that was abandoned and is not over keeps its engine and its model. */
void vg_open_device_close(struct vg_open_device *device);

struct vg_device_order {
    const char *model;                /* name; borrowed until taken */
    uint8_t digest[VG_SHA256_BYTES];  /* what the model must be */
    char word[16];                    /* which device */
    uint32_t number;                  /* the loop's, of its marks */
    const char *data;                 /* data folder; borrowed until taken */
    struct vg_engine_settings engine; /* but device and weights_from; no listener */
    struct vg_device_settings thread; /* but unit; a unit that is there is taken: no engine */
    struct vg_open_device old;        /* closed before */
};

struct vg_device_opener;

/* VG_E_MEMORY, VG_E_LACK (no thread): the order's old device is as it was. */
enum vg_status vg_device_opener_start(struct vg_device_opener **opener,
                                      const struct vg_device_order *order) VG_MUST_USE;

bool vg_device_opener_done(const struct vg_device_opener *opener);

/* Waits for it. VG_E_INTEGRITY: the model's file is another by now; what opening an engine says. */
enum vg_status vg_device_opener_take(struct vg_device_opener **opener,
                                     struct vg_open_device *device,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
