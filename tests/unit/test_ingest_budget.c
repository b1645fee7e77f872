/* The cores of one ingest process over simulated time: sites whose flux really cost what a table says, told
 * to the budget with the delays that the real one has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/random.h"
#include "src/media/ingest_budget.h"

#define TICK_US (VG_US_PER_S / 4) /* ingest looks so often */
#define TELL_US (2 * VG_US_PER_S) /* a flux tells its figures so often */

enum {
    FLUX_MAX = 25
};

/* A flux as it is, and as it was told last. */
struct sim {
    int64_t picture_us; /* what one really costs */
    uint32_t priority, fps, key_interval;
    enum vg_decode_step hardware; /* VG_DECODE_VAAPI: costs the cores nothing; else it has none */
    uint64_t packets;
    double cpu_us;
    struct vg_ladder_state told;
    int64_t tell_at_us;
    enum vg_decode_step given;
    uint32_t changes;
};

struct site {
    struct vg_ingest_budget budget;
    struct vg_random random;
    double cores;
    size_t count;
    int64_t now_us;
    struct sim flux[FLUX_MAX];
};

static enum vg_decode_step step_of(const struct sim *f)
{
    return f->hardware == VG_DECODE_VAAPI ? VG_DECODE_VAAPI : f->given;
}

static void live(struct site *site, struct sim *f)
{
    const uint64_t packets = f->fps / 4;
    const double odd = 0.8 + 0.4 * vg_random_unit(&site->random);
    double cost = 0;
    if (step_of(f) == VG_DECODE_FULL)
        cost = (double)packets * (double)f->picture_us * odd;
    else if (step_of(f) == VG_DECODE_KEYS)
        cost = (double)packets * 2 * (double)f->picture_us / f->key_interval;
    f->packets += packets;
    f->cpu_us += cost;
    if (site->now_us < f->tell_at_us)
        return;
    f->tell_at_us = site->now_us + TELL_US + vg_random_below(&site->random, 100000);
    f->told.packets = f->packets;
    f->told.cpu_us = (int64_t)f->cpu_us;
    f->told.step = step_of(f);
}

static void look(struct site *site)
{
    struct vg_ingest_load loads[FLUX_MAX];
    for (size_t i = 0; i < site->count; i++)
        loads[i] = (struct vg_ingest_load){.place = (uint32_t)i,
                                           .tag = 77 + i,
                                           .priority = site->flux[i].priority,
                                           .ladder = site->flux[i].told,
                                           .width = 704,
                                           .height = 576,
                                           .fps_milli = site->flux[i].fps * 1000,
                                           .key_interval = site->flux[i].key_interval};
    if (!vg_ingest_budget_share(&site->budget, site->cores, loads, site->count,
                                (struct vg_mono_time){site->now_us}))
        return;
    for (size_t i = 0; i < site->count; i++) {
        site->flux[i].changes += loads[i].given != site->flux[i].given;
        site->flux[i].given = loads[i].given;
    }
}

static void run(struct site *site, int seconds)
{
    for (int64_t end = site->now_us + seconds * VG_US_PER_S; site->now_us < end;
         site->now_us += TICK_US) {
        for (size_t i = 0; i < site->count; i++)
            live(site, &site->flux[i]);
        look(site);
    }
}

/* `count` flux of 4CIF at 24 a second; the first have the higher priority. */
static void open_site(struct site *site, size_t count, int64_t picture_us, double cores)
{
    memset(site, 0, sizeof *site);
    vg_ingest_budget_init(&site->budget);
    vg_random_seed(&site->random, 7);
    site->cores = cores;
    site->count = count;
    site->now_us = 1000 * VG_US_PER_S;
    for (size_t i = 0; i < count; i++)
        site->flux[i] = (struct sim){.picture_us = picture_us,
                                     .priority = (uint32_t)(i * 10 / count),
                                     .fps = 24,
                                     .key_interval = 48,
                                     .hardware = VG_DECODE_FULL,
                                     .given = VG_DECODE_FULL};
}

static size_t how_many(const struct site *site, enum vg_decode_step step)
{
    size_t n = 0;
    for (size_t i = 0; i < site->count; i++)
        n += step_of(&site->flux[i]) == step;
    return n;
}

static uint32_t all_changes(struct site *site)
{
    uint32_t n = 0;
    for (size_t i = 0; i < site->count; i++) {
        n += site->flux[i].changes;
        site->flux[i].changes = 0;
    }
    return n;
}

/* What full decoding takes of the cores now, in cores. */
static double load_of(const struct site *site)
{
    double us = 0;
    for (size_t i = 0; i < site->count; i++) {
        const struct sim *f = &site->flux[i];
        if (step_of(f) == VG_DECODE_FULL)
            us += (double)f->fps * (double)f->picture_us;
        else if (step_of(f) == VG_DECODE_KEYS)
            us += (double)f->fps * (double)f->picture_us * 2 / f->key_interval;
    }
    return us / (double)VG_US_PER_S;
}

/* Half an hour of each: who gets what, and that it stays so. */
static void a_site_settles(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t count;
        int64_t picture_us;
        double cores;
        size_t full_least, full_most, none;
    } rows[] = {
        {"room for all", 10, 1700, 1, 10, 10, 0},
        {"twice too many", 25, 3400, 1, 8, 12, 0}, /* 8 % of a core each */
        {"half a core", 25, 3400, 0.5, 3, 6, 0},   /* 25 times 0.34 % for the key frames */
        {"less than the key frames", 25, 3400, 0.05, 0, 0, 10},
        {"none at all", 5, 3400, 0.001, 0, 0, 5},
        {"guessed too low", 25, 12000, 1, 1, 3, 0},  /* three times what the size says */
        {"guessed too high", 25, 700, 1, 25, 25, 0}, /* a still scene */
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        static struct site site;
        open_site(&site, rows[r].count, rows[r].picture_us, rows[r].cores);
        run(&site, 120);
        (void)all_changes(&site);
        run(&site, 1800);
        const size_t full = how_many(&site, VG_DECODE_FULL), none = how_many(&site, VG_DECODE_NONE);
        const uint32_t changes = all_changes(&site);
        if (full < rows[r].full_least || full > rows[r].full_most ||
            (none > 0) != (rows[r].none > 0) || none < rows[r].none)
            fail_msg("%s: %zu full, %zu none", rows[r].name, full, none);
        if (changes > 6)
            fail_msg("%s: %u changes in half an hour", rows[r].name, changes);
        if (load_of(&site) > rows[r].cores * 1.05)
            fail_msg("%s: %.3f cores", rows[r].name, load_of(&site));
        for (size_t i = 1; i < site.count; i++) /* by priority */
            assert_true(step_of(&site.flux[i - 1]) <= step_of(&site.flux[i]));
    }
}

/* Overload comes and goes: down within a few seconds, up again, and no more changes than that. */
static void overload_comes_and_goes(void **state)
{
    (void)state;
    static struct site site;
    open_site(&site, 10, 3400, 1); /* 0.82 of the core */
    run(&site, 60);
    assert_int_equal(how_many(&site, VG_DECODE_FULL), 10);
    assert_int_equal(all_changes(&site), 0);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < site.count; i++)
            site.flux[i].picture_us = 6800; /* rain */
        run(&site, 12);
        assert_true(load_of(&site) < 1.05);
        assert_int_equal(site.flux[0].given, VG_DECODE_FULL);
        assert_int_equal(site.flux[9].given, VG_DECODE_KEYS);
        for (size_t i = 0; i < site.count; i++)
            site.flux[i].picture_us = 3400;
        run(&site, 120);
        const uint32_t changes = all_changes(&site);
        assert_in_range(changes, 6, 16); /* those that go down come up */
        assert_true(how_many(&site, VG_DECODE_FULL) >= 8);
    }
}

/* All hardware fails at once. */
static void hardware_falls(void **state)
{
    (void)state;
    static struct site site;
    open_site(&site, 25, 3400, 1);
    for (size_t i = 0; i < site.count; i++)
        site.flux[i].hardware = VG_DECODE_VAAPI;
    run(&site, 60);
    assert_int_equal(all_changes(&site), 0);
    assert_int_equal(how_many(&site, VG_DECODE_VAAPI), 25);
    for (size_t i = 0; i < site.count; i++)
        site.flux[i].hardware = VG_DECODE_FULL;
    run(&site, 6);
    assert_true(load_of(&site) < 1.1);
    assert_int_equal(how_many(&site, VG_DECODE_NONE), 0);
    for (size_t i = 0; i < site.count; i++)
        site.flux[i].hardware = VG_DECODE_VAAPI;
    run(&site, 30);
    (void)all_changes(&site);
    run(&site, 600);
    assert_int_equal(all_changes(&site), 0);
}

/* The place of a flux that had nothing goes to another one, which begins with all. */
static void another_flux_begins_anew(void **state)
{
    (void)state;
    struct vg_ingest_budget budget;
    struct vg_ingest_load load = {
        .place = 3, .tag = 5, .ladder = {.step = VG_DECODE_FULL, .packets = 50}};
    vg_ingest_budget_init(&budget);
    assert_true(
        vg_ingest_budget_share(&budget, 0.001, &load, 1, (struct vg_mono_time){VG_US_PER_S}));
    assert_int_equal(load.given, VG_DECODE_NONE);
    load.ladder.packets = 0; /* it is not decoding: it keeps its leave */
    assert_true(
        vg_ingest_budget_share(&budget, 0.001, &load, 1, (struct vg_mono_time){4 * VG_US_PER_S}));
    assert_int_equal(load.given, VG_DECODE_NONE);
    load.tag = 6;
    assert_true(
        vg_ingest_budget_share(&budget, 0.001, &load, 1, (struct vg_mono_time){8 * VG_US_PER_S}));
    assert_int_equal(load.given, VG_DECODE_FULL);
}

static void not_before_it_is_due(void **state)
{
    (void)state;
    struct vg_ingest_budget budget;
    struct vg_ingest_load load = {.tag = 5};
    vg_ingest_budget_init(&budget);
    assert_true(vg_ingest_budget_share(&budget, 1, &load, 1, (struct vg_mono_time){VG_US_PER_S}));
    load.given = VG_DECODE_NONE;
    assert_false(vg_ingest_budget_share(
        &budget, 1, &load, 1, (struct vg_mono_time){VG_US_PER_S + VG_INGEST_BUDGET_US - 1}));
    assert_int_equal(load.given, VG_DECODE_NONE);
    assert_true(vg_ingest_budget_share(&budget, 1, &load, 1,
                                       (struct vg_mono_time){VG_US_PER_S + VG_INGEST_BUDGET_US}));
    assert_int_equal(load.given, VG_DECODE_FULL);
    assert_true(
        vg_ingest_budget_share(&budget, 1, NULL, 0, (struct vg_mono_time){9 * VG_US_PER_S}));
}

/* One flux of 4CIF at 25 a second on one core, look by look, VG_INGEST_BUDGET_US apart. */
struct told {
    enum vg_decode_step step;
    uint64_t packets; /* 0: it is not decoding */
    int64_t cpu_us;
};

/* What a packet of it is then thought to cost at full decoding. */
static int64_t cost_after(const struct told *looks, size_t count)
{
    struct vg_ingest_budget budget;
    struct vg_mono_time now = {1000 * VG_US_PER_S};
    vg_ingest_budget_init(&budget);
    for (size_t i = 0; i < count; i++, now.us += VG_INGEST_BUDGET_US) {
        struct vg_ingest_load load = {
            .place = 3, .tag = 9, .width = 704, .height = 576, .fps_milli = 25000};
        load.ladder.step = looks[i].step;
        load.ladder.packets = looks[i].packets;
        load.ladder.cpu_us = looks[i].cpu_us;
        assert_true(vg_ingest_budget_share(&budget, 1, &load, 1, now));
        assert_int_equal(load.given, VG_DECODE_FULL);
        /* asked again at once it is not due */
        assert_false(vg_ingest_budget_share(&budget, 1, &load, 1, now));
    }
    return (int64_t)(budget.flux[3].full_us + 0.5);
}

static void costs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t count;
        struct told look[4];
        int64_t want_us;
    } rows[] = {
        {"nothing measured yet", 1, {{VG_DECODE_FULL, 50, 9000}}, 0},
        {"by the packets between",
         2,
         {{VG_DECODE_FULL, 50, 9000}, {VG_DECODE_FULL, 100, 109000}},
         2000},
        {"keys alone say nothing",
         3,
         {{VG_DECODE_FULL, 50, 9000}, {VG_DECODE_FULL, 100, 109000}, {VG_DECODE_KEYS, 150, 110000}},
         2000},
        {"another session begins at 0",
         3,
         {{VG_DECODE_FULL, 50, 900000}, {VG_DECODE_NONE, 0, 0}, {VG_DECODE_FULL, 100, 92000}},
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs),
        cmocka_unit_test(a_site_settles),
        cmocka_unit_test(overload_comes_and_goes),
        cmocka_unit_test(hardware_falls),
        cmocka_unit_test(another_flux_begins_anew),
        cmocka_unit_test(not_before_it_is_due),
    };
    return cmocka_run_group_tests_name("ingest_budget", tests, NULL, NULL);
}
