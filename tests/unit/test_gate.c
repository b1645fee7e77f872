/* Which pictures of a still scene go through the detector: noise and light do not, what moves does
 * however slowly, and never is there a longer gap than the bound. VIGIE_SEED: another first seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide_gate.h"
#include "src/base/random.h"

enum {
    WIDTH = 192,
    HEIGHT = 108,
    PERIOD_US = 200000,
    RUNS = 20000
};

struct film {
    struct vg_random random;
    uint8_t detected[WIDTH * HEIGHT], now[WIDTH * HEIGHT];
    struct vg_gate gate;
    int64_t us;
};

static uint8_t grey(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* A scene with texture, so much lighter, with noise of so many levels, and somebody of 3 x 6 small
 * pixels at x (in tenths of a pixel), 30 levels darker than the ground; below 0: nobody. */
static void paint(struct film *f, int light, uint32_t noise, int x_tenths)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int v = 90 + (x * 7 + y * 13) % 40 + light;
            v += noise ? (int)vg_random_below(&f->random, 2 * noise + 1) - (int)noise : 0;
            const int from = x_tenths < 0 ? -1000 : x * 10 - x_tenths; /* tenths into him */
            if (y >= 50 && y < 56 && from > -10 && from < 30)
                v -= from < 0 ? 3 * (10 + from) : from > 20 ? 3 * (30 - from) : 30;
            f->now[y * WIDTH + x] = grey(v);
        }
}

static enum vg_gate_verdict show(struct film *f, struct vg_gate_look look)
{
    const struct vg_gate_pictures pictures = {f->detected, f->now, WIDTH, HEIGHT};
    look.now_us = f->us;
    look.period_us = PERIOD_US;
    look.change = vg_gate_compare(&pictures, f->gate.noise);
    look.begins = look.begins || f->us == 0;
    const enum vg_gate_verdict verdict = vg_gate_decide(&f->gate, &look);
    if (verdict != VG_GATE_STILL)
        memcpy(f->detected, f->now, sizeof f->now);
    f->us += PERIOD_US;
    return verdict;
}

static const struct vg_gate_look calm = {.stir = VG_STIR_CALM};

static void noise_and_light_are_still(void **state)
{
    (void)state;
    static struct film f;
    for (uint32_t noise = 0; noise <= 6; noise += 2) {
        int still = 0, changed = 0;
        f = (struct film){.us = 0};
        vg_random_seed(&f.random, noise + 1);
        for (int i = 0; i < 500; i++) {
            paint(&f, i / 20, noise, -1); /* a level lighter every four seconds */
            const enum vg_gate_verdict verdict = show(&f, calm);
            still += verdict == VG_GATE_STILL;
            changed += i > 30 && verdict == VG_GATE_CHANGED;
        }
        assert_int_equal(changed, 0);
        assert_in_range(still, 400, 450); /* nine of ten */
    }
}

static void who_comes_is_detected_at_once(void **state)
{
    (void)state;
    static struct film f;
    f = (struct film){.us = 0};
    vg_random_seed(&f.random, 1);
    for (int i = 0; i < 103; i++) {
        paint(&f, 0, 6, -1);
        (void)show(&f, calm);
    }
    paint(&f, 0, 6, 800);
    assert_int_equal(show(&f, calm), VG_GATE_CHANGED);
    for (int i = 0; i < 4; i++) { /* and for a second after */
        paint(&f, 0, 6, 800);
        assert_int_equal(show(&f, calm), VG_GATE_CHANGED);
    }
    paint(&f, 0, 6, 800);
    assert_int_equal(show(&f, calm), VG_GATE_STILL);
}

/* A tenth of a small pixel a picture: no picture differs from the one before. */
static void who_is_slow_is_detected(void **state)
{
    (void)state;
    static struct film f;
    int changed = 0;
    f = (struct film){.us = 0};
    vg_random_seed(&f.random, 1);
    for (int i = 0; i < 500; i++) {
        paint(&f, 0, 2, 400 + i);
        changed += show(&f, calm) == VG_GATE_CHANGED;
    }
    assert_true(changed > 20);
}

static const struct {
    const char *name;
    struct vg_gate_look look; /* 400 ms after the last detected, nothing changed for 10 s */
    enum vg_gate_verdict want;
} rows[] = {
    {"nothing", {.stir = VG_STIR_CALM}, VG_GATE_STILL},
    {"a rule is armed", {.stir = VG_STIR_ARMED}, VG_GATE_BUSY},
    {"an alert", {.stir = VG_STIR_ALERT}, VG_GATE_BUSY},
    {"a track moves", {.moving = 1}, VG_GATE_BUSY},
    {"a thing is judged", {.judged = 1}, VG_GATE_BUSY},
    {"a cell differs", {.change = {.cells = 1}}, VG_GATE_CHANGED},
    {"an epoch begins", {.begins = true}, VG_GATE_BEGINS},
    {"1.7 s ago: one more fits", {.now_us = 1300000}, VG_GATE_STILL},
    {"1.9 s ago: the next is too late", {.now_us = 1500000}, VG_GATE_BOUND},
    {"the clock goes back", {.now_us = -1000000}, VG_GATE_BEGINS},
};

static void each_has_its_reason(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_gate gate = {
            .begun = true, .detected_us = 20 * VG_US_PER_S, .changed_us = 10 * VG_US_PER_S};
        struct vg_gate_look look = rows[r].look;
        look.now_us += gate.detected_us + 400000;
        look.period_us = PERIOD_US;
        const enum vg_gate_verdict found = vg_gate_decide(&gate, &look);
        if (found != rows[r].want)
            fail_msg("%s: %d", rows[r].name, (int)found);
    }
}

/* Whatever is looked at: nothing is still while something is under way, and no two detected ones
 * are further apart than the bound, as long as pictures come. */
static void the_bound_holds(void **state)
{
    (void)state;
    const char *text = getenv("VIGIE_SEED");
    struct vg_random random;
    struct vg_gate gate = {0};
    int64_t us = 1, detected_us = 0;
    vg_random_seed(&random, text ? strtoull(text, NULL, 10) : 1);
    for (int i = 0; i < RUNS; i++) {
        const int64_t period_us = 40000 + vg_random_below(&random, 900000);
        const uint32_t kind = vg_random_below(&random, 60);
        const struct vg_gate_look look = {
            .now_us = us,
            .period_us = period_us,
            .change = {.cells = kind == 1, .mean = vg_random_unit(&random) * 4},
            .stir = kind == 2 ? VG_STIR_ARMED : VG_STIR_CALM,
            .moving = kind == 3,
            .judged = kind == 4};
        const enum vg_gate_verdict verdict = vg_gate_decide(&gate, &look);
        if (kind >= 1 && kind <= 4)
            assert_int_not_equal(verdict, VG_GATE_STILL);
        if (verdict != VG_GATE_STILL) {
            assert_true(i == 0 || us - detected_us <= VG_GATE_BOUND_US);
            detected_us = us;
        }
        us += period_us;
    }
}

static void odd_sizes(void **state)
{
    (void)state;
    static const uint8_t a[49] = {0}, b[49] = {[48] = 200};
    for (uint32_t w = 0; w <= 7; w++)
        for (uint32_t h = 0; h <= 7; h++) {
            const struct vg_gate_pictures same = {a, a, w, h}, other = {a, b, w, h};
            assert_int_equal(vg_gate_compare(&same, 1).cells, 0);
            assert_int_equal(vg_gate_compare(&other, 1).cells, w == 7 && h == 7);
        }
    const struct vg_gate_pictures p = {a, b, 7, 7};
    assert_int_equal(vg_gate_compare(&p, -3).cells, vg_gate_compare(&p, 0).cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_and_light_are_still),
        cmocka_unit_test(who_comes_is_detected_at_once),
        cmocka_unit_test(who_is_slow_is_detected),
        cmocka_unit_test(each_has_its_reason),
        cmocka_unit_test(the_bound_holds),
        cmocka_unit_test(odd_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
