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
 * A work-item makes 16 pixels of a row, with -DSPACE_TO_DEPTH of two rows. Turned by quarters, x
 * depends on the column alone or on the row alone, and so does y: a neighbour's address is a
 * column's part plus a row's part.
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
 *          rows of y, so half of s.height with -DSPACE_TO_DEPTH. */
#include "kernel_sizes.h"
#include "vector.clh"

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
    float16 r, g, b;
};

/* Pixels `left` and `right` of one row of the turned region, 16 times: of the luma a byte each, of
 * the chroma U and V each, the left one's in the low bytes. */
struct neighbours {
    int16 luma, chroma;
};

/* wherever they are */
static inline struct neighbours neighbours_of(__global const uchar *luma,
                                              __global const uchar *chroma,
                                              const struct vg_device_job *job, const int *left,
                                              int last)
{
    int two[16], four[16];
    for (int i = 0; i < 16; i++) {
        const struct part a = part_of(job, 0, clamp(left[i], 0, last));
        const struct part b = part_of(job, 0, clamp(left[i] + 1, 0, last));
        two[i] = luma[a.luma] | luma[b.luma] << 8;
        four[i] = chroma[a.chroma] | chroma[a.chroma + 1] << 8 | chroma[b.chroma] << 16 |
                  chroma[b.chroma + 1] << 24;
    }
    return (struct neighbours){vload16(0, two), vload16(0, four)};
}

#define TWO(at)  (int)as_ushort(vload2(0, luma + (at)))
#define FOUR(at) as_int(vload4(0, chroma + ((at) & ~1)))
#define SIXTEEN(f, at)                                                                             \
    (int16)(f(at.s0), f(at.s1), f(at.s2), f(at.s3), f(at.s4), f(at.s5), f(at.s6), f(at.s7),        \
            f(at.s8), f(at.s9), f(at.sa), f(at.sb), f(at.sc), f(at.sd), f(at.se), f(at.sf))

/* Where they lie side by side in memory, with two more pixels behind them: one load for both. */
static inline struct neighbours neighbours_near(__global const uchar *luma,
                                                __global const uchar *chroma, int16 at)
{
    const int16 four = SIXTEEN(FOUR, at);
    const int16 one_pair = (four & 0xffff) | four << 16;
    return (struct neighbours){SIXTEEN(TWO, at), (at & 1) != 0 ? four : one_pair};
}

/* of the left or (1) the right ones */
static inline struct colours colours_of(struct neighbours n, const struct vg_device_job *job,
                                        int right)
{
    const int16 chroma = n.chroma >> 16 * right;
    const float16 y = (convert_float16(n.luma >> 8 * right & 255) - job->luma_zero) * job->luma_gain;
    const float16 cu = convert_float16(chroma & 255) - 128.0f;
    const float16 cv = convert_float16(chroma >> 8 & 255) - 128.0f;
    struct colours c;
    c.r = clamp(fma((float16)job->red_v, cv, y), 0.0f, 255.0f);
    c.g = clamp(fma((float16)job->green_u, cu, fma((float16)job->green_v, cv, y)), 0.0f, 255.0f);
    c.b = clamp(fma((float16)job->blue_u, cu, y), 0.0f, 255.0f);
    return c;
}

static inline float16 between(float16 a, float16 b, float16 c, float16 d, float16 part_x,
                              float part_y)
{
    const float16 above = fma(b - a, part_x, a), below = fma(d - c, part_x, c);
    return fma(below - above, (float16)part_y, above);
}

/* 16 pixels from (row, column) on as the net takes them, channel by channel */
static inline void pixels_of(__global const uchar *pixels, const struct vg_device_job *job,
                             const struct vg_prepare_sizes *s, int row, int column,
                             float value[3][16])
{
    const int inner_y = row - job->inner_top;
    struct colours result;
    result.r = result.g = result.b = (float16)s->fill;

    if (inner_y >= 0 && inner_y < job->inner_height) {
        const int turned = job->rotation & 1;
        const int last_u = (turned ? job->height : job->width) - 1;
        const int last_v = (turned ? job->width : job->height) - 1;
        const int16 inner_x = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) +
                              (column - job->inner_left);
        const float16 at_x = (convert_float16(inner_x) + 0.5f) * job->step_x - 0.5f;
        const float at_y = ((float)inner_y + 0.5f) * job->step_y - 0.5f;
        const float16 low_x = floor(at_x);
        const float low_y = floor(at_y);
        const int16 left = convert_int16(low_x);
        const struct part upper = part_of(job, 1, clamp((int)low_y, 0, last_v));
        const struct part lower = part_of(job, 1, clamp((int)low_y + 1, 0, last_v));
        __global const uchar *luma = pixels + job->luma_first;
        __global const uchar *chroma = pixels + job->chroma_first;
        struct neighbours above, below;
        if (job->rotation == 0 && left.s0 >= 0 && left.sf + 3 <= last_u) {
            above = neighbours_near(luma + upper.luma, chroma + upper.chroma, left + job->left);
            below = neighbours_near(luma + lower.luma, chroma + lower.chroma, left + job->left);
        } else {
            int at[16];
            vstore16(left, 0, at);
            above = neighbours_of(luma + upper.luma, chroma + upper.chroma, job, at, last_u);
            below = neighbours_of(luma + lower.luma, chroma + lower.chroma, job, at, last_u);
        }
        const struct colours a = colours_of(above, job, 0), b = colours_of(above, job, 1);
        const struct colours c = colours_of(below, job, 0), d = colours_of(below, job, 1);
        const int16 inside = inner_x >= 0 && inner_x < job->inner_width;
        const float16 part_x = at_x - low_x;
        const float part_y = at_y - low_y;
        result.r = inside ? between(a.r, b.r, c.r, d.r, part_x, part_y) : result.r;
        result.g = inside ? between(a.g, b.g, c.g, d.g, part_x, part_y) : result.g;
        result.b = inside ? between(a.b, b.b, c.b, d.b, part_x, part_y) : result.b;
    }

    const float16 first = s->red_first ? result.r : result.b;
    const float16 third = s->red_first ? result.b : result.r;
#ifdef BYTES
    vstore16(first, 0, value[0]);
    vstore16(result.g, 0, value[1]);
    vstore16(third, 0, value[2]);
#else
    vstore16((first - s->mean[0]) * s->scale[0], 0, value[0]);
    vstore16((result.g - s->mean[1]) * s->scale[1], 0, value[1]);
    vstore16((third - s->mean[2]) * s->scale[2], 0, value[2]);
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
#define CELL     2

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
                         float value[2][3][16], int row, int first, int count)
{
    UNROLL for (int p = 0; p < 8; p++) {
        if (p >= count)
            continue;
        UNROLL for (int i = 0; i < BLOCKS * VG_BLOCK; i++) {
            const int q = i / 3;
            PUT(i < CHANNELS ? value[q / 2 % 2][i % 3][2 * p + q % 2] : 0.0f,
                y + i / VG_BLOCK * s->y.plane + (first + p) * VG_BLOCK + i % VG_BLOCK);
        }
    }
    halo_of_pixels(y, s, row, first, first + count);
}

#else

/* y: of the row */
static inline void store(__global stored *y, const struct vg_prepare_sizes *s, float value[3][16],
                         int row, int first, int count)
{
    UNROLL for (int p = 0; p < 16; p++)
        if (p < count)
            STORE_PIXEL((float4)(value[0][p], value[1][p], value[2][p], 0.0f),
                        y + (first + p) * 4);
    halo_of_pixels(y, s, row, first, first + count);
}

#endif

ALONE __kernel void prepare(__global const uchar *pixels, __global const struct vg_device_job *jobs,
                            __global stored *y, const struct vg_prepare_sizes s)
{
    const int column = (int)get_global_id(0) * 16, row = (int)get_global_id(1);
    const struct vg_device_job job = jobs[get_global_id(2)];
    const int count = min(16, s.width - column);
    y += s.y.first + (int)get_global_id(2) * s.y.picture + row * s.y.row;
#ifdef SPACE_TO_DEPTH
    float value[2][3][16];
    pixels_of(pixels, &job, &s, 2 * row, column, value[0]);
    pixels_of(pixels, &job, &s, 2 * row + 1, column, value[1]);
    store(y, &s, value, row, column / 2, count / 2);
#else
    float value[3][16];
    pixels_of(pixels, &job, &s, row, column, value);
    store(y, &s, value, row, column, count);
#endif
}
