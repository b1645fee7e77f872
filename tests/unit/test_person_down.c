/* Stories of one person, five pictures a second: first upright, then something happens, with what the
 * detector, second looks and the ground's map say of the place from then on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "models/class.h"
#include "tests/unit/event_stage.h"

#define WIDTH   640
#define HEIGHT  480
#define STEP_US 200000

static const struct stage_settings room = {WIDTH, HEIGHT, STEP_US, VG_MAPS_GROUND, 0};
static const struct vg_box stands = {300, 150, 80, 240};
static const struct vg_box lies = {240, 320, 230, 90};

#define SCENE(masks)                                                                      \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"label\":\"z\",\"polygon\":" \
    "[[0.3,0.3],[1,0.3],[1,1],[0.3,1]]}]," masks "\"rules\":[{\"id\":\"r\",\"severity\":" \
    "\"low\",\"event\":\"person_down\",\"at\":\"z\"}]}"
#define BED(events)                                                                                \
    "\"masks\":[{\"id\":\"bed\",\"polygon\":[[0.3,0.6],[0.8,0.6],[0.8,0.9],[0.3,0.9]]" events "}]" \
    ","

static void set_stage(struct stage *b, const char *scene)
{
    stage_open(b, &room, scene);
    assert_int_equal(vg_watcher_maps(b->scene), VG_MAPS_GROUND);
    assert_true(vg_watcher_wishes(b->scene));
    (void)stage_add_track(b, VG_CLASS_PERSON, stands);
}

/* What the picture holds besides the track. */
struct view {
    float seen;   /* score of a lying box of the detector; 0: none */
    float turned; /* the same of a look turned */
    float plain;  /* score of an upright box of a look as it is */
    bool ground;  /* the ground below it is not as before */
    bool maps;
};

static uint32_t look(struct stage *b, const struct view *view)
{
    const struct vg_detection turned = {lies, view->turned, VG_CLASS_PERSON};
    const struct vg_detection plain = {stands, view->plain, VG_CLASS_PERSON};
    for (uint32_t i = 0; i < b->output.wish_count && i < VG_LOOKS_MAX; i++) {
        const bool as_is = b->output.wish[i].turn == VG_TURN_NONE;
        const struct vg_detection *found = as_is ? &plain : &turned;
        stage_answer(b, &b->output.wish[i], found->score > 0 ? found : NULL);
    }
    if (view->seen > 0)
        stage_show(b, VG_CLASS_PERSON, view->seen, lies);
    stage_fill(b, b->ground, (struct stage_area){62, 82, 54, 20},
               view->ground ? VG_GROUND_NEW : VG_GROUND_SAME);
    return stage_look(b, view->maps ? &b->maps : NULL);
}

enum happens {
    NOTHING,
    LOST,      /* the detector finds the track no more */
    COLLAPSES, /* its box becomes the lying one */
    SITS,      /* its box becomes 0.65 as high */
    HIDES,     /* its legs are hidden: the top stays */
    LEAVES     /* lost at the left edge */
};

static void happen(struct stage *b, enum happens what)
{
    static const struct vg_box sits = {290, 234, 100, 156}, hides = {300, 150, 80, 130};
    struct vg_track *track = &b->track[0];
    if (what == LEAVES)
        track->seen.left = 0;
    track->detected = what != LOST && what != LEAVES;
    if (what == COLLAPSES)
        track->seen = lies;
    else if (what == SITS || what == HIDES)
        track->seen = what == SITS ? sits : hides;
    if (track->detected)
        track->last_seen.us = b->now_us;
    track->box = track->seen;
}

/* Pictures of three seconds after it happened in which the rule holds. */
static uint32_t tell(struct stage *b, enum happens what, const struct view *view)
{
    const struct view before = {.maps = view->maps};
    uint32_t held = 0;
    for (int i = 0; i < 10; i++) {
        happen(b, NOTHING);
        assert_int_equal(look(b, &before), 0);
    }
    for (int i = 0; i < 15; i++) {
        happen(b, what);
        held += look(b, view);
    }
    return held;
}

static void who_falls_and_who_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum happens what;
        struct view view;
        bool holds;
        enum vg_why_not why; /* else, of the place */
    } rows[] = {
        {"collapses and is seen", COLLAPSES, {0.5f, 0, 0, true, true}, true, 0},
        {"collapses and is hardly seen", COLLAPSES, {0.2f, 0, 0, true, true}, true, 0},
        {"lost and hardly seen", LOST, {0.2f, 0, 0, true, true}, true, 0},
        {"lost and seen by a turned look", LOST, {0, 0.5f, 0, true, true}, true, 0},
        {"by a faint one", LOST, {0, 0.3f, 0, true, true}, true, 0},
        {"by none", LOST, {0, 0.2f, 0, true, true}, false, VG_WHY_NO_FALL},
        {"lost, something new on the ground", LOST, {0, 0, 0, true, true}, false, VG_WHY_NO_FALL},
        {"lost before a sofa", LOST, {0.3f, 0.5f, 0, false, true}, false, VG_WHY_NO_FALL},
        {"found again upright", LOST, {0.2f, 0, 0.6f, true, true}, false, VG_WHY_UPRIGHT},
        {"no maps, hardly seen", LOST, {0.2f, 0, 0, true, false}, false, VG_WHY_NO_FALL},
        {"no maps, well seen", LOST, {0.5f, 0.5f, 0, true, false}, true, 0},
        {"sits", SITS, {0.5f, 0.5f, 0, true, true}, false, VG_WHY_HOLDS},
        {"behind a table", HIDES, {0.5f, 0.5f, 0, true, true}, false, VG_WHY_HOLDS},
        {"leaves the picture", LEAVES, {0.5f, 0.5f, 0, true, true}, false, VG_WHY_HOLDS},
        {"stands where a lying box is", NOTHING, {0.5f, 0.5f, 0, true, true}, false, VG_WHY_HOLDS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, SCENE(""));
        const uint32_t held = tell(&b, rows[i].what, &rows[i].view);
        if (rows[i].holds ? held < 10 : held > 0)
            fail_msg("%s: held in %u of 15 pictures (%s)", rows[i].name, held,
                     vg_why_not_name(b.why));
        if (!rows[i].holds && b.why != rows[i].why)
            fail_msg("%s: %s", rows[i].name, vg_why_not_name(b.why));
        assert_true((b.wishes > 0) == (rows[i].holds || rows[i].why != VG_WHY_HOLDS));
        stage_close(&b);
    }
}

static void where_it_lies(void **state)
{
    (void)state;
    static const struct {
        const char *scene;
        bool holds;
    } rows[] = {
        {SCENE(""), true},
        {SCENE(BED("")), false},
        {SCENE(BED(",\"events\":[\"person_down\"]")), false},
        {SCENE(BED(",\"events\":[\"fire\"]")), true},
    };
    static const struct view view = {0.5f, 0.5f, 0, true, true};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, rows[i].scene);
        assert_true((tell(&b, LOST, &view) > 0) == rows[i].holds);
        if (!rows[i].holds)
            assert_int_equal(b.why, VG_WHY_MASKED);
        stage_close(&b);
    }
}

static void what_is_shown(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    assert_true(tell(&b, LOST, &(struct view){0.3f, 0.5f, 0, true, true}) > 0);
    const struct vg_sighting *sighting = &b.output.sighting[0];
    assert_true(sighting->subject > VG_SUBJECT_THING);
    assert_int_equal(sighting->box_count, 1);
    assert_memory_equal(&sighting->box[0].box, &lies, sizeof lies);
    assert_false(sighting->instant);
    for (uint32_t i = 0; i < b.output.wish_count; i++) {
        const struct vg_box region = b.output.wish[i].region;
        assert_true(region.left >= 0 && region.top >= 0 && region.left + region.width <= WIDTH &&
                    region.top + region.height <= HEIGHT && region.width > 0);
    }
    stage_close(&b);
}

/* Who gets up again is no longer told, and the place is left alone after a while. */
static void gets_up(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    assert_true(tell(&b, LOST, &(struct view){0.5f, 0.5f, 0, true, true}) > 0);
    const struct view up = {0, 0, 0.7f, false, true};
    uint32_t held = 0;
    for (int i = 0; i < 25; i++)
        held += look(&b, &up);
    assert_true(held < 10);
    assert_int_equal(b.output.sighting_count, 0);
    assert_int_equal(b.output.wish_count, 0);
    stage_close(&b);
}

/* The view of the maps: stripes; the background is as many map pixels beside them. */
static void shake(struct stage *b, int step)
{
    const int width = (int)b->maps.size.width, height = (int)b->maps.size.height;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint32_t now = (uint32_t)(x + 16) / 5u, ever = (uint32_t)(x + 16 - step) / 5u;
            b->luma[y * width + x] = (uint8_t)(now * now * 37u % 200u);
            b->long_luma[y * width + x] = (uint8_t)(ever * ever * 37u % 200u);
        }
}

/* What a shaken camera does to the ground is no body: a sofa looks a little like one. */
static void on_a_mast_in_the_wind(void **state)
{
    (void)state;
    static const struct {
        int step;  /* map pixels, in the pictures before somebody is lost */
        int since; /* pictures from the last such to there */
        struct view view;
        bool holds;
    } rows[] = {
        {0, 0, {0.2f, 0, 0, true, true}, true},    {1, 0, {0.2f, 0, 0, true, true}, true},
        {2, 0, {0.2f, 0, 0, true, true}, false},   {-4, 0, {0.2f, 0.3f, 0, true, true}, false},
        {4, 0, {0.2f, 0.5f, 0, true, true}, true}, {4, 0, {0.5f, 0, 0, true, true}, true},
        {4, 20, {0.2f, 0, 0, true, true}, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, SCENE(""));
        for (int k = 0; k < 10; k++) {
            shake(&b, k % 2 ? rows[i].step : 0);
            happen(&b, NOTHING);
            (void)look(&b, &(struct view){.maps = true});
        }
        shake(&b, 0);
        for (int k = 0; k < rows[i].since; k++) {
            happen(&b, NOTHING);
            (void)look(&b, &(struct view){.maps = true});
        }
        uint32_t held = 0;
        for (int k = 0; k < 10; k++) {
            happen(&b, LOST);
            held += look(&b, &rows[i].view);
        }
        if ((held > 0) != rows[i].holds)
            fail_msg("row %zu: held in %u pictures", i, held);
        stage_close(&b);
    }
}

static void bad_input(void **state)
{
    (void)state;
    static const struct vg_box boxes[] = {{-500, -500, 80, 240},   {300, 150, 0, 0},
                                          {600, 400, 1e9f, 2e9f},  {NAN, 1, 2, NAN},
                                          {1e30f, 1e30f, 80, 240}, {300, 150, 80, 240}};
    struct stage b;
    set_stage(&b, SCENE(""));
    for (int i = 0; i < 200; i++) {
        const struct view view = {(float)(i % 3) / 4, i % 7 ? 0.5f : NAN, 0.1f, i % 2 == 0,
                                  i % 5 != 0};
        b.track[0].seen = b.track[0].box = boxes[i % 6];
        b.track[0].detected = i % 4 != 0;
        b.track[0].last_seen.us = b.now_us;
        b.now_us -= i % 50 == 49 ? 3 * STEP_US : 0;
        (void)look(&b, &view);
        for (uint32_t k = 0; k < b.output.sighting_count; k++)
            assert_true(isfinite(b.output.sighting[k].box[0].box.left));
        for (uint32_t k = 0; k < b.output.wish_count; k++)
            assert_true(isfinite(b.output.wish[k].region.left + b.output.wish[k].region.width));
    }
    stage_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_falls_and_who_does_not),
        cmocka_unit_test(where_it_lies),
        cmocka_unit_test(what_is_shown),
        cmocka_unit_test(gets_up),
        cmocka_unit_test(on_a_mast_in_the_wind),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
