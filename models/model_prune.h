/* A model without the class channels that nobody keeps: a net of 80 classes of which 28 are ours
 * makes 52 planes a level that only its raw outputs show. The last convolutions lose the rows that
 * make them, so what stays has exactly the same values. Pure, any thread. */
#ifndef VG_MODELS_MODEL_PRUNE_H
#define VG_MODELS_MODEL_PRUNE_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

/* Classes that stay are a multiple of it where the net has so many, the first dropped ones among
 * them: the channels behind the scores begin a block, and no lane of scores is idle. */
#define VG_PRUNE_CLASSES 16

struct vg_pruned {
    const struct vg_model *whole; /* borrowed, as weights and ranges are */
    /* Nodes and tensors of the whole in their places, with fewer channels and classes; no outputs.
     * Weights, biases and steps of a convolution are still the whole's: vg_pruned_rows. */
    struct vg_model *model;
    uint32_t net_class[VG_MODEL_CLASSES_MAX]; /* of each class of `model`: the whole net's number */
    uint32_t row_first[VG_MODEL_NODES_MAX];   /* CONV: in row, for each output channel the whole's;
                                                 VG_MODEL_NONE: all of them */
    uint32_t *row;                            /* owned */
};

/* *pruned given (vg_pruned_close); NULL where all classes are kept, or where something that mixes
 * channels, such as a softmax, stands between a convolution and the scores. `whole` has passed
 * vg_model_check. VG_E_MEMORY. */
enum vg_status vg_model_prune(const struct vg_model *whole, struct vg_pruned **pruned,
                              struct vg_fault *fault) VG_MUST_USE;
void vg_pruned_close(struct vg_pruned **pruned);

/* Of a convolution that lost channels: the rows that stay, `each` floats a row, to `to`. */
void vg_pruned_rows(const struct vg_pruned *pruned, uint32_t node, const float *from, size_t each,
                    float *to);

#endif
