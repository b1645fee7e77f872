/* What the tracker does with small made-up scenes: each row of the walk table is one person or
 * car seen at times, and what must be known of it at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "src/base/alloc.h"
#include "src/track/tracker.h"

static struct vg_detection seen(enum vg_class class_id, float x, float foot_y, float score)
{
    return (struct vg_detection){{x - 15, foot_y - 80, 30, 80}, score, class_id};
}

static struct vg_media_time at(double s)
{
    return (struct vg_media_time){(int64_t)(s * 1e6 + 0.5)};
}

struct answer {
    const struct vg_track *const *track;
    uint32_t count;
};

static struct answer step(struct vg_tracker *t, double s, const struct vg_detection *d, uint32_t n)
{
    struct answer a;
    vg_tracker_step(t, d, n, at(s), &a.track, &a.count);
    return a;
}

static struct vg_tracker *opened(void)
{
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    struct vg_tracker *t = NULL;
    assert_int_equal(vg_tracker_open(&t, &settings), VG_OK);
    return t;
}

/* A person walks at `speed` px/s; `scores` has one letter per picture: H sure, L weak, . not
 * seen. At the end: ids used, and the state of the last live track (-1: none live). */
static const struct {
    const char *name, *scores;
    double fps, speed;
    uint32_t ids;
    int state;
} walks[] = {
    {"seen once", "H", 5, 50, 1, VG_TRACK_TENTATIVE},
    {"seen twice", "HH", 5, 50, 1, VG_TRACK_TENTATIVE},
    {"seen three times", "HHH", 5, 50, 1, VG_TRACK_CONFIRMED},
    {"seen once and gone", "H.", 5, 50, 1, -1},
    {"a weak one is no beginning", "LLLLL", 5, 50, 0, -1},
    {"weak ones go on", "HHHHHLLLLL", 5, 50, 1, VG_TRACK_CONFIRMED},
    {"weak ones for too long", "HHHHHLLLLLLLLLLL...", 5, 0, 1, VG_TRACK_LOST},
    {"missed for a moment", "HHHHH..", 5, 50, 1, VG_TRACK_CONFIRMED},
    {"missed for longer", "HHHHH....", 5, 50, 1, VG_TRACK_LOST},
    {"found again", "HHHHHHHH.......HH", 5, 50, 1, VG_TRACK_CONFIRMED},
    {"not found again, too late", "HHHHHHHH...........HHH", 5, 50, 2, VG_TRACK_CONFIRMED},
    {"gone", "HHHHH...........", 5, 50, 1, -1},
    {"25 pictures per second", "HHHHHHHHHHHHHHHHHHHHHHHHH", 25, 100, 1, VG_TRACK_CONFIRMED},
    {"running, 4 pictures per second", "HHHHHHHHHHHHHHHH", 4, 160, 1, VG_TRACK_CONFIRMED},
    {"walking, 1 picture per second", "HHHHHHHH", 1, 60, 1, VG_TRACK_CONFIRMED},
};

static void test_walks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof *walks; i++) {
        struct vg_tracker *t = opened();
        struct answer a = {0};
        uint32_t ids = 0;
        for (unsigned k = 0; walks[i].scores[k]; k++) {
            const double s = k / walks[i].fps;
            const struct vg_detection d = seen(VG_CLASS_PERSON, (float)(100 + walks[i].speed * s),
                                               300, walks[i].scores[k] == 'H' ? 0.8f : 0.3f);
            a = step(t, s, &d, walks[i].scores[k] == '.' ? 0 : 1);
            if (a.count && a.track[a.count - 1]->id > ids)
                ids = a.track[a.count - 1]->id;
        }
        const int got = a.count ? (int)a.track[a.count - 1]->state : -1;
        if (ids != walks[i].ids || got != walks[i].state)
            fail_msg("%s: %u ids, state %d", walks[i].name, ids, got);
        vg_tracker_close(&t);
    }
}

static void test_what_a_track_tells(void **state)
{
    struct vg_tracker *t = opened();
    struct answer a = {0};
    (void)state;
    for (unsigned k = 0; k < 20; k++) {
        const struct vg_detection d = seen(VG_CLASS_PERSON, 100 + 10 * (float)k, 300, 0.8f);
        a = step(t, 3 + k * 0.2, &d, 1);
    }
    assert_int_equal(a.count, 1);
    const struct vg_track *p = a.track[0];
    assert_int_equal(p->id, 1);
    assert_int_equal(p->class_id, VG_CLASS_PERSON);
    assert_true(p->detected);
    assert_int_equal(p->hits, 20);
    assert_int_equal(p->born.us, 3000000);
    assert_int_equal(p->last_seen.us, 6800000);
    assert_true(fabsf(p->velocity.x - 50) < 5 && fabsf(p->velocity.y) < 1);
    assert_true(fabsf(p->box.left + p->box.width / 2 - 290) < 3);
    assert_int_equal(p->history_count, 20);
    assert_int_equal(p->history[p->history_first].time.us, 3000000);
    const struct vg_track_step *last = &p->history[p->history_first + 19];
    assert_true(fabsf(last->foot.x - 290) < 3 && fabsf(last->foot.y - 300) < 1);
    a = step(t, 7, NULL, 0);
    assert_false(a.track[0]->detected);
    assert_true(a.track[0]->box.left + 15 > 292); /* goes on as it went */
    vg_tracker_close(&t);
}

static void test_history_wraps(void **state)
{
    struct vg_tracker *t = opened();
    struct answer a = {0};
    (void)state;
    for (unsigned k = 0; k < 3 * VG_TRACK_HISTORY_SIZE + 5; k++) {
        const struct vg_detection d = seen(VG_CLASS_PERSON, 100, 300, 0.8f);
        a = step(t, k * 0.1, &d, 1);
    }
    const struct vg_track *p = a.track[0];
    assert_int_equal(p->history_count, VG_TRACK_HISTORY_SIZE);
    int64_t before = -1;
    for (uint32_t k = 0; k < p->history_count; k++) {
        const int64_t us = p->history[(p->history_first + k) % VG_TRACK_HISTORY_SIZE].time.us;
        assert_true(us > before);
        before = us;
    }
    assert_int_equal(before, p->last_seen.us);
    vg_tracker_close(&t);
}

/* Two walk through each other; in the middle only one box is seen. */
static void test_crossing_keeps_ids(void **state)
{
    struct vg_tracker *t = opened();
    struct answer a = {0};
    (void)state;
    for (unsigned k = 0; k < 41; k++) {
        const float x = 5 * (float)k;
        const struct vg_detection d[2] = {
            seen(VG_CLASS_PERSON, 100 + x, 300, 0.8f),
            seen(VG_CLASS_PERSON, 300 - x, 306, 0.7f),
        };
        a = step(t, k * 0.1, d, k >= 19 && k <= 21 ? 1 : 2);
    }
    assert_int_equal(a.count, 2);
    assert_true(a.track[0]->velocity.x > 0); /* id 1 went right and still does */
    assert_true(a.track[1]->velocity.x < 0);
    assert_int_equal(a.track[1]->id, 2);
    vg_tracker_close(&t);
}

static void test_double_is_not_born(void **state)
{
    struct vg_tracker *t = opened();
    struct answer a = {0};
    (void)state;
    for (unsigned k = 0; k < 5; k++) {
        const struct vg_detection d[3] = {
            seen(VG_CLASS_CAR, 100, 300, 0.9f),
            seen(VG_CLASS_TRUCK, 102, 301, 0.6f),  /* the same vehicle by its other name */
            seen(VG_CLASS_PERSON, 102, 301, 0.6f), /* a person in front of it */
        };
        a = step(t, k * 0.2, d, 3);
    }
    assert_int_equal(a.count, 2);
    assert_int_equal(a.track[0]->class_id, VG_CLASS_CAR);
    assert_int_equal(a.track[1]->class_id, VG_CLASS_PERSON);
    vg_tracker_close(&t);
}

static void test_class_is_the_one_seen_most(void **state)
{
    static const enum vg_class names[] = {VG_CLASS_TRUCK, VG_CLASS_CAR, VG_CLASS_CAR, VG_CLASS_BUS,
                                          VG_CLASS_CAR};
    struct vg_tracker *t = opened();
    struct answer a = {0};
    (void)state;
    for (unsigned k = 0; k < 5; k++) {
        const struct vg_detection d = seen(names[k], 100, 300, 0.9f);
        a = step(t, k * 0.2, &d, 1);
    }
    assert_int_equal(a.count, 1);
    assert_int_equal(a.track[0]->class_id, VG_CLASS_CAR);
    vg_tracker_close(&t);
}

static void test_reset_forgets_but_counts_on(void **state)
{
    struct vg_tracker *t = opened();
    const struct vg_detection d = seen(VG_CLASS_PERSON, 100, 300, 0.9f);
    (void)state;
    (void)step(t, 100, &d, 1);
    vg_tracker_reset(t);
    const struct answer a = step(t, 0, &d, 1); /* the new source's clock begins anew */
    assert_int_equal(a.count, 1);
    assert_int_equal(a.track[0]->id, 2);
    assert_int_equal(a.track[0]->state, VG_TRACK_TENTATIVE);
    vg_tracker_close(&t);
}

static void test_unusable_detections(void **state)
{
    struct vg_tracker *t = opened();
    const struct vg_detection d[] = {
        {{0, 0, 0, 80}, 0.9f, VG_CLASS_PERSON},    {{0, 0, 30, -1}, 0.9f, VG_CLASS_PERSON},
        {{NAN, 0, 30, 80}, 0.9f, VG_CLASS_PERSON}, {{0, 0, INFINITY, 80}, 0.9f, VG_CLASS_PERSON},
        {{0, 0, 30, 80}, NAN, VG_CLASS_PERSON},    {{0, 0, 30, 80}, 0.9f, VG_CLASS_NONE},
        {{0, 0, 30, 80}, 0.05f, VG_CLASS_PERSON},
    };
    (void)state;
    assert_int_equal(step(t, 0, d, sizeof d / sizeof *d).count, 0);
    assert_int_equal(vg_tracker_dropped(t), 0);
    vg_tracker_close(&t);
}

/* More than fits: the strongest stay, the rest is counted, nothing breaks. */
static void test_bounds(void **state)
{
    static struct vg_detection d[2 * VG_TRACKER_DETECTIONS_MAX];
    const uint32_t n = sizeof d / sizeof *d;
    struct vg_tracker *t = opened();
    (void)state;
    for (uint32_t i = 0; i < n; i++)
        d[i] = seen(VG_CLASS_PERSON, 100 * (float)(i % 32), 100 * (float)(i / 32),
                    0.5f + 0.4f * (float)((i * 7) % n) / (float)n);
    const struct answer a = step(t, 0, d, n);
    assert_int_equal(a.count, VG_TRACKS_MAX);
    assert_int_equal(vg_tracker_dropped(t), n - VG_TRACKER_DETECTIONS_MAX);
    for (uint32_t i = 0; i < a.count; i++)
        assert_true(a.track[i]->score >= 0.7f - 1e-3f); /* the upper half */
    const struct vg_detection one = seen(VG_CLASS_PERSON, 9000, 9000, 0.9f);
    assert_int_equal(step(t, 0.1, &one, 1).count, 1); /* the others were tentative and ended */
    vg_tracker_close(&t);
}

static void test_allocates_nothing(void **state)
{
    struct vg_tracker *t = opened();
    const uint64_t before = vg_alloc_sealed_count();
    (void)state;
    vg_alloc_seal();
    for (unsigned k = 0; k < 50; k++) {
        const struct vg_detection d[2] = {
            seen(VG_CLASS_PERSON, 100 + (float)k, 300, 0.8f),
            seen(VG_CLASS_CAR, 300 - (float)k, 300, 0.8f),
        };
        (void)step(t, k * 0.1, d, k % 3);
    }
    vg_tracker_reset(t);
    vg_alloc_unseal();
    assert_int_equal(vg_alloc_sealed_count(), before);
    vg_tracker_close(&t);
}

static void test_no_memory(void **state)
{
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    (void)state;
    for (uint32_t n = 1;; n++) {
        struct vg_tracker *t = NULL;
        assert_true(n < 50);
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_tracker_open(&t, &settings);
        vg_alloc_fail_at(0);
        if (status == VG_OK) {
            vg_tracker_close(&t);
            return;
        }
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_what_a_track_tells),
        cmocka_unit_test(test_history_wraps),
        cmocka_unit_test(test_crossing_keeps_ids),
        cmocka_unit_test(test_double_is_not_born),
        cmocka_unit_test(test_class_is_the_one_seen_most),
        cmocka_unit_test(test_reset_forgets_but_counts_on),
        cmocka_unit_test(test_unusable_detections),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_allocates_nothing),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
