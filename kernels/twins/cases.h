/* One table of cases for every kernel: what goes in, what the twin makes of it, and how near
 * the kernel must come. The twins' test, `vigie device test` and the bench use the same rows.
 * Any thread. */
#ifndef VG_KERNELS_TWINS_CASES_H
#define VG_KERNELS_TWINS_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/int8_weights.h"
#include "kernels/kernel_list.h"
#include "src/base/attr.h"
#include "src/base/status.h"

/* small: fit for a simulator that interprets every instruction */
enum vg_case_scale {
    VG_CASE_SMALL,
    VG_CASE_FULL
};

/* The window of pool. */
struct vg_case_window {
    vg_i32 size_y, size_x, stride_y, stride_x, above, left, pad_counts;
};

struct vg_kernel_case {
    const char *name;
    enum vg_kernel kernel;
    enum vg_case_scale scale;
    struct vg_conv_tile tile; /* convolutions of floats; of all: vg_case_tile */
    vg_i32 x_width, x_height, x_channels;
    vg_i32 y_channels;        /* convolutions, copy_channels */
    vg_i32 side, stride, pad; /* convolutions, max_pool */
    vg_i32 width, height;     /* of y, where nothing else says it */
    vg_i32 pictures;
    vg_i32 option;    /* conv_wino: groups_each; copy_channels: enum copies (cases_map.c); prepare:
                           rotation; the heads: candidates_max; the maps: pictures before */
    float amplitude;  /* inputs lie within -amplitude to amplitude */
    double tolerance; /* |got - want| <= tolerance * max(amplitude, |want|) */
    const char *reason; /* of the tolerance */

    /* all but the convolutions, where they concern the kernel */
    struct vg_map_build map; /* block 0: VG_BLOCK */
    struct vg_case_window window;
    vg_i32 x2_width, x2_height;
    vg_i32 bins;  /* nanodet_boxes */
    float centre; /* nanodet_boxes */
    float a, b;   /* of the activation */
};

/* Row `index` over all families; NULL behind the last. */
const struct vg_kernel_case *vg_kernel_case_at(size_t index);

/* The register tile that its kernel is built with; {0, 0}: it has none, or its base's (cases_forms.c). */
struct vg_conv_tile vg_case_tile(const struct vg_kernel_case *row);

/* A convolution by NVIDIA's matrix instruction, for a trial at start. */
const struct vg_kernel_case *vg_case_mma_probe(void);

/* A small convolution over bytes that takes `lane`, for a trial at start. */
const struct vg_kernel_case *vg_case_int8_probe(enum vg_int8_lane lane);

enum vg_case_content {
    VG_CASE_FLOATS, /* candidates and counts are known by their arg */
    VG_CASE_BYTES,  /* compared as they are */
    VG_CASE_NEAR,   /* bytes of rounded floats: |got - want| <= tolerance * 255 */
    VG_CASE_HALVES  /* `want` is in floats */
};

struct vg_case_buffer {
    enum vg_arg arg;
    enum vg_case_content content;
    void *data;   /* at the start, with guards before, between and behind what may be written */
    void *want;   /* at the end; NULL when it is only read */
    size_t bytes; /* of data */
};

/* A case made real: buffers, sizes and work of one launch. */
struct vg_case_run {
    const struct vg_kernel_case *row;
    double tolerance; /* of the row that was asked for */
    char options[VG_KERNEL_OPTIONS_SIZE];
    union vg_kernel_sizes sizes;
    size_t global[3];
    uint32_t group_items; /* of the first dimension */
    size_t local_bytes;
    enum vg_storage storage;
    enum vg_form form;
    int nvidia;             /* 1: only such a device has the instruction */
    enum vg_int8_lane lane; /* that the processor must have, or VG_INT8_PLAIN */
    uint32_t buffer_count;
    struct vg_case_buffer buffer[VG_KERNEL_ARGS_MAX];
};

/* Makes the buffers from `seed` and runs the twin. *run given; vg_case_close it.
 * VG_E_MEMORY. */
enum vg_status vg_case_open(const struct vg_kernel_case *row, uint64_t seed,
                            struct vg_case_run **run) VG_MUST_USE;
void vg_case_close(struct vg_case_run **run);

struct vg_case_verdict {
    uint32_t wrong; /* words that differ by more than allowed, or guards that were written */
    uint32_t guards_broken; /* of these */
    size_t first_word;      /* where the first wrong one stands */
    float got, want;
    double worst; /* greatest error, relative as in `tolerance` */
};

/* Judges what buffer `index` (one with `want`) holds after the kernel. `got` may be reordered
 * (candidates come in any order). */
struct vg_case_verdict vg_case_judge(const struct vg_case_run *run, uint32_t index, void *got);

#endif
