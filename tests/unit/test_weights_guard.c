/* The weights on the device stay those that were put there, or no batch is answered any more.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "scheduler/device_thread.h"
#include "scheduler/live_flux.h"
#include "tests/net_fixture.h"
#include "tests/random_net.h"
#include "tests/weight_change.h"

enum {
    DEADLINE_MS = 20000,
    SIDE = 64
};

struct desk {
    struct vg_engine *engine;
    struct vg_ring *back;
    struct vg_device_thread *thread;
    struct vg_stage_times *times;
    struct vg_live_batch *batch;
    struct vg_live_flux *flux;
    struct vg_picture picture;
    uint8_t pixels[SIDE * SIDE * 3 / 2];
};

/* Whether a batch of one picture is answered. */
static bool answered(struct desk *d)
{
    struct vg_live_work *work = NULL;
    d->batch->count = d->batch->jobs = 1;
    d->batch->job[0] = (struct vg_job){.picture = &d->picture, .threshold = 0.5F, .nms = 0.5F};
    d->batch->work[0] = (struct vg_live_work){.flux = d->flux, .batch = d->batch};
    assert_int_equal(vg_device_thread_run(d->thread, d->batch), VG_OK);
    while (vg_ring_pop(d->back, &work) != VG_OK)
        assert_int_equal(vg_ring_wait(d->back, DEADLINE_MS), VG_OK);
    return work->answer != NULL;
}

static struct desk *desk_open(const struct vg_model *model, int64_t every_us)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    settings.picture_width_max = settings.picture_height_max = SIDE;
    assert_int_equal(vg_engine_open(&d->engine, model, &settings, NULL), VG_OK);
    d->times = calloc(1, sizeof *d->times);
    d->batch = calloc(1, sizeof *d->batch);
    d->flux = calloc(1, sizeof *d->flux);
    assert_true(d->times && d->batch && d->flux);
    d->batch->answer = calloc(1, sizeof *d->batch->answer);
    assert_non_null(d->batch->answer);
    d->picture = (struct vg_picture){.luma = d->pixels,
                                     .chroma = d->pixels + SIDE * SIDE,
                                     .width = SIDE,
                                     .height = SIDE,
                                     .luma_stride = SIDE,
                                     .chroma_stride = SIDE};
    assert_int_equal(vg_ring_open(&d->back, 8, sizeof(struct vg_live_work *)), VG_OK);
    const struct vg_device_settings device = {.unit = vg_device_unit_engine(d->engine),
                                              .to_worker = {d->back},
                                              .times = d->times,
                                              .weights_every_us = every_us};
    assert_int_equal(vg_device_thread_open(&d->thread, &device), VG_OK);
    return d;
}

static void desk_close(struct desk *d)
{
    vg_device_thread_close(&d->thread);
    vg_engine_close(&d->engine);
    vg_ring_close(&d->back);
    free(d->batch->answer);
    free(d->batch);
    free(d->times);
    free(d->flux);
    free(d);
}

/* Batches whose times were booked. */
static uint64_t timed(const struct desk *d)
{
    uint64_t count = 0;
    for (int i = 0; i < VG_TIME_METRIC_BUCKETS; i++)
        count += atomic_load(&d->times->stage[VG_STAGE_INFER].bucket[i]);
    return count;
}

static void altered_weights_answer_nothing(void **state)
{
    struct vg_model *model = random_net(52);
    (void)state;
    struct desk *d = desk_open(model, 1);
    assert_true(answered(d));
    assert_true(answered(d));
    assert_int_equal(d->batch->status, VG_OK);
    weight_change(d->engine);
    (void)answered(d); /* perhaps begun before the look */
    const uint64_t before = timed(d);
    assert_true(before == 2 || before == 3);
    assert_false(answered(d));
    assert_int_equal(timed(d), before); /* what was not run took no time */
    assert_int_equal(d->batch->status, VG_E_INTEGRITY);
    assert_string_equal(d->batch->fault.what, "the weights were altered in memory");
    weight_change(d->engine); /* what was wrong once is not trusted again */
    assert_false(answered(d));
    desk_close(d);
    vg_model_close(&model);
}

static void within_the_hour_nothing_is_looked_at(void **state)
{
    struct vg_model *model = random_net(52);
    (void)state;
    struct desk *d = desk_open(model, 0);
    weight_change(d->engine);
    assert_true(answered(d));
    assert_true(answered(d));
    desk_close(d);
    vg_model_close(&model);
}

static void the_digest_is_of_every_weight(void **state)
{
    struct net_fixture *f = net_fixture_open(52);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    uint8_t first[VG_SHA256_BYTES], now[VG_SHA256_BYTES];
    (void)state;
    settings.picture_width_max = settings.picture_height_max = SIDE;
    assert_int_equal(vg_engine_open(&engine, f->model, &settings, NULL), VG_OK);
    assert_int_equal(vg_engine_weights_digest(engine, first, NULL), VG_OK);
    assert_true(net_fixture_error(f, engine) < NET_TOLERANCE); /* a run changes none */
    assert_int_equal(vg_engine_weights_digest(engine, now, NULL), VG_OK);
    assert_memory_equal(first, now, sizeof now);
    weight_change(engine);
    assert_int_equal(vg_engine_weights_digest(engine, now, NULL), VG_OK);
    assert_memory_not_equal(first, now, sizeof now);
    vg_engine_close(&engine);
    net_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_of_every_weight),
        cmocka_unit_test(altered_weights_answer_nothing),
        cmocka_unit_test(within_the_hour_nothing_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
