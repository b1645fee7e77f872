/* A plan in the making: for plan.c and the files that make its steps. */
#ifndef VG_ENGINE_PLAN_BUILD_H
#define VG_ENGINE_PLAN_BUILD_H

#include "src/engine/arena.h"
#include "src/engine/conv_variants.h"
#include "src/engine/plan.h"
#include "src/engine/plan_graph.h"
#include "src/engine/plan_types.h"

/* A step before its sizes. */
struct vg_draft {
    enum vg_kernel kernel;
    const struct vg_operation *op; /* NULL: prepare, a copy of channels, boxes */
    uint32_t node;                 /* whose step it is, or VG_PLAN_NO_NODE */
    uint32_t x, x2, y;             /* tensors read and written, or VG_GRAPH_NONE */
    uint32_t level;                /* boxes */
    struct vg_conv_build build;    /* convolutions */
    struct vg_plan_choice choice;  /* the same: how it was chosen */
    struct vg_int8_build int8;     /* those over bytes */
};

struct vg_plan_builder {
    const struct vg_model *model; /* that of `types`, if there are any */
    struct vg_plan *plan;
    struct vg_plan_types types; /* all NULL: everything is of floats */
    struct vg_graph graph;
    struct vg_arena arena;
    struct vg_draft *draft; /* of plan->step */
    uint32_t drafts_max;
    struct vg_size *size; /* of each tensor of the model */
    struct vg_fault *fault;
};

/* A vg_graph_apart: whether a convolution and what stands behind it are better two operations. */
int vg_plan_conv_apart(const void *context, uint32_t first, uint32_t node);
/* How a need is served, with all that could have been chosen while its nodes were two. */
struct vg_plan_choice vg_plan_choice_of(const struct vg_conv_need *need, uint32_t first,
                                        uint32_t node);
/* What a convolution asks of its input; a vg_arena_need_of for convolutions. */
enum vg_arena_need vg_plan_conv_need(const struct vg_plan_builder *b,
                                     const struct vg_operation *op);
/* The steps of a convolution: kernels and options, one or two drafts from `draft` on (room for
 * two); returns how many. */
uint32_t vg_plan_conv_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                            struct vg_draft *draft);
/* The halo that the draft's input must have. */
struct vg_halo vg_plan_conv_halo(const struct vg_plan_builder *b, const struct vg_draft *draft);
/* Sizes and work. VG_E_FULL. */
enum vg_status vg_plan_conv_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                 struct vg_step *step) VG_MUST_USE;

/* The form of the kernels that have both. */
enum vg_form vg_plan_form(const struct vg_plan_builder *b);

/* The same for everything that is no convolution. */
enum vg_status vg_plan_map_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                                 struct vg_draft *draft) VG_MUST_USE;
enum vg_status vg_plan_map_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                struct vg_step *step) VG_MUST_USE;
void vg_plan_prepare_size(struct vg_plan_builder *b, struct vg_step *step);
void vg_plan_boxes_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                        struct vg_step *step);

/* The same for whatever reads bytes, and for what makes bytes of floats (plan_int8.c). */
int vg_plan_int8_does(const struct vg_plan_builder *b, const struct vg_operation *op);
enum vg_arena_need vg_plan_int8_need(const struct vg_plan_builder *b,
                                     const struct vg_operation *op);
struct vg_conv_need vg_plan_int8_conv_need(const struct vg_plan_builder *b,
                                           const struct vg_operation *op);
void vg_plan_int8_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                        struct vg_draft *draft);
struct vg_halo vg_plan_int8_halo(const struct vg_plan_builder *b, const struct vg_draft *draft);
enum vg_status vg_plan_int8_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                 struct vg_step *step) VG_MUST_USE;

/* Adds `count` words to the plan's; *first: where they stand. VG_E_MEMORY. */
enum vg_status vg_plan_words(struct vg_plan_builder *b, uint32_t count,
                             uint32_t *first) VG_MUST_USE;

/* A net that has no kernel for a node. */
enum vg_status vg_plan_refuse(const struct vg_plan_builder *b, uint32_t node);

#endif
