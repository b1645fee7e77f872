#include "src/engine/step_cost.h"

#include <stdio.h>

#include "src/engine/conv_variants.h"

/* of one picture */
struct cost {
    double operations, values, weights; /* values: read and written */
    double spared;                      /* operations that the kernel does not need */
    double floats;                      /* read and written as floats whatever the storage */
};

static double plane(vg_i32 width, vg_i32 height)
{
    return (double)width * height;
}

/* ---- convolutions ---- */

/* multiply-adds for each value of y, of the convolutions of a need */
static double products(const struct vg_tune_need *need)
{
    return (double)need->size_y * need->size_x * need->channels_in / need->groups;
}

static double conv_operations(const struct vg_step *step, const struct vg_tune_need *need)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const double pixels = plane(s->width, s->height), all = pixels * need->channels_out;
    if (step->kernel == VG_KERNEL_CONV_WINO_IN || step->kernel == VG_KERNEL_GEMM_PACK)
        return 0;
    if (step->kernel == VG_KERNEL_CONV_ROW) /* one in, one out; then all into all */
        return 2 * pixels * need->channels_in * products(need) + 2 * all * need->channels_in;
    if (step->kernel == VG_KERNEL_CONV_STEM_POOL)
        return 2 * plane(step->sizes.stem.conv_width, step->sizes.stem.conv_height) *
               need->channels_out * products(need);
    return 2 * all * products(need);
}

/* Winograd F(4,3) makes 36 products of a tile of 4x4 in place of 144, F(2,3) 16 of one of 2x2 in
 * place of 36; the transforms, some tenths of them, are not counted. */
static double wino_spared(const struct vg_step *step, const struct vg_tune_need *need)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const uint32_t side = vg_conv_wino_side(step->kernel), points = (side + 2) * (side + 2);
    const double products_made = points * (double)s->tiles * need->channels_in;
    if (!side || step->kernel == VG_KERNEL_CONV_WINO_IN)
        return 0;
    return conv_operations(step, need) - 2 * products_made * need->channels_out;
}

/* the matrices of a library's product: pixels that are read, then its rows; these, then its own twice */
static void gemm_passes(const struct vg_step *step, struct cost *cost)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const double pixels = plane(s->width, s->height), rows = (s->x_channels + 3) / 4 * 4;
    if (step->kernel == VG_KERNEL_GEMM_PACK) {
        cost->values = pixels * s->x_channels;
        cost->floats = pixels * rows;
    } else {
        cost->values -= plane(s->x_width, s->x_height) * s->x_channels;
        cost->floats = pixels * (rows + 2.0 * (double)vg_conv_bias_count(&step->conv));
    }
}

static struct cost conv_cost(const struct vg_step *step, const struct vg_tune_need *need)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const double x = plane(s->x_width, s->x_height) * s->x_channels;
    const double y = plane(s->width, s->height) * s->y_channels;
    const double x2 = s->x2_width ? plane(s->x2_width, s->x2_height) * s->y_channels : 0;
    const double between = 36 * (double)s->tiles * s->x_channels; /* of two kernels */
    struct cost cost = {.operations = conv_operations(step, need),
                        .values = x + y + x2,
                        .spared = wino_spared(step, need)};
    if (step->conv.y_channels)
        cost.weights +=
            (double)(vg_conv_weights_count(&step->conv) + vg_conv_bias_count(&step->conv));
    if (step->depthwise.channels)
        cost.weights += (double)(vg_depthwise_weights_count(&step->depthwise) +
                                 vg_depthwise_bias_count(&step->depthwise));
    if (step->kernel == VG_KERNEL_CONV_WINO_IN)
        cost.values = x + between;
    if (step->kernel == VG_KERNEL_CONV_WINO_MUL)
        cost.values = between + y + x2;
    if (step->kernel == VG_KERNEL_GEMM_PACK || step->kernel == VG_KERNEL_GEMM_UNPACK)
        gemm_passes(step, &cost);
    return cost;
}

/* Where the processor has dot products of bytes, four multiply-adds count as one; the depthwise
 * kernel makes its own in floats, one by one. */
static double int8_spared(const struct vg_step *step, double operations)
{
    const int dots =
        step->kernel != VG_KERNEL_CONV_INT8_DEPTHWISE && step->int8.build.lane != VG_INT8_PLAIN;
    return dots ? 0.75 * operations : 0;
}

/* over bytes: four of them count as one value */
static struct cost int8_conv_cost(const struct vg_step *step, const struct vg_tune_need *need)
{
    const struct vg_int8_sizes *s = &step->sizes.int8;
    const struct vg_int8_shape shape = {step->kernel, &step->int8.build, step->int8.x_channels,
                                        step->int8.y_channels};
    const double y = plane(s->width, s->height) * need->channels_out;
    const double x = plane(s->x_width, s->x_height) * need->channels_in;
    const struct vg_int8_stem_sizes *stem = &step->sizes.int8_stem;
    const double made = step->kernel == VG_KERNEL_CONV_INT8_STEM_POOL
                            ? plane(stem->conv_width, stem->conv_height) * need->channels_out
                            : y;
    const double x2 = s->x2_width ? plane(s->x2_width, s->x2_height) * need->channels_out : 0;
    const double operations = 2 * made * products(need);
    return (struct cost){
        .operations = operations,
        .spared = int8_spared(step, operations),
        .values = (x + x2) / 4 + (step->int8.build.output == VG_INT8_FLOATS ? y : y / 4),
        .weights = (double)(vg_int8_weights_count(&shape) + vg_int8_lanes_count(&shape))};
}

/* sizes of a second term and of y, in any kernel */
static const char *second_text(vg_i32 x2_width, vg_i32 x2_height, vg_i32 width, vg_i32 height)
{
    if (!x2_width)
        return "";
    return x2_width == width && x2_height == height ? " +sum" : " +up";
}

static const char *part_text(const struct vg_step *step)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const struct vg_int8_sizes *bytes = &step->sizes.int8;
    if (step->int8.y_channels)
        return second_text(bytes->x2_width, bytes->x2_height, bytes->width, bytes->height);
    if (step->kernel == VG_KERNEL_GEMM_PACK)
        return " pack";
    return step->kernel == VG_KERNEL_CONV_WINO_IN ? " in"
           : step->kernel == VG_KERNEL_CONV_WINO_MUL || step->kernel == VG_KERNEL_GEMM_UNPACK
               ? " mul"
               : second_text(s->x2_width, s->x2_height, s->width, s->height);
}

static void conv_name(const struct vg_plan *plan, const struct vg_step *step,
                      struct vg_step_time *time)
{
    const struct vg_plan_choice *choice = &plan->choice[step->choice];
    const struct vg_tune_need *need = &choice->need;
    const char *part = part_text(step);
    char name[256];
    (void)snprintf(name, sizeof name, "%s %ux%u/%u %u>%u %ux%u %s%s", need->op, need->size_y,
                   need->size_x, need->stride_y, need->channels_in, need->channels_out, need->width,
                   need->height, vg_conv_row(choice->row)->name, part);
    (void)snprintf(time->name, sizeof time->name, "%.63s", name);
}

/* ---- the others ---- */

static struct cost map_cost(const struct vg_step *step)
{
    const struct vg_map_sizes *s = &step->sizes.map;
    const double out = plane(s->width, s->height) * s->channels;
    struct cost cost = {
        .operations = out,
        .values = out + (plane(s->x_width, s->x_height) + plane(s->x2_width, s->x2_height)) *
                            s->channels};
    if (step->kernel == VG_KERNEL_POOL)
        cost.operations = out * s->size_y * s->size_x;
    else if (step->kernel == VG_KERNEL_PLANE_MEAN)
        cost.operations = plane(s->x_width, s->x_height) * s->channels;
    else if (step->kernel == VG_KERNEL_COPY_CHANNELS || step->kernel == VG_KERNEL_SPACE_TO_DEPTH) {
        cost.operations = 0;
        cost.values = 2 * out;
    }
    return cost;
}

/* Whole blocks; four bytes count as one value. */
static struct cost int8_map_cost(const struct vg_step *step, struct vg_step_time *time)
{
    const struct vg_int8_sizes *s = &step->sizes.int8;
    const uint32_t channels = (uint32_t)step->work[1] * VG_BLOCK;
    const double out = plane(s->width, s->height) * channels;
    const double in =
        (plane(s->x_width, s->x_height) + plane(s->x2_width, s->x2_height)) * channels;
    struct cost cost = {.operations = out, .values = (in + out) / 4};
    if (step->kernel == VG_KERNEL_MAX_POOL_INT8)
        cost.operations = out * s->size_y * s->size_x;
    else if (step->kernel == VG_KERNEL_QUANTISE_INT8)
        cost.values = in + out / 4;
    else if (step->kernel == VG_KERNEL_DEQUANTISE_INT8)
        cost.values = in / 4 + out;
    (void)snprintf(time->name, sizeof time->name, "%s %u %dx%d", time->kernel, channels, s->width,
                   s->height);
    return cost;
}

static void map_name(const struct vg_step *step, struct vg_step_time *time)
{
    const struct vg_map_sizes *s = &step->sizes.map;
    char window[64] = "", name[256];
    if (step->kernel == VG_KERNEL_POOL)
        (void)snprintf(window, sizeof window, " %dx%d/%d", s->size_y, s->size_x, s->stride_y);
    (void)snprintf(name, sizeof name, "%s%s %d %dx%d", time->kernel, window, s->channels, s->width,
                   s->height);
    (void)snprintf(time->name, sizeof time->name, "%.63s", name);
}

static struct cost prepare_cost(const struct vg_step *step, struct vg_step_time *time)
{
    const struct vg_prepare_sizes *s = &step->sizes.prepare;
    (void)snprintf(time->name, sizeof time->name, "%s %dx%d", time->kernel, s->width, s->height);
    return (struct cost){.values = 3 * plane(s->width, s->height)};
}

static struct cost boxes_cost(const struct vg_step *step, struct vg_step_time *time)
{
    const struct vg_boxes_sizes *s = &step->sizes.boxes;
    const double values = s->classes + (s->bins ? 4 * s->bins : 4);
    (void)snprintf(time->name, sizeof time->name, "%s %dx%d", time->kernel, s->width, s->height);
    return (struct cost){.values = plane(s->width, s->height) * values};
}

void vg_step_cost(const struct vg_plan *plan, uint32_t index, uint32_t pictures,
                  struct vg_step_time *time)
{
    const struct vg_step *step = &plan->step[index];
    struct cost cost;
    *time = (struct vg_step_time){.kernel = vg_kernel_rows[step->kernel].name};
    if (step->choice != VG_PLAN_NO_CHOICE) {
        conv_name(plan, step, time);
        cost = step->int8.y_channels ? int8_conv_cost(step, &plan->choice[step->choice].need)
                                     : conv_cost(step, &plan->choice[step->choice].need);
    } else if (index < plan->net_first) {
        cost = prepare_cost(step, time);
    } else if (index >= plan->net_end) {
        cost = boxes_cost(step, time);
    } else if (step->kernel >= VG_KERNEL_MAX_POOL_INT8) {
        cost = int8_map_cost(step, time);
    } else {
        map_name(step, time);
        cost = map_cost(step);
    }
    time->gflop = 1e-9 * cost.operations * pictures;
    time->needed_gflop = 1e-9 * (cost.operations - cost.spared) * pictures;
    const double value_bytes = plan->settings.storage == VG_STORAGE_HALF ? 2 : 4;
    time->mbytes = 1e-6 * ((value_bytes * cost.values + sizeof(float) * cost.floats) * pictures +
                           sizeof(float) * cost.weights);
}
