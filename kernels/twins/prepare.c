/* Twin of kernels/prepare.cl. */
#include <math.h>
#include <string.h>

#include "kernels/twins/twins_map.h"

static vg_i32 within(vg_i32 value, vg_i32 size)
{
    return value < 0 ? 0 : value < size ? value : size - 1;
}

static double byte_of(double value)
{
    return fmin(fmax(value, 0.0), 255.0);
}

/* R, G, B of the pixel (u, v) of the region turned clockwise by the job's quarters */
static void colour(const uint8_t *pixels, const struct vg_device_job *job, vg_i32 u, vg_i32 v,
                   double rgb[3])
{
    const vg_i32 w = job->width, h = job->height;
    const vg_i32 from[4][2] = {{u, v}, {v, h - 1 - u}, {w - 1 - u, h - 1 - v}, {w - 1 - v, u}};
    const vg_i32 x = job->left + from[job->rotation][0], y = job->top + from[job->rotation][1];
    const uint8_t *pair = pixels + job->chroma_first + y / 2 * job->chroma_stride + x / 2 * 2;
    const double luma =
        (pixels[job->luma_first + y * job->luma_stride + x] - (double)job->luma_zero) *
        (double)job->luma_gain;
    const double cu = pair[0] - 128.0, cv = pair[1] - 128.0;
    rgb[0] = byte_of(luma + (double)job->red_v * cv);
    rgb[1] = byte_of(luma + (double)job->green_u * cu + (double)job->green_v * cv);
    rgb[2] = byte_of(luma + (double)job->blue_u * cu);
}

static void interpolate(const uint8_t *pixels, const struct vg_device_job *job, vg_i32 inner_x,
                        vg_i32 inner_y, double rgb[3])
{
    const vg_i32 turned = job->rotation % 2;
    const vg_i32 width = turned ? job->height : job->width;
    const vg_i32 height = turned ? job->width : job->height;
    const double x = (inner_x + 0.5) * (double)job->step_x - 0.5;
    const double y = (inner_y + 0.5) * (double)job->step_y - 0.5;
    const vg_i32 left = (vg_i32)floor(x), top = (vg_i32)floor(y);
    memset(rgb, 0, 3 * sizeof *rgb);
    for (vg_i32 tap = 0; tap < 4; tap++) {
        const vg_i32 dx = tap % 2, dy = tap / 2;
        const double weight = (dx ? x - left : 1 - x + left) * (dy ? y - top : 1 - y + top);
        double one[3];
        colour(pixels, job, within(left + dx, width), within(top + dy, height), one);
        for (vg_i32 c = 0; c < 3; c++)
            rgb[c] += weight * one[c];
    }
}

/* the three channels of a pixel, as bytes are */
static void pixel(const uint8_t *pixels, const struct vg_device_job *job,
                  const struct vg_prepare_sizes *s, vg_i32 row, vg_i32 column, double value[3])
{
    const vg_i32 x = column - job->inner_left, y = row - job->inner_top;
    double rgb[3] = {(double)s->fill, (double)s->fill, (double)s->fill};
    if (x >= 0 && x < job->inner_width && y >= 0 && y < job->inner_height)
        interpolate(pixels, job, x, y, rgb);
    for (vg_i32 c = 0; c < 3; c++)
        value[c] = rgb[s->red_first ? c : 2 - c];
}

/* where value c of the pixel is put */
static vg_i32 place(const struct vg_prepare_sizes *s, const struct vg_map_build *build,
                    vg_i32 picture, vg_i32 row, vg_i32 column, vg_i32 c)
{
    if (build->prepare == VG_PREPARE_PIXELS)
        return s->y.first + picture * s->y.picture + row * s->y.row + column * 4 + c;
    const vg_i32 q = row % 2 * 2 + column % 2;
    const struct vg_twin_place at = {(vg_i32)build->block, picture, q * 3 + c, row / 2, column / 2};
    return vg_twin_place_at(&s->y, &at);
}

static struct vg_twin_planes planes_of(const struct vg_prepare_sizes *s,
                                       const struct vg_map_build *build, vg_i32 pictures)
{
    const vg_i32 block = (vg_i32)build->block, by = build->prepare == VG_PREPARE_PIXELS ? 1 : 2;
    return (struct vg_twin_planes){.area = s->y,
                                   .halo = s->halo,
                                   .pixel = by == 1 ? 4 : block,
                                   .count = by == 1 ? 1 : (12 + block - 1) / block,
                                   .width = s->width / by,
                                   .height = s->height / by,
                                   .pictures = pictures};
}

void vg_twin_prepare(const uint8_t *pixels, const struct vg_device_job *jobs, float *y,
                     const struct vg_prepare_sizes *s, const struct vg_map_build *build,
                     vg_i32 pictures)
{
    const struct vg_twin_planes all = planes_of(s, build, pictures);
    vg_twin_planes_clear(y, &all); /* the halo, and the lanes that no pixel fills */
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 row = 0; row < s->height; row++)
            for (vg_i32 column = 0; column < s->width; column++) {
                double value[3];
                pixel(pixels, jobs + picture, s, row, column, value);
                for (vg_i32 c = 0; c < 3; c++)
                    y[place(s, build, picture, row, column, c)] =
                        (float)((value[c] - (double)s->mean[c]) * (double)s->scale[c]);
            }
}

/* Planes and halo in the halo's bytes; lanes that no pixel fills are 0. */
static void bytes_clear(uint8_t *y, const struct vg_twin_planes *p, vg_i32 word)
{
    const vg_i32 used = p->pixel == 4 ? 3 : 12;
    for (vg_i32 picture = 0; picture < p->pictures; picture++)
        for (vg_i32 row = -p->halo.above; row < p->height + p->halo.below; row++)
            for (vg_i32 column = -p->halo.left; column < p->width + p->halo.right; column++)
                for (vg_i32 i = 0; i < p->pixel; i++)
                    y[p->area.first + picture * p->area.picture + row * p->area.row +
                      column * p->pixel + i] =
                        (uint8_t)(i < used ? (uint32_t)word >> 8 * (i % 3) : 0);
}

void vg_twin_prepare_bytes(const uint8_t *pixels, const struct vg_device_job *jobs, uint8_t *y,
                           const struct vg_prepare_sizes *s, const struct vg_map_build *build,
                           vg_i32 pictures)
{
    const struct vg_twin_planes all = planes_of(s, build, pictures);
    bytes_clear(y, &all, s->halo_word);
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 row = 0; row < s->height; row++)
            for (vg_i32 column = 0; column < s->width; column++) {
                double value[3];
                pixel(pixels, jobs + picture, s, row, column, value);
                for (vg_i32 c = 0; c < 3; c++)
                    y[place(s, build, picture, row, column, c)] = (uint8_t)rint(value[c]);
            }
}
