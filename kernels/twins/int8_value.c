/* The values of kernels/int8.clh, one at a time. */
#include <math.h>
#include <string.h>

#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

#define ROUNDER 12582912.0f /* 1.5 * 2^23 */

static float exp_of(float v)
{
    v = v > -86.0f ? v : -86.0f;
    v = v < 88.0f ? v : 88.0f;
    const float whole = fmaf(v, 1.44269504f, ROUNDER) - ROUNDER;
    float r = fmaf(whole, -0.693359375f, v);
    r = fmaf(whole, 2.12194440e-4f, r);
    float p = fmaf(1.9875691500e-4f, r, 1.3981999507e-3f);
    p = fmaf(p, r, 8.3334519073e-3f);
    p = fmaf(p, r, 4.1665795894e-2f);
    p = fmaf(p, r, 1.6666665459e-1f);
    p = fmaf(p, r, 5.0000001201e-1f);
    const float square = r * r;
    p = fmaf(p, square, r) + 1.0f;
    return ldexpf(p, (int)whole);
}

static float between_zero_and_one(float v)
{
    v = v > 0.0f ? v : 0.0f;
    return v < 1.0f ? v : 1.0f;
}

float vg_twin_int8_activate(float v, uint32_t act, float a, float b)
{
    switch (act) {
    case VG_ACT_CODE_LEAKY:
        return v > 0.0f ? v : v * a;
    case VG_ACT_CODE_CLIP:
        v = v > a ? v : a;
        return v < b ? v : b;
    case VG_ACT_CODE_SIGMOID:
        return 1.0f / (exp_of(-v) + 1.0f);
    case VG_ACT_CODE_SILU:
        return v / (exp_of(-v) + 1.0f);
    case VG_ACT_CODE_HARD_SIGMOID:
        return between_zero_and_one(fmaf(v, a, b));
    case VG_ACT_CODE_HARD_SWISH:
        return v * between_zero_and_one(fmaf(v, 1.0f / 6.0f, 0.5f));
    default:
        return v;
    }
}

uint8_t vg_twin_int8_byte(float v, const struct vg_int8_sizes *s)
{
    v = fmaf(v, s->y_per_unit, (float)s->y_zero);
    v = v > 0.0f ? v : 0.0f;
    v = v < 255.0f ? v : 255.0f;
    return (uint8_t)rintf(v);
}

struct tap {
    vg_i32 first, second;
    float part; /* of the second */
};

static struct tap tap_of(vg_i32 at, float step, vg_i32 size)
{
    float from = fmaf((float)at + 0.5f, step, -0.5f);
    from = from > 0.0f ? from : 0.0f;
    const vg_i32 low = (vg_i32)from, first = low < size - 1 ? low : size - 1;
    return (struct tap){first, first < size - 1 ? first + 1 : first, from - (float)low};
}

float vg_twin_int8_between(const uint8_t *plane, vg_i32 row_step, vg_i32 width, vg_i32 height,
                           const struct vg_int8_sizes *s, vg_i32 row, vg_i32 column)
{
    const struct tap rows = tap_of(row, s->down, height),
                     columns = tap_of(column, s->across, width);
    float side[2];
    for (int i = 0; i < 2; i++) {
        const uint8_t *from = plane + (i ? rows.second : rows.first) * row_step;
        const float a = from[columns.first * VG_BLOCK], b = from[columns.second * VG_BLOCK];
        side[i] = fmaf(b - a, columns.part, a);
    }
    return fmaf(side[1] - side[0], rows.part, side[0]);
}

void vg_twin_int8_halo(void *y, const struct vg_int8_sizes *s, enum vg_int8_output output,
                       vg_i32 blocks, vg_i32 pictures)
{
    const struct vg_halo h = s->halo;
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = -h.above; row < s->height + h.below; row++)
                for (vg_i32 column = -h.left; column < s->width + h.right; column++) {
                    if (row >= 0 && row < s->height && column >= 0 && column < s->width)
                        continue;
                    const vg_i32 at = vg_area_at(&s->y, picture, c, row, column);
                    if (output == VG_INT8_FLOATS)
                        ((float *)y)[at] = 0;
                    else
                        ((uint8_t *)y)[at] = (uint8_t)s->y_zero;
                }
}
