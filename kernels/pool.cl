/* Largest value or mean of a window, any size, stride and padding.
 *
 *   y[c][r][q] = max over i, j inside x of x[c][r * stride_y + i - above][q * stride_x + j - left]
 *   -DMEAN:      sum of the same, over the count of those inside, or over the whole window where
 *                s.pad_counts says that padding counts (as zeros)
 *
 * The rows come first: a work-item that makes a row folds the window's rows into one line of REACH columns, then
 * takes each pixel's columns from that line. A window of n x n costs n loads a column and n a
 * pixel instead of n * n, which is what makes 13x13 with stride 1 bearable.
 * x, y     blocked layout (kernel_sizes.h); x's halo is not read, y's is cleared.
 * work     a span (map.clh): a row, or a pixel's vector.
 * Tunables REACH: columns of the line; windows wider than it are taken without the line.
 * Cost     (size_y * stride_x + size_x) loads a pixel; bound by memory and the first-level cache.
 * Assumes  padding narrower than the window on every side. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

#if SPREAD
#define REACH 0 /* a work-item makes one pixel: nothing to keep */
#elif !defined(REACH)
#define REACH 64
#endif
#ifdef MEAN
#define EMPTY      0.0f
#define FOLD(a, b) ((a) + (b))
#else
#define EMPTY      -INFINITY
#define FOLD(a, b) fmax(a, b)
#endif

/* one column of the window's rows, from `x` in its first row on */
static inline vec column_of(__global const elem *x, int row_step, int rows, int column, int width)
{
    vec v = (vec)EMPTY;
    if (column < 0 || column >= width)
        return v;
    x += column * VG_BLOCK;
    for (int i = 0; i < rows; i++, x += row_step)
        v = FOLD(v, LOAD(x));
    return v;
}

/* what is stored for a window that begins at `column` and holds `rows` rows */
static inline vec result(vec v, int column, int rows, const struct vg_map_sizes *s)
{
#ifdef MEAN
    const int columns = min(column + s->size_x, s->x_width) - max(column, 0);
    const int count = s->pad_counts ? s->size_y * s->size_x : rows * columns;
    return v / (float)count;
#else
    return v;
#endif
}

GROUP __kernel void pool(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, 1))
        return;
    const int top = at.row * s.stride_y - s.above;
    const int rows = min(top + s.size_y, s.x_height) - max(top, 0);
    x += span_row(s.x, &at, max(top, 0));
    y += span_row(s.y, &at, at.row);

    vec line[REACH + 1];
    const int kept = s.size_x <= REACH;
    const int at_once = kept ? (REACH - s.size_x) / s.stride_x + 1 : 1;
    for (int first = at.first; first < at.end; first += at_once) {
        const int count = min(at_once, at.end - first);
        const int from = first * s.stride_x - s.left;
        const int columns = (count - 1) * s.stride_x + s.size_x;
        for (int i = 0; i < columns && kept; i++)
            line[i] = column_of(x, s.x.row, rows, from + i, s.x_width);
        for (int p = 0; p < count; p++) {
            const int begin = p * s.stride_x;
            vec v = (vec)EMPTY;
            for (int j = begin; j < begin + s.size_x; j++)
                v = FOLD(v, kept ? line[j] : column_of(x, s.x.row, rows, from + j, s.x_width));
            STORE(result(v, from + begin, rows, &s), y + (first + p) * VG_BLOCK);
        }
    }
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
