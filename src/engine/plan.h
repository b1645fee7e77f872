/* A plan: what a device does for one model at one input size, laid out once. A list of steps
 * (kernel, options, sizes, work) over one arena and one buffer of weights. Made without a
 * device: pure but for memory, so that it is tested anywhere. Immutable once open.
 *
 * The arena, one region for each grid (width x height of a plane), float32:
 *
 *   | input, 4 floats a pixel | planes of 208x208 | planes of 104x104 | 52x52 | 26x26 | 13x13 |
 *
 * A tensor takes whole planes of its grid's region, blocks x batch_max of them in one run, and
 * its place is used again by later tensors of the same grid once its last reader is done. All
 * planes of a region have their halo in the same places, so the zeros written when the arena is
 * made hold for ever: no step clears anything. (Sharing places between grids would save a third
 * of the arena and cost a launch for each tensor to clear its halo.)
 * A concat is no step: its inputs are written straight into their blocks of the joint tensor; a
 * slice is a view. Where their channels are not whole blocks of 16, a copy_channels step does it. */
#ifndef VG_ENGINE_PLAN_H
#define VG_ENGINE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/conv_weights.h"
#include "kernels/kernel_list.h"
#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"

#define VG_PLAN_GRIDS_MAX  16
#define VG_PLAN_LEVELS_MAX 8
#define VG_PLAN_STEPS_MAX  (VG_MODEL_NODES_MAX * VG_MODEL_INPUTS_MAX)
#define VG_PLAN_NO_NODE    UINT32_MAX

/* Room for the candidates of a job. As a rule every class of every cell finds a place: NanoDet-g
 * at 416x416 has 3549 cells and 28 classes of ours, 3 MB, of which a picture touches a few
 * kilobytes. Only a net beyond this bound (a larger input, more classes) can fill its room. */
#define VG_PLAN_CANDIDATES_BYTES_MAX (8u << 20)

enum vg_plan_lane {
    VG_LANE_CPU,
    VG_LANE_ANY
};

struct vg_plan_settings {
    uint32_t width, height; /* of the input, multiples of the model's input_multiple */
    uint32_t batch_max;
    enum vg_plan_lane lane;
    uint32_t float_width; /* the device's native vector width */
    uint32_t compute_units;
    uint64_t local_bytes;
};

struct vg_step {
    enum vg_kernel kernel;
    uint32_t node; /* of the model, or VG_PLAN_NO_NODE */
    char options[VG_KERNEL_OPTIONS_SIZE];
    union vg_kernel_sizes sizes;
    size_t local_bytes;
    size_t work[3];           /* for one picture, before rounding up to groups */
    uint32_t batch_dimension; /* which one grows with the batch: work * pictures / batch_divisor */
    uint32_t batch_divisor;
    struct vg_conv_shape conv; /* convolutions: how the weights are packed */
};

/* A tensor of the model in the arena. */
struct vg_place {
    struct vg_area area;
    uint32_t channels, width, height;
    uint32_t pixel;     /* floats: 16, or 4 for the input */
    uint32_t last_step; /* the last one that writes it; 0 for the input */
};

struct vg_grid {
    uint32_t width, height;
    uint32_t pixel;
    uint32_t before, right, below; /* halo; before: on the left and above */
    uint32_t row, plane;           /* floats */
    uint64_t first;                /* of the region, floats */
    uint32_t planes;               /* of one picture */
};

struct vg_plan {
    struct vg_plan_settings settings;
    uint32_t step_count;
    uint32_t net_first, net_end; /* steps: prepare before, boxes after */
    struct vg_step *step;
    uint32_t place_count;
    struct vg_place *place; /* one for each tensor of the model */
    uint32_t grid_count;
    struct vg_grid grid[VG_PLAN_GRIDS_MAX];
    uint64_t arena_floats, weights_floats;
    uint32_t cells;                  /* over all levels */
    uint32_t classes_kept;           /* of the net's, mapped to ours */
    uint32_t candidates_max;         /* of a job: cells * classes_kept, or what the bound allows */
    uint32_t strip_cells;            /* so many cells cannot fill it: whole groups of boxes steps */
    uint8_t digest[VG_SHA256_BYTES]; /* of steps, kernels' sources and model */
};

/* `model` has passed vg_model_check and is only read during the call. *plan given; close it.
 * VG_E_CALL (size, batch), VG_E_INPUT (an operator on the net's input that has no kernel),
 * VG_E_FULL (larger than indices reach), VG_E_MEMORY. */
enum vg_status vg_plan_open(struct vg_plan **plan, const struct vg_model *model,
                            const struct vg_plan_settings *settings,
                            struct vg_fault *fault) VG_MUST_USE;
void vg_plan_close(struct vg_plan **plan);

/* The work of a step for a batch of `pictures`, whole groups. */
void vg_step_work(const struct vg_step *step, uint32_t pictures, size_t work[3]);

#endif
