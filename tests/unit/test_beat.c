/* Threads that do not come back: who is named, and whose lateness the process cannot do without.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/base/beat.h"

#define LIMIT_US (60 * VG_US_PER_S)

struct stand {
    struct vg_beats beats;
    struct vg_beat told, ends;
};

static struct vg_mono_time at(double seconds)
{
    return (struct vg_mono_time){1000 * VG_US_PER_S + (int64_t)(seconds * 1e6)};
}

static void stand_up(struct stand *s)
{
    vg_beats_init(&s->beats);
    s->told = (struct vg_beat){.name = "told", .limit_us = LIMIT_US, .late = VG_BEAT_TOLD};
    s->ends = (struct vg_beat){.name = "ends", .limit_us = LIMIT_US};
    assert_int_equal(vg_beats_add(&s->beats, &s->told), VG_OK);
    assert_int_equal(vg_beats_add(&s->beats, &s->ends), VG_OK);
}

static void one_that_is_busy_has_its_whole_limit(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    assert_true(vg_beats_look(&s.beats, at(0))); /* idle */
    vg_beat_begin(&s.ends, at(0));
    assert_false(vg_beat_idle(&s.ends));
    assert_true(vg_beats_look(&s.beats, at(60)));
    assert_false(vg_beats_look(&s.beats, at(60.000001)));
    vg_beat_begin(&s.ends, at(60)); /* the next thing */
    assert_true(vg_beats_look(&s.beats, at(120)));
    vg_beat_end(&s.ends);
    assert_true(vg_beat_idle(&s.ends));
    assert_true(vg_beats_look(&s.beats, at(1e6)));
    vg_beats_clear(&s.beats);
}

static void one_that_others_do_without_ends_nothing(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    vg_beat_begin(&s.told, at(0));
    assert_true(vg_beats_look(&s.beats, at(1000)));
    vg_beat_begin(&s.ends, at(0)); /* named though another is late as well */
    assert_false(vg_beats_look(&s.beats, at(1000)));
    vg_beats_clear(&s.beats);
}

static void one_that_is_removed_is_not_missed(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    vg_beat_begin(&s.ends, at(0));
    vg_beats_remove(&s.beats, &s.ends);
    vg_beats_remove(&s.beats, &s.ends); /* not there: nothing happens */
    assert_true(vg_beats_look(&s.beats, at(1000)));
    assert_int_equal(s.beats.count, 1);
    assert_ptr_equal(s.beats.beat[0], &s.told);
    vg_beats_clear(&s.beats);
}

static void more_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    for (int i = 2; i < VG_BEATS_MAX; i++)
        assert_int_equal(vg_beats_add(&s.beats, &s.told), VG_OK);
    assert_int_equal(vg_beats_add(&s.beats, &s.told), VG_E_FULL);
    vg_beats_clear(&s.beats);
}

static void a_clock_read_before_it_began_says_nothing(void **state)
{
    (void)state;
    struct vg_beat beat = {.name = "beat", .limit_us = LIMIT_US};
    vg_beat_begin(&beat, at(2));
    assert_int_equal(vg_beat_busy_us(&beat, at(1)), 0);
    assert_int_equal(vg_beat_busy_us(&beat, at(5)), 3 * VG_US_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_busy_has_its_whole_limit),
        cmocka_unit_test(one_that_others_do_without_ends_nothing),
        cmocka_unit_test(one_that_is_removed_is_not_missed),
        cmocka_unit_test(more_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_clock_read_before_it_began_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
