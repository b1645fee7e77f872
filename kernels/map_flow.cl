/* Movement between two maps (src/maps/maps.h), cell by cell: block matching from coarse to fine, in
 * integers alone, so that every device gives the same.
 *
 *   small   level l+1 = mean of 2 x 2 of level l
 *   lean    128 + soft - mean: 1 2 1 both ways, less the mean of 9 x 9: what light adds is gone
 *   search  each cell's patch of 8 x 8 in the other picture, least sum of absolute differences; both
 *           ways. At the quarter 8 pixels all round; below, what the coarser level found around the
 *           cell, then its neighbours twice; at the half, where none of this fits, 12 all round. At
 *           the map between pixels, too: lines of equal slope through three costs
 *   judge   sure: edges in both directions, a good fit, and back from there one comes here (a pixel
 *           and an eighth of the way, at most, beside); then the median of the sure ones of 3 x 3
 * After: Lucas and Kanade's pyramid by Bouguet (2001); the fit between pixels: Shimizu and Okutomi,
 * "Precise sub-pixel estimation on area-based matching", ICCV 2001.
 *
 * x, x2    the maps before and now, rows without padding, from s.before and s.now on.
 * scratch  bytes as s.level says (flow_layout.h); lean planes have VG_FLOW_PAD pixels around, the
 *          edge repeated, so that no search asks where it is. Aligned to 64.
 * y        flow_x, flow_y (16 bits) and sure, from s.flow_x, s.flow_y, s.sure on.
 * work     (items, 2), groups of one: small: rows of the quarter; lean: rows of all levels; search and
 *          judge: s.each cells each. The second dimension is the picture, or the way; of judge 1.
 * Cost     at most (192 x 144, all of it moving) 2 x 1,728 cells of 30 patches and 2 x 432 of 650.
 *          What stands still costs one patch a cell and level. */
#include "kernel_sizes.h"

#define ALONE __attribute__((reqd_work_group_size(1, 1, 1)))

typedef __global const uchar *bytes;

/* PoCL's vload8 of bytes reads them one by one; clang reads any vector at any place. */
#ifdef __clang__
typedef uchar8 eight_anywhere __attribute__((aligned(1)));
#define LOAD_EIGHT(p) (*(__global const eight_anywhere *)(p))
#else
#define LOAD_EIGHT(p) vload8(0, p)
#endif

/* ---- small -------------------------------------------------------------------------------- */

/* row y of the half of `from` */
static inline void half_row(bytes from, int from_width, int from_height, __global uchar *to,
                            int width, int y)
{
    bytes above = from + 2 * y * from_width;
    bytes below = from + min(2 * y + 1, from_height - 1) * from_width;
    for (int x = 0; x < width; x++) {
        const int left = 2 * x, right = min(2 * x + 1, from_width - 1);
        to[y * width + x] =
            (uchar)((above[left] + above[right] + below[left] + below[right] + 2) / 4);
    }
}

static inline void small_row(bytes map, __global uchar *scratch, const struct vg_flow_sizes *s,
                             int row, int picture)
{
    const struct vg_flow_level *all = &s->level[0], *second = &s->level[1], *third = &s->level[2];
    __global uchar *middle = scratch + second->small[picture];
    const int end = min(2 * row + 2, second->height);
    for (int y = 2 * row; y < end; y++)
        half_row(map, all->width, all->height, middle, second->width, y);
    half_row(middle, second->width, second->height, scratch + third->small[picture], third->width,
             row);
}

/* ---- lean --------------------------------------------------------------------------------- */

static inline void lean_row(bytes from, __global uchar *to, const struct vg_flow_level *l, int y)
{
    ushort sum[192], soft[192]; /* of a column: 9 rows; 1 2 1 */
    const int last = l->width - 1, stride = l->lean_row;
    bytes above = from + max(y - 1, 0) * l->width;
    bytes here = from + y * l->width;
    bytes below = from + min(y + 1, l->height - 1) * l->width;
    for (int x = 0; x <= last; x++) {
        sum[x] = 0;
        soft[x] = (ushort)(above[x] + 2 * here[x] + below[x]);
    }
    for (int j = -VG_FLOW_MEAN; j <= VG_FLOW_MEAN; j++) {
        bytes row = from + clamp(y + j, 0, l->height - 1) * l->width;
        for (int x = 0; x <= last; x++)
            sum[x] += row[x];
    }
    const int area = (2 * VG_FLOW_MEAN + 1) * (2 * VG_FLOW_MEAN + 1);
    int round = 0;
    for (int i = -VG_FLOW_MEAN; i <= VG_FLOW_MEAN; i++)
        round += sum[clamp(i, 0, last)];
    to += y * stride;
    for (int x = 0; x <= last; x++) {
        const int mean = (round + area / 2) / area;
        const int mild = (soft[max(x - 1, 0)] + 2 * soft[x] + soft[min(x + 1, last)] + 8) / 16;
        to[x] = (uchar)clamp(128 + mild - mean, 1, 255);
        round += sum[min(x + VG_FLOW_MEAN + 1, last)] - sum[max(x - VG_FLOW_MEAN, 0)];
    }
    for (int i = 1; i <= VG_FLOW_PAD; i++) {
        to[-i] = to[0];
        to[last + i] = to[last];
    }
    const int up = y == 0 ? VG_FLOW_PAD : 0, down = y == l->height - 1 ? VG_FLOW_PAD : 0;
    for (int j = -up; j <= down; j++)
        for (int x = -VG_FLOW_PAD; x <= last + VG_FLOW_PAD && j != 0; x++)
            to[j * stride + x] = to[x];
}

/* row: counted over all levels, the largest first */
static inline void lean_any(bytes map, __global uchar *scratch, const struct vg_flow_sizes *s,
                            int row, int picture)
{
    int level = 0;
    while (row >= s->level[level].height)
        row -= s->level[level++].height;
    const struct vg_flow_level *l = &s->level[level];
    lean_row(level ? scratch + l->small[picture] : map, scratch + l->lean[picture], l, row);
}

/* ---- search ------------------------------------------------------------------------------- */

struct search {
    uchar16 mine[4]; /* the patch, two rows each */
    bytes other;     /* at the patch's place */
    int row;
    int low_x, high_x, low_y, high_y;
    int x, y, cost, worth;
};

static inline uchar16 two_rows(bytes from, int row)
{
    return (uchar16)(LOAD_EIGHT(from), LOAD_EIGHT(from + row));
}

/* The sum of all absolute differences of 4 x 16 bytes; x86 has an instruction for it. */
#if defined(__SSE2__) && defined(__clang__)
#define SUM_16(a, b) as_long2(__builtin_ia32_psadbw128(as_char16(a), as_char16(b)))

static inline int sum_of(const uchar16 *a, uchar16 b0, uchar16 b1, uchar16 b2, uchar16 b3)
{
    const long2 two = SUM_16(a[0], b0) + SUM_16(a[1], b1) + SUM_16(a[2], b2) + SUM_16(a[3], b3);
    return (int)(two.x + two.y);
}
#else
static inline int sum_of(const uchar16 *a, uchar16 b0, uchar16 b1, uchar16 b2, uchar16 b3)
{
    const ushort16 all =
        convert_ushort16(abs_diff(a[0], b0)) + convert_ushort16(abs_diff(a[1], b1)) +
        convert_ushort16(abs_diff(a[2], b2)) + convert_ushort16(abs_diff(a[3], b3));
    const ushort8 eight = all.lo + all.hi;
    const ushort4 four = eight.lo + eight.hi;
    const ushort2 two = four.lo + four.hi;
    return two.x + two.y;
}
#endif

/* of the patch against what lies at `at` */
static inline int cost_at(const struct search *s, bytes at)
{
    const int two = 2 * s->row;
    return sum_of(s->mine, two_rows(at, s->row), two_rows(at + two, s->row),
                  two_rows(at + 2 * two, s->row), two_rows(at + 3 * two, s->row));
}

static inline int cost_of(const struct search *s, int x, int y)
{
    return cost_at(s, s->other + y * s->row + x);
}

static inline void attempt(struct search *s, int x, int y)
{
    x = clamp(x, s->low_x, s->high_x);
    y = clamp(y, s->low_y, s->high_y);
    if ((x == s->x && y == s->y) || (x == 0 && y == 0))
        return;
    const int cost = cost_of(s, x, y);
    const int worth = cost + VG_FLOW_AWAY + VG_FLOW_FARTHER * (int)(abs(x) + abs(y));
    if (worth >= s->worth)
        return;
    s->x = x;
    s->y = y;
    s->cost = cost;
    s->worth = worth;
}

static inline void search_round(struct search *s, int reach)
{
    for (int y = -reach; y <= reach; y++)
        for (int x = -reach; x <= reach; x++)
            attempt(s, x, y);
}

static inline void search_known(struct search *s, __global const struct vg_flow_found *known,
                                const struct vg_flow_level *coarse, int column, int row)
{
    int x = 0, y = 0; /* tried last: often all say the same */
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            __global const struct vg_flow_found *f =
                &known[clamp(row / 2 + j, 0, coarse->rows - 1) * coarse->columns +
                       clamp(column / 2 + i, 0, coarse->columns - 1)];
            if (f->x == x && f->y == y)
                continue;
            x = f->x;
            y = f->y;
            attempt(s, 2 * x, 2 * y);
        }
}

static inline void search_near(struct search *s)
{
    for (int turn = 0; turn < 2; turn++) {
        const int x = s->x, y = s->y;
        for (int j = -1; j <= 1; j++)
            for (int i = -1; i <= 1; i++)
                attempt(s, x + i, y + j);
        if (s->x == x && s->y == y)
            return; /* it would try the same again */
    }
}

static inline int content_of(const struct search *s)
{
    const uchar16 none = 128;
    return sum_of(s->mine, none, none, none, none);
}

static inline int between(int before, int best, int after)
{
    const int rise = max(before, after) - best;
    return rise > 0 ? clamp((before - after) * 8 / rise, -8, 8) : 0;
}

static inline struct vg_flow_found found_of(const struct search *s, bytes mine, int level)
{
    struct vg_flow_found f;
    int x = s->x, y = s->y, sharp = 0;
    if (level == 0) {
        const int across = cost_at(s, mine + 1), down = cost_at(s, mine + s->row);
        sharp = min(across + down, 4 * min(across, down));
        x *= 16;
        y *= 16;
    }
    if (level == 0 && (x != 0 || y != 0 || s->cost > VG_FLOW_STILL)) {
        x += between(cost_of(s, s->x - 1, s->y), s->cost, cost_of(s, s->x + 1, s->y));
        y += between(cost_of(s, s->x, s->y - 1), s->cost, cost_of(s, s->x, s->y + 1));
    }
    f.x = (short)x;
    f.y = (short)y;
    f.cost = (short)s->cost;
    f.sharp = (short)sharp;
    return f;
}

/* way 1: this picture's cells in the one before; 0: the other way round */
static inline void search_cell(__global uchar *scratch, const struct vg_flow_sizes *sizes, int way,
                               int cell)
{
    const int at = sizes->at;
    const struct vg_flow_level *l = &sizes->level[at];
    const int column = cell % l->columns, row = cell / l->columns;
    const int left = VG_FLOW_CELL * column - (VG_FLOW_PATCH - VG_FLOW_CELL) / 2;
    const int top = VG_FLOW_CELL * row - (VG_FLOW_PATCH - VG_FLOW_CELL) / 2;
    const int first = top * l->lean_row + left;
    bytes mine = scratch + l->lean[way] + first;
    struct search s;
    s.other = scratch + l->lean[1 - way] + first;
    s.row = l->lean_row;
    for (int i = 0; i < 4; i++)
        s.mine[i] = two_rows(mine + 2 * i * s.row, s.row);
    s.low_x = 2 - VG_FLOW_PAD - left;
    s.high_x = l->width - 2 - left;
    s.low_y = 2 - VG_FLOW_PAD - top;
    s.high_y = l->height - 2 - top;
    s.x = s.y = 0;
    s.cost = s.worth = cost_of(&s, 0, 0);
    if (s.cost > VG_FLOW_STILL && at == VG_FLOW_LEVELS - 1)
        search_round(&s, VG_FLOW_REACH_2);
    if (s.cost > VG_FLOW_STILL && at < VG_FLOW_LEVELS - 1) {
        search_known(&s, (__global const struct vg_flow_found *)(scratch + l[1].found[way]), &l[1],
                     column, row);
        search_near(&s);
        if (at == 1 && 2 * s.cost > content_of(&s) + VG_FLOW_STILL)
            search_round(&s, VG_FLOW_REACH_1);
    }
    ((__global struct vg_flow_found *)(scratch + l->found[way]))[cell] = found_of(&s, mine, at);
}

/* ---- judge -------------------------------------------------------------------------------- */

struct both_ways {
    __global const struct vg_flow_found *back, *forth;
    int columns, rows;
};

static inline int sure_of(const struct both_ways *w, int column, int row)
{
    const struct vg_flow_found f = w->back[row * w->columns + column];
    const int side = 16 * VG_FLOW_CELL, far = 64;
    if (f.sharp < VG_FLOW_SHARP || f.cost >= 2 * f.sharp)
        return 0;
    const int there_x = (side * (column + far) + side / 2 + f.x) / side - far;
    const int there_y = (side * (row + far) + side / 2 + f.y) / side - far;
    if (there_x < 0 || there_y < 0 || there_x >= w->columns || there_y >= w->rows)
        return 0;
    const struct vg_flow_found b = w->forth[there_y * w->columns + there_x];
    const int gap = max((int)abs(f.x + b.x), (int)abs(f.y + b.y));
    if (gap > 16 + max((int)abs((int)f.x), (int)abs((int)f.y)) / 8)
        return 0;
    return max(1, 255 * (2 * f.sharp - f.cost) / (2 * f.sharp) *
                      min((int)f.sharp, 4 * VG_FLOW_SHARP) / (4 * VG_FLOW_SHARP));
}

static inline int middle(short *value, int count)
{
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0 && value[k] < value[k - 1]; k--) {
            const short swap = value[k];
            value[k] = value[k - 1];
            value[k - 1] = swap;
        }
    return value[(count - 1) / 2];
}

static inline void judge_cell(__global const uchar *scratch, __global uchar *y,
                              const struct vg_flow_sizes *s, int cell)
{
    const struct vg_flow_level *l = &s->level[0];
    struct both_ways w;
    w.back = (__global const struct vg_flow_found *)(scratch + l->found[1]);
    w.forth = (__global const struct vg_flow_found *)(scratch + l->found[0]);
    w.columns = l->columns;
    w.rows = l->rows;
    const int column = cell % l->columns, row = cell / l->columns;
    const int sure = sure_of(&w, column, row);
    short across[9], down[9];
    int count = 0;
    for (int j = max(row - 1, 0); sure && j <= min(row + 1, w.rows - 1); j++)
        for (int i = max(column - 1, 0); i <= min(column + 1, w.columns - 1); i++) {
            if (!sure_of(&w, i, j))
                continue;
            across[count] = w.back[j * w.columns + i].x;
            down[count++] = w.back[j * w.columns + i].y;
        }
    const int good = count > 2;
    ((__global short *)(y + s->flow_x))[cell] = (short)(good ? -middle(across, count) : 0);
    ((__global short *)(y + s->flow_y))[cell] = (short)(good ? -middle(down, count) : 0);
    y[s->sure + cell] = (uchar)(good ? sure : 0);
}

/* ---- a launch ----------------------------------------------------------------------------- */

ALONE __kernel void map_flow(__global const uchar *x, __global const uchar *x2,
                             __global uchar *scratch, __global uchar *y,
                             const struct vg_flow_sizes s)
{
    const int item = (int)get_global_id(0), which = (int)get_global_id(1);
    bytes map = which ? x2 + s.now : x + s.before;
    if (s.step == VG_FLOW_STEP_SMALL) {
        small_row(map, scratch, &s, item, which);
        return;
    }
    if (s.step == VG_FLOW_STEP_LEAN) {
        lean_any(map, scratch, &s, item, which);
        return;
    }
    const int cells = s.level[s.at].columns * s.level[s.at].rows;
    const int end = min((item + 1) * s.each, cells);
    for (int cell = item * s.each; cell < end; cell++) {
        if (s.step == VG_FLOW_STEP_SEARCH)
            search_cell(scratch, &s, which, cell);
        else
            judge_cell(scratch, y, &s, cell);
    }
}
