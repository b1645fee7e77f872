/* The ways to make a convolution, as rows: kernel and register tile, where each may be used, and
 * where it is good. The last row that is good is taken, unless the tuner found a better one on
 * this very device (tune_file.h), or the device's compiler refuses it.
 *
 * Two nodes that one kernel can do are a need of their own, and one of the ways is to leave them
 * apart. */
#ifndef VG_ENGINE_CONV_VARIANTS_H
#define VG_ENGINE_CONV_VARIANTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_list.h"
#include "src/base/attr.h"
#include "src/engine/plan.h"
#include "src/engine/tune_file.h"

#define VG_CONV_ROWS_MAX 64 /* a set of rows is a word of bits */
#define VG_CONV_APART    "apart"
#define VG_CONV_LIBRARY  "clblast"

enum vg_conv_kind {
    VG_CONV_DENSE,     /* every channel of x goes into every one of y */
    VG_CONV_GROUPED,   /* several groups of channels */
    VG_CONV_DEPTHWISE, /* one channel in, one out */
    VG_CONV_PAIR,      /* depthwise, then dense 1x1, in one kernel */
    VG_CONV_STEM_POOL, /* the net's first convolution and the pool behind it */
    VG_CONV_INT8,      /* dense, over bytes */
    VG_CONV_INT8_DEPTHWISE,
    VG_CONV_INT8_STEM_POOL
};

enum vg_conv_joined {
    VG_CONV_MAY_PART, /* of two nodes that may still become two operations */
    VG_CONV_IS_ONE
};

/* What a row's conditions look at. */
struct vg_conv_need {
    const struct vg_plan_settings *settings;
    enum vg_conv_kind kind;
    enum vg_conv_joined joined;
    struct vg_window window; /* of the convolution that reads x */
    uint32_t groups;         /* of the same */
    uint32_t x_pixel;        /* 4: the net's input */
    uint32_t x_channels, y_channels;
    uint32_t act_channels;  /* so many of y take the activation */
    uint32_t width, height; /* of the output */
};

#define VG_CONV_TILE_PIXELS_MAX 26 /* of all rows: a row of pixels is made in whole tiles */

struct vg_conv_variant {
    const char *name;      /* static; unlike the others of its kind */
    enum vg_kernel kernel; /* VG_KERNEL_COUNT: the two nodes apart */
    struct vg_conv_tile tile;
};

/* The key of the tuner's findings. Two needs with the same one may still differ in what fits. */
struct vg_tune_need vg_conv_tune_need(const struct vg_conv_need *need);

/* The rows that fit, as bits; those of need->settings->refused do not. 0: the last resorts are
 * refused too. */
uint64_t vg_conv_rows_fitting(const struct vg_conv_need *need);

/* The row that is taken: the tuner's finding in need->settings->tune if there is one that fits,
 * else the table's. Where nothing fits: the last resort, whose program does not build. */
uint32_t vg_conv_row_choose(const struct vg_conv_need *need);

/* The table's own choice. */
uint32_t vg_conv_row_default(const struct vg_conv_need *need);

const struct vg_conv_variant *vg_conv_row(uint32_t row);
uint32_t vg_conv_row_count(void);

#endif
