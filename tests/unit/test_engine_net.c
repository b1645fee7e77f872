/* The engine whole, on the OpenCL device: small nets against the same nets run as their definition
 * reads, tensor by tensor and as kernels take nodes in; jobs against the twins of both ends with
 * that in between; batches, answers, refusals.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/twins_map.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/base/geometry.h"
#include "src/engine/engine.h"
#include "src/engine/letterbox.h"
#include "src/engine/nms.h"
#include "src/media/picture.h"
#include "tests/model_reference.h"
#include "tests/net_build.h"
#include "tests/small_net.h"

#define TOLERANCE 1e-4 /* float sums through some 30 layers, F(4,3) among them */

static struct vg_engine *engine_with(const struct vg_model *model,
                                     const struct vg_engine_settings *settings)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_engine *engine = NULL;
    if (vg_engine_open(&engine, model, settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    return engine;
}

static struct vg_engine *engine_open(const struct vg_model *model, uint32_t batch_max)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.batch_max = batch_max;
    settings.picture_width_max = 256;
    settings.picture_height_max = 256;
    return engine_with(model, &settings);
}

/* ---- tensors ---- */

static struct vg_reference *reference_run(const struct vg_model *model, uint32_t width,
                                          uint32_t height, const float *input)
{
    struct vg_reference *reference = calloc(1, sizeof *reference);
    assert_non_null(reference);
    assert_int_equal(vg_reference_run(model, width, height, input, reference, NULL), VG_OK);
    return reference;
}

static void reference_free(struct vg_reference *reference)
{
    vg_reference_release(reference);
    free(reference);
}

/* 0: the tensor never exists outside of a kernel; else it was compared */
static int tensor_look(struct vg_engine *engine, const struct vg_model *model,
                       const struct vg_reference *reference, uint32_t tensor)
{
    const struct vg_size size = reference->size[tensor];
    const size_t count = (size_t)model->tensor[tensor].channels * size.width * size.height;
    struct vg_fault fault = {.status = VG_OK};
    float *got = malloc(count * sizeof *got);
    double worst = 0;
    assert_non_null(got);
    const enum vg_status status = vg_engine_read_tensor(engine, tensor, got, &fault);
    for (size_t i = 0; i < count && !status; i++) {
        const double want = (double)reference->tensor[tensor][i];
        const double error = fabs((double)got[i] - want) / fmax(1, fabs(want));
        worst = error <= worst ? worst : error; /* what is no number counts as worst */
    }
    free(got);
    if (!(worst < TOLERANCE))
        print_error("tensor %u: %g off\n", tensor, worst);
    assert_true(worst < TOLERANCE);
    assert_true(status == VG_OK || (status == VG_E_CALL && fault.what));
    return status == VG_OK;
}

/* all outputs, in the layout of the source file */
static void outputs_compare(struct vg_engine *engine, const struct vg_model *model,
                            const struct vg_reference *reference)
{
    for (uint32_t i = 0; i < model->output_count; i++) {
        float *want = NULL;
        size_t count = 0;
        double worst = 0;
        assert_int_equal(vg_reference_output(model, reference, i, &want, &count), VG_OK);
        float *got = malloc(count * sizeof *got);
        assert_non_null(got);
        assert_int_equal(vg_engine_read_output(engine, i, got, NULL), VG_OK);
        for (size_t k = 0; k < count; k++) {
            const double error = fabs((double)got[k] - (double)want[k]);
            worst = error <= worst ? worst : error;
        }
        free(got);
        vg_free(want);
        if (!(worst < TOLERANCE * 10))
            print_error("output %s: %g off\n", model->output[i].name, worst);
        assert_true(worst < TOLERANCE * 10);
    }
}

struct look {
    uint32_t width, height, block, classes;
    uint32_t never; /* so many tensors never exist */
};

static void every_tensor_is_right(void **state)
{
    (void)state;
    static const struct look looks[] = {{64, 64, 16, 20, 0}, {96, 32, 8, 32, 0}};
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct vg_model *model = small_net(7, looks[i].classes);
        struct vg_engine_settings settings = vg_engine_defaults();
        settings.width = looks[i].width;
        settings.height = looks[i].height;
        settings.block = looks[i].block;
        settings.batch_max = 2;
        settings.tensors = VG_TENSORS_EVERY;
        struct vg_engine *engine = engine_with(model, &settings);
        float *input = vg_reference_picture(model, settings.width, settings.height);
        assert_non_null(input);
        struct vg_reference *reference =
            reference_run(model, settings.width, settings.height, input);
        assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
        for (uint32_t t = model->tensor_count;
             t-- > 0;) /* backwards: the outputs' places are lost */
            assert_true(tensor_look(engine, model, reference, t));
        outputs_compare(engine, model, reference); /* and are whole again */
        vg_free(input);
        reference_free(reference);
        vg_engine_close(&engine);
        assert_null(engine);
        vg_model_close(&model);
    }
}

/* As kernels take nodes in: the outputs, and each tensor that still is somewhere. */
static void what_kernels_take_in_is_right(void **state)
{
    (void)state;
    static const struct look looks[] = {{64, 64, 16, 32, 12}, {96, 32, 8, 20, 8}};
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct vg_model *model = small_net(7, looks[i].classes);
        struct vg_engine_settings settings = vg_engine_defaults();
        uint32_t never = 0;
        settings.width = looks[i].width;
        settings.height = looks[i].height;
        settings.block = looks[i].block;
        struct vg_engine *engine = engine_with(model, &settings);
        float *input = vg_reference_picture(model, settings.width, settings.height);
        assert_non_null(input);
        struct vg_reference *reference =
            reference_run(model, settings.width, settings.height, input);
        assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
        outputs_compare(engine, model, reference);
        for (uint32_t t = 0; t < model->tensor_count; t++)
            never += !tensor_look(engine, model, reference, t);
        assert_false(tensor_look(engine, model, reference, 1));  /* the stem before its pool */
        assert_false(tensor_look(engine, model, reference, 15)); /* a depthwise before its 1x1 */
        assert_int_equal(never, looks[i].never);
        outputs_compare(engine, model, reference);
        vg_free(input);
        reference_free(reference);
        vg_engine_close(&engine);
        vg_model_close(&model);
    }
}

/* A net that begins by folding its input gets it folded: that, and channels of it, can be read. */
static void a_folded_input_can_be_read(void **state)
{
    (void)state;
    for (uint32_t block = 8; block <= 16; block += 8) {
        struct net_build n;
        net_begin(&n, 3, (struct vg_size){32, 32}, 16, 4);
        const uint32_t turned = net_shuffle(&n, net_fold(&n, 0));
        const uint32_t x = net_conv(&n, turned, 16, net_square(3, 4, 1), 1)->out;
        const uint32_t scores = net_head(&n, x);
        net_output(&n, "scores", VG_LAYOUT_CELLS, scores);
        struct vg_engine_settings settings = vg_engine_defaults();
        settings.block = block;
        settings.tensors = VG_TENSORS_EVERY;
        struct vg_engine *engine = engine_with(n.model, &settings);
        float *input = vg_reference_picture(n.model, 32, 32);
        assert_non_null(input);
        struct vg_reference *reference = reference_run(n.model, 32, 32, input);
        assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
        for (uint32_t t = 1; t < n.model->tensor_count; t++)
            assert_true(tensor_look(engine, n.model, reference, t));
        assert_false(tensor_look(engine, n.model, reference, 0));
        vg_free(input);
        reference_free(reference);
        vg_engine_close(&engine);
        vg_model_close(&n.model);
    }
}

/* The input is of 4 values a pixel: whatever convolution reads it. */
static void any_convolution_reads_the_input(void **state)
{
    (void)state;
    struct net_build n;
    net_begin(&n, 5, (struct vg_size){32, 32}, 16, 4);
    const uint32_t alone = net_conv1(&n, net_depthwise(&n, 0, 1), 16);
    const uint32_t dense = net_conv3(&n, 0, 16);
    const uint32_t sum = net_two(&n, VG_OP_ADD, alone, dense)->out;
    const uint32_t scores = net_head(&n, net_conv(&n, sum, 16, net_square(3, 8, 1), 1)->out);
    net_output(&n, "scores", VG_LAYOUT_PLANES, scores);
    const struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = engine_with(n.model, &settings);
    float *input = vg_reference_picture(n.model, 32, 32);
    assert_non_null(input);
    struct vg_reference *reference = reference_run(n.model, 32, 32, input);
    assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
    outputs_compare(engine, n.model, reference);
    vg_free(input);
    reference_free(reference);
    vg_engine_close(&engine);
    vg_model_close(&n.model);
}

/* ---- jobs ---- */

#define PICTURE_WIDTH  86
#define PICTURE_HEIGHT 50
#define PITCH          96
#define CANDIDATES     4096

struct canvas {
    struct vg_picture picture;
    uint8_t bytes[PITCH * PICTURE_HEIGHT * 3 / 2];
};

static void canvas_fill(struct canvas *canvas, uint32_t seed)
{
    struct vg_random random;
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < sizeof canvas->bytes; i++)
        canvas->bytes[i] = (uint8_t)(vg_random_below(&random, 64) + (i / 7 * 3 + seed * 50) % 192);
    canvas->picture = (struct vg_picture){.luma = canvas->bytes,
                                          .chroma = canvas->bytes + PITCH * PICTURE_HEIGHT,
                                          .width = PICTURE_WIDTH,
                                          .height = PICTURE_HEIGHT,
                                          .luma_stride = PITCH,
                                          .chroma_stride = PITCH,
                                          .matrix = seed % 2 ? VG_MATRIX_BT709 : VG_MATRIX_BT601,
                                          .range = seed % 3 ? VG_RANGE_LIMITED : VG_RANGE_FULL};
}

static struct vg_job job_of(const struct canvas *canvas, uint32_t number)
{
    static const struct vg_box regions[] = {
        {0, 0, 0, 0}, {11, 7, 41, 33}, {0, 0, 85, 49}, {40, 20, 400, 400}};
    return (struct vg_job){.picture = &canvas->picture,
                           .region = regions[number % 4],
                           .rotation = (enum vg_rotation)(number / 2 % 4),
                           .threshold = 0.62f + 0.01f * (float)(number % 8),
                           .nms = 0.5f};
}

/* The prepared picture, [3][height][width], by the twin of the preparation. */
static float *prepared_input(const struct vg_model *model, const struct vg_job *job,
                             const struct vg_device_job *device)
{
    const vg_i32 width = (vg_i32)model->input_width, height = (vg_i32)model->input_height;
    const size_t cells = (size_t)width * (size_t)height;
    const struct vg_map_build build = {.block = 16};
    const struct vg_prepare_sizes sizes = {
        .y = {0, 4 * width * height, 4 * width * height, 4 * width},
        .width = width,
        .height = height,
        .red_first = model->order == VG_ORDER_RGB,
        .fill = model->fill,
        .mean = {model->mean[0], model->mean[1], model->mean[2]},
        .scale = {model->scale[0], model->scale[1], model->scale[2]}};
    float *pixels = malloc(4 * cells * sizeof *pixels),
          *planes = malloc(3 * cells * sizeof *planes);
    assert_true(pixels && planes);
    vg_twin_prepare(job->picture->luma, device, pixels, &sizes, &build, 1);
    for (size_t i = 0; i < 3 * cells; i++)
        planes[i] = pixels[i % cells * 4 + i / cells];
    free(pixels);
    return planes;
}

/* a tensor's planes as blocks of 16 without a halo; its area is set */
static float *blocked(const struct vg_model *model, const struct vg_reference *reference,
                      uint32_t tensor, struct vg_area *area)
{
    const struct vg_size size = reference->size[tensor];
    const size_t cells = (size_t)size.width * size.height;
    const uint32_t channels = model->tensor[tensor].channels, blocks = (channels + 15) / 16;
    float *values = calloc(blocks * cells * 16, sizeof *values);
    assert_non_null(values);
    for (uint32_t c = 0; c < channels; c++)
        for (size_t i = 0; i < cells; i++)
            values[(c / 16 * cells + i) * 16 + c % 16] = reference->tensor[tensor][c * cells + i];
    *area = (struct vg_area){0, (vg_i32)(blocks * cells * 16), (vg_i32)(cells * 16),
                             (vg_i32)(size.width * 16)};
    return values;
}

/* candidates of all levels, by the twin of the boxes */
static vg_i32 candidates_of(const struct vg_model *model, const struct vg_reference *reference,
                            const struct vg_device_job *job, struct vg_candidate *found)
{
    const struct vg_map_build build = {.block = 16};
    vg_i32 count = 0, cells = 0, classes[VG_MODEL_CLASSES_MAX];
    for (uint32_t i = 0; i < VG_MODEL_CLASSES_MAX; i++)
        classes[i] = (vg_i32)model->class_map[i];
    for (uint32_t i = 0; i < model->level_count; i++) {
        const struct vg_level *level = &model->level[i];
        struct vg_boxes_sizes s = {.width = (vg_i32)reference->size[level->scores].width,
                                   .height = (vg_i32)reference->size[level->scores].height,
                                   .cell_first = cells,
                                   .classes = (vg_i32)model->class_count,
                                   .bins = (vg_i32)model->bins,
                                   .candidates_max = CANDIDATES,
                                   .stride = (float)level->stride,
                                   .centre = 0.5f,
                                   .input_width = (float)model->input_width,
                                   .input_height = (float)model->input_height};
        float *scores = blocked(model, reference, level->scores, &s.scores);
        float *boxes = blocked(model, reference, level->boxes, &s.boxes);
        const struct vg_twin_head head = {.scores = scores,
                                          .boxes = boxes,
                                          .jobs = job,
                                          .classes = classes,
                                          .counts = &count,
                                          .candidates = found};
        vg_twin_boxes(VG_KERNEL_NANODET_BOXES, &head, &s, &build, 1);
        cells += s.width * s.height;
        free(scores);
        free(boxes);
    }
    assert_in_range(count, 0, CANDIDATES);
    return count;
}

/* the answer by the twins: staged as a whole picture, since the twin takes any staging */
static void twin_answer(const struct vg_model *model, const struct vg_job *job,
                        struct vg_answer *answer)
{
    struct vg_candidate *found = calloc(CANDIDATES, sizeof *found);
    struct vg_letterbox box;
    assert_non_null(found);
    assert_int_equal(vg_letterbox_make(job,
                                       (struct vg_size){model->input_width, model->input_height},
                                       model->anchor, &box),
                     VG_OK);
    struct vg_device_job device = vg_letterbox_job(&box, job->picture, 0, job->threshold);
    device.luma_stride = device.chroma_stride = PITCH;
    device.luma_first = 0;
    device.chroma_first = PITCH * PICTURE_HEIGHT;
    device.left = (vg_i32)box.left;
    device.top = (vg_i32)box.top;
    float *input = prepared_input(model, job, &device);
    struct vg_reference *reference =
        reference_run(model, model->input_width, model->input_height, input);
    const vg_i32 count = candidates_of(model, reference, &device, found);
    uint32_t held = 0, left = 0;
    for (vg_i32 i = 0; i < count; i++) {
        const struct vg_box place = vg_letterbox_back(&box, &found[i]);
        if (place.width > 0 && place.height > 0)
            found[held++] = found[i];
    }
    memset(answer, 0, sizeof *answer);
    answer->count = vg_nms_first(found, held, job->nms, &left);
    assert_int_equal(left, 0);
    for (uint32_t i = 0; i < answer->count; i++)
        answer->detection[i] = (struct vg_detection){
            vg_letterbox_back(&box, &found[i]), found[i].score, (enum vg_class)found[i].class_id};
    reference_free(reference);
    free(input);
    free(found);
}

static int same_detection(const struct vg_detection *g, const struct vg_detection *w)
{
    return g->class_id == w->class_id && fabs((double)g->score - (double)w->score) < 1e-4 &&
           fabs((double)g->box.left - (double)w->box.left) < 0.01 &&
           fabs((double)g->box.top - (double)w->box.top) < 0.01 &&
           fabs((double)g->box.width - (double)w->box.width) < 0.01 &&
           fabs((double)g->box.height - (double)w->box.height) < 0.01;
}

/* one by one; scores that differ by rounding alone may have changed places */
static void answers_compare(const struct vg_answer *got, const struct vg_answer *want)
{
    uint8_t taken[VG_ANSWER_DETECTIONS_MAX] = {0};
    assert_int_equal(got->count, want->count);
    for (uint32_t i = 0; i < got->count; i++) {
        uint32_t k = 0;
        while (k < want->count &&
               (taken[k] || !same_detection(&got->detection[i], &want->detection[k])))
            k++;
        assert_in_range(k, i > 3 ? i - 3 : 0, i + 3);
        assert_true(k < want->count);
        taken[k] = 1;
        assert_true(i == 0 || got->detection[i].score <= got->detection[i - 1].score);
    }
}

static void jobs_give_what_the_twins_give(void **state)
{
    (void)state;
    struct vg_model *models[] = {small_net(11, 20), small_net(12, 32)};
    struct vg_answer *got = malloc(2 * sizeof *got), *want = got + 1;
    assert_non_null(got);
    models[1]->order = VG_ORDER_RGB;
    models[1]->anchor = VG_ANCHOR_CORNER;
    for (uint32_t m = 0; m < 2; m++) {
        struct vg_engine *engine = engine_open(models[m], 1);
        uint32_t all = 0;
        for (uint32_t i = 0; i < 8; i++) {
            struct canvas canvas;
            canvas_fill(&canvas, i);
            const struct vg_job job = job_of(&canvas, i);
            assert_int_equal(vg_engine_run(engine, &job, 1, got, NULL), VG_OK);
            twin_answer(models[m], &job, want);
            answers_compare(got, want);
            assert_int_equal(got->overflow, 0);
            all += got->count;
        }
        print_message("%u boxes\n", all);
        assert_true(all > 20); /* else the test says nothing */
        vg_engine_close(&engine);
        vg_model_close(&models[m]);
    }
    free(got);
}

/* ---- batches ---- */

/* Alone, in batches of several sizes, and again alone: the same bytes. */
static void a_batch_answers_as_single_jobs_do(struct vg_model *model, uint32_t batch,
                                              const uint32_t *counts, size_t runs)
{
    struct vg_engine *one = engine_open(model, 1), *many = engine_open(model, batch);
    struct canvas *canvas = calloc(batch, sizeof *canvas);
    struct vg_answer *alone = calloc(batch, sizeof *alone), *all = calloc(batch, sizeof *all);
    struct vg_job *job = calloc(batch, sizeof *job);
    uint32_t boxes = 0;
    assert_true(canvas && alone && all && job);
    for (uint32_t i = 0; i < batch; i++) {
        canvas_fill(&canvas[i], i + 20);
        job[i] = job_of(&canvas[i], i);
        assert_int_equal(vg_engine_run(one, &job[i], 1, &alone[i], NULL), VG_OK);
        boxes += alone[i].count;
    }
    assert_true(boxes > batch);
    for (size_t n = 0; n < runs; n++) {
        memset(all, 0, batch * sizeof *all);
        assert_int_equal(vg_engine_run(many, job, counts[n], all, NULL), VG_OK);
        for (uint32_t i = 0; i < counts[n]; i++)
            assert_memory_equal(&all[i], &alone[i], sizeof alone[i]);
    }
    const struct vg_engine_times times = vg_engine_last_times(many);
    assert_true(times.prepare_us >= 0 && times.infer_us > 0 && times.boxes_us >= 0);
    assert_int_equal(times.maps_us, 0); /* none were asked for */
    assert_string_not_equal(vg_engine_plan_hash(one), vg_engine_plan_hash(many));
    assert_int_equal(strlen(vg_engine_plan_hash(one)), 64);
    vg_engine_close(&one);
    vg_engine_close(&many);
    free(canvas);
    free(alone);
    free(all);
    free(job);
}

static void batches_of_the_small_net(void **state)
{
    (void)state;
    static const uint32_t counts[] = {3, 1, 2, 3};
    struct vg_model *model = small_net(11, 20);
    a_batch_answers_as_single_jobs_do(model, 3, counts, 4);
    vg_model_close(&model);
}

static void batches_of_the_tiny_net(void **state)
{
    (void)state;
    static const uint32_t counts[] = {VG_BATCH_MAX, 1, 17, VG_BATCH_MAX};
    struct vg_model *model = tiny_net(11, 20);
    a_batch_answers_as_single_jobs_do(model, VG_BATCH_MAX, counts, 4);
    vg_model_close(&model);
}

static void running_allocates_nothing(void **state)
{
    (void)state;
    struct vg_model *model = tiny_net(11, 20);
    struct vg_engine *engine = engine_open(model, 2);
    static struct canvas canvas;
    static struct vg_answer answer[2];
    canvas_fill(&canvas, 3);
    const struct vg_job job[2] = {job_of(&canvas, 0), job_of(&canvas, 1)};
    const uint64_t before = vg_alloc_sealed_count();
    vg_alloc_seal();
    const enum vg_status status = vg_engine_run(engine, job, 2, answer, NULL);
    vg_alloc_unseal();
    assert_int_equal(status, VG_OK);
    assert_int_equal(vg_alloc_sealed_count(), before);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

/* ---- more candidates than an answer holds ---- */

struct passed {
    float score;
    uint32_t cell, net_class;
};

static int passed_order(const void *left, const void *right)
{
    const struct passed *a = left, *b = right;
    if (a->score > b->score || a->score < b->score)
        return a->score > b->score ? -1 : 1;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    return (a->net_class > b->net_class) - (a->net_class < b->net_class);
}

/* what passes `threshold` in the device's own scores of the last run, in order */
static uint32_t passed_list(struct vg_engine *engine, const struct vg_model *model, uint32_t side,
                            float threshold, struct passed **out)
{
    const uint32_t classes = model->class_count;
    uint32_t count = 0, cells = 0;
    struct passed *list = malloc((size_t)side * side / 32 * classes * sizeof *list);
    assert_non_null(list);
    for (uint32_t i = 0; i < model->level_count; i++) {
        const uint32_t across = side / model->level[i].stride, level = across * across;
        float *scores = malloc((size_t)level * classes * sizeof *scores);
        assert_non_null(scores);
        assert_int_equal(vg_engine_read_output(engine, 2 * i, scores, NULL), VG_OK);
        for (uint32_t k = 0; k < level * classes; k++)
            if (scores[k] >= threshold && model->class_map[k % classes] != VG_CLASS_NONE)
                list[count++] = (struct passed){scores[k], cells + k / classes, k % classes};
        free(scores);
        cells += level;
    }
    qsort(list, count, sizeof *list, passed_order);
    *out = list;
    return count;
}

/* All runs give one answer, byte by byte: the strongest of all that passed, the rest counted. */
static void the_strongest_are_kept(uint32_t classes, uint32_t side, float threshold,
                                   uint32_t passed_least, int runs)
{
    struct vg_model *model = tiny_net(11, classes);
    struct vg_engine_settings settings = vg_engine_defaults();
    static struct canvas canvas;
    static struct vg_answer first[2], again[2];
    struct passed *passed = NULL;
    settings.width = settings.height = side;
    settings.batch_max = 2;
    struct vg_engine *engine = engine_with(model, &settings);
    canvas_fill(&canvas, 3);
    const struct vg_job job = {.picture = &canvas.picture, /* square: the net sees no border */
                               .region = {4, 2, 46, 46},
                               .threshold = threshold,
                               .nms = 1}; /* nothing overlaps by more */
    struct vg_job jobs[2] = {job, job};
    jobs[1].threshold = 0.9f * threshold; /* the second finds as many or more */
    memset(first, 0, sizeof first);
    for (int run = 0; run < runs; run++) {
        memset(again, 0xff, sizeof again);
        assert_int_equal(vg_engine_run(engine, jobs, 2, run ? again : first, NULL), VG_OK);
        for (uint32_t i = 0; i < 2 && run; i++) {
            assert_int_equal(again[i].count, first[i].count);
            assert_int_equal(again[i].overflow, first[i].overflow);
            assert_memory_equal(again[i].detection, first[i].detection,
                                first[i].count * sizeof *first[i].detection);
        }
    }
    const uint32_t all = passed_list(engine, model, side, threshold, &passed);
    print_message("%u passed\n", all);
    assert_true(all >= passed_least);
    assert_int_equal(first[0].count, VG_ANSWER_DETECTIONS_MAX);
    assert_int_equal(first[0].overflow, all - VG_ANSWER_DETECTIONS_MAX);
    for (uint32_t i = 0; i < first[0].count; i++) {
        const struct vg_detection *got = &first[0].detection[i];
        assert_memory_equal(&got->score, &passed[i].score, sizeof got->score);
        assert_int_equal(got->class_id, model->class_map[passed[i].net_class]);
    }
    free(passed);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

static void all_that_pass_take_part(void **state)
{
    (void)state;
    the_strongest_are_kept(20, 192, 0, 10800, 20); /* 720 cells, 15 classes */
    the_strongest_are_kept(20, 192, 0.5f, 2000, 20);
}

/* 2000 cells, 192 classes; the room is for 262144 */
static void more_than_have_room_lose_the_weakest(void **state)
{
    (void)state;
    the_strongest_are_kept(256, 320, 0, 384000, 3);
}

/* the same where suppression decides, and nothing is allocated on the way */
static void a_crowd_is_suppressed_as_the_definition_says(void **state)
{
    (void)state;
    struct vg_model *model = tiny_net(11, 256);
    struct vg_engine_settings settings = vg_engine_defaults();
    static struct canvas canvas;
    static struct vg_answer first, again;
    settings.width = settings.height = 320;
    struct vg_engine *engine = engine_with(model, &settings);
    canvas_fill(&canvas, 3);
    const struct vg_job job = {
        .picture = &canvas.picture, .region = {4, 2, 46, 46}, .threshold = 0, .nms = 0.5f};
    const uint64_t before = vg_alloc_sealed_count();
    vg_alloc_seal();
    const enum vg_status status = vg_engine_run(engine, &job, 1, &first, NULL);
    vg_alloc_unseal();
    assert_int_equal(status, VG_OK);
    assert_int_equal(vg_alloc_sealed_count(), before);
    assert_true(first.count > 100);
    for (uint32_t i = 0; i < first.count; i++)
        for (uint32_t k = 0; k < i; k++) {
            assert_true(first.detection[i].score <= first.detection[k].score);
            if (first.detection[i].class_id == first.detection[k].class_id)
                assert_true(vg_box_iou(first.detection[i].box, first.detection[k].box) <=
                            job.nms + 1e-4f); /* measured in the picture */
        }
    for (int run = 0; run < 3; run++) {
        assert_int_equal(vg_engine_run(engine, &job, 1, &again, NULL), VG_OK);
        assert_memory_equal(&again, &first, sizeof first);
    }
    vg_engine_close(&engine);
    vg_model_close(&model);
}

/* ---- the raw way ---- */

/* The boxes of a tensor run are those of a job whose picture is that input; and looking at a
 * tensor in between changes nothing. */
static void a_tensor_run_answers_too(void **state)
{
    (void)state;
    struct vg_model *model = small_net(11, 20);
    const struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = engine_with(model, &settings);
    static struct vg_answer first, again, none;
    float *input = vg_reference_picture(model, 64, 64),
          *values = malloc(64 * 64 * 64 * sizeof *values);
    assert_true(input && values);
    assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
    assert_int_equal(vg_engine_tensor_answer(engine, 0.6f, 0.5f, &first, NULL), VG_OK);
    assert_true(first.count > 0 && first.overflow == 0);
    assert_int_equal(vg_engine_read_tensor(engine, 2, values, NULL), VG_OK);
    assert_int_equal(vg_engine_tensor_answer(engine, 0.6f, 0.5f, &again, NULL), VG_OK);
    assert_int_equal(again.count, first.count);
    assert_memory_equal(again.detection, first.detection, first.count * sizeof *first.detection);
    for (uint32_t i = 0; i < first.count; i++) {
        const struct vg_box box = first.detection[i].box;
        assert_true(first.detection[i].score >= 0.6f);
        assert_true(box.left >= 0 && box.top >= 0 && box.left + box.width <= 64 &&
                    box.top + box.height <= 64);
    }
    assert_int_equal(vg_engine_tensor_answer(engine, 1.5f, 0.5f, &none, NULL), VG_OK);
    assert_int_equal(none.count, 0);
    assert_int_equal(vg_engine_infer(engine, 1, NULL), VG_OK); /* on the input that stands there */
    assert_int_equal(vg_engine_tensor_answer(engine, 0.6f, 0.5f, &again, NULL), VG_OK);
    assert_int_equal(again.count, first.count);
    assert_memory_equal(again.detection, first.detection, first.count * sizeof *first.detection);
    vg_free(input);
    free(values);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

/* ---- refusals ---- */

static void settings_are_refused(void **state)
{
    (void)state;
    struct vg_model *model = tiny_net(3, 20);
    static const struct {
        const char *name;
        struct vg_engine_settings settings;
        enum vg_status want;
    } rows[] = {
        {"no such device", {.device = "a device that is not"}, VG_E_LACK},
        {"no such index", {.device = "99"}, VG_E_LACK},
        {"not a multiple", {.width = 70, .height = 64}, VG_E_CALL},
        {"too wide", {.width = 32000, .height = 64}, VG_E_CALL},
        {"batch too large", {.batch_max = 65}, VG_E_CALL},
        {"picture too small", {.picture_width_max = 1}, VG_E_CALL},
        {"picture too large", {.picture_height_max = 5000}, VG_E_CALL},
        {"blocks of 4", {.block = 4}, VG_E_CALL},
        {"blocks of 32", {.block = 32}, VG_E_CALL},
    };
    for (size_t i = 0; i <= sizeof rows / sizeof *rows; i++) {
        struct vg_engine *engine = NULL;
        struct vg_fault fault = {.status = VG_OK};
        const int no_batch = i == sizeof rows / sizeof *rows;
        struct vg_engine_settings settings = no_batch ? vg_engine_defaults() : rows[i].settings;
        if (!settings.picture_width_max)
            settings.picture_width_max = 64;
        if (!settings.picture_height_max)
            settings.picture_height_max = 64;
        settings.batch_max = no_batch ? 0 : settings.batch_max ? settings.batch_max : 1;
        const enum vg_status want = no_batch ? VG_E_CALL : rows[i].want;
        const enum vg_status got = vg_engine_open(&engine, model, &settings, &fault);
        if (got != want)
            print_error("row %zu: %s\n", i, vg_status_name(got));
        assert_int_equal(got, want);
        assert_int_equal(fault.status, want);
        assert_non_null(fault.what);
        assert_null(engine);
    }
    vg_model_close(&model);
}

static void jobs_are_refused(void **state)
{
    (void)state;
    struct vg_model *model = tiny_net(3, 20);
    struct vg_engine *engine = engine_open(model, 2);
    static struct canvas canvas;
    static struct vg_answer answer[3];
    canvas_fill(&canvas, 1);
    const struct vg_job good = job_of(&canvas, 0);
    struct vg_job job[3] = {good, good, good};
    assert_int_equal(vg_engine_run(engine, job, 0, answer, NULL), VG_E_CALL);
    assert_int_equal(vg_engine_run(engine, job, 3, answer, NULL), VG_E_CALL);
    assert_int_equal(vg_engine_infer(engine, 3, NULL), VG_E_CALL);
    job[1].region = (struct vg_box){PICTURE_WIDTH, 0, 10, 10};
    assert_int_equal(vg_engine_run(engine, job, 2, answer, NULL), VG_E_CALL);
    job[1].region = (struct vg_box){NAN, 0, 10, 10};
    assert_int_equal(vg_engine_run(engine, job, 2, answer, NULL), VG_E_CALL);
    job[1] = good;
    job[1].rotation = (enum vg_rotation)4;
    assert_int_equal(vg_engine_run(engine, job, 2, answer, NULL), VG_E_CALL);
    struct vg_picture large = canvas.picture;
    large.width = large.height = 258;
    job[1] = good;
    job[1].picture = &large;
    assert_int_equal(vg_engine_run(engine, job, 2, answer, NULL), VG_E_CALL);
    job[1] = good;
    assert_int_equal(vg_engine_run(engine, job, 2, answer, NULL), VG_OK); /* none of it stuck */
    assert_int_equal(vg_engine_read_output(engine, 99, NULL, NULL), VG_E_CALL);
    assert_int_equal(vg_engine_read_tensor(engine, 9999, NULL, NULL), VG_E_CALL);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

static void what_it_is_can_be_asked(void **state)
{
    (void)state;
    struct vg_model *model = tiny_net(3, 20);
    struct vg_engine_settings settings = vg_engine_defaults();
    uint32_t width = 0, height = 0;
    settings.width = 48;
    settings.height = 32;
    struct vg_engine *engine = engine_with(model, &settings), *same = engine_with(model, &settings);
    vg_engine_input_size(engine, &width, &height);
    assert_int_equal(width, 48);
    assert_int_equal(height, 32);
    assert_true(vg_engine_device_name(engine)[0]);
    assert_true(vg_engine_compute_units(engine) >= 1);
    assert_string_equal(vg_engine_plan_hash(engine), vg_engine_plan_hash(same));
    vg_engine_close(&same);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_is_right),
        cmocka_unit_test(what_kernels_take_in_is_right),
        cmocka_unit_test(a_folded_input_can_be_read),
        cmocka_unit_test(any_convolution_reads_the_input),
        cmocka_unit_test(jobs_give_what_the_twins_give),
        cmocka_unit_test(batches_of_the_small_net),
        cmocka_unit_test(batches_of_the_tiny_net),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(all_that_pass_take_part),
        cmocka_unit_test(more_than_have_room_lose_the_weakest),
        cmocka_unit_test(a_crowd_is_suppressed_as_the_definition_says),
        cmocka_unit_test(a_tensor_run_answers_too),
        cmocka_unit_test(settings_are_refused),
        cmocka_unit_test(jobs_are_refused),
        cmocka_unit_test(what_it_is_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
