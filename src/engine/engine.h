/* The inference engine: jobs in, boxes out, on one OpenCL device.
 *
 * A job is a picture (or a region of one, turned or not); the engine letterboxes it into the
 * net's input, runs the plan, decodes, thresholds and compacts on the device, and suppresses
 * doubles on the host. One thread at a time uses an engine (the device thread). After open,
 * running allocates nothing of ours. */
#ifndef VG_ENGINE_ENGINE_H
#define VG_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/detection.h"
#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"
#include "src/media/picture.h"

#define VG_ANSWER_DETECTIONS_MAX 1024
#define VG_BATCH_MAX             64

enum vg_rotation {
    VG_ROTATION_0,
    VG_ROTATION_90,
    VG_ROTATION_180,
    VG_ROTATION_270
}; /* clockwise */

struct vg_map_flux; /* map_flux.h */

struct vg_job {
    const struct vg_picture *picture; /* borrowed until the answer */
    struct vg_box region;             /* pixels of the picture; zero size: the whole */
    enum vg_rotation rotation;
    float threshold;              /* least score kept */
    float nms;                    /* IoU above which the lesser box of a class goes */
    struct vg_mono_time deadline; /* for the scheduler; the engine ignores it */
    /* Of the picture's flux, whose maps are made with this picture, the next one of it: the region is
     * the whole then, and the engine was opened for maps. NULL: none are made. */
    struct vg_map_flux *maps;
    struct vg_media_time time; /* of the picture, for them */
};

/* The strongest boxes of the job, by falling score, then cell, then the net's class: always the
 * same for the same scores, in whatever order the device found them. A box that lies wholly in
 * the letterbox's border is none and suppresses none. When the answer is full, the candidates
 * that come after its last box are counted in `overflow`, doubles among them or not. (Where a
 * net has more than 262144 pairs of cell and class in all, so many of the strongest candidates
 * take part; those beyond count as overflow too.) */
struct vg_answer {
    uint32_t count;
    uint32_t overflow; /* candidates behind the last of a full answer, normally 0 */
    struct vg_detection detection[VG_ANSWER_DETECTIONS_MAX]; /* falling score, picture pixels */
};

enum vg_engine_tensors {
    VG_TENSORS_NEEDED, /* kernels take in what they can; tensors in between never exist */
    VG_TENSORS_EVERY   /* each tensor of the graph can be read: slower, to find a wrong kernel */
};

enum vg_engine_programs {
    VG_PROGRAMS_ARE_KEPT,    /* compiled kernels go to the cache folder */
    VG_PROGRAMS_ARE_NOT_KEPT /* it is only read: for engines that live for a moment */
};

enum vg_engine_outputs {
    VG_OUTPUTS_NEEDED, /* classes that are dropped are not made (model_prune.h): the net's raw
                          outputs, and tensors that they would show, cannot be read */
    VG_OUTPUTS_ALL
};

struct vg_lane_settings;     /* device_lane.h */
struct vg_map_device;        /* map_flux.h */
struct vg_programs_listener; /* programs_listener.h */
struct vg_tune;              /* tune_file.h */

enum vg_engine_precision {
    VG_ENGINE_AUTO, /* halves on GPUs; 8 bits where the model has them and the processor's dot
                       products make them the faster; else floats */
    VG_ENGINE_F32,
    VG_ENGINE_F16, /* activations are halves in memory, sums and weights floats: GPUs' own way */
    VG_ENGINE_INT8 /* on any device, if need be slower than floats */
};

enum vg_engine_maps {
    VG_ENGINE_MAPS_NONE,
    VG_ENGINE_MAPS_MADE /* where the device's compiler takes their kernels */
};

enum vg_engine_launches {
    VG_LAUNCHES_FEW,      /* on processors the whole plan is one launch */
    VG_LAUNCHES_EACH_STEP /* slower: to time steps (vg_engine_profile) */
};

struct vg_engine_settings {
    const char *device; /* VIGIE_DEVICE's words: "0", "cpu", "gpu", a part of a name; NULL: first */
    uint32_t width, height; /* of the net's input; 0: the model's preferred */
    uint32_t batch_max;     /* 1 to VG_BATCH_MAX */
    uint32_t picture_width_max, picture_height_max; /* largest picture that a job may bring */
    uint32_t threads; /* CPU device: threads to use; 0: the device's choice */
    enum vg_engine_tensors tensors;
    uint32_t block; /* channels that a kernel takes at once: 8 or 16; 0: as suits the device */
    enum vg_engine_programs programs;
    /* The same model, by its owner, who does not need its weights any more: they are given up as
     * they go to the device, so that both are never there in whole (vg_model_weights_drop). NULL:
     * they stay. */
    struct vg_model *weights_from;
    /* Which kernels are taken: as the file says, which must fit (plan_pin.h), else as `tune` does,
     * else as the device's own file in the cache folder does (`vigie device tune`), else as the
     * table of variants does. */
    const char *plan_file;
    const struct vg_tune *tune;            /* borrowed until open returns */
    const struct vg_lane_settings *lane;   /* borrowed until open returns; NULL: the device's own */
    struct vg_programs_listener *listener; /* told while it opens; borrowed until then; NULL */
    enum vg_engine_precision precision;
    enum vg_engine_launches launches;
    enum vg_engine_outputs outputs; /* with VG_TENSORS_EVERY always all */
    enum vg_engine_maps maps;       /* whether the device is to make the maps of flux */
};
/* Of all outputs. */
struct vg_engine_settings vg_engine_defaults(void);

struct vg_engine;

/* Opens the device, builds the programs, lays out the arena, uploads the weights and runs every
 * kernel once. `model` is borrowed until close.
 * VG_E_LACK no such device (place names it), VG_E_DEVICE, VG_E_CALL (sizes; a model without
 * weights; 8 bits of a model that was not quantised, or on another lane than cpu), VG_E_MEMORY; of plan_file VG_E_MISSING, VG_E_IO,
 * VG_E_INPUT, VG_E_INTEGRITY. */
enum vg_status vg_engine_open(struct vg_engine **engine, const struct vg_model *model,
                              const struct vg_engine_settings *settings,
                              struct vg_fault *fault) VG_MUST_USE;
void vg_engine_close(struct vg_engine **engine);

/* Runs `count` jobs (1 to batch_max) as one batch with one finish; answers[i] is jobs[i]'s.
 * VG_E_DEVICE: nothing of the batch was answered. */
enum vg_status vg_engine_run(struct vg_engine *engine, const struct vg_job *jobs, uint32_t count,
                             struct vg_answer *answers, struct vg_fault *fault) VG_MUST_USE;

/* Which jobs of a batch go through the net. */
struct vg_engine_gate {
    /* Asked of each job in their order, once the maps of all that want some are there: true, and its
     * answer is left alone. Where a batch is tried again, asked again. */
    bool (*still)(void *user, uint32_t job);
    void *user;
    uint32_t through; /* given: how many did */
};

/* The same in two steps, the maps before the net: a job that is still costs its maps alone. */
enum vg_status vg_engine_run_gated(struct vg_engine *engine, const struct vg_job *jobs,
                                   uint32_t count, struct vg_engine_gate *gate,
                                   struct vg_answer *answers, struct vg_fault *fault) VG_MUST_USE;

/* Times of the last batch, microseconds on the host's clock. maps_us: of the maps that its jobs
 * asked for, 0 without. */
struct vg_engine_times {
    int64_t prepare_us, infer_us, boxes_us, maps_us;
};
struct vg_engine_times vg_engine_last_times(const struct vg_engine *engine);

/* Raw way, for `model run --tensor`, tests and the bench: input is NCHW float32, 3 x height x
 * width, already normalised; one picture. */
enum vg_status vg_engine_run_tensor(struct vg_engine *engine, const float *input,
                                    struct vg_fault *fault) VG_MUST_USE;
/* The boxes of that run, in pixels of the net's input; answer's room as in vg_engine_run. */
enum vg_status vg_engine_tensor_answer(struct vg_engine *engine, float threshold, float nms,
                                       struct vg_answer *answer,
                                       struct vg_fault *fault) VG_MUST_USE;
/* Output `index` of the model after a run (tensor or jobs, slot 0), as the source file orders
 * it: [cells][channels] or [channels][cells] by its layout. values: room for all its parts.
 * VG_E_CALL where the engine was opened for the needed outputs. */
enum vg_status vg_engine_read_output(struct vg_engine *engine, uint32_t index, float *values,
                                     struct vg_fault *fault) VG_MUST_USE;
/* Any tensor of the graph, [channels][rows][columns], for finding a wrong kernel at its step; of one
 * that holds bytes, what they stand for. VG_E_CALL where it only exists within a kernel
 * (VG_TENSORS_EVERY makes them all exist), or where some of its channels are not made. */
enum vg_status vg_engine_read_tensor(struct vg_engine *engine, uint32_t tensor, float *values,
                                     struct vg_fault *fault) VG_MUST_USE;

/* The input of the last run's first picture, as it was prepared: 3 planes, [rows][columns]. */
enum vg_status vg_engine_read_input(struct vg_engine *engine, float *values,
                                    struct vg_fault *fault) VG_MUST_USE;

/* The net alone over `count` pictures, on the input that the last run left on the device, until
 * its raw outputs can be read by the host: what `bench model` times. VG_E_CALL, VG_E_DEVICE. */
enum vg_status vg_engine_infer(struct vg_engine *engine, uint32_t count,
                               struct vg_fault *fault) VG_MUST_USE;

/* SHA-256 of the weights as they lie on the device: the same from open to close, or memory was
 * altered. Reads them all: NanoDet-g's 49 MB take some tenths of a second. VG_E_DEVICE. */
enum vg_status vg_engine_weights_digest(struct vg_engine *engine, uint8_t digest[VG_SHA256_BYTES],
                                        struct vg_fault *fault) VG_MUST_USE;

/* Stages the jobs' pictures and makes their maps alone, without the net: what `bench stages` times.
 * VG_E_CALL, VG_E_DEVICE. */
enum vg_status vg_engine_make_maps(struct vg_engine *engine, const struct vg_job *jobs,
                                   uint32_t count, struct vg_fault *fault) VG_MUST_USE;

/* What makes maps on the device (map_flux.h), borrowed until close; NULL: the host is to. */
struct vg_map_device *vg_engine_maps(const struct vg_engine *engine);

/* What stands in each alert: SHA-256 over device, driver, programs and steps, as text. */
const char *vg_engine_plan_hash(const struct vg_engine *engine);
const char *vg_engine_device_name(const struct vg_engine *engine);
/* Compute units of the device: of a CPU device, its threads. */
uint32_t vg_engine_compute_units(const struct vg_engine *engine);
/* "f32", "f16" or "int8": what AUTO came to. */
const char *vg_engine_precision(const struct vg_engine *engine);
/* Whose kernels: "cpu", "any", "nvidia", "amd", "intel", and whether with the matrix instruction. */
const char *vg_engine_lane(const struct vg_engine *engine);
void vg_engine_input_size(const struct vg_engine *engine, uint32_t *width, uint32_t *height);

#endif
