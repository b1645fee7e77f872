/* The scheduler's decisions at work on simulated devices: what they promise to each flux, in thousands
 * of small random sites and in one of 200 flux. VIGIE_SEED: another first seed; VIGIE_HOURS: so long
 * a run of the 200 instead of a quarter of an hour, hour by hour on the screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide_batch.h"
#include "scheduler/forecast/simulation.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

enum {
    SITES = 2000,
    FLUX_MAX = 200,
    CHANGES_MAX = 12
};

#define S VG_US_PER_S

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

struct site {
    struct vg_sim_flux flux[FLUX_MAX];
    struct vg_sim_device device[4];
    struct vg_sim_change change[CHANGES_MAX];
    struct vg_sim_settings settings;
    struct vg_sim *sim;
};

/* count flux of 5 pictures a second that take `load` of one device's time in batches of 16. */
static void even_site(struct site *site, uint32_t count, double load)
{
    const double each_us = load * 1e6 / (count * 5.0);
    memset(site, 0, sizeof *site);
    for (uint32_t i = 0; i < count; i++)
        site->flux[i] = (struct vg_sim_flux){
            .wanted_milli = 5000, .floor_milli = i % 2 ? 4000 : 2000, .priority = i % 10};
    const uint32_t batch = count < 32 ? count / 2 : 16; /* two are on the way */
    site->device[0] = (struct vg_sim_device){.start_us = (int64_t)(each_us * batch / 8),
                                             .job_us = (int64_t)(each_us * 7 / 8),
                                             .jitter_milli = 100,
                                             .batch_max = 16};
    site->settings = (struct vg_sim_settings){.flux = site->flux,
                                              .device = site->device,
                                              .change = site->change,
                                              .flux_count = count,
                                              .device_count = 1,
                                              .arrival_jitter_us = 15000,
                                              .seed = 7};
}

static void open_site(struct site *site)
{
    struct vg_fault fault;
    if (vg_sim_open(&site->sim, &site->settings, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
}

static void change(struct site *site, int64_t at_us, enum vg_sim_event event, uint32_t which,
                   uint32_t value)
{
    assert_true(site->settings.change_count < CHANGES_MAX);
    site->change[site->settings.change_count++] =
        (struct vg_sim_change){.at_us = at_us, .event = event, .which = which, .value = value};
}

static struct vg_sim_flux_report flux_of(const struct site *site, uint32_t i)
{
    struct vg_sim_flux_report report;
    vg_sim_read_flux(site->sim, i, &report);
    return report;
}

/* ---- 200 flux -------------------------------------------------------------------------------- */

static void two_hundred_at_nine_tenths(void **state)
{
    (void)state;
    static struct site site;
    const double hours = (double)number_of("VIGIE_HOURS", 0);
    const int steps = hours > 0 ? (int)hours : 3;
    const int64_t step_us = hours > 0 ? 3600 * S : 300 * S;
    even_site(&site, 200, 0.9);
    for (uint32_t i = 0; i < 200; i++)
        site.flux[i].stirs = 4;
    open_site(&site);
    vg_sim_run(site.sim, 30 * S);
    int64_t first_us = 0;
    vg_alloc_seal();
    const uint64_t allocated = vg_alloc_sealed_count();
    for (int step = 0; step < steps; step++) {
        struct vg_sim_report r;
        vg_sim_mark(site.sim);
        vg_sim_run(site.sim, 30 * S + (step + 1) * step_us);
        vg_sim_read(site.sim, &r);
        if (hours > 0)
            printf(
                "hour %d: worst %.4f, worst minute %.4f, p99 %.1f ms, longest %.1f ms, busy %.3f\n",
                step + 1, r.worst, r.worst_minute, (double)r.p99_us / 1e3, (double)r.us_max / 1e3,
                r.busy);
        assert_true(r.worst >= 0.99);
        assert_true(r.worst_minute >= 0.95);
        assert_true(r.p99_us < 300000);
        assert_true(r.unanswered <= 0.001);
        first_us = step == 0 ? r.p99_us : first_us;
        assert_true(r.p99_us <= first_us * 5 / 4 && r.p99_us >= first_us * 3 / 4); /* no drift */
    }
    vg_alloc_unseal();
    assert_int_equal(vg_alloc_sealed_count(), allocated);
    vg_sim_close(&site.sim);
}

/* One flux comes to bring ten times its load, whatever its rank. */
static void an_attack_leaves_others_their_rate(void **state)
{
    (void)state;
    static const struct {
        uint32_t count, attacker, floor_milli; /* floor 0: it is not shed, and goes on */
    } rows[] = {{200, 0, 2000}, {200, 0, 0}, {200, 9, 4000}, {50, 5, 0},  {20, 0, 2000},
                {20, 0, 0},     {20, 11, 0}, {8, 0, 2000},   {8, 7, 4000}};
    static struct site site;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        even_site(&site, rows[r].count, 0.9);
        site.flux[rows[r].attacker].floor_milli = rows[r].floor_milli;
        change(&site, 30 * S, VG_SIM_FLUX_JOBS, rows[r].attacker, 10);
        open_site(&site);
        vg_sim_run(site.sim, 30 * S);
        vg_sim_mark(site.sim); /* from the first picture of the attack on */
        vg_sim_run(site.sim, 330 * S);
        for (uint32_t i = 0; i < rows[r].count; i++) {
            const struct vg_sim_flux_report f = flux_of(&site, i);
            if (i != rows[r].attacker && (f.share < 0.95 || f.worst_minute < 0.95))
                fail_msg("%u flux: %u has %f, %f in a minute; %u attacks", rows[r].count, i,
                         f.share, f.worst_minute, rows[r].attacker);
        }
        vg_sim_close(&site.sim);
    }
}

/* Loads of 1.0 to 3.0: of equal floors the higher priority never has less; whoever is held has its
 * floor; who is shed is of the last priorities. */
static void overload_falls_by_priority(void **state)
{
    (void)state;
    static struct site site;
    for (int load = 10; load <= 30; load += 4) {
        struct vg_sim_flux_report f[50];
        even_site(&site, 50, load / 10.0);
        for (uint32_t i = 0; i < 50; i++) {
            site.flux[i].floor_milli = 2000;
            site.flux[i].priority = i / 5;
        }
        open_site(&site);
        vg_sim_run(site.sim, 60 * S);
        vg_sim_mark(site.sim);
        vg_sim_run(site.sim, 240 * S);
        for (uint32_t i = 0; i < 50; i++) {
            f[i] = flux_of(&site, i);
            if (f[i].sheds == 0 && f[i].shed_us == 0)
                assert_true(f[i].share >= 0.4 * 0.98);
            assert_true(i < 5 || f[i].share <= f[i - 5].share + 0.01);
        }
        assert_true(load > 14 || f[0].share > 0.99);
        assert_true(load < 20 || f[49].share < 0.41);
        vg_sim_close(&site.sim);
    }
}

/* The device slows down to a third for two minutes. */
static void who_is_shed_comes_back(void **state)
{
    (void)state;
    static struct site site;
    even_site(&site, 40, 0.8);
    change(&site, 60 * S, VG_SIM_DEVICE_SLOWS, 0, 3000);
    change(&site, 180 * S, VG_SIM_DEVICE_SLOWS, 0, 1000);
    open_site(&site);
    vg_sim_run(site.sim, 150 * S);
    uint32_t shed = 0;
    for (uint32_t i = 0; i < 40; i++) {
        const bool gone = flux_of(&site, i).rate_milli == 0;
        shed += gone;
        assert_true(!gone || site.flux[i].priority >= 5);
    }
    assert_in_range(shed, 5, 25);
    vg_sim_run(site.sim, 240 * S);
    vg_sim_mark(site.sim);
    vg_sim_run(site.sim, 360 * S);
    for (uint32_t i = 0; i < 40; i++) {
        const struct vg_sim_flux_report f = flux_of(&site, i);
        assert_true(f.share > 0.98);
        assert_int_equal(f.sheds, 0);
    }
    vg_sim_close(&site.sim);
}

/* So slow that no floor finds room; then well again, which nobody would see who looks at nothing. */
static void nobody_stays_shed_for_good(void **state)
{
    (void)state;
    static struct site site;
    even_site(&site, 8, 0.8);
    for (uint32_t i = 0; i < 8; i++)
        site.flux[i].floor_milli = 4000;
    change(&site, 60 * S, VG_SIM_DEVICE_SLOWS, 0, 40000);
    change(&site, 120 * S, VG_SIM_DEVICE_SLOWS, 0, 1000);
    open_site(&site);
    vg_sim_run(site.sim, 110 * S);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(flux_of(&site, i).rate_milli, 0);
    vg_sim_run(site.sim, 300 * S);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(flux_of(&site, i).rate_milli, 5000);
    vg_sim_close(&site.sim);
}

static void sources_that_stall_and_burst_harm_nobody(void **state)
{
    (void)state;
    static struct site site;
    even_site(&site, 60, 0.9);
    for (uint32_t k = 0; k < 10; k++)
        change(&site, (40 + 5 * k) * S, VG_SIM_FLUX_STALLS, k, 4000);
    change(&site, 95 * S, VG_SIM_FLUX_STOPS, 20, 0);
    change(&site, 125 * S, VG_SIM_FLUX_STARTS, 20, 0);
    open_site(&site);
    vg_sim_run(site.sim, 30 * S);
    vg_sim_mark(site.sim);
    vg_sim_run(site.sim, 210 * S);
    for (uint32_t i = 0; i < 60; i++) {
        const struct vg_sim_flux_report f = flux_of(&site, i);
        assert_true(f.worst_minute >= 0.95);
        assert_true(f.replaced <= 2);
        /* while it stalls the picture that is due cannot come */
        assert_true(f.us_max < (i < 10 ? 4500000 : 400000));
        assert_true(i == 20 || i < 10 || f.asked >= 898);
    }
    vg_sim_close(&site.sim);
}

/* ---- several devices ------------------------------------------------------------------------- */

/* Two devices of different speed and the processor; the fast one fails and comes back. */
static void a_device_that_fails_is_drained(void **state)
{
    (void)state;
    static struct site site;
    struct vg_sim_report r;
    even_site(&site, 60, 1.2); /* of the first one */
    for (uint32_t i = 0; i < 60; i++)
        site.flux[i].floor_milli = 1000;
    site.device[1] = site.device[2] = site.device[0];
    site.device[1].job_us *= 2;
    site.device[1].start_us *= 2;
    site.device[2].job_us *= 8;
    site.device[2].start_us = 0;
    site.device[2].batch_max = 2;
    site.device[2].last = true;
    site.settings.device_count = 3;
    change(&site, 60 * S, VG_SIM_DEVICE_FAILS, 0, 0);
    change(&site, 120 * S, VG_SIM_DEVICE_WELL, 0, 0);
    open_site(&site);
    vg_sim_run(site.sim, 20 * S);
    vg_sim_mark(site.sim);
    vg_sim_run(site.sim, 59 * S);
    vg_sim_read(site.sim, &r);
    assert_true(r.worst > 0.98);
    uint32_t on[3] = {0};
    for (uint32_t i = 0; i < 60; i++)
        on[flux_of(&site, i).device]++;
    assert_in_range(on[0], 33, 48);
    assert_int_equal(on[2], 0);
    vg_sim_run(site.sim, 119 * S); /* without it: about half of what is wanted */
    vg_sim_read(site.sim, &r);
    assert_in_range(r.lost, 1, 40); /* what it had, and shed ones */
    for (uint32_t i = 0; i < 60; i++) {
        const struct vg_sim_flux_report f = flux_of(&site, i);
        assert_true(f.device != 0);
        assert_true(f.rate_milli >= 1000);
    }
    vg_sim_run(site.sim, 240 * S);
    vg_sim_mark(site.sim);
    vg_sim_run(site.sim, 300 * S);
    vg_sim_read(site.sim, &r);
    assert_true(r.worst > 0.98);
    vg_sim_close(&site.sim);
}

/* ---- the machine around the devices ------------------------------------------------------------ */

/* What is answered a second when far more is wanted, against what the narrowest place lets through. */
static void the_narrowest_place_says_how_much(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct vg_sim_host host;
        struct vg_sim_device device;
        uint32_t flux;
        int64_t decode_us;
        double a_second;
    } rows[] = {
        /* 20 flux want 100 pictures a second */
        {"one worker", {0, 1, 25000, 0, 0}, {0, 1000, 0, 4, false, 0}, 20, 0, 40},
        {"two workers", {0, 2, 25000, 0, 0}, {0, 1000, 0, 4, false, 0}, 20, 0, 80},
        {"its alerts", {0, 1, 20000, 50000, 400000}, {0, 1000, 0, 4, false, 0}, 20, 0, 25},
        {"two workers on one core", {1000, 2, 25000, 0, 0}, {0, 1000, 0, 4, false, 0}, 20, 0, 40},
        {"the device alone", {1000, 0, 0, 0, 0}, {0, 20000, 0, 4, false, 1000}, 20, 0, 50},
        /* decoding, 20 x 25 x 1 ms, is half of a core, and a device that always runs has the rest */
        {"beside decoders", {1000, 0, 0, 0, 0}, {0, 20000, 0, 4, false, 1000}, 20, 1000, 25},
        /* of two cores 1.5 are left; device and worker take 60 ms of them for each picture */
        {"all of them", {2000, 1, 20000, 0, 0}, {0, 20000, 0, 4, false, 2000}, 20, 1000, 25},
        {"a board beside them", {1000, 0, 0, 0, 0}, {0, 20000, 0, 4, false, 0}, 20, 1000, 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct site site;
        struct vg_sim_report r;
        even_site(&site, rows[i].flux, 0.5);
        for (uint32_t f = 0; f < rows[i].flux; f++) {
            site.flux[f].floor_milli = 0; /* nobody is shed */
            site.flux[f].decode_us = rows[i].decode_us;
        }
        site.device[0] = rows[i].device;
        site.settings.host = rows[i].host;
        site.settings.arrival_jitter_us = 0;
        open_site(&site);
        vg_sim_run(site.sim, 60 * S);
        vg_sim_mark(site.sim);
        vg_sim_run(site.sim, 120 * S);
        vg_sim_read(site.sim, &r);
        print_message("%s: %.1f a second (%.0f)\n", rows[i].name, (double)r.answered / 60,
                      rows[i].a_second);
        assert_true((double)r.answered / 60 <= rows[i].a_second * 1.05);
        assert_true((double)r.answered / 60 >= rows[i].a_second * 0.85);
        vg_sim_close(&site.sim);
    }
}

/* One flux alone: its source's picture, decoding, device, worker, one after the other. */
static void a_picture_takes_its_stages(void **state)
{
    (void)state;
    static struct site site;
    struct vg_sim_report r;
    even_site(&site, 1, 0.1);
    site.flux[0].decode_us = 3000;
    site.device[0] = (struct vg_sim_device){.job_us = 10000, .batch_max = 1, .cores_milli = 2000};
    site.settings.host = (struct vg_sim_host){2000, 1, 7000, 0, 0};
    site.settings.arrival_jitter_us = 0;
    open_site(&site);
    vg_sim_run(site.sim, 60 * S);
    vg_sim_read(site.sim, &r);
    /* 20 ms, and up to a period of the source until a picture comes after it is due */
    assert_true(r.us_max >= 20000 && r.us_max <= 60000);
    assert_true(r.p50_us >= 20000 && r.us_max - r.p50_us <= 1500);
    assert_true(r.worst > 0.99);
    const struct vg_sim_report bare = r;
    vg_sim_close(&site.sim);
    /* the same, told with what is not simulated */
    site.settings.unseen_us = 30000;
    open_site(&site);
    vg_sim_run(site.sim, 60 * S);
    vg_sim_read(site.sim, &r);
    assert_int_equal(r.answered, bare.answered);
    assert_true(labs((long)(r.p50_us - bare.p50_us - 30000)) <= 4500);
    assert_true(r.us_max > bare.us_max + 55000 && r.us_max <= bare.us_max + 60000);
    vg_sim_close(&site.sim);
}

/* ---- random small sites ------------------------------------------------------------------------ */

static void draw_flux(struct site *site, struct vg_random *r, double load)
{
    double asked = 0, can = 0;
    const uint32_t count = site->settings.flux_count;
    for (uint32_t i = 0; i < count; i++) {
        struct vg_sim_flux *f = &site->flux[i];
        f->wanted_milli = 1000 + vg_random_below(r, 9000);
        f->floor_milli = vg_random_below(r, f->wanted_milli);
        f->source_milli = 10000 + vg_random_below(r, 20000);
        f->priority = vg_random_below(r, 10);
        f->jobs = vg_random_below(r, 4) ? 1 : 1 + vg_random_below(r, 4);
        f->stirs = vg_random_below(r, 2) ? 60 : 0;
        asked += f->wanted_milli / 1000.0 * f->jobs;
    }
    for (uint32_t d = 0; d < site->settings.device_count; d++) {
        struct vg_sim_device *is = &site->device[d];
        is->batch_max = 1 + vg_random_below(r, 8);
        is->jitter_milli = vg_random_below(r, 300);
        is->job_us = 1000 + vg_random_below(r, 1000);
        is->start_us = vg_random_below(r, 2) ? vg_random_below(r, 4000) : 0;
        is->last = d > 0 && vg_random_below(r, 2);
        /* batches of one, as if nothing were gained */
        can += 1e6 / (double)(is->job_us + is->start_us);
    }
    for (uint32_t d = 0; d < site->settings.device_count; d++) {
        const double longer = can * load / asked;
        site->device[d].job_us = (int64_t)((double)site->device[d].job_us * longer);
        site->device[d].start_us = (int64_t)((double)site->device[d].start_us * longer);
    }
}

static void draw(struct site *site, struct vg_random *r, double load)
{
    memset(site, 0, sizeof *site);
    site->settings = (struct vg_sim_settings){.flux = site->flux,
                                              .device = site->device,
                                              .change = site->change,
                                              .flux_count = 1 + vg_random_below(r, 12),
                                              .device_count = 1 + vg_random_below(r, 3),
                                              .arrival_jitter_us = vg_random_below(r, 30000),
                                              .seed = vg_random_u32(r)};
    draw_flux(site, r, load);
}

/* A machine around it: short of time or not. */
static void draw_host(struct site *site, struct vg_random *r)
{
    site->settings.host = (struct vg_sim_host){.cores_milli = vg_random_below(r, 4) * 1000,
                                               .workers = vg_random_below(r, 4),
                                               .follow_us = vg_random_below(r, 20000),
                                               .alert_us = vg_random_below(r, 100000),
                                               .alerts_ppm = vg_random_below(r, 100000)};
    for (uint32_t i = 0; i < site->settings.flux_count; i++)
        site->flux[i].decode_us = vg_random_below(r, 3) ? vg_random_below(r, 5000) : 0;
    for (uint32_t d = 0; d < site->settings.device_count; d++)
        site->device[d].cores_milli = vg_random_below(r, 2) ? vg_random_below(r, 2000) : 0;
}

/* After what is asked and what is wanted of the picture's own source, at the latest: what the
 * deadlines allow, two batches, and one picture of each other flux (decide_batch.h). */
static int64_t bound_us(const struct site *site)
{
    int64_t longest = 0;
    uint32_t jobs = 0, largest = 0;
    for (uint32_t i = 0; i < site->settings.flux_count; i++) {
        jobs += site->flux[i].jobs;
        largest = site->flux[i].jobs > largest ? site->flux[i].jobs : largest;
    }
    for (uint32_t d = 0; d < site->settings.device_count; d++) {
        const struct vg_sim_device *is = &site->device[d];
        const int64_t one = is->start_us + is->job_us;
        const int64_t most = 3 * one * is->batch_max * largest + one * jobs;
        longest = most > longest ? most : longest;
    }
    return VG_BATCH_ALLOWED_US * 7 / 5 + longest * 13 / 10 + 100000 +
           site->settings.arrival_jitter_us;
}

/* Whether two full batches, as long as they may be, end within the flux's wanted period. */
static bool comes_round(const struct site *site, uint32_t flux)
{
    const struct vg_sim_device *is = &site->device[0];
    const double batch_us = (double)is->start_us + (double)is->job_us * is->batch_max;
    return 2 * batch_us * (1 + is->jitter_milli / 1000.0) < 1e9 / site->flux[flux].wanted_milli;
}

static void every_picture_has_one_end(const struct site *site, uint64_t seed)
{
    for (uint32_t i = 0; i < site->settings.flux_count; i++) {
        const struct vg_sim_flux_report f = flux_of(site, i);
        const uint64_t ended = f.answered + f.replaced + f.lost;
        if (ended > f.asked || ended + 2 < f.asked)
            fail_msg("seed %llu, flux %u: %llu asked, %llu ended", (unsigned long long)seed, i,
                     (unsigned long long)f.asked, (unsigned long long)ended);
    }
}

/* Whatever the load: every picture has one end, nobody waits longer than the bound, whoever was
 * never shed had its floor; and where there is room everybody has what he wants. */
static void no_flux_starves(void **state)
{
    (void)state;
    static struct site site;
    const uint64_t first = number_of("VIGIE_SEED", 1);
    for (uint64_t seed = first; seed < first + SITES; seed++) {
        struct vg_random r;
        vg_random_seed(&r, seed);
        const double load = 0.2 + 1.8 * vg_random_unit(&r);
        draw(&site, &r, load);
        open_site(&site);
        vg_sim_run(site.sim, 40 * S); /* the gauge has found what there is */
        every_picture_has_one_end(&site, seed);
        vg_sim_mark(site.sim);
        vg_sim_run(site.sim, 65 * S);
        for (uint32_t i = 0; i < site.settings.flux_count; i++) {
            const struct vg_sim_flux_report f = flux_of(&site, i);
            const double floor = (double)site.flux[i].floor_milli / site.flux[i].wanted_milli;
            if (f.us_max > bound_us(&site))
                fail_msg("seed %llu, flux %u: %lld us, %lld at most", (unsigned long long)seed, i,
                         (long long)f.us_max, (long long)bound_us(&site));
            /* of several devices one may be fuller than the mean by a flux; and a flux has one
             * picture on the way: none comes round sooner than two batches */
            if (f.sheds == 0 && f.shed_us == 0 && site.settings.device_count == 1 &&
                comes_round(&site, i) && f.share < floor * 0.95 - 0.02)
                fail_msg("seed %llu, flux %u: %f, floor %f", (unsigned long long)seed, i, f.share,
                         floor);
            if (load < 0.85 && site.settings.device_count == 1 && f.share < 0.95)
                fail_msg("seed %llu, flux %u: %f at load %f", (unsigned long long)seed, i, f.share,
                         load);
        }
        vg_sim_close(&site.sim);
    }
}

/* Sources and devices come and go at random: no picture is without an end, nothing hangs, and the
 * same again gives the same. */
static void whatever_happens(void **state)
{
    (void)state;
    static struct site site;
    const uint64_t first = number_of("VIGIE_SEED", 1);
    for (uint64_t seed = first; seed < first + SITES / 5; seed++) {
        struct vg_random r;
        struct vg_sim_report one, two;
        vg_random_seed(&r, seed);
        draw(&site, &r, 0.3 + 1.2 * vg_random_unit(&r));
        if (seed % 2)
            draw_host(&site, &r);
        for (int64_t at_us = 0; site.settings.change_count < CHANGES_MAX;) {
            at_us += vg_random_below(&r, 4000000);
            const enum vg_sim_event event =
                (enum vg_sim_event)vg_random_below(&r, VG_SIM_DEVICE_SLOWS + 1);
            change(&site, at_us, event, vg_random_below(&r, 12), 200 + vg_random_below(&r, 2000));
            if (event == VG_SIM_FLUX_JOBS)
                site.change[site.settings.change_count - 1].value %= 12;
        }
        open_site(&site);
        vg_sim_run(site.sim, 40 * S);
        every_picture_has_one_end(&site, seed);
        vg_sim_read(site.sim, &one);
        vg_sim_close(&site.sim);
        open_site(&site);
        vg_sim_run(site.sim, 11 * S); /* in parts, too */
        vg_sim_run(site.sim, 40 * S);
        vg_sim_read(site.sim, &two);
        assert_int_equal(one.asked, two.asked);
        assert_int_equal(one.answered, two.answered);
        assert_int_equal(one.p99_us, two.p99_us);
        vg_sim_close(&site.sim);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static struct site site;
    struct vg_fault fault;
    even_site(&site, 3, 0.5);
    site.settings.device_count = 0;
    assert_int_equal(vg_sim_open(&site.sim, &site.settings, &fault), VG_E_CALL);
    site.settings.device_count = 1;
    site.device[0].batch_max = 0;
    assert_int_equal(vg_sim_open(&site.sim, &site.settings, &fault), VG_E_CALL);
    site.device[0].batch_max = VG_SIM_BATCH_MAX + 1;
    assert_int_equal(vg_sim_open(&site.sim, &site.settings, NULL), VG_E_CALL);
    assert_null(site.sim);
    even_site(&site, 3, 0.5);
    for (uint32_t n = 1;; n++) {
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_sim_open(&site.sim, &site.settings, &fault);
        vg_alloc_fail_at(0);
        if (!status)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(site.sim);
        assert_true(n < 20);
    }
    vg_sim_close(&site.sim);
    vg_sim_close(&site.sim);
    site.settings.flux_count = 0; /* nothing to do */
    open_site(&site);
    vg_sim_run(site.sim, 100 * S);
    vg_sim_close(&site.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_at_nine_tenths),
        cmocka_unit_test(an_attack_leaves_others_their_rate),
        cmocka_unit_test(overload_falls_by_priority),
        cmocka_unit_test(who_is_shed_comes_back),
        cmocka_unit_test(nobody_stays_shed_for_good),
        cmocka_unit_test(sources_that_stall_and_burst_harm_nobody),
        cmocka_unit_test(a_device_that_fails_is_drained),
        cmocka_unit_test(the_narrowest_place_says_how_much),
        cmocka_unit_test(a_picture_takes_its_stages),
        cmocka_unit_test(no_flux_starves),
        cmocka_unit_test(whatever_happens),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
