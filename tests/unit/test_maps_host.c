/* The maps on made-up pictures: what comes and stays, what passes, shadows, light, noise, flames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/maps/maps_host.h"

enum {
    WIDTH = 640,
    HEIGHT = 368,
    STRIDE = 672,
    STEP_US = 100000
};

/* A place with a pattern on its ground, and what is in it. */
struct place {
    uint8_t luma[STRIDE * HEIGHT], chroma[STRIDE * HEIGHT / 2];
    struct vg_picture picture;
    struct vg_maps_host *host;
    struct vg_random random;
    const struct vg_maps *maps;
    int64_t us;
};

struct box {
    uint32_t left, top, width, height;
};

static uint8_t byte_of(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

/* Tiles of 64 pixels of four greys, 90 to 135, a slope over all, slightly brown. */
static double ground_at(uint32_t x, uint32_t y)
{
    return 90 + 15 * (double)((x / 64 + 3 * (y / 64)) % 4) + 10.0 * x / WIDTH;
}

static void draw(struct place *p, double gain)
{
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            p->luma[y * STRIDE + x] = byte_of(ground_at(x, y) * gain);
    for (uint32_t i = 0; i < sizeof p->chroma; i++)
        p->chroma[i] = i % 2 ? 134 : 122;
}

static void draw_box(struct place *p, struct box b, uint8_t luma, uint8_t blue, uint8_t red)
{
    for (uint32_t y = b.top; y < b.top + b.height; y++)
        memset(p->luma + y * STRIDE + b.left, luma, b.width);
    for (uint32_t y = b.top / 2; y < (b.top + b.height) / 2; y++)
        for (uint32_t x = b.left / 2; x < (b.left + b.width) / 2; x++) {
            p->chroma[y * STRIDE + 2 * x] = blue;
            p->chroma[y * STRIDE + 2 * x + 1] = red;
        }
}

static void darken(struct place *p, struct box b, double factor)
{
    for (uint32_t y = b.top; y < b.top + b.height; y++)
        for (uint32_t x = b.left; x < b.left + b.width; x++)
            p->luma[y * STRIDE + x] = byte_of(p->luma[y * STRIDE + x] * factor);
}

/* Nearly normal: the sum of four even ones, of standard deviation `sigma`. */
static void add_noise(struct place *p, double sigma)
{
    for (uint32_t i = 0; i < sizeof p->luma; i++) {
        double sum = -2;
        for (int k = 0; k < 4; k++)
            sum += vg_random_unit(&p->random);
        p->luma[i] = byte_of(p->luma[i] + sum * sigma * 1.7320508);
    }
}

static void step(struct place *p)
{
    p->maps = vg_maps_host_step(p->host, &p->picture, (struct vg_media_time){p->us});
    p->us += STEP_US;
}

static void steps(struct place *p, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        step(p);
}

static int place_open(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p || vg_maps_host_open(&p->host, VG_MAPS_GROUND | VG_MAPS_FLAME)) {
        free(p);
        return -1;
    }
    vg_random_seed(&p->random, 20261122);
    p->picture = (struct vg_picture){.luma = p->luma,
                                     .chroma = p->chroma,
                                     .width = WIDTH,
                                     .height = HEIGHT,
                                     .luma_stride = STRIDE,
                                     .chroma_stride = STRIDE,
                                     .range = VG_RANGE_FULL};
    draw(p, 1);
    *state = p;
    return 0;
}

static int place_close(void **state)
{
    struct place *p = *state;
    vg_maps_host_close(&p->host);
    free(p);
    return 0;
}

/* Percent of the map, or of a box of it (in pixels of the picture), that is of a class. */
static double share(const struct place *p, const struct box *b, enum vg_ground class)
{
    const struct vg_maps_size *size = &p->maps->size;
    uint32_t in = 0, all = 0;
    for (uint32_t y = 0; y < size->height; y++)
        for (uint32_t x = 0; x < size->width; x++) {
            const uint32_t px = x * size->shrink, py = y * size->shrink;
            if (b && (px < b->left || py < b->top || px + size->shrink > b->left + b->width ||
                      py + size->shrink > b->top + b->height))
                continue;
            all++;
            in += p->maps->ground[y * size->width + x] == class;
        }
    return 100.0 * in / all;
}

static uint8_t at(const struct place *p, const uint8_t *plane, struct box b)
{
    const struct vg_maps_size *size = &p->maps->size;
    return plane[(b.top + b.height / 2) / size->shrink * size->width +
                 (b.left + b.width / 2) / size->shrink];
}

/* ---- the small picture ---- */

static void means_of_the_pixels(void **state)
{
    struct place *p = *state;
    for (uint32_t i = 0; i < sizeof p->luma; i++)
        p->luma[i] = (uint8_t)(i % STRIDE % 4 * 10 + 20); /* 20, 30, 40, 50 */
    step(p);
    assert_int_equal(p->maps->size.shrink, 4);
    assert_int_equal(p->maps->size.width, 160);
    assert_int_equal(p->maps->luma[0], 35);
    assert_int_equal(p->maps->luma[160 * 92 - 1], 35);
    assert_int_equal(p->maps->blue[7], 122);
    assert_int_equal(p->maps->red[7], 134);
    p->picture.range = VG_RANGE_LIMITED;
    step(p);
    assert_int_equal(p->maps->luma[0], 22); /* (35 - 16) * 255 / 219 */
    assert_int_equal(p->maps->blue[7], 121);
    assert_int_equal(p->maps->red[7], 135);
}

static void last_column_and_row_of_what_is_there(void **state)
{
    struct place *p = *state;
    p->picture.width = 582; /* 4 each: the last map pixel has 2 columns; rows: 2 */
    p->picture.height = 326;
    memset(p->luma, 50, sizeof p->luma);
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < STRIDE; x++)
            if (x >= 582 || y >= 326)
                p->luma[y * STRIDE + x] = 255;
    step(p);
    assert_int_equal(p->maps->size.width, 146);
    assert_int_equal(p->maps->size.height, 82);
    for (uint32_t i = 0; i < 146 * 82; i++)
        assert_int_equal(p->maps->luma[i], 50);
}

/* ---- the ground ---- */

static const struct box thing = {320, 160, 48, 40};

static void what_stays_is_new(void **state)
{
    struct place *p = *state;
    steps(p, 100);
    draw_box(p, thing, 40, 118, 140);
    steps(p, 10);
    assert_true(share(p, &thing, VG_GROUND_MOVING) > 95);
    steps(p, 14); /* 2.4 s */
    assert_true(share(p, &thing, VG_GROUND_NEW) > 95);
    assert_true(100 - share(p, NULL, VG_GROUND_SAME) < 2);
    const uint8_t stays = at(p, p->maps->stays, thing);
    steps(p, 50);
    assert_in_range(at(p, p->maps->stays, thing), stays + 18, stays + 22);
    assert_true(share(p, &thing, VG_GROUND_NEW) > 95);
    assert_in_range(at(p, p->maps->long_luma, thing), 90, 145); /* the ground behind it */
    draw(p, 1);
    step(p);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99.9);
}

/* A thing of before the first picture that goes: the hole is new as well, and is the ground soon. */
static void what_is_uncovered_is_new(void **state)
{
    struct place *p = *state;
    draw_box(p, thing, 40, 118, 140);
    steps(p, 50);
    draw(p, 1);
    steps(p, 24);
    const struct box inner = {324, 164, 40,
                              32}; /* its rim could be the ground beside, by a shake */
    assert_true(share(p, &inner, VG_GROUND_NEW) > 95);
    steps(p, 400); /* had been seen for 5 s */
    assert_true(share(p, NULL, VG_GROUND_NEW) > 0);
    steps(p, 100);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99.9);
}

static void what_is_kept_for_ten_minutes(void **state)
{
    struct place *p = *state;
    steps(p, 700);
    draw_box(p, thing, 40, 118, 140);
    for (uint32_t i = 0; i < 580; i++) {
        p->us += VG_US_PER_S - STEP_US;
        step(p);
    }
    assert_true(share(p, &thing, VG_GROUND_NEW) > 95);
    for (uint32_t i = 0; i < 40; i++) {
        p->us += VG_US_PER_S - STEP_US;
        step(p);
    }
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99.9);
}

static void what_passes_moves(void **state)
{
    struct place *p = *state;
    steps(p, 50);
    for (uint32_t i = 0; i < 50; i++) {
        const struct box b = {20 + 8 * i, 120, 40, 96}; /* crosses its own width in half a second */
        draw(p, 1);
        draw_box(p, b, 200, 128, 128);
        step(p);
        assert_true(share(p, &b, VG_GROUND_MOVING) > 95);
        assert_true(share(p, NULL, VG_GROUND_NEW) < 0.05);
    }
    draw(p, 1);
    step(p);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99.9);
}

/* Who passes before a thing for less than a second does not make it begin anew. */
static void what_passes_before_a_thing(void **state)
{
    struct place *p = *state;
    steps(p, 50);
    draw_box(p, thing, 40, 118, 140);
    steps(p, 120);
    const uint8_t stays = at(p, p->maps->stays, thing);
    draw_box(p, thing, 220, 128, 128);
    steps(p, 7);
    assert_true(share(p, &thing, VG_GROUND_MOVING) > 95);
    draw_box(p, thing, 40, 118, 140);
    step(p);
    assert_true(share(p, &thing, VG_GROUND_NEW) > 95);
    assert_true(at(p, p->maps->stays, thing) >= stays);
}

static void what_is_darker_by_one_factor_is_shade(void **state)
{
    static const double factor[] = {0.5, 0.7, 1.3};
    struct place *p = *state;
    const struct box band = {160, 80, 120, 200};
    for (size_t i = 0; i < sizeof factor / sizeof *factor; i++) {
        draw(p, 1);
        p->picture.epoch++;
        steps(p, 50);
        darken(p, band, factor[i]);
        for (uint32_t k = 0; k < 30; k++) {
            step(p);
            assert_true(share(p, &band, VG_GROUND_SHADE) > 90);
            assert_true(share(p, NULL, VG_GROUND_NEW) + share(p, NULL, VG_GROUND_MOVING) < 0.5);
        }
    }
}

static void all_light_is_followed_at_once(void **state)
{
    static const double gain[] = {0.6, 1.5, 0.5, 1};
    struct place *p = *state;
    steps(p, 50);
    for (size_t i = 0; i < sizeof gain / sizeof *gain; i++) {
        draw(p, gain[i]);
        step(p);
        assert_true(share(p, NULL, VG_GROUND_SAME) > 98);
        steps(p, 10);
        assert_true(share(p, NULL, VG_GROUND_SAME) > 98);
    }
}

/* With a thing and a person in the picture, which stay what they are. */
static void light_leaves_what_is_there(void **state)
{
    struct place *p = *state;
    const struct box person = {120, 80, 60, 180};
    steps(p, 100);
    draw_box(p, thing, 40, 118, 140);
    steps(p, 30);
    draw(p, 0.7);
    draw_box(p, thing, 28, 121, 136);
    draw_box(p, person, 170, 128, 128);
    step(p);
    assert_true(share(p, &thing, VG_GROUND_NEW) > 95);
    assert_true(share(p, &person, VG_GROUND_MOVING) > 95);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 90);
}

static void noise_is_not_seen(void **state)
{
    struct place *p = *state;
    double worst = 0, sum = 0;
    for (uint32_t i = 0; i < 40; i++) {
        draw(p, 1);
        add_noise(p, 6 * 4); /* 6 levels in the map: the mean of 16 has a quarter */
        step(p);
        const double other = 100 - share(p, NULL, VG_GROUND_SAME);
        if (i < 20)
            continue;
        sum += other / 20;
        worst = other > worst ? other : worst;
    }
    print_message("not SAME under noise: %.3f %% in the mean, %.3f %% at most\n", sum, worst);
    assert_true(sum < 0.5 && worst < 0.5);
}

static void a_shaking_camera_is_not_seen(void **state)
{
    struct place *p = *state;
    for (uint32_t i = 0; i < 60; i++) {
        draw(p, 1);
        const uint32_t by = (uint32_t)vg_random_below(&p->random, 5); /* 0 to 4: a map pixel */
        p->picture.luma = p->luma + by;
        p->picture.width = WIDTH - 8;
        step(p);
        assert_true(i < 20 || share(p, NULL, VG_GROUND_SAME) > 99);
    }
}

static void another_view_is_the_background_soon(void **state)
{
    struct place *p = *state;
    steps(p, 100);
    for (uint32_t i = 0; i < sizeof p->luma; i++)
        p->luma[i] = (uint8_t)(i * 7 % STRIDE % 256 / 2 + i / STRIDE / 5);
    for (uint32_t i = 0; i < sizeof p->chroma; i++)
        p->chroma[i] = 150;
    steps(p, 15);
    step(p);
    steps(p, 15);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99);
}

/* The same by pictures five times as many. */
static void times_and_not_pictures_count(void **state)
{
    struct place *p = *state;
    for (uint32_t i = 0; i < 500; i++, p->us -= STEP_US * 4 / 5)
        step(p);
    draw_box(p, thing, 40, 118, 140);
    for (uint32_t i = 0; i < 50; i++, p->us -= STEP_US * 4 / 5)
        step(p);
    assert_true(share(p, &thing, VG_GROUND_MOVING) > 95);
    for (uint32_t i = 0; i < 70; i++, p->us -= STEP_US * 4 / 5)
        step(p);
    assert_true(share(p, &thing, VG_GROUND_NEW) > 95);
}

static void another_epoch_begins_anew(void **state)
{
    struct place *p = *state;
    steps(p, 50);
    draw_box(p, thing, 40, 118, 140);
    p->picture.epoch++;
    step(p);
    assert_int_equal(p->maps->step_us, 0);
    assert_int_equal(p->maps->learnt_us, 0);
    steps(p, 30);
    assert_int_equal(p->maps->step_us, STEP_US);
    assert_int_equal(p->maps->learnt_us, 30 * STEP_US);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99.9);
    draw(p, 1);
    p->us = 0; /* back */
    step(p);
    assert_int_equal(p->maps->step_us, 0);
    assert_true(share(p, NULL, VG_GROUND_SAME) > 99.9);
    p->picture.width = 2;
    p->picture.height = 2;
    steps(p, 3);
    assert_int_equal(p->maps->size.width, 2);
}

/* ---- movement ---- */

static void flow_follows_what_moves(void **state)
{
    struct place *p = *state;
    vg_maps_host_close(&p->host);
    assert_int_equal(vg_maps_host_open(&p->host, VG_MAPS_FLOW), VG_OK);
    step(p);
    assert_null(p->maps->flow_x); /* since nothing */
    assert_null(p->maps->flow_sure);
    p->picture.luma = p->luma + 16; /* all goes 4 map pixels to the left, a tile's corner in view */
    p->picture.width = WIDTH;
    step(p);
    const uint32_t cell = 64 / 4 / VG_MAPS_CELL * p->maps->size.columns + 64 / 4 / VG_MAPS_CELL * 3;
    assert_non_null(p->maps->flow_sure);
    assert_true(p->maps->flow_sure[cell] > 0);
    assert_in_range(-p->maps->flow_x[cell], 4 * 16 - 8, 4 * 16 + 8);
    p->picture.epoch++;
    step(p);
    assert_null(p->maps->flow_x);
}

/* ---- flames ---- */

static void flames_are_warm_and_flicker(void **state)
{
    struct place *p = *state;
    const struct box fire = {320, 160, 48, 64}, core = {336, 180, 12, 16};
    const struct box coat = {80, 160, 48, 64};
    for (uint32_t i = 0; i < 20; i++) {
        const uint8_t luma = (uint8_t)(150 + vg_random_below(&p->random, 80));
        draw_box(p, fire, luma, 60, 185);
        draw_box(p, core, 255, 128, 128);
        draw_box(p, coat, 120, 110, 150);
        step(p);
    }
    const struct box rim = {322, 200, 8, 8};
    assert_true(at(p, p->maps->warm, rim) > 150);
    assert_true(at(p, p->maps->warm, core) > 150);
    assert_true(at(p, p->maps->flicker, rim) > 60);
    assert_true(at(p, p->maps->warm, coat) < 100);
    assert_int_equal(at(p, p->maps->flicker, coat), 0);
    const struct box lamp = {500, 40, 16, 16}; /* white, with nothing warm around */
    draw_box(p, lamp, 255, 128, 128);
    steps(p, 50);
    assert_int_equal(at(p, p->maps->warm, lamp), 0);
    assert_true(at(p, p->maps->flicker, rim) < 5);
}

/* ---- life ---- */

static void planes_that_were_not_asked_for(void **state)
{
    struct place *p = *state;
    vg_maps_host_close(&p->host);
    assert_int_equal(vg_maps_host_open(&p->host, 0), VG_OK);
    steps(p, 2);
    assert_non_null(p->maps->luma);
    assert_null(p->maps->long_luma);
    assert_null(p->maps->ground);
    assert_null(p->maps->stays);
    assert_null(p->maps->flow_x);
    assert_null(p->maps->warm);
}

static void without_memory(void **state)
{
    struct vg_maps_host *host = NULL;
    (void)state;
    for (uint32_t n = 1; n <= 3; n++) {
        vg_alloc_fail_at(n);
        assert_int_equal(vg_maps_host_open(&host, VG_MAPS_FLOW), VG_E_MEMORY);
        assert_null(host);
    }
    vg_alloc_fail_at(0);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(means_of_the_pixels),
        PLACE(last_column_and_row_of_what_is_there),
        PLACE(what_stays_is_new),
        PLACE(what_is_uncovered_is_new),
        PLACE(what_is_kept_for_ten_minutes),
        PLACE(what_passes_moves),
        PLACE(what_passes_before_a_thing),
        PLACE(what_is_darker_by_one_factor_is_shade),
        PLACE(all_light_is_followed_at_once),
        PLACE(light_leaves_what_is_there),
        PLACE(noise_is_not_seen),
        PLACE(a_shaking_camera_is_not_seen),
        PLACE(another_view_is_the_background_soon),
        PLACE(times_and_not_pictures_count),
        PLACE(another_epoch_begins_anew),
        PLACE(flow_follows_what_moves),
        PLACE(flames_are_warm_and_flicker),
        PLACE(planes_that_were_not_asked_for),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
