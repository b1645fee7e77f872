/* Walks a plan over an arena that holds, in place of each value, who wrote it: which channel, row
 * and column of which tensor, a zero of a halo, or only some number. For each step, what its
 * kernel touches (computed here from the kernel's own loops: its head and kernel_sizes.h) is
 * checked before and after its writes:
 *
 *   - every address lies in the arena of a picture, and in the buffer of weights;
 *   - what is read is the very value that the model means, or a zero where the kernel reads beside
 *     a plane, or at least a number where it reads lanes that nobody uses;
 *   - the work covers the output; weights, biases and tables share nothing; local memory is there;
 *   - each tensor that has a place holds its values behind its last step, and what is read from
 *     outside holds them at the end.
 *
 * What is walked holds for each picture of a batch: their arenas are one like the other. */
#ifndef VG_TESTS_PLAN_WALK_H
#define VG_TESTS_PLAN_WALK_H

#include <stdint.h>

#include "models/model.h"
#include "src/engine/plan.h"

struct plan_walk {
    uint64_t values_read, values_written;
    char wrong[256]; /* the first thing that is wrong; "": nothing */
};

/* `model` is what the plan was made of. Aborts without memory. */
struct plan_walk plan_walk(const struct vg_model *model, const struct vg_plan *plan);

/* The number of a build option of the step, such as "P"; -1: it has none. */
int64_t plan_option(const struct vg_step *step, const char *name);

#endif
