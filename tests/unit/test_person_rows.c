/* Heights by row from boxes of persons, good ones and bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "src/base/random.h"
#include "src/scene/person_rows.h"

#define MOST 4000

static struct vg_person_seen seen[MOST], again[MOST];

/* `tracks` persons that walk from row `from` to row `to`; a part of the boxes, in hundredths, is of
 * half height (hidden below, or children), each height is off by up to 10 %. */
static size_t walk(uint32_t tracks, double from, double to, uint32_t hidden, uint64_t seed)
{
    struct vg_random random;
    size_t count = 0;
    vg_random_seed(&random, seed);
    for (uint32_t t = 0; t < tracks; t++) {
        const uint32_t half = vg_random_below(&random, 100);
        for (int i = 0; i < 40; i++) {
            const double foot = from + (to - from) * vg_random_unit(&random);
            double tall = (foot - 0.2) * 0.5 * (0.9 + 0.2 * vg_random_unit(&random));
            tall *= half < hidden ? 0.5 : 1;
            seen[count++] = (struct vg_person_seen){t + 1, foot, tall};
        }
    }
    return count;
}

static void the_line_is_found(void **state)
{
    (void)state;
    static const uint32_t hidden[] = {0, 10, 25};
    for (size_t h = 0; h < sizeof hidden / sizeof *hidden; h++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct vg_person_rows rows;
            const size_t count = walk(40, 0.35, 0.95, hidden[h], seed);
            assert_int_equal(vg_person_rows_fit(seen, count, &rows), VG_TERRAIN_FITS);
            for (double foot = 0.35; foot < 1; foot += 0.1) {
                const double got = rows.base + rows.slope * foot, want = (foot - 0.2) * 0.5;
                if (!(fabs(got - want) < 0.1 * want))
                    fail_msg("seed %d, %u hidden: %g at %g, not %g", (int)seed, hidden[h], got,
                             foot, want);
            }
            assert_true(rows.spread < 0.1 && rows.bands > 10 && rows.voices >= 40);
            assert_true(rows.top > 0.35 && rows.bottom < 0.95);
        }
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct vg_person_rows a, b;
    const size_t count = walk(20, 0.4, 0.9, 10, 3);
    for (size_t i = 0; i < count; i++)
        again[count - 1 - i] = seen[i];
    assert_int_equal(vg_person_rows_fit(seen, count, &a), VG_TERRAIN_FITS);
    assert_int_equal(vg_person_rows_fit(again, count, &b), VG_TERRAIN_FITS);
    assert_memory_equal(&a, &b, sizeof a);
}

/* One who stands before the camera for an hour has one voice. */
static void who_stands_does_not_outvote(void **state)
{
    (void)state;
    struct vg_person_rows rows;
    size_t count = walk(20, 0.35, 0.95, 0, 5);
    for (int i = 0; i < 2000; i++)
        seen[count++] = (struct vg_person_seen){99, 0.9, 0.1};
    assert_int_equal(vg_person_rows_fit(seen, count, &rows), VG_TERRAIN_FITS);
    assert_true(fabs(rows.base + rows.slope * 0.9 - 0.35) < 0.035);
}

static void too_little_is_refused(void **state)
{
    (void)state;
    struct vg_person_rows rows;
    assert_int_equal(vg_person_rows_fit(seen, 0, &rows), VG_TERRAIN_FEW);
    assert_int_equal(vg_person_rows_fit(seen, walk(2, 0.35, 0.95, 0, 1), &rows), VG_TERRAIN_FEW);
    assert_int_equal(vg_person_rows_fit(seen, walk(20, 0.6, 0.65, 0, 1), &rows),
                     VG_TERRAIN_ONE_ROW);
    const size_t count = walk(20, 0.35, 0.95, 0, 1);
    for (size_t i = 0; i < count; i++)
        seen[i].height = 0.5 - 0.4 * seen[i].foot;
    assert_int_equal(vg_person_rows_fit(seen, count, &rows), VG_TERRAIN_UPSIDE);
}

static void only_whole_standing_boxes_are_taken(void **state)
{
    (void)state;
    static const struct {
        struct vg_box box;
        bool want;
    } rows[] = {
        {{300, 100, 40, 120}, true},  {{300, 0, 40, 120}, false},   {{300, 370, 40, 110}, false},
        {{0, 100, 40, 120}, false},   {{610, 100, 40, 120}, false}, {{300, 100, 120, 120}, false},
        {{300, 100, 0, 120}, false},  {{300, 100, 40, 0}, false},   {{300, 100, 40, -10}, false},
        {{NAN, 100, 40, 120}, false}, {{300, 100, 40, NAN}, false}, {{300, 100, NAN, 120}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_person_seen one;
        if (vg_person_seen_take(rows[i].box, 7, 640, 480, &one) != rows[i].want)
            fail_msg("row %zu", i);
        if (rows[i].want)
            assert_true(one.track == 7 && fabs(one.foot - 220.0 / 480) < 1e-6 &&
                        fabs(one.height - 0.25) < 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_is_found),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(who_stands_does_not_outvote),
        cmocka_unit_test(too_little_is_refused),
        cmocka_unit_test(only_whole_standing_boxes_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
