/* Runs a model step by step in plain loops, sums in double: slow, and right. It says what a model
 * means, for the tests of importers, plans and engines. */
#ifndef VG_TESTS_MODEL_REFERENCE_H
#define VG_TESTS_MODEL_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"

struct vg_reference {
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    float *tensor[VG_MODEL_TENSORS_MAX]; /* [channels][rows][columns]; owned, all of them kept */
};

/* input: [3][height][width], as the net wants it (already prepared). *reference is filled;
 * vg_reference_release it, also after a failure. Statuses of vg_model_sizes, VG_E_MEMORY. */
enum vg_status vg_reference_run(const struct vg_model *model, uint32_t width, uint32_t height,
                                const float *input, struct vg_reference *reference,
                                struct vg_fault *fault) VG_MUST_USE;
/* Node `node` alone, from the tensors that stand in `reference` (sizes too) into its own. */
enum vg_status vg_reference_step(const struct vg_model *model, uint32_t node,
                                 struct vg_reference *reference) VG_MUST_USE;
void vg_reference_release(struct vg_reference *reference);

/* Output `o` as the source file has it: *values given (vg_free), `count` of them. */
enum vg_status vg_reference_output(const struct vg_model *model,
                                   const struct vg_reference *reference, uint32_t o, float **values,
                                   size_t *count) VG_MUST_USE;

/* The picture of the tests, byte (y, x, c) = (3x + 5y + floor(7xy / 16) + 37c) mod 256 with c in
 * the order of the model's planes, prepared as the model wants it. Given; NULL: no memory. */
float *vg_reference_picture(const struct vg_model *model, uint32_t width, uint32_t height);

#endif
