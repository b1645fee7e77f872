/* From NV12 pixels to the net's input in one pass: region, rotation, colours, letterbox,
 * normalisation.
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
 * A work-item makes 16 pixels of a row. Turned by quarters, x depends on the column alone or on
 * the row alone, and so does y: a neighbour's address is a column's part plus a row's part.
 * pixels   the staged regions of the batch's pictures, bytes (struct vg_device_job).
 * jobs     one for each picture of the batch.
 * y        the net's input: [row][column][4] with a halo, three channels and a zero.
 * work     (ceil(width / 16), height, pictures), groups of one work-item. */
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
    vec r, g, b;
};

/* 16 neighbours of one row of the turned region */
static inline struct colours colours_of(__global const uchar *pixels,
                                        const struct vg_device_job *job, const struct part *column,
                                        struct part row)
{
    __global const uchar *luma_row = pixels + job->luma_first + row.luma;
    __global const uchar *chroma_row = pixels + job->chroma_first + row.chroma;
    uchar luma[16], u[16], v[16];
    UNROLL for (int i = 0; i < 16; i++) {
        luma[i] = luma_row[column[i].luma];
        u[i] = chroma_row[column[i].chroma];
        v[i] = chroma_row[column[i].chroma + 1];
    }
    const vec y = (convert_float16(vload16(0, luma)) - job->luma_zero) * job->luma_gain;
    const vec cu = convert_float16(vload16(0, u)) - 128.0f;
    const vec cv = convert_float16(vload16(0, v)) - 128.0f;
    struct colours c;
    c.r = clamp(fma((vec)job->red_v, cv, y), 0.0f, 255.0f);
    c.g = clamp(fma((vec)job->green_u, cu, fma((vec)job->green_v, cv, y)), 0.0f, 255.0f);
    c.b = clamp(fma((vec)job->blue_u, cu, y), 0.0f, 255.0f);
    return c;
}

static inline vec between(vec a, vec b, vec c, vec d, vec part_x, float part_y)
{
    const vec above = fma(b - a, part_x, a), below = fma(d - c, part_x, c);
    return fma(below - above, (vec)part_y, above);
}

#define PIXEL(n, i)                                                                                \
    if (column + n < s.width)                                                                      \
    vstore4((float4)(first.s##i, second.s##i, third.s##i, 0.0f), n, y)

ALONE __kernel void prepare(__global const uchar *pixels, __global const struct vg_device_job *jobs,
                            __global float *y, const struct vg_prepare_sizes s)
{
    const int column = (int)get_global_id(0) * 16, row = (int)get_global_id(1);
    const struct vg_device_job job = jobs[get_global_id(2)];
    const int inner_y = row - job.inner_top;
    struct colours result;
    result.r = result.g = result.b = (vec)s.fill;

    if (inner_y >= 0 && inner_y < job.inner_height) {
        const int turned = job.rotation & 1;
        const int last_u = (turned ? job.height : job.width) - 1;
        const int last_v = (turned ? job.width : job.height) - 1;
        const int16 inner_x = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) +
                              (column - job.inner_left);
        const vec at_x = (convert_float16(inner_x) + 0.5f) * job.step_x - 0.5f;
        const float at_y = ((float)inner_y + 0.5f) * job.step_y - 0.5f;
        const vec low_x = floor(at_x);
        const float low_y = floor(at_y);
        int left[16];
        vstore16(convert_int16(low_x), 0, left);
        struct part left_part[16], right_part[16];
        UNROLL for (int i = 0; i < 16; i++) {
            left_part[i] = part_of(&job, 0, clamp(left[i], 0, last_u));
            right_part[i] = part_of(&job, 0, clamp(left[i] + 1, 0, last_u));
        }
        const struct part upper = part_of(&job, 1, clamp((int)low_y, 0, last_v));
        const struct part lower = part_of(&job, 1, clamp((int)low_y + 1, 0, last_v));
        const struct colours a = colours_of(pixels, &job, left_part, upper);
        const struct colours b = colours_of(pixels, &job, right_part, upper);
        const struct colours c = colours_of(pixels, &job, left_part, lower);
        const struct colours d = colours_of(pixels, &job, right_part, lower);
        const int16 inside = inner_x >= 0 && inner_x < job.inner_width;
        const vec part_x = at_x - low_x;
        const float part_y = at_y - low_y;
        result.r = inside ? between(a.r, b.r, c.r, d.r, part_x, part_y) : result.r;
        result.g = inside ? between(a.g, b.g, c.g, d.g, part_x, part_y) : result.g;
        result.b = inside ? between(a.b, b.b, c.b, d.b, part_x, part_y) : result.b;
    }

    const vec first = ((s.red_first ? result.r : result.b) - s.mean[0]) * s.scale[0];
    const vec second = (result.g - s.mean[1]) * s.scale[1];
    const vec third = ((s.red_first ? result.b : result.r) - s.mean[2]) * s.scale[2];
    y += s.y.first + (int)get_global_id(2) * s.y.picture + row * s.y.row + column * 4;
    PIXEL(0, 0);
    PIXEL(1, 1);
    PIXEL(2, 2);
    PIXEL(3, 3);
    PIXEL(4, 4);
    PIXEL(5, 5);
    PIXEL(6, 6);
    PIXEL(7, 7);
    PIXEL(8, 8);
    PIXEL(9, 9);
    PIXEL(10, a);
    PIXEL(11, b);
    PIXEL(12, c);
    PIXEL(13, d);
    PIXEL(14, e);
    PIXEL(15, f);
}
