/* The health of a view, by a camera before a scene made here: what each fault of the camera leads
 * to and after what time, what no fault is, and that the old view ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/vision/view_watch.h"
#include "tests/view_scene.h"

#define SET_UP                \
    {                         \
        .noise = 2, .text = 1 \
    }

enum {
    BEFORE = 3,
    DURING = 16,
    AFTER = 9,
    LEARN = 10
};

struct bench {
    struct vg_scene *scene;
    struct vg_view_scratch *scratch;
    struct vg_view_thumb thumb;
    uint8_t reference[VG_VIEW_REFERENCE_BYTES];
};

static struct vg_view_settings settings_any_size(void)
{
    struct vg_view_settings settings = vg_view_settings_defaults();
    settings.long_side = settings.short_side = 0;
    return settings;
}

static struct vg_view_watch *open_watch(void)
{
    struct vg_view_watch *watch;
    const struct vg_view_settings settings = settings_any_size();
    assert_int_equal(vg_view_watch_open(&watch, &settings), VG_OK);
    return watch;
}

/* One look a second: number n. */
static const struct vg_view_health *look(struct bench *b, struct vg_view_watch *watch,
                                         const struct vg_view_scene_camera *camera, uint32_t n)
{
    const struct vg_picture picture = vg_view_scene_picture(b->scene, camera, n);
    vg_view_thumb_take(&b->thumb, &picture);
    const struct vg_view_health *h = vg_view_watch_look(
        watch, b->scratch, &b->thumb, (struct vg_media_time){n * VG_US_PER_S}, 25000);
    if (getenv("VIEW_TRACE"))
        printf("%3u %-8s d%d kept %.2f gone %.2f dark %.2f flat %.2f sharp %.2f grey %.2f gg %.2f "
               "sg %.2f votes "
               "%.2f shift %.3f in %u/%u cells %u same %.2f steady %.2f noise %.2f blocks %u %u "
               "ref %d\n",
               n, vg_view_state_name(h->state), h->doubt, (double)h->measures.change.kept,
               (double)h->measures.change.gone, (double)h->measures.change.dark,
               (double)h->measures.change.flat, (double)h->measures.change.sharpness,
               (double)h->measures.change.grey, (double)h->measures.change.grey_gone,
               (double)h->measures.change.slope_gone, (double)h->measures.votes,
               (double)h->measures.shift, h->measures.inliers, h->measures.matches,
               h->measures.cells, (double)h->measures.same, (double)h->measures.steady,
               (double)h->measures.noise, h->measures.change.blocks_then,
               h->measures.change.blocks_now, h->referenced);
    return h;
}

static const struct vg_view_health *looks(struct bench *b, struct vg_view_watch *watch,
                                          const struct vg_view_scene_camera *camera, uint32_t from,
                                          uint32_t to)
{
    const struct vg_view_health *h = vg_view_watch_health(watch);
    for (uint32_t n = from; n < to; n++)
        h = look(b, watch, camera, n);
    return h;
}

static int setup(void **state)
{
    static const struct vg_view_scene_camera camera = SET_UP;
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    *state = b;
    b->scene = vg_view_scene_open(1);
    assert_non_null(b->scene);
    assert_int_equal(vg_view_scratch_open(&b->scratch), VG_OK);
    struct vg_view_watch *watch = open_watch();
    const struct vg_view_health *h = looks(b, watch, &camera, 0, LEARN);
    assert_true(h->referenced);
    assert_int_equal(h->state, VG_VIEW_GOOD);
    assert_int_equal(vg_view_watch_save(watch, b->reference), VG_OK);
    vg_view_watch_close(&watch);
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    vg_view_scratch_close(&b->scratch);
    vg_view_scene_close(&b->scene);
    free(b);
    return 0;
}

static const struct row {
    const char *name;
    struct vg_view_scene_camera camera;
    enum vg_view_state want;
    uint32_t within_s; /* of a fault */
} rows[] = {
    {"nothing", {.noise = 2, .text = 1}, VG_VIEW_GOOD, 0},
    {"shaken by 3 pixels", {.noise = 2, .text = 1, .shake = 3}, VG_VIEW_GOOD, 0},
    {"shifted by 1.5 %", {.noise = 2, .text = 1, .right = 0.015}, VG_VIEW_GOOD, 0},
    {"gamma 0.4", {.noise = 2, .text = 1, .gamma = 0.4}, VG_VIEW_GOOD, 0},
    {"gamma 2.5", {.noise = 2, .text = 1, .gamma = 2.5}, VG_VIEW_GOOD, 0},
    {"a quarter of the light, noise 5", {.noise = 5, .text = 1, .gain = 0.25}, VG_VIEW_GOOD, 0},
    {"haze", {.noise = 2, .text = 1, .gain = 0.4, .lift = 120}, VG_VIEW_GOOD, 0},
    {"noise 10", {.noise = 10, .text = 1}, VG_VIEW_GOOD, 0},
    {"the lamp of one half is out", {.noise = 3, .text = 1, .dark_side = 0.5}, VG_VIEW_GOOD, 0},
    {"crowd over half of it", {.noise = 2, .text = 1, .passers = VG_SCENE_CROWD}, VG_VIEW_GOOD, 0},
    {"vehicles over two thirds",
     {.noise = 2, .text = 1, .passers = VG_SCENE_VEHICLE},
     VG_VIEW_GOOD,
     0},
    {"rain", {.noise = 2, .text = 1, .passers = VG_SCENE_RAIN}, VG_VIEW_GOOD, 0},
    {"blur of 1 pixel", {.noise = 2, .text = 1, .blur = 0.6}, VG_VIEW_GOOD, 0},
    {"covered to 30 %", {.noise = 2, .text = 1, .cover = 0.3, .cover_luma = 90}, VG_VIEW_GOOD, 0},
    {"shifted by 4 %", {.noise = 2, .text = 1, .right = 0.04}, VG_VIEW_MOVED, 5},
    {"shifted by 10 %", {.noise = 2, .text = 1, .right = 0.1}, VG_VIEW_MOVED, 5},
    {"shifted by 40 %", {.noise = 2, .text = 1, .right = 0.4}, VG_VIEW_MOVED, 5},
    {"turned right away", {.noise = 2, .text = 1, .right = 1}, VG_VIEW_MOVED, 10},
    {"tilted by 10 %", {.noise = 2, .text = 1, .down = -0.1}, VG_VIEW_MOVED, 5},
    {"zoom 0.7", {.noise = 2, .text = 1, .nearer = -0.3}, VG_VIEW_MOVED, 10},
    {"zoom 1.05", {.noise = 2, .text = 1, .nearer = 0.05}, VG_VIEW_MOVED, 5},
    {"zoom 1.5", {.noise = 2, .text = 1, .nearer = 0.5}, VG_VIEW_MOVED, 10},
    {"turned about its axis by 5 degrees", {.noise = 2, .text = 1, .degrees = 5}, VG_VIEW_MOVED, 5},
    {"shifted by 10 % at dusk",
     {.noise = 5, .text = 1, .right = 0.1, .gain = 0.3},
     VG_VIEW_MOVED,
     5},
    {"shifted by 10 % behind a crowd",
     {.noise = 2, .text = 1, .right = 0.1, .passers = VG_SCENE_CROWD},
     VG_VIEW_MOVED,
     10},
    {"blur of 2 pixels", {.noise = 2, .text = 1, .blur = 2}, VG_VIEW_BLURRED, 8},
    {"blur of 3 pixels", {.noise = 2, .text = 1, .blur = 3}, VG_VIEW_BLURRED, 8},
    {"blur of 6 pixels", {.noise = 2, .text = 1, .blur = 6}, VG_VIEW_BLURRED, 8},
    {"black", {.noise = 2, .text = 1, .gain = 0.01}, VG_VIEW_BLACK, 5},
    {"black, noise 6", {.noise = 6, .text = 1, .gain = 0.01}, VG_VIEW_BLACK, 5},
    {"covered to 60 %", {.noise = 2, .text = 1, .cover = 0.6, .cover_luma = 90}, VG_VIEW_MASKED, 8},
    {"covered to 60 %, in black", {.noise = 2, .text = 1, .cover = 0.6}, VG_VIEW_MASKED, 8},
    {"covered to 80 %, in white",
     {.noise = 2, .text = 1, .cover = 0.8, .cover_luma = 240},
     VG_VIEW_MASKED,
     8},
    {"covered", {.noise = 2, .text = 1, .cover = 1, .cover_luma = 120}, VG_VIEW_MASKED, 8},
    {"covered, in black", {.noise = 2, .text = 1, .cover = 1, .cover_luma = 4}, VG_VIEW_BLACK, 5},
    {"frozen", {.noise = 2, .frozen = 1}, VG_VIEW_FROZEN, 12},
    {"frozen, the clock goes on", {.noise = 2, .text = 1, .frozen = 1}, VG_VIEW_FROZEN, 12},
};

/* Seconds until the state is there; -1: never, or another fault in between. */
static int seconds_until(struct bench *b, struct vg_view_watch *watch, const struct row *row)
{
    int seen = -1;
    for (uint32_t n = 0; n < DURING; n++) {
        const struct vg_view_health *h = look(b, watch, &row->camera, BEFORE + n);
        if (seen < 0 && h->state == row->want)
            seen = (int)n;
        if (h->state != row->want && (seen >= 0 || h->state != VG_VIEW_GOOD)) {
            print_error("%s: %s after %u s\n", row->name, vg_view_state_name(h->state), n);
            return -1;
        }
        assert_true(h->state == VG_VIEW_GOOD || h->state >= VG_VIEW_SMALL ||
                    !vg_view_places_hold(h));
    }
    return seen;
}

static void each_fault(void **state)
{
    static const struct vg_view_scene_camera camera = SET_UP;
    struct bench *b = *state;
    uint32_t wrong = 0;
    print_message("| the camera | state | after s | good again after s |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_view_watch *watch = open_watch();
        assert_int_equal(vg_view_watch_restore(watch, b->reference, sizeof b->reference), VG_OK);
        assert_int_equal(looks(b, watch, &camera, 0, BEFORE)->state, VG_VIEW_GOOD);
        const int seen = seconds_until(b, watch, &rows[i]);
        int back = -1;
        for (uint32_t n = 0; n < AFTER && back < 0; n++)
            if (look(b, watch, &camera, BEFORE + DURING + n)->state == VG_VIEW_GOOD)
                back = (int)n;
        const int bad = seen < 0 || seen > (int)rows[i].within_s || back < 0;
        print_message("| %s | %s | %d | %d |%s\n", rows[i].name, vg_view_state_name(rows[i].want),
                      seen, back, bad ? " WRONG" : "");
        wrong += (uint32_t)bad;
        vg_view_watch_close(&watch);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_fault)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
