/* The ways to make a convolution, as rows: which device and shape each is for, kernel and
 * register tile. The first row of a kind is general and fits always; the last row that fits is
 * taken, unless the tuner found a better one on this very device. */
#ifndef VG_ENGINE_CONV_VARIANTS_H
#define VG_ENGINE_CONV_VARIANTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_list.h"
#include "src/base/attr.h"
#include "src/engine/plan.h"

enum vg_conv_kind {
    VG_CONV_DENSE,     /* every channel of x goes into every one of y */
    VG_CONV_GROUPED,   /* several groups of channels */
    VG_CONV_DEPTHWISE, /* one channel in, one out */
    VG_CONV_PAIR,      /* depthwise, then dense 1x1, in one kernel */
    VG_CONV_STEM_POOL  /* the net's first convolution and the pool behind it */
};

/* What a row's condition looks at, and what the tuner keeps its findings by. */
struct vg_conv_need {
    const struct vg_plan_settings *settings;
    enum vg_conv_kind kind;
    struct vg_window window;
    uint32_t x_pixel; /* 4: the net's input */
    uint32_t x_channels, y_channels;
    uint32_t act_channels;  /* so many of y take the activation */
    uint32_t width, height; /* of the output */
};

#define VG_CONV_TILE_PIXELS_MAX 16 /* of all rows: a row of pixels is made in whole tiles */

struct vg_conv_variant {
    const char *name;
    enum vg_kernel kernel;
    struct vg_conv_tile tile;
};

/* Text of a need, the key of the tuner's findings: "dense 3x3 s1 128>64 26x26 b1". */
#define VG_CONV_KEY_SIZE 96
void vg_conv_need_key(const struct vg_conv_need *need, char key[VG_CONV_KEY_SIZE]);

/* Rows that fit, from the general one on; returns how many were written (at most `most`). */
uint32_t vg_conv_variants_fitting(const struct vg_conv_need *need, struct vg_conv_variant *variant,
                                  uint32_t most);

/* The tuner's finding in need->settings->choices if there is one that fits, else the table's. */
struct vg_conv_variant vg_conv_variant_choose(const struct vg_conv_need *need);

/* Findings: for a need's key the variant's name. Names and keys are borrowed. */
struct vg_conv_choice {
    const char *key, *variant;
};
struct vg_conv_choices {
    const struct vg_conv_choice *choice; /* sorted by key */
    size_t count;
};

#endif
