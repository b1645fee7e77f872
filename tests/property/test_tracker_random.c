/* What must hold whatever is detected: random walkers, noise, gaps and clutter. The seed is
 * printed and taken back (test_tracker_random SEED). The same input in another order gives the
 * same tracks, and one fixed scene gives the same bytes with every compiler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/random.h"
#include "src/base/sha256.h"
#include "src/track/tracker.h"

#define WALKERS  12
#define CLUTTER  10
#define PICTURES 150
#define SEED     20251121

/* of the fixed scene; changes only when the tracker is meant to answer differently */
static const char golden[] = "af45bb6dd43e964e5b40d45849f88228ad993af4d4daa6c25380ccd883822a6c";

struct world {
    struct vg_random random;
    double x[WALKERS], y[WALKERS], vx[WALKERS], vy[WALKERS];
    int64_t us;
};

static double spread(struct vg_random *r, double around)
{
    return around * (2 * vg_random_unit(r) - 1);
}

static void world_init(struct world *w, uint64_t seed)
{
    vg_random_seed(&w->random, seed);
    w->us = 0;
    for (int i = 0; i < WALKERS; i++) {
        w->x[i] = 600 * vg_random_unit(&w->random);
        w->y[i] = 100 + 400 * vg_random_unit(&w->random);
        w->vx[i] = spread(&w->random, 100);
        w->vy[i] = spread(&w->random, 40);
    }
}

static uint32_t world_step(struct world *w, struct vg_detection *d)
{
    struct vg_random *r = &w->random;
    const int64_t dt_us = vg_random_below(r, 10) ? 200000 : vg_random_below(r, 3000000);
    uint32_t n = 0;
    w->us += dt_us;
    for (int i = 0; i < WALKERS; i++) {
        w->x[i] += w->vx[i] * (double)dt_us / 1e6;
        w->y[i] += w->vy[i] * (double)dt_us / 1e6;
        if (vg_random_below(r, 6) == 0)
            continue;
        const double h = 40 + w->y[i] / 10;
        d[n++] =
            (struct vg_detection){{(float)(w->x[i] + spread(r, 3)), (float)(w->y[i] + spread(r, 3)),
                                   (float)(h / 3), (float)(h > 8 ? h : 8)},
                                  (float)vg_random_unit(r),
                                  (enum vg_class)vg_random_below(r, 4)};
    }
    for (uint32_t i = vg_random_below(r, CLUTTER); i > 0; i--)
        d[n++] = (struct vg_detection){{(float)spread(r, 1000), (float)spread(r, 1000),
                                        (float)spread(r, 90), (float)spread(r, 90)},
                                       (float)vg_random_unit(r),
                                       (enum vg_class)vg_random_below(r, VG_CLASS_COUNT)};
    return n;
}

static void shuffle(struct vg_random *r, struct vg_detection *d, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t k = vg_random_below(r, i);
        const struct vg_detection keep = d[k];
        d[k] = d[i - 1];
        d[i - 1] = keep;
    }
}

static void check(const struct vg_track *const *tracks, uint32_t count, int64_t us,
                  uint32_t *id_max)
{
    assert_true(count <= VG_TRACKS_MAX);
    uint32_t highest = *id_max;
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_track *t = tracks[i];
        assert_true(t->id > 0 && (i == 0 || t->id > tracks[i - 1]->id));
        if (t->id > *id_max) { /* new: born now */
            assert_true(t->detected);
            assert_int_equal(t->born.us, us);
            assert_int_equal(t->hits, 1);
        }
        highest = t->id > highest ? t->id : highest;
        assert_int_equal(t->detected, t->last_seen.us == us);
        assert_true(t->state != VG_TRACK_LOST || !t->detected);
        assert_true(us - t->last_seen.us <= vg_tracker_defaults().lost_us);
        assert_true(t->history_count > 0 && t->history_count <= VG_TRACK_HISTORY_SIZE);
        assert_true(isfinite(t->box.left) && isfinite(t->velocity.x) && t->box.height > 0);
        for (uint32_t k = 0; k < i; k++) /* a detection belongs to one track */
            assert_false(t->detected && tracks[k]->detected &&
                         memcmp(&t->seen, &tracks[k]->seen, sizeof t->seen) == 0 &&
                         fabsf(t->score - tracks[k]->score) <= 0);
    }
    *id_max = highest;
}

static bool same(const struct vg_track *a, const struct vg_track *b)
{
    return a->id == b->id && a->state == b->state && a->class_id == b->class_id &&
           a->hits == b->hits && a->detected == b->detected &&
           memcmp(&a->box, &b->box, sizeof a->box) == 0 &&
           memcmp(&a->velocity, &b->velocity, sizeof a->velocity) == 0;
}

static void run(uint64_t seed)
{
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    struct vg_tracker *t = NULL, *u = NULL;
    struct world w;
    struct vg_random order;
    uint32_t id_max = 0;
    vg_random_seed(&order, seed + 1);
    world_init(&w, seed);
    assert_int_equal(vg_tracker_open(&t, &settings), VG_OK);
    assert_int_equal(vg_tracker_open(&u, &settings), VG_OK);
    for (int k = 0; k < PICTURES; k++) {
        struct vg_detection d[WALKERS + CLUTTER];
        const struct vg_track *const *a, *const *b;
        uint32_t na, nb;
        const uint32_t n = world_step(&w, d);
        vg_tracker_step(t, d, n, (struct vg_media_time){w.us}, &a, &na);
        check(a, na, w.us, &id_max);
        shuffle(&order, d, n);
        vg_tracker_step(u, d, n, (struct vg_media_time){w.us}, &b, &nb);
        assert_int_equal(na, nb);
        for (uint32_t i = 0; i < na; i++)
            assert_true(same(a[i], b[i]));
    }
    vg_tracker_close(&t);
    vg_tracker_close(&u);
}

static void test_random_scenes(void **state)
{
    const uint64_t first = *(const uint64_t *)*state;
    for (uint64_t seed = first; seed < first + 40; seed++) {
        (void)printf("seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
}

static void test_same_bytes_everywhere(void **state)
{
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    static char text[1 << 20];
    struct vg_tracker *t = NULL;
    struct world w;
    size_t size = 0;
    (void)state;
    world_init(&w, SEED);
    assert_int_equal(vg_tracker_open(&t, &settings), VG_OK);
    for (int k = 0; k < PICTURES; k++) {
        struct vg_detection d[WALKERS + CLUTTER];
        const struct vg_track *const *a;
        uint32_t n = world_step(&w, d);
        vg_tracker_step(t, d, n, (struct vg_media_time){w.us}, &a, &n);
        for (uint32_t i = 0; i < n && size < sizeof text - 200; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "%u %d %d %a %a %a %a %a\n",
                                     a[i]->id, (int)a[i]->state, (int)a[i]->class_id,
                                     (double)a[i]->box.left, (double)a[i]->box.top,
                                     (double)a[i]->box.width, (double)a[i]->box.height,
                                     (double)a[i]->velocity.x);
    }
    uint8_t digest[VG_SHA256_BYTES];
    char hex[VG_SHA256_TEXT];
    vg_sha256(text, size, digest);
    vg_sha256_text(digest, hex);
    assert_string_equal(hex, golden);
    vg_tracker_close(&t);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : SEED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_random_scenes, &seed),
        cmocka_unit_test(test_same_bytes_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
