/* What flux cost is measured while they are decoded in full, and by nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/media/ingest_budget.h"

#define S VG_US_PER_S

/* One flux of 4CIF at 25 a second on one core, look by look, VG_INGEST_BUDGET_US apart. */
struct look {
    enum vg_decode_step step;
    uint64_t packets; /* 0: it is not decoding */
    int64_t cpu_us;
};

/* What its full decoding is then thought to cost, a second. */
static int64_t cost_after(const struct look *looks, size_t count)
{
    struct vg_ingest_budget budget;
    struct vg_mono_time now = {1000 * S};
    vg_ingest_budget_init(&budget);
    for (size_t i = 0; i < count; i++, now.us += VG_INGEST_BUDGET_US) {
        struct vg_ingest_load load = {.place = 3, .width = 704, .height = 576, .fps_milli = 25000};
        load.ladder.step = looks[i].step;
        load.ladder.packets = looks[i].packets;
        load.ladder.cpu_us = looks[i].cpu_us;
        assert_true(vg_ingest_budget_share(&budget, 1, &load, 1, now));
        assert_int_equal(load.given, VG_DECODE_FULL);
        /* asked again at once it is not due */
        assert_false(vg_ingest_budget_share(&budget, 1, &load, 1, now));
    }
    return budget.flux[3].full_us;
}

static void costs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t count;
        struct look look[4];
        int64_t want_us;
    } rows[] = {
        {"nothing measured yet", 1, {{VG_DECODE_FULL, 50, 9000}}, 0},
        {"by the time between",
         2,
         {{VG_DECODE_FULL, 50, 9000}, {VG_DECODE_FULL, 100, 109000}},
         50000},
        {"keys alone say nothing",
         3,
         {{VG_DECODE_FULL, 50, 9000}, {VG_DECODE_FULL, 100, 109000}, {VG_DECODE_KEYS, 150, 110000}},
         50000},
        {"another session begins at 0",
         3,
         {{VG_DECODE_FULL, 50, 900000}, {VG_DECODE_NONE, 0, 0}, {VG_DECODE_FULL, 100, 950000}},
         0},
        {"time in hardware is not software's",
         4,
         {{VG_DECODE_FULL, 50, 9000},
          {VG_DECODE_VAAPI, 100, 509000},
          {VG_DECODE_VAAPI, 150, 909000},
          {VG_DECODE_FULL, 200, 1000000}},
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        assert_int_equal(cost_after(rows[i].look, rows[i].count), rows[i].want_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(costs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
