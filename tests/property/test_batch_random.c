/* Batches of any size up to the largest: random jobs (pictures of any size, regions, rotations,
 * thresholds) are answered as each of them alone is, to the last bit, whatever stood at their
 * places in the batch before; in floats and in 8 bits. VIGIE_SEED: another first seed; VIGIE_NETS: how many nets.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/fault.h"
#include "src/base/random.h"
#include "src/engine/engine.h"
#include "tests/net_calibrate.h"
#include "tests/random_net.h"

enum {
    SIDE_MAX = 160, /* of a picture */
    CANVASES = 6,
    ROUNDS = 4
};

struct canvas {
    struct vg_picture picture;
    uint8_t bytes[SIDE_MAX * SIDE_MAX * 3 / 2];
};

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void canvas_fill(struct canvas *canvas, struct vg_random *random)
{
    const uint32_t width = 2 * (1 + vg_random_below(random, SIDE_MAX / 2));
    const uint32_t height = 2 * (1 + vg_random_below(random, SIDE_MAX / 2));
    for (size_t i = 0; i < sizeof canvas->bytes; i++)
        canvas->bytes[i] = (uint8_t)vg_random_below(random, 256);
    canvas->picture = (struct vg_picture){
        .luma = canvas->bytes,
        .chroma = canvas->bytes + SIDE_MAX * SIDE_MAX,
        .width = width,
        .height = height,
        .luma_stride = SIDE_MAX,
        .chroma_stride = SIDE_MAX,
        .matrix = vg_random_below(random, 2) ? VG_MATRIX_BT709 : VG_MATRIX_BT601,
        .range = vg_random_below(random, 2) ? VG_RANGE_LIMITED : VG_RANGE_FULL};
}

/* one in four is of the whole picture; the others may reach beyond it */
static struct vg_box random_region(const struct vg_picture *picture, struct vg_random *random)
{
    if (!vg_random_below(random, 4))
        return (struct vg_box){0, 0, 0, 0};
    const uint32_t left = vg_random_below(random, picture->width);
    const uint32_t top = vg_random_below(random, picture->height);
    return (struct vg_box){(float)left, (float)top,
                           1 + (float)(vg_random_unit(random) * picture->width),
                           1 + (float)(vg_random_unit(random) * picture->height)};
}

static struct vg_job random_job(const struct canvas *canvas, struct vg_random *random)
{
    const struct vg_picture *picture = &canvas[vg_random_below(random, CANVASES)].picture;
    return (struct vg_job){.picture = picture,
                           .region = random_region(picture, random),
                           .rotation = (enum vg_rotation)vg_random_below(random, 4),
                           .threshold = (float)(0.3 + 0.4 * vg_random_unit(random)),
                           .nms = (float)(0.2 + 0.7 * vg_random_unit(random))};
}

struct answers {
    struct vg_answer together[VG_BATCH_MAX], alone;
};

/* returns how many boxes there were in all */
static uint32_t rounds_run(struct vg_engine *engine, uint32_t batch_max,
                           const struct canvas *canvas, struct vg_random *random,
                           struct answers *answers)
{
    struct vg_job job[VG_BATCH_MAX];
    uint32_t boxes = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t count = round ? 1 + vg_random_below(random, batch_max) : batch_max;
        for (uint32_t i = 0; i < count; i++)
            job[i] = random_job(canvas, random);
        memset(answers, 0, sizeof *answers);
        assert_int_equal(vg_engine_run(engine, job, count, answers->together, NULL), VG_OK);
        for (uint32_t i = 0; i < count; i++) {
            memset(&answers->alone, 0, sizeof answers->alone);
            assert_int_equal(vg_engine_run(engine, &job[i], 1, &answers->alone, NULL), VG_OK);
            if (memcmp(&answers->alone, &answers->together[i], sizeof answers->alone) != 0)
                print_error("round %u: job %u of %u differs\n", round, i, count);
            assert_memory_equal(&answers->alone, &answers->together[i], sizeof answers->alone);
            boxes += answers->alone.count;
        }
    }
    return boxes;
}

static uint32_t net_run(uint64_t seed, uint32_t batch_max, enum vg_engine_precision precision)
{
    struct vg_model *model = random_net(seed);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    struct vg_fault fault = {0};
    struct vg_random random;
    struct canvas *canvas = malloc(CANVASES * sizeof *canvas);
    struct answers *answers = malloc(sizeof *answers);
    assert_true(canvas && answers);
    vg_random_seed(&random, seed);
    for (int i = 0; i < CANVASES; i++)
        canvas_fill(&canvas[i], &random);
    settings.width = seed % 2 ? 64 : 32;
    settings.height = 32;
    settings.batch_max = batch_max;
    settings.precision = precision;
    if (precision == VG_ENGINE_INT8)
        net_calibrate(model, seed, settings.width, settings.height);
    settings.picture_width_max = settings.picture_height_max = SIDE_MAX;
    if (vg_engine_open(&engine, model, &settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    const uint32_t boxes = rounds_run(engine, batch_max, canvas, &random, answers);
    vg_engine_close(&engine);
    vg_model_close(&model);
    free(answers);
    free(canvas);
    return boxes;
}

static void batches_run(enum vg_engine_precision precision)
{
    const uint64_t first = number_of("VIGIE_SEED", 1), nets = number_of("VIGIE_NETS", 2);
    uint32_t boxes = 0;
    print_message("seeds %llu to %llu\n", (unsigned long long)first,
                  (unsigned long long)(first + nets - 1));
    for (uint64_t seed = first; seed < first + nets; seed++)
        boxes +=
            net_run(seed, seed % 3 == 1 ? VG_BATCH_MAX : 1 + (uint32_t)(seed * 7 % 63), precision);
    print_message("%u boxes\n", boxes);
    assert_true(boxes > 20); /* else the test says nothing */
}

static void a_batch_is_its_jobs(void **state)
{
    (void)state;
    batches_run(VG_ENGINE_F32);
}

static void a_batch_of_bytes_is_its_jobs(void **state)
{
    (void)state;
    batches_run(VG_ENGINE_INT8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_batch_is_its_jobs),
                                       cmocka_unit_test(a_batch_of_bytes_is_its_jobs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
