/* Suppression of doubles: rows by hand, then random ones against the plain definition, in any
 * order of the input. VIGIE_SEED: another seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/geometry.h"
#include "src/base/random.h"
#include "src/engine/nms.h"

static void rows_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float limit;
        uint32_t count;
        struct vg_candidate in[4];
        uint32_t kept;
        vg_i32 cells[4]; /* of the kept, in order */
    } rows[] = {
        {"none", 0.5f, 0, {{0, 0, 0, 0, 0, 0, 0, 0}}, 0, {0}},
        {"the lesser goes",
         0.5f,
         2,
         {{0, 0, 10, 10, 0.6f, 1, 0, 0}, {0, 0, 10, 9, 0.7f, 2, 0, 0}},
         1,
         {2}},
        {"another class stays",
         0.5f,
         2,
         {{0, 0, 10, 10, 0.6f, 1, 0, 0}, {0, 0, 10, 9, 0.7f, 2, 1, 1}},
         2,
         {2, 1}},
        {"two net classes of one class",
         0.5f,
         2,
         {{0, 0, 10, 10, 0.6f, 1, 5, 3}, {0, 0, 10, 10, 0.7f, 1, 6, 3}},
         1,
         {1}},
        {"IoU at the limit stays",
         0.5f,
         2,
         {{0, 0, 10, 10, 0.9f, 1, 0, 0}, {0, 0, 10, 5, 0.8f, 2, 0, 0}},
         2,
         {1, 2}},
        {"a dropped one drops none",
         0.3f,
         3,
         {{0, 0, 10, 10, 0.9f, 1, 0, 0},
          {5, 0, 15, 10, 0.8f, 2, 0, 0},
          {10, 0, 20, 10, 0.7f, 3, 0, 0}},
         2,
         {1, 3}},
        {"ties by cell, then class",
         0.5f,
         3,
         {{50, 0, 60, 9, 0.5f, 9, 0, 0},
          {0, 0, 9, 9, 0.5f, 4, 2, 1},
          {20, 0, 30, 9, 0.5f, 4, 1, 0}},
         3,
         {4, 4, 9}},
        {"no area", 0.5f, 2, {{5, 5, 5, 5, 0.6f, 1, 0, 0}, {5, 5, 5, 5, 0.7f, 2, 0, 0}}, 2, {2, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_candidate c[4];
        memcpy(c, rows[i].in, sizeof c);
        print_message("%s\n", rows[i].name);
        assert_int_equal(vg_nms(c, rows[i].count, rows[i].limit), rows[i].kept);
        for (uint32_t k = 0; k < rows[i].kept; k++)
            assert_int_equal(c[k].cell, rows[i].cells[k]);
    }
    struct vg_candidate tie[2] = {{0, 0, 9, 9, 0.5f, 4, 2, 1}, {20, 0, 30, 9, 0.5f, 4, 1, 0}};
    assert_int_equal(vg_nms(tie, 2, 0.5f), 2);
    assert_int_equal(tie[0].net_class, 1);
}

enum {
    MOST = 300
};

static struct vg_box box_of(const struct vg_candidate *c)
{
    return (struct vg_box){c->left, c->top, c->right - c->left, c->bottom - c->top};
}

static int comes_first(const struct vg_candidate *a, const struct vg_candidate *b)
{
    if (a->score > b->score || a->score < b->score)
        return a->score > b->score;
    return a->cell != b->cell ? a->cell < b->cell : a->net_class < b->net_class;
}

/* the definition, by repeated search of the best that is left */
static uint32_t plainly(struct vg_candidate *c, uint32_t count, float limit,
                        struct vg_candidate *kept)
{
    uint32_t n = 0;
    while (count) {
        uint32_t best = 0, left = 0;
        for (uint32_t i = 1; i < count; i++)
            if (comes_first(&c[i], &c[best]))
                best = i;
        kept[n] = c[best];
        for (uint32_t i = 0; i < count; i++)
            if (i != best && (c[i].class_id != kept[n].class_id ||
                              vg_box_iou(box_of(&c[i]), box_of(&kept[n])) <= limit))
                c[left++] = c[i];
        count = left;
        n++;
    }
    return n;
}

static void random_rows_follow_the_definition(void **state)
{
    (void)state;
    static struct vg_candidate in[MOST], got[MOST], want[MOST];
    const char *text = getenv("VIGIE_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : 42;
    struct vg_random random;
    print_message("seed %llu\n", (unsigned long long)seed);
    vg_random_seed(&random, seed);
    for (int round = 0; round < 200; round++) {
        const uint32_t count = vg_random_below(&random, MOST + 1);
        for (uint32_t i = 0; i < count; i++) {
            const float left = (float)vg_random_below(&random, 60);
            const float top = (float)vg_random_below(&random, 60);
            in[i] = (struct vg_candidate){left,
                                          top,
                                          left + (float)vg_random_below(&random, 30),
                                          top + (float)vg_random_below(&random, 30),
                                          (float)vg_random_below(&random, 20) / 20,
                                          (vg_i32)i,
                                          0,
                                          (vg_i32)vg_random_below(&random, 3)};
        }
        memcpy(got, in, sizeof in);
        for (uint32_t i = count; i > 1; i--) { /* any order */
            const uint32_t j = vg_random_below(&random, i);
            const struct vg_candidate moved = got[i - 1];
            got[i - 1] = got[j];
            got[j] = moved;
        }
        const uint32_t kept = plainly(in, count, 0.4f, want);
        assert_int_equal(vg_nms(got, count, 0.4f), kept);
        assert_memory_equal(got, want, kept * sizeof *got);
    }
}

static int candidate_order(const void *a, const void *b)
{
    return comes_first(a, b) ? -1 : comes_first(b, a);
}

static void crowd_fill(struct vg_candidate *c, uint32_t count, uint64_t seed)
{
    struct vg_random random;
    vg_random_seed(&random, seed);
    for (uint32_t i = 0; i < count; i++) {
        const float left = (float)vg_random_below(&random, 400);
        const float top = (float)vg_random_below(&random, 400);
        c[i] = (struct vg_candidate){left,
                                     top,
                                     left + 1 + (float)vg_random_below(&random, 16),
                                     top + 1 + (float)vg_random_below(&random, 16),
                                     (float)vg_random_below(&random, 1000) / 1000, /* many ties */
                                     (vg_i32)(i / 25),
                                     (vg_i32)(i % 25),
                                     (vg_i32)(i % 25 / 2)};
    }
}

enum {
    CROWD = 90000
};

/* the answer is full long before the end: the first that stay, and those behind them counted */
static void a_full_answer_counts_what_is_left(void **state)
{
    (void)state;
    struct vg_candidate *in = calloc(2 * CROWD, sizeof *in), *got = in + CROWD;
    static struct vg_candidate want[VG_NMS_KEPT_MAX];
    uint32_t left = 0, kept = 0, seen = 0;
    assert_non_null(in);
    crowd_fill(in, CROWD, 5);
    memcpy(got, in, CROWD * sizeof *in);
    qsort(in, CROWD, sizeof *in, candidate_order);
    for (; kept < VG_NMS_KEPT_MAX; seen++) {
        uint32_t k = 0;
        while (k < kept && (want[k].class_id != in[seen].class_id ||
                            vg_box_iou(box_of(&want[k]), box_of(&in[seen])) <= 0.3f))
            k++;
        if (k == kept)
            want[kept++] = in[seen];
    }
    assert_int_equal(vg_nms_first(got, CROWD, 0.3f, &left), VG_NMS_KEPT_MAX);
    assert_int_equal(left, CROWD - seen);
    assert_true(seen > VG_NMS_KEPT_MAX); /* some were doubles */
    assert_memory_equal(got, want, sizeof want);
    free(in);
}

/* whatever the order in which they come */
static void the_strongest_stay(void **state)
{
    (void)state;
    static const uint32_t rooms[] = {1, 2, 1000, CROWD - 1, CROWD, CROWD + 1};
    struct vg_candidate *in = calloc(3 * CROWD + 1, sizeof *in);
    struct vg_candidate *sorted = in + CROWD, *best = sorted + CROWD;
    assert_non_null(in);
    crowd_fill(in, CROWD, 6);
    memcpy(sorted, in, CROWD * sizeof *in);
    qsort(sorted, CROWD, sizeof *in, candidate_order);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        for (uint32_t step = 1; step < 8; step += 6) { /* 1, and 7: prime to 90000 */
            const uint32_t want = rooms[i] < CROWD ? rooms[i] : CROWD;
            uint32_t held = 0;
            for (uint32_t k = 0; k < CROWD; k++)
                vg_strongest_add(best, &held, rooms[i], &in[(uint64_t)k * step % CROWD]);
            assert_int_equal(held, want);
            qsort(best, held, sizeof *best, candidate_order);
            assert_memory_equal(best, sorted, want * sizeof *best);
        }
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_by_hand),
        cmocka_unit_test(random_rows_follow_the_definition),
        cmocka_unit_test(a_full_answer_counts_what_is_left),
        cmocka_unit_test(the_strongest_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
