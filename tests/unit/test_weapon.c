/* A weapon is one that is found in 3 of the last 5 looks at a place; where is looked, and what a
 * model that knows no weapon means. Ten pictures a second of 1000x500; persons of 40x100. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/events/watch.h"
#include "tests/unit/event_stage.h"

#define WIDTH   1000
#define HEIGHT  500
#define STEP_US 100000
#define PERSONS 20

static const struct stage_settings street = {WIDTH, HEIGHT, STEP_US, 0, 0};

#define SCENE(more)                                                                        \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0.9,0],[1,0],[1,1],[0.9,1]]," \
    "\"events\":[\"weapon\"]}],\"zones\":[{\"id\":\"z\",\"polygon\":"                      \
    "[[0,0],[0.5,0],[0.5,1],[0,1]]}],\"rules\":[{\"id\":\"w\",\"severity\":\"high\","      \
    "\"event\":\"weapon\"" more "}]}"

static void set_stage(struct stage *b, const char *scene)
{
    stage_open(b, &street, scene);
    assert_true(vg_watcher_wishes(b->scene));
}

/* Somebody whose foot is at (x, y). */
static struct vg_track *add_person(struct stage *b, float x, float y)
{
    const struct vg_box box = {x - 20, y - 100, 40, 100};
    struct vg_track *track = stage_add_track(b, VG_CLASS_PERSON, box);
    track->score = 0.9f;
    return track;
}

static struct vg_detection thing(enum vg_class class_id, float score, float x, float y)
{
    return (struct vg_detection){{x - 6, y - 3, 12, 6}, score, class_id};
}

static void show(struct stage *b, enum vg_class class_id, float score, float x, float y)
{
    stage_show(b, class_id, score, thing(class_id, score, x, y).box);
}

/* Answers the worthiest wish of the picture before, with a weapon at (x, y) if score > 0. */
static void answer(struct stage *b, float score, float x, float y)
{
    const struct vg_detection found = thing(VG_CLASS_WEAPON, score, x, y);
    assert_true(b->output.wish_count > 0);
    stage_answer(b, &b->output.wish[0], score > 0 ? &found : NULL);
}

/* One picture with what was put in before; returns the sightings. */
static uint32_t look(struct stage *b)
{
    return stage_look(b, NULL);
}

/* 'x' found in the whole picture, '.' not: the pictures in which the rule holds. */
static void three_of_the_last_five(void **state)
{
    (void)state;
    static const struct {
        const char *script, *want;
    } rows[] = {
        {"x....", "....."},           {"xx...", "....."},           {"xxx..", "..HHH"},
        {"x.x.x", "....H"},           {"x..x..x", "......."},       {"xxx.....", "..HHH..."},
        {"xx.......x", ".........."}, {"xx.x.x.x.x", "...HHH.H.H"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        char got[16] = "";
        set_stage(&b, SCENE(""));
        (void)add_person(&b, 200, 300);
        for (size_t k = 0; rows[i].script[k]; k++) {
            if (rows[i].script[k] == 'x')
                show(&b, VG_CLASS_WEAPON, 0.5f, 215, 250);
            got[k] = look(&b) ? 'H' : '.';
        }
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, not %s", rows[i].script, got, rows[i].want);
        stage_close(&b);
    }
}

static void what_counts_as_a_weapon(void **state)
{
    (void)state;
    static const struct {
        const char *name, *more;
        enum vg_class class_id;
        float score, x, y, person_x; /* where it is; where somebody stands, 0: nobody */
        uint32_t want;
    } rows[] = {
        {"a weapon", "", VG_CLASS_WEAPON, 0.5f, 215, 250, 200, 1},
        {"too unsure", "", VG_CLASS_WEAPON, 0.34f, 215, 250, 200, 0},
        {"sure enough for the rule", ",\"min_score\":0.2", VG_CLASS_WEAPON, 0.25f, 215, 250, 200,
         1},
        {"a knife is none", "", VG_CLASS_KNIFE, 0.9f, 215, 250, 200, 0},
        {"unless it is named", ",\"classes\":[\"knife\"]", VG_CLASS_KNIFE, 0.9f, 215, 250, 200, 1},
        {"and a weapon is one still", ",\"classes\":[\"knife\"]", VG_CLASS_WEAPON, 0.9f, 215, 250,
         200, 1},
        {"a bag is none", ",\"classes\":[\"knife\",\"handbag\"]", VG_CLASS_HANDBAG, 0.9f, 215, 250,
         200, 0},
        {"nobody has it", "", VG_CLASS_WEAPON, 0.5f, 215, 250, 0, 1},
        {"under a mask", "", VG_CLASS_WEAPON, 0.5f, 950, 250, 940, 0},
        {"in the zone", ",\"at\":\"z\"", VG_CLASS_WEAPON, 0.5f, 215, 250, 0, 1},
        {"out of it", ",\"at\":\"z\"", VG_CLASS_WEAPON, 0.5f, 715, 250, 0, 0},
        {"held out of it by somebody inside", ",\"at\":\"z\"", VG_CLASS_WEAPON, 0.5f, 510, 250, 490,
         1},
        {"held into it from outside", ",\"at\":\"z\"", VG_CLASS_WEAPON, 0.5f, 490, 250, 510, 0},
        {"a box without a place", "", VG_CLASS_WEAPON, 0.5f, NAN, 250, 200, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char scene[1024];
        struct stage b;
        (void)snprintf(scene, sizeof scene, SCENE("%s"), rows[i].more);
        set_stage(&b, scene);
        if (rows[i].person_x > 0)
            (void)add_person(&b, rows[i].person_x, 300);
        uint32_t count = 0;
        for (int k = 0; k < 4; k++) {
            show(&b, rows[i].class_id, rows[i].score, rows[i].x, rows[i].y);
            count = look(&b);
        }
        if (count != rows[i].want)
            fail_msg("%s: %u", rows[i].name, count);
        stage_close(&b);
    }
}

static void the_sighting_shows_weapon_and_carrier(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    struct vg_track *person = add_person(&b, 200, 300);
    uint32_t subject = 0;
    for (int k = 0; k < 8; k++) { /* runs: 2.5 heights a second */
        show(&b, VG_CLASS_WEAPON, 0.5f, person->box.left + 35, 250);
        if (look(&b)) {
            const struct vg_sighting *sighting = &b.output.sighting[0];
            assert_true(k >= 2);
            assert_true(subject == 0 || sighting->subject == subject);
            subject = sighting->subject;
            assert_true(subject > VG_SUBJECT_THING);
            assert_false(sighting->instant);
            assert_float_equal(sighting->score, 0.5, 1e-6); /* not the person's */
            assert_int_equal(sighting->box_count, 2);
            assert_int_equal(sighting->box[0].class_id, VG_CLASS_WEAPON);
            assert_int_equal(sighting->box[1].track, 1);
        }
        person->box.left += 25;
        person->seen = person->box;
    }
    assert_int_equal(b.output.sighting_count, 1);
    stage_close(&b);
}

static void on_two_persons_it_is_two(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    (void)add_person(&b, 200, 300);
    (void)add_person(&b, 400, 300);
    for (int k = 0; k < 2; k++) { /* twice on each: on none thrice */
        show(&b, VG_CLASS_WEAPON, 0.5f, 215, 250);
        assert_int_equal(look(&b), 0);
        show(&b, VG_CLASS_WEAPON, 0.5f, 415, 250);
        assert_int_equal(look(&b), 0);
    }
    for (int k = 0; k < 3; k++) {
        show(&b, VG_CLASS_WEAPON, 0.5f, 415, 250);
        show(&b, VG_CLASS_WEAPON, 0.6f, 215, 250);
        (void)look(&b);
    }
    assert_int_equal(b.output.sighting_count, 2);
    assert_int_not_equal(b.output.sighting[0].subject, b.output.sighting[1].subject);
    stage_close(&b);
}

/* Every person is looked at before any is looked at again; the wish is the upper body. */
static void persons_are_looked_at_in_turn(void **state)
{
    (void)state;
    struct stage b;
    uint32_t looked[PERSONS + 1] = {0};
    set_stage(&b, SCENE(""));
    for (int i = 0; i < 20; i++)
        (void)add_person(&b, 40 + 40 * (float)i, 300);
    (void)look(&b);
    assert_int_equal(b.output.wish_count, VG_LOOK_WISHES_MAX);
    for (int k = 0; k < 40; k++) {
        const struct vg_look_wish *wish = &b.output.wish[0];
        const struct vg_box box = b.track[wish->subject - 1].box;
        assert_true(wish->region.left >= 0 && wish->region.left <= box.left);
        assert_true(wish->region.left + wish->region.width >= box.left + box.width);
        assert_true(wish->region.top < box.top && wish->region.height < box.height);
        assert_true(wish->turn == VG_TURN_NONE && wish->worth > 0 && wish->worth < 0.9f);
        looked[wish->subject]++;
        answer(&b, 0, 0, 0);
        (void)look(&b);
        if (k == 19)
            for (uint32_t id = 1; id <= 20; id++)
                assert_int_equal(looked[id], 1);
    }
    for (uint32_t id = 1; id <= 20; id++)
        assert_int_equal(looked[id], 2);
    stage_close(&b);
}

/* Answers every wish of the picture before that finds a place, as batch does; with a weapon at
 * (x, y) where a look goes there and x > 0. Returns how many. */
static uint32_t answer_all(struct stage *b, float x, float y)
{
    const struct vg_detection found = thing(VG_CLASS_WEAPON, 0.6f, x, y);
    uint32_t count = 0;
    for (; count < b->output.wish_count && count < VG_LOOKS_MAX; count++) {
        const struct vg_box r = b->output.wish[count].region;
        const bool there = x > r.left && x < r.left + r.width && y > r.top && y < r.top + r.height;
        stage_answer(b, &b->output.wish[count], there ? &found : NULL);
    }
    return count;
}

/* Looks in each second of ten, at five pictures a second. */
static void looks_are_few(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int persons;
        int grow_s; /* the first one's box is half again as wide from then on; 0: never */
        uint32_t want[10];
    } rows[] = {
        {"nobody", 0, 0, {0}},
        {"one", 1, 0, {1, 1, 1, 0, 0, 1, 0, 0, 1, 0}},
        {"one who raises an arm", 1, 4, {1, 1, 1, 0, 1, 0, 0, 1, 0, 0}},
        {"four, two a picture in turn", 4, 0, {4, 4, 4, 0, 0, 4, 0, 0, 2, 2}},
    };
    static const struct stage_settings five = {WIDTH, HEIGHT, 200000, 0, 0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct stage b;
        uint32_t got[12] = {0};
        stage_open(&b, &five, SCENE(""));
        for (int k = 0; k < rows[i].persons; k++)
            (void)add_person(&b, 100 + 150 * (float)k, 300);
        for (int k = 0; k < 50; k++) {
            if (rows[i].grow_s && k == rows[i].grow_s * 5) {
                b.track[0].box.width *= 1.5f;
                b.track[0].seen = b.track[0].box;
            }
            if (k > 0)
                got[(k - 1) / 5] += answer_all(&b, 0, 0);
            (void)look(&b);
        }
        for (int k = 0; k < 9; k++)
            if (got[k] != rows[i].want[k])
                fail_msg("%s: %u looks in second %d, not %u", rows[i].name, got[k], k,
                         rows[i].want[k]);
        stage_close(&b);
    }
}

/* A box that trembles by a tenth is no change; one that goes to and fro costs two looks a second at
 * most; and of a crowd two are looked at with a picture, all of them in turn. */
static void looks_are_bounded(void **state)
{
    (void)state;
    static struct stage b;
    uint32_t trembling = 0, changing = 0, crowd = 0, least = UINT32_MAX;
    static uint32_t looked[31];
    set_stage(&b, SCENE(""));
    (void)add_person(&b, 200, 300);
    for (int k = 0; k < 600; k++) {
        b.track[0].box.width = k < 300 ? 40 + 4 * (float)(k % 2) : 40 + 30 * (float)(k % 2);
        *(k < 300 ? &trembling : &changing) += k > 0 ? answer_all(&b, 0, 0) : 0;
        (void)look(&b);
    }
    assert_in_range(trembling, 10, 13); /* three, and one every three seconds */
    assert_in_range(changing, 10, 61);
    stage_close(&b);
    set_stage(&b, SCENE(""));
    for (int i = 0; i < 30; i++)
        (void)add_person(&b, 20 + 25 * (float)i, 300);
    memset(looked, 0, sizeof looked);
    for (int k = 0; k < 600; k++) { /* the first ten seconds: they are new */
        for (uint32_t w = 0; k > 100 && w < b.output.wish_count && w < VG_LOOKS_MAX; w++)
            looked[b.output.wish[w].subject]++;
        const uint32_t looks = k > 0 ? answer_all(&b, 0, 0) : 0;
        crowd += k > 100 ? looks : 0;
        assert_true(k <= 100 || looks <= 2);
        (void)look(&b);
    }
    for (int i = 1; i <= 30; i++)
        least = looked[i] < least ? looked[i] : least;
    assert_in_range(crowd, 450, 500); /* 30 every 3.1 s, for 50 s */
    assert_true(least >= 15);
    stage_close(&b);
}

/* From when somebody holds a weapon to when the rule holds, every look finding it: at whatever
 * moment he draws it, he stands as he did, and the whole picture never shows it. */
static void the_delay_is_bounded(void **state)
{
    (void)state;
    static const int64_t steps[] = {100000, 200000, 250000};
    for (size_t s = 0; s < 3; s++)
        for (int drawn = 0; drawn < 40; drawn++) {
            static struct stage b;
            const struct stage_settings settings = {WIDTH, HEIGHT, steps[s], 0, 0};
            const int64_t drawn_us = drawn * VG_US_PER_S / 4;
            int64_t held_us = -1;
            stage_open(&b, &settings, SCENE(""));
            for (int i = 0; i < 8; i++)
                (void)add_person(&b, 60 + 100 * (float)i, 300);
            while (held_us < 0 && b.now_us < drawn_us + 10 * VG_US_PER_S) {
                const bool there = b.now_us >= drawn_us;
                (void)answer_all(&b, there ? 370 : 0, 250);
                const int64_t now_us = b.now_us;
                if (look(&b))
                    held_us = now_us;
            }
            /* three seconds, a picture for each two others in turn, three looks */
            const int64_t most_us = 3 * VG_US_PER_S + (4 + 3) * steps[s];
            if (held_us < 0 || held_us - drawn_us > most_us)
                fail_msg("step %d: drawn at %g s, held %g s later", (int)steps[s],
                         (double)drawn_us / 1e6, (double)(held_us - drawn_us) / 1e6);
            stage_close(&b);
        }
}

/* Numbers of things never become those of tracks. */
static void numbers_begin_again(void **state)
{
    (void)state;
    static const struct {
        uint32_t last, want;
    } rows[] = {
        {0, 1}, {1, 2}, {VG_SUBJECT_THING - 2, VG_SUBJECT_THING - 1}, {VG_SUBJECT_THING - 1, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t numbers = rows[i].last;
        assert_int_equal(vg_watch_number(&numbers), rows[i].want);
        assert_int_equal(numbers, rows[i].want);
        assert_true(VG_SUBJECT_THING + numbers > VG_TRACK_ID_MAX);
    }
}

static void who_is_not_looked_at(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(",\"at\":\"z\""));
    (void)add_person(&b, 600, 300); /* out of the zone */
    (void)add_person(&b, 950, 300); /* under the mask */
    add_person(&b, 100, 300)->class_id = VG_CLASS_CAR;
    add_person(&b, 100, 300)->state = VG_TRACK_TENTATIVE;
    add_person(&b, 100, 300)->detected = false;
    add_person(&b, 100, 300)->box.height = 31;
    (void)look(&b);
    assert_int_equal(b.output.wish_count, 0);
    (void)add_person(&b, 100, 300);
    (void)look(&b);
    assert_int_equal(b.output.wish_count, 1);
    assert_int_equal(b.output.wish[0].subject, 7);
    stage_close(&b);
}

/* Found by a close look: looked at first from then on; whole pictures say nothing of it. */
static void a_close_look_that_finds_one_is_followed_up(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    (void)add_person(&b, 100, 300);
    (void)add_person(&b, 400, 300);
    (void)look(&b);
    assert_int_equal(b.output.wish[0].subject, 1);
    for (int k = 0; k < 3; k++) {
        answer(&b, 0.6f, 115, 250);
        assert_int_equal(look(&b), k == 2);
        assert_int_equal(b.output.wish[0].subject, k < 2 ? 1 : b.output.wish[0].subject);
        for (int empty = 0; empty < 4 && k < 2; empty++)
            assert_int_equal(look(&b), 0); /* nobody looked closely */
    }
    for (int k = 0; k < 4; k++) { /* four looks without it: one of the last five */
        b.output.wish[0].subject = 1;
        b.output.wish[0].region = (struct vg_box){60, 180, 96, 90};
        answer(&b, 0, 0, 0);
        (void)look(&b);
    }
    assert_int_equal(b.output.sighting_count, 0);
    assert_int_equal(b.why, VG_WHY_SEEN_FEW);
    stage_close(&b);
}

static void a_site_not_found_for_long_starts_anew(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    (void)add_person(&b, 100, 300);
    (void)look(&b);
    for (int k = 0; k < 2; k++) {
        answer(&b, 0.6f, 115, 250);
        (void)look(&b);
    }
    for (int k = 0; k < 31; k++)
        (void)look(&b);
    answer(&b, 0.6f, 115, 250);
    assert_int_equal(look(&b), 0);
    stage_close(&b);
}

static void a_model_without_the_class_wishes_for_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        vg_class_set known;
        enum vg_why_not why;
        uint32_t wishes;
    } rows[] = {
        {"", VG_CLASS_SET_MOVING, VG_WHY_NO_MODEL, 0},
        {"", VG_CLASS_SET_MOVING | 1u << VG_CLASS_KNIFE, VG_WHY_NO_MODEL, 0},
        {",\"classes\":[\"knife\"]", VG_CLASS_SET_MOVING | 1u << VG_CLASS_KNIFE, VG_WHY_HOLDS, 1},
        {"", 1u << VG_CLASS_WEAPON, VG_WHY_HOLDS, 1},
        {"", 0, VG_WHY_HOLDS, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char scene[1024];
        struct stage b;
        (void)snprintf(scene, sizeof scene, SCENE("%s"), rows[i].more);
        set_stage(&b, scene);
        (void)add_person(&b, 200, 300);
        b.known = rows[i].known;
        (void)look(&b);
        assert_int_equal(b.why, rows[i].why);
        assert_int_equal(b.output.wish_count, rows[i].wishes);
        stage_close(&b);
    }
}

/* Ten thousand boxes in any order: the surest sixteen, and the same answer. */
static void many_boxes_are_bounded_and_their_order_does_not_count(void **state)
{
    (void)state;
    static struct vg_detection many[10000], back[10000];
    struct stage a, b;
    set_stage(&a, SCENE(""));
    set_stage(&b, SCENE(""));
    for (int i = 0; i < 10000; i++)
        many[i] = thing(VG_CLASS_WEAPON, 0.4f + (float)(i % 50) / 100, (float)(i * 7 % 990),
                        (float)(i * 13 % 490));
    for (int i = 0; i < 10000; i++)
        back[i] = many[9999 - i];
    for (int k = 0; k < 6; k++) {
        struct vg_watch_input input = {.width = WIDTH,
                                       .height = HEIGHT,
                                       .time = {k * STEP_US},
                                       .detections = many,
                                       .detection_count = 10000};
        vg_watcher_step(a.watcher, &input, &a.output);
        input.detections = back;
        vg_watcher_step(b.watcher, &input, &b.output);
        assert_int_equal(a.output.sighting_count, b.output.sighting_count);
        assert_memory_equal(a.output.sighting, b.output.sighting,
                            a.output.sighting_count * sizeof *a.output.sighting);
        assert_true(a.output.sighting_count <= 8);
    }
    assert_true(a.output.sighting_count > 0);
    stage_close(&a);
    stage_close(&b);
}

static void a_new_epoch_forgets(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    for (int k = 0; k < 2; k++) {
        show(&b, VG_CLASS_WEAPON, 0.5f, 215, 250);
        (void)look(&b);
    }
    vg_watcher_reset(b.watcher);
    show(&b, VG_CLASS_WEAPON, 0.5f, 215, 250);
    assert_int_equal(look(&b), 0);
    stage_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_of_the_last_five),
        cmocka_unit_test(what_counts_as_a_weapon),
        cmocka_unit_test(the_sighting_shows_weapon_and_carrier),
        cmocka_unit_test(on_two_persons_it_is_two),
        cmocka_unit_test(persons_are_looked_at_in_turn),
        cmocka_unit_test(looks_are_few),
        cmocka_unit_test(looks_are_bounded),
        cmocka_unit_test(the_delay_is_bounded),
        cmocka_unit_test(numbers_begin_again),
        cmocka_unit_test(who_is_not_looked_at),
        cmocka_unit_test(a_close_look_that_finds_one_is_followed_up),
        cmocka_unit_test(a_site_not_found_for_long_starts_anew),
        cmocka_unit_test(a_model_without_the_class_wishes_for_nothing),
        cmocka_unit_test(many_boxes_are_bounded_and_their_order_does_not_count),
        cmocka_unit_test(a_new_epoch_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
