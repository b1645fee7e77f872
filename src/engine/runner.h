/* A plan on a device: its buffers, its kernels with their arguments set, and running a part of
 * its steps. Belongs to the device's thread; allocates nothing of ours after open. */
#ifndef VG_ENGINE_RUNNER_H
#define VG_ENGINE_RUNNER_H

#include <CL/cl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"
#include "src/engine/device.h"
#include "src/engine/persistent_plan.h"
#include "src/engine/plan.h"
#include "src/engine/program.h"

#define VG_RUNNER_PAGES_MAX 8

enum vg_runner_form {
    VG_RUNNER_WHOLE, /* on processors all steps in one launch */
    VG_RUNNER_STEPS  /* each step by itself: for what looks at single steps */
};

struct vg_runner {
    struct vg_device device;
    struct vg_program_cache cache;
    struct vg_programs programs;
    const struct vg_plan *plan; /* borrowed until close */
    enum vg_runner_form form;
    struct vg_persistent persistent; /* .kernel NULL: the steps are launched one by one */
    cl_kernel *kernel; /* one for each step; beside a persistent one for those of boxes alone */
    uint32_t pictures; /* for which the steps' sizes are set */
    bool opened;       /* from now on errors are those of a device that has worked */
    bool library;      /* gemm_clblast.h was asked and may keep what is of this context */
    cl_mem arena, weights, scratch, pixels, jobs, classes, counts, candidates;
    cl_mem strongest; /* for the host: of a job whose candidates do not all have room */
    uint64_t pixels_bytes;
    /* what lies under the larger buffers of a processor */
    struct vg_runner_pages {
        void *memory;
        size_t bytes;
    } pages[VG_RUNNER_PAGES_MAX];
    uint32_t pages_count;
};

enum vg_runner_keep {
    VG_RUNNER_KEEPS, /* what is built goes to the cache of compiled programs */
    VG_RUNNER_READS  /* the cache is only read: for what is tried once */
};

/* Takes `device`: closed with the runner. listener: borrowed until open returns; NULL. */
void vg_runner_init(struct vg_runner *runner, struct vg_device device, enum vg_runner_form form,
                    struct vg_programs_listener *listener);

/* Builds the programs of a plan, and makes each product of a library once; may be asked for several
 * plans. VG_E_DEVICE or VG_E_MEMORY with *row set: the compiler refuses a kernel of this row of
 * conv_variants.h, or the library its product (VG_CONV_ROWS_MAX: of none, there is no other way),
 * VG_E_FULL. */
enum vg_status vg_runner_build(struct vg_runner *runner, const struct vg_plan *plan, uint32_t *row,
                               struct vg_fault *fault) VG_MUST_USE;

struct vg_runner_settings {
    const struct vg_model *model;   /* borrowed until open returns */
    const struct vg_pruned *pruned; /* whose model it is (model_prune.h); NULL: it is whole */
    struct vg_model *weights_from;  /* the whole model, to lose its weights; NULL */
    const struct vg_plan *plan;     /* borrowed until close; its programs are built */
    uint64_t pixels_bytes;          /* room for the staged pictures of a batch */
    enum vg_runner_keep keep;
};

/* Makes the buffers, packs and uploads the weights, makes the kernels and runs each once, so that
 * nothing is compiled later. VG_E_MEMORY, VG_E_DEVICE, VG_E_FULL: close it then. */
enum vg_status vg_runner_open(struct vg_runner *runner, const struct vg_runner_settings *settings,
                              struct vg_fault *fault) VG_MUST_USE;

/* All zero is allowed. */
void vg_runner_close(struct vg_runner *runner);

/* Enqueues steps first..end - 1 for `pictures` pictures. event: given for the last step when
 * not NULL. */
enum vg_status vg_runner_enqueue(struct vg_runner *runner, uint32_t first, uint32_t end,
                                 uint32_t pictures, cl_event *event,
                                 struct vg_fault *fault) VG_MUST_USE;

/* The same with an event for each step, given: events[0] is that of `first`. Of a runner of
 * VG_RUNNER_STEPS. */
enum vg_status vg_runner_enqueue_timed(struct vg_runner *runner, uint32_t first, uint32_t end,
                                       uint32_t pictures, cl_event *events,
                                       struct vg_fault *fault) VG_MUST_USE;

/* Enqueues a part of a boxes step alone: of `picture` the cells from `first` (whole groups), after
 * its count is set to 0. The outputs of the net must still stand in the arena. */
enum vg_status vg_runner_enqueue_strip(struct vg_runner *runner, uint32_t index, uint32_t picture,
                                       uint32_t first, uint32_t cells,
                                       struct vg_fault *fault) VG_MUST_USE;

/* SHA-256 of the weights on the device. VG_E_DEVICE. */
enum vg_status vg_runner_weights_digest(struct vg_runner *runner, uint8_t digest[VG_SHA256_BYTES],
                                        struct vg_fault *fault) VG_MUST_USE;

enum vg_status vg_runner_finish(struct vg_runner *runner, struct vg_fault *fault) VG_MUST_USE;

#endif
