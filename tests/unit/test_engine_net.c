/* The engine whole, on the OpenCL device: a small net against the same net run by the twins in
 * plain C, batches, answers, refusals; and the real net against the reference values, if its
 * file is there (VIGIE_MODELS, or the build folder's models/).
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/twins.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/base/geometry.h"
#include "src/engine/engine.h"
#include "src/engine/letterbox.h"
#include "src/engine/nms.h"
#include "src/media/picture.h"
#include "tests/shared_data.h"
#include "tests/unit/synthetic_net.h"

#define SIDE SYNTHETIC_SIDE

static struct vg_engine *engine_open(const struct vg_model *model, uint32_t batch_max)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_fault fault = {0};
    struct vg_engine *engine = NULL;
    settings.batch_max = batch_max;
    settings.picture_width_max = 256;
    settings.picture_height_max = 256;
    if (vg_engine_open(&engine, model, &settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    return engine;
}

/* ---- every tensor of the small net ---- */

static float *formula_input(uint32_t width, uint32_t height)
{
    float *x = malloc((size_t)width * height * 3 * sizeof *x);
    assert_non_null(x);
    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t row = 0; row < height; row++)
            for (uint32_t column = 0; column < width; column++)
                x[((size_t)c * height + row) * width + column] =
                    (float)((3 * column + 5 * row + 7 * column * row / 16 + 37 * c) % 256) / 57 - 2;
    return x;
}

static void twin_input(struct twin_net *net, const float *x)
{
    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t row = 0; row < net->height; row++)
            for (uint32_t column = 0; column < net->width; column++)
                net->value[0][net->area[0].first + (vg_i32)row * net->area[0].row +
                              (vg_i32)(column * 4 + c)] = *x++;
}

static void tensor_compare(struct vg_engine *engine, const struct twin_net *net, uint32_t tensor)
{
    const struct vg_tensor t = net->model->tensor[tensor];
    const uint32_t width = net->width / t.stride, height = net->height / t.stride;
    float *got = malloc((size_t)t.channels * width * height * sizeof *got), *at = got;
    double worst = 0;
    assert_non_null(got);
    assert_int_equal(vg_engine_read_tensor(engine, tensor, got, NULL), VG_OK);
    for (uint32_t c = 0; c < t.channels; c++)
        for (uint32_t row = 0; row < height; row++)
            for (uint32_t column = 0; column < width; column++) {
                const double want = (double)twin_net_at(net, tensor, c, row, column);
                worst = fmax(worst, fabs((double)*at++ - want) / fmax(1, fabs(want)));
            }
    free(got);
    if (!(worst < 1e-4)) /* float sums through 12 layers, F(4,3) among them */
        print_error("tensor %u: %g off\n", tensor, worst);
    assert_true(worst < 1e-4);
}

static void small_net_agrees_with_the_twins(uint32_t width, uint32_t height)
{
    struct vg_model *model = synthetic_net(7);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    struct twin_net *net = malloc(sizeof *net);
    assert_non_null(net);
    settings.width = width;
    settings.height = height;
    settings.batch_max = 2;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
    twin_net_init(net, model, width, height);
    float *x = formula_input(width, height);
    twin_input(net, x);
    twin_net_run(net);
    assert_int_equal(vg_engine_run_tensor(engine, x, NULL), VG_OK);
    for (uint32_t i = model->tensor_count; i-- > 1;) /* backwards: the outputs' places are lost */
        tensor_compare(engine, net, i);
    /* outputs are whole again after tensors were looked at, and stand cell by cell */
    for (uint32_t i = 0; i < model->output_count; i++) {
        const uint32_t tensor = model->output[i].tensor;
        const struct vg_tensor t = model->tensor[tensor];
        const uint32_t w = width / t.stride, cells = w * (height / t.stride);
        float *got = malloc((size_t)cells * t.channels * sizeof *got);
        assert_non_null(got);
        assert_int_equal(vg_engine_read_output(engine, i, got, NULL), VG_OK);
        for (uint32_t cell = 0; cell < cells; cell++)
            for (uint32_t c = 0; c < t.channels; c++)
                assert_true(fabs((double)got[cell * t.channels + c] -
                                 (double)twin_net_at(net, tensor, c, cell / w, cell % w)) < 1e-3);
        free(got);
    }
    free(x);
    twin_net_release(net);
    free(net);
    vg_engine_close(&engine);
    assert_null(engine);
    synthetic_close(model);
}

static void every_tensor_square(void **state)
{
    (void)state;
    small_net_agrees_with_the_twins(SIDE, SIDE);
}

static void every_tensor_oblong(void **state)
{
    (void)state;
    small_net_agrees_with_the_twins(96, 32);
}

/* ---- jobs ---- */

#define PICTURE_WIDTH  86
#define PICTURE_HEIGHT 50
#define PITCH          96

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
                           .threshold = 0.62f + 0.01f * (float)number,
                           .nms = 0.5f};
}

/* the same by the twins: staged as a whole picture, since the twin takes any staging */
static void twin_answer(const struct vg_model *model, const struct vg_job *job,
                        struct vg_answer *answer)
{
    struct twin_net *net = malloc(sizeof *net);
    struct vg_candidate *found = calloc(4096, sizeof *found);
    vg_i32 count = 0, classes[VG_MODEL_CLASSES_MAX], cells = 0;
    struct vg_letterbox box;
    assert_true(net && found);
    assert_int_equal(vg_letterbox_make(job, (struct vg_size){SIDE, SIDE}, VG_ANCHOR_CENTRE, &box), VG_OK);
    struct vg_device_job device = vg_letterbox_job(&box, job->picture, 0, job->threshold);
    device.luma_stride = device.chroma_stride = PITCH;
    device.luma_first = 0;
    device.chroma_first = PITCH * PICTURE_HEIGHT;
    device.left = (vg_i32)box.left;
    device.top = (vg_i32)box.top;
    twin_net_init(net, model, SIDE, SIDE);
    const struct vg_prepare_sizes sizes = {
        .y = net->area[0],
        .width = SIDE,
        .height = SIDE,
        .fill = model->fill,
        .mean = {model->mean[0], model->mean[1], model->mean[2]},
        .scale = {model->scale[0], model->scale[1], model->scale[2]}};
    vg_twin_prepare(job->picture->luma, &device, net->value[0], &sizes, 1);
    twin_net_run(net);
    for (uint32_t i = 0; i < VG_MODEL_CLASSES_MAX; i++)
        classes[i] = (vg_i32)model->class_map[i];
    for (uint32_t i = 0; i < model->output_count; i += 2) {
        const uint32_t scores = model->output[i].tensor, stride = model->tensor[scores].stride;
        const struct vg_boxes_sizes boxes = {.scores = net->area[scores],
                                             .distances = net->area[model->output[i + 1].tensor],
                                             .width = (vg_i32)(SIDE / stride),
                                             .height = (vg_i32)(SIDE / stride),
                                             .cell_first = cells,
                                             .classes = (vg_i32)model->class_count,
                                             .bins = SYNTHETIC_BINS,
                                             .candidates_max = 4096,
                                             .stride = (float)stride,
                                             .input_width = SIDE,
                                             .input_height = SIDE};
        vg_twin_nanodet_boxes(net->value[scores], net->value[model->output[i + 1].tensor], &device,
                              classes, &count, found, &boxes, 1);
        cells += boxes.width * boxes.height;
    }
    memset(answer, 0, sizeof *answer);
    uint32_t held = 0, left = 0;
    for (vg_i32 i = 0; i < count; i++) {
        const struct vg_box place = vg_letterbox_back(&box, &found[i]);
        if (place.width > 0 && place.height > 0)
            found[held++] = found[i];
    }
    answer->count = vg_nms_first(found, held, job->nms, &left);
    assert_int_equal(left, 0);
    for (uint32_t i = 0; i < answer->count; i++)
        answer->detection[i] = (struct vg_detection){
            vg_letterbox_back(&box, &found[i]), found[i].score, (enum vg_class)found[i].class_id};
    twin_net_release(net);
    free(net);
    free(found);
}

static void answers_compare(const struct vg_answer *got, const struct vg_answer *want)
{
    assert_int_equal(got->count, want->count);
    for (uint32_t i = 0; i < got->count; i++) {
        const struct vg_detection *g = &got->detection[i], *w = &want->detection[i];
        assert_int_equal(g->class_id, w->class_id);
        assert_true(fabs((double)g->score - (double)w->score) < 1e-4);
        assert_true(fabs((double)g->box.left - (double)w->box.left) < 0.01);
        assert_true(fabs((double)g->box.top - (double)w->box.top) < 0.01);
        assert_true(fabs((double)g->box.width - (double)w->box.width) < 0.01);
        assert_true(fabs((double)g->box.height - (double)w->box.height) < 0.01);
    }
}

static void jobs_give_what_the_twins_give(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(11);
    struct vg_engine *engine = engine_open(model, 1);
    struct vg_answer *got = malloc(2 * sizeof *got), *want = got + 1;
    uint32_t all = 0;
    assert_non_null(got);
    for (uint32_t i = 0; i < 8; i++) {
        struct canvas canvas;
        canvas_fill(&canvas, i);
        const struct vg_job job = job_of(&canvas, i);
        assert_int_equal(vg_engine_run(engine, &job, 1, got, NULL), VG_OK);
        twin_answer(model, &job, want);
        answers_compare(got, want);
        assert_int_equal(got->overflow, 0);
        all += got->count;
    }
    assert_true(all > 20); /* else the test says nothing */
    free(got);
    vg_engine_close(&engine);
    synthetic_close(model);
}

#define BATCH 5

static void a_batch_answers_as_single_jobs_do(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(11);
    struct vg_engine *one = engine_open(model, 1), *many = engine_open(model, BATCH);
    static struct canvas canvas[BATCH];
    static struct vg_answer alone[BATCH], together[BATCH];
    struct vg_job job[BATCH];
    for (uint32_t i = 0; i < BATCH; i++) {
        canvas_fill(&canvas[i], i + 20);
        job[i] = job_of(&canvas[i], i);
        assert_int_equal(vg_engine_run(one, &job[i], 1, &alone[i], NULL), VG_OK);
    }
    static const uint32_t counts[] = {BATCH, 1, 3, BATCH};
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        memset(together, 0, sizeof together);
        assert_int_equal(vg_engine_run(many, job, counts[n], together, NULL), VG_OK);
        for (uint32_t i = 0; i < counts[n]; i++)
            assert_memory_equal(&together[i], &alone[i], sizeof alone[i]);
    }
    const struct vg_engine_times times = vg_engine_last_times(many);
    assert_true(times.prepare_us >= 0 && times.infer_us > 0 && times.boxes_us >= 0);
    assert_string_not_equal(vg_engine_plan_hash(one), vg_engine_plan_hash(many));
    assert_int_equal(strlen(vg_engine_plan_hash(one)), 64);
    vg_engine_close(&one);
    vg_engine_close(&many);
    synthetic_close(model);
}

static void running_allocates_nothing(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(11);
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
    synthetic_close(model);
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
    uint32_t count = 0, cells = 0;
    struct passed *list = malloc((size_t)side * side / 32 * model->class_count * sizeof *list);
    assert_non_null(list);
    for (uint32_t i = 0; i < model->output_count; i++) {
        const struct vg_tensor t = model->tensor[model->output[i].tensor];
        const uint32_t level = side / t.stride * (side / t.stride);
        if (model->output[i].role != VG_OUTPUT_SCORES)
            continue;
        float *scores = malloc((size_t)level * t.channels * sizeof *scores);
        assert_non_null(scores);
        assert_int_equal(vg_engine_read_output(engine, i, scores, NULL), VG_OK);
        for (uint32_t k = 0; k < level * t.channels; k++)
            if (scores[k] >= threshold && model->class_map[k % t.channels] != VG_CLASS_NONE)
                list[count++] = (struct passed){scores[k], cells + k / t.channels, k % t.channels};
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
    struct vg_model *model = synthetic_net_of(11, classes);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    static struct canvas canvas;
    static struct vg_answer first[2], again[2];
    struct passed *passed = NULL;
    settings.width = settings.height = side;
    settings.batch_max = 2;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
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
    synthetic_close(model);
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
    struct vg_model *model = synthetic_net_of(11, 256);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    static struct canvas canvas;
    static struct vg_answer first, again;
    settings.width = settings.height = 320;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
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
    synthetic_close(model);
}

/* ---- refusals ---- */

static void settings_are_refused(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(3);
    static const struct {
        const char *name;
        struct vg_engine_settings settings;
        enum vg_status want;
    } rows[] = {
        {"no such device", {"a device that is not", 0, 0, 1, 64, 64, 0}, VG_E_LACK},
        {"no such index", {"99", 0, 0, 1, 64, 64, 0}, VG_E_LACK},
        {"not a multiple", {NULL, 70, 64, 1, 64, 64, 0}, VG_E_CALL},
        {"too wide", {NULL, 32000, 64, 1, 64, 64, 0}, VG_E_CALL},
        {"no batch", {NULL, 0, 0, 0, 64, 64, 0}, VG_E_CALL},
        {"batch too large", {NULL, 0, 0, 65, 64, 64, 0}, VG_E_CALL},
        {"no picture", {NULL, 0, 0, 1, 0, 64, 0}, VG_E_CALL},
        {"picture too large", {NULL, 0, 0, 1, 64, 5000, 0}, VG_E_CALL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_engine *engine = NULL;
        struct vg_fault fault = {0};
        const enum vg_status got = vg_engine_open(&engine, model, &rows[i].settings, &fault);
        if (got != rows[i].want)
            print_error("%s: %s\n", rows[i].name, vg_status_name(got));
        assert_int_equal(got, rows[i].want);
        assert_int_equal(fault.status, rows[i].want);
        assert_non_null(fault.what);
        assert_null(engine);
    }
    synthetic_close(model);
}

static void jobs_are_refused(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(3);
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
    synthetic_close(model);
}

/* ---- the real net ---- */

static struct vg_model *real_model(void)
{
    char path[1024];
    struct vg_model *model = NULL;
    const char *folder = getenv("VIGIE_MODELS");
    if (folder) {
        (void)snprintf(path, sizeof path, "%s/nanodet-g.vgm", folder);
        if (vg_model_open(path, &model, NULL) == VG_OK)
            return model;
    }
    vg_build_path("models/nanodet-g.vgm", path, sizeof path);
    if (vg_model_open(path, &model, NULL) == VG_OK)
        return model;
    printf("skipped: no models/nanodet-g.vgm\n");
    return NULL;
}

/* the reference picture, normalised as the model says */
static float *reference_input(const struct vg_model *model)
{
    const uint32_t side = 416;
    float *x = malloc((size_t)side * side * 3 * sizeof *x), *to = x;
    assert_non_null(x);
    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t row = 0; row < side; row++)
            for (uint32_t column = 0; column < side; column++)
                *to++ = ((float)((3 * column + 5 * row + 7 * column * row / 16 + 37 * c) % 256) -
                         model->mean[c]) *
                        model->scale[c];
    return x;
}

static uint32_t values_compare(const char *name, const json_t *at, const float *got)
{
    const char *key;
    json_t *value;
    uint32_t compared = 0;
    json_object_foreach((json_t *)(uintptr_t)at, key, value)
    {
        const double want = json_number_value(value);
        const double is = (double)got[strtoul(key, NULL, 10)];
        if (!(fabs(is - want) <= 1e-4 * fmax(1, fabs(want))))
            print_error("%s [%s]: %g, not %g\n", name, key, is, want);
        assert_true(fabs(is - want) <= 1e-4 * fmax(1, fabs(want)));
        compared++;
    }
    return compared;
}

/* the ONNX file's names for the outputs, by role and stride */
static json_t *wanted_output(json_t *all, const struct vg_model *model, uint32_t index)
{
    char key[128];
    const struct vg_output *output = &model->output[index];
    (void)snprintf(key, sizeof key, "nanodet_g_416.onnx %s_%u",
                   output->role == VG_OUTPUT_SCORES ? "cls" : "dis",
                   model->tensor[output->tensor].stride);
    return json_object_get(json_object_get(all, key), "at");
}

static void real_outputs_are_the_reference(void **state)
{
    (void)state;
    char path[1024];
    struct vg_model *model = real_model();
    if (!model)
        skip();
    if (!vg_shared_data("models/outputs.json", path, sizeof path)) {
        vg_model_close(&model);
        skip();
    }
    json_t *all = json_load_file(path, 0, NULL);
    assert_non_null(all);
    struct vg_engine *engine = engine_open(model, 1);
    float *x = reference_input(model), *got = malloc(2704 * 80 * sizeof *got);
    assert_non_null(got);
    assert_int_equal(vg_engine_run_tensor(engine, x, NULL), VG_OK);
    uint32_t compared = 0;
    for (uint32_t i = 0; i < model->output_count; i++) {
        json_t *want = wanted_output(all, model, i);
        assert_non_null(want);
        assert_int_equal(vg_engine_read_output(engine, i, got, NULL), VG_OK);
        compared += values_compare(model->output[i].name, want, got);
    }
    assert_true(compared >= 100);
    free(x);
    free(got);
    json_decref(all);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

/* Steps and tensors pair in order: the reference also lists the outputs' views, which the graph
 * has not; the importer numbers tensors as it finds them, so shape, mean and values decide. */
static int step_matches(const json_t *step, const float *got, size_t count)
{
    double sum = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)got[i];
        most = fmax(most, fabs((double)got[i]));
    }
    const double mean = json_number_value(json_object_get(step, "mean"));
    const double absmax = json_number_value(json_object_get(step, "absmax"));
    return fabs(sum / (double)count - mean) < 1e-4 && fabs(most - absmax) < 1e-3;
}

static void real_steps_are_the_reference(void **state)
{
    (void)state;
    char path[1024];
    struct vg_model *model = real_model();
    if (!model)
        skip();
    if (!vg_shared_data("models/nanodet_g_steps.json", path, sizeof path)) {
        vg_model_close(&model);
        skip();
    }
    json_t *steps = json_load_file(path, 0, NULL);
    assert_non_null(steps);
    struct vg_engine *engine = engine_open(model, 1);
    float *x = reference_input(model), *got = malloc(32 * 208 * 208 * sizeof *got);
    assert_non_null(got);
    assert_int_equal(vg_engine_run_tensor(engine, x, NULL), VG_OK);
    uint32_t found = 0;
    for (uint32_t i = 1; i < model->tensor_count; i++) {
        const uint32_t channels = model->tensor[i].channels, side = 416 / model->tensor[i].stride;
        assert_int_equal(vg_engine_read_tensor(engine, i, got, NULL), VG_OK);
        size_t k = 0;
        for (; k < json_array_size(steps); k++) {
            const json_t *step = json_array_get(steps, k), *shape = json_object_get(step, "shape");
            if (json_array_size(shape) == 3 &&
                json_integer_value(json_array_get(shape, 0)) == channels &&
                json_integer_value(json_array_get(shape, 1)) == side &&
                step_matches(step, got, (size_t)channels * side * side))
                break;
        }
        if (k == json_array_size(steps))
            continue; /* a slice, which the reference lists as a view */
        const json_t *step = json_array_get(steps, k);
        (void)values_compare(json_string_value(json_object_get(step, "step")),
                             json_object_get(step, "at"), got);
        found++;
    }
    print_message("%u of %u tensors found among the reference's steps\n", found,
                  model->tensor_count - 1);
    assert_true(found >= 58); /* all but the six slices */
    free(x);
    free(got);
    json_decref(steps);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_square),
        cmocka_unit_test(every_tensor_oblong),
        cmocka_unit_test(jobs_give_what_the_twins_give),
        cmocka_unit_test(a_batch_answers_as_single_jobs_do),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(all_that_pass_take_part),
        cmocka_unit_test(more_than_have_room_lose_the_weakest),
        cmocka_unit_test(a_crowd_is_suppressed_as_the_definition_says),
        cmocka_unit_test(settings_are_refused),
        cmocka_unit_test(jobs_are_refused),
        cmocka_unit_test(real_outputs_are_the_reference),
        cmocka_unit_test(real_steps_are_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
