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

/* R, G, B of the pixel (u, v) of the turned region */
static inline float3 colour(__global const uchar *pixels, __global const struct vg_device_job *job,
                            int u, int v)
{
    const int last_x = job->width - 1, last_y = job->height - 1;
    int x = u, y = v;
    if (job->rotation == 1) {
        x = v;
        y = last_y - u;
    } else if (job->rotation == 2) {
        x = last_x - u;
        y = last_y - v;
    } else if (job->rotation == 3) {
        x = last_x - v;
        y = u;
    }
    x += job->left;
    y += job->top;
    __global const uchar *pair =
        pixels + job->chroma_first + (y >> 1) * job->chroma_stride + (x >> 1) * 2;
    const float luma =
        ((float)pixels[job->luma_first + y * job->luma_stride + x] - job->luma_zero) *
        job->luma_gain;
    const float cu = (float)pair[0] - 128.0f, cv = (float)pair[1] - 128.0f;
    const float3 rgb = (float3)(luma + job->red_v * cv, luma + job->green_u * cu + job->green_v * cv,
                                luma + job->blue_u * cu);
    return clamp(rgb, 0.0f, 255.0f);
}

__kernel void prepare(__global const uchar *pixels, __global const struct vg_device_job *jobs,
                      __global float *y, const struct vg_prepare_sizes s)
{
    const int column = (int)get_global_id(0), row = (int)get_global_id(1);
    if (column >= s.width)
        return;
    __global const struct vg_device_job *job = jobs + get_global_id(2);
    const int inner_x = column - job->inner_left, inner_y = row - job->inner_top;
    float3 rgb = (float3)(s.fill);
    if (inner_x >= 0 && inner_x < job->inner_width && inner_y >= 0 &&
        inner_y < job->inner_height) {
        const int turned = job->rotation & 1;
        const int last_u = (turned ? job->height : job->width) - 1;
        const int last_v = (turned ? job->width : job->height) - 1;
        const float at_x = ((float)inner_x + 0.5f) * job->step_x - 0.5f;
        const float at_y = ((float)inner_y + 0.5f) * job->step_y - 0.5f;
        const float low_x = floor(at_x), low_y = floor(at_y);
        const int u0 = clamp((int)low_x, 0, last_u), u1 = clamp((int)low_x + 1, 0, last_u);
        const int v0 = clamp((int)low_y, 0, last_v), v1 = clamp((int)low_y + 1, 0, last_v);
        const float3 a = mix(colour(pixels, job, u0, v0), colour(pixels, job, u1, v0),
                             (float3)(at_x - low_x));
        const float3 b = mix(colour(pixels, job, u0, v1), colour(pixels, job, u1, v1),
                             (float3)(at_x - low_x));
        rgb = mix(a, b, (float3)(at_y - low_y));
    }
    const float3 value = s.red_first ? rgb : rgb.zyx;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + row * s.y.row + column * 4;
    y[0] = (value.x - s.mean[0]) * s.scale[0];
    y[1] = (value.y - s.mean[1]) * s.scale[1];
    y[2] = (value.z - s.mean[2]) * s.scale[2];
    y[3] = 0.0f;
}
