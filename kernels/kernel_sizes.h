/* What the host tells a kernel about shapes: structs passed by value, one header for both
 * sides (the host checks sizes and offsets in kernel_list.c).
 *
 * The blocked layout, of `blocks` groups of VG_BLOCK channels (16; a build option for devices with
 * narrower vectors):
 *
 *   | plane of block 0 | plane of block 1 | ..      all of one picture; the next picture's planes
 *                                                   lie `picture` further, the same for every tensor
 *   plane:  0 0 0 0 0 0 0        0 = halo, as wide as the readers need: the padding of a
 *           0 a b c d 0 0        convolution, and on the right and below also what a last, partly
 *           0 e f g h 0 0        used register tile or Winograd window reads. Whoever writes a
 *           0 0 0 0 0 0 0        plane writes its halo too, so the memory may have been anything
 *   pixel:  VG_BLOCK values, one per channel of the block; a block's unused channels hold numbers
 *           of no meaning (but numbers), and every reader multiplies them by zero weights or skips
 *           them.
 *
 * The net's own input has pixels of 4 values, 3 used, and one block. All indices count values
 * (floats, or bytes of an 8-bit tensor, whose halo holds its zero point). */
#ifndef VG_KERNELS_KERNEL_SIZES_H
#define VG_KERNELS_KERNEL_SIZES_H

#ifdef __OPENCL_VERSION__
typedef int vg_i32;
#else
#include <stdint.h>
typedef int32_t vg_i32;
#endif

#ifndef VG_BLOCK
#define VG_BLOCK 16 /* channels of a block; a build option of the device's side */
#endif

#define VG_SPREAD_ITEMS          64 /* work-items of a group of a kernel that is spread (vector.clh) */
#define VG_SUBGROUP_GROUP_ITEMS  64  /* of conv_subgroup: four times 16 */
#define VG_PREPARE_SPREAD_PIXELS 4   /* pixels of a work-item of prepare, spread */
#define VG_MMA_GROUP_ITEMS       128 /* of conv_mma_ptx: four times the 32 that multiply together */

/* Build option ACT: enum vg_act of models/model.h, which says what each does. */
#define VG_ACT_CODE_NONE         0
#define VG_ACT_CODE_LEAKY        1
#define VG_ACT_CODE_CLIP         2
#define VG_ACT_CODE_SIGMOID      3
#define VG_ACT_CODE_SILU         4
#define VG_ACT_CODE_HARD_SIGMOID 5
#define VG_ACT_CODE_HARD_SWISH   6

/* Build option ADD: what a convolution adds to its result at the store. */
#define VG_ADD_CODE_NONE    0
#define VG_ADD_CODE_BEFORE  1
#define VG_ADD_CODE_AFTER   2
#define VG_ADD_CODE_LINEAR  3
#define VG_ADD_CODE_NEAREST 4

/* Where a tensor lies in the arena. */
struct vg_area {
    vg_i32 first;   /* inner pixel (0,0) of block 0 of picture 0 */
    vg_i32 picture; /* from a picture to the next */
    vg_i32 plane;   /* from a block to the next */
    vg_i32 row;     /* from a row to the next */
};

/* Pixels of zeros around each plane. */
struct vg_halo {
    vg_i32 left, right, above, below;
};

/* conv_direct, conv_wino, conv_any, conv_depthwise, conv_stem_pool, conv_row; conv_tile,
 * conv_subgroup and conv_mma_ptx, whose last group may hold blocks that y has not */
struct vg_conv_sizes {
    struct vg_area x, y, x2; /* x2: added to the result at the store, or not there */
    struct vg_halo halo;     /* of y */
    vg_i32 x_width, x_height;
    vg_i32 x_pixel;    /* values of a pixel of x: VG_BLOCK, or 4 for the net's input; the
                                kernels have it as build option X_PIXEL */
    vg_i32 x_channels; /* read; the last block in part */
    vg_i32 x_blocks;
    vg_i32 table_first;   /* TABLE: x_channels words in the buffer of weights, as integers: from
                             x.first to each channel's lane. x.plane is not used then */
    vg_i32 above, left;   /* padding */
    vg_i32 w_first;       /* of the packed weights (conv_weights.h) */
    vg_i32 bias_first;    /* VG_BLOCK values a block of y */
    vg_i32 width, height; /* of y */
    vg_i32 y_channels;
    vg_i32 parts;      /* conv_any: groups of the model's convolution; 1 elsewhere */
    vg_i32 groups;     /* of y's blocks, OB at a time */
    vg_i32 act_blocks; /* so many blocks of y take the activation, the rest none */
    vg_i32 pictures;
    vg_i32 tiles_across; /* conv_wino: tiles of 4x4 in a row of y */
    vg_i32 tiles;        /* conv_wino: tiles of a picture */
    vg_i32 groups_each;  /* conv_wino: groups made by one work-item */
    vg_i32 x2_width, x2_height;
    float act_a, act_b; /* of the activation (build option ACT, models/model.h has their meaning) */
};

/* conv_row: `conv` is that of the 1x1, with x, its size, channels and padding those of the
 * depthwise before it */
struct vg_row_sizes {
    struct vg_conv_sizes conv;  /* groups_each: as for conv_wino; the work-items are rows */
    vg_i32 first_w, first_bias; /* of the depthwise: w_first and bias_first */
    float first_a, first_b;     /* of its activation (build option ACT_FIRST) */
};

/* conv_stem_pool: `conv` is the convolution, with y, width and height those of the pool */
struct vg_stem_sizes {
    struct vg_conv_sizes conv;
    vg_i32 conv_width, conv_height; /* of what the pool reads */
    vg_i32 rows_each;               /* rows of y made by one work-item */
};

/* The kernels over bytes: conv_int8_x86, conv_int8_depthwise, conv_int8_stem_pool_x86, max_pool_int8,
 * combine_int8, resize_int8, quantise_int8, dequantise_int8 and copy_channels_int8. A byte q stands
 * for step * (q - zero); areas count bytes, or floats where the tensor is of floats. */
struct vg_int8_sizes {
    struct vg_area x, x2, y; /* x2: added to the result at the store, or the second term */
    struct vg_halo halo;     /* of y, in its zero point */
    vg_i32 x_width, x_height;
    vg_i32 x2_width, x2_height;
    vg_i32 width, height; /* of y */
    vg_i32 x_quads;       /* conv_int8_x86: groups of 4 channels read; the last in part */
    vg_i32 channels;      /* copy_channels_int8: of y */
    vg_i32 table_first;   /* TABLE: x_quads words in the buffer of weights, as integers: bytes from
                             x.first to each four channels; copy_channels_int8: to each channel */
    vg_i32 above, left;   /* padding */
    vg_i32 w_first;       /* of the packed weights, in words of the buffer of weights */
    vg_i32 lanes_first;   /* starts, scales and biases, likewise */
    vg_i32 groups;        /* of y's vectors, OB at a time */
    vg_i32 act_vectors;   /* so many of y's vectors take the activation, the rest none */
    vg_i32 pictures;
    vg_i32 size_y, size_x, stride_y, stride_x; /* max_pool_int8 */
    vg_i32 x_zero, x2_zero, y_zero;
    vg_i32 halo_word; /* quantise_int8 of 4-byte pixels: a pixel of y's halo */
    float x_step, x2_step;
    float y_per_unit;   /* 1 / step of y */
    float across, down; /* pixels of what is resized for one of y */
    float act_a, act_b; /* of the activation (build option ACT, models/model.h has their meaning) */
};

/* conv_int8_stem_pool_x86: `conv` is the convolution, with y, width and height those of the pool */
struct vg_int8_stem_sizes {
    struct vg_int8_sizes conv;
    vg_i32 conv_width, conv_height; /* of what the pool reads */
    vg_i32 rows_each;               /* rows of y made by one work-item */
};

/* pool, plane_mean, resize, combine, act, softmax and copy_channels */
struct vg_map_sizes {
    struct vg_area x, x2, y; /* x2: the second term of combine */
    struct vg_halo halo;     /* of y */
    vg_i32 x_width, x_height;
    vg_i32 x2_width, x2_height;
    vg_i32 width, height;                                   /* of y */
    vg_i32 channels;                                        /* of y */
    vg_i32 size_y, size_x, stride_y, stride_x, above, left; /* pool */
    vg_i32 pad_counts;  /* pool: 1: padding counts in the mean */
    vg_i32 table_first; /* copy_channels: as for the convolutions, `channels` words */
    float act_a, act_b;
};

/* prepare */
struct vg_prepare_sizes {
    struct vg_area y;
    struct vg_halo halo;     /* of y */
    vg_i32 width, height;    /* of the net's input */
    vg_i32 red_first;        /* 1: R, G, B; 0: B, G, R */
    float fill;              /* byte value beside the picture */
    float mean[3], scale[3]; /* (byte - mean) * scale, in the order of the channels */
    vg_i32 halo_word;        /* BYTES: a pixel of the halo, a byte for each channel */
};

/* One job as the device sees it: a region of NV12 pixels in the staging buffer, and where it
 * goes in the net's input. */
struct vg_device_job {
    vg_i32 luma_first, luma_stride;     /* bytes from the start of the staging buffer */
    vg_i32 chroma_first, chroma_stride; /* pairs U V, one for 2x2 pixels */
    vg_i32 left, top;                   /* of the region in the staged pixels, 0 or 1 */
    vg_i32 width, height;               /* of the region, before rotation */
    vg_i32 rotation;                    /* quarters of a turn, clockwise: 0 to 3 */
    vg_i32 inner_left, inner_top;       /* the picture inside the letterbox */
    vg_i32 inner_width, inner_height;
    float step_x, step_y; /* pixels of the turned region for one of the input */
    float luma_zero, luma_gain;
    float red_v, green_u, green_v, blue_u; /* of (U or V) - 128 */
    float threshold;                       /* nanodet_boxes: least score kept */
};

/* nanodet_boxes, yolox_boxes and fastestdet_boxes, once for each level of the pyramid */
struct vg_boxes_sizes {
    struct vg_area scores, boxes, objectness;
    vg_i32 width, height; /* of the level's grid */
    vg_i32 cell_first;    /* of the level among all cells */
    vg_i32 classes, bins;
    vg_i32 candidates_max; /* of a job */
    float stride;          /* input pixels of a cell */
    float centre;          /* of a cell, in cells from its corner: 1/2 or 0 */
    float input_width, input_height;
};

/* A box that passed the threshold, in pixels of the net's input, clipped to it. */
struct vg_candidate {
    float left, top, right, bottom;
    float score;
    vg_i32 cell;      /* over all levels */
    vg_i32 net_class; /* the net's own */
    vg_i32 class_id;  /* enum vg_class */
};

/* map_flow: one level of its pyramid; places are bytes of the scratch, [0] of the picture before,
 * [1] of this one */
#define VG_FLOW_LEVELS  3  /* the map, its half, its quarter */
#define VG_FLOW_CELL    4  /* pixels of the side of a cell, at every level */
#define VG_FLOW_PATCH   8  /* of what is compared: the cell and half a cell around */
#define VG_FLOW_PAD     8  /* pixels of the edge repeated around a level */
#define VG_FLOW_MEAN    4  /* pixels to each side of the mean that is taken off: of 9 x 9 */
#define VG_FLOW_REACH_2 8  /* searched all round at the quarter: 32 pixels of the map */
#define VG_FLOW_REACH_1 12 /* and at the half, where nothing known fits: 24 */
#define VG_FLOW_STILL   64 /* a cost up to this at the same place, 1 grey level a pixel, is noise */
#define VG_FLOW_AWAY    24 /* so much better must it be elsewhere than at the same place .. */
#define VG_FLOW_FARTHER 1  /* .. and this for each pixel farther: among equals the nearest */
#define VG_FLOW_SHARP \
    96 /* least growth of the cost by a step of a pixel: 0.75 grey levels each way */
struct vg_flow_level {
    vg_i32 width, height, columns, rows; /* pixels, cells */
    vg_i32 small[2];                     /* pixels, without padding; not of level 0 */
    vg_i32 lean[2], lean_row;            /* pixels less the mean around: of pixel (0, 0) */
    vg_i32 found[2];                     /* struct vg_flow_found of each cell */
};

/* What a cell of [1] was found to be in the other picture; of [0], the other way round. */
struct vg_flow_found {
    short x, y;  /* from here to there: pixels of the level; at level 0 sixteenths */
    short cost;  /* sum of absolute differences */
    short sharp; /* level 0: how much the cost grows by a step of a pixel; else 0 */
};

/* What a launch of map_flow does, in this order; the levels from the coarsest to 0. */
#define VG_FLOW_STEP_SMALL  0
#define VG_FLOW_STEP_LEAN   1
#define VG_FLOW_STEP_SEARCH 2
#define VG_FLOW_STEP_JUDGE  3
struct vg_flow_sizes {
    vg_i32 step, at;             /* at: the level of a search */
    vg_i32 each;                 /* search, judge: cells of a work-item */
    vg_i32 before, now;          /* bytes to the first pixel of the two maps */
    vg_i32 flow_x, flow_y, sure; /* bytes to the first cell of the results */
    struct vg_flow_level level[VG_FLOW_LEVELS];
};

/* persistent.cl: one step of a plan. */
#define VG_PERSISTENT_SIZES 57 /* room for the struct of any kernel's sizes, in integers */
#define VG_PERSISTENT_APART 16 /* integers from a counter to the next: a line of the cache */
struct vg_persistent_step {
    vg_i32 function;                       /* which one of the program's */
    vg_i32 work[3];                        /* items of one picture */
    vg_i32 batch_dimension, batch_divisor; /* work[it] * pictures / divisor, rounded up */
    vg_i32 least;                          /* items that are worth taking at once */
    vg_i32 sizes[VG_PERSISTENT_SIZES];
};
/* one launch: steps first .. end - 1 of `steps` */
struct vg_persistent_run {
    vg_i32 first, end, steps;
    vg_i32 pictures;
    vg_i32 turn; /* 0 and 1 in turns */
};

#endif
