/* What the host tells a kernel about shapes: structs passed by value, one header for both
 * sides (the host checks sizes and offsets in kernel_list.c).
 *
 * The blocked layout, float32, of `blocks` groups of 16 channels:
 *
 *   picture 0                                  picture 1
 *   | plane of block 0 | plane of block 1 | .. | plane of block 0 | ..
 *
 *   plane:  0 0 0 0 0 0 0        0 = halo, always zero, written once when the arena is made;
 *           0 a b c d 0 0        as wide as the readers need: the padding of a convolution on
 *           0 e f g h 0 0        the left and above, and on the right and below also what a
 *           0 0 0 0 0 0 0        last, partly used register tile or Winograd window reads
 *           0 0 0 0 0 0 0
 *   pixel:  16 floats, one per channel of the block; a block's unused channels hold numbers of
 *           no meaning, and every reader multiplies them by zero weights or skips them.
 *
 * The net's own input has pixels of 4 floats, 3 used, and one block. All indices count floats. */
#ifndef VG_KERNELS_KERNEL_SIZES_H
#define VG_KERNELS_KERNEL_SIZES_H

#ifdef __OPENCL_VERSION__
typedef int vg_i32;
#else
#include <stdint.h>
typedef int32_t vg_i32;
#endif

#define VG_BLOCK 16 /* channels of a block */

/* Where a tensor lies in a buffer. */
struct vg_area {
    vg_i32 first;   /* inner pixel (0,0) of block 0 of picture 0 */
    vg_i32 picture; /* from a picture to the next */
    vg_i32 plane;   /* from a block to the next */
    vg_i32 row;     /* from a row to the next */
};

/* conv_direct and conv_wino */
struct vg_conv_sizes {
    struct vg_area x, y;
    vg_i32 x_pixel;       /* floats of a pixel of x: 16, or 4 for the net's input */
    vg_i32 x_lanes;       /* of these, how many are read: 16 or 3 */
    vg_i32 x_blocks;      /* blocks read */
    vg_i32 pad;           /* zeros around x, 0 to 2 */
    vg_i32 w_first;       /* of the packed weights (conv_weights.h) */
    vg_i32 bias_first;    /* 16 floats a block of y */
    vg_i32 width, height; /* of y */
    vg_i32 groups;        /* of y's blocks, OB at a time */
    vg_i32 pictures;
    vg_i32 tiles_across; /* conv_wino: tiles of 4x4 in a row of y */
    vg_i32 tiles;        /* conv_wino: tiles of a picture */
    vg_i32 groups_each;  /* conv_wino: groups made by one work-item */
    float slope;         /* v > 0 ? v : slope * v; 1 for none */
};

/* max_pool, resize, add, sigmoid and copy_channels */
struct vg_map_sizes {
    struct vg_area x, x2, y; /* x2: the second term of add */
    vg_i32 x_width, x_height;
    vg_i32 width, height;        /* of y */
    vg_i32 side, stride, pad;    /* max_pool */
    vg_i32 x_channel, y_channel; /* copy_channels: first channel read, written */
};

/* prepare */
struct vg_prepare_sizes {
    struct vg_area y; /* pixels of 4 floats */
    vg_i32 width, height;
    vg_i32 red_first;        /* 1: R, G, B; 0: B, G, R */
    float fill;              /* byte value beside the picture */
    float mean[3], scale[3]; /* (byte - mean) * scale, in the order of the channels */
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

/* nanodet_boxes, once for each level of the pyramid */
struct vg_boxes_sizes {
    struct vg_area scores, distances;
    vg_i32 width, height; /* of the level's grid */
    vg_i32 cell_first;    /* of the level among all cells */
    vg_i32 classes, bins;
    vg_i32 candidates_max; /* of a job */
    float stride;          /* input pixels of a cell */
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

#endif
