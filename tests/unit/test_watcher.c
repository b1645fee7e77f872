/* The events on tracks made by hand: each row is a walk of foot points and what is seen of it.
 * Picture 1000 x 500, 10 pictures a second, boxes 40 wide and 100 high unless said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "models/class.h"
#include "src/base/alloc.h"
#include "tests/unit/event_stage.h"

#define WIDTH     1000
#define HEIGHT    500
#define STEP_US   100000
#define WALKS_MAX 24

static const struct stage_settings street = {WIDTH, HEIGHT, STEP_US, 0, 0};

/* zone "z" is the lower half, directed to the right; line "l" goes from left to right at half
 * height over the middle; mask "m" hides the right tenth */
#define PLACES                                                                                  \
    "{\"version\":1,\"name\":\"x\","                                                            \
    "\"masks\":[{\"id\":\"m\",\"polygon\":[[0.9,0],[1,0],[1,1],[0.9,1]]}],"                     \
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0.5],[1,0.5],[1,1],[0,1]],\"direction\":[1,0]}]," \
    "\"lines\":[{\"id\":\"l\",\"points\":[[0.2,0.5],[0.8,0.5]]}],\"rules\":["
#define RULE(body) PLACES "{\"id\":\"r\",\"severity\":\"low\"," body "}]}"

static void set_stage(struct stage *b, const char *scene)
{
    stage_open(b, &street, scene);
}

static struct vg_track *add_track(struct stage *b)
{
    return stage_add_track(b, VG_CLASS_PERSON, (struct vg_box){0, 0, 40, 100});
}

/* Puts the track's foot at (x, y) pixels at the stage's time, as a detection. */
static void place(struct stage *b, struct vg_track *track, double x, double y)
{
    struct vg_box box = track->box;
    box.left = (float)x - box.width / 2;
    box.top = (float)y - box.height;
    stage_move(b, track, box);
}

static uint32_t look(struct stage *b)
{
    return stage_look(b, NULL);
}

/* ---- line --------------------------------------------------------------------------------- */

enum {
    END = -1,
    GONE = -2
}; /* in a walk: its end; not detected in this picture */

static const struct line_way {
    const char *name, *direction;
    double x[12], y[12];
    int want; /* sightings in all */
    enum vg_why_not last;
} line_ways[] = {
    {"upwards", "left", {500, 500, 500, END}, {300, 260, 240}, 1, VG_WHY_HOLDS},
    {"downwards", "left", {500, 500, 500, END}, {200, 240, 260}, 0, VG_WHY_OTHER_SIDE},
    {"downwards to the right", "right", {500, 500, END}, {240, 260}, 1, VG_WHY_HOLDS},
    {"both ways", NULL, {500, 500, 500, END}, {260, 240, 260}, 2, VG_WHY_HOLDS},
    {"beside the line", NULL, {900, 900, END}, {260, 240}, 0, VG_WHY_MASKED},
    {"beyond its end", NULL, {850, 850, END}, {260, 240}, 0, VG_WHY_NO_PASSAGE},
    {"through its end", NULL, {800, 800, END}, {260, 240}, 1, VG_WHY_HOLDS},
    {"along it", NULL, {300, 500, 700, END}, {260, 260, 260}, 0, VG_WHY_NO_PASSAGE},
    {"halts on it and goes on", NULL, {500, 500, 500, END}, {260, 250, 240}, 1, VG_WHY_HOLDS},
    {"halts on it and turns", NULL, {500, 500, 500, END}, {260, 250, 260}, 0, VG_WHY_NO_PASSAGE},
    {"trembles on it",
     NULL,
     {500, 500, 500, 500, 500, END},
     {260, 249, 251, 248, 260},
     0,
     VG_WHY_NO_PASSAGE},
    {"trembles, then is through",
     NULL,
     {500, 500, 500, 500, END},
     {260, 249, 251, 240},
     1,
     VG_WHY_HOLDS},
    {"slowly", NULL, {500, 500, 500, 500, END}, {251, 249, 247, 244}, 1, VG_WHY_HOLDS},
    {"first seen on the other side", NULL, {500, 500, END}, {240, 200}, 0, VG_WHY_NO_PASSAGE},
    {"missed while passing", NULL, {500, GONE, GONE, 500, END}, {260, 0, 0, 240}, 1, VG_WHY_HOLDS},
};

static void set_line(struct stage *b, const char *direction)
{
    char scene[1024];
    (void)snprintf(scene, sizeof scene, RULE("\"event\":\"crossing\",\"at\":\"l\"%s%s%s"),
                   direction ? ",\"direction\":\"" : "", direction ? direction : "",
                   direction ? "\"" : "");
    set_stage(b, scene);
}

/* Sightings on that way, each of them right in itself. */
static uint32_t walk(struct stage *b, const struct line_way *way)
{
    struct vg_track *track = add_track(b);
    uint32_t seen = 0;
    for (size_t k = 0; way->x[k] > END || way->x[k] < END; k++) {
        if (way->x[k] < END)
            track->detected = false;
        else
            place(b, track, way->x[k], way->y[k]);
        const uint32_t now = look(b);
        seen += now;
        if (now) {
            assert_true(b->output.sighting[0].instant);
            assert_int_equal(b->output.sighting[0].subject, 1);
            assert_int_equal(b->output.sighting[0].box_count, 1);
        }
    }
    return seen;
}

static void passages_of_a_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof line_ways / sizeof *line_ways; i++) {
        const struct line_way *way = &line_ways[i];
        struct stage b;
        set_line(&b, way->direction);
        const uint32_t seen = walk(&b, way);
        if (seen != (uint32_t)way->want || b.told[1].why != way->last)
            fail_msg("%s: %u sightings, last %s", way->name, seen, vg_why_not_name(b.told[1].why));
        stage_close(&b);
    }
}

static void a_track_gone_for_long_has_not_passed(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"l\""));
    struct vg_track *track = add_track(&b);
    place(&b, track, 500, 300);
    (void)look(&b);
    b.now_us += 3 * VG_US_PER_S;
    place(&b, track, 500, 200);
    assert_int_equal(look(&b), 0);
    stage_close(&b);
}

/* Two rules look at the same person: only the one whose event the mask names sees nobody. */
static void a_mask_for_one_event_hides_from_that_alone(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":"
                  "[[0,0],[1,0],[1,1],[0,1]],\"events\":[\"density\",\"fire\"]}],"
                  "\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,0],[1,1],[0,1]]}],\"rules\":["
                  "{\"id\":\"d\",\"severity\":\"low\",\"event\":\"density\",\"at\":\"z\","
                  "\"over\":0},"
                  "{\"id\":\"c\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\"}]}");
    place(&b, add_track(&b), 500, 400);
    (void)look(&b);
    assert_int_equal(b.output.sighting_count, 1);
    assert_int_equal(b.output.sighting[0].rule, 1);
    assert_int_equal(b.output.measure_count, 1);
    assert_float_equal(b.output.measure[0].value, 0, 0);
    stage_close(&b);
}

static void a_passage_under_a_mask_is_none(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, "{\"version\":1,\"name\":\"x\",\"masks\":[{\"id\":\"m\",\"polygon\":"
                  "[[0,0.48],[1,0.48],[1,0.52],[0,0.52]]}],\"lines\":[{\"id\":\"l\",\"points\":"
                  "[[0.2,0.5],[0.8,0.5]]}],\"rules\":[{\"id\":\"r\",\"severity\":\"low\","
                  "\"event\":\"crossing\",\"at\":\"l\"}]}");
    struct vg_track *track = add_track(&b);
    for (double y = 300; y >= 200; y -= 5) {
        place(&b, track, 500, y);
        assert_int_equal(look(&b), 0);
    }
    stage_close(&b);
}

static void a_reset_forgets_positions(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"l\""));
    struct vg_track *track = add_track(&b);
    place(&b, track, 500, 280);
    (void)look(&b);
    vg_watcher_reset(b.watcher);
    place(&b, track, 500, 220);
    assert_int_equal(look(&b), 0);
    place(&b, track, 500, 280);
    assert_int_equal(look(&b), 1);
    stage_close(&b);
}

/* A line of three parts, as a gate: up at x 300, over at y 150, down at x 700. */
static void passages_of_a_bent_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double x[6], y[6];
        int want;
        enum vg_why_not last;
    } rows[] = {
        {"in by the left post", {270, 330, END}, {200, 200}, 1, VG_WHY_HOLDS},
        {"in from above", {500, 500, END}, {120, 180}, 1, VG_WHY_HOLDS},
        {"out by the right post", {670, 730, END}, {200, 200}, 1, VG_WHY_OTHER_SIDE},
        {"over the corner, out and in", {280, 320, END}, {160, 140}, 0, VG_WHY_NO_PASSAGE},
        {"through the corner", {290, 310, END}, {140, 160}, 1, VG_WHY_HOLDS},
        {"inside", {400, 440, 480, END}, {200, 180, 200}, 0, VG_WHY_NO_PASSAGE},
        {"under it, where it is open", {500, 500, END}, {300, 240}, 0, VG_WHY_NO_PASSAGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, "{\"version\":1,\"name\":\"x\",\"lines\":[{\"id\":\"l\",\"points\":"
                      "[[0.3,0.5],[0.3,0.3],[0.7,0.3],[0.7,0.5]]}],\"rules\":[{\"id\":\"r\","
                      "\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\","
                      "\"direction\":\"right\"}]}");
        struct vg_track *track = add_track(&b);
        uint32_t seen = 0;
        for (size_t k = 0; rows[i].x[k] > END; k++) {
            place(&b, track, rows[i].x[k], rows[i].y[k]);
            seen += look(&b);
        }
        const uint32_t want = rows[i].last == VG_WHY_HOLDS ? (uint32_t)rows[i].want : 0;
        if (seen != want || b.told[1].why != rows[i].last)
            fail_msg("%s: %u sightings, last %s", rows[i].name, seen,
                     vg_why_not_name(b.told[1].why));
        stage_close(&b);
    }
}

static void a_box_that_jumps_has_not_passed(void **state)
{
    (void)state;
    static const struct {
        enum vg_class class_id;
        double from, to;
        uint32_t want;
    } rows[] = {
        {VG_CLASS_PERSON, 270, 210, 1}, /* 0.6 of its height in 0.1 s: somebody runs */
        {VG_CLASS_PERSON, 320, 180, 0}, /* 1.4 of it: nobody does */
        {VG_CLASS_CAR, 320, 180, 1},
        {VG_CLASS_CAR, 480, 150, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"l\""));
        struct vg_track *track = add_track(&b);
        track->class_id = rows[i].class_id;
        place(&b, track, 500, rows[i].from);
        assert_int_equal(look(&b), 0);
        place(&b, track, 500, rows[i].to);
        assert_int_equal(look(&b), rows[i].want);
        place(&b, track, 500, rows[i].to);
        assert_int_equal(look(&b), 0);
        stage_close(&b);
    }
}

/* Passed while it was seen too few times, or too badly, to be sure: told once it is sure. */
static void a_passage_waits_until_the_track_is_admitted(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"l\""));
    struct vg_track *track = add_track(&b);
    track->state = VG_TRACK_TENTATIVE;
    place(&b, track, 500, 270);
    assert_int_equal(look(&b), 0);
    place(&b, track, 500, 230);
    assert_int_equal(look(&b), 0);
    assert_int_equal(b.told[1].why, VG_WHY_UNCONFIRMED);
    track->state = VG_TRACK_CONFIRMED;
    place(&b, track, 500, 220);
    assert_int_equal(look(&b), 1);
    place(&b, track, 500, 210);
    assert_int_equal(look(&b), 0);
    track->state = VG_TRACK_TENTATIVE;
    place(&b, track, 500, 270);
    (void)look(&b);
    for (int k = 0; k < 21; k++) { /* too late to tell */
        place(&b, track, 500, 280);
        assert_int_equal(look(&b), 0);
    }
    track->state = VG_TRACK_CONFIRMED;
    place(&b, track, 500, 280);
    assert_int_equal(look(&b), 0);
    stage_close(&b);
}

/* ---- zone --------------------------------------------------------------------------------- */

static void presence_in_a_zone_and_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double x, y;
        enum vg_class class_id;
        float score;
        enum vg_track_state state;
        enum vg_why_not want;
    } rows[] = {
        {"inside", 500, 400, VG_CLASS_PERSON, 0.8f, VG_TRACK_CONFIRMED, VG_WHY_HOLDS},
        {"only the foot counts", 500, 249, VG_CLASS_PERSON, 0.8f, VG_TRACK_CONFIRMED,
         VG_WHY_OUTSIDE},
        {"upper edge belongs to it", 500, 250, VG_CLASS_PERSON, 0.8f, VG_TRACK_CONFIRMED,
         VG_WHY_HOLDS},
        {"under the mask", 950, 400, VG_CLASS_PERSON, 0.8f, VG_TRACK_CONFIRMED, VG_WHY_MASKED},
        {"not of the classes", 500, 400, VG_CLASS_SUITCASE, 0.8f, VG_TRACK_CONFIRMED, VG_WHY_CLASS},
        {"a vehicle is", 500, 400, VG_CLASS_BUS, 0.8f, VG_TRACK_CONFIRMED, VG_WHY_HOLDS},
        {"no class", 500, 400, VG_CLASS_NONE, 0.8f, VG_TRACK_CONFIRMED, VG_WHY_CLASS},
        {"low score", 500, 400, VG_CLASS_PERSON, 0.34f, VG_TRACK_CONFIRMED, VG_WHY_SCORE},
        {"least score", 500, 400, VG_CLASS_PERSON, 0.35f, VG_TRACK_CONFIRMED, VG_WHY_HOLDS},
        {"tentative", 500, 400, VG_CLASS_PERSON, 0.8f, VG_TRACK_TENTATIVE, VG_WHY_UNCONFIRMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"z\""));
        struct vg_track *track = add_track(&b);
        track->class_id = rows[i].class_id;
        track->score = rows[i].score;
        track->state = rows[i].state;
        place(&b, track, rows[i].x, rows[i].y);
        const uint32_t seen = look(&b);
        if (b.told[1].why != rows[i].want || seen != (rows[i].want == VG_WHY_HOLDS))
            fail_msg("%s: %s", rows[i].name, vg_why_not_name(b.told[1].why));
        if (seen)
            assert_false(b.output.sighting[0].instant);
        stage_close(&b);
    }
}

/* Seen in the zone for so many pictures, then hidden for two seconds and more. */
static void who_is_hidden_is_still_there(void **state)
{
    (void)state;
    static const struct {
        int seen, last; /* pictures; the last one in which it holds */
        double x;       /* where its way has led meanwhile */
    } rows[] = {{6, 25, 500}, {5, 4, 500}, {6, 5, 950}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"z\",\"hold_s\":0.5"));
        struct vg_track *track = add_track(&b);
        for (int k = 0; k < 30; k++) {
            place(&b, track, k < rows[i].seen ? 500 : rows[i].x, 400);
            if (k >= rows[i].seen)
                track->detected = false;
            if (look(&b) != (k <= rows[i].last))
                fail_msg("row %zu, picture %d", i, k);
        }
        stage_close(&b);
    }
}

static void one_bad_look_does_not_undo_a_good_one(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"z\""));
    struct vg_track *track = add_track(&b);
    place(&b, track, 500, 400);
    assert_int_equal(look(&b), 1);
    track->score = 0.1f;
    place(&b, track, 500, 400);
    assert_int_equal(look(&b), 1);
    b.now_us += 3 * VG_US_PER_S; /* but it does not count for ever */
    place(&b, track, 500, 400);
    assert_int_equal(look(&b), 0);
    assert_int_equal(b.told[1].why, VG_WHY_SCORE);
    stage_close(&b);
}

static void a_rule_switched_off_sees_nothing(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"z\",\"active\":false"));
    place(&b, add_track(&b), 500, 400);
    assert_int_equal(look(&b), 0);
    assert_int_equal(b.told[0].why, VG_WHY_INACTIVE);
    stage_close(&b);
}

/* ---- wrong way ---------------------------------------------------------------------------- */

static void the_way_is_judged_in_pixels(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *way; /* allowed */
        double x, y;     /* start */
        double dx, dy;   /* each picture */
        int pictures;
        enum vg_why_not want;
    } rows[] = {
        {"with the way", "[1,0]", 300, 400, 10, 0, 20, VG_WHY_WITH_THE_WAY},
        {"against it", "[1,0]", 600, 400, -10, 0, 20, VG_WHY_HOLDS},
        {"across it", "[1,0]", 500, 300, 0, 8, 20, VG_WHY_WITH_THE_WAY},
        {"a little back", "[1,0]", 500, 300, -1.5, 8, 20, VG_WHY_WITH_THE_WAY},
        {"well back", "[1,0]", 500, 300, -5, 8, 22, VG_WHY_HOLDS},
        {"still", "[1,0]", 500, 400, 0, 0, 20, VG_WHY_STILL},
        {"too slow", "[1,0]", 500, 400, -1.6, 0, 30, VG_WHY_STILL},
        {"slow", "[1,0]", 500, 400, -2, 0, 97, VG_WHY_HOLDS},
        {"not begun", "[1,0]", 600, 400, -20, 0, 3, VG_WHY_STILL},
        {"fast", "[1,0]", 600, 400, -20, 0, 11, VG_WHY_HOLDS},
        {"in small steps", "[1,0]", 700, 400, -0.5, 0, 500, VG_WHY_HOLDS},
        {"outside", "[1,0]", 600, 200, -10, 0, 20, VG_WHY_OUTSIDE},
        {"just come in", "[1,0]", 600, 241, -10, 1, 12, VG_WHY_STILL},
        {"pixels, not fractions", "[1,1]", 300, 450, 10, -9.9, 12, VG_WHY_WITH_THE_WAY},
        {"length of the way is nothing", "[500,0]", 600, 400, -10, 0, 20, VG_WHY_HOLDS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char scene[1024];
        (void)snprintf(scene, sizeof scene,
                       "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":"
                       "[[0,0.5],[1,0.5],[1,1],[0,1]],\"direction\":%s}],\"rules\":[{\"id\":\"r\","
                       "\"severity\":\"low\",\"event\":\"wrong_way\",\"at\":\"z\"}]}",
                       rows[i].way);
        struct stage b;
        set_stage(&b, scene);
        struct vg_track *track = add_track(&b);
        uint32_t seen = 0;
        for (int k = 0; k < rows[i].pictures; k++) {
            place(&b, track, rows[i].x + k * rows[i].dx, rows[i].y + k * rows[i].dy);
            seen = look(&b);
        }
        if (b.told[1].why != rows[i].want || seen != (rows[i].want == VG_WHY_HOLDS))
            fail_msg("%s: %s (%g)", rows[i].name, vg_why_not_name(b.told[1].why), b.told[1].value);
        if (seen && b.output.sighting[0].building)
            fail_msg("%s: not far enough", rows[i].name);
        stage_close(&b);
    }
}

/* From half a height on it is going on, at 1.9 heights it is told. */
static void a_way_against_builds_up(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"wrong_way\",\"at\":\"z\""));
    struct vg_track *track = add_track(&b);
    for (int k = 0; k < 30; k++) {
        place(&b, track, 600 - 8 * k, 400);
        const uint32_t seen = look(&b);
        assert_int_equal(seen, 8 * k >= 50);
        if (seen)
            assert_int_equal(b.output.sighting[0].building, 8 * k < 190);
    }
    stage_close(&b);
}

static void who_has_turned_back_is_let_off(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"wrong_way\",\"at\":\"z\""));
    struct vg_track *track = add_track(&b);
    for (int k = 0; k < 20; k++) {
        place(&b, track, 600 - 10 * k, 400);
        (void)look(&b);
    }
    assert_int_equal(b.told[1].why, VG_WHY_HOLDS);
    place(&b, track, 425, 400);
    assert_int_equal(look(&b), 0);
    stage_close(&b);
}

/* Half a height to and fro, five times; and one height there, then back. */
static void who_turns_back_has_done_nothing(void **state)
{
    (void)state;
    static const struct {
        double speed; /* pixels a picture */
        int there, times;
    } rows[] = {{5, 10, 5}, {5, 20, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, RULE("\"event\":\"wrong_way\",\"at\":\"z\""));
        struct vg_track *track = add_track(&b);
        double x = 600;
        for (int k = 0; k < 2 * rows[i].there * rows[i].times; k++) {
            const bool back = k / rows[i].there % 2 != 0;
            x += back ? rows[i].speed : -rows[i].speed;
            place(&b, track, x, 400);
            if (look(&b)) {
                assert_false(back);
                assert_true(b.output.sighting[0].building);
            }
        }
        stage_close(&b);
    }
}

/* Hidden for a second on the way, it is who it was; out of the zone for so long, it begins anew. */
static void a_way_goes_on_when_hidden(void **state)
{
    (void)state;
    static const struct {
        double y; /* of the foot meanwhile; 0: not seen */
        uint32_t want;
    } rows[] = {{0, 1}, {400, 1}, {200, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b, RULE("\"event\":\"wrong_way\",\"at\":\"z\",\"hold_s\":0"));
        struct vg_track *track = add_track(&b);
        double x = 600;
        for (int k = 0; k < 21; k++, x -= 10) {
            const bool middle = k >= 5 && k < 14;
            if (middle && rows[i].y <= 0)
                track->detected = false;
            else
                place(&b, track, x, middle ? rows[i].y : 400);
            const uint32_t now = look(&b) && !b.output.sighting[0].building;
            if (k != 19) /* 190 of its 100 pixels of height: about there */
                assert_int_equal(now, k < 19 ? 0 : rows[i].want);
        }
        stage_close(&b);
    }
}

/* ---- density ------------------------------------------------------------------------------ */

static void density_counts_strictly_more_than_over(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"density\",\"at\":\"z\",\"over\":3"));
    struct vg_track *track[6];
    for (size_t i = 0; i < 6; i++)
        track[i] = add_track(&b);
    for (uint32_t inside = 0; inside <= 5; inside++) {
        for (uint32_t i = 0; i < 6; i++)
            place(&b, track[i], 100 + 100 * i, i < inside ? 400 : 100);
        const uint32_t seen = look(&b);
        assert_int_equal(seen, inside > 3);
        assert_int_equal(b.told[0].why, inside > 3 ? VG_WHY_HOLDS : VG_WHY_FEW);
        assert_int_equal(b.output.measure_count, 1);
        assert_string_equal(b.output.measure[0].name, "count");
        assert_int_equal(b.output.measure[0].place, b.scene->rule[0].place);
        assert_float_equal(b.output.measure[0].value, inside, 0);
        if (!seen)
            continue;
        assert_int_equal(b.output.sighting[0].subject, 0);
        assert_int_equal(b.output.sighting[0].box_count, inside);
        assert_float_equal(b.output.sighting[0].count, inside, 0);
        assert_float_equal(b.output.sighting[0].score, 0.8, 1e-6);
    }
    stage_close(&b);
}

static void a_missed_box_does_not_lower_the_count_at_once(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, RULE("\"event\":\"density\",\"at\":\"z\",\"over\":1,\"hold_s\":5"));
    struct vg_track *a = add_track(&b), *c = add_track(&b);
    place(&b, a, 300, 400);
    place(&b, c, 600, 400);
    assert_int_equal(look(&b), 1);
    c->detected = false;
    for (int k = 1; k <= 12; k++) { /* a second, then it is gone */
        place(&b, a, 300, 400);
        assert_int_equal(look(&b), k <= 10);
    }
    stage_close(&b);
}

/* A digit for each picture: how many more than `base` there are; x: the condition holds. */
static void a_level_has_hysteresis(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t over, base;
        const char *counts, *want;
    } rows[] = {
        {"a few: as they are counted", 2, 0, "3333332222333332", "xxxxxx....xxxxx."},
        {"nobody is never too many", 0, 0, "1111110000", "xxxxxx...."},
        {"many: a tenth lower", 20, 17, "44444433332221113333", "xxxxxxxxxxxxx...xxxx"},
        {"too short to be reached", 20, 17, "444433332222", "xxxx........"},
        {"left for too short", 20, 17, "44444411113333111111333", "xxxxxx....xxxx........."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char scene[1024];
        (void)snprintf(scene, sizeof scene,
                       RULE("\"event\":\"density\",\"at\":\"z\",\"over\":%u,\"hold_s\":0.5"),
                       rows[i].over);
        struct stage b;
        set_stage(&b, scene);
        struct vg_track *track[WALKS_MAX];
        for (size_t k = 0; k < WALKS_MAX; k++)
            track[k] = add_track(&b);
        for (size_t k = 0; rows[i].counts[k]; k++) {
            const uint32_t inside = rows[i].base + (uint32_t)(rows[i].counts[k] - '0');
            for (uint32_t n = 0; n < WALKS_MAX; n++)
                place(&b, track[n], 20 + 30 * n, n < inside ? 400 : 100);
            if (look(&b) != (rows[i].want[k] == 'x'))
                fail_msg("%s: picture %zu", rows[i].name, k);
            if (b.output.sighting_count) /* a mean, never a division by nobody */
                assert_float_equal(b.output.sighting[0].score, 0.8, 1e-6);
        }
        stage_close(&b);
    }
}

/* As many zones and rules as a scene has room for, calibrated: each counts, and by the square
 * metre. */
static void every_place_is_measured(void **state)
{
    (void)state;
    enum {
        ZONES = VG_SCENE_PLACES_MAX
    };
    static struct stage b;
    static char text[1 << 15];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"version\":1,\"name\":\"x\",\"zones\":[");
    for (int i = 0; i < ZONES; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%s{\"id\":\"z%d\",\"polygon\":[[0,0.5],[0.%d,0.5],[0.%d,1],[0,1]]}",
                              i ? "," : "", i, 20 + i, 20 + i);
    n += (size_t)snprintf(text + n, sizeof text - n, "],\"rules\":[");
    for (int i = 0; i < ZONES; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%s{\"id\":\"r%d\",\"severity\":\"low\",\"event\":\"density\",\"at\":"
                              "\"z%d\",\"over\":3,\"classes\":[\"person\"]}",
                              i ? "," : "", i, i);
    n += (size_t)snprintf(text + n, sizeof text - n,
                          "],\"calibration\":{\"persons\":[{\"at\":[0.5,0.4],\"height\":0.1},"
                          "{\"at\":[0.5,0.9],\"height\":0.2}]}}");
    assert_true(n < sizeof text);
    set_stage(&b, text);
    (void)look(&b);
    assert_int_equal(b.output.measure_count, 2 * ZONES);
    for (int i = 0; i < ZONES; i++) {
        assert_string_equal(b.output.measure[2 * i].name, "count");
        assert_string_equal(b.output.measure[2 * i + 1].name, "density");
        assert_int_equal(b.output.measure[2 * i].place, b.scene->rule[i].place);
    }
    stage_close(&b);
}

static void a_place_is_measured_once(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, PLACES "{\"id\":\"a\",\"severity\":\"low\",\"event\":\"density\",\"at\":\"z\","
                         "\"over\":1,\"active\":false},{\"id\":\"b\",\"severity\":\"high\","
                         "\"event\":\"density\",\"at\":\"z\",\"over\":2}]}");
    place(&b, add_track(&b), 300, 400);
    (void)look(&b);
    assert_int_equal(b.output.measure_count, 1);
    stage_close(&b);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static void more_than_fits_is_counted_as_dropped(void **state)
{
    (void)state;
    enum {
        TRACKS = VG_TRACKS_MAX
    };
    static struct vg_track track[TRACKS];
    static const struct vg_track *list[TRACKS];
    struct stage b;
    set_stage(&b, RULE("\"event\":\"crossing\",\"at\":\"z\""));
    for (uint32_t i = 0; i < TRACKS; i++) {
        track[i] = (struct vg_track){.id = i + 1,
                                     .state = VG_TRACK_CONFIRMED,
                                     .score = 0.9f,
                                     .detected = true,
                                     .box = {100, 300, 40, 100}};
        list[i] = &track[i];
    }
    const struct vg_watch_input input = {
        .tracks = list, .track_count = TRACKS, .width = WIDTH, .height = HEIGHT};
    vg_watcher_step(b.watcher, &input, &b.output);
    assert_int_equal(b.output.sighting_count, VG_SIGHTINGS_MAX);
    assert_int_equal(b.output.dropped, TRACKS - VG_SIGHTINGS_MAX);
    for (uint32_t i = 0; i < TRACKS; i++) /* all others: every slot changes hands at once */
        track[i].id += TRACKS;
    vg_watcher_step(b.watcher, &input, &b.output);
    assert_int_equal(b.output.sighting_count, VG_SIGHTINGS_MAX);
    assert_int_equal(b.output.sighting[0].subject, TRACKS + 1);
    stage_close(&b);
}

static void reasons_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < VG_WHY_COUNT; i++) {
        assert_true(vg_why_not_name((enum vg_why_not)i)[0] != '\0');
        assert_true(vg_why_not_label((enum vg_why_not)i)[0] != '\0');
    }
    assert_string_equal(vg_why_not_name(VG_WHY_OUTSIDE), "outside");
    assert_string_equal(vg_why_not_name(VG_WHY_COUNT), "");
}

int main(void)
{
    const uint64_t before = vg_alloc_sealed_count();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passages_of_a_line),
        cmocka_unit_test(passages_of_a_bent_line),
        cmocka_unit_test(a_box_that_jumps_has_not_passed),
        cmocka_unit_test(a_passage_waits_until_the_track_is_admitted),
        cmocka_unit_test(a_track_gone_for_long_has_not_passed),
        cmocka_unit_test(a_passage_under_a_mask_is_none),
        cmocka_unit_test(a_mask_for_one_event_hides_from_that_alone),
        cmocka_unit_test(a_reset_forgets_positions),
        cmocka_unit_test(presence_in_a_zone_and_why_not),
        cmocka_unit_test(who_is_hidden_is_still_there),
        cmocka_unit_test(one_bad_look_does_not_undo_a_good_one),
        cmocka_unit_test(a_rule_switched_off_sees_nothing),
        cmocka_unit_test(the_way_is_judged_in_pixels),
        cmocka_unit_test(a_way_against_builds_up),
        cmocka_unit_test(who_has_turned_back_is_let_off),
        cmocka_unit_test(who_turns_back_has_done_nothing),
        cmocka_unit_test(a_way_goes_on_when_hidden),
        cmocka_unit_test(density_counts_strictly_more_than_over),
        cmocka_unit_test(a_missed_box_does_not_lower_the_count_at_once),
        cmocka_unit_test(a_level_has_hysteresis),
        cmocka_unit_test(every_place_is_measured),
        cmocka_unit_test(a_place_is_measured_once),
        cmocka_unit_test(more_than_fits_is_counted_as_dropped),
        cmocka_unit_test(reasons_have_names),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed || vg_alloc_sealed_count() != before; /* nothing was allocated on the way */
}
