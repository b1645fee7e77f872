/* When a batch goes, what a device takes for one, and how late a picture can be at most: whatever
 * comes, no flux waits longer than the bound of decide_batch.h. VIGIE_SEED: another first seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "scheduler/decide_batch.h"
#include "src/base/random.h"

#define MS INT64_C(1000)

/* ---- when it goes: one calm flux of priority 5 waits since 1000 ms, deadline 1200 ms ----------- */

static const struct {
    const char *name;
    int64_t start_ms, job_ms;
    uint32_t waiting; /* flux that wait since the same moment */
    int64_t free_ms, next_ms, now_ms;
    uint32_t want;
    int64_t want_look_us;
} plans[] = {
    {"nobody waits", 5, 5, 0, 0, 0, 1000, 0, VG_BATCH_NEVER},
    {"nothing is known of the device", 0, 0, 2, 0, 1001, 1000, 2, 1000 * MS},
    {"a start costs nothing: at once", 0, 20, 1, 0, 1001, 1000, 1, 1000 * MS},
    {"and even behind a batch", 0, 20, 1, 1100, 1001, 1000, 1, 1000 * MS},
    {"more than are in time go, too", 0, 60, 4, 0, 1001, 1000, 4, 1000 * MS},
    {"one that is late goes with all", 0, 60, 4, 1300, 1001, 1000, 4, 1000 * MS},
    {"a full one goes", 10, 5, 4, 0, 1001, 1000, 4, 1000 * MS},
    {"one comes soon: a start is waited for", 10, 5, 1, 0, 1005, 1000, 0, 1010 * MS},
    {"and no longer", 10, 5, 1, 0, 1005, 1010, 1, 1010 * MS},
    {"none comes soon: at once", 10, 5, 1, 0, 1011, 1000, 1, 1000 * MS},
    {"none comes at all", 10, 5, 1, 0, INT64_MAX / 1000, 1000, 1, 1000 * MS},
    {"behind a batch until it is nearly done", 10, 5, 1, 1100, 1011, 1000, 0, 1098 * MS},
    {"no longer than the deadline allows", 10, 5, 1, 1500, 1011, 1000, 0, 1178 * MS},
    {"late: at once", 10, 5, 1, 1500, 1011, 1200, 1, 1200 * MS},
};

static void it_goes_when_it_should(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof plans / sizeof *plans; r++) {
        struct vg_candidate c[4];
        for (uint32_t i = 0; i < 4; i++)
            c[i] = (struct vg_candidate){
                .flux = i, .priority = 5, .due_us = 1000 * MS, .period_us = 200 * MS};
        const struct vg_batch_device device = {
            .most = 4,
            .free_us = plans[r].free_ms * MS,
            .next_us = plans[r].next_ms * MS,
            .time = {.start_us = plans[r].start_ms * MS, .job_us = plans[r].job_ms * MS}};
        const struct vg_batch_plan plan =
            vg_batch_plan(c, plans[r].waiting, &device, plans[r].now_ms * MS);
        if (plan.count != plans[r].want || plan.look_us != plans[r].want_look_us)
            fail_msg("%s: %u, look at %lld us", plans[r].name, plan.count, (long long)plan.look_us);
    }
}

/* ---- what a device takes ----------------------------------------------------------------------- */

static void the_line_is_found(void **state)
{
    (void)state;
    struct vg_random random;
    struct vg_batch_time time = {0};
    vg_random_seed(&random, 4);
    assert_int_equal(vg_batch_time_of(&time, 4), 0);
    vg_batch_time_note(&time, 0, 500);
    vg_batch_time_note(&time, 3, -1);
    assert_int_equal(vg_batch_time_of(&time, 4), 0);
    for (int i = 0; i < 200; i++) /* 3 ms + 2 ms each, 10 % of noise */
        for (uint32_t n = 1; n <= 8; n++)
            vg_batch_time_note(
                &time, n, (int64_t)((3000 + 2000.0 * n) * (0.9 + 0.2 * vg_random_unit(&random))));
    assert_in_range(time.start_us, 2300, 3700);
    assert_in_range(time.job_us, 1800, 2200);
    vg_batch_time_note(&time, 4, 60 * VG_US_PER_S); /* one that was stopped */
    assert_in_range(vg_batch_time_of(&time, 8), 17000, 23000);
    for (int i = 0; i < 300; i++) /* slower by heat: it is followed */
        for (uint32_t n = 1; n <= 8; n += 7)
            vg_batch_time_note(&time, n, 6000 + 4000 * (int64_t)n);
    assert_in_range(time.start_us, 5900, 6100);
    assert_in_range(time.job_us, 3950, 4050);
}

static void one_size_tells_no_start(void **state)
{
    (void)state;
    struct vg_batch_time time = {0};
    for (int i = 0; i < 500; i++)
        vg_batch_time_note(&time, 4, 20000 + i % 7);
    assert_int_equal(time.start_us, 0);
    assert_in_range(time.job_us, 4995, 5005);
    for (int i = 0; i < 300; i++) /* batches gain nothing, rather lose */
        vg_batch_time_note(&time, 1 + (uint32_t)i % 4, 5000 * (1 + i % 4) + 900 * (i % 4));
    assert_int_equal(time.start_us, 0);
}

/* ---- how late at most --------------------------------------------------------------------------- */

enum {
    PATTERNS = 3000,
    FLUX_MAX = 24,
    STEPS = 400
};

struct pattern {
    struct vg_random random;
    uint32_t flux;
    struct vg_batch_device device;
    uint32_t priority[FLUX_MAX];
    enum vg_stir stir[FLUX_MAX];
    int64_t period_us[FLUX_MAX], next_us[FLUX_MAX]; /* of its pictures */
    int64_t since_us[FLUX_MAX];                     /* waits; -1: does not */
    bool under_way[FLUX_MAX];
    /* two batches at most, the first one runs */
    struct {
        uint32_t count, flux[FLUX_MAX];
        int64_t done_us;
    } batch[2];
    uint32_t batches, served[FLUX_MAX];
};

static void draw(struct pattern *p, uint64_t seed)
{
    *p = (struct pattern){0};
    vg_random_seed(&p->random, seed);
    struct vg_random *r = &p->random;
    p->flux = 1 + vg_random_below(r, FLUX_MAX);
    p->device.most = 1 + vg_random_below(r, 8);
    p->device.time.start_us = vg_random_below(r, 2) ? vg_random_below(r, 30000) : 0;
    p->device.time.job_us = 1 + vg_random_below(r, 30000);
    const uint32_t greedy = vg_random_below(r, 3); /* one in three brings pictures all the time */
    for (uint32_t i = 0; i < p->flux; i++) {
        p->priority[i] = vg_random_below(r, 10);
        p->stir[i] = (enum vg_stir)vg_random_below(r, 3);
        p->period_us[i] = greedy && i % 3 == greedy ? 1 : 20000 + vg_random_below(r, 400000);
        p->next_us[i] = vg_random_below(r, 2) ? 0 : vg_random_below(r, 400000);
        p->since_us[i] = -1;
    }
}

/* Pictures that came by now; some come far too late, some in heaps. */
static void arrive(struct pattern *p, int64_t now_us)
{
    for (uint32_t i = 0; i < p->flux; i++) {
        if (p->next_us[i] > now_us)
            continue;
        if (p->since_us[i] < 0)
            p->since_us[i] = now_us;
        p->next_us[i] = now_us + p->period_us[i];
        if (!vg_random_below(&p->random, 20))
            p->next_us[i] += vg_random_below(&p->random, 1000000);
    }
}

static int64_t bound_us(const struct pattern *p)
{
    const struct vg_batch_time *time = &p->device.time;
    return 2 * vg_batch_time_of(time, p->device.most) +
           (int64_t)(p->flux - 1) * vg_batch_time_of(time, 1);
}

static void end_batches(struct pattern *p, int64_t now_us)
{
    while (p->batches && p->batch[0].done_us <= now_us) {
        for (uint32_t k = 0; k < p->batch[0].count; k++)
            p->under_way[p->batch[0].flux[k]] = false;
        p->batch[0] = p->batch[1];
        p->batches--;
    }
}

static uint32_t gather(const struct pattern *p, struct vg_candidate *c)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->flux; i++)
        if (p->since_us[i] >= 0 && !p->under_way[i])
            c[count++] = (struct vg_candidate){.flux = i,
                                               .priority = p->priority[i],
                                               .due_us = p->since_us[i],
                                               .period_us = p->period_us[i],
                                               .stir = p->stir[i]};
    return count;
}

/* As the loop does it. Returns when to look again at the latest. */
static int64_t dispatch(struct pattern *p, int64_t now_us)
{
    while (p->batches < 2) {
        struct vg_candidate c[FLUX_MAX];
        const uint32_t count = gather(p, c);
        p->device.free_us = p->batches ? p->batch[p->batches - 1].done_us : now_us;
        p->device.next_us = VG_BATCH_NEVER;
        for (uint32_t i = 0; i < p->flux; i++)
            if (p->since_us[i] < 0 && !p->under_way[i] && p->next_us[i] < p->device.next_us)
                p->device.next_us = p->next_us[i];
        const struct vg_batch_plan plan = vg_batch_plan(c, count, &p->device, now_us);
        if (plan.count == 0) {
            assert_true(count == 0 || plan.look_us > now_us);
            return plan.look_us;
        }
        assert_true(plan.count <= p->device.most && plan.count <= count);
        for (uint32_t k = 0; k < plan.count; k++) {
            if (now_us - c[k].deadline_us > bound_us(p))
                fail_msg("flux %u: %lld us late, %lld at most", c[k].flux,
                         (long long)(now_us - c[k].deadline_us), (long long)bound_us(p));
            p->batch[p->batches].flux[k] = c[k].flux;
            p->under_way[c[k].flux] = true;
            p->since_us[c[k].flux] = -1;
            p->served[c[k].flux]++;
        }
        p->batch[p->batches].count = plan.count;
        p->batch[p->batches].done_us =
            p->device.free_us + vg_batch_time_of(&p->device.time, plan.count);
        p->batches++;
    }
    return VG_BATCH_NEVER;
}

static void nobody_is_later_than_the_bound(void **state)
{
    (void)state;
    const char *text = getenv("VIGIE_SEED");
    const uint64_t first = text ? strtoull(text, NULL, 10) : 1;
    static struct pattern p;
    for (uint64_t seed = first; seed < first + PATTERNS; seed++) {
        int64_t now_us = 0;
        draw(&p, seed);
        for (int step = 0; step < STEPS; step++) {
            end_batches(&p, now_us);
            arrive(&p, now_us);
            int64_t next_us = dispatch(&p, now_us);
            if (p.batches && p.batch[0].done_us < next_us)
                next_us = p.batch[0].done_us;
            for (uint32_t i = 0; i < p.flux; i++)
                if (p.period_us[i] > 1 && p.next_us[i] < next_us)
                    next_us = p.next_us[i];
            now_us = next_us > now_us ? next_us : now_us + 1;
            if (next_us == VG_BATCH_NEVER)
                break;
            for (uint32_t i = 0; i < p.flux; i++) /* and nobody who still waits is over it */
                if (p.since_us[i] >= 0 && !p.under_way[i]) {
                    const int64_t late =
                        now_us - p.since_us[i] -
                        vg_batch_allowed_us(p.period_us[i], p.priority[i], p.stir[i]);
                    if (late > bound_us(&p))
                        fail_msg("seed %llu: flux %u waits", (unsigned long long)seed, i);
                }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_when_it_should),
        cmocka_unit_test(the_line_is_found),
        cmocka_unit_test(one_size_tells_no_start),
        cmocka_unit_test(nobody_is_later_than_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
