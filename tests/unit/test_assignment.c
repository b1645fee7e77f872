/* The pairs of small matrices, ties, and random ones against every permutation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "src/base/alloc.h"
#include "src/base/assignment.h"
#include "src/base/random.h"

#define NO VG_ASSIGNMENT_NONE

static const struct {
    const char *name;
    uint32_t rows, columns;
    double gain[12];
    uint32_t want[4];
} rows[] = {
    {"nothing", 0, 0, {0}, {0}},
    {"no column", 2, 0, {0}, {NO, NO}},
    {"one pair", 1, 1, {0.5}, {0}},
    {"not allowed", 1, 1, {0}, {NO}},
    {"negative is not allowed", 1, 1, {-3}, {NO}},
    {"greedy would lose", 2, 2, {9, 8, 8, 1}, {1, 0}},
    {"the greatest is left for more", 2, 2, {1, 10, 0, 9.5}, {0, 1}},
    {"a pair is not worth it", 2, 2, {1, 10, 0, 2}, {1, NO}},
    {"ties: lowest row, lowest column", 2, 2, {1, 1, 1, 1}, {0, 1}},
    {"ties with fewer columns", 3, 1, {2, 2, 2}, {0, NO, NO}},
    {"ties with fewer rows", 1, 3, {2, 2, 2}, {0}},
    {"more columns", 2, 3, {1, 2, 3, 3, 2, 3}, {2, 0}},
    {"more rows", 3, 2, {1, 2, 5, 1, 4, 4}, {NO, 0, 1}},
    {"an empty column between", 2, 3, {1, 0, 2, 3, 0, 3}, {2, 0}},
    {"the previous pair weighs 1000", 2, 2, {0.9, 1000.5, 0.6, 0.8}, {1, 0}},
};

static void test_table(void **state)
{
    struct vg_assignment *a = NULL;
    (void)state;
    assert_int_equal(vg_assignment_open(&a, 4, 4), VG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t got[4] = {7, 7, 7, 7};
        vg_assignment_solve(a, rows[i].gain, rows[i].rows, rows[i].columns, got);
        for (uint32_t r = 0; r < rows[i].rows; r++) {
            if (got[r] != rows[i].want[r])
                fail_msg("%s: row %u has %u, not %u", rows[i].name, r, got[r], rows[i].want[r]);
        }
    }
    vg_assignment_close(&a);
    assert_null(a);
}

/* the best sum by trying everything */
static double best(const double *gain, uint32_t count_rows, uint32_t columns, uint32_t row,
                   uint32_t taken)
{
    if (row == count_rows)
        return 0;
    double most = best(gain, count_rows, columns, row + 1, taken);
    for (uint32_t c = 0; c < columns; c++) {
        const double g = gain[row * columns + c];
        if ((taken & (1u << c)) || !(g > 0))
            continue;
        const double sum = g + best(gain, count_rows, columns, row + 1, taken | (1u << c));
        most = sum > most ? sum : most;
    }
    return most;
}

static void test_random(void **state)
{
    struct vg_assignment *a = NULL;
    struct vg_random random;
    (void)state;
    vg_random_seed(&random, 11);
    assert_int_equal(vg_assignment_open(&a, 6, 6), VG_OK);
    for (int trial = 0; trial < 3000; trial++) {
        const uint32_t r = vg_random_below(&random, 7), c = vg_random_below(&random, 7);
        double gain[36] = {0}, sum = 0;
        uint32_t got[6], taken = 0;
        for (uint32_t i = 0; i < r * c; i++) /* small whole numbers: many ties, exact sums */
            gain[i] = (double)vg_random_below(&random, 6) - 1.0;
        vg_assignment_solve(a, gain, r, c, got);
        for (uint32_t i = 0; i < r; i++) {
            if (got[i] == NO)
                continue;
            assert_true(got[i] < c);
            assert_int_equal(taken & (1u << got[i]), 0);
            assert_true(gain[i * c + got[i]] > 0);
            taken |= 1u << got[i];
            sum += gain[i * c + got[i]];
        }
        if (sum < best(gain, r, c, 0, 0) - 1e-9)
            fail_msg("seed 11, trial %d: %g is not the best, %g", trial, sum,
                     best(gain, r, c, 0, 0));
    }
    vg_assignment_close(&a);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (uint32_t n = 1;; n++) {
        struct vg_assignment *a = NULL;
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_assignment_open(&a, 3, 5);
        vg_alloc_fail_at(0);
        if (status == VG_OK) {
            assert_int_equal(n, 10); /* nine allocations */
            vg_assignment_close(&a);
            return;
        }
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
