/* The kernels as a table: file, arguments, the struct of sizes. A new kernel is its .cl, its
 * twin, its cases and a row here. Also the options of a convolution's register tile, so that
 * plan, tests and bench build the same programs. Any thread. */
#ifndef VG_KERNELS_KERNEL_LIST_H
#define VG_KERNELS_KERNEL_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_sizes.h"

#define VG_KERNEL_ARGS_MAX     8
#define VG_KERNEL_OPTIONS_SIZE 320

enum vg_kernel {
    VG_KERNEL_PREPARE,
    VG_KERNEL_CONV_DIRECT,
    VG_KERNEL_CONV_WINO,
    VG_KERNEL_CONV_WINO_IN,
    VG_KERNEL_CONV_WINO_MUL,
    VG_KERNEL_CONV_WINO2,
    VG_KERNEL_CONV_ANY,
    VG_KERNEL_CONV_DEPTHWISE,
    VG_KERNEL_CONV_ROW,
    VG_KERNEL_CONV_STEM_POOL,
    VG_KERNEL_CONV_TILE,
    VG_KERNEL_CONV_SUBGROUP,
    VG_KERNEL_CONV_MMA_PTX,
    VG_KERNEL_GEMM_PACK,
    VG_KERNEL_GEMM_UNPACK, /* a library's product of matrices comes before it */
    VG_KERNEL_POOL,
    VG_KERNEL_PLANE_MEAN,
    VG_KERNEL_RESIZE,
    VG_KERNEL_COMBINE,
    VG_KERNEL_ACT,
    VG_KERNEL_SOFTMAX,
    VG_KERNEL_SPACE_TO_DEPTH,
    VG_KERNEL_COPY_CHANNELS,
    VG_KERNEL_READ_OUT,
    VG_KERNEL_NANODET_BOXES,
    VG_KERNEL_YOLOX_BOXES,
    VG_KERNEL_FASTESTDET_BOXES,
    VG_KERNEL_CONV_INT8_X86,
    VG_KERNEL_CONV_INT8_DEPTHWISE,
    VG_KERNEL_CONV_INT8_STEM_POOL,
    VG_KERNEL_MAX_POOL_INT8,
    VG_KERNEL_COMBINE_INT8,
    VG_KERNEL_RESIZE_INT8,
    VG_KERNEL_QUANTISE_INT8,
    VG_KERNEL_DEQUANTISE_INT8,
    VG_KERNEL_COPY_CHANNELS_INT8,
    VG_KERNEL_MAP_FLOW, /* no step of a net: flow_layout.h */
    VG_KERNEL_MAP_SMALL,
    VG_KERNEL_MAP_GROUND,
    VG_KERNEL_MAP_FLAME,
    VG_KERNEL_COUNT
};

/* What an argument is; the engine knows which buffer answers to it. */
enum vg_arg {
    VG_ARG_NONE, /* ends a list */
    VG_ARG_X,    /* activations read: the arena */
    VG_ARG_X2,
    VG_ARG_X3,
    VG_ARG_Y, /* activations written: the arena */
    VG_ARG_WEIGHTS,
    VG_ARG_PIXELS,     /* staged NV12 */
    VG_ARG_JOBS,       /* struct vg_device_job, one a picture */
    VG_ARG_CLASSES,    /* the net's class to ours */
    VG_ARG_COUNTS,     /* candidates of each job */
    VG_ARG_CANDIDATES, /* struct vg_candidate */
    VG_ARG_OUT,        /* raw outputs for the host, floats in one piece */
    VG_ARG_SCRATCH,    /* floats that one step writes and the next one reads */
    VG_ARG_MAP_JOBS,   /* struct vg_map_job, one a picture */
    VG_ARG_MAPS,       /* the maps of every flux, bytes (map_kernels.h) */
    VG_ARG_SIZES,      /* by value */
    VG_ARG_LOCAL       /* local memory, in bytes */
};

struct vg_kernel_row {
    const char *name; /* of the kernel; its file is NAME.cl */
    enum vg_arg arg[VG_KERNEL_ARGS_MAX + 1];
    size_t sizes_bytes;
    uint32_t group_items; /* of the first dimension; of the others 1. The work is rounded up.
                             The spread form and the convolutions for GPUs have others */
    uint32_t dimensions;
};
extern const struct vg_kernel_row vg_kernel_rows[VG_KERNEL_COUNT];

/* The first dimension of the work, rounded up to whole groups. */
size_t vg_kernel_work(enum vg_kernel kernel, size_t items);

union vg_kernel_sizes {
    struct vg_conv_sizes conv; /* the first field of row and stem, too */
    struct vg_row_sizes row;
    struct vg_stem_sizes stem;
    struct vg_map_sizes map;
    struct vg_prepare_sizes prepare;
    struct vg_boxes_sizes boxes;
    struct vg_int8_sizes int8; /* the first field of int8_stem, too */
    struct vg_int8_stem_sizes int8_stem;
    struct vg_flow_sizes flow;
};

/* The register tile of a convolution; of conv_tile that of a group, of conv_mma_ptx and
 * conv_subgroup that of 32 or 16 work-items together. */
struct vg_conv_tile {
    uint32_t pixels; /* P: pixels, or tiles of 4x4 (conv_wino and its two halves) */
    uint32_t blocks; /* OB: blocks of output channels */
};

/* What activations are in memory; arithmetic is always in 32 bits. */
enum vg_storage {
    VG_STORAGE_FLOAT,
    VG_STORAGE_HALF /* build option HALF_STORAGE (vector.clh) */
};

/* Who makes what: build option SPREAD (vector.clh, map.clh). */
enum vg_form {
    VG_FORM_ROWS,  /* a work-item a row, whole blocks: for CPUs */
    VG_FORM_SPREAD /* a work-item a vector of a pixel, in groups of VG_SPREAD_ITEMS: for GPUs */
};

/* What a convolution adds to its result at the store: VG_ADD_CODE_* (conv_store.clh). */
enum vg_conv_add {
    VG_CONV_ADD_NONE = VG_ADD_CODE_NONE,
    VG_CONV_ADD_BEFORE = VG_ADD_CODE_BEFORE,  /* x2, of y's size, before the activation */
    VG_CONV_ADD_AFTER = VG_ADD_CODE_AFTER,    /* after it */
    VG_CONV_ADD_LINEAR = VG_ADD_CODE_LINEAR,  /* after it, x2 resized to y's size */
    VG_CONV_ADD_NEAREST = VG_ADD_CODE_NEAREST /* the same by the nearest pixel */
};

/* What a convolution's program is built for. */
struct vg_conv_build {
    struct vg_conv_tile tile;
    uint32_t block;   /* VG_BLOCK of the device's side: 8 or 16 */
    uint32_t x_pixel; /* values of a pixel of x: 4 for the net's input, else `block` */
    uint32_t size_y, size_x, stride_y, stride_x, dilation_y, dilation_x;
    uint32_t act; /* VG_ACT_CODE_*, which is enum vg_act */
    enum vg_conv_add add;
    uint32_t table;       /* 1: the channels of x stand in a table (struct vg_conv_sizes) */
    uint32_t group_first; /* 1: conv_direct goes through y\'s groups before it goes on in x */
    uint32_t act_first; /* conv_row: VG_ACT_CODE_* of its depthwise; the window is that one's too */
    enum vg_storage storage;
    enum vg_form form; /* conv_depthwise */
    uint32_t emulated; /* conv_mma_ptx, conv_subgroup: 1: in plain code, for any device */
};

/* Build options of a convolution, "-DVG_BLOCK=16 -DP=13 ..". */
void vg_conv_options(enum vg_kernel kernel, const struct vg_conv_build *build,
                     char options[VG_KERNEL_OPTIONS_SIZE]);

/* Work-items of a group. */
uint32_t vg_conv_group_items(enum vg_kernel kernel, const struct vg_conv_build *build);

/* Whether a kernel takes the pixels of all pictures in one row, a group so many of them, and weights
 * with zeros where there is no channel: conv_tile, conv_subgroup, conv_mma_ptx. */
int vg_conv_tiled(enum vg_kernel kernel);
uint32_t vg_conv_group_pixels(enum vg_kernel kernel, const struct vg_conv_build *build);

/* What gemm_pack and the library write and gemm_unpack reads, floats: so many pixels of a batch. */
size_t vg_gemm_scratch_floats(const struct vg_conv_build *build, uint32_t x_channels,
                              uint32_t y_channels, uint32_t pixels);

/* The halo that x must have for a convolution. Of `s`: x_width, x_height, above, left, width and
 * height are read. */
struct vg_halo vg_conv_reach(enum vg_kernel kernel, const struct vg_conv_build *build,
                             const struct vg_conv_sizes *s);

/* Side of the tiles of y of a Winograd kernel: 4 or 2; 0: not such a kernel. */
uint32_t vg_conv_wino_side(enum vg_kernel kernel);

/* Local memory of conv_wino, conv_wino_mul and conv_wino2, bytes. tiles: of a picture. */
size_t vg_conv_wino_local_bytes(enum vg_kernel kernel, const struct vg_conv_build *build,
                                uint32_t x_blocks, uint32_t tiles);

/* Local memory of conv_row for a row of `width` pixels, bytes. */
size_t vg_conv_row_local_bytes(const struct vg_conv_build *build, uint32_t x_blocks,
                               uint32_t width);

/* Local memory of conv_stem_pool for `groups` blocks of y, rows of `width` pixels, bytes. */
size_t vg_conv_stem_local_bytes(const struct vg_conv_build *build, uint32_t groups, uint32_t width);

/* What conv_wino_in writes and conv_wino_mul reads, floats: tiles of all pictures of a batch. */
size_t vg_conv_wino_scratch_floats(const struct vg_conv_build *build, uint32_t x_blocks,
                                   uint32_t tiles);

enum vg_prepare_form {
    VG_PREPARE_PIXELS, /* pixels of 4 values */
    VG_PREPARE_SPACE_TO_DEPTH
};

enum vg_prepare_output {
    VG_PREPARE_FLOATS, /* normalised */
    VG_PREPARE_BYTES   /* as the picture has them; blocks are of 16 */
};

enum vg_pool {
    VG_POOL_MAX,
    VG_POOL_MEAN
};

enum vg_resample {
    VG_RESAMPLE_LINEAR,
    VG_RESAMPLE_NEAREST
};

enum vg_combine {
    VG_COMBINE_ADD,
    VG_COMBINE_MUL
};

/* The second term of combine, build option X2. */
enum vg_second {
    VG_SECOND_SAME,   /* of the first one's size */
    VG_SECOND_POINT,  /* of 1x1 planes */
    VG_SECOND_LINEAR, /* of another size, resized as it is read */
    VG_SECOND_NEAREST
};

enum vg_raw {
    VG_RAW_CELLS, /* [cell][channel] */
    VG_RAW_PLANES /* [channel][cell] */
};

/* What the program of a kernel that is not a convolution is built for; each kernel takes what
 * concerns it. */
struct vg_map_build {
    uint32_t block; /* VG_BLOCK of the device's side: 8 or 16 */
    uint32_t act;   /* combine and act: VG_ACT_CODE_*, which is enum vg_act */
    enum vg_prepare_form prepare;
    enum vg_prepare_output output; /* of prepare */
    enum vg_pool pool;
    enum vg_resample resample;
    enum vg_combine combine;
    enum vg_second second;
    enum vg_raw raw;
    enum vg_storage storage;
    enum vg_form form;
};

/* Work-items that make width x height pixels of a block in the spread form, each `each` pixels of a
 * row. */
size_t vg_spread_items(uint32_t block, uint32_t width, uint32_t height, uint32_t each);

/* Build options of a kernel that is not a convolution, "-DVG_BLOCK=16 -DACT=4 -DMUL". */
void vg_map_options(enum vg_kernel kernel, const struct vg_map_build *build,
                    char options[VG_KERNEL_OPTIONS_SIZE]);

#endif
