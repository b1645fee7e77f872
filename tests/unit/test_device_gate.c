/* The device with a gate before its net: what goes through is answered as without one, what is still
 * is left alone or given its last answer, and all that a batch took is somebody's.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/device_gate.h"
#include "scheduler/live_flux.h"
#include "src/base/random.h"
#include "src/maps/maps_host.h"
#include "tests/random_net.h"

enum {
    WIDTH = 128,
    HEIGHT = 96,
    BATCH = 4,
    ROUNDS = 40
};

struct film {
    uint8_t pixels[WIDTH * HEIGHT * 3 / 2];
    struct vg_picture picture;
};

struct desk {
    struct vg_model *model;
    struct vg_engine *engine;
    struct vg_live_flux *flux; /* BATCH of them */
    struct vg_live_batch batch;
    struct vg_answer answer[BATCH], plain[BATCH], last[BATCH];
    struct film film[BATCH];
    struct vg_maps_host *host[BATCH];
    struct vg_random random;
    pthread_mutex_t lock;
    bool given_up;
};

static void draw(struct desk *d, struct film *film)
{
    for (size_t i = 0; i < sizeof film->pixels; i++)
        film->pixels[i] = (uint8_t)vg_random_below(&d->random, 256);
    film->picture = (struct vg_picture){.luma = film->pixels,
                                        .chroma = film->pixels + WIDTH * HEIGHT,
                                        .width = WIDTH,
                                        .height = HEIGHT,
                                        .luma_stride = WIDTH,
                                        .chroma_stride = WIDTH};
}

static struct vg_job job_of(const struct desk *d, uint32_t i, struct vg_media_time time)
{
    return (struct vg_job){.picture = &d->film[i].picture,
                           .threshold = 0.3F,
                           .nms = 0.6F,
                           .maps = d->flux[i].maps,
                           .time = time};
}

static int desk_open(void **state)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->model = random_net(7);
    d->flux = calloc(BATCH, sizeof *d->flux);
    assert_non_null(d->flux);
    vg_random_seed(&d->random, 9);
    assert_int_equal(pthread_mutex_init(&d->lock, NULL), 0);
    settings.picture_width_max = WIDTH;
    settings.picture_height_max = HEIGHT;
    settings.batch_max = BATCH;
    settings.maps = VG_ENGINE_MAPS_MADE;
    struct vg_fault fault = {0};
    if (vg_engine_open(&d->engine, d->model, &settings, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    const uint32_t sets[BATCH] = {0, VG_MAPS_FLAME, 0, VG_MAPS_GROUND};
    for (uint32_t i = 0; i < BATCH; i++) {
        assert_int_equal(vg_map_flux_open(&d->flux[i].maps, vg_engine_maps(d->engine), sets[i], 1),
                         VG_OK);
        assert_int_equal(vg_still_gate_open(&d->flux[i].gate), VG_OK);
        assert_int_equal(vg_maps_host_open(&d->host[i], sets[i]), VG_OK);
        d->flux[i].used = true;
        draw(d, &d->film[i]);
    }
    d->batch.answer = d->answer;
    *state = d;
    return 0;
}

static int desk_close(void **state)
{
    struct desk *d = *state;
    for (uint32_t i = 0; i < BATCH; i++) {
        vg_map_flux_close(&d->flux[i].maps);
        vg_still_gate_close(&d->flux[i].gate);
        vg_maps_host_close(&d->host[i]);
    }
    vg_engine_close(&d->engine);
    vg_model_close(&d->model);
    (void)pthread_mutex_destroy(&d->lock);
    free(d->flux);
    free(d);
    return 0;
}

static void same_answer(const struct vg_answer *got, const struct vg_answer *want)
{
    assert_int_equal(got->count, want->count);
    assert_memory_equal(got->detection, want->detection, got->count * sizeof *got->detection);
}

static bool in_mask(void *user, uint32_t job)
{
    return *(const uint32_t *)user >> job & 1;
}

/* Each set of stills, of four different pictures. */
static void what_goes_through_is_answered_as_ever(void **state)
{
    struct desk *d = *state;
    struct vg_job job[BATCH];
    uint32_t found = 0;
    for (uint32_t i = 0; i < BATCH; i++) {
        job[i] = job_of(d, i, (struct vg_media_time){0});
        job[i].maps = NULL;
    }
    assert_int_equal(vg_engine_run(d->engine, job, BATCH, d->plain, NULL), VG_OK);
    for (uint32_t mask = 0; mask < 1U << BATCH; mask++) {
        struct vg_engine_gate gate = {.still = in_mask, .user = &mask};
        const struct vg_media_time time = {(int64_t)(mask + 1) * 200000};
        for (uint32_t i = 0; i < BATCH; i++) {
            job[i] = job_of(d, i, time);
            d->answer[i].count = 1000 + i;
        }
        assert_int_equal(vg_engine_run_gated(d->engine, job, BATCH, &gate, d->answer, NULL), VG_OK);
        assert_int_equal(gate.through, BATCH - (uint32_t)__builtin_popcount(mask));
        const struct vg_engine_times times = vg_engine_last_times(d->engine);
        assert_true(times.maps_us > 0 && (times.infer_us > 0) == (gate.through > 0));
        for (uint32_t i = 0; i < BATCH; i++) {
            const struct vg_maps *maps = vg_map_flux_maps(d->flux[i].maps, 0);
            const struct vg_maps *want = vg_maps_host_step(d->host[i], job[i].picture, time);
            const size_t area = (size_t)want->size.width * want->size.height;
            assert_memory_equal(maps->luma, want->luma, area);
            assert_memory_equal(maps->red, want->red, area);
            if (mask >> i & 1)
                assert_int_equal(d->answer[i].count, 1000 + i);
            else
                same_answer(&d->answer[i], &d->plain[i]);
            found += d->answer[i].count;
        }
    }
    assert_true(found > 0);
}

/* A batch of the loop: of each flux a picture, some of which are those of before. */
static void run_batch(struct desk *d, const struct vg_device_unit *unit, int64_t us)
{
    struct vg_live_batch *batch = &d->batch;
    const struct vg_device_gate_hold hold = {&d->lock, &d->given_up};
    batch->count = batch->jobs = BATCH;
    batch->through = 0;
    for (uint32_t i = 0; i < BATCH; i++) {
        struct vg_live_work *work = &batch->work[i];
        *work = (struct vg_live_work){.flux = &d->flux[i],
                                      .batch = batch,
                                      .picture = d->film[i].picture,
                                      .media = {us},
                                      .period_us = 200000,
                                      .first_job = i};
        vg_device_gate_begin(work);
        batch->job[i] = job_of(d, i, work->media);
    }
    assert_int_equal(vg_device_gate_run(unit, batch, 0, 2, NULL),
                     VG_OK); /* as where looks fill it */
    batch->times = unit->last_times(unit->self);
    assert_int_equal(vg_device_gate_run(unit, batch, 2, 2, &hold), VG_OK);
    for (uint32_t i = 0; i < BATCH; i++)
        vg_device_gate_end(&batch->work[i], &batch->answer[i]);
}

static void each_picture_is_detected_or_still(void **state)
{
    struct desk *d = *state;
    struct vg_device_unit unit = vg_device_unit_engine(d->engine);
    uint32_t stills = 0, since[BATCH] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t still = 0;
        bool changed[BATCH];
        int64_t sum_us = 0;
        for (uint32_t i = 0; i < BATCH; i++) {
            changed[i] = round == 0 || vg_random_below(&d->random, 15) == 0;
            if (changed[i])
                draw(d, &d->film[i]);
        }
        run_batch(d, &unit, 100 * VG_US_PER_S + round * INT64_C(200000));
        for (uint32_t i = 0; i < BATCH; i++) {
            const struct vg_live_work *work = &d->batch.work[i];
            const bool is = work->verdict == VG_GATE_STILL;
            assert_true(work->looked);
            assert_false(is && changed[i]);
            since[i] = is ? since[i] + 1 : 0;
            assert_true(since[i] <= 9); /* the bound */
            if (is)
                same_answer(&d->answer[i], &d->last[i]);
            d->last[i] = d->answer[i];
            still += is;
        }
        assert_int_equal(d->batch.through + still, BATCH);
        d->batch.times = (struct vg_engine_times){400, 4000, 100, 80};
        for (uint32_t i = 0; i < BATCH; i++)
            sum_us += vg_device_gate_us(&d->batch.work[i]);
        if (d->batch.through)
            assert_in_range(sum_us, 4580 - BATCH, 4580);
        else
            assert_int_equal(sum_us, 80);
        assert_true(vg_device_gate_through_us(&d->batch) <= 4580);
        stills += still;
    }
    assert_true(stills > ROUNDS * BATCH / 3);
}

static void a_device_without_a_gate_detects_all(void **state)
{
    struct desk *d = *state;
    struct vg_device_unit unit = vg_device_unit_engine(d->engine);
    unit.run_gated = NULL;
    for (int round = 0; round < 12; round++) {
        run_batch(d, &unit, 500 * VG_US_PER_S + round * INT64_C(200000));
        assert_int_equal(d->batch.through, BATCH);
    }
}

/* Its flux may be another device's by now: nothing of them is looked at. */
static void a_batch_that_was_given_up_is_let_through(void **state)
{
    struct desk *d = *state;
    struct vg_device_unit unit = vg_device_unit_engine(d->engine);
    for (int round = 0; round < 12; round++)
        run_batch(d, &unit, 700 * VG_US_PER_S + round * INT64_C(200000));
    assert_int_equal(d->batch.work[2].verdict, VG_GATE_STILL);
    d->given_up = true;
    struct vg_live_batch *batch = &d->batch;
    const struct vg_device_gate_hold hold = {&d->lock, &d->given_up};
    for (uint32_t i = 0; i < BATCH; i++) {
        batch->work[i].media.us += 200000;
        vg_device_gate_begin(&batch->work[i]);
        batch->job[i] = job_of(d, i, batch->work[i].media);
    }
    batch->through = 0;
    assert_int_equal(vg_device_gate_run(&unit, batch, 0, BATCH, &hold), VG_OK);
    assert_int_equal(batch->through, BATCH);
    for (uint32_t i = 0; i < BATCH; i++)
        assert_false(batch->work[i].looked);
    d->given_up = false;
}

static void a_flux_that_moves_begins_anew(void **state)
{
    struct desk *d = *state;
    struct vg_device_unit unit = vg_device_unit_engine(d->engine);
    for (int round = 0; round < 12; round++)
        run_batch(d, &unit, 900 * VG_US_PER_S + round * INT64_C(200000));
    assert_int_equal(d->batch.work[0].verdict, VG_GATE_STILL);
    vg_still_gate_forget(d->flux[0].gate);
    run_batch(d, &unit, 903 * VG_US_PER_S);
    assert_int_equal(d->batch.work[0].verdict, VG_GATE_BEGINS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_through_is_answered_as_ever),
        cmocka_unit_test(each_picture_is_detected_or_still),
        cmocka_unit_test(a_device_without_a_gate_detects_all),
        cmocka_unit_test(a_batch_that_was_given_up_is_let_through),
        cmocka_unit_test(a_flux_that_moves_begins_anew),
    };
    return cmocka_run_group_tests(tests, desk_open, desk_close);
}
