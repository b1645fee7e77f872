/* What is told of the cores around a device that is the processor: of a machine of one's own, of a
 * part of it, of a device that has its part of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scheduler/live_host.h"
#include "src/base/alloc.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum {
    STEP_US = 5000000,
    LOOP_US = 50000
};

struct row {
    const char *name;
    uint32_t processors, cores_milli, device_cores;
    double device, machine; /* cores that the device's batches had; that all of the machine's did */
    double used;            /* cores, by all under the quota; 0: not told; below 0: it went back */
    uint32_t could, had, rest;
};

static const struct row rows[] = {
    {"all cores, all busy", 2, 2000, 2, 1.9, 2, 0, 2000, 1900, 100},
    {"all cores, a third idle", 3, 3000, 3, 1.9, 2, 0, 1966, 1900, 100},
    {"the driver's choice", 2, 2000, 0, 1.9, 2, 0, 2000, 1900, 100},
    {"its part, others leave it", 4, 4000, 1, 0.95, 1.95, 0, 950, 950, 1000},
    {"its part, others press it", 4, 4000, 1, 0.95, 4, 0, 1000, 950, 3050},
    {"no more than its part", 4, 4000, 1, 1.2, 2, 0, 1000, 1000, 800},
    {"a quota, on a busy machine", 64, 1500, 2, 1, 64, 1.2, 1154, 1000, 200},
    {"a quota, used up", 64, 1500, 2, 1.3, 64, 1.5, 1500, 1300, 200},
    {"a quota, and what it counts is more", 64, 1500, 2, 1.3, 64, 3, 1500, 1300, 200},
    {"a quota that says nothing of its use", 64, 1500, 1, 0.9, 64, 0, 900, 900, 10},
    {"a quota of another group", 64, 1500, 1, 0.9, 64, -1, 900, 900, 10},
    {"a mask", 64, 2000, 2, 1.8, 64, 0, 1800, 1800, 10},
};

static struct vg_host_point point_of(const struct row *row, int64_t steps)
{
    const double step_us = STEP_US;
    struct vg_host_point p = {.now_us = (1 + steps) * STEP_US,
                              .loop_us = (1 + steps) * LOOP_US,
                              .shared_busy_us = (1 + steps) * STEP_US,
                              .processors = row->processors,
                              .cores_milli = row->cores_milli,
                              .device_cores = row->device_cores,
                              .workers = 1};
    p.process_us = (int64_t)(row->device * step_us) * (1 + steps) + p.loop_us;
    p.machine.all = (uint64_t)(1 + steps) * row->processors * 1000;
    p.machine.busy = (uint64_t)((double)(1 + steps) * row->machine * 1000);
    if (row->used > 0)
        p.used_us = (int64_t)(row->used * step_us) * (1 + steps);
    else if (row->used < 0)
        p.used_us = 1000000 * (10 - steps);
    return p;
}

static void near(const struct row *row, const char *what, uint32_t got, uint32_t want)
{
    if (got > want + 1 || got + 1 < want)
        fail_msg("%s: %s %u, not %u", row->name, what, got, want);
}

static void cores_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_live_host *host = vg_alloc(sizeof *host);
        assert_non_null(host);
        struct vg_host_point point = point_of(&rows[i], 0);
        vg_live_host_step(host, &point, NULL, 0);
        const uint32_t most = vg_live_host_share(host).could_milli; /* nothing is measured yet */
        assert_true(most <= rows[i].cores_milli);
        assert_true(rows[i].device_cores == 0 || most <= rows[i].device_cores * 1000);
        point = point_of(&rows[i], 1);
        vg_live_host_step(host, &point, NULL, 0);
        const struct vg_host_share share = vg_live_host_share(host);
        const struct vg_admission_host told = vg_live_host_tell(host);
        near(&rows[i], "could", share.could_milli, rows[i].could);
        near(&rows[i], "had", share.had_milli, rows[i].had);
        near(&rows[i], "cores", told.cores_milli, rows[i].cores_milli);
        near(&rows[i], "rest", told.rest_milli, rows[i].rest);
        vg_free(host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cores_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
