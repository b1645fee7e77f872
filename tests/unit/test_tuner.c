/* The rows of the variants' table, each forced in turn by a tuner's file, against the net as its
 * definition reads; and the tuner itself, on a net so small that its choices are noise: what it
 * writes must be whole and what an engine takes.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "src/base/fault.h"
#include "src/engine/conv_variants.h"
#include "src/engine/engine_inside.h"
#include "src/engine/plan_pin.h"
#include "src/engine/tuner.h"
#include "tests/net_fixture.h"

static struct vg_engine *open_with(const struct vg_model *model, const struct vg_tune *tune)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    struct vg_fault fault = {0};
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.tune = tune;
    settings.programs = VG_PROGRAMS_ARE_NOT_KEPT;
    settings.launches = VG_LAUNCHES_EACH_STEP; /* a program for each row, not for each plan */
    if (vg_engine_open(&engine, model, &settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    return engine;
}

/* The i-th row of those that fit, round and round. */
static uint32_t nth(uint64_t set, uint32_t n)
{
    uint32_t count = 0, row = 0;
    for (uint32_t i = 0; i < VG_CONV_ROWS_MAX; i++)
        count += (uint32_t)(set >> i & 1);
    for (n %= count;; row++)
        if (set >> row & 1 && !n--)
            return row;
}

/* The i-th row for all that the plan chose. */
static void needs_add(const struct vg_plan *plan, uint32_t round, struct vg_tune *tune)
{
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct vg_plan_choice *choice = &plan->choice[i];
        assert_int_equal(
            vg_tune_set(tune, &choice->need, vg_conv_row(nth(choice->fitting, round))->name, 0),
            VG_OK);
    }
}

static void every_row_is_right(void **state)
{
    static const struct {
        uint64_t seed;
        uint32_t rounds; /* that its own kinds of convolutions have rows, and one more */
    } nets[] = {{52, 16}, {44, 6}, {31, 4}}; /* dense and pairs; depthwise and grouped; a stem */
    uint64_t seen = 0, fitting = 0;
    (void)state;
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        struct net_fixture *f = net_fixture_open(nets[k].seed);
        struct vg_tune tune;
        vg_tune_init(&tune, "", "");
        for (uint32_t i = 0; i < nets[k].rounds; i++) {
            struct vg_engine *engine = open_with(f->model, &tune);
            const struct vg_plan *plan = vg_engine_plan(engine);
            const double error = net_fixture_error(f, engine);
            for (uint32_t c = 0; c < plan->choice_count; c++) {
                seen |= UINT64_C(1) << plan->choice[c].row;
                fitting |= plan->choice[c].fitting;
                assert_true(plan->choice[c].fitting >> plan->choice[c].row & 1);
            }
            if (!(error < NET_TOLERANCE))
                print_error("seed %u, round %u: %g off\n", (unsigned)nets[k].seed, i, error);
            assert_true(error < NET_TOLERANCE);
            needs_add(plan, i, &tune);
            vg_engine_close(&engine);
        }
        vg_tune_release(&tune);
        net_fixture_close(f);
    }
    print_message("rows seen: %llx of %llx\n", (unsigned long long)seen,
                  (unsigned long long)fitting);
    assert_true(seen == fitting);
}

static void a_choice_changes_the_plan_and_its_hash(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct vg_engine *first = open_with(f->model, &(struct vg_tune){.count = 0});
    struct vg_tune tune;
    (void)state;
    vg_tune_init(&tune, "", "");
    needs_add(vg_engine_plan(first), 0, &tune);
    struct vg_engine *other = open_with(f->model, &tune);
    struct vg_engine *again = open_with(f->model, &tune);
    assert_string_not_equal(vg_engine_plan_hash(first), vg_engine_plan_hash(other));
    assert_string_equal(vg_engine_plan_hash(again), vg_engine_plan_hash(other));
    vg_engine_close(&first);
    vg_engine_close(&other);
    vg_engine_close(&again);
    vg_tune_release(&tune);
    net_fixture_close(f);
}

static void a_name_that_no_row_has_is_passed_over(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct vg_engine *first = open_with(f->model, &(struct vg_tune){.count = 0});
    const struct vg_plan *plan = vg_engine_plan(first);
    struct vg_tune tune;
    (void)state;
    vg_tune_init(&tune, "", "");
    for (uint32_t i = 0; i < plan->choice_count; i++)
        assert_int_equal(vg_tune_set(&tune, &plan->choice[i].need, "warp drive", 1), VG_OK);
    struct vg_engine *other = open_with(f->model, &tune);
    assert_string_equal(vg_engine_plan_hash(first), vg_engine_plan_hash(other));
    vg_engine_close(&first);
    vg_engine_close(&other);
    vg_tune_release(&tune);
    net_fixture_close(f);
}

/* A file that pins a plan is held to: of this device, each need named, each kernel taken. */
static void a_pinned_plan_is_taken_whole_or_refused(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct vg_engine *table = open_with(f->model, &(struct vg_tune){.count = 0});
    struct vg_tune pin, none;
    struct vg_fault fault = {.what = "", .place = ""};
    (void)state;
    vg_tune_init(&pin, "device", "driver");
    vg_tune_init(&none, "device", "driver");
    needs_add(vg_engine_plan(table), 0, &pin);
    struct vg_engine *pinned = open_with(f->model, &pin);
    needs_add(vg_engine_plan(pinned), 0, &pin); /* those of nodes that are apart now */
    assert_int_equal(vg_plan_pin_check(vg_engine_plan(pinned), &pin, "f", &fault), VG_OK);
    assert_int_equal(vg_plan_pin_check(vg_engine_plan(table), &pin, "f", &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the plan's kernel cannot be taken on this device");
    assert_int_equal(vg_plan_pin_check(vg_engine_plan(table), &none, "f", &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the plan says nothing of a need of the net");
    assert_non_null(strstr(fault.place, ", node "));
    assert_int_equal(vg_plan_pin_device(&pin, "device", "driver", "f", &fault), VG_OK);
    assert_int_equal(vg_plan_pin_device(&pin, "device", "other", "f", &fault), VG_E_INPUT);
    assert_int_equal(vg_plan_pin_device(&pin, "devic", "driver", "f", &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the plan was made on another device or driver");
    assert_string_equal(fault.place, "f: device, driver");
    vg_engine_close(&table);
    vg_engine_close(&pinned);
    vg_tune_release(&pin);
    net_fixture_close(f);
}

struct witness {
    struct vg_tuner_listener listener;
    uint32_t calls, most;
};

static void on_working(struct vg_tuner_listener *listener, uint32_t done, uint32_t total)
{
    struct witness *witness = (struct witness *)(void *)listener;
    assert_int_equal(done, witness->calls++);
    assert_true(done < total);
    witness->most = total;
}

static void the_tuner_writes_what_an_engine_takes(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct witness witness = {.listener = {on_working}};
    struct vg_tuner_settings settings = vg_tuner_defaults();
    struct vg_tuner_report report;
    struct vg_tune tune;
    struct vg_fault fault = {0};
    const struct vg_tune_need foreign = {"conv", "f32", 3, 3, 1, 1, 1, 1, 1, 7, 7, 7, 7, 1};
    (void)state;
    vg_tune_init(&tune, "device", "driver");
    assert_int_equal(vg_tune_set(&tune, &foreign, "direct 6x1", 5), VG_OK);
    settings.runs = 3;
    settings.turns = 2;
    settings.listener = &witness.listener;
    if (vg_tuner_run(f->model, &settings, &tune, &report, &fault))
        vg_fault_print(&fault);
    assert_int_equal(tune.count, report.needs + 1);
    assert_string_equal(tune.device, "device");
    assert_non_null(vg_tune_find(&tune, &foreign));
    assert_true(report.needs > 0 && report.changed <= report.needs);
    assert_true(report.chosen_us > 0 && report.chosen_us <= report.table_us);
    assert_true(witness.calls >= 5);
    struct vg_engine *engine = open_with(f->model, &tune);
    const struct vg_plan *plan = vg_engine_plan(engine);
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct vg_tune_row *row = vg_tune_find(&tune, &plan->choice[i].need);
        assert_non_null(row);
        assert_string_equal(row->variant, vg_conv_row(plan->choice[i].row)->name);
    }
    assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
    vg_engine_close(&engine);
    vg_tune_release(&tune);
    net_fixture_close(f);
}

static void a_device_that_is_not_there(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct vg_tuner_settings settings = vg_tuner_defaults();
    struct vg_tuner_report report;
    struct vg_tune tune;
    (void)state;
    vg_tune_init(&tune, "device", "driver");
    settings.device = "no such device";
    assert_int_equal(vg_tuner_run(f->model, &settings, &tune, &report, NULL), VG_E_LACK);
    assert_int_equal(tune.count, 0);
    vg_tune_release(&tune);
    net_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_right),
        cmocka_unit_test(a_choice_changes_the_plan_and_its_hash),
        cmocka_unit_test(a_name_that_no_row_has_is_passed_over),
        cmocka_unit_test(a_pinned_plan_is_taken_whole_or_refused),
        cmocka_unit_test(the_tuner_writes_what_an_engine_takes),
        cmocka_unit_test(a_device_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
