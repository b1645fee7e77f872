/* Pictures that were owed to a flux and not asked for: by a grid that asks less often than it
 * should, and none by one that asks as often, whatever its phase and the source's jitter. */
#include "src/media/owed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/base/clock.h"
#include "src/base/random.h"

#define S VG_US_PER_S

/* Feeds `seconds` of a source, asked for on a grid of asked_us (0: never); what was missed. */
static uint32_t missed(int64_t source_us, int64_t owed_us, int64_t asked_us, int64_t phase_us,
                       int64_t jitter_us, uint32_t seconds)
{
    struct vg_owed owed = {0};
    struct vg_random random;
    uint32_t count = 0;
    int64_t last_us = 0, due_us = phase_us;
    vg_random_seed(&random, 7);
    for (int64_t at = source_us; at <= (int64_t)seconds * S; at += source_us) {
        const int64_t jittered_us = at + (int64_t)((double)jitter_us * vg_random_unit(&random));
        const int64_t arrival_us = jittered_us > last_us ? jittered_us : last_us;
        const bool asked = asked_us > 0 && arrival_us >= due_us;
        if (asked)
            due_us += asked_us;
        count += vg_owed_picture(&owed, owed_us, arrival_us - last_us,
                                 asked ? VG_OWED_ASKED : VG_OWED_NOT_ASKED);
        last_us = arrival_us;
    }
    return count;
}

static void as_often_as_owed_misses_nothing(void **state)
{
    (void)state;
    static const int64_t source_us[] = {S / 25, S / 12, S / 30, S / 50, S / 7};
    for (size_t i = 0; i < sizeof source_us / sizeof *source_us; i++)
        for (int64_t phase = 0; phase <= S / 5; phase += S / 50)
            for (int64_t jitter = 0; jitter < S / 25; jitter += S / 100)
                if (missed(source_us[i], S / 5, S / 5, phase, jitter, 60) != 0)
                    fail_msg("%lld: phase %lld, jitter %lld", (long long)source_us[i],
                             (long long)phase, (long long)jitter);
}

static void what_is_asked_for_less_often_is_missed(void **state)
{
    (void)state;
    static const struct {
        int64_t asked_us;
        uint32_t want; /* in 60 s, of five a second */
    } rows[] = {{S / 4, 60}, {S / 2, 180}, {S, 240}, {0, 300}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint32_t got = missed(S / 25, S / 5, rows[i].asked_us, 0, 0, 60);
        assert_in_range(got, rows[i].want - 2, rows[i].want);
    }
}

static void every_picture_is_owed_at_no_period(void **state)
{
    (void)state;
    assert_int_equal(missed(S / 25, 0, 0, 0, 0, 10), 250);
    assert_int_equal(missed(S / 25, 0, 1, 0, 0, 10), 0);
}

static void nothing_is_owed_where_nothing_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(missed(S / 25, INT64_MAX, 0, 0, 0, 60), 0);
    assert_int_equal(missed(S / 25, -1, 0, 0, 0, 60), 0);
}

/* A source that was away, one that is slower than wanted, a clock that jumps: no burst after it. */
static void what_never_came_is_not_owed(void **state)
{
    (void)state;
    struct vg_owed owed = {0};
    for (int i = 0; i < 100; i++) /* one a second, each asked for, of five wanted */
        assert_false(vg_owed_picture(&owed, S / 5, S, VG_OWED_ASKED));
    uint32_t count = 0;
    for (int i = 0; i < 10; i++)
        count += vg_owed_picture(&owed, S / 5, S / 25, VG_OWED_NOT_ASKED);
    assert_in_range(count, 0, 4);
    owed = (struct vg_owed){0};
    assert_false(vg_owed_picture(&owed, S / 5, INT64_MIN, VG_OWED_NOT_ASKED));
    (void)vg_owed_picture(&owed, S / 5, INT64_MAX, VG_OWED_NOT_ASKED);
    assert_in_range(owed.credit_us, 0, S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_often_as_owed_misses_nothing),
        cmocka_unit_test(what_is_asked_for_less_often_is_missed),
        cmocka_unit_test(every_picture_is_owed_at_no_period),
        cmocka_unit_test(nothing_is_owed_where_nothing_is_wanted),
        cmocka_unit_test(what_never_came_is_not_owed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
