/* A plan: what a device does for one model at one input size, laid out once. A list of steps
 * (kernel, options, sizes, work) over one arena and one buffer of weights. Made without a
 * device: pure but for memory, so that it is tested anywhere. Immutable once open.
 *
 * The nodes of the model become operations (plan_graph.h), whose tensors get their places
 * (arena.h: concats, slices and shuffles are addresses), each operation becomes a step or two by
 * the variant chosen for it (conv_variants.h). The arena holds the batch picture after picture;
 * its halos are written by whoever writes a plane, so any place may serve any size. */
#ifndef VG_ENGINE_PLAN_H
#define VG_ENGINE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/conv_weights.h"
#include "kernels/depthwise_weights.h"
#include "kernels/int8_weights.h"
#include "kernels/kernel_list.h"
#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"
#include "src/engine/device_lane.h"
#include "src/engine/plan_graph.h"
#include "src/engine/tune_file.h"

#define VG_PLAN_NO_NODE   UINT32_MAX
#define VG_PLAN_NO_WORD   UINT32_MAX
#define VG_PLAN_NO_CHOICE UINT32_MAX

/* Room for the candidates of a job. As a rule every class of every cell finds a place: NanoDet-g
 * at 416x416 has 3549 cells and 28 classes of ours, 3 MB, of which a picture touches a few
 * kilobytes. Only a net beyond this bound (a larger input, more classes) can fill its room. */
#define VG_PLAN_CANDIDATES_BYTES_MAX (8u << 20)

enum vg_plan_precision {
    VG_PRECISION_F32,
    VG_PRECISION_INT8 /* bytes where the model has ranges and there are kernels, floats elsewhere */
};

struct vg_plan_settings {
    uint32_t width, height; /* of the input, multiples of the model's input_multiple */
    uint32_t batch_max;
    enum vg_plan_lane lane;
    enum vg_storage storage;
    enum vg_mma mma;
    int gemm; /* a library's product of matrices may be used (gemm_clblast.h) */
    enum vg_graph_fusion fusion;
    enum vg_plan_precision precision; /* INT8: lane is CPU, storage float, block 16 */
    enum vg_int8_lane int8_lane;
    uint32_t block;       /* channels of a block: 16, or 8 for devices of narrower vectors */
    uint32_t float_width; /* the device's native vector width */
    uint32_t compute_units;
    uint64_t local_bytes;
    const struct vg_tune *tune; /* borrowed during open; NULL: the table's choices */
    uint64_t refused;           /* rows of conv_variants.h that this device cannot build */
};

/* One way chosen among several: of a convolution, or of two nodes that one kernel can do. */
struct vg_plan_choice {
    uint32_t row;         /* of conv_variants.h */
    uint64_t fitting;     /* all that could be taken, as bits */
    uint32_t row_default; /* what the table says */
    uint32_t node;        /* of the model; its steps are those of this node and of `first` */
    uint32_t first;       /* or VG_PLAN_NO_NODE */
    struct vg_tune_need need;
};

/* How a convolution over bytes is packed, what its input's bytes stand for. */
struct vg_step_int8 {
    struct vg_int8_build build;
    uint32_t x_channels, y_channels; /* x: those that the kernel meets, a table's gaps among them;
                                        y 0: no convolution over bytes */
    float x_step;
    vg_i32 x_zero;
};

struct vg_step {
    enum vg_kernel kernel;
    uint32_t node;  /* of the model: the operation's main one, or VG_PLAN_NO_NODE */
    uint32_t first; /* node taken in before it, or VG_PLAN_NO_NODE */
    char options[VG_KERNEL_OPTIONS_SIZE];
    union vg_kernel_sizes sizes;
    size_t local_bytes;
    size_t work[3];           /* for one picture, before rounding up to groups */
    uint32_t group_items;     /* work-items of a group, in the first dimension */
    uint32_t unit_items;      /* of work[0]: 1, or group_items where it counts groups */
    uint32_t batch_dimension; /* which one grows with the batch: work * pictures / batch_divisor */
    uint32_t batch_divisor;
    struct vg_conv_shape conv; /* dense convolutions: how the weights are packed; else all 0 */
    struct vg_depthwise_shape depthwise; /* depthwise ones, alone or first of a pair */
    struct vg_step_int8 int8;
    uint32_t order_first; /* convolutions: in vg_plan.word, for each channel read the model's
                             channel that it is (over bytes VG_PLAN_NO_WORD: none);
                             VG_PLAN_NO_WORD: as they come */
    uint32_t table_first; /* in vg_plan.word: what the runner writes to the place that the sizes
                             call table_first; VG_PLAN_NO_WORD: no table */
    uint32_t table_count;
    uint32_t choice; /* in vg_plan.choice, or VG_PLAN_NO_CHOICE */
};

/* A tensor of the model in the arena. */
struct vg_place {
    uint32_t channels, width, height;
    uint32_t pixel, row;  /* values from a pixel, a row to the next; 0: the tensor never exists */
    uint32_t value_bytes; /* 4: floats; 2: halves; 1: bytes, standing for step * (byte - zero) */
    uint32_t pixels;      /* 1: bytes of the picture (models/model_pixels.h), step and zero are not
                             used */
    float step;
    vg_i32 zero;
    uint32_t channel_first; /* in vg_plan.word: for each channel, where its value at (0, 0) of
                               picture 0 lies */
    uint32_t last_step;     /* after which the tensor holds its values; 0 for the input. Without
                               fusion it holds them to the end */
};

struct vg_plan {
    struct vg_plan_settings settings;
    uint32_t step_count;
    uint32_t net_first, net_end; /* steps: prepare before, boxes after */
    struct vg_step *step;
    uint32_t choice_count;
    struct vg_plan_choice *choice;
    uint32_t place_count;
    struct vg_place *place; /* one for each tensor of the model */
    uint32_t *word;
    uint32_t word_count, word_room;
    uint32_t input;       /* the tensor that the preparation writes */
    uint64_t arena_bytes; /* of one picture */
    uint64_t weights_floats, scratch_floats;
    uint32_t cells;                  /* over all levels */
    uint32_t classes_kept;           /* of the net's, mapped to ours */
    uint32_t candidates_max;         /* of a job: cells * classes_kept, or what the bound allows */
    uint32_t strip_cells;            /* so many cells cannot fill it: whole groups of boxes steps */
    uint8_t digest[VG_SHA256_BYTES]; /* of steps, kernels' sources and model */
};

/* `model` has passed vg_model_check and is only read during the call. *plan given; close it.
 * VG_E_CALL (size, batch; INT8 of a model without ranges), VG_E_INPUT (an operator that has no kernel, the node named),
 * VG_E_FULL (larger than indices reach), VG_E_MEMORY. */
enum vg_status vg_plan_open(struct vg_plan **plan, const struct vg_model *model,
                            const struct vg_plan_settings *settings,
                            struct vg_fault *fault) VG_MUST_USE;
void vg_plan_close(struct vg_plan **plan);

/* What the settings say about the graph. */
struct vg_graph_settings vg_plan_graph_settings(const struct vg_plan_settings *settings);

/* The work of a step for a batch of `pictures`, whole groups. */
void vg_step_work(const struct vg_step *step, uint32_t pictures, size_t work[3]);

/* Where channel c of the tensor lies at (row, column) of picture 0, in values of the tensor
 * (floats or bytes) from the arena's start. */
size_t vg_plan_at(const struct vg_plan *plan, uint32_t tensor, uint32_t c, uint32_t row,
                  uint32_t column);

#endif
