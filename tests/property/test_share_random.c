/* How the devices' time is shared out, in thousands of random states: against a slow and exact
 * reference; nothing is given that is not there; more room lowers nobody; who is first is not served
 * behind; the same again gives the same. VIGIE_SEED: another first seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide_share.h"
#include "src/base/random.h"

enum {
    STATES = 4000,
    FLUX_MAX = 200,
    POINTS_MAX = 2 * FLUX_MAX
};

#define T0 (1000 * VG_US_PER_S)

static uint64_t first_seed(void)
{
    const char *text = getenv("VIGIE_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

struct scene {
    struct vg_share_flux flux[FLUX_MAX];
    uint32_t count;
    int64_t capacity_us;
};

static uint32_t any(struct vg_random *random, uint32_t low, uint32_t high)
{
    return low + vg_random_below(random, high - low + 1);
}

static bool one_in(struct vg_random *random, uint32_t n)
{
    return vg_random_below(random, n) == 0;
}

/* Capacity about what is asked for: 0.1 to 2 times of it. */
static void draw(struct scene *scene, struct vg_random *random)
{
    double asked = 0;
    *scene =
        (struct scene){.count = one_in(random, 10) ? any(random, 1, FLUX_MAX) : any(random, 1, 12)};
    for (uint32_t i = 0; i < scene->count; i++) {
        struct vg_share_flux *f = &scene->flux[i];
        f->wanted_milli = any(random, 200, 12500);
        f->floor_milli = one_in(random, 4) ? 0 : any(random, 0, f->wanted_milli);
        f->source_milli = one_in(random, 5) ? any(random, 100, 25000) : 0;
        f->priority = any(random, 0, 9);
        f->stir = (enum vg_stir)vg_random_below(random, 3);
        f->cost_us = any(random, 200, 40000);
        f->declared_us = one_in(random, 3)   ? 0
                         : one_in(random, 6) ? f->cost_us / any(random, 2, 10)
                                             : f->cost_us * any(random, 80, 120) / 100;
        asked += (double)f->wanted_milli * (double)f->cost_us / 1000;
    }
    scene->capacity_us = (int64_t)(asked * (0.1 + 1.9 * vg_random_unit(random)));
}

/* ---- the reference: said anew, slowly, in long doubles ---------------------------------------- */

struct claims {
    long double floor, entitled, wanted, raised, weight, x;
    bool costly, held;
};

static uint32_t top_of(const struct vg_share_flux *f)
{
    uint32_t top = f->wanted_milli > f->floor_milli ? f->wanted_milli : f->floor_milli;
    return f->source_milli && top > f->source_milli ? f->source_milli : top;
}

static struct claims claims_of(const struct vg_share_flux *f)
{
    static const long double stirred[] = {1.0L, 1.5L, 2.0L};
    const uint32_t top = top_of(f), floor = f->floor_milli < top ? f->floor_milli : top;
    int64_t believed = f->cost_us;
    if (f->declared_us && f->cost_us > f->declared_us + f->declared_us / 4)
        believed = f->declared_us + f->declared_us / 4;
    long double high = 2.0L * top;
    if (f->source_milli && high > f->source_milli)
        high = f->source_milli;
    struct claims c = {.floor = (long double)floor * f->cost_us,
                       .entitled = (long double)top * believed,
                       .wanted = (long double)top * f->cost_us};
    c.raised = f->stir == VG_STIR_CALM ? c.wanted : high * f->cost_us;
    c.weight = c.entitled * (10 - f->priority) * stirred[f->stir];
    c.costly = c.floor > c.entitled;
    return c;
}

/* Whoever is not asked yet, of lowest priority number, then greatest stir, then first. */
static uint32_t next_of(const struct scene *s, const bool *asked)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < s->count; i++) {
        if (asked[i])
            continue;
        const struct vg_share_flux *f = &s->flux[i];
        const struct vg_share_flux *b = best == UINT32_MAX ? NULL : &s->flux[best];
        if (!b || f->priority < b->priority || (f->priority == b->priority && f->stir > b->stir))
            best = i;
    }
    return best;
}

static void ref_hold(const struct scene *s, struct claims *c, long double room)
{
    long double floors = 0, entitled = 0;
    for (int costly = 0; costly < 2; costly++) {
        bool asked[FLUX_MAX] = {0};
        for (uint32_t i = next_of(s, asked); i != UINT32_MAX; i = next_of(s, asked)) {
            asked[i] = true;
            if (c[i].costly != (bool)costly)
                continue;
            long double *sum = costly ? &entitled : &floors;
            c[i].held = *sum + c[i].floor <= room;
            *sum += c[i].held ? c[i].floor : 0;
            if (!costly && c[i].held)
                entitled += c[i].entitled;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const long double x = *(const long double *)a, y = *(const long double *)b;
    return (x > y) - (x < y);
}

static long double ref_at(const struct claims *c, long double goal, long double level)
{
    const long double high = goal > c->x ? goal : c->x, x = level * c->weight;
    return !c->held ? 0 : x < c->x ? c->x : x > high ? high : x;
}

/* The level by its corners: sorted, the sum between two of them is a straight line. */
static void ref_lift(struct claims *c, uint32_t count, const long double *goal, long double room)
{
    long double point[POINTS_MAX + 1] = {0}, sum = 0;
    uint32_t points = 1;
    for (uint32_t i = 0; i < count; i++) {
        sum += c[i].held ? (goal[i] > c[i].x ? goal[i] : c[i].x) : 0;
        if (!c[i].held)
            continue;
        point[points++] = c[i].x / c[i].weight;
        if (points <= POINTS_MAX)
            point[points++] = (goal[i] > c[i].x ? goal[i] : c[i].x) / c[i].weight;
    }
    long double level = 1e30L;
    if (sum > room) {
        qsort(point, points, sizeof *point, by_value);
        long double before = -1;
        for (uint32_t k = 0; k < points; k++) {
            long double at = 0;
            for (uint32_t i = 0; i < count; i++)
                at += ref_at(&c[i], goal[i], point[k]);
            if (at > room) {
                level = k == 0 ? 0
                               : point[k - 1] +
                                     (point[k] - point[k - 1]) * (room - before) / (at - before);
                break;
            }
            before = at;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        c[i].x = ref_at(&c[i], goal[i], level);
}

static void reference(const struct scene *s, struct claims *c)
{
    const long double room = (long double)s->capacity_us * 1000;
    long double goal[3][FLUX_MAX];
    for (uint32_t i = 0; i < s->count; i++) {
        c[i] = claims_of(&s->flux[i]);
        goal[0][i] = c[i].entitled;
        goal[1][i] = c[i].wanted;
        goal[2][i] = c[i].raised;
    }
    ref_hold(s, c, room);
    for (uint32_t i = 0; i < s->count; i++)
        c[i].x = c[i].held ? c[i].floor : 0;
    for (int g = 0; g < 3; g++)
        ref_lift(c, s->count, goal[g], room);
}

/* ---- properties ------------------------------------------------------------------------------- */

static void same_as_the_reference(void **state)
{
    (void)state;
    static struct scene scene;
    static struct claims claims[FLUX_MAX];
    for (uint64_t seed = first_seed(), end = seed + STATES; seed < end; seed++) {
        struct vg_random random;
        vg_random_seed(&random, seed);
        draw(&scene, &random);
        reference(&scene, claims);
        vg_share_out(scene.flux, scene.count, scene.capacity_us, T0);
        for (uint32_t i = 0; i < scene.count; i++) {
            const struct vg_share_flux *f = &scene.flux[i];
            const long double off = claims[i].x / f->cost_us - f->rate_milli;
            if (f->shed == claims[i].held || off > 1.01L || off < -0.01L)
                fail_msg("seed %llu, flux %u of %u: %u instead of %.3Lf", (unsigned long long)seed,
                         i, scene.count, f->rate_milli, claims[i].x / f->cost_us);
        }
    }
}

static void nothing_is_given_that_is_not_there(void **state)
{
    (void)state;
    static struct scene scene, again;
    for (uint64_t seed = first_seed(), end = seed + STATES; seed < end; seed++) {
        struct vg_random random;
        double load = 0, full = 0;
        vg_random_seed(&random, seed);
        draw(&scene, &random);
        vg_share_out(scene.flux, scene.count, scene.capacity_us, T0);
        for (uint32_t i = 0; i < scene.count; i++) {
            const struct vg_share_flux *f = &scene.flux[i];
            const uint32_t top = top_of(f), floor = f->floor_milli < top ? f->floor_milli : top;
            load += (double)f->rate_milli * (double)f->cost_us / 1000;
            full += f->shed ? 0 : (double)top * (double)f->cost_us / 1000;
            if (!f->shed && f->rate_milli < floor)
                fail_msg("seed %llu, flux %u: under its floor", (unsigned long long)seed, i);
            if (f->source_milli && f->rate_milli > f->source_milli)
                fail_msg("seed %llu, flux %u: more than its source", (unsigned long long)seed, i);
        }
        if (load > (double)scene.capacity_us * (1 + 1e-12))
            fail_msg("seed %llu: %f of %lld", (unsigned long long)seed, load,
                     (long long)scene.capacity_us);
        /* and nothing is left lying while anybody who is held wants it: 1/1000 picture each */
        const double wanted = full < (double)scene.capacity_us ? full : (double)scene.capacity_us;
        if (load < wanted - 40.0 * scene.count)
            fail_msg("seed %llu: %f only", (unsigned long long)seed, load);
        again = scene;
        vg_share_out(again.flux, again.count, again.capacity_us, T0);
        for (uint32_t i = 0; i < scene.count; i++)
            if (again.flux[i].rate_milli != scene.flux[i].rate_milli ||
                again.flux[i].verdict != scene.flux[i].verdict)
                fail_msg("seed %llu, flux %u: another answer", (unsigned long long)seed, i);
    }
}

/* More room: whoever is held with less is held with more, and with as much at least; unless the
 * more room holds somebody before him who was shed. */
static void more_room_lowers_nobody(void **state)
{
    (void)state;
    static struct scene less, more;
    int same = 0;
    for (uint64_t seed = first_seed(), end = seed + STATES; seed < end; seed++) {
        struct vg_random random;
        vg_random_seed(&random, seed);
        draw(&less, &random);
        more = less;
        more.capacity_us += (int64_t)((double)less.capacity_us * vg_random_unit(&random) *
                                      (one_in(&random, 2) ? 0.01 : 1.0));
        bool asked[FLUX_MAX] = {0}, gained = false;
        vg_share_out(more.flux, more.count, more.capacity_us, T0);
        vg_share_out(less.flux, less.count, less.capacity_us, T0);
        for (uint32_t i = next_of(&less, asked); i != UINT32_MAX; i = next_of(&less, asked)) {
            asked[i] = true;
            gained = gained || (less.flux[i].shed && !more.flux[i].shed);
        }
        if (gained)
            continue;
        same++;
        for (uint32_t i = 0; i < less.count; i++)
            if (more.flux[i].rate_milli < less.flux[i].rate_milli)
                fail_msg("seed %llu, flux %u: %u with less, %u with more", (unsigned long long)seed,
                         i, less.flux[i].rate_milli, more.flux[i].rate_milli);
    }
    assert_true(same > STATES / 4);
}

/* Of two that cost the same and of whom nothing else is known, the first priority gets as great a
 * share of what it wants, unless the other one stands at its floor; and is not shed alone, unless
 * its floor takes more. */
static void who_is_first_is_not_served_behind(void **state)
{
    (void)state;
    static struct scene scene;
    for (uint64_t seed = first_seed(), end = seed + STATES; seed < end; seed++) {
        struct vg_random random;
        vg_random_seed(&random, seed);
        draw(&scene, &random);
        for (uint32_t i = 0; i < scene.count; i++) {
            scene.flux[i].cost_us = scene.flux[i].declared_us = 5000;
            scene.flux[i].stir = VG_STIR_CALM;
        }
        vg_share_out(scene.flux, scene.count, scene.capacity_us / 2, T0);
        for (uint32_t i = 0; i < scene.count; i++)
            for (uint32_t j = 0; j < scene.count; j++) {
                const struct vg_share_flux *a = &scene.flux[i], *b = &scene.flux[j];
                if (a->priority >= b->priority || b->shed)
                    continue;
                if (a->shed && a->floor <= b->floor)
                    fail_msg("seed %llu: %u shed, not %u", (unsigned long long)seed, i, j);
                if (a->shed || b->given <= b->floor)
                    continue;
                if ((double)(a->rate_milli + 1) / top_of(a) < (double)b->rate_milli / top_of(b))
                    fail_msg("seed %llu: %u behind %u", (unsigned long long)seed, i, j);
            }
    }
}

/* One flux of an admitted set costs ten times what was declared, whatever its rank: every other one
 * keeps what it had. */
static void an_attack_takes_nothing_from_others(void **state)
{
    (void)state;
    static struct scene before, after;
    for (uint64_t seed = first_seed(), end = seed + STATES; seed < end; seed++) {
        struct vg_random random;
        double asked = 0;
        vg_random_seed(&random, seed);
        draw(&before, &random);
        for (uint32_t i = 0; i < before.count; i++) {
            struct vg_share_flux *f = &before.flux[i];
            f->declared_us = f->cost_us;
            asked += (double)top_of(f) * (double)f->cost_us / 1000;
        }
        const uint32_t attacker = vg_random_below(&random, before.count);
        const struct vg_share_flux *f = &before.flux[attacker];
        const double quarter = (double)top_of(f) * (double)f->cost_us / 4000;
        before.capacity_us = (int64_t)((asked + quarter) / 0.9) + 1;
        after = before;
        after.flux[attacker].cost_us *= 10;
        vg_share_out(before.flux, before.count, before.capacity_us, T0);
        vg_share_out(after.flux, after.count, after.capacity_us, T0);
        for (uint32_t i = 0; i < before.count; i++)
            if (i != attacker && after.flux[i].rate_milli < top_of(&before.flux[i]))
                fail_msg("seed %llu: %u pays for %u", (unsigned long long)seed, i, attacker);
    }
}

/* Sheds and returns over time as loads wander: the sum fits every second, and whoever has a better
 * priority than a held one of no smaller floor is not left out for longer than it takes to return. */
static void over_time_it_settles(void **state)
{
    (void)state;
    static struct scene scene;
    for (uint64_t seed = first_seed(), end = seed + 60; seed < end; seed++) {
        struct vg_random random;
        int changes = 0;
        vg_random_seed(&random, seed);
        draw(&scene, &random);
        for (uint32_t i = 0; i < scene.count; i++)
            scene.flux[i].declared_us = 0;
        for (int64_t s = 0; s < 600; s++) {
            bool was[FLUX_MAX];
            for (uint32_t i = 0; i < scene.count; i++) {
                struct vg_share_flux *f = &scene.flux[i];
                was[i] = f->shed;
                f->stir = one_in(&random, 20) ? VG_STIR_ARMED : VG_STIR_CALM;
                if (!f->shed) /* its cost is within 1 % of what it was */
                    f->cost_us +=
                        (int64_t)((double)f->cost_us * (vg_random_unit(&random) - 0.5) / 50);
            }
            vg_share_out(scene.flux, scene.count, scene.capacity_us, T0 + s * VG_US_PER_S);
            assert_true(vg_share_load_us(scene.flux, scene.count) <= scene.capacity_us);
            for (uint32_t i = 0; s > 60 && i < scene.count; i++)
                changes += scene.flux[i].shed != was[i];
        }
        /* none comes and goes every few seconds */
        if (changes > 24 + (int)scene.count)
            fail_msg("seed %llu: %d changes, %u flux", (unsigned long long)seed, changes,
                     scene.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_the_reference),
        cmocka_unit_test(nothing_is_given_that_is_not_there),
        cmocka_unit_test(more_room_lowers_nobody),
        cmocka_unit_test(who_is_first_is_not_served_behind),
        cmocka_unit_test(an_attack_takes_nothing_from_others),
        cmocka_unit_test(over_time_it_settles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
