/* Cases of the other families in another form: activations as halves, work spread as for a GPU. What
 * the twin makes of them is the same, from inputs that a half can hold. */
#include <string.h>

#include "kernels/twins/cases_make.h"

#define HALVES_ONE "a half holds 11 bits: 2^-11 of a value, and what the float form allows"
#define HALVES_TWO "stored twice on its way: twice 2^-11 of a value, and what the float form allows"
#define AS_FLOATS  "as the family's own"
#define ONE        5e-4
#define TWO        1e-3
#define SMALL      VG_CASE_SMALL
#define FULL       VG_CASE_FULL

static const struct form {
    const char *name; /* behind the name of the case that is borrowed */
    enum vg_storage storage;
    enum vg_form form;
} forms[] = {{", halves", VG_STORAGE_HALF, VG_FORM_ROWS},
             {", spread", VG_STORAGE_FLOAT, VG_FORM_SPREAD},
             {", spread, halves", VG_STORAGE_HALF, VG_FORM_SPREAD}};

/* clang-format off */
#define ROW(kernel_, scale_, name_, tolerance_, reason_) \
    {.kernel = VG_KERNEL_##kernel_, .scale = scale_, .name = name_, .tolerance = tolerance_, .reason = reason_}
#define HALVES(kernel_, scale_, name_, tolerance_) \
    ROW(kernel_, scale_, name_ ", halves", tolerance_, HALVES_ONE)
#define SPREAD(kernel_, scale_, name_, tolerance_) \
    ROW(kernel_, scale_, name_ ", spread", tolerance_, AS_FLOATS)
#define BOTH(kernel_, scale_, name_, tolerance_) \
    ROW(kernel_, scale_, name_ ", spread, halves", tolerance_, HALVES_ONE)

static const struct vg_kernel_case rows[] = {
    HALVES(CONV_DIRECT, SMALL, "stem", ONE),
    HALVES(CONV_DIRECT, SMALL, "sum of twice", ONE),
    HALVES(CONV_WINO, SMALL, "tile and one", ONE),
    HALVES(CONV_WINO_IN, SMALL, "odd, two pictures", 6e-5),
    HALVES(CONV_WINO_MUL, SMALL, "tile and one", ONE),
    HALVES(CONV_ANY, SMALL, "three groups", ONE),
    HALVES(CONV_ANY, SMALL, "the net's input", ONE),
    HALVES(CONV_TILE, SMALL, "stem", ONE),
    HALVES(CONV_TILE, SMALL, "sum of twice", ONE),
    HALVES(CONV_SUBGROUP, SMALL, "over two pictures", ONE),
    HALVES(GEMM_PACK, SMALL, "17, two pictures", 0),
    HALVES(GEMM_UNPACK, SMALL, "33, two pictures", ONE),
    HALVES(CONV_ROW, SMALL, "stride 2, odd", ONE),
    HALVES(CONV_STEM_POOL, SMALL, "odd convolution", ONE),
    HALVES(CONV_DEPTHWISE, SMALL, "sum of twice", ONE),
    SPREAD(CONV_DEPTHWISE, SMALL, "sum of twice", 8e-6),
    SPREAD(CONV_DEPTHWISE, SMALL, "sum after", 8e-6),
    SPREAD(CONV_DEPTHWISE, SMALL, "a pixel each", 8e-6),
    BOTH(CONV_DEPTHWISE, SMALL, "sum before", ONE),
    BOTH(CONV_DEPTHWISE, FULL, "5x5, 26x26, 96", ONE),

    HALVES(POOL, SMALL, "odd, all negative", ONE),
    SPREAD(POOL, SMALL, "wider than a line", 0),
    SPREAD(POOL, SMALL, "mean, padding left out", 1e-6),
    BOTH(POOL, FULL, "13x13 stride 1", 0),
    HALVES(PLANE_MEAN, SMALL, "odd", ONE),
    SPREAD(PLANE_MEAN, SMALL, "blocks of 8", 1e-6),
    BOTH(PLANE_MEAN, SMALL, "odd", ONE),
    HALVES(RESIZE, SMALL, "twice", ONE),
    SPREAD(RESIZE, SMALL, "any ratio, blocks of 8", 1e-6),
    BOTH(RESIZE, FULL, "26 to 52", ONE),
    HALVES(COMBINE, SMALL, "odd", ONE),
    SPREAD(COMBINE, SMALL, "product, one a plane", 1e-6),
    SPREAD(COMBINE, SMALL, "sum with half, linear", 1e-6),
    SPREAD(COMBINE, SMALL, "sum with half, nearest", 1e-6),
    BOTH(COMBINE, SMALL, "product, silu", ONE),
    HALVES(ACT, SMALL, "leaky", ONE),
    SPREAD(ACT, SMALL, "sigmoid, blocks of 8", 5e-7),
    BOTH(ACT, SMALL, "silu", ONE),
    ROW(SOFTMAX, SMALL, "17 channels, halves", TWO, HALVES_TWO),
    SPREAD(SOFTMAX, SMALL, "17 channels", 1e-6),
    ROW(SOFTMAX, FULL, "22x22, 80 channels, spread, halves", TWO, HALVES_TWO),
    HALVES(SPACE_TO_DEPTH, SMALL, "3 channels", 0),
    SPREAD(SPACE_TO_DEPTH, SMALL, "17 channels", 0),
    BOTH(SPACE_TO_DEPTH, SMALL, "blocks of 8", 0),
    HALVES(COPY_CHANNELS, SMALL, "anywhere", 0),
    SPREAD(COPY_CHANNELS, SMALL, "anywhere", 0),
    BOTH(COPY_CHANNELS, SMALL, "in order", 0),
    HALVES(READ_OUT, SMALL, "cells", 0),

    HALVES(PREPARE, SMALL, "17 columns", 1.5e-3),
    SPREAD(PREPARE, SMALL, "17 columns", 1e-3),
    SPREAD(PREPARE, SMALL, "focus, blocks of 8", 1e-3),
    BOTH(PREPARE, SMALL, "focus, 18 columns", 1.5e-3),
    BOTH(PREPARE, FULL, "focus, 640 to 416", 1.5e-3),
    HALVES(NANODET_BOXES, SMALL, "5x3, two pictures", 1e-5),
    HALVES(YOLOX_BOXES, SMALL, "5x3, two pictures", 1e-5),
    HALVES(FASTESTDET_BOXES, SMALL, "5x3, two pictures", 1e-5),

    SPREAD(MAP_SMALL, SMALL, "two sizes", 0),
    SPREAD(MAP_GROUND, SMALL, "two sizes", 0),
    SPREAD(MAP_FLAME, SMALL, "two sizes", 0),
};
/* clang-format on */

/* whether `name` is that of the form behind the name of `base` */
static int is_form(const char *name, const char *base, const struct form *form)
{
    const size_t size = strlen(base);
    return !strncmp(name, base, size) && !strcmp(name + size, form->name);
}

static enum vg_status forms_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *base, *row = run->row;
    for (size_t i = 0; (base = vg_kernel_case_at(i)); i++)
        for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
            if (base->kernel != row->kernel || !is_form(row->name, base->name, &forms[k]))
                continue;
            run->storage = forms[k].storage;
            run->form = forms[k].form;
            return vg_case_make(run, base, random);
        }
    return VG_E_CALL; /* no case of this name */
}

const struct vg_case_family vg_cases_forms = {rows, sizeof rows / sizeof *rows, forms_make};
