#include "src/base/assignment.h"

#include <assert.h>
#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#include "src/base/alloc.h"

/* The side with fewer members is called `near`, the other `far`; index 0 of the far side is the
 * empty place from which a path starts, as in the usual formulation counted from 1. */
struct vg_assignment {
    uint32_t rows_max, columns_max;
    uint32_t *row, *column; /* members that have a positive gain */
    double *near_price, *far_price, *slack;
    uint32_t *near_of_far, *before;
    bool *reached;
};

/* one problem, seen from its smaller side */
struct side {
    const double *gain;
    uint32_t columns; /* of the whole matrix: its row length */
    const uint32_t *near, *far;
    uint32_t near_count, far_count;
    bool near_is_row;
};

enum vg_status vg_assignment_open(struct vg_assignment **assignment, uint32_t rows_max,
                                  uint32_t columns_max)
{
    struct vg_assignment *a = vg_alloc(sizeof *a);
    const size_t n = (size_t)(rows_max > columns_max ? rows_max : columns_max) + 1;
    *assignment = NULL;
    if (!a)
        return VG_E_MEMORY;
    a->rows_max = rows_max;
    a->columns_max = columns_max;
    a->row = vg_alloc_array(n, sizeof *a->row);
    a->column = vg_alloc_array(n, sizeof *a->column);
    a->near_price = vg_alloc_array(n, sizeof *a->near_price);
    a->far_price = vg_alloc_array(n, sizeof *a->far_price);
    a->slack = vg_alloc_array(n, sizeof *a->slack);
    a->near_of_far = vg_alloc_array(n, sizeof *a->near_of_far);
    a->before = vg_alloc_array(n, sizeof *a->before);
    a->reached = vg_alloc_array(n, sizeof *a->reached);
    if (!a->row || !a->column || !a->near_price || !a->far_price || !a->slack || !a->near_of_far ||
        !a->before || !a->reached) {
        vg_assignment_close(&a);
        return VG_E_MEMORY;
    }
    *assignment = a;
    return VG_OK;
}

void vg_assignment_close(struct vg_assignment **assignment)
{
    struct vg_assignment *a = *assignment;
    *assignment = NULL;
    if (!a)
        return;
    vg_free(a->row);
    vg_free(a->column);
    vg_free(a->near_price);
    vg_free(a->far_price);
    vg_free(a->slack);
    vg_free(a->near_of_far);
    vg_free(a->before);
    vg_free(a->reached);
    vg_free(a);
}

/* near, far: from 1 */
static double cost(const struct side *s, uint32_t near, uint32_t far)
{
    const uint32_t n = s->near[near - 1], f = s->far[far - 1];
    const double g =
        s->near_is_row ? s->gain[(size_t)n * s->columns + f] : s->gain[(size_t)f * s->columns + n];
    return g > 0 ? -g : 0;
}

/* Makes place for one more member of the near side by the cheapest path of exchanges. */
static void insert(struct vg_assignment *a, const struct side *s, uint32_t near)
{
    uint32_t at = 0;
    a->near_of_far[0] = near;
    for (uint32_t f = 0; f <= s->far_count; f++) {
        a->slack[f] = DBL_MAX;
        a->reached[f] = false;
    }
    do {
        const uint32_t from = a->near_of_far[at];
        double least = DBL_MAX;
        uint32_t next = 0;
        a->reached[at] = true;
        for (uint32_t f = 1; f <= s->far_count; f++) {
            if (a->reached[f])
                continue;
            const double c = cost(s, from, f) - a->near_price[from] - a->far_price[f];
            if (c < a->slack[f]) {
                a->slack[f] = c;
                a->before[f] = at;
            }
            if (a->slack[f] < least) {
                least = a->slack[f];
                next = f;
            }
        }
        for (uint32_t f = 0; f <= s->far_count; f++) {
            if (a->reached[f]) {
                a->near_price[a->near_of_far[f]] += least;
                a->far_price[f] -= least;
            } else {
                a->slack[f] -= least;
            }
        }
        at = next;
    } while (a->near_of_far[at] != 0);
    while (at != 0) {
        const uint32_t back = a->before[at];
        a->near_of_far[at] = a->near_of_far[back];
        at = back;
    }
}

static uint32_t members(const double *gain, uint32_t count, size_t step, uint32_t others,
                        size_t other_step, uint32_t *list)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = 0;
        while (k < others && !(gain[i * step + k * other_step] > 0))
            k++;
        if (k < others)
            list[n++] = i;
    }
    return n;
}

void vg_assignment_solve(struct vg_assignment *a, const double *gain, uint32_t rows,
                         uint32_t columns, uint32_t *column_of_row)
{
    assert(rows <= a->rows_max && columns <= a->columns_max);
    for (uint32_t r = 0; r < rows; r++)
        column_of_row[r] = VG_ASSIGNMENT_NONE;
    const uint32_t row_count = members(gain, rows, columns, columns, 1, a->row);
    const uint32_t column_count = members(gain, columns, 1, rows, columns, a->column);
    const bool near_is_row = row_count <= column_count;
    const struct side s = {
        .gain = gain,
        .columns = columns,
        .near = near_is_row ? a->row : a->column,
        .far = near_is_row ? a->column : a->row,
        .near_count = near_is_row ? row_count : column_count,
        .far_count = near_is_row ? column_count : row_count,
        .near_is_row = near_is_row,
    };
    for (uint32_t n = 0; n <= s.near_count; n++)
        a->near_price[n] = 0;
    for (uint32_t f = 0; f <= s.far_count; f++) {
        a->far_price[f] = 0;
        a->near_of_far[f] = 0;
    }
    for (uint32_t n = 1; n <= s.near_count; n++)
        insert(a, &s, n);
    for (uint32_t f = 1; f <= s.far_count; f++) {
        const uint32_t n = a->near_of_far[f];
        if (n == 0 || !(cost(&s, n, f) < 0))
            continue;
        const uint32_t row = near_is_row ? s.near[n - 1] : s.far[f - 1];
        column_of_row[row] = near_is_row ? s.far[f - 1] : s.near[n - 1];
    }
}
