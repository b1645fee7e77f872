/* The ladder's decisions over a simulated clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "src/base/clock.h"
#include "src/media/decode_steps.h"

#define S VG_US_PER_S

static struct vg_decode_steps_settings settings_of(bool vaapi, bool cuda)
{
    return (struct vg_decode_steps_settings){.present = {vaapi, cuda},
                                             .software = VG_DECODE_FULL,
                                             .retry_us_min = 10 * S,
                                             .retry_us_max = 600 * S,
                                             .stable_us = 60 * S};
}

static struct vg_mono_time at(int64_t seconds)
{
    return (struct vg_mono_time){seconds * S};
}

static void the_best_there_is(void **state)
{
    (void)state;
    static const struct {
        bool vaapi, cuda;
        enum vg_decode_step software, want;
    } rows[] = {
        {true, true, VG_DECODE_FULL, VG_DECODE_VAAPI},
        {false, true, VG_DECODE_FULL, VG_DECODE_CUDA},
        {false, false, VG_DECODE_FULL, VG_DECODE_FULL},
        {false, false, VG_DECODE_KEYS, VG_DECODE_KEYS},
        {false, false, VG_DECODE_NONE, VG_DECODE_NONE},
        {true, false, VG_DECODE_NONE, VG_DECODE_VAAPI},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_decode_steps_settings settings = settings_of(rows[i].vaapi, rows[i].cuda);
        struct vg_decode_steps steps;
        settings.software = rows[i].software;
        vg_decode_steps_init(&steps, &settings);
        assert_int_equal(vg_decode_steps_best(&steps, at(-1000)), rows[i].want);
    }
}

static void the_back_off_doubles(void **state)
{
    (void)state;
    const struct vg_decode_steps_settings settings = settings_of(true, true);
    static const int64_t want_s[] = {10, 20, 40, 80, 160, 320, 600, 600, 600};
    for (uint32_t i = 0; i < sizeof want_s / sizeof *want_s; i++) {
        assert_int_equal(vg_decode_steps_retry_us(&settings, i + 1, 0), want_s[i] * S);
        assert_in_range(vg_decode_steps_retry_us(&settings, i + 1, 0.999),
                        want_s[i] * S * 5 / 4 - S, want_s[i] * S * 5 / 4);
    }
    assert_int_equal(vg_decode_steps_retry_us(&settings, UINT32_MAX, 0), 600 * S);
    assert_int_equal(vg_decode_steps_retry_us(&settings, 0, 0), 10 * S);
}

/* VA-API fails, then CUDA: each comes back by its own back-off. */
static void each_step_has_its_own_time(void **state)
{
    (void)state;
    const struct vg_decode_steps_settings settings = settings_of(true, true);
    struct vg_decode_steps steps;
    vg_decode_steps_init(&steps, &settings);
    assert_true(vg_decode_steps_retry(&steps, VG_DECODE_VAAPI).us == INT64_MAX);
    vg_decode_steps_failed(&steps, VG_DECODE_VAAPI, at(100), 0);
    assert_int_equal(vg_decode_steps_best(&steps, at(100)), VG_DECODE_CUDA);
    assert_int_equal(vg_decode_steps_retry(&steps, VG_DECODE_CUDA).us, 110 * S);
    vg_decode_steps_failed(&steps, VG_DECODE_CUDA, at(105), 0);
    assert_int_equal(vg_decode_steps_best(&steps, at(105)), VG_DECODE_FULL);
    assert_int_equal(vg_decode_steps_best(&steps, at(109)), VG_DECODE_FULL);
    assert_int_equal(vg_decode_steps_best(&steps, at(110)), VG_DECODE_VAAPI);
    vg_decode_steps_failed(&steps, VG_DECODE_VAAPI, at(110), 0); /* the second in a row */
    assert_int_equal(vg_decode_steps_best(&steps, at(114)), VG_DECODE_FULL);
    assert_int_equal(vg_decode_steps_best(&steps, at(115)), VG_DECODE_CUDA);
    assert_int_equal(vg_decode_steps_best(&steps, at(130)), VG_DECODE_VAAPI);
    vg_decode_steps_failed(&steps, VG_DECODE_FULL, at(115), 0); /* software has no back-off */
    assert_int_equal(vg_decode_steps_best(&steps, at(114)), VG_DECODE_FULL);
}

static void what_holds_is_trusted(void **state)
{
    (void)state;
    const struct vg_decode_steps_settings settings = settings_of(true, false);
    struct vg_decode_steps steps;
    vg_decode_steps_init(&steps, &settings);
    for (int i = 0; i < 4; i++)
        vg_decode_steps_failed(&steps, VG_DECODE_VAAPI, at(0), 0);
    vg_decode_steps_begun(&steps, VG_DECODE_VAAPI, at(80));
    assert_false(vg_decode_steps_trust(&steps, VG_DECODE_VAAPI, at(139)));
    assert_true(vg_decode_steps_trust(&steps, VG_DECODE_VAAPI, at(140)));
    assert_false(vg_decode_steps_trust(&steps, VG_DECODE_FULL, at(1000)));
    vg_decode_steps_failed(&steps, VG_DECODE_VAAPI, at(150), 0);
    assert_int_equal(vg_decode_steps_best(&steps, at(159)), VG_DECODE_FULL);
    assert_int_equal(vg_decode_steps_best(&steps, at(160)), VG_DECODE_VAAPI);
}

static void a_ceiling_holds_until_its_time(void **state)
{
    (void)state;
    const struct vg_decode_steps_settings settings = settings_of(true, true);
    struct vg_decode_steps steps;
    vg_decode_steps_init(&steps, &settings);
    steps.ceiling = VG_DECODE_CUDA;
    steps.ceiling_us = 50 * S;
    assert_int_equal(vg_decode_steps_best(&steps, at(49)), VG_DECODE_CUDA);
    assert_int_equal(vg_decode_steps_best(&steps, at(50)), VG_DECODE_VAAPI);
    steps.ceiling = VG_DECODE_FULL;
    assert_int_equal(vg_decode_steps_best(&steps, at(49)), VG_DECODE_FULL);
    assert_int_equal(vg_decode_steps_retry(&steps, VG_DECODE_FULL).us, 50 * S);
}

static void steps_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"vaapi", "cuda", "software", "keys", "none", "?"};
    for (int i = 0; i <= VG_DECODE_STEP_COUNT; i++)
        assert_string_equal(vg_decode_step_name((enum vg_decode_step)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_there_is),
        cmocka_unit_test(the_back_off_doubles),
        cmocka_unit_test(each_step_has_its_own_time),
        cmocka_unit_test(what_holds_is_trusted),
        cmocka_unit_test(a_ceiling_holds_until_its_time),
        cmocka_unit_test(steps_have_names),
    };
    return cmocka_run_group_tests_name("decode_steps", tests, NULL, NULL);
}
