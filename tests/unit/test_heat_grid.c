/* The grid of persons' time: where points fall, and sums that stay exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "src/base/heat_grid.h"
#include "src/base/random.h"

static void the_longer_side_has_most_cells(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, columns, rows;
    } rows[] = {
        {1920, 1080, 64, 36}, {768, 576, 64, 48},
        {1080, 1920, 36, 64}, {500, 500, 64, 64},
        {4096, 1, 64, 1},     {1, 4096, 1, 64},
        {352, 288, 64, 52},   {0, 100, 0, 0},
        {100, 0, 0, 0},       {UINT32_MAX, UINT32_MAX, 64, 64},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct vg_heat_grid grid;
        grid = (struct vg_heat_grid){0};
        vg_heat_grid_shape(&grid, rows[i].width, rows[i].height);
        assert_int_equal(grid.columns, rows[i].columns);
        assert_int_equal(grid.rows, rows[i].rows);
        vg_heat_grid_shape(&grid, 10, 20); /* keeps the shape it has */
        assert_int_equal(grid.columns, rows[i].columns ? rows[i].columns : 32);
    }
}

static void points_fall_into_cells(void **state)
{
    (void)state;
    static const struct {
        float x, y;
        int cell;
    } rows[] = {
        {0, 0, 0},
        {0.99F, 0, 63},
        {1, 1, 64 * 36 - 1},
        {0.5F, 0.5F, 18 * 64 + 32},
        {1.0F / 64, 0, 1},
        {-5, 0.999F, 35 * 64},
        {7, 1e30F, 64 * 36 - 1}, /* below the edge: the cell above it */
        {-INFINITY, INFINITY, 35 * 64},
        {NAN, 0.5F, -1},
        {0.5F, NAN, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_heat_cell_at(64, 36, (struct vg_point){rows[i].x, rows[i].y}),
                         rows[i].cell);
    assert_int_equal(vg_heat_cell_at(0, 0, (struct vg_point){0.5F, 0.5F}), -1);
}

static void what_is_added_stays_within(void **state)
{
    (void)state;
    static struct vg_heat_grid grid;
    vg_heat_grid_add(&grid, 0, 5); /* no shape yet */
    assert_int_equal(grid.cell[0], 0);
    vg_heat_grid_shape(&grid, 16, 9);
    vg_heat_grid_add(&grid, -1, 5);
    vg_heat_grid_add(&grid, 64 * 36, 5);
    assert_int_equal(vg_heat_grid_total_ms(&grid), 0);
    vg_heat_grid_add(&grid, 7, UINT32_MAX - 3);
    vg_heat_grid_add(&grid, 7, 2);
    assert_int_equal(grid.cell[7], UINT32_MAX - 1);
    vg_heat_grid_add(&grid, 7, 9); /* stays at its most */
    assert_int_equal(grid.cell[7], UINT32_MAX);
    static struct vg_heat_sum sum; /* but many hours do not */
    for (int i = 0; i < 3; i++)
        vg_heat_sum_add(&sum, &grid);
    assert_true(vg_heat_sum_total_ms(&sum) == 3 * (uint64_t)UINT32_MAX);
    assert_true(vg_heat_sum_greatest_ms(&sum) == 3 * (uint64_t)UINT32_MAX);
}

/* Grids of other shapes keep their sum, and each cell its place to within a cell. */
static void grids_are_joined(void **state)
{
    (void)state;
    static const uint32_t shapes[][2] = {{64, 36}, {64, 48}, {36, 64}, {1, 64}, {64, 1}, {64, 64}};
    struct vg_random random;
    vg_random_seed(&random, 3);
    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 6; b++) {
            static struct vg_heat_grid one, other;
            static struct vg_heat_sum sum;
            sum = (struct vg_heat_sum){0};
            one = (struct vg_heat_grid){.columns = shapes[a][0], .rows = shapes[a][1]};
            other = (struct vg_heat_grid){.columns = shapes[b][0], .rows = shapes[b][1]};
            for (int i = 0; i < 500; i++) {
                vg_heat_grid_add(&one, (int)vg_random_below(&random, one.columns * one.rows),
                                 vg_random_below(&random, 5000));
                vg_heat_grid_add(&other, (int)vg_random_below(&random, other.columns * other.rows),
                                 vg_random_below(&random, 5000));
            }
            vg_heat_grid_watch(&one, 700);
            vg_heat_grid_watch(&other, 300);
            const uint64_t total = vg_heat_grid_total_ms(&one) + vg_heat_grid_total_ms(&other);
            vg_heat_sum_add(&sum, &one);
            vg_heat_sum_add(&sum, &other);
            vg_heat_grid_join(&one, &other);
            assert_int_equal(vg_heat_grid_total_ms(&one), total);
            assert_int_equal(vg_heat_sum_total_ms(&sum), total);
            assert_true(one.columns == shapes[a][0] && one.rows == shapes[a][1]);
            assert_true(one.pictures == 2 && one.watched_ms == 1000);
            assert_true(sum.pictures == 2 && sum.watched_ms == 1000);
            for (uint32_t i = 0; i < one.columns * one.rows; i++)
                assert_int_equal(one.cell[i], sum.cell[i]);
        }
    static struct vg_heat_grid narrow = {.columns = 64, .rows = 1}, square;
    narrow.cell[16] = 9;
    vg_heat_grid_join(&square, &narrow); /* of no shape: becomes it */
    assert_true(square.columns == 64 && square.rows == 1 && square.cell[16] == 9);
    square = (struct vg_heat_grid){.columns = 64, .rows = 64};
    vg_heat_grid_join(&square, &narrow);
    assert_int_equal(square.cell[32 * 64 + 16], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longer_side_has_most_cells),
        cmocka_unit_test(points_fall_into_cells),
        cmocka_unit_test(what_is_added_stays_within),
        cmocka_unit_test(grids_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
