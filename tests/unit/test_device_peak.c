/* The measured peak of the device. That the device did the work is judged inside, by the twin.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/device_peak.h"
#include "src/engine/device.h"

static void a_device_has_a_peak(void **state)
{
    (void)state;
    struct vg_device device;
    struct vg_device_peak peak;
    struct vg_fault fault = {0};
    assert_int_equal(vg_device_open(&device, NULL, 0, &fault), VG_OK);
    const enum vg_status status = vg_device_peak_measure(&device, 20, &peak, &fault);
    if (status)
        vg_fault_print(&fault);
    vg_device_close(&device);
    assert_int_equal(status, VG_OK);
    print_message("%.1f GFLOP/s, %.2f GB/s\n", peak.gflop_s, peak.gbyte_s);
    /* any machine that builds this does more, and none a million times as much */
    assert_true(peak.gflop_s > 0.1 && peak.gflop_s < 1e7);
    assert_true(peak.gbyte_s > 0.05 && peak.gbyte_s < 1e5);
    assert_true(peak.copy_bytes >= 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_device_has_a_peak)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
