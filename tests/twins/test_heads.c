/* The twins of the heads against boxes known from elsewhere: what other programs made of the same
 * raw values, and a few that can be made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "kernels/twins/twins_map.h"

#define BLOCK    8
#define CHANNELS 48 /* room for 4 x 11 bins and some */

/* one cell of a level, by itself: its values lie one behind the other */
struct level {
    float scores[CHANNELS], boxes[CHANNELS], objectness[BLOCK];
    vg_i32 classes[CHANNELS];
    struct vg_device_job job;
    struct vg_candidate found[4];
    vg_i32 count;
};

/* The cell stands at the end of a grid of s->width x s->height: the others hold nothing. */
static void level_run(struct level *level, enum vg_kernel kernel, struct vg_boxes_sizes s)
{
    static float scores[64 * 64 * BLOCK], boxes[6 * 64 * 64 * BLOCK], objectness[64 * 64 * BLOCK];
    const struct vg_map_build build = {.block = BLOCK};
    const vg_i32 cells = s.width * s.height;
    memset(scores, 0, sizeof scores);
    memset(boxes, 0, sizeof boxes);
    memset(objectness, 0, sizeof objectness);
    s.scores = s.boxes = s.objectness = (struct vg_area){0, 0, cells * BLOCK, s.width * BLOCK};
    for (vg_i32 c = 0; c < CHANNELS; c++)
        boxes[c / BLOCK * cells * BLOCK + (cells - 1) * BLOCK + c % BLOCK] = level->boxes[c];
    memcpy(scores + (cells - 1) * BLOCK, level->scores, BLOCK * sizeof *scores);
    objectness[(cells - 1) * BLOCK] = level->objectness[0];
    const struct vg_twin_head head = {.scores = scores,
                                      .boxes = boxes,
                                      .objectness = objectness,
                                      .jobs = &level->job,
                                      .classes = level->classes,
                                      .counts = &level->count,
                                      .candidates = level->found};
    s.candidates_max = 4;
    vg_twin_boxes(kernel, &head, &s, &build, 1);
}

static void box_is(const struct vg_candidate *c, double left, double top, double right,
                   double bottom)
{
    assert_true(fabs((double)c->left - left) < 1e-3);
    assert_true(fabs((double)c->top - top) < 1e-3);
    assert_true(fabs((double)c->right - right) < 1e-3);
    assert_true(fabs((double)c->bottom - bottom) < 1e-3);
}

/* NanoDet-g on a picture made by a formula, level of stride 8, row 4, column 37: its left bins, and
 * the left side that numpy, OpenCV and ONNX Runtime agree upon. */
static void nanodet_as_known(void **state)
{
    (void)state;
    static const float bins[11] = {0.51069f,  1.5651f,   2.2178f,   2.01169f,  0.87312f, 0.04093f,
                                   -0.41328f, -1.00971f, -1.57688f, -2.08618f, -2.13357f};
    struct level level = {.scores = {0.055786f, 0.02f}, .job.threshold = 0.05f};
    const struct vg_boxes_sizes sizes = {.width = 38,
                                         .height = 5,
                                         .cell_first = 100,
                                         .classes = 2,
                                         .bins = 11,
                                         .stride = 8,
                                         .centre = 0.5f,
                                         .input_width = 416,
                                         .input_height = 416};
    for (size_t side = 0; side < 4; side++)
        memcpy(level.boxes + 11 * side, bins, sizeof bins);
    level_run(&level, VG_KERNEL_NANODET_BOXES, sizes);
    assert_int_equal(level.count, 1);
    box_is(&level.found[0], 279.776, 36 - 20.2243, 300 + 20.2243, 36 + 20.2243);
    assert_int_equal(level.found[0].cell, 100 + 4 * 38 + 37);
    struct vg_boxes_sizes plus = sizes;
    plus.centre = 0;
    level.count = 0;
    level_run(&level, VG_KERNEL_NANODET_BOXES, plus);
    assert_int_equal(level.count, 1);
    box_is(&level.found[0], 275.776, 32 - 20.2243, 296 + 20.2243, 32 + 20.2243);
}

/* YOLOX-nano on the same picture, level of stride 32, row 4, column 7. */
static void yolox_as_known(void **state)
{
    (void)state;
    struct level level = {.scores = {0.591863f, 0.4f, 0.591863f},
                          .boxes = {-0.534134f, 2.25801f, 2.56809f, 2.52131f},
                          .objectness = {0.440980f},
                          .classes = {0, 1, -1},
                          .job.threshold = 0.25f};
    const struct vg_boxes_sizes sizes = {.width = 8,
                                         .height = 5,
                                         .classes = 3,
                                         .stride = 32,
                                         .input_width = 416,
                                         .input_height = 416};
    level_run(&level, VG_KERNEL_YOLOX_BOXES, sizes);
    assert_int_equal(level.count, 1);
    assert_int_equal(level.found[0].net_class, 0);
    assert_true(fabs((double)level.found[0].score - 0.26100) < 1e-5);
    /* centre 206.9077, 200.2563; size 417.3086, 398.2364: clipped on the left */
    box_is(&level.found[0], 0, 1.1381, 415.5620, 399.3745);
}

static void fastestdet_by_hand(void **state)
{
    (void)state;
    struct level level = {
        .scores = {1, 0.25f}, .objectness = {0.25f}, .job.threshold = 0.2f, .classes = {3, 4}};
    const struct vg_boxes_sizes sizes = {
        .width = 22, .height = 22, .classes = 2, .input_width = 352, .input_height = 352};
    level.boxes[2] = level.boxes[3] = -2.1972246f; /* sigmoid: 1/10 */
    level_run(&level, VG_KERNEL_FASTESTDET_BOXES, sizes);
    assert_int_equal(level.count, 2);
    assert_true(fabs((double)level.found[0].score - 0.4352753) < 1e-6); /* 2^-1.2 */
    assert_true(fabs((double)level.found[1].score - 0.25) < 1e-6);
    box_is(&level.found[0], 336 - 17.6, 336 - 17.6, 352, 352);
    level.boxes[0] = -20; /* tanh: a cell to the left, no further */
    level.count = 0;
    level_run(&level, VG_KERNEL_FASTESTDET_BOXES, sizes);
    box_is(&level.found[0], 320 - 17.6, 336 - 17.6, 320 + 17.6, 352);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nanodet_as_known),
        cmocka_unit_test(yolox_as_known),
        cmocka_unit_test(fastestdet_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
