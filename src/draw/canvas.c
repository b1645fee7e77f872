/* Drawing on RGB. Coverage is computed in float, mixing in integers: the same bytes from every
 * compiler. */
#include "src/draw/canvas.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "src/base/alloc.h"

/* Coordinates are brought into this range first, so that none overflows an int. */
#define FAR_PX 16384.0f

enum vg_status vg_canvas_init(struct vg_canvas *canvas, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > VG_PICTURE_WIDTH_MAX || height > VG_PICTURE_HEIGHT_MAX)
        return VG_E_FULL;
    const size_t bytes = (size_t)width * height * 3;
    if (bytes > canvas->capacity) {
        uint8_t *rgb = vg_alloc(bytes);
        if (!rgb)
            return VG_E_MEMORY;
        vg_free(canvas->rgb);
        canvas->rgb = rgb;
        canvas->capacity = bytes;
    }
    canvas->width = width;
    canvas->height = height;
    memset(canvas->rgb, 0, bytes);
    return VG_OK;
}

void vg_canvas_release(struct vg_canvas *canvas)
{
    vg_free(canvas->rgb);
    *canvas = (struct vg_canvas){0};
}

/* ---- from NV12 ---------------------------------------------------------------------------- */

/* R'G'B' = luma_scale * (Y - luma_zero) + {rv V, gu U + gv V, bu U}, by 65536. From Kr, Kb of
 * ITU-R BT.601-7 (0.299, 0.114) and BT.709-6 (0.2126, 0.0722), with 219 and 224 steps in the
 * limited range. */
struct conversion {
    int32_t luma_zero, luma_scale, rv, gu, gv, bu;
};
static const struct conversion conversions[2][2] = {
    [VG_MATRIX_BT601] = {[VG_RANGE_LIMITED] = {16, 76309, 104597, -25675, -53279, 132201},
                         [VG_RANGE_FULL] = {0, 65536, 91881, -22554, -46802, 116130}},
    [VG_MATRIX_BT709] = {[VG_RANGE_LIMITED] = {16, 76309, 117489, -13975, -34925, 138438},
                         [VG_RANGE_FULL] = {0, 65536, 103206, -12276, -30679, 121609}},
};

static uint8_t byte_of(int32_t by_65536)
{
    const int32_t v = (by_65536 + 32768) >> 16;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

enum vg_status vg_canvas_from_picture(struct vg_canvas *canvas, const struct vg_picture *picture)
{
    const enum vg_status status = vg_canvas_init(canvas, picture->width, picture->height);
    if (status)
        return status;
    const struct conversion *k = &conversions[picture->matrix][picture->range];
    for (uint32_t y = 0; y < picture->height; y++) {
        const uint8_t *luma = picture->luma + (size_t)y * picture->luma_stride;
        const uint8_t *chroma = picture->chroma + (size_t)(y / 2) * picture->chroma_stride;
        uint8_t *out = canvas->rgb + (size_t)y * canvas->width * 3;
        for (uint32_t x = 0; x < picture->width; x++, out += 3) {
            const int32_t l = (luma[x] - k->luma_zero) * k->luma_scale;
            const int32_t u = chroma[x & ~1u] - 128, v = chroma[x | 1u] - 128;
            out[0] = byte_of(l + k->rv * v);
            out[1] = byte_of(l + k->gu * u + k->gv * v);
            out[2] = byte_of(l + k->bu * u);
        }
    }
    return VG_OK;
}

/* ---- marks -------------------------------------------------------------------------------- */

static uint8_t mix(uint8_t under, uint8_t over, unsigned alpha)
{
    return (uint8_t)((under * (255u - alpha) + over * alpha + 127u) / 255u);
}

void vg_canvas_dot(struct vg_canvas *canvas, int x, int y, struct vg_colour colour, unsigned alpha)
{
    if (x < 0 || y < 0 || x >= (int)canvas->width || y >= (int)canvas->height)
        return;
    uint8_t *p = canvas->rgb + ((size_t)y * canvas->width + (size_t)x) * 3;
    p[0] = mix(p[0], colour.r, alpha);
    p[1] = mix(p[1], colour.g, alpha);
    p[2] = mix(p[2], colour.b, alpha);
}

/* Within +-FAR_PX; what is no number is 0. */
static float bounded(float v)
{
    if (!(v > -FAR_PX))
        return v <= -FAR_PX ? -FAR_PX : 0;
    return v < FAR_PX ? v : FAR_PX;
}

static float distance(struct vg_point p, struct vg_point a, struct vg_point b)
{
    const float dx = b.x - a.x, dy = b.y - a.y;
    const float length2 = dx * dx + dy * dy;
    float t = length2 > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    const float x = p.x - (a.x + t * dx), y = p.y - (a.y + t * dy);
    return sqrtf(x * x + y * y);
}

/* Along the line's longer axis ("major") each step looks at the few pixels across it that the
 * line may touch. */
void vg_canvas_line(struct vg_canvas *canvas, struct vg_point from, struct vg_point to,
                    float thickness_px, struct vg_colour colour)
{
    const struct vg_point a = {bounded(from.x), bounded(from.y)},
                          b = {bounded(to.x), bounded(to.y)};
    const float half = bounded(thickness_px) / 2;
    const bool steep = fabsf(b.y - a.y) > fabsf(b.x - a.x);
    const float major_a = steep ? a.y : a.x, major_b = steep ? b.y : b.x;
    const float minor_a = steep ? a.x : a.y, minor_b = steep ? b.x : b.y;
    const float span = major_b - major_a;
    const float slope = fabsf(span) > 0 ? (minor_b - minor_a) / span : 0;
    const float least = (major_a < major_b ? major_a : major_b) - half - 1;
    const float most = (major_a < major_b ? major_b : major_a) + half + 1;
    const float reach = (half + 1) * 1.5f; /* across: at most sqrt(2) times the thickness */
    const int edge = (int)(steep ? canvas->height : canvas->width);
    const int first = least > 0 ? (int)least : 0, last = most < (float)edge ? (int)most : edge;
    for (int major = first; major <= last; major++) {
        const float middle = minor_a + slope * ((float)major + 0.5f - major_a);
        for (int minor = (int)floorf(middle - reach); minor <= (int)floorf(middle + reach);
             minor++) {
            const int x = steep ? minor : major, y = steep ? major : minor;
            const struct vg_point centre = {(float)x + 0.5f, (float)y + 0.5f};
            const float cover = half + 0.5f - distance(centre, a, b);
            if (cover > 0)
                vg_canvas_dot(canvas, x, y, colour,
                              cover < 1 ? (unsigned)(cover * 255.0f + 0.5f) : VG_OPAQUE);
        }
    }
}

/* Where a row of pixel centres crosses the sides, from left to right: by the rule of
 * vg_polygon_contains, so that what is drawn is what is watched. */
static size_t crossings(const struct vg_point *corners, size_t count, float y,
                        float x[VG_CANVAS_CORNERS_MAX])
{
    size_t found = 0;
    for (size_t i = 0, j = count - 1; i < count; j = i++) {
        const struct vg_point a = {bounded(corners[i].x), bounded(corners[i].y)};
        const struct vg_point b = {bounded(corners[j].x), bounded(corners[j].y)};
        if ((a.y > y) == (b.y > y))
            continue;
        const float at = a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y);
        size_t k = found++;
        for (; k > 0 && x[k - 1] > at; k--)
            x[k] = x[k - 1];
        x[k] = at;
    }
    return found;
}

/* First pixel whose centre is at or right of x, within 0..end. */
static int pixel_from(float x, int end)
{
    const float first = ceilf(x - 0.5f);
    return first < 0 ? 0 : first > (float)end ? end : (int)first;
}

/* All pixels of a polygon (stripe_px 0), or one stripe in three. */
static void fill(struct vg_canvas *canvas, const struct vg_point *corners, size_t count,
                 unsigned stripe_px, struct vg_colour colour, unsigned alpha)
{
    if (count < 3 || count > VG_CANVAS_CORNERS_MAX)
        return;
    const int width = (int)canvas->width;
    for (int y = 0; y < (int)canvas->height; y++) {
        float x[VG_CANVAS_CORNERS_MAX];
        const size_t found = crossings(corners, count, (float)y + 0.5f, x);
        for (size_t k = 0; k + 1 < found; k += 2)
            for (int at = pixel_from(x[k], width); at < pixel_from(x[k + 1], width); at++)
                if (!stripe_px || (unsigned)(at + y) / stripe_px % 3 == 0)
                    vg_canvas_dot(canvas, at, y, colour, alpha);
    }
}

void vg_canvas_fill(struct vg_canvas *canvas, const struct vg_point *corners, size_t count,
                    struct vg_colour colour, unsigned alpha)
{
    fill(canvas, corners, count, 0, colour, alpha);
}

void vg_canvas_hatch(struct vg_canvas *canvas, const struct vg_point *corners, size_t count,
                     unsigned stripe_px, struct vg_colour colour, unsigned alpha)
{
    fill(canvas, corners, count, stripe_px ? stripe_px : 1, colour, alpha);
}

void vg_canvas_block(struct vg_canvas *canvas, struct vg_box box, struct vg_colour colour,
                     unsigned alpha)
{
    const int left = (int)lrintf(bounded(box.left)), top = (int)lrintf(bounded(box.top));
    const int right = (int)lrintf(bounded(box.left + box.width));
    const int bottom = (int)lrintf(bounded(box.top + box.height));
    const int x_end = right < (int)canvas->width ? right : (int)canvas->width;
    const int y_end = bottom < (int)canvas->height ? bottom : (int)canvas->height;
    for (int y = top > 0 ? top : 0; y < y_end; y++)
        for (int x = left > 0 ? left : 0; x < x_end; x++)
            vg_canvas_dot(canvas, x, y, colour, alpha);
}

void vg_canvas_frame(struct vg_canvas *canvas, struct vg_box box, float thickness_px,
                     struct vg_colour colour)
{
    const float t = thickness_px, inner = box.height - 2 * t;
    const struct vg_box sides[4] = {{box.left, box.top, box.width, t},
                                    {box.left, box.top + box.height - t, box.width, t},
                                    {box.left, box.top + t, t, inner},
                                    {box.left + box.width - t, box.top + t, t, inner}};
    for (size_t i = 0; i < 4; i++)
        vg_canvas_block(canvas, sides[i], colour, VG_OPAQUE);
}
