/* The ways to make a convolution, as rows: which device and shape each is for, method and
 * register tile. The first row is general and fits always; the last row that fits is taken. */
#ifndef VG_ENGINE_CONV_VARIANTS_H
#define VG_ENGINE_CONV_VARIANTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_list.h"
#include "src/engine/plan.h"

/* What a row's condition looks at. */
struct vg_conv_need {
    const struct vg_plan_settings *settings;
    uint32_t side, stride;
    uint32_t x_blocks, x_lanes, y_blocks;
    uint32_t width, height; /* of the output */
};

struct vg_conv_variant {
    const char *name;
    enum vg_kernel kernel;
    struct vg_conv_tile tile;
};

struct vg_conv_variant vg_conv_variant_choose(const struct vg_conv_need *need);

#endif
