/* Maps made by the device, picture by picture beside those made by plain C: the same bytes, for two
 * flux in one batch, several pictures of one, other sizes and new epochs.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kernels/flow_layout.h"
#include "kernels/twins/map_flow_twin.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/engine/engine.h"
#include "src/engine/map_flux.h"
#include "src/maps/maps_host.h"
#include "tests/random_net.h"

enum {
    WIDTH_MAX = 642,
    HEIGHT_MAX = 480,
    BATCH = 4,
    ALL = VG_MAPS_GROUND | VG_MAPS_FLOW | VG_MAPS_FLAME
};

struct film {
    uint8_t pixels[WIDTH_MAX * HEIGHT_MAX * 3 / 2];
    struct vg_picture picture;
    struct vg_media_time time;
};

/* One flux, on the device and on the host. */
struct pair {
    uint32_t set;
    struct vg_map_flux *flux;
    struct vg_maps_host *host;
    uint8_t before[VG_MAPS_SIDE_MAX * VG_MAPS_SIDE_MAX]; /* luma, for the flow */
    uint32_t pictures, flows;                            /* compared */
};

struct desk {
    struct vg_model *model;
    struct vg_engine *engine;
    struct vg_answer answer[BATCH];
    struct film film[BATCH];
    struct pair pair[2];
    uint8_t *scratch;
    struct vg_random random;
};

/* A textured ground with noise, a box that walks, one that came to stay, and a flickering one. */
static uint8_t luma_at(struct desk *d, uint32_t x, uint32_t y, uint32_t step)
{
    const uint32_t walk = 20 + 6 * step;
    if (x >= walk && x < walk + 40 && y >= 60 && y < 160)
        return (uint8_t)(200 + (x - walk + y) % 40);
    if (step >= 4 && x >= 200 && x < 240 && y >= 100 && y < 130)
        return 30;
    if (x >= 100 && x < 116 && y >= 10 && y < 40)
        return (uint8_t)(step % 2 ? 250 : 180);
    return (uint8_t)(80 + (x / 16 * 7 + y / 16 * 13) % 60 +
                     (uint32_t)(4 * vg_random_unit(&d->random)));
}

static void draw(struct desk *d, struct film *film, uint32_t width, uint32_t height, uint32_t step)
{
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            film->pixels[y * width + x] = luma_at(d, x, y, step);
    uint8_t *chroma = film->pixels + (size_t)width * height;
    for (uint32_t i = 0; i < width * height / 2; i++)
        chroma[i] = (uint8_t)(i % 2 ? 120 + i / width % 50 : 128 - i % 37);
    film->picture = (struct vg_picture){.luma = film->pixels,
                                        .chroma = chroma,
                                        .width = width,
                                        .height = height,
                                        .luma_stride = width,
                                        .chroma_stride = width,
                                        .range = step % 2 ? VG_RANGE_FULL : VG_RANGE_LIMITED};
}

static void same(const char *what, const void *got, const void *want, size_t bytes,
                 uint32_t picture)
{
    if (!got != !want)
        fail_msg("%s is there once only, picture %u", what, picture);
    const uint8_t *a = got, *b = want;
    for (size_t i = 0; a && i < bytes; i++)
        if (a[i] != b[i])
            fail_msg("%s differs at %zu of picture %u: %u, not %u", what, i, picture, a[i], b[i]);
}

static void compare_flow(struct desk *d, struct pair *p, const struct vg_maps *got)
{
    const size_t cells = (size_t)got->size.columns * got->size.rows;
    int16_t x[48 * 48], y[48 * 48];
    uint8_t sure[48 * 48];
    if (got->flow_x) {
        vg_twin_map_flow(p->before, got->luma, (vg_i32)got->size.width, (vg_i32)got->size.height,
                         d->scratch, &(struct vg_flow_planes){x, y, sure});
        same("flow_x", got->flow_x, x, cells * sizeof *x, p->pictures);
        same("flow_y", got->flow_y, y, cells * sizeof *y, p->pictures);
        same("flow_sure", got->flow_sure, sure, cells, p->pictures);
        p->flows++;
    }
    memcpy(p->before, got->luma, (size_t)got->size.width * got->size.height);
}

static void compare(struct desk *d, struct pair *p, const struct film *film, uint32_t room)
{
    const struct vg_maps *got = vg_map_flux_maps(p->flux, room);
    const struct vg_maps *want = vg_maps_host_step(p->host, &film->picture, film->time);
    const size_t area = (size_t)want->size.width * want->size.height;
    const struct {
        const char *name;
        const uint8_t *got, *want;
    } planes[] = {
        {"luma", got->luma, want->luma},
        {"blue", got->blue, want->blue},
        {"red", got->red, want->red},
        {"long_luma", got->long_luma, want->long_luma},
        {"long_blue", got->long_blue, want->long_blue},
        {"long_red", got->long_red, want->long_red},
        {"ground", got->ground, want->ground},
        {"stays", got->stays, want->stays},
        {"warm", got->warm, want->warm},
        {"flicker", got->flicker, want->flicker},
    };
    assert_memory_equal(&got->size, &want->size, sizeof got->size);
    assert_int_equal(got->set, p->set);
    assert_int_equal(got->step_us, want->step_us);
    assert_int_equal(got->learnt_us, want->learnt_us);
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++)
        same(planes[i].name, planes[i].got, planes[i].want, area, p->pictures);
    if (p->set & VG_MAPS_FLOW)
        compare_flow(d, p, got);
    p->pictures++;
}

static void desk_open(struct desk **out)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->model = random_net(7);
    d->scratch = vg_alloc(VG_FLOW_SCRATCH_BYTES);
    assert_non_null(d->scratch);
    vg_random_seed(&d->random, 5);
    settings.picture_width_max = WIDTH_MAX;
    settings.picture_height_max = HEIGHT_MAX;
    settings.batch_max = BATCH;
    settings.maps = VG_ENGINE_MAPS_MADE;
    struct vg_fault fault = {0};
    if (vg_engine_open(&d->engine, d->model, &settings, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_non_null(vg_engine_maps(d->engine));
    const uint32_t sets[] = {ALL, VG_MAPS_FLAME};
    for (int i = 0; i < 2; i++) {
        d->pair[i].set = sets[i];
        assert_int_equal(
            vg_map_flux_open(&d->pair[i].flux, vg_engine_maps(d->engine), sets[i], BATCH), VG_OK);
        assert_int_equal(vg_maps_host_open(&d->pair[i].host, sets[i]), VG_OK);
    }
    *out = d;
}

static void desk_close(struct desk *d)
{
    for (int i = 0; i < 2; i++) {
        vg_map_flux_close(&d->pair[i].flux);
        vg_maps_host_close(&d->pair[i].host);
    }
    vg_engine_close(&d->engine);
    vg_model_close(&d->model);
    vg_free(d->scratch);
    free(d);
}

/* Batches of: two pictures of the first flux, one of the second, one region of nobody's. */
static void the_device_gives_the_same_bytes(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, epoch, batches;
    } parts[] = {{320, 240, 0, 5}, {320, 240, 1, 2}, {642, 480, 1, 3}, {8, 6, 1, 2}};
    struct desk *d;
    desk_open(&d);
    uint32_t step = 0;
    int64_t now_us = 0;
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        for (uint32_t b = 0; b < parts[part].batches; b++) {
            struct vg_job job[BATCH];
            for (uint32_t i = 0; i < 3; i++) {
                struct film *film = &d->film[i];
                draw(d, film, parts[part].width, parts[part].height, step + i);
                film->picture.epoch = parts[part].epoch;
                film->time = (struct vg_media_time){now_us += 200000 + 1000 * i};
                job[i] = (struct vg_job){.picture = &film->picture,
                                         .threshold = 0.5F,
                                         .nms = 0.5F,
                                         .maps = d->pair[i == 1].flux,
                                         .time = film->time};
            }
            job[3] = (struct vg_job){.picture = &d->film[0].picture,
                                     .region = {1, 1, 5, 4},
                                     .threshold = 0.5F,
                                     .nms = 0.5F};
            struct vg_fault fault = {0};
            if (vg_engine_run(d->engine, job, BATCH, d->answer, &fault))
                fail_msg("%s %s", fault.what, fault.place);
            assert_true(vg_engine_last_times(d->engine).maps_us > 0);
            compare(d, &d->pair[0], &d->film[0], 0);
            compare(d, &d->pair[1], &d->film[1], 0);
            compare(d, &d->pair[0], &d->film[2], 1);
            step += 2;
        }
    assert_int_equal(d->pair[0].pictures, 24);
    assert_int_equal(d->pair[0].flows, 24 - 4);
    assert_int_equal(d->pair[1].pictures, 12);
    desk_close(d);
}

static void an_engine_that_is_not_asked_makes_none(void **state)
{
    (void)state;
    struct vg_model *model = random_net(7);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine;
    settings.picture_width_max = settings.picture_height_max = 64;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
    assert_null(vg_engine_maps(engine));
    vg_engine_close(&engine);
    vg_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_gives_the_same_bytes),
        cmocka_unit_test(an_engine_that_is_not_asked_makes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
