/* The health of a view, by a camera before a scene made here: what each fault of the camera leads
 * to and after what time, what no fault is, and that the old view ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

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
    BEFORE = 2,
    DURING = 14,
    CALM = 10, /* where nothing is to happen */
    AFTER = 9,
    LEARN = 10
};

struct bench {
    struct vg_view_scene *scene;
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
    {"lamps out but for a tenth", {.noise = 4, .text = 1, .gain = 0.1}, VG_VIEW_GOOD, 0},
    {"infra-red", {.noise = 4, .text = 1, .infra = 1}, VG_VIEW_GOOD, 0},
    {"the lamp of one half is out", {.noise = 3, .text = 1, .dark_side = 0.5}, VG_VIEW_GOOD, 0},
    {"crowd over half of it", {.noise = 2, .text = 1, .passers = VG_SCENE_CROWD}, VG_VIEW_GOOD, 0},
    {"vehicles over two thirds",
     {.noise = 2, .text = 1, .passers = VG_SCENE_VEHICLE},
     VG_VIEW_GOOD,
     0},
    {"rain", {.noise = 2, .text = 1, .passers = VG_SCENE_RAIN}, VG_VIEW_GOOD, 0},
    {"blur of 0.7 pixels", {.noise = 2, .text = 1, .blur = 0.7}, VG_VIEW_GOOD, 0},
    {"covered to 30 %", {.noise = 2, .text = 1, .cover = 0.3, .cover_luma = 90}, VG_VIEW_GOOD, 0},
    {"shifted by 4 %", {.noise = 2, .text = 1, .right = 0.04}, VG_VIEW_MOVED, 5},
    {"shifted by 10 %", {.noise = 2, .text = 1, .right = 0.1}, VG_VIEW_MOVED, 5},
    {"shifted by 40 %", {.noise = 2, .text = 1, .right = 0.4}, VG_VIEW_MOVED, 5},
    {"shifted by 10 % in infra-red",
     {.noise = 4, .text = 1, .right = 0.1, .infra = 1},
     VG_VIEW_MOVED,
     10},
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
    {"blur of 1.5 pixels", {.noise = 2, .text = 1, .blur = 1.5}, VG_VIEW_BLURRED, 8},
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
    const uint32_t count = row->want == VG_VIEW_GOOD ? CALM : DURING;
    for (uint32_t n = 0; n < count && (seen < 0 || seen + 2 > (int)n || count == CALM); n++) {
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

static struct vg_view_watch *open_set_up(struct bench *b)
{
    struct vg_view_watch *watch = open_watch();
    assert_int_equal(vg_view_watch_restore(watch, b->reference, sizeof b->reference), VG_OK);
    return watch;
}

/* The reference is taken from a view that stands, however the camera begins. */
static void beginnings(void **state)
{
    static const struct {
        const char *name;
        struct vg_view_scene_camera camera;
        enum vg_view_state want;
        uint32_t referenced; /* after 12 looks */
    } starts[] = {
        {"as it is", {.noise = 2}, VG_VIEW_GOOD, 1},
        {"a crowd", {.noise = 2, .passers = VG_SCENE_CROWD}, VG_VIEW_GOOD, 1},
        {"rain at dusk", {.noise = 4, .gain = 0.4, .passers = VG_SCENE_RAIN}, VG_VIEW_GOOD, 1},
        {"black", {.noise = 2, .gain = 0.01}, VG_VIEW_BLACK, 0},
        {"covered", {.noise = 2, .cover = 1, .cover_luma = 100}, VG_VIEW_MASKED, 0},
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct vg_view_watch *watch = open_watch();
        const struct vg_view_health *h = looks(b, watch, &starts[i].camera, 0, 12);
        if (h->state != starts[i].want || h->referenced != starts[i].referenced)
            fail_msg("%s: %s, reference %d", starts[i].name, vg_view_state_name(h->state),
                     h->referenced);
        vg_view_watch_close(&watch);
    }
}

/* A camera that turns on and on has no reference; once it stands, it has. */
static void turning_at_first(void **state)
{
    struct bench *b = *state;
    struct vg_view_watch *watch = open_watch();
    struct vg_view_scene_camera camera = SET_UP;
    for (uint32_t n = 0; n < 12; n++) {
        camera.right = -0.8 + 0.1 * n;
        assert_false(look(b, watch, &camera, n)->referenced);
    }
    assert_true(looks(b, watch, &camera, 12, 20)->referenced);
    vg_view_watch_close(&watch);
}

/* From the first look at which it is off its view, nothing is judged by place. */
static void panning(void **state)
{
    struct bench *b = *state;
    struct vg_view_watch *watch = open_set_up(b);
    struct vg_view_scene_camera camera = SET_UP;
    assert_int_equal(looks(b, watch, &camera, 0, BEFORE)->state, VG_VIEW_GOOD);
    for (uint32_t n = 0; n < 12; n++) {
        camera.right = 0.05 * (n + 1);
        const struct vg_view_health *h = look(b, watch, &camera, BEFORE + n);
        assert_false(vg_view_places_hold(h));
        assert_int_equal(h->state, n < 3 ? VG_VIEW_GOOD : VG_VIEW_MOVED);
    }
    vg_view_watch_close(&watch);
}

/* A mount that gives way slowly, by 0.02 % a second, while day becomes night: the reference
 * follows both, its anchor knows. A look in 5 s. */
static void creeping(void **state)
{
    struct bench *b = *state;
    struct vg_view_watch *watch = open_set_up(b);
    struct vg_view_scene_camera camera = SET_UP;
    double seen = -1;
    for (uint32_t n = 0; n < 300 && seen < 0; n += 5) {
        camera.right = 0.0002 * n;
        camera.gain = 1 - 0.001 * n;
        const struct vg_view_health *h = look(b, watch, &camera, n);
        assert_true(h->state == VG_VIEW_GOOD || h->state == VG_VIEW_MOVED);
        if (h->state == VG_VIEW_MOVED)
            seen = camera.right;
    }
    print_message("a creeping view was seen at %.1f %%\n", 100 * seen);
    assert_true(seen > 0.0275 && seen < 0.0275 + 0.0002 * 90);
    vg_view_watch_close(&watch);
}

/* Day, dusk, infra-red, night, dawn, day, a look in 10 s: one view. */
static void day_and_night(void **state)
{
    static const struct {
        double gain, noise;
        uint32_t infra, looks;
    } parts[] = {{0, 2, 0, 6},  {0.6, 2, 0, 6},  {0.3, 4, 0, 6}, {0.12, 5, 0, 6},
                 {0, 5, 1, 20}, {0.3, 4, 0, 12}, {0, 2, 0, 12}};
    struct bench *b = *state;
    struct vg_view_watch *watch = open_set_up(b);
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (uint32_t k = 0; k < parts[i].looks; k++, n += 10) {
            const struct vg_view_scene_camera camera = {
                .gain = parts[i].gain, .noise = parts[i].noise, .infra = parts[i].infra, .text = 1};
            const struct vg_view_health *h = look(b, watch, &camera, n);
            if (h->state != VG_VIEW_GOOD)
                fail_msg("part %zu, look %u: %s", i, k, vg_view_state_name(h->state));
        }
    vg_view_watch_close(&watch);
}

/* When night falls on all cameras at once, each look that needs corners takes ten times another. */
static void night_costs_little(void **state)
{
    static const struct vg_view_scene_camera night = {.noise = 5, .infra = 1, .text = 1};
    struct bench *b = *state;
    struct vg_view_watch *watch = open_set_up(b);
    static const struct vg_view_scene_camera day = SET_UP;
    (void)looks(b, watch, &day, 100, 110);
    const uint64_t before = vg_view_watch_health(watch)->corner_looks;
    for (uint32_t n = 110; n < 410; n++)
        assert_int_equal(look(b, watch, &night, n)->state, VG_VIEW_GOOD);
    const uint64_t asked = vg_view_watch_health(watch)->corner_looks - before;
    print_message("night: %u of 300 looks by corners\n", (uint32_t)asked);
    assert_in_range(asked, 1, 20); /* 120 if each look asked */
    vg_view_watch_close(&watch);
}

/* What was found at nightfall hides no camera that turns then, quickly or by little and little. */
static void turning_at_night(void **state)
{
    static const double steps[] = {0.1, 0.01, 0.003};
    struct bench *b = *state;
    for (uint32_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct vg_view_watch *watch = open_set_up(b);
        struct vg_view_scene_camera night = {.gain = 0.3, .noise = 4, .text = 1};
        static const struct vg_view_scene_camera day = SET_UP;
        (void)looks(b, watch, &day, 100, 110);
        (void)looks(b, watch, &night, 110, 113);
        uint32_t n = 113;
        for (; n < 160 && vg_view_watch_health(watch)->state == VG_VIEW_GOOD; n++) {
            night.right = fmin(night.right + steps[i], 0.3);
            (void)look(b, watch, &night, n);
        }
        print_message("%.3f a second: seen after %u s\n", steps[i], n - 113);
        assert_int_equal(vg_view_watch_health(watch)->state, VG_VIEW_MOVED);
        assert_true(n - 113 <= 4 + 0.0275 / steps[i] + 10);
        vg_view_watch_close(&watch);
    }
}

static void confirmed_by_a_person(void **state)
{
    static const struct vg_view_scene_camera as_set_up = SET_UP,
                                             elsewhere = {.noise = 2, .text = 1, .right = 0.3},
                                             black = {.noise = 2, .gain = 0.01};
    struct bench *b = *state;
    struct vg_view_watch *watch = open_set_up(b);
    assert_int_equal(vg_view_confirm(watch, b->scratch), VG_E_STATE); /* nothing seen */
    (void)looks(b, watch, &black, 0, 5);
    assert_int_equal(vg_view_confirm(watch, b->scratch), VG_E_STATE); /* nothing in it */
    assert_int_equal(looks(b, watch, &elsewhere, 5, 15)->state, VG_VIEW_MOVED);
    assert_int_equal(vg_view_confirm(watch, b->scratch), VG_OK);
    assert_int_equal(look(b, watch, &elsewhere, 15)->state, VG_VIEW_GOOD);
    assert_true(vg_view_places_hold(vg_view_watch_health(watch)));
    assert_int_equal(looks(b, watch, &elsewhere, 16, 26)->state, VG_VIEW_GOOD);
    assert_int_equal(looks(b, watch, &as_set_up, 26, 32)->state, VG_VIEW_MOVED);
    assert_int_equal(looks(b, watch, &elsewhere, 32, 37)->state, VG_VIEW_GOOD);
    vg_view_watch_close(&watch);
}

/* What one process kept, the next one knows; what is damaged is refused and changes nothing. */
static void kept_and_read_back(void **state)
{
    static const struct vg_view_scene_camera elsewhere = {.noise = 2, .text = 1, .right = 0.1};
    static uint8_t bytes[VG_VIEW_REFERENCE_BYTES + 1];
    static const struct {
        const char *name;
        size_t size, at; /* the byte that is changed */
        enum vg_status want;
    } damages[] = {
        {"cut", VG_VIEW_REFERENCE_BYTES - 1, 0, VG_E_INPUT},
        {"none", 0, 0, VG_E_INPUT},
        {"longer", VG_VIEW_REFERENCE_BYTES + 1, 0, VG_E_INPUT},
        {"other bytes", VG_VIEW_REFERENCE_BYTES, 1, VG_E_INPUT},
        {"version 2", VG_VIEW_REFERENCE_BYTES, 8, VG_E_INPUT},
        {"another width", VG_VIEW_REFERENCE_BYTES, 12, VG_E_INPUT},
        {"one pixel", VG_VIEW_REFERENCE_BYTES, 5000, VG_E_INTEGRITY},
        {"the sum", VG_VIEW_REFERENCE_BYTES, VG_VIEW_REFERENCE_BYTES - 1, VG_E_INTEGRITY},
    };
    struct bench *b = *state;
    struct vg_view_watch *watch = open_watch();
    assert_int_equal(vg_view_watch_save(watch, bytes), VG_E_STATE);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        memcpy(bytes, b->reference, sizeof b->reference);
        bytes[damages[i].at] ^= 3;
        assert_int_equal(vg_view_watch_restore(watch, bytes, damages[i].size), damages[i].want);
        assert_false(vg_view_watch_health(watch)->referenced);
    }
    assert_int_equal(vg_view_watch_restore(watch, b->reference, sizeof b->reference), VG_OK);
    assert_int_equal(vg_view_watch_save(watch, bytes), VG_OK);
    assert_memory_equal(bytes, b->reference, sizeof b->reference);
    assert_int_equal(looks(b, watch, &elsewhere, 0, 5)->state, VG_VIEW_MOVED); /* moved meanwhile */
    vg_view_watch_close(&watch);
}

/* By numbers alone: size at each look, rate where it is known. */
static void small_and_slow(void **state)
{
    static const struct {
        uint32_t width, height, fps_milli;
        enum vg_view_state want;
    } sizes[] = {
        {704, 576, 25000, VG_VIEW_GOOD},  {704, 480, 12000, VG_VIEW_GOOD},
        {480, 704, 60000, VG_VIEW_GOOD},  {3840, 2160, 0, VG_VIEW_GOOD},
        {702, 576, 25000, VG_VIEW_SMALL}, {1920, 478, 25000, VG_VIEW_SMALL},
        {352, 288, 6000, VG_VIEW_SMALL},  {704, 576, 11300, VG_VIEW_SLOW},
        {704, 576, 11900, VG_VIEW_GOOD},
    };
    static const struct vg_view_scene_camera camera = SET_UP;
    const struct vg_view_settings settings = vg_view_settings_defaults();
    struct bench *b = *state;
    const struct vg_picture picture = vg_view_scene_picture(b->scene, &camera, 0);
    vg_view_thumb_take(&b->thumb, &picture);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vg_view_watch *watch;
        const struct vg_view_health *h = NULL;
        assert_int_equal(vg_view_watch_open(&watch, &settings), VG_OK);
        b->thumb.width = sizes[i].width;
        b->thumb.height = sizes[i].height;
        for (uint32_t n = 0; n < 12; n++) {
            b->thumb.print[n]++; /* not frozen, were it for more than these */
            for (uint32_t k = 0; k < VG_VIEW_BLOCKS; k++)
                b->thumb.print[k]++;
            h = vg_view_watch_look(watch, b->scratch, &b->thumb,
                                   (struct vg_media_time){n * VG_US_PER_S}, sizes[i].fps_milli);
        }
        assert_int_equal(h->state, sizes[i].want);
        assert_true(vg_view_places_hold(h));
        vg_view_watch_close(&watch);
    }
}

/* Two looks far apart decide nothing, whatever the time between them. */
static void not_on_two_looks(void **state)
{
    static const struct vg_view_scene_camera elsewhere = {.noise = 2, .right = 0.1};
    struct bench *b = *state;
    struct vg_view_watch *watch = open_set_up(b);
    assert_int_equal(look(b, watch, &elsewhere, 0)->state, VG_VIEW_GOOD);
    assert_int_equal(look(b, watch, &elsewhere, 3600)->state, VG_VIEW_GOOD);
    assert_false(vg_view_places_hold(vg_view_watch_health(watch)));
    assert_int_equal(look(b, watch, &elsewhere, 7200)->state, VG_VIEW_MOVED);
    assert_int_equal(vg_view_watch_health(watch)->since.us, 7200 * VG_US_PER_S);
    vg_view_watch_close(&watch);
}

static void the_same_twice(void **state)
{
    struct bench *b = *state;
    static uint8_t bytes[2][VG_VIEW_REFERENCE_BYTES];
    struct vg_view_measures measures[2];
    struct vg_view_scene_camera camera = {.noise = 4, .passers = VG_SCENE_CROWD};
    for (int i = 0; i < 2; i++) {
        struct vg_view_watch *watch = open_set_up(b);
        for (uint32_t n = 0; n < 10; n++) {
            camera.right = n < 5 ? 0 : 0.1;
            measures[i] = look(b, watch, &camera, n)->measures;
        }
        assert_int_equal(vg_view_watch_save(watch, bytes[i]), VG_OK);
        vg_view_watch_close(&watch);
    }
    assert_true(measures[0].inliers > 0);
    assert_memory_equal(&measures[0], &measures[1], sizeof measures[0]);
    assert_memory_equal(bytes[0], bytes[1], sizeof bytes[0]);
}

/* Looks at the view as it was set up, one a second, and counts those of [from, to) at which the
 * anchor was asked: in no other is anything asked by corners. Returns the first of them. */
static uint32_t first_asked(struct bench *b, struct vg_view_watch *watch, uint32_t from,
                            uint32_t to, uint32_t *asked)
{
    static const struct vg_view_scene_camera camera = SET_UP;
    uint32_t first = 0;
    *asked = 0;
    for (uint32_t n = from; n < to; n++) {
        const uint64_t before = vg_view_watch_health(watch)->corner_looks;
        if (look(b, watch, &camera, n)->corner_looks == before)
            continue;
        first = (*asked)++ ? first : n;
    }
    return first;
}

/* Two flux that began together are asked at moments of their own, and once a minute: both after the
 * reference was taken and after it was restored. */
static void staggered(void **state)
{
    static const int64_t early_s[] = {0, 1, 37, 59};
    static const struct vg_view_scene_camera camera = SET_UP;
    struct bench *b = *state;
    for (uint32_t i = 0; i < sizeof early_s / sizeof *early_s; i++) {
        const uint32_t wait = (uint32_t)(60 - early_s[i]);
        uint32_t asked, taken = 0;
        struct vg_view_watch *watch = open_watch();
        vg_view_watch_stagger(watch, early_s[i] * VG_US_PER_S);
        while (!look(b, watch, &camera, taken)->referenced)
            taken++;
        const uint64_t learning = vg_view_watch_health(watch)->corner_looks;
        assert_int_equal(first_asked(b, watch, taken + 1, taken + 120, &asked), taken + wait);
        assert_int_equal(asked, wait < 60 ? 2 : 1);
        assert_int_equal(vg_view_watch_health(watch)->corner_looks, learning + asked);
        vg_view_watch_close(&watch);

        watch = open_watch();
        vg_view_watch_stagger(watch, early_s[i] * VG_US_PER_S);
        assert_int_equal(vg_view_watch_restore(watch, b->reference, sizeof b->reference), VG_OK);
        assert_int_equal(first_asked(b, watch, 500, 620, &asked), 500 + wait);
        assert_int_equal(asked, wait < 60 ? 2 : 1);
        vg_view_watch_close(&watch);
    }
}

static void words_and_memory(void **state)
{
    const struct vg_view_settings settings = vg_view_settings_defaults();
    struct vg_view_watch *watch;
    struct vg_view_scratch *scratch;
    (void)state;
    for (int s = 0; s < VG_VIEW_STATES; s++) {
        assert_true(strlen(vg_view_state_name((enum vg_view_state)s)) > 2);
        assert_true(strlen(vg_view_state_text((enum vg_view_state)s)) > 10);
    }
    vg_alloc_fail_at(1);
    assert_int_equal(vg_view_watch_open(&watch, &settings), VG_E_MEMORY);
    assert_null(watch);
    vg_alloc_fail_at(1);
    assert_int_equal(vg_view_scratch_open(&scratch), VG_E_MEMORY);
    assert_null(scratch);
    const uint64_t before = vg_alloc_held();
    assert_int_equal(vg_view_watch_open(&watch, &settings), VG_OK);
    assert_in_range(vg_alloc_held() - before, VG_VIEW_REFERENCE_BYTES, 256 * 1024);
    vg_view_watch_close(&watch);
    assert_int_equal(vg_alloc_held(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault),
        cmocka_unit_test(beginnings),
        cmocka_unit_test(turning_at_first),
        cmocka_unit_test(panning),
        cmocka_unit_test(creeping),
        cmocka_unit_test(day_and_night),
        cmocka_unit_test(night_costs_little),
        cmocka_unit_test(turning_at_night),
        cmocka_unit_test(confirmed_by_a_person),
        cmocka_unit_test(kept_and_read_back),
        cmocka_unit_test(small_and_slow),
        cmocka_unit_test(not_on_two_looks),
        cmocka_unit_test(the_same_twice),
        cmocka_unit_test(staggered),
        cmocka_unit_test(words_and_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
