/* The decode ladder against every failure of the test driver (tests/va): each picture comes once
 * and is what software alone makes of it; a hang is seen from another thread; up again in time.
 * labels: threads */
#if VG_HAS_VA
#include <pthread.h>
#include <stdatomic.h>

#include "tests/va_fixture.h"

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/random.h"
#include "src/media/decode_device.h"
#include "src/media/decode_ladder.h"

#define PICTURE_US INT64_C(40000)

enum look {
    LOOK_ALL,
    LOOK_SOME, /* every third is converted */
    LOOK_NONE
};

struct trial {
    const char *what;
    struct vg_ladder *ladder;
    struct shots *shots;
    uint8_t *memory;
    enum look look;
    uint64_t refused; /* as told */
};

static struct stage *stage_of(void **state)
{
    return *state;
}

static void take(struct trial *trial)
{
    struct vg_decoded decoded;
    enum vg_status status = VG_OK;
    while ((status = vg_ladder_receive(trial->ladder, &decoded)) == VG_OK) {
        const struct vg_pixels pixels = shot_room(trial->memory, &decoded);
        const bool looked =
            trial->look == LOOK_ALL || (trial->look == LOOK_SOME && trial->shots->count % 3 == 0);
        if (looked && vg_ladder_convert(trial->ladder, &pixels))
            fail_msg("%s: picture %zu cannot be had", trial->what, trial->shots->count);
        shot_add(trial->shots, &decoded, looked ? hash_of(&pixels) : 0);
    }
    assert_int_equal(status, VG_E_END);
}

static struct vg_ladder *ladder_on(struct vg_decode_devices *devices, const struct film *film)
{
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_ladder *ladder = NULL;
    settings.devices = devices;
    assert_int_equal(
        vg_ladder_open(&ladder, &settings, film->codec, (struct vg_mono_time){0}, NULL), VG_OK);
    return ladder;
}

/* Packets `from` to `to`, one every 40 ms by their arrival; `to` beyond the last: and the end. */
static void play(struct trial *trial, const struct film *film, size_t from, size_t to)
{
    for (size_t i = from; i < to && i <= film->count; i++) {
        const AVPacket *packet = i < film->count ? film->packet[i] : NULL;
        const struct vg_mono_time arrival = {(int64_t)(i + 1) * PICTURE_US};
        const enum vg_status status = vg_ladder_send(trial->ladder, packet, arrival);
        if (status == VG_E_IO)
            trial->refused++;
        else if (status != VG_E_FULL)
            assert_int_equal(status, VG_OK);
        take(trial);
    }
}

static struct vg_ladder_state state_of(const struct trial *trial)
{
    struct vg_ladder_state state;
    vg_ladder_state(trial->ladder, &state);
    return state;
}

static uint64_t falls_of(const struct vg_ladder_state *state)
{
    uint64_t falls = 0;
    for (int i = 0; i < VG_LADDER_CAUSE_COUNT; i++)
        falls += state->falls[i];
    return falls;
}

static uint64_t all_falls(const struct trial *trial)
{
    const struct vg_ladder_state state = state_of(trial);
    return falls_of(&state);
}

/* The whole film over a driver with these faults. */
static struct vg_ladder_state run(const char *what, const char *faults, const struct film *film,
                                  enum look look, struct shots *shots)
{
    struct vg_decode_devices *devices = va_devices(faults);
    struct trial trial = {.what = what, .shots = shots, .look = look};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(devices, film);
    shots->count = 0;
    vg_alloc_seal();
    play(&trial, film, 0, SIZE_MAX);
    vg_alloc_unseal();
    const struct vg_ladder_state state = state_of(&trial);
    assert_int_equal(trial.refused, state.refused);
    assert_int_equal(state.packets, film->count);
    assert_int_equal(state.pictures, shots->count);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
    return state;
}

static const struct fault_row {
    const char *word;
    bool numbered; /* by the picture that fails */
    enum vg_ladder_cause cause;
    enum vg_decode_step step; /* at the end */
} faults[] = {
    {"", false, VG_LADDER_NO_CAUSE, VG_DECODE_VAAPI},
    {"noderive", false, VG_LADDER_NO_CAUSE, VG_DECODE_VAAPI},
    {"nocodec", false, VG_LADDER_REFUSED, VG_DECODE_FULL},
    {"config", false, VG_LADDER_REFUSED, VG_DECODE_FULL},
    {"context", false, VG_LADDER_REFUSED, VG_DECODE_FULL},
    {"surfaces=3", false, VG_LADDER_REFUSED, VG_DECODE_FULL},
    {"begin", true, VG_LADDER_ERROR, VG_DECODE_FULL},
    {"end", true, VG_LADDER_ERROR, VG_DECODE_FULL},
    {"once", true, VG_LADDER_ERROR, VG_DECODE_FULL},
    {"sync", true, VG_LADDER_TRANSFER, VG_DECODE_FULL},
    {"noimage", false, VG_LADDER_TRANSFER, VG_DECODE_FULL},
};
enum {
    FAULTS = sizeof faults / sizeof *faults
};

static void expect(const char *what, const struct fault_row *row, enum look look,
                   const struct vg_ladder_state *state)
{
    if (look != LOOK_NONE && state->step != row->step)
        fail_msg("%s: ends on %s", what, vg_decode_step_name(state->step));
    if (look != LOOK_NONE && state->cause != row->cause)
        fail_msg("%s: its cause is %s", what, vg_ladder_cause_name(state->cause));
    assert_true(falls_of(state) <= 1);
    assert_int_equal(state->refused, 0);
    assert_int_equal(state->passed, 0);
}

static void every_failure_is_bit_exact(void **state)
{
    struct stage *stage = stage_of(state);
    /* inside a GOP, on its key frame, right before and after it, at the very first and near the end */
    static const int at[] = {0, 24, 25, 27, 60};
    static struct shots got;
    for (size_t i = 0; i < FILMS; i++)
        for (size_t f = 0; f < FAULTS; f++)
            for (size_t n = 0; n < sizeof at / sizeof *at; n++) {
                char words[64], what[128];
                if (!faults[f].numbered && (n > 0 || i % 3 != 0))
                    break;
                if (faults[f].numbered)
                    (void)snprintf(words, sizeof words, "%s=%d", faults[f].word, at[n]);
                else
                    (void)snprintf(words, sizeof words, "%s", faults[f].word);
                (void)snprintf(what, sizeof what, "%s %s", stage->film[i].name, words);
                const struct vg_ladder_state end =
                    run(what, words, &stage->film[i], LOOK_ALL, &got);
                same_shots(what, &got, &stage->want[i]);
                expect(what, &faults[f], LOOK_ALL, &end);
            }
}

/* Any film, any fault, any picture, some or none of them looked at. */
static void any_failure_is_bit_exact(void **state)
{
    struct stage *stage = stage_of(state);
    const char *given = getenv("VIGIE_SEED");
    const uint64_t seed = given ? strtoull(given, NULL, 10) : 20261122;
    static const char *const stems[] = {"begin", "end", "once", "sync"};
    static struct shots got;
    struct vg_random random;
    vg_random_seed(&random, seed);
    print_message("VIGIE_SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < 60; round++) {
        char words[64], what[128];
        const size_t film = vg_random_below(&random, FILMS);
        (void)snprintf(words, sizeof words, "%s=%u", stems[vg_random_below(&random, 4)],
                       vg_random_below(&random, 75));
        (void)snprintf(what, sizeof what, "%s %s", stage->film[film].name, words);
        const struct vg_ladder_state end =
            run(what, words, &stage->film[film],
                vg_random_below(&random, 2) ? LOOK_SOME : LOOK_NONE, &got);
        same_shots(what, &got, &stage->want[film]);
        assert_int_equal(end.refused, 0);
    }
}

/* A fall happens on a sealed thread, too: nothing of ours is allocated. */
static void a_fall_allocates_nothing(void **state)
{
    struct stage *stage = stage_of(state);
    static struct shots got;
    const uint64_t before = vg_alloc_sealed_count();
    const struct vg_ladder_state end = run("sealed", "once=30", &stage->film[2], LOOK_ALL, &got);
    assert_int_equal(end.falls[VG_LADDER_ERROR], 1);
    assert_int_equal(vg_alloc_sealed_count(), before);
}

/* Stamps play no part: without any, all the same, or stepping back. */
static void stamps_do_not_matter(void **state)
{
    struct stage *stage = stage_of(state);
    static struct shots got;
    struct film film;
    film_read(&film, &stage->folder, "pyramid.mp4");
    for (size_t i = 0; i < film.count; i++) {
        film.packet[i]->pts = i < 30 ? AV_NOPTS_VALUE : i < 40 ? 5 : (int64_t)(200 - i);
        film.packet[i]->dts = AV_NOPTS_VALUE;
    }
    (void)run("stamps", "end=33", &film, LOOK_ALL, &got);
    assert_int_equal(got.count, 75);
    for (size_t i = 0; i < got.count; i++)
        assert_true(got.shot[i].hash == stage->want[2].shot[i].hash);
    film_free(&film);
}

static void no_device_is_software(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const names[] = {"/dev/dri/renderD999", "cuda:99"};
    struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    struct vg_decode_devices *devices = NULL;
    static struct shots got;
    got.count = 0;
    settings.names = names;
    settings.count = 2;
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_OK);
    struct trial trial = {.what = "no device", .shots = &got};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(devices, &stage->film[1]);
    play(&trial, &stage->film[1], 0, SIZE_MAX);
    same_shots("no device", &got, &stage->want[1]);
    const struct vg_ladder_state end = state_of(&trial);
    assert_int_equal(end.step, VG_DECODE_FULL);
    assert_int_equal(end.cause, VG_LADDER_NO_DEVICE);
    assert_in_range(end.falls[VG_LADDER_NO_DEVICE], 1, 2); /* CUDA, where libavutil has it */
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

/* Without hardware nothing is kept; the processor's time is counted. */
static void software_alone_keeps_nothing(void **state)
{
    struct stage *stage = stage_of(state);
    static struct shots got;
    got.count = 0;
    struct trial trial = {.what = "software", .shots = &got};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(NULL, &stage->film[2]);
    play(&trial, &stage->film[2], 0, 40);
    struct vg_ladder_state now = state_of(&trial);
    assert_int_equal(now.kept_bytes, 0);
    assert_int_equal(now.kept_count, 0);
    assert_true(now.retry.us == INT64_MAX);
    assert_true(now.cpu_us > 0);
    play(&trial, &stage->film[2], 40, SIZE_MAX);
    same_shots("software", &got, &stage->want[2]);
    vg_ladder_close(&trial.ladder);
    vg_free(trial.memory);
}

/* What is kept is the GOP under way, and the one before only while its pictures are not out. */
static void one_gop_is_kept(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices *devices = va_devices("");
    static struct shots got;
    got.count = 0;
    struct trial trial = {.what = "kept", .shots = &got};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(devices, &stage->film[1]);
    play(&trial, &stage->film[1], 0, 26);
    assert_int_equal(state_of(&trial).kept_count, 26); /* the key frame's picture is not out yet */
    play(&trial, &stage->film[1], 26, 40);
    assert_int_equal(state_of(&trial).kept_count, 15);
    assert_true(state_of(&trial).kept_bytes > 0);
    assert_int_equal(state_of(&trial).surfaces.bytes,
                     (uint64_t)state_of(&trial).surfaces.count * 128 * 96 * 3 / 2);
    assert_true(state_of(&trial).surfaces.count > 0);
    assert_string_equal(state_of(&trial).device, "test");
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

/* A GOP beyond the bounds is not kept: a failure in it costs the pictures until the next key
 * frame, each of them told, none doubled. */
static void beyond_the_bounds_pictures_are_told_lost(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = va_devices("once=30");
    static struct shots got;
    size_t match = 0;
    got.count = 0;
    settings.devices = devices;
    settings.bytes_max = 2000; /* of a key frame alone there is more */
    struct trial trial = {.what = "bounds", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    play(&trial, &stage->film[0], 0, SIZE_MAX);
    const struct vg_ladder_state end = state_of(&trial);
    assert_int_equal(end.kept_bytes, 0);
    assert_int_equal(end.falls[VG_LADDER_ERROR], 1);
    assert_int_equal(trial.refused, 1);
    assert_int_equal(end.passed, 50 - 31);
    assert_int_equal(end.pictures + end.refused + end.passed, 75);
    for (size_t i = 0; i < 75 && match < got.count; i++)
        if (stage->want[0].shot[i].stamp == got.shot[match].stamp)
            assert_true(stage->want[0].shot[i].hash == got.shot[match++].hash);
    assert_int_equal(match, got.count);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

/* Packets go in and no pictures come out. */
static void a_silent_device_is_left(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = va_devices("");
    static struct shots got;
    got.count = 0;
    settings.devices = devices;
    settings.silent_max = 2; /* fewer than this clip holds back */
    struct trial trial = {.what = "silent", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[2].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    play(&trial, &stage->film[2], 0, SIZE_MAX);
    same_shots("silent", &got, &stage->want[2]);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_SILENT], 1);
    assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

/* Up again after the back-off, with the next key frame, without a picture lost or doubled. */
static void up_again(void **state)
{
    struct stage *stage = stage_of(state);
    for (size_t i = 0; i < FILMS; i++) {
        struct vg_ladder_settings settings = vg_ladder_defaults();
        struct vg_decode_devices *devices = va_devices("once=5");
        static struct shots got;
        got.count = 0;
        settings.devices = devices;
        settings.retry_us_min = VG_US_PER_S / 2;
        struct trial trial = {.what = stage->film[i].name, .shots = &got, .look = LOOK_ALL};
        trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
        assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[i].codec,
                                        (struct vg_mono_time){0}, NULL),
                         VG_OK);
        play(&trial, &stage->film[i], 0, 20);
        assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
        assert_true(state_of(&trial).retry.us > 6 * PICTURE_US + settings.retry_us_min - 1);
        play(&trial, &stage->film[i], 20, SIZE_MAX);
        same_shots(trial.what, &got, &stage->want[i]);
        assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI);
        assert_int_equal(state_of(&trial).rises, 1);
        assert_int_equal(state_of(&trial).since.us, 26 * PICTURE_US);
        vg_ladder_close(&trial.ladder);
        vg_decode_devices_close(&devices);
        vg_free(trial.memory);
    }
}

/* The budget takes full decoding away and gives it back. */
static void the_budget_is_obeyed(void **state)
{
    struct stage *stage = stage_of(state);
    static struct shots got;
    const struct shots *want = &stage->want[0];
    got.count = 0;
    struct trial trial = {.what = "budget", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(NULL, &stage->film[0]);
    play(&trial, &stage->film[0], 0, 10);
    vg_ladder_allow(trial.ladder, VG_DECODE_KEYS, (struct vg_mono_time){11 * PICTURE_US});
    play(&trial, &stage->film[0], 10, 30);
    assert_int_equal(got.count, 11);
    assert_true(got.shot[10].hash == want->shot[25].hash);
    assert_int_equal(state_of(&trial).step, VG_DECODE_KEYS);
    assert_int_equal(state_of(&trial).passed, 19);
    vg_ladder_allow(trial.ladder, VG_DECODE_NONE, (struct vg_mono_time){31 * PICTURE_US});
    play(&trial, &stage->film[0], 30, 40);
    assert_int_equal(got.count, 11);
    assert_int_equal(state_of(&trial).step, VG_DECODE_NONE);
    vg_ladder_allow(trial.ladder, VG_DECODE_FULL, (struct vg_mono_time){41 * PICTURE_US});
    assert_int_equal(state_of(&trial).step, VG_DECODE_NONE); /* until a key frame */
    play(&trial, &stage->film[0], 40, SIZE_MAX);
    assert_int_equal(got.count, 11 + 25);
    for (size_t i = 0; i < 25; i++)
        assert_true(got.shot[11 + i].hash == want->shot[50 + i].hash);
    const struct vg_ladder_state end = state_of(&trial);
    assert_int_equal(end.falls[VG_LADDER_BUDGET], 2);
    assert_int_equal(end.rises, 1);
    assert_int_equal(end.pictures + end.passed + end.refused, 75);
    vg_ladder_close(&trial.ladder);
    vg_free(trial.memory);
}

/* Hardware is not touched by the budget; when it fails, the budget's step is the next one. */
static void hardware_falls_to_what_the_budget_allows(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices *devices = va_devices("end=30");
    static struct shots got;
    got.count = 0;
    struct trial trial = {.what = "budget", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(devices, &stage->film[0]);
    play(&trial, &stage->film[0], 0, 10);
    vg_ladder_allow(trial.ladder, VG_DECODE_KEYS, (struct vg_mono_time){11 * PICTURE_US});
    assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI);
    play(&trial, &stage->film[0], 10, SIZE_MAX);
    assert_int_equal(state_of(&trial).step, VG_DECODE_KEYS);
    assert_int_equal(got.count, 30 + 1); /* and the key frame of 50 */
    assert_true(got.shot[30].hash == stage->want[0].shot[50].hash);
    const struct vg_ladder_state end = state_of(&trial);
    assert_int_equal(end.pictures + end.passed + end.refused, 75);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

/* A loop of a live file: the same film twice. */
static void a_stream_may_begin_anew(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices *devices = va_devices("once=80");
    static struct shots got;
    got.count = 0;
    struct trial trial = {.what = "anew", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    trial.ladder = ladder_on(devices, &stage->film[2]);
    play(&trial, &stage->film[2], 0, SIZE_MAX);
    vg_ladder_restart(trial.ladder);
    play(&trial, &stage->film[2], 0, SIZE_MAX);
    assert_int_equal(got.count, 150);
    for (size_t i = 0; i < 150; i++)
        assert_true(got.shot[i].hash == stage->want[2].shot[i % 75].hash);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_ERROR], 1);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

/* ---- many flux, one device ---- */

enum {
    CROWD = 6
};

struct member {
    struct vg_decode_devices *devices;
    const struct film *film;
    const struct shots *want;
    size_t matched; /* pictures that are right, in order */
    enum vg_decode_step step;
};

/* No assertion of cmocka's may fail here: this is another thread. */
static void *decode_one(void *arg)
{
    struct member *m = arg;
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_ladder *ladder = NULL;
    struct vg_ladder_state end;
    uint8_t *memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    settings.devices = m->devices;
    if (!memory || vg_ladder_open(&ladder, &settings, m->film->codec, vg_mono_now(), NULL))
        return NULL;
    for (size_t i = 0; i <= m->film->count; i++) {
        struct vg_decoded decoded;
        const AVPacket *packet = i < m->film->count ? m->film->packet[i] : NULL;
        if (vg_ladder_send(ladder, packet, vg_mono_now()))
            break;
        while (vg_ladder_receive(ladder, &decoded) == VG_OK) {
            const struct vg_pixels pixels = vg_pixels_over(memory, decoded.width, decoded.height);
            if (vg_ladder_convert(ladder, &pixels) == VG_OK && m->matched < m->want->count &&
                hash_of(&pixels) == m->want->shot[m->matched].hash)
                m->matched++;
        }
    }
    vg_ladder_state(ladder, &end);
    m->step = end.step;
    vg_ladder_close(&ladder);
    vg_free(memory);
    return NULL;
}

/* One device serves many flux from threads of their own; when it fails, all of them go on. */
static void many_flux_one_device(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const words[] = {"", "end=200", "once=200"};
    for (size_t w = 0; w < 3; w++) {
        struct vg_decode_devices *devices = va_devices(words[w]);
        struct vg_decode_device_about about;
        struct member member[CROWD];
        pthread_t thread[CROWD];
        size_t fallen = 0;
        for (size_t i = 0; i < CROWD; i++) {
            member[i] = (struct member){
                .devices = devices, .film = &stage->film[i], .want = &stage->want[i]};
            assert_int_equal(pthread_create(&thread[i], NULL, decode_one, &member[i]), 0);
        }
        for (size_t i = 0; i < CROWD; i++) {
            assert_int_equal(pthread_join(thread[i], NULL), 0);
            assert_int_equal(member[i].matched, 75);
            fallen += member[i].step == VG_DECODE_FULL ? 1 : 0;
        }
        if (w == 0)
            assert_int_equal(fallen, 0);
        else
            assert_in_range(fallen, 1, w == 1 ? CROWD : 1);
        assert_int_equal(vg_decode_devices_about(devices, 0, &about), VG_OK);
        assert_int_equal(about.users, 0);
        vg_decode_devices_close(&devices);
    }
}

/* ---- a device that failed under another flux ---- */

static struct vg_decode_device *neighbour_on(struct vg_decode_devices *devices,
                                             struct vg_mono_time now)
{
    struct vg_decode_device *device = NULL;
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, now, &device), VG_OK);
    return device;
}

/* A flux that is decoded goes on where it is; one that begins meanwhile does so in software, and says why.
 * Nothing is held against the step: up once the device is free, not after a back-off of its own. */
static void who_comes_while_it_is_barred(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const none[] = {""};
    struct vg_decode_devices_settings machine = vg_decode_devices_defaults();
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = NULL;
    static struct shots got, other;
    got.count = other.count = 0;
    machine.names = none;
    machine.count = 0;
    machine.bar_us_min = VG_US_PER_S / 2;
    assert_int_equal(vg_decode_devices_open(&devices, &machine), VG_OK);
    AVBufferRef *context = va_device("");
    assert_int_equal(vg_decode_device_from(devices, context, "test"), VG_OK);
    av_buffer_unref(&context);
    settings.devices = devices;
    settings.retry_us_min = VG_US_PER_S * 6 / 5;
    struct trial before = {.what = "before", .shots = &other, .look = LOOK_ALL};
    struct trial trial = {.what = "meanwhile", .shots = &got, .look = LOOK_ALL};
    trial.memory = before.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    before.ladder = ladder_on(devices, &stage->film[0]);
    play(&before, &stage->film[0], 0, 10);
    struct vg_decode_device *neighbour = neighbour_on(devices, (struct vg_mono_time){0});
    vg_decode_device_give_back(&neighbour, VG_DECODE_DEVICE_FAILED, (struct vg_mono_time){0});
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    play(&trial, &stage->film[0], 0, 20);
    assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
    assert_int_equal(state_of(&trial).cause, VG_LADDER_NO_DEVICE);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_NO_DEVICE], 1);
    play(&trial, &stage->film[0], 20, 30);
    assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI); /* at 1.04 s, before 1.2 s */
    play(&trial, &stage->film[0], 30, SIZE_MAX);
    play(&before, &stage->film[0], 10, SIZE_MAX);
    same_shots(trial.what, &got, &stage->want[0]);
    same_shots(before.what, &other, &stage->want[0]);
    assert_int_equal(all_falls(&trial), 1);
    assert_int_equal(state_of(&before).step, VG_DECODE_VAAPI);
    assert_int_equal(all_falls(&before), 0);
    vg_ladder_close(&trial.ladder);
    vg_ladder_close(&before.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

static void open_beside(struct vg_decode_devices *devices, struct vg_mono_time now)
{
    const int64_t until_us = vg_mono_now().us + 10 * VG_US_PER_S;
    enum vg_status status = VG_E_STATE;
    while ((status = vg_decode_devices_offer(devices, VG_DECODE_VAAPI, now)) == VG_E_STATE &&
           vg_mono_now().us < until_us)
        vg_pause_us(1000);
    assert_int_equal(status, VG_OK);
}

/* A flux began in software because its device was being opened. The device opens, and fails under another flux
 * before this one has come to it: no fall, for nothing of this one's was lost. */
static void who_waits_for_it_does_not_fall(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices_settings machine = vg_decode_devices_defaults();
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = NULL;
    const char *names[1] = {stage->x.name};
    const struct vg_mono_time before_key = {20 * PICTURE_US};
    static struct shots got;
    if (!x_start(&stage->x))
        skip();
    AVBufferRef *device = va_device(""); /* for the environment that it sets */
    av_buffer_unref(&device);
    (void)setenv("VIGIE_TEST_VA", "hanginit=0:300", 1);
    got.count = 0;
    machine.names = names;
    machine.count = 1;
    machine.opening = VG_DECODE_OPEN_BESIDE;
    machine.bar_us_min = VG_US_PER_S / 2;
    assert_int_equal(vg_decode_devices_open(&devices, &machine), VG_OK);
    settings.devices = devices;
    settings.retry_us_min = VG_US_PER_S;
    struct trial trial = {.what = "waits", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    play(&trial, &stage->film[0], 0, 20);
    open_beside(devices, before_key);
    struct vg_decode_device *fails = neighbour_on(devices, before_key);
    struct vg_decode_device *stays = neighbour_on(devices, before_key); /* and keeps it open */
    vg_decode_device_give_back(&fails, VG_DECODE_DEVICE_FAILED, before_key);
    play(&trial, &stage->film[0], 20, 40); /* over a key frame, while it is barred */
    assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
    assert_int_equal(state_of(&trial).cause, VG_LADDER_NO_CAUSE);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_NO_DEVICE], 0);
    play(&trial, &stage->film[0], 40, SIZE_MAX);
    same_shots(trial.what, &got, &stage->want[0]);
    assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_NO_DEVICE], 0);
    assert_int_equal(state_of(&trial).rises, 1);
    vg_decode_device_give_back(&stays, VG_DECODE_DEVICE_FINE, before_key);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
    x_stop(&stage->x);
}

/* ---- hangs ---- */

struct watch {
    const struct vg_ladder *ladder;
    _Atomic bool over;
    _Atomic int64_t seen_us; /* when the hang was seen; 0: not */
    struct vg_ladder_record record;
};

static void *watch_it(void *arg)
{
    struct watch *watch = arg;
    while (!atomic_load(&watch->over)) {
        const struct vg_mono_time now = vg_mono_now();
        if (vg_ladder_hung(watch->ladder, now) && atomic_load(&watch->seen_us) == 0) {
            watch->record = vg_ladder_record(watch->ladder, VG_LADDER_DRIVER_HANGS, now);
            atomic_store(&watch->seen_us, now.us);
        }
        vg_pause_us(2000);
    }
    return NULL;
}

/* Arrivals are real here: hangs are measured against the clock. */
static void play_now(struct trial *trial, const struct film *film, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        assert_int_equal(vg_ladder_send(trial->ladder, film->packet[i], vg_mono_now()), VG_OK);
        take(trial);
    }
}

static void a_hang_is_seen(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const words[] = {"hang=20:1000", "hangend=20:1000"};
    for (size_t i = 0; i < 2; i++) {
        struct vg_ladder_settings settings = vg_ladder_defaults();
        struct vg_decode_devices *devices = va_devices(words[i]);
        static struct shots got;
        pthread_t thread;
        got.count = 0;
        settings.devices = devices;
        settings.call_us = VG_US_PER_S * 3 / 10;
        struct trial trial = {.what = words[i], .shots = &got, .look = LOOK_ALL};
        trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
        assert_int_equal(
            vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec, vg_mono_now(), NULL),
            VG_OK);
        struct watch watch = {.ladder = trial.ladder};
        assert_int_equal(pthread_create(&thread, NULL, watch_it, &watch), 0);
        play_now(&trial, &stage->film[0], 0, 20);
        const int64_t before_us = vg_mono_now().us;
        assert_int_equal(atomic_load(&watch.seen_us), 0);
        assert_int_equal(vg_ladder_record(trial.ladder, VG_LADDER_ENDS, vg_mono_now()).ceiling, 0);
        play_now(&trial, &stage->film[0], 20, 30);
        atomic_store(&watch.over, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
        const int64_t seen_us = atomic_load(&watch.seen_us);
        assert_in_range(seen_us, before_us + settings.call_us, before_us + 3 * settings.call_us);
        assert_false(vg_ladder_hung(trial.ladder, vg_mono_now()));
        assert_int_equal(watch.record.ceiling, VG_DECODE_CUDA);
        assert_int_equal(watch.record.hangs, 1);
        assert_int_equal(watch.record.until_us, seen_us + settings.retry_us_min);
        vg_ladder_close(&trial.ladder);
        vg_decode_devices_close(&devices);
        vg_free(trial.memory);
    }
}

/* Opening a device can hang as well; it is opened by its name here, by the first packet. */
static void a_hang_while_opening_is_seen(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices_settings machine = vg_decode_devices_defaults();
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = NULL;
    const char *names[1] = {stage->x.name};
    static struct shots got;
    pthread_t thread;
    if (!x_start(&stage->x))
        skip();
    AVBufferRef *device = va_device(""); /* for the environment that it sets */
    av_buffer_unref(&device);
    (void)setenv("VIGIE_TEST_VA", "hanginit=0:800", 1);
    got.count = 0;
    machine.names = names;
    machine.count = 1;
    assert_int_equal(vg_decode_devices_open(&devices, &machine), VG_OK);
    settings.devices = devices;
    settings.open_us = VG_US_PER_S * 3 / 10;
    struct trial trial = {.what = "opening", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    assert_int_equal(
        vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec, vg_mono_now(), NULL), VG_OK);
    struct watch watch = {.ladder = trial.ladder};
    assert_int_equal(pthread_create(&thread, NULL, watch_it, &watch), 0);
    play_now(&trial, &stage->film[0], 0, 30);
    atomic_store(&watch.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&watch.seen_us) > 0);
    assert_int_equal(watch.record.ceiling, VG_DECODE_CUDA);
    assert_int_equal(got.count, 30); /* it came back after all */
    assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
    x_stop(&stage->x);
}

static void play_until(struct trial *trial, const struct film *film, enum vg_decode_step step)
{
    const int64_t until_us = vg_mono_now().us + 10 * VG_US_PER_S;
    while (state_of(trial).step != step && vg_mono_now().us < until_us) {
        vg_ladder_restart(trial->ladder);
        trial->shots->count = 0;
        play_now(trial, film, 0, film->count);
        vg_pause_us(5000);
    }
    assert_int_equal(state_of(trial).step, step);
}

/* Opened by a thread of its own: nothing waits for a driver that hangs in it, no picture is missing, and
 * once it is well, the ladder leads up by itself. */
static void a_hang_while_opening_beside_costs_nothing(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices_settings machine = vg_decode_devices_defaults();
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = NULL;
    const char *names[1] = {stage->x.name};
    static struct shots got;
    char words[512];
    if (!x_start(&stage->x))
        skip();
    AVBufferRef *device = va_device(""); /* for the environment that it sets */
    av_buffer_unref(&device);
    folder_file(&stage->folder, "all", words, sizeof words);
    (void)setenv("VIGIE_TEST_VA_LATE", stage->folder.path, 1);
    FILE *file = fopen(words, "w");
    assert_non_null(file);
    assert_true(fputs("hanginit\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    got.count = 0;
    machine.names = names;
    machine.count = 1;
    machine.opening = VG_DECODE_OPEN_BESIDE;
    machine.wait_us = VG_US_PER_S / 5;
    machine.bar_us_min = machine.bar_us_max = VG_US_PER_S / 20;
    assert_int_equal(vg_decode_devices_open(&devices, &machine), VG_OK);
    vg_decode_devices_warm(devices, vg_mono_now());
    settings.devices = devices;
    settings.retry_us_min = settings.retry_us_max = VG_US_PER_S / 20;
    struct trial trial = {.what = "beside", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    assert_int_equal(
        vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec, vg_mono_now(), NULL), VG_OK);
    play_now(&trial, &stage->film[0], 0, stage->film[0].count);
    same_shots("beside", &got, &stage->want[0]);
    assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_NO_DEVICE], 0); /* it is being opened */
    assert_int_equal(vg_ladder_call(trial.ladder).due.us, 0);
    assert_int_equal(unlink(words), 0);
    play_until(&trial, &stage->film[0], VG_DECODE_VAAPI);
    assert_in_range(state_of(&trial).falls[VG_LADDER_NO_DEVICE], 0, 1);
    same_shots("beside, up", &got, &stage->want[0]);
    assert_int_equal(state_of(&trial).rises, 1);
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices); /* but for what a thread in the driver still uses */
    assert_null(devices);
    (void)unsetenv("VIGIE_TEST_VA_LATE");
    vg_free(trial.memory);
    x_stop(&stage->x);
}

/* What a process that a driver hung leaves: software until the time has come, then up again. */
static void a_record_is_obeyed(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_ladder_settings settings = vg_ladder_defaults();
    struct vg_decode_devices *devices = va_devices("");
    static struct shots got;
    got.count = 0;
    settings.devices = devices;
    settings.record = (struct vg_ladder_record){
        .until_us = 40 * PICTURE_US, .hangs = 3, .ceiling = VG_DECODE_FULL};
    struct trial trial = {.what = "record", .shots = &got, .look = LOOK_ALL};
    trial.memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[3].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    struct vg_ladder_record record =
        vg_ladder_record(trial.ladder, VG_LADDER_ENDS, (struct vg_mono_time){0});
    assert_memory_equal(&record, &settings.record, sizeof record);
    play(&trial, &stage->film[3], 0, 49);
    assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
    assert_int_equal(state_of(&trial).cause, VG_LADDER_HUNG);
    assert_true(state_of(&trial).retry.us == 40 * PICTURE_US);
    play(&trial, &stage->film[3], 49, SIZE_MAX);
    same_shots("record", &got, &stage->want[3]);
    assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI);
    record = vg_ladder_record(trial.ladder, VG_LADDER_ENDS, (struct vg_mono_time){80 * PICTURE_US});
    assert_int_equal(record.ceiling, 0);
    assert_int_equal(record.hangs, 3); /* until the step is trusted */
    vg_ladder_close(&trial.ladder);
    /* a bar without a hang is that of a fall which was counted when it came */
    settings.record =
        (struct vg_ladder_record){.until_us = 40 * PICTURE_US, .ceiling = VG_DECODE_FULL};
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[3].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    play(&trial, &stage->film[3], 0, 1);
    assert_int_equal(state_of(&trial).step, VG_DECODE_FULL);
    assert_int_equal(state_of(&trial).cause, VG_LADDER_NO_CAUSE);
    assert_int_equal(state_of(&trial).falls[VG_LADDER_HUNG], 0);
    vg_ladder_close(&trial.ladder);
    /* nonsense in shared memory is no reason to stay down */
    settings.record = (struct vg_ladder_record){.until_us = INT64_MAX, .hangs = 9, .ceiling = 77};
    assert_int_equal(vg_ladder_open(&trial.ladder, &settings, stage->film[3].codec,
                                    (struct vg_mono_time){0}, NULL),
                     VG_OK);
    play(&trial, &stage->film[3], 0, 1);
    assert_int_equal(state_of(&trial).step, VG_DECODE_VAAPI);
    vg_ladder_rest(trial.ladder);
    assert_int_equal(state_of(&trial).surfaces.count, 0);
    assert_string_equal(state_of(&trial).device, "");
    vg_ladder_close(&trial.ladder);
    vg_decode_devices_close(&devices);
    vg_free(trial.memory);
}

enum {
    ENDED_BY_WATCH = 42
};

struct endless {
    struct vg_ladder *ladder;
    const struct film *film;
};

static void *decode_for_ever(void *arg)
{
    const struct endless *endless = arg;
    for (size_t i = 0;; i++) {
        struct vg_decoded decoded;
        if (vg_ladder_send(endless->ladder, endless->film->packet[i % 75], vg_mono_now()))
            return NULL;
        while (vg_ladder_receive(endless->ladder, &decoded) == VG_OK)
            ;
    }
}

/* A driver that never returns: the process sees it and ends. */
static void a_process_ends_itself(void **state)
{
    struct stage *stage = stage_of(state);
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct vg_ladder_settings settings = vg_ladder_defaults();
        struct endless trial = {.film = &stage->film[0]};
        pthread_t thread;
        settings.devices = va_devices("hangend=30");
        settings.call_us = VG_US_PER_S / 5;
        if (vg_ladder_open(&trial.ladder, &settings, stage->film[0].codec, vg_mono_now(), NULL) ||
            pthread_create(&thread, NULL, decode_for_ever, &trial) != 0)
            _exit(1);
        const int64_t until_us = vg_mono_now().us + 5 * VG_US_PER_S;
        while (vg_mono_now().us < until_us) {
            if (vg_ladder_hung(trial.ladder, vg_mono_now()))
                _exit(
                    vg_ladder_record(trial.ladder, VG_LADDER_DRIVER_HANGS, vg_mono_now()).ceiling ==
                            VG_DECODE_CUDA
                        ? ENDED_BY_WATCH
                        : 2);
            vg_pause_us(5000);
        }
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ENDED_BY_WATCH);
}

/* ---- life ---- */

static void memory_may_fail(void **state)
{
    struct stage *stage = stage_of(state);
    const struct vg_ladder_settings settings = vg_ladder_defaults();
    for (uint32_t n = 1;; n++) {
        struct vg_ladder *ladder = NULL;
        struct vg_fault fault;
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_ladder_open(&ladder, &settings, stage->film[0].codec,
                                                     (struct vg_mono_time){0}, &fault);
        vg_alloc_fail_at(0);
        if (status == VG_OK) {
            assert_true(n > 2);
            vg_ladder_close(&ladder);
            return;
        }
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(ladder);
    }
}

static int set_up(void **state)
{
    static struct stage stage;
    stage_open(&stage);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_is_bit_exact),
        cmocka_unit_test(any_failure_is_bit_exact),
        cmocka_unit_test(a_fall_allocates_nothing),
        cmocka_unit_test(stamps_do_not_matter),
        cmocka_unit_test(no_device_is_software),
        cmocka_unit_test(software_alone_keeps_nothing),
        cmocka_unit_test(one_gop_is_kept),
        cmocka_unit_test(beyond_the_bounds_pictures_are_told_lost),
        cmocka_unit_test(a_silent_device_is_left),
        cmocka_unit_test(up_again),
        cmocka_unit_test(the_budget_is_obeyed),
        cmocka_unit_test(hardware_falls_to_what_the_budget_allows),
        cmocka_unit_test(a_stream_may_begin_anew),
        cmocka_unit_test(many_flux_one_device),
        cmocka_unit_test(who_comes_while_it_is_barred),
        cmocka_unit_test(who_waits_for_it_does_not_fall),
        cmocka_unit_test(a_hang_is_seen),
        cmocka_unit_test(a_hang_while_opening_is_seen),
        cmocka_unit_test(a_record_is_obeyed),
        cmocka_unit_test(a_process_ends_itself),
        cmocka_unit_test(memory_may_fail),
        cmocka_unit_test(
            a_hang_while_opening_beside_costs_nothing), /* leaves a thread: no fork after it */
    };
    return cmocka_run_group_tests_name("decode_ladder", tests, set_up, tear_down);
}
#else
#include <stdio.h>

int main(void)
{
    (void)puts("skipped: libva-dev is not installed");
    return 77;
}
#endif
