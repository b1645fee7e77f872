/* The device that looks at nothing, and the flux without cameras: times, answers, counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "bench/flux_hold.h"
#include "bench/scheduler_run.h"
#include "bench/synthetic_flux.h"
#include "bench/timed_device.h"
#include "src/base/clock.h"

#define BATCH 4

static const uint8_t usual[] = {16}, dear[] = {VG_TIMED_DEAR};

static void a_batch_takes_start_and_jobs(void **state)
{
    static const struct {
        uint32_t dearer, count, first_dear;
        int64_t us;
    } rows[] = {
        {0, 0, BATCH, 1000}, {0, 1, BATCH, 1300}, {0, 4, BATCH, 2200},
        {0, 4, 2, 2200}, /* marked, but no attack */
        {1, 4, 2, 2200},     {10, 4, 3, 4900},    {10, 4, 0, 13000},
    };
    const struct vg_picture is_usual = {.luma = usual}, is_dear = {.luma = dear};
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const struct vg_timed_device_settings settings = {1000, 300, rows[r].dearer};
        struct vg_job job[BATCH];
        for (uint32_t i = 0; i < BATCH; i++)
            job[i] = (struct vg_job){.picture = i < rows[r].first_dear ? &is_usual : &is_dear};
        assert_int_equal(vg_timed_device_us(&settings, job, rows[r].count), rows[r].us);
    }
}

static void persons_walk_within_the_picture(void **state)
{
    static struct vg_answer before, now;
    (void)state;
    for (uint32_t who = 0; who < 200; who++)
        for (int64_t us = 0; us < 30 * VG_US_PER_S; us += VG_US_PER_S / 5) {
            vg_timed_device_answer(704, 576, us, who, &now);
            assert_int_equal(now.count, 3);
            for (uint32_t i = 0; i < now.count; i++) {
                const struct vg_box *box = &now.detection[i].box;
                assert_true(box->left >= 0 && box->left + box->width <= 704);
                assert_true(box->top >= 0 && box->top + box->height <= 576);
                /* his side of the middle, and no leaps: 4 % of the width a second */
                assert_true(i == 2 ? box->left > 352 : box->left + box->width < 352);
                if (us)
                    assert_true(fabsf(box->left - before.detection[i].box.left) < 704 * 0.02F);
            }
            before = now;
        }
}

static void runs_last_as_long_as_they_should(void **state)
{
    enum {
        RUNS = 20
    };
    const struct vg_timed_device_settings settings = {2000, 500, 0};
    const struct vg_picture picture = {.luma = usual, .width = 64, .height = 64};
    const struct vg_job job[BATCH] = {
        {.picture = &picture}, {.picture = &picture}, {.picture = &picture}, {.picture = &picture}};
    static struct vg_answer answer[BATCH];
    struct vg_timed_device *device = NULL;
    (void)state;
    assert_int_equal(vg_timed_device_open(&device, &settings), VG_OK);
    const struct vg_device_unit unit = vg_timed_device_unit(device);
    const int64_t from_us = vg_mono_now().us;
    for (int i = 0; i < RUNS; i++)
        assert_int_equal(unit.run(unit.self, job, BATCH, answer, NULL), VG_OK);
    /* late wake-ups are made up for, but never more than that */
    assert_true(vg_mono_now().us - from_us >= RUNS * 4000);
    assert_int_equal(unit.last_times(unit.self).infer_us, 4000);
    const struct vg_timed_device_counts counts = vg_timed_device_read(device);
    assert_int_equal(counts.runs, RUNS);
    assert_int_equal(counts.jobs, RUNS * BATCH);
    assert_int_equal(counts.busy_us, RUNS * 4000);
    vg_timed_device_close(&device);
}

/* As analysis reads: wants one of the flux, takes it, counts it. */
static void read_one(struct vg_slots *reader, const struct vg_synthetic *flux, uint32_t number)
{
    const uint32_t place = number % VG_SYNTHETIC_PER_INGEST,
                   ingest = number / VG_SYNTHETIC_PER_INGEST;
    struct pollfd ready = {.fd = vg_synthetic_ready_fd(flux, ingest), .events = POLLIN};
    struct vg_picture picture;
    uint32_t slot;
    uint64_t count;
    vg_slots_want(reader, place, vg_mono_now().us);
    assert_int_equal(poll(&ready, 1, 5000), 1);
    assert_int_equal(read(ready.fd, &count, sizeof count), (ssize_t)sizeof count);
    assert_int_equal(vg_slots_take_newest(reader, place, &slot, &picture), VG_OK);
    assert_int_equal(picture.width, 704);
    assert_int_equal(picture.luma[0] == VG_TIMED_DEAR, number == 0);
    vg_slots_count(reader, place, VG_FATE_ANALYSED);
    vg_slots_give_back(reader, place, slot);
}

static void each_picture_has_one_fate(void **state)
{
    const struct vg_synthetic_settings settings = {.count = VG_SYNTHETIC_PER_INGEST + 2,
                                                   .width = 704,
                                                   .height = 576,
                                                   .jitter_us = 5000,
                                                   .dear = 1,
                                                   .seed = 7};
    struct vg_synthetic *flux = NULL;
    struct vg_slots *reader[2] = {NULL};
    char id[VG_SERVER_ID_SIZE];
    (void)state;
    assert_int_equal(vg_synthetic_open(&flux, &settings, NULL), VG_OK);
    assert_int_equal(vg_synthetic_ingests(flux), 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(vg_slots_open(&reader[i], vg_synthetic_slots_fd(flux, i), NULL), VG_OK);
    assert_int_equal(vg_synthetic_start(flux, NULL), VG_OK);
    for (int round = 0; round < 3; round++) {
        read_one(reader[0], flux, 0);
        read_one(reader[1], flux, VG_SYNTHETIC_PER_INGEST + 1);
    }
    vg_slots_want(reader[0], 3, 0); /* nobody takes this one */
    struct vg_slots_state s;
    do
        vg_synthetic_state(flux, 3, &s);
    while (s.ready == 0);
    vg_synthetic_stop(flux);
    for (uint32_t i = 0; i < settings.count; i++) {
        uint64_t sum = 0;
        vg_synthetic_state(flux, i, &s);
        for (int f = 0; f < VG_FATE_COUNT; f++)
            sum += s.fate[f];
        vg_hold_flux_name(i, id);
        assert_int_equal(s.tag, vg_slots_tag(id));
        assert_int_equal(sum, s.decoded);
        assert_int_equal(s.ready + s.held, 0);
        assert_int_equal(s.fate[VG_FATE_ANALYSED],
                         i == 0 || i == VG_SYNTHETIC_PER_INGEST + 1 ? 3 : 0);
        assert_int_equal(s.fate[VG_FATE_SHUTDOWN], i == 3);
    }
    for (uint32_t i = 0; i < 2; i++)
        vg_slots_close(&reader[i]);
    vg_synthetic_close(&flux);
}

static void wrong_settings_are_refused(void **state)
{
    static const struct vg_synthetic_settings rows[] = {
        {.count = 0, .width = 176, .height = 144},
        {.count = VG_SYNTHETIC_MAX + 1, .width = 176, .height = 144},
        {.count = 1, .width = 176, .height = 144, .jitter_us = -1},
        {.count = 1, .width = 176, .height = 144, .jitter_us = 40000},
        {.count = 1, .width = 177, .height = 144},
        {.count = 1, .width = 176, .height = 94},
        {.count = 1, .width = 2048, .height = 144},
    };
    struct vg_synthetic *flux = NULL;
    struct vg_fault fault;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vg_synthetic_open(&flux, &rows[i], &fault), VG_E_CALL);
        assert_null(flux);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_takes_start_and_jobs),
        cmocka_unit_test(persons_walk_within_the_picture),
        cmocka_unit_test(runs_last_as_long_as_they_should),
        cmocka_unit_test(each_picture_has_one_fate),
        cmocka_unit_test(wrong_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
