/* NaN and infinity in a net's activations: which step made the first one. Weights are looked at
 * when a model is read (models/model_check.c); what is found here comes from weights or inputs
 * that are finite and too large, or from a wrong kernel. One thread at a time. */
#ifndef VG_ENGINE_NUMBERS_H
#define VG_ENGINE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_engine;

struct vg_numbers {
    size_t count; /* of values that are not finite */
    size_t first; /* index of the first one; 0 if none */
};
/* Pure. */
struct vg_numbers vg_numbers_scan(const float *values, size_t count);

/* A tensor to look at. */
struct vg_numbers_step {
    uint32_t tensor;
    uint32_t channels, height, width; /* at the input's size */
    const char *name;                 /* of the step that makes it, for people; borrowed */
};

/* Who gives a tensor's values, [channels][rows][columns]; embedded in its owner. */
struct vg_numbers_source {
    enum vg_status (*read)(struct vg_numbers_source *source, uint32_t tensor, float *values,
                           struct vg_fault *fault);
};

/* An engine that has run: its slot 0. */
struct vg_numbers_engine {
    struct vg_numbers_source source;
    struct vg_engine *engine; /* borrowed */
};
void vg_numbers_engine_init(struct vg_numbers_engine *of, struct vg_engine *engine);

/* Looks at the tensors in the order given, which is that of the steps: the net's input first.
 * Stops at the first one that holds a value which is not finite: VG_E_INPUT, place
 * "NAME, tensor 12: 7 of 1024, first at channel 3, row 5, column 6".
 * VG_E_MEMORY, and what the source answers. Each reading may run the net: for finding a fault,
 * not for each picture. */
enum vg_status vg_numbers_check(struct vg_numbers_source *source,
                                const struct vg_numbers_step *steps, size_t count,
                                struct vg_fault *fault) VG_MUST_USE;

struct vg_model;

/* All steps of an engine that has run on its slot 0; opened for VG_TENSORS_EVERY, it looks at each
 * node of the model, else at what stands in memory. Named as in a profile: "node 12, conv 3x3/1
 * ...". */
enum vg_status vg_numbers_engine_check(struct vg_engine *engine, const struct vg_model *model,
                                       struct vg_fault *fault) VG_MUST_USE;

#endif
