/* Which device takes which flux: the least full by its speed, the processor last, everybody away
 * from one that failed, and no move that does not help. VIGIE_SEED: another first seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "scheduler/decide_device.h"
#include "scheduler/loop.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

enum {
    STATES = 2000,
    FLUX_MAX = 200
};

static const struct {
    const char *name;
    struct vg_device_state device[3];
    int64_t need_us;
    uint32_t want;
} rows[] = {
    {"the emptier one", {{true, false, 1000, 500}, {true, false, 1000, 400}}, 10, 1},
    {"by its speed", {{true, false, 3000, 900}, {true, false, 1000, 400}}, 10, 0},
    {"a failed one takes none", {{true, false, 1000, 500}, {false, false, 1000, 0}}, 10, 0},
    {"the processor not while others have room",
     {{true, false, 1000, 900}, {true, true, 1000, 0}},
     100,
     0},
    {"the processor then", {{true, false, 1000, 901}, {true, true, 1000, 0}}, 100, 1},
    {"no room anywhere: the least full",
     {{true, false, 1000, 950}, {true, true, 500, 450}},
     100,
     0},
    {"none is well", {{false, false, 1000, 0}, {false, true, 1000, 0}}, 1, VG_DEVICE_NONE},
    {"without capacity", {{true, false, 0, 0}, {true, false, 100, 99}}, 50, 1},
};

static void each_goes_where_it_should(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const uint32_t found = vg_device_choose(rows[r].device, 3, rows[r].need_us);
        if (found != rows[r].want)
            fail_msg("%s: %u", rows[r].name, found);
    }
}

static void fill(struct vg_placed_flux *flux, uint32_t count, struct vg_random *random)
{
    for (uint32_t i = 0; i < count; i++)
        flux[i] = (struct vg_placed_flux){.need_us = 1000 + vg_random_below(random, 20000),
                                          .priority = vg_random_below(random, 12),
                                          .device = VG_DEVICE_NONE};
}

static double share(const struct vg_device_state *device)
{
    return (double)device->load_us / (double)device->capacity_us;
}

/* Random flux on random devices, one of which fails and comes back: all are placed on what is well,
 * devices get even, and then nobody moves any more. */
static void it_evens_out_and_then_rests(void **state)
{
    (void)state;
    const char *text = getenv("VIGIE_SEED");
    const uint64_t first = text ? strtoull(text, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + STATES; seed++) {
        struct vg_random random;
        struct vg_placed_flux flux[FLUX_MAX];
        struct vg_device_state device[4];
        vg_random_seed(&random, seed);
        const uint32_t count = 1 + vg_random_below(&random, FLUX_MAX);
        const uint32_t devices = 2 + vg_random_below(&random, 3);
        fill(flux, count, &random);
        for (uint32_t d = 0; d < devices; d++)
            device[d] = (struct vg_device_state){
                .well = true, .capacity_us = 200000 + vg_random_below(&random, 1500000)};
        const struct vg_placing p = {device, flux, devices, count};
        for (int phase = 0; phase < 3; phase++) {
            device[0].well = phase != 1;
            const bool all_move = phase == 0;
            uint32_t moved = vg_device_place(&p);
            assert_true(!all_move || moved == count);
            int calls = 0;
            while (vg_device_place(&p) > 0)
                assert_true(++calls < 2000);
            int64_t loads = 0, needs = 0;
            for (uint32_t d = 0; d < devices; d++)
                loads += device[d].load_us;
            for (uint32_t i = 0; i < count; i++) {
                needs += flux[i].need_us;
                assert_true(device[flux[i].device].well);
            }
            assert_int_equal(loads, needs);
            /* even, as far as one flux and the tolerance allow */
            for (uint32_t a = 0; a < devices; a++)
                for (uint32_t b = 0; b < devices; b++)
                    if (device[a].well && device[b].well && device[a].load_us > 0 &&
                        share(&device[a]) > share(&device[b]) + VG_DEVICE_EVEN / 100.0 +
                                                21000.0 / (double)device[b].capacity_us)
                        fail_msg("seed %llu: %f and %f", (unsigned long long)seed,
                                 share(&device[a]), share(&device[b]));
        }
    }
}

static void a_failed_device_is_drained_by_priority(void **state)
{
    (void)state;
    struct vg_device_state device[] = {{true, false, 100000, 0}, {true, true, 30000, 0}};
    struct vg_placed_flux flux[4];
    for (uint32_t i = 0; i < 4; i++)
        flux[i] = (struct vg_placed_flux){15000, 9 - i, VG_DEVICE_NONE};
    const struct vg_placing p = {device, flux, 2, 4};
    assert_int_equal(vg_device_place(&p), 4);
    assert_int_equal(device[0].load_us, 60000);
    device[0].well = false;
    assert_int_equal(vg_device_place(&p), 4);
    assert_int_equal(device[1].load_us, 60000); /* too much: the share decides who is served */
    device[0].well = true;
    for (int i = 0; i < 4; i++) /* one by one, back from the processor */
        assert_int_equal(vg_device_place(&p), 1);
    assert_int_equal(device[0].load_us, 60000);
    assert_int_equal(vg_device_place(&p), 0);
    device[0].well = device[1].well = false;
    assert_int_equal(vg_device_place(&p), 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(flux[i].device, VG_DEVICE_NONE);
}

/* Two flux whose scenes are still take less of their device than one that moves. */
static void a_still_flux_counts_for_what_it_takes(void **state)
{
    static const struct {
        uint32_t device;
        double part;
    } flux[] = {{0, 0.2}, {0, 0.01}, {1, 1}};
    (void)state;
    struct vg_loop *a = vg_alloc(sizeof *a);
    assert_non_null(a);
    a->device_count = 2;
    for (uint32_t d = 0; d < a->device_count; d++) {
        a->device[d].loop = a;
        a->device[d].state = VG_LOOP_DEVICE_WELL;
    }
    for (size_t i = 0; i < sizeof flux / sizeof *flux; i++) {
        a->flux[i].used = a->flux[i].claims = a->flux[i].config.active = true;
        a->flux[i].next_device = flux[i].device;
        a->flux[i].wanted_period_us = VG_US_PER_S / 5;
        a->flux[i].part = flux[i].part;
    }
    assert_int_equal(vg_loop_device_for(a, VG_US_PER_S / 5), 0);
    vg_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_goes_where_it_should),
        cmocka_unit_test(it_evens_out_and_then_rests),
        cmocka_unit_test(a_failed_device_is_drained_by_priority),
        cmocka_unit_test(a_still_flux_counts_for_what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
