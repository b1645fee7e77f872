/* From NV12 pixels to the net's input in one pass: region, rotation, colours, letterbox,
 * normalisation, or bytes as they are.
 *
 * For a pixel of the letterboxed picture: its centre is led back to the turned region
 * (half-pixel centres, edges clamped, as cv2.resize INTER_LINEAR), the four neighbours are
 * each turned back, converted from Y'CbCr to R'G'B' and clamped to 0..255 (a decoder would
 * give bytes), then interpolated and normalised: (value - mean) * scale. Beside the picture:
 * `fill` in place of the value. Chroma is taken from the pair that covers the pixel.
 *
 *   R = (Y - zero) * gain + red_v V     G = (Y - zero) * gain + green_u U + green_v V
 *   B = (Y - zero) * gain + blue_u U    U, V less 128 (letterbox.c has the figures: BT.601,
 *                                       BT.709, limited and full range)
 *
 * A work-item makes WIDE pixels of a row (16, or 4 with SPREAD), with -DSPACE_TO_DEPTH of two rows.
 * Turned by quarters, x depends on the column alone or on the row alone, and so does y: a
 * neighbour's address is a column's part plus a row's part.
 * pixels   the staged regions of the batch's pictures, bytes (struct vg_device_job).
 * jobs     one for each picture of the batch.
 * y        the net's input with its halo: [row][column][4], three channels and a zero.
 *          -DSPACE_TO_DEPTH: the input of a net that begins by making each 2x2 cells one: planes
 *          of half the size in the blocked layout, channel q * 3 + c for the pixel in row q / 2,
 *          column q % 2 of the cell; the other lanes are 0. width and height are even then.
 *          -DBYTES: the values before mean and scale, rounded to bytes (ties to even), for a net
 *          that has mean and scale in its weights; the halo is halo_word, a byte for each of the
 *          three channels.
 * work     (ceil(width / 16), height, pictures), groups of one work-item; the height counts the
 *          rows of y, so half of s.height with -DSPACE_TO_DEPTH. SPREAD: (pieces of 4 pixels of
 *          all rows, 1, pictures), rounded up. */
#include "kernel_sizes.h"
#include "vector.clh"

#if SPREAD
#define WIDE VG_PREPARE_SPREAD_PIXELS
typedef float4 floats;
typedef int4 ints;
#define FROM_INTS(v)       convert_float4(v)
#define INTS(v)            convert_int4(v)
#define LOAD_INTS(p)       vload4(0, p)
#define STORE_INTS(v, p)   vstore4(v, 0, p)
#define STORE_FLOATS(v, p) vstore4(v, 0, p)
#define COUNTED            ((int4)(0, 1, 2, 3))
#define FIRST(v)           v.s0
#define LAST(v)            v.s3
#define EACH(f, v)         (int4)(f(v.s0), f(v.s1), f(v.s2), f(v.s3))
#else
#define WIDE               16
typedef float16 floats;
typedef int16 ints;
#define FROM_INTS(v)       convert_float16(v)
#define INTS(v)            convert_int16(v)
#define LOAD_INTS(p)       vload16(0, p)
#define STORE_INTS(v, p)   vstore16(v, 0, p)
#define STORE_FLOATS(v, p) vstore16(v, 0, p)
#define COUNTED            ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define FIRST(v)           v.s0
#define LAST(v)            v.sf
#define EACH(f, v)                                                                                 \
    (int16)(f(v.s0), f(v.s1), f(v.s2), f(v.s3), f(v.s4), f(v.s5), f(v.s6), f(v.s7), f(v.s8),       \
            f(v.s9), f(v.sa), f(v.sb), f(v.sc), f(v.sd), f(v.se), f(v.sf))
#endif

struct part {
    int luma, chroma; /* bytes */
};

/* The share of coordinate u (a column of the turned region) or v (a row) in the addresses. */
static inline struct part part_of(const struct vg_device_job *job, int is_row, int at)
{
    const int quarter = job->rotation;
    const int along_y = is_row != (quarter & 1);
    /* 1: x = v, y = last - u; 2: x = last - u, y = last - v; 3: x = last - v, y = u */
    const int backwards = quarter == 2 || (quarter == 1 && !is_row) || (quarter == 3 && is_row);
    const int last = (along_y ? job->height : job->width) - 1;
    const int place = (backwards ? last - at : at) + (along_y ? job->top : job->left);
    struct part part;
    part.luma = along_y ? place * job->luma_stride : place;
    part.chroma = along_y ? (place >> 1) * job->chroma_stride : (place & ~1);
    return part;
}

struct colours {
    floats r, g, b;
};

/* Pixels `left` and `right` of one row of the turned region, WIDE times: of the luma a byte each, of
 * the chroma U and V each, the left one's in the low bytes. */
struct neighbours {
    ints luma, chroma;
};

/* wherever they are */
static inline struct neighbours neighbours_of(__global const uchar *luma,
                                              __global const uchar *chroma,
                                              const struct vg_device_job *job, const int *left,
                                              int last)
{
    int two[WIDE], four[WIDE];
    for (int i = 0; i < WIDE; i++) {
        const struct part a = part_of(job, 0, clamp(left[i], 0, last));
        const struct part b = part_of(job, 0, clamp(left[i] + 1, 0, last));
        two[i] = luma[a.luma] | luma[b.luma] << 8;
        four[i] = chroma[a.chroma] | chroma[a.chroma + 1] << 8 | chroma[b.chroma] << 16 |
                  chroma[b.chroma + 1] << 24;
    }
    return (struct neighbours){LOAD_INTS(two), LOAD_INTS(four)};
}

#define TWO(at)  (int)as_ushort(vload2(0, luma + (at)))
#define FOUR(at) as_int(vload4(0, chroma + ((at) & ~1)))
/* Where they lie side by side in memory, with two more pixels behind them: one load for both. */
static inline struct neighbours neighbours_near(__global const uchar *luma,
                                                __global const uchar *chroma, ints at)
{
    const ints four = EACH(FOUR, at);
    const ints one_pair = (four & 0xffff) | four << 16;
    return (struct neighbours){EACH(TWO, at), (at & 1) != 0 ? four : one_pair};
}

/* of the left or (1) the right ones */
static inline struct colours colours_of(struct neighbours n, const struct vg_device_job *job,
                                        int right)
{
    const ints chroma = n.chroma >> 16 * right;
    const floats y = (FROM_INTS(n.luma >> 8 * right & 255) - job->luma_zero) * job->luma_gain;
    const floats cu = FROM_INTS(chroma & 255) - 128.0f;
    const floats cv = FROM_INTS(chroma >> 8 & 255) - 128.0f;
    struct colours c;
    c.r = clamp(fma((floats)job->red_v, cv, y), 0.0f, 255.0f);
    c.g = clamp(fma((floats)job->green_u, cu, fma((floats)job->green_v, cv, y)), 0.0f, 255.0f);
    c.b = clamp(fma((floats)job->blue_u, cu, y), 0.0f, 255.0f);
    return c;
}

static inline floats between(floats a, floats b, floats c, floats d, floats part_x, float part_y)
{
    const floats above = fma(b - a, part_x, a), below = fma(d - c, part_x, c);
    return fma(below - above, (floats)part_y, above);
}

/* WIDE pixels from (row, column) on as the net takes them, channel by channel */
static inline void pixels_of(__global const uchar *pixels, const struct vg_device_job *job,
                             const struct vg_prepare_sizes *s, int row, int column,
                             float value[3][WIDE])
{
    const int inner_y = row - job->inner_top;
    struct colours result;
    result.r = result.g = result.b = (floats)s->fill;

    if (inner_y >= 0 && inner_y < job->inner_height) {
        const int turned = job->rotation & 1;
        const int last_u = (turned ? job->height : job->width) - 1;
        const int last_v = (turned ? job->width : job->height) - 1;
        const ints inner_x = COUNTED + (column - job->inner_left);
        const floats at_x = (FROM_INTS(inner_x) + 0.5f) * job->step_x - 0.5f;
        const float at_y = ((float)inner_y + 0.5f) * job->step_y - 0.5f;
        const floats low_x = floor(at_x);
        const float low_y = floor(at_y);
        const ints left = INTS(low_x);
        const struct part upper = part_of(job, 1, clamp((int)low_y, 0, last_v));
        const struct part lower = part_of(job, 1, clamp((int)low_y + 1, 0, last_v));
        __global const uchar *luma = pixels + job->luma_first;
        __global const uchar *chroma = pixels + job->chroma_first;
        struct neighbours above, below;
        if (job->rotation == 0 && FIRST(left) >= 0 && LAST(left) + 3 <= last_u) {
            above = neighbours_near(luma + upper.luma, chroma + upper.chroma, left + job->left);
            below = neighbours_near(luma + lower.luma, chroma + lower.chroma, left + job->left);
        } else {
            int at[WIDE];
            STORE_INTS(left, at);
            above = neighbours_of(luma + upper.luma, chroma + upper.chroma, job, at, last_u);
            below = neighbours_of(luma + lower.luma, chroma + lower.chroma, job, at, last_u);
        }
        const struct colours a = colours_of(above, job, 0), b = colours_of(above, job, 1);
        const struct colours c = colours_of(below, job, 0), d = colours_of(below, job, 1);
        const ints inside = inner_x >= 0 && inner_x < job->inner_width;
        const floats part_x = at_x - low_x;
        const float part_y = at_y - low_y;
        result.r = inside ? between(a.r, b.r, c.r, d.r, part_x, part_y) : result.r;
        result.g = inside ? between(a.g, b.g, c.g, d.g, part_x, part_y) : result.g;
        result.b = inside ? between(a.b, b.b, c.b, d.b, part_x, part_y) : result.b;
    }

    const floats first = s->red_first ? result.r : result.b;
    const floats third = s->red_first ? result.b : result.r;
#ifdef BYTES
    STORE_FLOATS(first, value[0]);
    STORE_FLOATS(result.g, value[1]);
    STORE_FLOATS(third, value[2]);
#else
    STORE_FLOATS((first - s->mean[0]) * s->scale[0], value[0]);
    STORE_FLOATS((result.g - s->mean[1]) * s->scale[1], value[1]);
    STORE_FLOATS((third - s->mean[2]) * s->scale[2], value[2]);
#endif
}

#ifdef BYTES
typedef uchar stored;
#define PUT(v, p)         (*(p) = convert_uchar_sat_rte(v))
#define STORE_PIXEL(v, p) vstore4(convert_uchar4_sat_rte(v), 0, p)
#define HALO_PIXEL(s)     convert_float4(as_uchar4((s)->halo_word))
#else
typedef elem stored;
#define PUT(v, p) WRITE(v, p)
#if HALF_STORAGE
#define STORE_PIXEL(v, p) vstore_half4(v, 0, p)
#else
#define STORE_PIXEL(v, p) vstore4(v, 0, p)
#endif
#define HALO_PIXEL(s) ((float4)0.0f)
#endif

#ifdef SPACE_TO_DEPTH

#define CHANNELS 12 /* 2 x 2 pixels of 3 */
#define BLOCKS   ((CHANNELS + VG_BLOCK - 1) / VG_BLOCK)
#define CELL     2 /* rows and columns of the input for one of y */

static inline void pixels_clear(__global stored *row, const struct vg_prepare_sizes *s, int first,
                                int end)
{
    float halo[4];
    vstore4(HALO_PIXEL(s), 0, halo);
    for (int column = first; column < end; column++)
        UNROLL for (int i = 0; i < BLOCKS * VG_BLOCK; i++)
            PUT(i < CHANNELS ? halo[i % 3] : 0.0f,
                row + i / VG_BLOCK * s->y.plane + column * VG_BLOCK + i % VG_BLOCK);
}

#else

#define CELL 1

static inline void pixels_clear(__global stored *row, const struct vg_prepare_sizes *s, int first,
                                int end)
{
    for (int column = first; column < end; column++)
        STORE_PIXEL(HALO_PIXEL(s), row + column * 4);
}

#endif

/* As halo_store of vector.clh, for the pixels that stand here. */
static inline void halo_of_pixels(__global stored *y, const struct vg_prepare_sizes *s, int row,
                                  int first, int end)
{
    const struct vg_halo h = s->halo;
    const int width = s->width / CELL, height = s->height / CELL;
    const int from = first == 0 ? -h.left : first, to = end == width ? end + h.right : end;
    pixels_clear(y, s, from, first);
    pixels_clear(y, s, end, to);
    for (int r = 1; r <= h.above && row == 0; r++)
        pixels_clear(y - r * s->y.row, s, from, to);
    for (int r = 1; r <= h.below && row == height - 1; r++)
        pixels_clear(y + r * s->y.row, s, from, to);
}

#ifdef SPACE_TO_DEPTH

/* y: of the row; value: of its upper and its lower pixels */
static inline void store(__global stored *y, const struct vg_prepare_sizes *s,
                         float value[2][3][WIDE], int row, int first, int count)
{
    UNROLL for (int p = 0; p < WIDE / 2; p++)
    {
        if (p >= count)
            continue;
        UNROLL for (int i = 0; i < BLOCKS * VG_BLOCK; i++)
        {
            const int q = i / 3;
            PUT(i < CHANNELS ? value[q / 2 % 2][i % 3][2 * p + q % 2] : 0.0f,
                y + i / VG_BLOCK * s->y.plane + (first + p) * VG_BLOCK + i % VG_BLOCK);
        }
    }
    halo_of_pixels(y, s, row, first, first + count);
}

#else

/* y: of the row */
static inline void store(__global stored *y, const struct vg_prepare_sizes *s, float value[3][WIDE],
                         int row, int first, int count)
{
    UNROLL for (int p = 0; p < WIDE; p++) if (p < count)
        STORE_PIXEL((float4)(value[0][p], value[1][p], value[2][p], 0.0f), y + (first + p) * 4);
    halo_of_pixels(y, s, row, first, first + count);
}

#endif

GROUP __kernel void prepare(__global const uchar *pixels, __global const struct vg_device_job *jobs,
                            __global stored *y, const struct vg_prepare_sizes s)
{
#if SPREAD
    const int pieces = (s.width + WIDE - 1) / WIDE;
    const int column = (int)get_global_id(0) % pieces * WIDE, row = (int)get_global_id(0) / pieces;
    if (row >= s.height / CELL)
        return;
#else
    const int column = (int)get_global_id(0) * WIDE, row = (int)get_global_id(1);
#endif
    const struct vg_device_job job = jobs[get_global_id(2)];
    const int count = min(WIDE, s.width - column);
    y += s.y.first + (int)get_global_id(2) * s.y.picture + row * s.y.row;
#ifdef SPACE_TO_DEPTH
    float value[2][3][WIDE];
    pixels_of(pixels, &job, &s, 2 * row, column, value[0]);
    pixels_of(pixels, &job, &s, 2 * row + 1, column, value[1]);
    store(y, &s, value, row, column / 2, count / 2);
#else
    float value[3][WIDE];
    pixels_of(pixels, &job, &s, row, column, value);
    store(y, &s, value, row, column, count);
#endif
}
