/* Threads that do not come back: who is named, and whose lateness ends the process. labels: threads */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/beat.h"

#define LIMIT_US (60 * VG_US_PER_S)

struct stand {
    struct vg_beats beats;
    struct vg_beat told, other, ends;
    char said[4096]; /* the log of the last look */
};

static struct vg_mono_time at(double seconds)
{
    return (struct vg_mono_time){1000 * VG_US_PER_S + (int64_t)(seconds * 1e6)};
}

static void stand_up(struct stand *s)
{
    struct vg_beat *const beats[] = {&s->told, &s->other, &s->ends};
    *s = (struct stand){.told = {.name = "told", .limit_us = LIMIT_US},
                        .other = {.name = "other", .limit_us = 2 * LIMIT_US},
                        .ends = {.name = "ends", .limit_us = LIMIT_US, .ends_us = 10 * LIMIT_US}};
    vg_beats_init(&s->beats);
    for (size_t i = 0; i < sizeof beats / sizeof *beats; i++)
        assert_int_equal(vg_beats_add(&s->beats, beats[i]), VG_OK);
}

/* A look, with what it says. */
static enum vg_beats_found look(struct stand *s, struct vg_mono_time now)
{
    FILE *log = tmpfile();
    const int before = dup(STDERR_FILENO);
    assert_non_null(log);
    assert_true(before >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
    const enum vg_beats_found found = vg_beats_look(&s->beats, now);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    rewind(log);
    s->said[fread(s->said, 1, sizeof s->said - 1, log)] = '\0';
    (void)fclose(log);
    return found;
}

static void one_that_is_busy_has_its_whole_limit(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    assert_int_equal(look(&s, at(0)), VG_BEATS_WELL); /* idle */
    vg_beat_begin(&s.ends, at(0));
    assert_false(vg_beat_idle(&s.ends));
    assert_int_equal(look(&s, at(60)), VG_BEATS_WELL);
    assert_string_equal(s.said, "");
    assert_int_equal(look(&s, at(60.000001)), VG_BEATS_LATE);
    assert_non_null(strstr(s.said, "thread ends is stuck for 60 s"));
    assert_int_equal(look(&s, at(600)), VG_BEATS_LATE);
    assert_int_equal(look(&s, at(600.000001)), VG_BEATS_END);
    vg_beat_begin(&s.ends, at(600)); /* the next thing */
    assert_int_equal(look(&s, at(660)), VG_BEATS_WELL);
    vg_beat_end(&s.ends);
    assert_true(vg_beat_idle(&s.ends));
    assert_int_equal(look(&s, at(1e6)), VG_BEATS_WELL);
    vg_beats_clear(&s.beats);
}

static void each_is_named_and_none_hides_another(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    vg_beat_begin(&s.told, at(0));
    vg_beat_begin(&s.other, at(0));
    assert_int_equal(look(&s, at(100)), VG_BEATS_LATE);
    assert_non_null(strstr(s.said, "told"));
    assert_null(strstr(s.said, "other"));
    assert_int_equal(look(&s, at(121)), VG_BEATS_LATE);
    assert_null(strstr(s.said, "told")); /* once a minute */
    assert_non_null(strstr(s.said, "other"));
    vg_beat_begin(&s.ends, at(0));
    assert_int_equal(look(&s, at(1000)),
                     VG_BEATS_END); /* without an end of theirs: late for ever */
    assert_non_null(strstr(s.said, "told"));
    assert_non_null(strstr(s.said, "other"));
    assert_non_null(strstr(s.said, "ends"));
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
    assert_int_equal(look(&s, at(1000)), VG_BEATS_WELL);
    vg_beat_begin(&s.told, at(0)); /* the others are still looked at */
    assert_int_equal(look(&s, at(1000)), VG_BEATS_LATE);
    vg_beats_clear(&s.beats);
}

static void more_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    struct stand s;
    stand_up(&s);
    for (int i = 3; i < VG_BEATS_MAX; i++)
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

/* Adds, works and removes, again and again. */
static void *come_and_go(void *user)
{
    struct stand *s = user;
    for (int i = 0; i < 2000; i++) {
        struct vg_beat mine = {.name = "mine", .limit_us = LIMIT_US};
        if (vg_beats_add(&s->beats, &mine) != VG_OK)
            return s;
        vg_beat_begin(&mine, at(0));
        vg_beat_end(&mine);
        vg_beats_remove(&s->beats, &mine);
    }
    return NULL;
}

static void threads_come_and_go_while_one_looks(void **state)
{
    (void)state;
    struct stand s;
    pthread_t thread[2];
    void *failed[2];
    stand_up(&s);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &s), 0);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(vg_beats_look(&s.beats, at(1)), VG_BEATS_WELL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(thread[i], &failed[i]), 0);
        assert_null(failed[i]);
    }
    assert_int_equal(s.beats.count, 3);
    vg_beats_clear(&s.beats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_busy_has_its_whole_limit),
        cmocka_unit_test(each_is_named_and_none_hides_another),
        cmocka_unit_test(one_that_is_removed_is_not_missed),
        cmocka_unit_test(more_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_clock_read_before_it_began_says_nothing),
        cmocka_unit_test(threads_come_and_go_while_one_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
