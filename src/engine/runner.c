#include "src/engine/runner.h"

#include <assert.h>
#include <string.h>

#include "models/model_pixels.h"
#include "models/model_prune.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/code_pages.h"
#include "src/base/large_pages.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/engine/conv_variants.h"
#include "src/engine/device_health.h"
#include "src/engine/gemm_clblast.h"

/* for binaries that PoCL gives away only by compiling again (docs/decisions/0012) */
#define STORE_US VG_US_PER_S

static enum vg_status check(const struct vg_runner *runner, cl_int code, const char *call,
                            struct vg_fault *fault)
{
    return runner->opened ? vg_device_check_run(code, call, fault)
                          : vg_device_check(code, call, fault);
}

/* ---- buffers ---- */

/* Memory of ours for a buffer of a processor, in large pages; NULL: the device has its own. */
static void *pages_make(struct vg_runner *runner, size_t bytes)
{
    struct vg_runner_pages *pages = &runner->pages[runner->pages_count];
    if (runner->device.info.kind != VG_DEVICE_CPU || bytes < VG_LARGE_PAGE_BYTES ||
        runner->pages_count == VG_RUNNER_PAGES_MAX)
        return NULL;
    pages->memory = vg_large_pages_alloc(bytes);
    pages->bytes = bytes;
    runner->pages_count += pages->memory != NULL;
    return pages->memory;
}

static enum vg_status buffer_make(struct vg_runner *runner, uint64_t bytes, cl_mem *out,
                                  struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    if (bytes > runner->device.info.allocation_bytes_max)
        return vg_fault_set(fault, VG_E_MEMORY, N_("the device lacks memory"),
                            N_("use a smaller batch or a smaller input"), "%llu MB",
                            (unsigned long long)(bytes >> 20));
    void *pages = pages_make(runner, (size_t)bytes);
    *out = clCreateBuffer(runner->device.context,
                          CL_MEM_READ_WRITE |
                              (cl_mem_flags)(pages ? CL_MEM_USE_HOST_PTR : CL_MEM_ALLOC_HOST_PTR),
                          (size_t)bytes, pages, &code);
    return vg_device_check(code, "clCreateBuffer", fault);
}

static enum vg_status buffers_make(struct vg_runner *runner, uint64_t pixels_bytes,
                                   struct vg_fault *fault)
{
    const struct vg_plan *plan = runner->plan;
    const uint64_t batch = plan->settings.batch_max;
    const struct {
        cl_mem *memory;
        uint64_t bytes;
    } rows[] = {
        {&runner->arena, plan->arena_bytes * batch},
        {&runner->weights, (plan->weights_floats + 1) * sizeof(float)},
        {&runner->scratch, (plan->scratch_floats + 1) * sizeof(float)},
        {&runner->pixels, pixels_bytes},
        {&runner->jobs, batch * sizeof(struct vg_device_job)},
        {&runner->classes, VG_MODEL_CLASSES_MAX * sizeof(vg_i32)},
        {&runner->counts, batch * sizeof(vg_i32)},
        {&runner->candidates, batch * plan->candidates_max * sizeof(struct vg_candidate)},
        {&runner->strongest, plan->candidates_max * sizeof(struct vg_candidate)},
    };
    runner->pixels_bytes = pixels_bytes;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const enum vg_status status = buffer_make(runner, rows[i].bytes, rows[i].memory, fault);
        if (status)
            return status;
    }
    /* so that the first look at a tensor finds numbers, also in lanes that nobody uses */
    const float zero = 0;
    const cl_int code = clEnqueueFillBuffer(runner->device.queue, runner->arena, &zero, sizeof zero,
                                            0, plan->arena_bytes * batch, 0, NULL, NULL);
    return vg_device_check(code, "clEnqueueFillBuffer", fault);
}

static enum vg_status map(struct vg_runner *runner, cl_mem memory, size_t bytes, void **out,
                          struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    *out = clEnqueueMapBuffer(runner->device.queue, memory, CL_TRUE, CL_MAP_WRITE, 0, bytes, 0,
                              NULL, NULL, &code);
    return vg_device_check(code, "clEnqueueMapBuffer", fault);
}

static enum vg_status unmap(struct vg_runner *runner, cl_mem memory, void *mapped,
                            struct vg_fault *fault)
{
    return vg_device_check(
        clEnqueueUnmapMemObject(runner->device.queue, memory, mapped, 0, NULL, NULL),
        "clEnqueueUnmapMemObject", fault);
}

/* The numbers of a convolution, a row for each output channel. */
struct conv_rows {
    const float *weights, *bias, *steps, *int8_bias; /* the last two: of a model in 8 bits */
    float *own;                                      /* vg_free it */
};

static enum vg_status rows_take(const struct vg_runner_settings *settings, uint32_t index,
                                struct conv_rows *rows, struct vg_fault *fault)
{
    const struct vg_model *model = settings->model;
    const struct vg_node *node = &model->node[index];
    const float *w = model->weights;
    *rows = (struct conv_rows){w + node->weight_first, w + node->bias_first, w + node->step_first,
                               w + node->int8_bias_first, NULL};
    if (!settings->pruned || settings->pruned->row_first[index] == VG_MODEL_NONE)
        return VG_OK;
    const size_t count = model->tensor[node->out].channels;
    const size_t each =
        (size_t)model->tensor[node->in[0]].channels * node->window.size_y * node->window.size_x;
    rows->own = vg_alloc_array(count, (each + 3) * sizeof *rows->own);
    if (!rows->own)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    const struct {
        const float **part;
        size_t each;
    } parts[] = {
        {&rows->weights, each}, {&rows->bias, 1}, {&rows->steps, 1}, {&rows->int8_bias, 1}};
    float *to = rows->own;
    for (size_t i = 0; i < (node->step_first ? 4 : 2); i++) {
        vg_pruned_rows(settings->pruned, index, *parts[i].part, parts[i].each, to);
        *parts[i].part = to;
        to += count * parts[i].each;
    }
    return VG_OK;
}

/* The weights of a dense convolution whose input's channels lie in another order, in that order. */
static void weights_order(const struct vg_conv_shape *shape, const uint32_t *order,
                          const float *weights, float *ordered)
{
    const size_t window = (size_t)shape->size_y * shape->size_x, channels = shape->x_channels;
    for (size_t o = 0; o < shape->y_channels; o++)
        for (size_t c = 0; c < channels; c++)
            memcpy(ordered + (o * channels + c) * window,
                   weights + (o * channels + order[c]) * window, window * sizeof *weights);
}

static void depthwise_pack(const struct vg_model *model, const struct vg_step *step, float *w)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const int pair = step->kernel == VG_KERNEL_CONV_ROW;
    const struct vg_node *node = &model->node[pair ? step->first : step->node];
    vg_depthwise_pack(&step->depthwise, model->weights + node->weight_first,
                      model->weights + node->bias_first,
                      w + (pair ? step->sizes.row.first_w : s->w_first),
                      w + (pair ? step->sizes.row.first_bias : s->bias_first));
}

static enum vg_status dense_pack(const struct vg_runner_settings *settings,
                                 const struct vg_step *step, float *w, struct vg_fault *fault)
{
    const struct vg_model *model = settings->model;
    const struct vg_conv_shape *shape = &step->conv;
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const uint32_t index = model->node[step->node].op == VG_OP_CONV ? step->node : step->first;
    struct conv_rows rows;
    float *ordered = NULL;
    enum vg_status status = rows_take(settings, index, &rows, fault);
    if (status)
        return status;
    if (step->order_first != VG_PLAN_NO_WORD) {
        ordered = vg_alloc_array((size_t)shape->y_channels * shape->x_channels,
                                 (size_t)shape->size_y * shape->size_x * sizeof *ordered);
        if (!ordered) {
            status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
            goto done;
        }
        weights_order(shape, settings->plan->word + step->order_first, rows.weights, ordered);
    }
    vg_conv_pack(shape, ordered ? ordered : rows.weights, rows.bias, w + s->w_first,
                 w + s->bias_first);
done:
    vg_free(ordered);
    vg_free(rows.own);
    return status;
}

/* the convolution of a step over bytes */
static const struct vg_node *int8_node(const struct vg_model *model, const struct vg_step *step)
{
    return &model->node[step->first == VG_PLAN_NO_NODE ? step->node : step->first];
}

/* What the input's bytes of a step stand for; ratio, mean: room for each channel, used for pixels. */
static struct vg_int8_input int8_input(const struct vg_plan *plan, const struct vg_model *model,
                                       const struct vg_step *step, float *ratio, float *mean)
{
    struct vg_int8_input input = {.step = step->int8.x_step, .zero = step->int8.x_zero};
    const uint32_t x = int8_node(model, step)->in[0];
    float three[3];
    if (!plan->place[x].pixels)
        return input;
    (void)vg_model_input_ratio(model, three);
    for (uint32_t i = 0; i < step->int8.x_channels; i++) {
        const uint32_t *order = plan->word + step->order_first;
        const uint32_t c = step->order_first == VG_PLAN_NO_WORD ? i : order[i];
        const uint32_t from = c == VG_PLAN_NO_WORD ? 0 : vg_model_pixel_plane(model, x, c);
        ratio[i] = three[from];
        mean[i] = model->mean[from];
    }
    input.ratio = ratio;
    input.mean = mean;
    return input;
}

/* As weights_order, where some of the channels that are read are none of the model's. */
static void int8_order(const struct vg_plan *plan, const struct vg_model *model,
                       const struct vg_step *step, const float *weights, float *ordered)
{
    const struct vg_node *node = int8_node(model, step);
    const size_t taps = (size_t)node->window.size_y * node->window.size_x;
    const size_t from = model->tensor[node->in[0]].channels, to = step->int8.x_channels;
    for (size_t o = 0; o < step->int8.y_channels; o++)
        for (size_t i = 0; i < to; i++) {
            const uint32_t c = plan->word[step->order_first + i];
            if (c != VG_PLAN_NO_WORD)
                memcpy(ordered + (o * to + i) * taps, weights + (o * from + c) * taps,
                       taps * sizeof *weights);
        }
}

static enum vg_status int8_pack(const struct vg_runner_settings *settings,
                                const struct vg_step *step, float *w, struct vg_fault *fault)
{
    const struct vg_plan *plan = settings->plan;
    const struct vg_model *model = settings->model;
    const struct vg_int8_shape shape = {step->kernel, &step->int8.build, step->int8.x_channels,
                                        step->int8.y_channels};
    const struct vg_node *node = int8_node(model, step);
    const size_t taps = (size_t)node->window.size_y * node->window.size_x;
    const size_t depth = step->kernel == VG_KERNEL_CONV_INT8_DEPTHWISE ? 1 : shape.x_channels;
    struct conv_rows rows;
    enum vg_status status = rows_take(settings, (uint32_t)(node - model->node), &rows, fault);
    if (status)
        return status;
    float *ordered = vg_alloc_array(shape.y_channels * depth, taps * sizeof *ordered);
    int8_t *rounded = vg_alloc_array(shape.y_channels * depth, taps);
    float *ratio = vg_alloc_array((size_t)2 * shape.x_channels, sizeof *ratio);
    const float *weights = rows.weights;
    if (!ordered || !rounded || !ratio) {
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
        goto done;
    }
    if (step->order_first != VG_PLAN_NO_WORD) {
        int8_order(plan, model, step, weights, ordered);
        weights = ordered;
    }
    const struct vg_int8_input input =
        int8_input(plan, model, step, ratio, ratio + shape.x_channels);
    vg_int8_round(&shape, &input, weights, rows.steps, rounded);
    vg_int8_pack(&shape, &input, rounded, rows.steps, rows.int8_bias, w + step->sizes.int8.w_first,
                 w + step->sizes.int8.lanes_first);
done:
    vg_free(ordered);
    vg_free(rounded);
    vg_free(ratio);
    vg_free(rows.own);
    return status;
}

static vg_i32 table_of(const struct vg_step *step)
{
    if (step->kernel == VG_KERNEL_COPY_CHANNELS)
        return step->sizes.map.table_first;
    if (step->kernel == VG_KERNEL_COPY_CHANNELS_INT8 || step->int8.y_channels)
        return step->sizes.int8.table_first;
    return step->sizes.conv.table_first;
}

static enum vg_status step_pack(const struct vg_runner_settings *settings,
                                const struct vg_step *step, float *w, struct vg_fault *fault)
{
    if (step->table_first != VG_PLAN_NO_WORD)
        memcpy(w + table_of(step), settings->plan->word + step->table_first,
               step->table_count * sizeof *w);
    if (step->int8.y_channels)
        return int8_pack(settings, step, w, fault);
    if (step->depthwise.channels)
        depthwise_pack(settings->model, step, w);
    return step->conv.y_channels ? dense_pack(settings, step, w, fault) : VG_OK;
}

/* The run of floats is another's too; which it is wholly or not at all (model_check.c). */
static bool is_shared(const struct vg_model *model, uint32_t index)
{
    const uint64_t first = model->node[index].weight_first;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *n = &model->node[i];
        if (n->op == VG_OP_CONV &&
            ((i != index && n->weight_first == first) || n->bias_first == first ||
             (n->step_first && (n->step_first == first || n->int8_bias_first == first))))
            return true;
    }
    return false;
}

/* The weights of a node, unless they are others' too. */
static void node_forget(struct vg_model *model, uint32_t index)
{
    const struct vg_node *node = index == VG_PLAN_NO_NODE ? NULL : &model->node[index];
    if (!node || node->op != VG_OP_CONV || is_shared(model, index))
        return;
    const size_t each = (size_t)model->tensor[node->in[0]].channels / node->groups *
                        node->window.size_y * node->window.size_x;
    vg_alloc_forget(model->weights + node->weight_first,
                    each * model->tensor[node->out].channels * sizeof *model->weights);
}

static enum vg_status weights_upload(struct vg_runner *runner,
                                     const struct vg_runner_settings *settings,
                                     struct vg_fault *fault)
{
    void *mapped = NULL;
    const struct vg_plan *plan = runner->plan;
    const size_t bytes = plan->weights_floats * sizeof(float);
    if (!bytes)
        return VG_OK;
    enum vg_status status = map(runner, runner->weights, bytes, &mapped, fault);
    if (status)
        return status;
    float *w = mapped;
    for (uint32_t i = plan->net_first; i < plan->net_end && !status; i++) {
        const struct vg_step *step = &plan->step[i];
        status = step_pack(settings, step, w, fault);
        if (status || !settings->weights_from || step->kernel == VG_KERNEL_CONV_WINO_IN ||
            step->kernel == VG_KERNEL_GEMM_PACK)
            continue;
        node_forget(settings->weights_from, step->node);
        node_forget(settings->weights_from, step->first);
    }
    if (settings->weights_from)
        vg_model_weights_drop(settings->weights_from);
    const enum vg_status unmapped = unmap(runner, runner->weights, mapped, fault);
    return status ? status : unmapped;
}

/* classes, and jobs of no pixels with a threshold that nothing reaches */
static enum vg_status tables_upload(struct vg_runner *runner, const struct vg_model *model,
                                    struct vg_fault *fault)
{
    void *mapped = NULL;
    const size_t batch = runner->plan->settings.batch_max;
    enum vg_status status =
        map(runner, runner->classes, VG_MODEL_CLASSES_MAX * sizeof(vg_i32), &mapped, fault);
    if (status)
        return status;
    for (uint32_t i = 0; i < VG_MODEL_CLASSES_MAX; i++)
        ((vg_i32 *)mapped)[i] = i < model->class_count ? (vg_i32)model->class_map[i] : -1;
    status = unmap(runner, runner->classes, mapped, fault);
    if (!status)
        status = map(runner, runner->jobs, batch * sizeof(struct vg_device_job), &mapped, fault);
    if (status)
        return status;
    memset(mapped, 0, batch * sizeof(struct vg_device_job));
    for (size_t i = 0; i < batch; i++)
        ((struct vg_device_job *)mapped)[i].threshold = 2;
    status = unmap(runner, runner->jobs, mapped, fault);
    if (!status)
        status = map(runner, runner->counts, batch * sizeof(vg_i32), &mapped, fault);
    if (status)
        return status;
    memset(mapped, 0, batch * sizeof(vg_i32));
    return unmap(runner, runner->counts, mapped, fault);
}

/* ---- kernels ---- */

static const cl_mem *memory_of(const struct vg_runner *runner, enum vg_arg arg)
{
    switch (arg) {
    case VG_ARG_X:
    case VG_ARG_X2:
    case VG_ARG_X3:
    case VG_ARG_Y:
        return &runner->arena;
    case VG_ARG_WEIGHTS:
        return &runner->weights;
    case VG_ARG_PIXELS:
        return &runner->pixels;
    case VG_ARG_JOBS:
        return &runner->jobs;
    case VG_ARG_CLASSES:
        return &runner->classes;
    case VG_ARG_COUNTS:
        return &runner->counts;
    case VG_ARG_CANDIDATES:
        return &runner->candidates;
    case VG_ARG_SCRATCH:
        return &runner->scratch;
    case VG_ARG_NONE:
    case VG_ARG_OUT:
    case VG_ARG_MAP_JOBS:
    case VG_ARG_MAPS:
    case VG_ARG_SIZES:
    case VG_ARG_LOCAL:
        break;
    }
    return NULL;
}

static enum vg_status args_set(struct vg_runner *runner, uint32_t index, struct vg_fault *fault)
{
    const struct vg_step *step = &runner->plan->step[index];
    const struct vg_kernel_row *row = &vg_kernel_rows[step->kernel];
    for (cl_uint i = 0; row->arg[i] != VG_ARG_NONE; i++) {
        cl_int code;
        if (row->arg[i] == VG_ARG_SIZES)
            code = clSetKernelArg(runner->kernel[index], i, row->sizes_bytes, &step->sizes);
        else if (row->arg[i] == VG_ARG_LOCAL)
            code = clSetKernelArg(runner->kernel[index], i, step->local_bytes, NULL);
        else
            code = clSetKernelArg(runner->kernel[index], i, sizeof(cl_mem),
                                  memory_of(runner, row->arg[i]));
        const enum vg_status status = vg_device_check(code, "clSetKernelArg", fault);
        if (status)
            return status;
    }
    return VG_OK;
}

/* The first of the steps that can be launched by themselves: beside a persistent kernel those of
 * boxes, for vg_runner_enqueue_strip. */
static uint32_t alone_first(const struct vg_runner *runner)
{
    return runner->persistent.kernel ? runner->plan->net_end : 0;
}

static enum vg_status kernels_make(struct vg_runner *runner, struct vg_fault *fault)
{
    const struct vg_plan *plan = runner->plan;
    runner->kernel = vg_alloc_array(plan->step_count, sizeof(cl_kernel));
    if (!runner->kernel)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    for (uint32_t i = alone_first(runner); i < plan->step_count; i++) {
        enum vg_status status =
            vg_programs_kernel(&runner->programs, plan->step[i].kernel, plan->step[i].options,
                               &runner->kernel[i], fault);
        if (!status)
            status = args_set(runner, i, fault);
        if (status)
            return status;
    }
    return VG_OK;
}

/* Some count tiles or pixels through the whole batch, so they must know how many pictures it has. */
static int counts_pictures(enum vg_kernel kernel)
{
    return vg_conv_wino_side(kernel) || vg_conv_tiled(kernel) || kernel == VG_KERNEL_GEMM_PACK ||
           kernel == VG_KERNEL_GEMM_UNPACK;
}

static enum vg_status pictures_set(struct vg_runner *runner, uint32_t pictures,
                                   struct vg_fault *fault)
{
    if (runner->pictures == pictures)
        return VG_OK;
    for (uint32_t i = 0; i < runner->plan->step_count; i++) {
        const struct vg_step *step = &runner->plan->step[i];
        if (!counts_pictures(step->kernel))
            continue;
        struct vg_conv_sizes sizes = step->sizes.conv;
        sizes.pictures = (vg_i32)pictures;
        cl_uint at = 0;
        while (vg_kernel_rows[step->kernel].arg[at] != VG_ARG_SIZES)
            at++;
        const enum vg_status status =
            check(runner, clSetKernelArg(runner->kernel[i], at, sizeof sizes, &sizes),
                  "clSetKernelArg", fault);
        if (status)
            return status;
    }
    runner->pictures = pictures;
    return VG_OK;
}

/* What gemm_pack leaves at the scratch's start, by the weights, to where gemm_unpack looks for it;
 * whose memory it is is left to the caller. */
static struct vg_gemm product_of(const struct vg_step *step, uint32_t pictures)
{
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const size_t depth = (size_t)s->x_channels, length = (depth + 3) / 4 * 4;
    struct vg_gemm gemm = {.rows = (size_t)s->width * (size_t)s->height * pictures,
                           .columns = vg_conv_bias_count(&step->conv),
                           .depth = depth};
    gemm.a = (struct vg_gemm_matrix){NULL, 0, length};
    gemm.b = (struct vg_gemm_matrix){NULL, (size_t)s->w_first, gemm.columns};
    gemm.c = (struct vg_gemm_matrix){NULL, gemm.rows * length, gemm.columns};
    return gemm;
}

static enum vg_status product_enqueue(const struct vg_runner *runner, const struct vg_step *step,
                                      uint32_t pictures, struct vg_fault *fault)
{
    struct vg_gemm gemm = product_of(step, pictures);
    gemm.a.memory = gemm.c.memory = runner->scratch;
    gemm.b.memory = runner->weights;
    return check(runner, vg_gemm_enqueue(&gemm, runner->device.queue), VG_GEMM_CALL, fault);
}

static enum vg_status step_enqueue(struct vg_runner *runner, uint32_t index, uint32_t pictures,
                                   cl_event *event, struct vg_fault *fault)
{
    const struct vg_step *step = &runner->plan->step[index];
    const struct vg_kernel_row *row = &vg_kernel_rows[step->kernel];
    const size_t group[3] = {step->group_items, 1, 1};
    size_t work[3];
    vg_step_work(step, pictures, work);
    if (step->kernel == VG_KERNEL_GEMM_UNPACK) {
        const enum vg_status status = product_enqueue(runner, step, pictures, fault);
        if (status)
            return status;
    }
    return check(runner,
                 clEnqueueNDRangeKernel(runner->device.queue, runner->kernel[index],
                                        row->dimensions, NULL, work, group, 0, NULL, event),
                 row->name, fault);
}

static void range_check(const struct vg_runner *runner, uint32_t first, uint32_t end,
                        uint32_t pictures)
{
    assert(pictures && pictures <= runner->plan->settings.batch_max);
    assert(first < end && end <= runner->plan->step_count);
    (void)runner, (void)first, (void)end, (void)pictures;
}

enum vg_status vg_runner_enqueue(struct vg_runner *runner, uint32_t first, uint32_t end,
                                 uint32_t pictures, cl_event *event, struct vg_fault *fault)
{
    range_check(runner, first, end, pictures);
    if (runner->persistent.kernel)
        return check(runner,
                     vg_persistent_enqueue(&runner->persistent, runner->device.queue, runner->plan,
                                           first, end, pictures, event),
                     "persistent", fault);
    enum vg_status status = pictures_set(runner, pictures, fault);
    for (uint32_t i = first; i < end && !status; i++)
        status = step_enqueue(runner, i, pictures, i + 1 == end ? event : NULL, fault);
    return status;
}

enum vg_status vg_runner_enqueue_timed(struct vg_runner *runner, uint32_t first, uint32_t end,
                                       uint32_t pictures, cl_event *events, struct vg_fault *fault)
{
    range_check(runner, first, end, pictures);
    assert(!runner->persistent.kernel);
    enum vg_status status = pictures_set(runner, pictures, fault);
    for (uint32_t i = first; i < end && !status; i++)
        status = step_enqueue(runner, i, pictures, &events[i - first], fault);
    return status;
}

enum vg_status vg_runner_enqueue_strip(struct vg_runner *runner, uint32_t index, uint32_t picture,
                                       uint32_t first, uint32_t cells, struct vg_fault *fault)
{
    const struct vg_step *step = &runner->plan->step[index];
    const struct vg_kernel_row *row = &vg_kernel_rows[step->kernel];
    const vg_i32 zero = 0;
    assert(index >= runner->plan->net_end && first % row->group_items == 0);
    const size_t offset[2] = {first, picture}, group[2] = {row->group_items, 1};
    const size_t work[2] = {vg_kernel_work(step->kernel, cells), 1};
    const enum vg_status status =
        check(runner,
              clEnqueueFillBuffer(runner->device.queue, runner->counts, &zero, sizeof zero,
                                  picture * sizeof zero, sizeof zero, 0, NULL, NULL),
              "clEnqueueFillBuffer", fault);
    return status
               ? status
               : check(runner,
                       clEnqueueNDRangeKernel(runner->device.queue, runner->kernel[index],
                                              row->dimensions, offset, work, group, 0, NULL, NULL),
                       row->name, fault);
}

enum vg_status vg_runner_finish(struct vg_runner *runner, struct vg_fault *fault)
{
    return check(runner, clFinish(runner->device.queue), "clFinish", fault);
}

enum vg_status vg_runner_weights_digest(struct vg_runner *runner, uint8_t digest[VG_SHA256_BYTES],
                                        struct vg_fault *fault)
{
    const size_t bytes = runner->plan->weights_floats * sizeof(float);
    cl_int code = CL_SUCCESS;
    void *mapped = clEnqueueMapBuffer(runner->device.queue, runner->weights, CL_TRUE, CL_MAP_READ,
                                      0, bytes, 0, NULL, NULL, &code);
    const enum vg_status status = check(runner, code, "clEnqueueMapBuffer", fault);
    if (status)
        return status;
    vg_sha256(mapped, bytes, digest);
    return check(
        runner,
        clEnqueueUnmapMemObject(runner->device.queue, runner->weights, mapped, 0, NULL, NULL),
        "clEnqueueUnmapMemObject", fault);
}

/* ---- open ---- */

void vg_runner_init(struct vg_runner *runner, struct vg_device device, enum vg_runner_form form,
                    struct vg_programs_listener *listener)
{
    memset(runner, 0, sizeof *runner);
    runner->form = form;
    runner->device = device;
    vg_program_cache_init(&runner->cache, NULL);
    vg_programs_init(&runner->programs, &runner->device);
    runner->programs.cache = &runner->cache;
    runner->programs.listener = listener;
}

/* each program of the steps from `first` on once, in their order */
static uint32_t wants_list(const struct vg_plan *plan, uint32_t first,
                           struct vg_program_want *wants)
{
    uint32_t count = 0;
    for (uint32_t i = first; i < plan->step_count; i++) {
        const struct vg_step *step = &plan->step[i];
        uint32_t k = 0;
        while (k < count &&
               (wants[k].kernel != step->kernel || strcmp(wants[k].options, step->options) != 0))
            k++;
        if (k == count)
            wants[count++] = (struct vg_program_want){step->kernel, step->options};
    }
    return count;
}

static enum vg_status alone_build(struct vg_runner *runner, const struct vg_plan *plan,
                                  uint32_t first, struct vg_fault *fault)
{
    struct vg_program_want *wants = vg_alloc_array(plan->step_count, sizeof *wants);
    if (!wants)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    const uint32_t count = wants_list(plan, first, wants);
    const enum vg_status status = vg_programs_build(&runner->programs, wants, count, fault);
    vg_free(wants);
    return status;
}

/* One launch where that can be. Where it cannot, each kernel is built by itself, which finds the
 * one that is refused, if it is that. */
static enum vg_status programs_build(struct vg_runner *runner, const struct vg_plan *plan,
                                     struct vg_fault *fault)
{
    struct vg_fault why = {.status = VG_OK};
    enum vg_status status;
    if (runner->form != VG_RUNNER_WHOLE || !vg_persistent_suits(&runner->device, plan))
        return alone_build(runner, plan, 0, fault);
    if (!vg_persistent_build(&runner->persistent, &runner->programs, plan, &why))
        return alone_build(runner, plan, plan->net_end, fault);
    vg_persistent_close(&runner->persistent);
    status = alone_build(runner, plan, 0, fault);
    if (!status)
        vg_log(VG_LOG_WARN, "steps are launched one by one: %s: %s", why.what, why.place);
    return status;
}

/* A step's product once, on memory of its own with anything in it. */
static cl_int product_try(const struct vg_runner *runner, const struct vg_step *step,
                          uint32_t pictures)
{
    struct vg_gemm gemm = product_of(step, pictures);
    gemm.b.first = gemm.c.first + gemm.rows * gemm.columns; /* behind the scratch */
    const size_t floats = gemm.b.first + gemm.depth * gemm.columns;
    cl_int code = CL_SUCCESS;
    cl_mem memory = clCreateBuffer(runner->device.context, CL_MEM_READ_WRITE,
                                   floats * sizeof(float), NULL, &code);
    if (code != CL_SUCCESS)
        return code;
    gemm.a.memory = gemm.b.memory = gemm.c.memory = memory;
    code = vg_gemm_enqueue(&gemm, runner->device.queue);
    const cl_int finished = clFinish(runner->device.queue);
    (void)clReleaseMemObject(memory);
    return code == CL_SUCCESS ? finished : code;
}

/* A library compiles at the first product of a shape, and has other kernels for larger ones: here,
 * where the plan can still be another, not while pictures wait. */
static enum vg_status products_try(const struct vg_runner *runner, const struct vg_plan *plan,
                                   uint32_t *row, struct vg_fault *fault)
{
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct vg_step *step = &plan->step[i];
        if (step->kernel != VG_KERNEL_GEMM_UNPACK)
            continue;
        cl_int code = product_try(runner, step, plan->settings.batch_max);
        if (code == CL_SUCCESS && plan->settings.batch_max > 1)
            code = product_try(runner, step, 1);
        if (code == CL_SUCCESS)
            continue;
        if (vg_device_judge(code, VG_DEVICE_MAKING) != VG_DEVICE_LOST)
            *row = plan->choice[step->choice].row;
        return vg_device_check(code, VG_GEMM_CALL, fault);
    }
    return VG_OK;
}

enum vg_status vg_runner_build(struct vg_runner *runner, const struct vg_plan *plan, uint32_t *row,
                               struct vg_fault *fault)
{
    *row = VG_CONV_ROWS_MAX;
    const enum vg_status status = programs_build(runner, plan, fault);
    if (!status)
        return products_try(runner, plan, row, fault);
    for (uint32_t i = 0; status && i < plan->step_count; i++) {
        const struct vg_step *step = &plan->step[i];
        if (step->choice != VG_PLAN_NO_CHOICE &&
            vg_programs_refused(&runner->programs, step->kernel, step->options))
            *row = plan->choice[step->choice].row;
    }
    return status;
}

/* Compiles what is compiled at the first launch. */
static enum vg_status run_first(struct vg_runner *runner, struct vg_fault *fault)
{
    const uint32_t end = runner->plan->step_count;
    enum vg_status status = VG_OK;
    if (runner->persistent.kernel) {
        if (runner->programs.linked.state == VG_PROGRAM_BUILT)
            vg_programs_tell(&runner->programs, VG_PROGRAMS_LAUNCH, 0, 1, "persistent");
        status = vg_runner_enqueue(runner, 0, end, 1, NULL, fault);
    }
    for (uint32_t i = alone_first(runner); i < end && !status; i++) {
        const struct vg_step *step = &runner->plan->step[i];
        vg_programs_launch(&runner->programs, step->kernel, step->options);
        status = step_enqueue(runner, i, 1, NULL, fault);
    }
    return status ? status : vg_runner_finish(runner, fault);
}

static enum vg_status persistent_open(struct vg_runner *runner, struct vg_fault *fault)
{
    const struct vg_persistent_memory memory = {runner->arena,  runner->weights,   runner->scratch,
                                                runner->pixels, runner->jobs,      runner->classes,
                                                runner->counts, runner->candidates};
    if (!runner->persistent.kernel)
        return VG_OK;
    return vg_persistent_open(&runner->persistent, &runner->device, runner->plan, &memory, fault);
}

enum vg_status vg_runner_open(struct vg_runner *runner, const struct vg_runner_settings *settings,
                              struct vg_fault *fault)
{
    runner->plan = settings->plan;
    vg_code_pages_drop(); /* the compiler has done the larger part, and now the weights come */
    enum vg_status status = buffers_make(runner, settings->pixels_bytes, fault);
    if (!status)
        status = weights_upload(runner, settings, fault);
    if (!status)
        status = tables_upload(runner, settings->model, fault);
    if (!status)
        status = persistent_open(runner, fault);
    if (!status)
        status = kernels_make(runner, fault);
    if (!status)
        status = run_first(runner, fault);
    if (!status && settings->keep == VG_RUNNER_KEEPS)
        vg_programs_store(&runner->programs, STORE_US);
    vg_code_pages_drop();
    runner->programs.listener = NULL; /* was borrowed */
    runner->opened = !status;
    return status;
}

void vg_runner_close(struct vg_runner *runner)
{
    cl_mem memory[] = {runner->arena,  runner->weights,    runner->scratch,
                       runner->pixels, runner->jobs,       runner->classes,
                       runner->counts, runner->candidates, runner->strongest};
    if (runner->device.queue)
        (void)clFinish(runner->device.queue);
    for (uint32_t i = 0; runner->kernel && i < runner->plan->step_count; i++)
        if (runner->kernel[i])
            (void)clReleaseKernel(runner->kernel[i]);
    if (runner->library)
        vg_gemm_release();
    vg_free(runner->kernel);
    vg_persistent_close(&runner->persistent);
    vg_programs_release(&runner->programs);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            (void)clReleaseMemObject(memory[i]);
    for (uint32_t i = 0; i < runner->pages_count; i++)
        vg_large_pages_free(runner->pages[i].memory, runner->pages[i].bytes);
    vg_device_close(&runner->device);
    memset(runner, 0, sizeof *runner);
}
