/* Composed rules against brute force: random trees over random histories of their rules, each
 * judged picture by picture by compose.c and, from the whole history, by a plain reading of what
 * compose.h says. The seed of a failure is printed; VIGIE_SEED=n runs that tree alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/rules/compose.h"

#define TREES    12000
#define PICTURES 48
#define SIMPLE   5 /* rules on events */
#define COMPOSED 3 /* each may name those before it */
#define S        VG_US_PER_S

enum stand {
    IN_ALL,
    IN_UNLESS,
    IN_NOT,
    IN_OTHER
};

struct world {
    struct vg_random random;
    struct vg_scene *scene;
    struct vg_compose compose;
    struct vg_media_time time[PICTURES];
    bool wall_known;
    uint8_t bits[PICTURES][VG_SCENE_RULES_MAX];
    /* brute force, filled child before parent */
    bool held[VG_SCENE_PARTS_MAX][PICTURES];
    bool stopped[VG_SCENE_PARTS_MAX][PICTURES];
    bool chain[VG_SCENE_PARTS_MAX][PICTURES]; /* child of a THEN: an onset that came in order */
};

static struct vg_wall_time wall_of(struct vg_media_time media)
{
    return (struct vg_wall_time){INT64_C(1763980000) * S + media.us * 600};
}

/* ---- random trees -------------------------------------------------------------------------- */

static int grow(struct world *w, uint32_t owner, uint32_t depth, enum stand stand);

static void grow_children(struct world *w, uint32_t owner, uint32_t depth, int parent)
{
    struct vg_part *part = &w->scene->part[parent];
    const enum stand stand = part->kind == VG_PART_ALL ? IN_ALL : IN_OTHER;
    const uint32_t count = (part->kind == VG_PART_THEN ? 2 : 1) + vg_random_below(&w->random, 3);
    int *link = &part->child;
    for (uint32_t i = 0; i < count; i++) {
        *link = grow(w, owner, depth + 1, i == 0 ? IN_OTHER : stand);
        link = &w->scene->part[*link].next;
    }
}

static enum vg_part_kind random_kind(struct world *w, uint32_t depth, enum stand stand)
{
    const bool room = depth < 5 && w->scene->part_count < VG_SCENE_PARTS_MAX - 24;
    const uint32_t draw = vg_random_below(&w->random, 12);
    if (stand != IN_OTHER && draw == 0)
        return VG_PART_CALENDAR;
    if ((stand == IN_ALL || stand == IN_UNLESS) && draw <= 3)
        return VG_PART_NOT;
    if (!room || draw <= 4)
        return VG_PART_RULE;
    return draw <= 6 ? VG_PART_ALL : draw <= 8 ? VG_PART_ANY : VG_PART_THEN;
}

static int grow(struct world *w, uint32_t owner, uint32_t depth, enum stand stand)
{
    const int index = (int)w->scene->part_count++;
    struct vg_part *part = &w->scene->part[index];
    *part = (struct vg_part){.child = -1, .next = -1, .unless = -1};
    part->kind = random_kind(w, depth, stand);
    part->within_us = (int64_t)vg_random_below(&w->random, 7) * S / 2;
    if (part->kind == VG_PART_RULE)
        part->rule = vg_random_below(&w->random, SIMPLE + owner);
    else if (part->kind == VG_PART_CALENDAR)
        part->calendar = (struct vg_calendar){true, 0x7f, 540, 720, true, VG_HOLIDAYS_FRANCE};
    else if (part->kind == VG_PART_NOT)
        part->child = grow(w, owner, depth + 1, IN_NOT);
    else
        grow_children(w, owner, depth, index);
    if (part->kind != VG_PART_CALENDAR && depth < 5 && vg_random_below(&w->random, 6) == 0 &&
        w->scene->part_count < VG_SCENE_PARTS_MAX - 24)
        part->unless = grow(w, owner, depth + 1, IN_UNLESS);
    return index;
}

static void make_scene(struct world *w)
{
    struct vg_scene *scene = w->scene;
    memset(scene, 0, sizeof *scene);
    scene->rule_count = SIMPLE + COMPOSED;
    for (uint32_t i = 0; i < COMPOSED && scene->part_count < VG_SCENE_PARTS_MAX - 24; i++) {
        struct vg_rule *rule = &scene->rule[SIMPLE + i];
        rule->event = VG_EVENT_NONE;
        rule->part_first = scene->part_count;
        (void)grow(w, i, 1, IN_OTHER);
        rule->part_count = scene->part_count - rule->part_first;
        scene->composed[scene->composed_count++] = SIMPLE + i;
    }
    scene->rule_count = SIMPLE + scene->composed_count;
}

/* Rules that come and go in runs, pass, and are stopped for a while. */
static void make_history(struct world *w)
{
    struct vg_random *r = &w->random;
    const uint32_t change = 2 + vg_random_below(r, 8);
    uint8_t now[SIMPLE] = {0};
    int64_t us = 0;
    for (int k = 0; k < PICTURES; k++) {
        us += vg_random_below(r, 12) == 0 ? 3 * S : S / 4 * (1 + (int64_t)vg_random_below(r, 3));
        w->time[k].us = us;
        for (uint32_t i = 0; i < SIMPLE; i++) {
            if (vg_random_below(r, change) == 0)
                now[i] ^= VG_COMPOSE_HOLDS;
            if (vg_random_below(r, 60) == 0)
                now[i] ^= VG_COMPOSE_STOPPED;
            w->bits[k][i] = now[i];
            if (i < 2 && vg_random_below(r, 6) == 0)
                w->bits[k][i] |= VG_COMPOSE_PASSED;
            if (now[i] & VG_COMPOSE_STOPPED)
                w->bits[k][i] = VG_COMPOSE_STOPPED;
        }
    }
    w->wall_known = vg_random_below(r, 4) != 0;
}

/* ---- brute force --------------------------------------------------------------------------- */

static bool passed_over(const struct world *w, int i)
{
    const struct vg_part *part = &w->scene->part[i];
    if (part->kind == VG_PART_NOT)
        part = &w->scene->part[part->child];
    return part->kind == VG_PART_CALENDAR && !w->wall_known;
}

static bool onset(const struct world *w, int i, int k)
{
    const struct vg_part *part = &w->scene->part[i];
    const bool passed = part->kind == VG_PART_RULE && w->bits[k][part->rule] & VG_COMPOSE_PASSED;
    return w->held[i][k] && (k == 0 || !w->held[i][k - 1] || passed);
}

/* Whether what the part did at picture `from` is forgotten at `to`: it was stopped in between. */
static bool forgotten(const struct world *w, int i, int from, int to)
{
    for (int k = from + 1; k <= to; k++)
        if (w->stopped[i][k] && !w->stopped[i][k - 1])
            return true;
    return false;
}

static bool came_before(const struct world *w, int child, int k, int64_t within_us)
{
    for (int p = 0; p < k; p++)
        if (w->chain[child][p] && w->time[k].us - w->time[p].us <= within_us &&
            !forgotten(w, child, p, k))
            return true;
    return false;
}

/* All pictures of a THEN: each child's onsets that came in order, then where its last child's
 * run holds one of them. */
static bool brute_then(struct world *w, int i, int k)
{
    const struct vg_part *part = &w->scene->part[i];
    int last = -1;
    for (int c = part->child; c >= 0; c = w->scene->part[c].next) {
        w->chain[c][k] = onset(w, c, k) && (last < 0 || came_before(w, last, k, part->within_us));
        last = c;
    }
    for (int p = k; p >= 0 && w->held[last][p]; p--)
        if (w->chain[last][p] && !forgotten(w, i, p, k))
            return true;
    return false;
}

static bool brute_raw(struct world *w, int i, int k)
{
    const struct vg_part *part = &w->scene->part[i];
    bool all = true, any = false;
    for (int c = part->child; c >= 0; c = w->scene->part[c].next) {
        all &= w->held[c][k] || passed_over(w, c);
        any |= w->held[c][k];
    }
    switch (part->kind) {
    case VG_PART_RULE:
        return (w->bits[k][part->rule] & (VG_COMPOSE_HOLDS | VG_COMPOSE_PASSED)) != 0;
    case VG_PART_CALENDAR:
        return w->wall_known && vg_calendar_holds(&part->calendar, wall_of(w->time[k]));
    case VG_PART_ALL:
        return all;
    case VG_PART_ANY:
        return any;
    case VG_PART_NOT:
        return !any;
    case VG_PART_THEN:
        return brute_then(w, i, k);
    }
    return false;
}

static bool brute_prevented(const struct world *w, int i, int k)
{
    const struct vg_part *part = &w->scene->part[i];
    const int u = part->unless;
    if (u < 0 || passed_over(w, u))
        return false;
    for (int p = 0; p <= k; p++) {
        const int64_t age_us = w->time[k].us - w->time[p].us;
        if (w->held[u][p] && (p == k || (age_us <= part->within_us && part->within_us > 0 &&
                                         !forgotten(w, u, p, k))))
            return true;
    }
    return false;
}

static bool brute_stopped(const struct world *w, int i, int k)
{
    const struct vg_part *part = &w->scene->part[i];
    bool any = part->kind == VG_PART_RULE && w->bits[k][part->rule] & VG_COMPOSE_STOPPED;
    for (int c = part->child; c >= 0; c = w->scene->part[c].next)
        any |= w->stopped[c][k];
    return any;
}

/* The whole history of one composed rule; and what it is as a part of the next ones. */
static void brute(struct world *w, uint32_t index)
{
    const struct vg_rule *rule = &w->scene->rule[index];
    for (uint32_t n = rule->part_count; n-- > 0;) {
        const int i = (int)(rule->part_first + n);
        for (int k = 0; k < PICTURES; k++) {
            w->stopped[i][k] = brute_stopped(w, i, k);
            w->held[i][k] = brute_raw(w, i, k) && !brute_prevented(w, i, k);
        }
    }
    for (int k = 0; k < PICTURES; k++) {
        const uint32_t root = rule->part_first;
        w->bits[k][index] = (uint8_t)((w->held[root][k] ? VG_COMPOSE_HOLDS : 0) |
                                      (w->stopped[root][k] ? VG_COMPOSE_STOPPED : 0));
    }
}

/* ---- both ---------------------------------------------------------------------------------- */

static void check_evidence(const struct world *w, const struct vg_rule *rule, uint64_t seed)
{
    uint32_t parts[VG_SCENE_PARTS_MAX];
    const uint32_t count =
        vg_compose_evidence(&w->compose, w->scene, rule, parts, VG_SCENE_PARTS_MAX);
    const uint32_t last = vg_compose_last(&w->compose, w->scene, rule);
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(w->scene->part[parts[i]].kind, VG_PART_RULE);
        found |= parts[i] == last;
    }
    if (!found || w->scene->rule[w->scene->part[last].rule].part_count > 0)
        fail_msg("seed %llu: what came last is no evidence", (unsigned long long)seed);
}

/* Returns how many pictures held. */
static uint32_t run(struct world *w, uint64_t seed)
{
    uint32_t held = 0;
    vg_random_seed(&w->random, seed);
    memset(w->bits, 0, sizeof w->bits);
    memset(&w->compose, 0, sizeof w->compose);
    make_scene(w);
    make_history(w);
    for (uint32_t i = 0; i < w->scene->composed_count; i++)
        brute(w, w->scene->composed[i]);
    for (int k = 0; k < PICTURES; k++) {
        uint8_t bits[VG_SCENE_RULES_MAX] = {0};
        const struct vg_compose_moment moment = {w->time[k], w->wall_known, wall_of(w->time[k]),
                                                 bits};
        memcpy(bits, w->bits[k], SIMPLE);
        for (uint32_t i = 0; i < w->scene->composed_count; i++) {
            const uint32_t index = w->scene->composed[i];
            const struct vg_rule *rule = &w->scene->rule[index];
            const bool got = vg_compose_step(&w->compose, w->scene, rule, &moment);
            if (got != w->held[rule->part_first][k])
                fail_msg("seed %llu: rule %u, picture %d: %d by brute force",
                         (unsigned long long)seed, index, k, w->held[rule->part_first][k]);
            bits[index] = w->bits[k][index];
            held += got;
            if (got)
                check_evidence(w, rule, seed);
        }
    }
    return held;
}

static void composition_is_what_brute_force_says(void **state)
{
    (void)state;
    const char *given = getenv("VIGIE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261122, held = 0;
    struct world *w = vg_alloc(sizeof *w);
    assert_non_null(w);
    w->scene = vg_alloc(sizeof *w->scene);
    assert_non_null(w->scene);
    const int trees = given ? 1 : TREES;
    for (int i = 0; i < trees; i++, seed++)
        held += run(w, seed);
    (void)printf("%d scenes, %llu pictures in which a rule held\n", trees,
                 (unsigned long long)held);
    assert_true(given || (held > 50000 && held < UINT64_C(3) * TREES * PICTURES * COMPOSED / 4));
    vg_free(w->scene);
    vg_free(w);
}

int main(void)
{
    (void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(composition_is_what_brute_force_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
