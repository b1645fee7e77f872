/* Where a graph's tensors lie: storages, lanes, halos, the arena. Pure; for the plan alone.
 *
 * A storage is memory of its own: whole blocks of channels, planes of one size. A tensor that an
 * operation writes is a storage, or a run of blocks in one when a concat puts it there. Every
 * other tensor (slices, shuffles, concats of odd pieces) is a view: each of its channels is a lane
 * of some storage, and nothing is moved. Where a kernel must read whole blocks and the view has
 * none, the channels are copied once, behind the node that makes the view.
 *
 *   arena of one picture   | storage | storage | ..       each at the lowest place that no storage
 *                                                         alive with it takes, the largest first
 *   storage                | plane of block 0 | plane of block 1 | ..
 *   plane                  halo around, as wide as its readers need (kernel_sizes.h) */
#ifndef VG_ENGINE_ARENA_H
#define VG_ENGINE_ARENA_H

#include <stdint.h>

#include "kernels/kernel_list.h"
#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/plan_graph.h"

/* One channel of a tensor: lane (block * channels of a block + place in it) of a storage. */
struct vg_lane {
    uint32_t storage; /* the tensor whose memory it is */
    uint32_t lane;
};

/* What is known of a tensor. */
struct vg_slot {
    uint32_t width, height;
    uint32_t lane_first; /* of its channels in vg_arena.lane */
    uint32_t parent;     /* the joint tensor whose run of blocks it is, or NONE */
    uint32_t block;      /* of the parent, where it begins */
    uint8_t joint;       /* parts lie in it */
    uint8_t copied;      /* a view that is copied into a storage of its own */
    uint8_t value_bytes; /* 4: float; 2: half; 1: byte of a quantised net */
    /* storages: */
    struct vg_halo halo;
    uint32_t first_step, last_step; /* alive from, to */
    uint64_t offset, bytes;         /* in the arena of a picture */
};

struct vg_arena {
    const struct vg_graph *graph; /* borrowed */
    uint32_t block;               /* channels of a block */
    struct vg_slot *slot;         /* one for each tensor */
    struct vg_lane *lane;
    uint32_t lane_count;
    uint64_t bytes; /* of the arena of a picture */
};

/* What an operation asks of a tensor that it reads. */
enum vg_arena_need {
    VG_NEED_LANES, /* any channels anywhere */
    VG_NEED_ORDER, /* whole blocks, their channels in any order */
    VG_NEED_RUN    /* whole blocks, channel after channel */
};

/* What the operation asks of its first input, for the given arena so far. */
typedef enum vg_arena_need vg_arena_need_of(const void *context, const struct vg_operation *op);

struct vg_arena_settings {
    uint32_t block;
    uint32_t width, height;     /* of the net's input */
    enum vg_storage storage;    /* of what is not quantised */
    const uint8_t *value_bytes; /* of each tensor; borrowed until init returns. NULL: all alike */
    vg_arena_need_of *need;
    const void *context;
};

/* Finds storages and lanes. VG_E_MEMORY, and what vg_model_sizes says. */
enum vg_status vg_arena_init(struct vg_arena *arena, const struct vg_graph *graph,
                             const struct vg_arena_settings *settings,
                             struct vg_fault *fault) VG_MUST_USE;
void vg_arena_release(struct vg_arena *arena);

/* The lanes of a tensor's channels. */
const struct vg_lane *vg_arena_lanes(const struct vg_arena *arena, uint32_t tensor);

/* Whether the tensor meets the need; *first: the block where it begins in its storage. */
int vg_arena_meets(const struct vg_arena *arena, uint32_t tensor, enum vg_arena_need need,
                   uint32_t *first);

/* The tensor that is a storage of its own. */
int vg_arena_is_storage(const struct vg_arena *arena, uint32_t tensor);

/* `step` reads or writes the tensor. */
void vg_arena_use(struct vg_arena *arena, uint32_t tensor, uint32_t step);

/* A reader of the tensor needs this halo around each plane. */
void vg_arena_halo(struct vg_arena *arena, uint32_t tensor, struct vg_halo halo);

/* Gives every storage its place; after all uses and halos are known. VG_E_MEMORY. */
enum vg_status vg_arena_place(struct vg_arena *arena, struct vg_fault *fault) VG_MUST_USE;

/* Values from a row to the next, in any storage of the tensor; and the halo of its planes. */
uint32_t vg_arena_row(const struct vg_arena *arena, uint32_t tensor);
struct vg_halo vg_arena_halo_of(const struct vg_arena *arena, uint32_t tensor);

/* Values of a pixel of the tensor's storage: block, or 4 for the net's own input. */
uint32_t vg_arena_pixel(const struct vg_arena *arena, uint32_t tensor);

/* The tensor as kernels see it, its channels from its first block on; place must have been called.
 * picture: values from a picture to the next. All in values of the tensor (floats or bytes). Only
 * for tensors that meet ORDER or RUN. */
struct vg_area vg_arena_area(const struct vg_arena *arena, uint32_t tensor);

/* Index of channel c's value at (0, 0) of picture 0, in values of the tensor; any tensor. */
uint32_t vg_arena_channel_at(const struct vg_arena *arena, uint32_t tensor, uint32_t c);

#endif
