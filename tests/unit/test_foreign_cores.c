/* What others keep busy of the cores that may be used: by the machine's ticks, by a quota's account, and
 * where it is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <unistd.h>

#include "bench/foreign_cores.h"

static struct vg_cores_taken taken(double busy_s, uint32_t allowed, double used_s)
{
    const double ticks = (double)sysconf(_SC_CLK_TCK);
    return (struct vg_cores_taken){
        .machine = {.busy = (uint64_t)(busy_s * ticks), .all = (uint64_t)(1000 * ticks)},
        .cores = {.online = 4,
                  .allowed = allowed,
                  .quota_milli = used_s > 0 ? 2000 : 0,
                  .used_us = (int64_t)(used_s * 1e6)}};
}

static void what_others_take_is_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t allowed;
        double busy_s, used_s, own, is; /* in 10 s */
    } rows[] = {
        {4, 25, 0, 1.5, 1},                        /* 2.5 busy, 1.5 of them ours */
        {4, 15, 0, 1.5, 0},    {4, 10, 0, 1.5, 0}, /* never below nothing */
        {4, 39, 18, 1.5, 0.3},                     /* a quota's own account goes before */
        {2, 25, 0, 1.5, -1},                       /* a part of the machine, without one */
        {4, -5, 0, 1.5, -1},                       /* a counter that went back */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double quota = rows[i].used_s > 0 ? 1 : 0;
        const struct vg_cores_taken before = taken(100, rows[i].allowed, quota),
                                    after = taken(100 + rows[i].busy_s, rows[i].allowed,
                                                  quota + rows[i].used_s);
        const double foreign = vg_foreign_cores(&before, &after, 10, rows[i].own);
        assert_true(fabs(foreign - rows[i].is) < 0.01);
    }
    const struct vg_cores_taken nothing = {.cores = {.online = 4, .allowed = 4}};
    assert_true(vg_foreign_cores(&nothing, &nothing, 10, 1) < 0); /* no /proc/stat */
}

static void the_machine_tells_of_now(void **state)
{
    (void)state;
    const struct vg_cores_taken now = vg_cores_taken_now();
    assert_true(now.cores.online >= 1);
    assert_true(now.machine.all > 0 || access("/proc/stat", R_OK) != 0);
    assert_true(now.machine.all >= now.machine.busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_take_is_told),
        cmocka_unit_test(the_machine_tells_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
