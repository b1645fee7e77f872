/* The kernels as a table: file, arguments, the struct of sizes. A new kernel is its .cl, its
 * twin, its cases and a row here. Also the options of a convolution's register tile, so that
 * plan, tests and bench build the same programs. Any thread. */
#ifndef VG_KERNELS_KERNEL_LIST_H
#define VG_KERNELS_KERNEL_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_sizes.h"

#define VG_KERNEL_ARGS_MAX     8
#define VG_KERNEL_OPTIONS_SIZE 64

enum vg_kernel {
    VG_KERNEL_PREPARE,
    VG_KERNEL_CONV_DIRECT,
    VG_KERNEL_CONV_WINO,
    VG_KERNEL_MAX_POOL,
    VG_KERNEL_RESIZE,
    VG_KERNEL_ADD,
    VG_KERNEL_SIGMOID,
    VG_KERNEL_COPY_CHANNELS,
    VG_KERNEL_NANODET_BOXES,
    VG_KERNEL_COUNT
};

/* What an argument is; the engine knows which buffer answers to it. */
enum vg_arg {
    VG_ARG_NONE, /* ends a list */
    VG_ARG_X,    /* activations read: the arena */
    VG_ARG_X2,
    VG_ARG_Y, /* activations written: the arena */
    VG_ARG_WEIGHTS,
    VG_ARG_PIXELS,     /* staged NV12 */
    VG_ARG_JOBS,       /* struct vg_device_job, one a picture */
    VG_ARG_CLASSES,    /* the net's class to ours */
    VG_ARG_COUNTS,     /* candidates of each job */
    VG_ARG_CANDIDATES, /* struct vg_candidate */
    VG_ARG_SIZES,      /* by value */
    VG_ARG_LOCAL       /* local memory, in bytes */
};

struct vg_kernel_row {
    const char *name; /* of the kernel; its file is NAME.cl */
    enum vg_arg arg[VG_KERNEL_ARGS_MAX + 1];
    size_t sizes_bytes;
    uint32_t group_items; /* of the first dimension; of the others 1. The work is rounded up */
    uint32_t dimensions;
};
extern const struct vg_kernel_row vg_kernel_rows[VG_KERNEL_COUNT];

/* The first dimension of the work, rounded up to whole groups. */
size_t vg_kernel_work(enum vg_kernel kernel, size_t items);

union vg_kernel_sizes {
    struct vg_conv_sizes conv;
    struct vg_map_sizes map;
    struct vg_prepare_sizes prepare;
    struct vg_boxes_sizes boxes;
};

/* The register tile of a convolution. */
struct vg_conv_tile {
    uint32_t pixels; /* P: pixels (conv_direct) or tiles of 4x4 (conv_wino) */
    uint32_t blocks; /* OB: blocks of 16 output channels */
};

/* Build options of a convolution, "-DP=13 -DOB=2 -DK=3 -DS=1". */
void vg_conv_options(enum vg_kernel kernel, struct vg_conv_tile tile, uint32_t side,
                     uint32_t stride, char options[VG_KERNEL_OPTIONS_SIZE]);

/* The last column and row of x that a convolution reads, counted from its inner pixel (0,0), for
 * an output of width x height: what the halo on the right and below must reach. The first is
 * -pad for both. */
struct vg_conv_reach {
    vg_i32 column, row;
};
struct vg_conv_reach vg_conv_reach(enum vg_kernel kernel, struct vg_conv_tile tile, uint32_t side,
                                   uint32_t stride, uint32_t pad, uint32_t width, uint32_t height);

/* Local memory of conv_wino, bytes. */
size_t vg_conv_wino_local_bytes(struct vg_conv_tile tile, uint32_t x_blocks);

#endif
