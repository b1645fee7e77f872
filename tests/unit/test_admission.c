/* Will it fit: what is answered before a flux or a rule is saved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scheduler/forecast/admission.h"
#include "src/base/alloc.h"

enum {
    FLUX = 8
};

/* Eight flux of 5 pictures a second on a device that takes so long for each, alone. */
static struct vg_admission_ask site(struct vg_sim_flux *flux, struct vg_sim_device *device,
                                    int64_t job_us)
{
    for (uint32_t i = 0; i < FLUX; i++)
        flux[i] = (struct vg_sim_flux){.wanted_milli = 5000, .floor_milli = 2000, .priority = 5};
    *device = (struct vg_sim_device){.job_us = job_us, .jitter_milli = 50, .batch_max = 4};
    return (struct vg_admission_ask){
        .site = {.flux = flux, .device = device, .flux_count = FLUX, .device_count = 1, .seed = 3},
        .flux = {.wanted_milli = 5000, .floor_milli = 2000, .priority = 5},
        .replaces = VG_ADMISSION_NEW};
}

static const struct {
    const char *name;
    int64_t job_us;
    uint32_t wanted_milli, floor_milli, priority, jobs, replaces;
    enum vg_admission_verdict verdict;
    enum vg_admission_reason reason;
    uint32_t fallen_min, fallen_max, more; /* one less may be said: it is measured */
} rows[] = {
    {"half full", 10000, 5000, 2000, 5, 1, VG_ADMISSION_NEW, VG_ADMISSION_HELD, VG_ADMISSION_FITS,
     0, 0, 10},
    {"the last that fits", 20500, 5000, 2000, 5, 1, VG_ADMISSION_NEW, VG_ADMISSION_HELD,
     VG_ADMISSION_FITS, 0, 0, 0},
    {"all get a little less", 23000, 5000, 2000, 5, 1, VG_ADMISSION_NEW, VG_ADMISSION_DEGRADED,
     VG_ADMISSION_RATES, 9, 9, 0},
    {"itself alone gets less", 23000, 5000, 1000, 9, 1, VG_ADMISSION_NEW, VG_ADMISSION_DEGRADED,
     VG_ADMISSION_RATES, 1, 9, 0},
    {"its floor finds no room", 40000, 5000, 5000, 9, 2, VG_ADMISSION_NEW, VG_ADMISSION_REFUSED,
     VG_ADMISSION_FLOORS, 1, 9, 0},
    {"a neighbour would be shed", 50000, 5000, 5000, 0, 1, VG_ADMISSION_NEW, VG_ADMISSION_REFUSED,
     VG_ADMISSION_FLOORS, 1, 9, 0},
    {"tiles on a flux that is there", 20000, 5000, 2000, 5, 6, 3, VG_ADMISSION_DEGRADED,
     VG_ADMISSION_RATES, 2, 8, 0},
    {"a lower rate of one that is there", 20000, 2000, 2000, 5, 1, 3, VG_ADMISSION_HELD,
     VG_ADMISSION_FITS, 0, 0, 0},
};

static void it_is_answered_as_it_is(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_sim_flux flux[FLUX];
        struct vg_sim_device device;
        struct vg_admission answer;
        struct vg_fault fault;
        struct vg_admission_ask ask = site(flux, &device, rows[r].job_us);
        ask.flux = (struct vg_sim_flux){.wanted_milli = rows[r].wanted_milli,
                                        .floor_milli = rows[r].floor_milli,
                                        .priority = rows[r].priority,
                                        .jobs = rows[r].jobs};
        ask.replaces = rows[r].replaces;
        assert_int_equal(vg_admission_ask(&ask, &answer, &fault), VG_OK);
        if (answer.verdict != rows[r].verdict || answer.reason != rows[r].reason ||
            answer.fallen_count < rows[r].fallen_min || answer.fallen_count > rows[r].fallen_max ||
            answer.more > rows[r].more || answer.more + 1 < rows[r].more)
            fail_msg("%s: %d, %d, %u fall, %u more, load %.3f, p99 %.1f ms, worst %.3f",
                     rows[r].name, (int)answer.verdict, (int)answer.reason, answer.fallen_count,
                     answer.more, answer.load_after, (double)answer.p99_us / 1e3,
                     answer.worst_after);
        assert_true(answer.p50_us > 0 && answer.p50_us <= answer.p95_us &&
                    answer.p95_us <= answer.p99_us);
        for (uint32_t i = 1; i < answer.fallen_count && i < VG_ADMISSION_FALLEN_MAX; i++) {
            const struct vg_admission_fallen *f = &answer.fallen[i];
            assert_true(f->after_milli * (double)f[-1].before_milli >=
                        f[-1].after_milli * (double)f->before_milli);
        }
    }
}

/* A device that takes nearly a second for a batch, of whatever size. */
static void what_comes_too_late_is_refused(void **state)
{
    (void)state;
    struct vg_sim_flux flux[FLUX];
    struct vg_sim_device device;
    struct vg_admission answer;
    struct vg_admission_ask ask = site(flux, &device, 10000);
    device.start_us = 900000;
    device.batch_max = 16;
    for (uint32_t i = 0; i < FLUX; i++)
        flux[i] = (struct vg_sim_flux){.wanted_milli = 400};
    ask.flux = flux[0];
    assert_int_equal(vg_admission_ask(&ask, &answer, NULL), VG_OK);
    assert_int_equal(answer.verdict, VG_ADMISSION_REFUSED);
    assert_int_equal(answer.reason, VG_ADMISSION_LATENCY);
    assert_true(answer.headroom > 0 && answer.p95_us > VG_ADMISSION_LATENCY_US);
}

static void the_first_flux_and_the_last(void **state)
{
    (void)state;
    static struct vg_sim_flux many[VG_SIM_FLUX_MAX];
    struct vg_sim_device device;
    struct vg_admission answer;
    struct vg_fault fault;
    struct vg_admission_ask ask = site(many, &device, 10000);
    ask.site.flux_count = 0;
    assert_int_equal(vg_admission_ask(&ask, &answer, &fault), VG_OK);
    assert_int_equal(answer.verdict, VG_ADMISSION_HELD);
    assert_in_range(answer.more, 17, 18);
    ask.site.flux_count = VG_SIM_FLUX_MAX;
    assert_int_equal(vg_admission_ask(&ask, &answer, &fault), VG_E_FULL);
    ask.replaces = VG_SIM_FLUX_MAX;
    assert_int_equal(vg_admission_ask(&ask, &answer, &fault), VG_E_CALL);
    ask.replaces = VG_ADMISSION_NEW;
    ask.site.flux_count = FLUX;
    ask.site.device_count = 0;
    assert_int_equal(vg_admission_ask(&ask, &answer, &fault), VG_E_CALL);
    ask.site.device_count = 1;
    for (uint32_t n = 1;; n++) {
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_admission_ask(&ask, &answer, &fault);
        vg_alloc_fail_at(0);
        if (!status)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_true(n < 40);
    }
    for (int r = 0; r < VG_ADMISSION_REASON_COUNT; r++)
        for (int l = 0; l < VG_ADMISSION_LIMIT_COUNT; l++)
            assert_true(strlen(vg_admission_reason_text((enum vg_admission_reason)r,
                                                        (enum vg_admission_limit)l)) > 10);
}

enum {
    MANY = 40
};

/* Flux of 5 pictures a second, of 25 that their cameras send; PoCL on two cores, or a board. */
static struct vg_admission_ask machine(struct vg_sim_flux *flux, uint32_t count,
                                       struct vg_sim_device *device, uint32_t device_cores)
{
    for (uint32_t i = 0; i <= count; i++)
        flux[i] = (struct vg_sim_flux){.wanted_milli = 5000,
                                       .floor_milli = 2000,
                                       .source_milli = 25000,
                                       .priority = 5,
                                       .decode_us = 1700};
    *device = (struct vg_sim_device){.start_us = 2000,
                                     .job_us = 14000,
                                     .jitter_milli = 100,
                                     .batch_max = 4,
                                     .cores_milli = device_cores};
    return (struct vg_admission_ask){
        .site = {.flux = flux,
                 .device = device,
                 .flux_count = count,
                 .device_count = 1,
                 .host = {.cores_milli = 1900, .workers = 1, .follow_us = 600},
                 .seed = 15},
        .flux = flux[count],
        .replaces = VG_ADMISSION_NEW};
}

static struct vg_admission answer_of(const struct vg_admission_ask *ask)
{
    struct vg_admission answer;
    assert_int_equal(vg_admission_ask(ask, &answer, NULL), VG_OK);
    return answer;
}

/* How many are held: added one after the other. `most`: the largest number that was promised. */
static uint32_t fill(struct vg_sim_flux *flux, struct vg_sim_device *device, uint32_t device_cores,
                     uint32_t *most, struct vg_admission *answer)
{
    *most = 0;
    for (uint32_t n = 0; n < MANY; n++) {
        const struct vg_admission_ask ask = machine(flux, n, device, device_cores);
        *answer = answer_of(&ask);
        if (answer->verdict != VG_ADMISSION_HELD)
            return n;
        *most = n + 1 + answer->more > *most ? n + 1 + answer->more : *most;
        assert_true(answer->headroom > -0.1 && answer->headroom < 1);
    }
    return MANY;
}

/* A picture takes 14.5 ms of 1.9 cores, five times a second, and decoding 42 ms a second: about ten
 * such flux are two cores. The device alone would take a dozen and more. */
static void a_device_that_is_the_processor_shares_it(void **state)
{
    (void)state;
    struct vg_sim_flux flux[MANY + 1];
    struct vg_sim_device device;
    struct vg_admission answer;
    uint32_t most;
    const uint32_t held = fill(flux, &device, 1900, &most, &answer);
    if (held < 8 || held > 12 || most > held + 1)
        fail_msg("%u are held, %u were promised", held, most);
    assert_int_equal(answer.limited_by, VG_ADMISSION_BY_CORES);
    assert_true(answer.headroom < 0.1);
    struct vg_admission_ask ask = machine(flux, 3, &device, 1900);
    answer = answer_of(&ask);
    assert_in_range(answer.more, 3, held - 4 + 1);
    assert_int_equal(answer.limited_by, VG_ADMISSION_BY_CORES);
    /* the same with nothing beside it */
    ask.site.host = (struct vg_sim_host){0};
    for (uint32_t i = 0; i <= 3; i++)
        flux[i].decode_us = 0;
    ask.flux = flux[3];
    device.cores_milli = 0;
    const uint32_t shared = answer.more;
    answer = answer_of(&ask);
    assert_int_equal(answer.limited_by, VG_ADMISSION_BY_DEVICE);
    assert_true(answer.more > shared);
}

/* Beside a board the cores have the decoders and workers: it is the board that ends first, or not. */
static void beside_a_board_the_cores_count_too(void **state)
{
    (void)state;
    struct vg_sim_flux flux[MANY + 1];
    struct vg_sim_device device;
    struct vg_admission answer;
    uint32_t most;
    const uint32_t held = fill(flux, &device, 0, &most, &answer);
    assert_in_range(held, 11, 14);
    assert_int_equal(answer.limited_by, VG_ADMISSION_BY_DEVICE);
    struct vg_admission_ask ask = machine(flux, 10, &device, 0);
    device.start_us = 100;
    device.job_us = 200; /* a fast one */
    answer = answer_of(&ask);
    assert_int_equal(answer.limited_by, VG_ADMISSION_BY_CORES);
    assert_in_range(answer.more, 20, 30); /* 45 ms a second each, of 1.8 s */
    /* a high rate costs the board, not decoding */
    ask.flux.wanted_milli = 25000;
    answer = answer_of(&ask);
    assert_int_equal(answer.verdict, VG_ADMISSION_HELD);
    /* a hundred times dearer to decode than all others */
    ask.flux.decode_us = 60000;
    answer = answer_of(&ask);
    assert_true(answer.headroom < 0.1 && answer.limited_by == VG_ADMISSION_BY_CORES);
    assert_int_equal(answer.more, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_answered_as_it_is),
        cmocka_unit_test(what_comes_too_late_is_refused),
        cmocka_unit_test(the_first_flux_and_the_last),
        cmocka_unit_test(a_device_that_is_the_processor_shares_it),
        cmocka_unit_test(beside_a_board_the_cores_count_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
