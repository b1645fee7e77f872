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
 * pixels   the staged regions of the batch's pictures, bytes (struct vg_device_job).
 * jobs     one for each picture of the batch.
 * y        the net's input: [row][column][4] with a halo, three channels and a zero.
 * work     (width rounded up to whole groups, height, pictures), groups along a row. */
#include "kernel_sizes.h"

/* No branch and no vector type below: a CPU's compiler then makes vectors of work-items. */

/* A pixel (u, v) of the turned region stands at (x_u u + x_v v + x_0, y_u u + y_v v + y_0). */
struct turn {
    int x_u, x_v, x_0, y_u, y_v, y_0;
};

static inline struct turn turn_of(__global const struct vg_device_job *job)
{
    const int quarter = job->rotation;
    struct turn t;
    t.x_u = quarter == 0 ? 1 : quarter == 2 ? -1 : 0;
    t.x_v = quarter == 1 ? 1 : quarter == 3 ? -1 : 0;
    t.y_u = quarter == 3 ? 1 : quarter == 1 ? -1 : 0;
    t.y_v = quarter == 0 ? 1 : quarter == 2 ? -1 : 0;
    t.x_0 = job->left + (quarter >= 2 ? job->width - 1 : 0);
    t.y_0 = job->top + (quarter == 1 || quarter == 2 ? job->height - 1 : 0);
    return t;
}

struct rgb {
    float r, g, b;
};

static inline struct rgb colour(__global const uchar *pixels,
                                __global const struct vg_device_job *job, struct turn t, int u,
                                int v)
{
    const int x = t.x_u * u + t.x_v * v + t.x_0, y = t.y_u * u + t.y_v * v + t.y_0;
    const int pair = job->chroma_first + (y >> 1) * job->chroma_stride + (x & ~1);
    const float luma =
        ((float)pixels[job->luma_first + y * job->luma_stride + x] - job->luma_zero) *
        job->luma_gain;
    const float cu = (float)pixels[pair] - 128.0f, cv = (float)pixels[pair + 1] - 128.0f;
    struct rgb rgb;
    rgb.r = clamp(luma + job->red_v * cv, 0.0f, 255.0f);
    rgb.g = clamp(luma + job->green_u * cu + job->green_v * cv, 0.0f, 255.0f);
    rgb.b = clamp(luma + job->blue_u * cu, 0.0f, 255.0f);
    return rgb;
}

static inline float between(float a, float b, float c, float d, float part_x, float part_y)
{
    const float above = fma(b - a, part_x, a), below = fma(d - c, part_x, c);
    return fma(below - above, part_y, above);
}

__kernel void prepare(__global const uchar *pixels, __global const struct vg_device_job *jobs,
                      __global float *y, const struct vg_prepare_sizes s)
{
    /* beyond the row: its last pixel again, the same value */
    const int column = min((int)get_global_id(0), s.width - 1), row = (int)get_global_id(1);
    __global const struct vg_device_job *job = jobs + get_global_id(2);
    const struct turn t = turn_of(job);
    const int last_u = (job->rotation & 1 ? job->height : job->width) - 1;
    const int last_v = (job->rotation & 1 ? job->width : job->height) - 1;
    const int inner_x = column - job->inner_left, inner_y = row - job->inner_top;
    const int inside = inner_x >= 0 && inner_x < job->inner_width && inner_y >= 0 &&
                       inner_y < job->inner_height;

    const float at_x = ((float)inner_x + 0.5f) * job->step_x - 0.5f;
    const float at_y = ((float)inner_y + 0.5f) * job->step_y - 0.5f;
    const float low_x = floor(at_x), low_y = floor(at_y);
    const int u0 = clamp((int)low_x, 0, last_u), u1 = clamp((int)low_x + 1, 0, last_u);
    const int v0 = clamp((int)low_y, 0, last_v), v1 = clamp((int)low_y + 1, 0, last_v);
    const struct rgb a = colour(pixels, job, t, u0, v0), b = colour(pixels, job, t, u1, v0);
    const struct rgb c = colour(pixels, job, t, u0, v1), d = colour(pixels, job, t, u1, v1);
    const float part_x = at_x - low_x, part_y = at_y - low_y;
    const float red = inside ? between(a.r, b.r, c.r, d.r, part_x, part_y) : s.fill;
    const float green = inside ? between(a.g, b.g, c.g, d.g, part_x, part_y) : s.fill;
    const float blue = inside ? between(a.b, b.b, c.b, d.b, part_x, part_y) : s.fill;

    y += s.y.first + (int)get_global_id(2) * s.y.picture + row * s.y.row + column * 4;
    y[0] = ((s.red_first ? red : blue) - s.mean[0]) * s.scale[0];
    y[1] = (green - s.mean[1]) * s.scale[1];
    y[2] = ((s.red_first ? blue : red) - s.mean[2]) * s.scale[2];
    y[3] = 0.0f;
}
