/* What a source sends, and the turns of those that connect to one host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "src/media/input_meter.h"
#include "src/media/stagger.h"

static void measures_the_rate(void **state)
{
    static const struct {
        int64_t interval_us;
        uint32_t gop, fps_milli;
    } rows[] = {{40000, 50, 25000}, {83333, 12, 12000}, {200000, 5, 5000}, {40000, 1, 25000}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_input_meter meter;
        vg_input_meter_reset(&meter);
        uint32_t measured = 0;
        for (int64_t n = 0; n < 200; n++)
            measured += vg_input_meter_take(&meter, (struct vg_mono_time){n * rows[i].interval_us},
                                            n % rows[i].gop == 0);
        assert_true(measured >= 1);
        assert_in_range(meter.fps_milli, rows[i].fps_milli - 10, rows[i].fps_milli + 10);
        assert_int_equal(meter.key_interval, rows[i].gop);
    }
}

/* One picture, or a source that stands still, is no rate. */
static void knows_nothing_at_first(void **state)
{
    struct vg_input_meter meter;
    (void)state;
    vg_input_meter_reset(&meter);
    assert_false(vg_input_meter_take(&meter, (struct vg_mono_time){5}, true));
    assert_false(vg_input_meter_take(&meter, (struct vg_mono_time){5}, false));
    assert_int_equal(meter.fps_milli, 0);
    assert_int_equal(meter.key_interval, 0);
}

static void takes_turns(void **state)
{
    struct vg_stagger *stagger = NULL;
    (void)state;
    assert_int_equal(vg_stagger_open(&stagger), VG_OK);
    static const struct {
        const char *host;
        int64_t now_us, wait_us;
    } rows[] = {
        {"vms", 1000, 0},   {"VMS", 1000, 50}, {"vms", 1010, 90},
        {"other", 1010, 0}, {"vms", 5000, 0},  {"vms", 5000, 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_stagger_turn_us(stagger, rows[i].host,
                                            &(struct vg_stagger_pace){.step_us = 50},
                                            (struct vg_mono_time){rows[i].now_us}),
                         rows[i].wait_us);
    vg_stagger_close(&stagger);
    assert_null(stagger);
}

/* More hosts than places: the one that has its turn still ahead keeps it. */
static void forgets_the_oldest_host(void **state)
{
    struct vg_stagger *stagger = NULL;
    char host[8] = "a000";
    (void)state;
    assert_int_equal(vg_stagger_open(&stagger), VG_OK);
    assert_int_equal(vg_stagger_turn_us(stagger, "kept",
                                        &(struct vg_stagger_pace){.step_us = 1000000},
                                        (struct vg_mono_time){100}),
                     0);
    for (int i = 0; i < 3 * VG_STAGGER_HOSTS_MAX; i++) {
        host[1] = (char)('0' + i / 100);
        host[2] = (char)('0' + i / 10 % 10);
        host[3] = (char)('0' + i % 10);
        assert_int_equal(vg_stagger_turn_us(stagger, host, &(struct vg_stagger_pace){.step_us = 10},
                                            (struct vg_mono_time){200 + i}),
                         0);
    }
    assert_int_equal(vg_stagger_turn_us(stagger, "kept",
                                        &(struct vg_stagger_pace){.step_us = 1000000},
                                        (struct vg_mono_time){1000}),
                     999100);
    vg_stagger_close(&stagger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_the_rate),
        cmocka_unit_test(knows_nothing_at_first),
        cmocka_unit_test(takes_turns),
        cmocka_unit_test(forgets_the_oldest_host),
    };
    return cmocka_run_group_tests_name("input_meter", tests, NULL, NULL);
}
