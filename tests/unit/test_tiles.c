/* Tiles: where they lie, how many it takes, and one list out of the answers of all; rows by
 * hand, then what holds for any layout and any answers. VIGIE_SEED: another seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/random.h"
#include "src/engine/tiles.h"

static struct vg_tiles_settings settings_of(uint32_t width, uint32_t height, uint32_t rows,
                                            uint32_t columns)
{
    struct vg_tiles_settings settings = vg_tiles_defaults();
    settings.picture = (struct vg_size){width, height};
    settings.input = (struct vg_size){416, 416};
    settings.rows = rows;
    settings.columns = columns;
    return settings;
}

static void assert_box(struct vg_box got, struct vg_box want)
{
    if (memcmp(&got, &want, sizeof got) != 0)
        print_error("%g %g %g %g, not %g %g %g %g\n", (double)got.left, (double)got.top,
                    (double)got.width, (double)got.height, (double)want.left, (double)want.top,
                    (double)want.width, (double)want.height);
    assert_memory_equal(&got, &want, sizeof got);
}

static void regions_by_hand(void **state)
{
    (void)state;
    static const struct {
        uint32_t rows, columns;
        float overlap;
        uint32_t count, looked_at;
        struct vg_box want;
        uint8_t cut[4]; /* left, top, right, bottom */
    } rows[] = {
        {1, 1, 0.15f, 1, 0, {0, 0, 1000, 600}, {0, 0, 0, 0}},
        {1, 2, 0.25f, 3, 0, {0, 0, 1000, 600}, {0, 0, 0, 0}},
        /* side = 1000 / 1.75 = 571.4 */
        {1, 2, 0.25f, 3, 1, {0, 0, 572, 600}, {0, 0, 1, 0}},
        {1, 2, 0.25f, 3, 2, {428, 0, 572, 600}, {1, 0, 0, 0}},
        {2, 2, 0, 5, 4, {500, 300, 500, 300}, {1, 1, 0, 0}},
        /* columns: 1000 / 2.5 = 400; rows: 600 / 2.5 = 240 */
        {3, 3, 0.25f, 10, 5, {300, 180, 400, 240}, {1, 1, 1, 1}},
        {7, 7, 0.5f, 50, 49, {750, 450, 250, 150}, {1, 1, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_tiles_settings settings = settings_of(1000, 600, rows[i].rows, rows[i].columns);
        struct vg_tiles tiles;
        settings.overlap_frac = rows[i].overlap;
        assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
        assert_int_equal(tiles.count, rows[i].count);
        const struct vg_tile *tile = &tiles.tile[rows[i].looked_at];
        assert_box(tile->region, rows[i].want);
        assert_int_equal(tile->cut_left, rows[i].cut[0]);
        assert_int_equal(tile->cut_top, rows[i].cut[1]);
        assert_int_equal(tile->cut_right, rows[i].cut[2]);
        assert_int_equal(tile->cut_bottom, rows[i].cut[3]);
    }
}

static void settings_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, rows, columns;
        float overlap, iou, part;
        uint32_t input;
    } rows[] = {
        {0, 600, 1, 1, 0.1f, 0.5f, 0.5f, 416},     {1000, 1, 1, 1, 0.1f, 0.5f, 0.5f, 416},
        {1000, 600, 0, 1, 0.1f, 0.5f, 0.5f, 416},  {1000, 600, 1, 8, 0.1f, 0.5f, 0.5f, 416},
        {1000, 600, 2, 2, -0.1f, 0.5f, 0.5f, 416}, {1000, 600, 2, 2, 0.51f, 0.5f, 0.5f, 416},
        {1000, 600, 2, 2, 0.1f, 1.5f, 0.5f, 416},  {1000, 600, 2, 2, 0.1f, 0.5f, NAN, 416},
        {1000, 600, 2, 2, 0.1f, 0.5f, 0.5f, 0},    {4, 4, 7, 7, 0, 0.5f, 0.5f, 416},
        {1000, 600, 8, 8, 0.1f, 0.5f, 0.5f, 416},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_tiles_settings settings = {.picture = {rows[i].width, rows[i].height},
                                                   .input = {rows[i].input, rows[i].input},
                                                   .rows = rows[i].rows,
                                                   .columns = rows[i].columns,
                                                   .overlap_frac = rows[i].overlap,
                                                   .double_iou = rows[i].iou,
                                                   .part_frac = rows[i].part};
        struct vg_tiles tiles;
        assert_int_equal(vg_tiles_make(&tiles, &settings), VG_E_CALL);
        assert_int_equal(tiles.count, 0);
    }
}

static void as_many_as_it_takes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t width, height;
        float least_px;
        uint32_t rows, columns;
        float overlap, seen_px;
    } rows[] = {
        /* a tile has 416 * least / 25 pixels a side at most; what is under 25 * 1920 / 416 = 115.4
         * pixels is to stand whole in the overlap */
        {"60 px in 1080p", 1920, 1080, 60, 2, 3, 0.20f, 33.8f}, /* 1080 / 1.8, 1920 / 2.6 */
        {"40 px in 1080p", 1920, 1080, 40, 2, 4, 0.21f, 27.6f}, /* 1080 / 1.79 */
        {"116 px in 1080p: the whole", 1920, 1080, 116, 1, 1, 0.15f, 25.1f},
        {"100 px in 1080p: two beside", 1920, 1080, 100, 1, 2, 0.15f, 38.5f},
        {"32 px in 768x576", 768, 576, 32, 2, 2, 0.15f, 32.1f},
        {"too small for any", 3840, 2160, 10, 7, 7, 0.46f, 4.6f},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_tiles_settings settings = settings_of(rows[i].width, rows[i].height, 1, 1);
        struct vg_tiles tiles;
        const float seen = vg_tiles_choose(&settings, rows[i].least_px, 25);
        if (settings.rows != rows[i].rows || settings.columns != rows[i].columns ||
            fabsf(settings.overlap_frac - rows[i].overlap) > 0.005f ||
            fabsf(seen - rows[i].seen_px) > 0.06f)
            print_error("%s: %u rows, %u columns, overlap %g, %g px\n", rows[i].name, settings.rows,
                        settings.columns, (double)settings.overlap_frac, (double)seen);
        assert_int_equal(settings.rows, rows[i].rows);
        assert_int_equal(settings.columns, rows[i].columns);
        assert_true(fabsf(settings.overlap_frac - rows[i].overlap) <= 0.005f);
        assert_true(fabsf(seen - rows[i].seen_px) <= 0.06f);
        assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
    }
}

/* ---- one list of all ---- */

struct found {
    uint32_t region;
    struct vg_detection detection;
};

static struct vg_answer *answers_of(const struct found *found, size_t count, uint32_t regions)
{
    struct vg_answer *answers = calloc(regions, sizeof *answers);
    assert_non_null(answers);
    for (size_t i = 0; i < count && found[i].detection.score > 0; i++) {
        struct vg_answer *answer = &answers[found[i].region];
        answer->detection[answer->count++] = found[i].detection;
    }
    return answers;
}

/* 1000x600, one row, two columns of 572 (0 to 572, 428 to 1000); 2 input pixels are 2.88 */
static void lists_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct found in[6];
        uint32_t kept;
        float scores[6];
    } rows[] = {
        {"nothing", {{0, {{0, 0, 0, 0}, 0, 0}}}, 0, {0}},
        {"one object in the whole and in a tile: the stronger",
         {{0, {{100, 100, 40, 80}, 0.5f, 1}}, {1, {{102, 98, 40, 80}, 0.8f, 1}}},
         1,
         {0.8f}},
        {"two classes",
         {{0, {{100, 100, 40, 80}, 0.5f, 1}}, {1, {{102, 98, 40, 80}, 0.8f, 2}}},
         2,
         {0.8f, 0.5f}},
        {"two of one region stand, however they overlap",
         {{1, {{100, 100, 40, 80}, 0.8f, 1}}, {1, {{110, 100, 40, 80}, 0.5f, 1}}},
         2,
         {0.8f, 0.5f}},
        {"whole in the overlap, seen by both tiles",
         {{1, {{450, 100, 40, 80}, 0.7f, 1}}, {2, {{450, 100, 40, 80}, 0.7f, 1}}},
         1,
         {0.7f}},
        {"cut by one tile, whole in the other: the whole one, weaker as it is",
         {{1, {{540, 100, 32, 80}, 0.9f, 1}}, {2, {{540, 100, 60, 80}, 0.4f, 1}}},
         1,
         {0.4f}},
        {"cut by both, whole in the picture",
         {{0, {{300, 50, 400, 500}, 0.6f, 1}},
          {1, {{300, 50, 272, 500}, 0.9f, 1}},
          {2, {{428, 50, 272, 500}, 0.8f, 1}}},
         1,
         {0.6f}},
        {"cut, and nobody has it whole: it stands, by its score",
         {{1, {{540, 100, 32, 80}, 0.9f, 1}}, {0, {{10, 10, 40, 40}, 0.5f, 1}}},
         2,
         {0.9f, 0.5f}},
        {"the picture's own border cuts nothing: a neighbour in front of it stays",
         {{1, {{0, 100, 30, 80}, 0.5f, 1}}, {0, {{0, 90, 100, 100}, 0.6f, 1}}},
         2,
         {0.6f, 0.5f}},
        {"a part of another class stays",
         {{1, {{540, 100, 32, 80}, 0.9f, 3}}, {2, {{540, 100, 60, 80}, 0.4f, 1}}},
         2,
         {0.9f, 0.4f}},
        {"three pixels from the border is whole",
         {{1, {{528.9f, 100, 40, 80}, 0.5f, 1}}, {0, {{520, 90, 100, 100}, 0.6f, 1}}},
         2,
         {0.6f, 0.5f}},
        {"equal scores: the whole picture's first",
         {{1, {{20, 20, 10, 10}, 0.5f, 2}}, {0, {{10, 10, 40, 40}, 0.5f, 1}}},
         2,
         {0.5f, 0.5f}},
    };
    struct vg_tiles_settings settings = settings_of(1000, 600, 1, 2);
    struct vg_tiles tiles;
    struct vg_answer *fused = calloc(1, sizeof *fused);
    assert_non_null(fused);
    settings.overlap_frac = 0.25f;
    assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_answer *answers = answers_of(rows[i].in, 6, tiles.count);
        vg_tiles_fuse(&tiles, answers, fused);
        int same = fused->count == rows[i].kept && fused->overflow == 0;
        for (uint32_t k = 0; k < rows[i].kept && same; k++)
            same = fabsf(fused->detection[k].score - rows[i].scores[k]) <= 0;
        if (!same)
            print_error("%s: %u stand\n", rows[i].name, fused->count);
        assert_true(same);
        free(answers);
    }
    assert_int_equal(fused->detection[0].class_id, 1); /* of the last row */
    free(fused);
}

static struct vg_random seeded(void)
{
    const char *text = getenv("VIGIE_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    struct vg_random random;
    print_message("seed %llu\n", (unsigned long long)seed);
    vg_random_seed(&random, seed);
    return random;
}

static struct vg_tiles_settings random_settings(struct vg_random *random)
{
    struct vg_tiles_settings settings =
        settings_of(64 + vg_random_below(random, 4000), 64 + vg_random_below(random, 2200),
                    1 + vg_random_below(random, VG_TILES_SIDE_MAX),
                    1 + vg_random_below(random, VG_TILES_SIDE_MAX));
    settings.overlap_frac = (float)(0.5 * vg_random_unit(random));
    return settings;
}

static float between(struct vg_random *random, float least, float most)
{
    return least + (most - least) * (float)vg_random_unit(random);
}

static int holds(struct vg_box region, struct vg_box box)
{
    return box.left >= region.left && box.top >= region.top &&
           box.left + box.width <= region.left + region.width &&
           box.top + box.height <= region.top + region.height;
}

/* Inside the picture, of whole pixels; and what is no larger than the overlap stands whole in a
 * tile, wherever it is. */
static void any_layout(void **state)
{
    (void)state;
    struct vg_random random = seeded();
    for (int i = 0; i < 300; i++) {
        const struct vg_tiles_settings settings = random_settings(&random);
        const struct vg_box whole = {0, 0, (float)settings.picture.width,
                                     (float)settings.picture.height};
        struct vg_tiles tiles;
        assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
        if (tiles.count == 1)
            continue;
        assert_int_equal(tiles.count, 1 + settings.rows * settings.columns);
        for (uint32_t k = 0; k < tiles.count; k++)
            assert_true(holds(whole, tiles.tile[k].region));
        const float side_x =
            settings.columns > 1 ? settings.overlap_frac * tiles.tile[1].region.width : whole.width;
        const float side_y =
            settings.rows > 1 ? settings.overlap_frac * tiles.tile[1].region.height : whole.height;
        for (int k = 0; k < 20; k++) {
            struct vg_box box = {.width = fmaxf(side_x - 1, 0), .height = fmaxf(side_y - 1, 0)};
            box.left = between(&random, 0, whole.width - box.width);
            box.top = between(&random, 0, whole.height - box.height);
            int seen = 0;
            for (uint32_t t = 1; t < tiles.count && !seen; t++)
                seen = holds(tiles.tile[t].region, box);
            assert_true(seen);
        }
    }
}

static void answers_fill(struct vg_random *random, const struct vg_tiles *tiles,
                         struct vg_answer *answers)
{
    for (uint32_t i = 0; i < tiles->count; i++) {
        const struct vg_box region = tiles->tile[i].region;
        answers[i].count = vg_random_below(random, 30);
        answers[i].overflow = vg_random_below(random, 2);
        float score = 1;
        for (uint32_t k = 0; k < answers[i].count; k++) {
            struct vg_box box = {.width = between(random, 1, region.width / 2),
                                 .height = between(random, 1, region.height / 2)};
            box.left = between(random, region.left, region.left + region.width - box.width);
            box.top = between(random, region.top, region.top + region.height - box.height);
            score -= vg_random_below(random, 3) ? 0.01f : 0; /* with equal ones */
            answers[i].detection[k] =
                (struct vg_detection){box, score, (enum vg_class)(1 + vg_random_below(random, 2))};
        }
    }
}

static int is_in(const struct vg_answer *answers, uint32_t count, const struct vg_detection *d)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < answers[i].count; k++)
            if (memcmp(&answers[i].detection[k], d, sizeof *d) == 0)
                return 1;
    return 0;
}

/* whether something that stands explains why `d` does not */
static int is_explained(const struct vg_tiles_settings *s, const struct vg_answer *fused,
                        const struct vg_detection *d)
{
    for (uint32_t i = 0; i < fused->count; i++) {
        const struct vg_detection *other = &fused->detection[i];
        const struct vg_box both = vg_box_clip(other->box, d->box);
        if (other->class_id == d->class_id &&
            (vg_box_iou(other->box, d->box) > s->double_iou ||
             both.width * both.height > s->part_frac * d->box.width * d->box.height))
            return 1;
    }
    return 0;
}

static void any_answers(void **state)
{
    (void)state;
    struct vg_random random = seeded();
    struct vg_answer *answers = calloc(VG_TILES_REGIONS_MAX, sizeof *answers);
    struct vg_answer *fused = calloc(2, sizeof *fused);
    assert_non_null(answers);
    assert_non_null(fused);
    for (int i = 0; i < 60; i++) {
        const struct vg_tiles_settings settings = random_settings(&random);
        struct vg_tiles tiles;
        uint32_t overflow = 0;
        assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
        answers_fill(&random, &tiles, answers);
        vg_tiles_fuse(&tiles, answers, &fused[0]);
        vg_tiles_fuse(&tiles, answers, &fused[1]);
        assert_int_equal(fused[0].count, fused[1].count);
        assert_memory_equal(fused[0].detection, fused[1].detection,
                            fused[0].count * sizeof *fused[0].detection);
        for (uint32_t k = 0; k < tiles.count; k++)
            overflow += answers[k].overflow;
        for (uint32_t k = 0; k < fused[0].count; k++) {
            assert_true(is_in(answers, tiles.count, &fused[0].detection[k]));
            assert_true(k == 0 || fused[0].detection[k - 1].score >= fused[0].detection[k].score);
        }
        if (fused[0].count == VG_ANSWER_DETECTIONS_MAX)
            continue;
        assert_int_equal(fused[0].overflow, overflow);
        for (uint32_t k = 0; k < tiles.count; k++)
            for (uint32_t n = 0; n < answers[k].count; n++)
                assert_true(is_in(fused, 1, &answers[k].detection[n]) ||
                            is_explained(&settings, fused, &answers[k].detection[n]));
    }
    free(answers);
    free(fused);
}

static void a_full_answer(void **state)
{
    (void)state;
    const struct vg_tiles_settings settings = settings_of(4000, 2200, 2, 2);
    struct vg_tiles tiles;
    assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
    struct vg_answer *answers = calloc(tiles.count + 1, sizeof *answers);
    assert_non_null(answers);
    for (uint32_t i = 0; i < tiles.count; i++) {
        answers[i].count = 600;
        for (uint32_t k = 0; k < 600; k++) /* each region's in a row of its own: no doubles */
            answers[i].detection[k] =
                (struct vg_detection){{(float)(5 * k) + 10, (float)(100 * i) + 10, 1, 1}, 0.5f, 1};
    }
    vg_tiles_fuse(&tiles, answers, &answers[tiles.count]);
    assert_int_equal(answers[tiles.count].count, VG_ANSWER_DETECTIONS_MAX);
    assert_int_equal(answers[tiles.count].overflow, 5 * 600 - VG_ANSWER_DETECTIONS_MAX);
    free(answers);
}

static void jobs_are_the_regions(void **state)
{
    (void)state;
    const struct vg_tiles_settings settings = settings_of(1920, 1080, 2, 3);
    const struct vg_job job = {.threshold = 0.25f, .nms = 0.5f};
    struct vg_job jobs[VG_TILES_REGIONS_MAX];
    struct vg_tiles tiles;
    assert_int_equal(vg_tiles_make(&tiles, &settings), VG_OK);
    vg_tiles_jobs(&tiles, &job, jobs);
    for (uint32_t i = 0; i < tiles.count; i++) {
        assert_box(jobs[i].region, tiles.tile[i].region);
        assert_true(jobs[i].threshold >= 0.25f && jobs[i].nms >= 0.5f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_by_hand),     cmocka_unit_test(settings_are_refused),
        cmocka_unit_test(as_many_as_it_takes), cmocka_unit_test(lists_by_hand),
        cmocka_unit_test(any_layout),          cmocka_unit_test(any_answers),
        cmocka_unit_test(a_full_answer),       cmocka_unit_test(jobs_are_the_regions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
