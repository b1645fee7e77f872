#include "src/engine/letterbox.h"

#include <math.h>
#include <string.h>

/* The whole pixels from `first` to `first + size`, inside 0..limit; 0 when there is none. */
static int span(float first, float size, uint32_t limit, uint32_t *from, uint32_t *count)
{
    if (!isfinite(first) || !isfinite(size))
        return 0;
    const double low = fmax(round((double)first), 0.0);
    const double high = fmin(round((double)first + (double)size), (double)limit);
    if (high - low < 1)
        return 0;
    *from = (uint32_t)low;
    *count = (uint32_t)(high - low);
    return 1;
}

static int region_of(const struct vg_job *job, struct vg_letterbox *box)
{
    const struct vg_picture *picture = job->picture;
    struct vg_box region = job->region;
    if (!(region.width > 0) && !(region.height > 0))
        region = (struct vg_box){0, 0, (float)picture->width, (float)picture->height};
    return span(region.left, region.width, picture->width, &box->left, &box->width) &&
           span(region.top, region.height, picture->height, &box->top, &box->height);
}

static uint32_t fitted(uint32_t size, double scale, uint32_t limit)
{
    const double rounded = floor(size * scale + 0.5);
    return rounded < 1 ? 1 : rounded > limit ? limit : (uint32_t)rounded;
}

/* widened to even pixels; the picture's own size is even */
static void stage(uint32_t from, uint32_t count, uint32_t *staged, uint32_t *staged_count)
{
    *staged = from & ~1u;
    *staged_count = ((from + count + 1) & ~1u) - *staged;
}

enum vg_status vg_letterbox_make(const struct vg_job *job, struct vg_size input,
                                 enum vg_anchor anchor, struct vg_letterbox *box)
{
    memset(box, 0, sizeof *box);
    if ((uint32_t)job->rotation > VG_ROTATION_270 || !region_of(job, box))
        return VG_E_CALL;
    box->rotation = job->rotation;
    const int turned = job->rotation == VG_ROTATION_90 || job->rotation == VG_ROTATION_270;
    const uint32_t width = turned ? box->height : box->width;
    const uint32_t height = turned ? box->width : box->height;
    const double scale = fmin((double)input.width / width, (double)input.height / height);
    box->inner_width = fitted(width, scale, input.width);
    box->inner_height = fitted(height, scale, input.height);
    if (anchor == VG_ANCHOR_CENTRE) {
        box->inner_left = (input.width - box->inner_width) / 2;
        box->inner_top = (input.height - box->inner_height) / 2;
    }
    box->step_x = (double)width / box->inner_width;
    box->step_y = (double)height / box->inner_height;
    stage(box->left, box->width, &box->staged_left, &box->staged_width);
    stage(box->top, box->height, &box->staged_top, &box->staged_height);
    return VG_OK;
}

uint64_t vg_letterbox_bytes(const struct vg_letterbox *box)
{
    return (uint64_t)box->staged_width * box->staged_height * 3 / 2;
}

/* Kr and Kb of the matrix; the rest follows: R = Y + 2 (1 - Kr) V, B = Y + 2 (1 - Kb) U,
 * G = Y - 2 Kb (1 - Kb) / Kg U - 2 Kr (1 - Kr) / Kg V */
static void colours_set(struct vg_device_job *job, const struct vg_picture *picture)
{
    const double kr = picture->matrix == VG_MATRIX_BT709 ? 0.2126 : 0.299;
    const double kb = picture->matrix == VG_MATRIX_BT709 ? 0.0722 : 0.114;
    const double kg = 1 - kr - kb;
    const int full = picture->range == VG_RANGE_FULL;
    const double gain = full ? 1 : 255.0 / 224.0; /* of chroma */
    job->luma_zero = full ? 0 : 16;
    job->luma_gain = full ? 1 : (float)(255.0 / 219.0);
    job->red_v = (float)(2 * (1 - kr) * gain);
    job->blue_u = (float)(2 * (1 - kb) * gain);
    job->green_u = (float)(-2 * kb * (1 - kb) / kg * gain);
    job->green_v = (float)(-2 * kr * (1 - kr) / kg * gain);
}

struct vg_device_job vg_letterbox_job(const struct vg_letterbox *box,
                                      const struct vg_picture *picture, uint32_t first,
                                      float threshold)
{
    struct vg_device_job job = {
        .luma_first = (vg_i32)first,
        .luma_stride = (vg_i32)box->staged_width,
        .chroma_first = (vg_i32)(first + box->staged_width * box->staged_height),
        .chroma_stride = (vg_i32)box->staged_width,
        .left = (vg_i32)(box->left - box->staged_left),
        .top = (vg_i32)(box->top - box->staged_top),
        .width = (vg_i32)box->width,
        .height = (vg_i32)box->height,
        .rotation = (vg_i32)box->rotation,
        .inner_left = (vg_i32)box->inner_left,
        .inner_top = (vg_i32)box->inner_top,
        .inner_width = (vg_i32)box->inner_width,
        .inner_height = (vg_i32)box->inner_height,
        .step_x = (float)box->step_x,
        .step_y = (float)box->step_y,
        .threshold = threshold,
    };
    colours_set(&job, picture);
    return job;
}

static double within(double value, double most)
{
    return fmin(fmax(value, 0.0), most);
}

struct vg_box vg_letterbox_back(const struct vg_letterbox *box, const struct vg_candidate *found)
{
    const double w = box->width, h = box->height;
    const int turned = box->rotation == VG_ROTATION_90 || box->rotation == VG_ROTATION_270;
    const double width = turned ? h : w, height = turned ? w : h;
    /* in the turned region */
    const double u0 = within(((double)found->left - box->inner_left) * box->step_x, width);
    const double u1 = within(((double)found->right - box->inner_left) * box->step_x, width);
    const double v0 = within(((double)found->top - box->inner_top) * box->step_y, height);
    const double v1 = within(((double)found->bottom - box->inner_top) * box->step_y, height);
    /* turned back: left, top, right, bottom of the region */
    const double corner[4][4] = {[VG_ROTATION_0] = {u0, v0, u1, v1},
                                 [VG_ROTATION_90] = {v0, h - u1, v1, h - u0},
                                 [VG_ROTATION_180] = {w - u1, h - v1, w - u0, h - v0},
                                 [VG_ROTATION_270] = {w - v1, u0, w - v0, u1}};
    const double *c = corner[box->rotation];
    return (struct vg_box){(float)(box->left + c[0]), (float)(box->top + c[1]),
                           (float)(c[2] - c[0]), (float)(c[3] - c[1])};
}
