/* Energy by NVML, against a library of the test's own, and where there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/clock.h"
#include "src/energy/nvml.h"

static const char *fake(char *path, size_t size)
{
    (void)snprintf(path, size, "%s/tests/libfake_nvml.so", getenv("VIGIE_BUILD_DIR"));
    return path;
}

static const struct {
    const char *lacks, *pci;
    enum vg_status status;
    enum vg_nvml_source source;
} rows[] = {
    {"", NULL, VG_OK, VG_NVML_COUNTER},
    {"", "00000000:3b:00.0", VG_OK, VG_NVML_COUNTER},
    {"", "00000000:3c:00.0", VG_E_LACK, VG_NVML_COUNTER},
    {"boards", NULL, VG_E_LACK, VG_NVML_COUNTER}, /* which of the two? */
    {"boards", "00000000:3b:00.0", VG_OK, VG_NVML_COUNTER},
    {"counter", NULL, VG_OK, VG_NVML_POWER},
    {"counter power", NULL, VG_E_LACK, VG_NVML_COUNTER},
    {"init", NULL, VG_E_LACK, VG_NVML_COUNTER},
};

static void what_a_board_can_say_is_used(void **state)
{
    (void)state;
    char path[512];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_nvml *nvml = NULL;
        struct vg_fault fault = {0};
        assert_int_equal(setenv("VIGIE_FAKE_NVML", rows[i].lacks, 1), 0);
        if (vg_nvml_open(&nvml, fake(path, sizeof path), rows[i].pci, &fault) != rows[i].status)
            fail_msg("row %zu: %s", i, fault.place);
        assert_int_equal(nvml == NULL, rows[i].status != VG_OK);
        if (nvml)
            assert_int_equal(vg_nvml_source(nvml), rows[i].source);
        vg_nvml_close(&nvml);
        assert_null(nvml);
    }
}

static void the_counter_counts_from_open(void **state)
{
    (void)state;
    char path[512];
    struct vg_nvml *nvml = NULL;
    struct vg_fault fault = {0};
    double joules = 0;
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "", 1), 0);
    assert_int_equal(vg_nvml_open(&nvml, fake(path, sizeof path), NULL, &fault), VG_OK);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(vg_nvml_joules(nvml, &joules, &fault), VG_OK);
        assert_true(fabs(joules - 2.0 * i) < 1e-9);
    }
    vg_nvml_close(&nvml);
}

static void power_is_summed_over_time(void **state)
{
    (void)state;
    char path[512];
    struct vg_nvml *nvml = NULL;
    struct vg_fault fault = {0};
    double joules = 0;
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "counter", 1), 0);
    const struct vg_mono_time before = vg_mono_now();
    assert_int_equal(vg_nvml_open(&nvml, fake(path, sizeof path), NULL, &fault), VG_OK);
    const struct vg_mono_time opened = vg_mono_now();
    while (vg_mono_now().us - opened.us < 20000)
        assert_int_equal(vg_nvml_joules(nvml, &joules, &fault), VG_OK);
    const struct vg_mono_time asked = vg_mono_now();
    assert_int_equal(vg_nvml_joules(nvml, &joules, &fault), VG_OK);
    const struct vg_mono_time after = vg_mono_now();
    /* 100 W, whatever the clock did between the readings */
    assert_true(joules >= 100e-6 * (double)(asked.us - opened.us) - 1e-6);
    assert_true(joules <= 100e-6 * (double)(after.us - before.us) + 1e-6);
    vg_nvml_close(&nvml);
}

static void without_a_library_it_says_so(void **state)
{
    (void)state;
    struct vg_nvml *nvml = NULL;
    struct vg_fault fault = {0};
    assert_int_equal(vg_nvml_open(&nvml, "libnothing-of-this-name.so.1", NULL, &fault), VG_E_LACK);
    assert_null(nvml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_board_can_say_is_used),
        cmocka_unit_test(the_counter_counts_from_open),
        cmocka_unit_test(power_is_summed_over_time),
        cmocka_unit_test(without_a_library_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
