/* A number over a minute: sums, joins, and what is no number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "src/base/measure_row.h"

static const struct {
    const char *name;
    double value[5];
    uint32_t count, pictures;
    double mean, least, greatest;
} rows[] = {
    {"nothing", {0}, 0, 0, 0, 0, 0},
    {"one", {3}, 1, 1, 3, 3, 3},
    {"some", {3, 1, 8}, 3, 3, 4, 1, 8},
    {"below zero", {-3, -1, -2}, 3, 3, -2, -3, -1},
    {"none of it a number", {(double)NAN, (double)INFINITY, -(double)INFINITY}, 3, 0, 0, 0, 0},
    {"one of it a number", {(double)NAN, 2, 1e13, -1e300}, 4, 1, 2, 2, 2},
    {"the greatest", {1e12, 1e12}, 2, 2, 1e12, 1e12, 1e12},
    {"roundings stay between", {0.1, 0.1, 0.1}, 3, 3, 0.1, 0.1, 0.1},
};

static void expect(const char *name, const struct vg_measure_row *row, size_t i)
{
    if (row->pictures != rows[i].pictures ||
        fabs(vg_measure_row_mean(row) - rows[i].mean) > 1e-9 * fabs(rows[i].mean))
        fail_msg("%s: %u pictures, mean %g", name, row->pictures, vg_measure_row_mean(row));
    assert_true(vg_measure_row_holds(row) == (row->pictures > 0));
    if (row->pictures == 0)
        return;
    assert_true(row->least <= vg_measure_row_mean(row) &&
                row->greatest >= vg_measure_row_mean(row));
    assert_float_equal(row->least, rows[i].least, 0);
    assert_float_equal(row->greatest, rows[i].greatest, 0);
}

static void sums_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_measure_row whole = {.minute = 7}, part[2] = {{.minute = 7}, {.minute = 7}};
        for (uint32_t k = 0; k < rows[i].count; k++) {
            vg_measure_row_add(&whole, rows[i].value[k]);
            vg_measure_row_add(&part[k % 2], rows[i].value[k]);
        }
        expect(rows[i].name, &whole, i);
        vg_measure_row_join(&part[0], &part[1]);
        expect(rows[i].name, &part[0], i);
        assert_int_equal(part[0].minute, 7);
    }
}

static void a_row_that_cannot_be_is_told(void **state)
{
    (void)state;
    static const struct vg_measure_row wrong[] = {
        {0, 0, 0, 0, 0},
        {0, 2, 4, 3, 1},                /* least above greatest */
        {0, 2, 40, 1, 3},               /* its mean above all */
        {0, 2, -40, 1, 3},              /* below all */
        {0, 1, (double)NAN, 1, 1},      /* no number */
        {0, 1, 1, (double)NAN, 1},      /* no number */
        {0, 1, 1, 1, (double)INFINITY}, /* none */
        {0, 1, 1e13, 1e13, 1e13},       /* too great */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (vg_measure_row_holds(&wrong[i]))
            fail_msg("row %zu holds", i);
    const struct vg_measure_row full = {0, UINT32_MAX, 0, 0, 0};
    struct vg_measure_row row = full;
    vg_measure_row_add(&row, 5);
    assert_memory_equal(&row, &full, sizeof row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_right),
        cmocka_unit_test(a_row_that_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
