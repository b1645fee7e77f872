#include "src/events/thing.h"

#include <string.h>

/* Takes the region around `seed` into the queue; its blob. label: of its pixels. */
static struct vg_blob grow(struct vg_blobs *blobs, int32_t width, int32_t height, int32_t seed,
                           uint8_t label)
{
    struct vg_blob blob = {.span = {seed % width, seed / width, seed % width, seed / width}};
    uint32_t first = 0, end = 0;
    blobs->queue[end++] = (uint16_t)seed;
    blobs->label[seed] = label;
    while (first < end) {
        const int32_t at = blobs->queue[first++], x = at % width, y = at / width;
        blob.area++;
        blob.sum_x += (uint32_t)x;
        blob.sum_y += (uint32_t)y;
        blob.span.left = x < blob.span.left ? x : blob.span.left;
        blob.span.right = x > blob.span.right ? x : blob.span.right;
        blob.span.top = y < blob.span.top ? y : blob.span.top;
        blob.span.bottom = y > blob.span.bottom ? y : blob.span.bottom;
        for (int32_t i = 0; i < 9; i++) {
            const int32_t u = x + i % 3 - 1, v = y + i / 3 - 1;
            if (u < 0 || v < 0 || u >= width || v >= height)
                continue;
            const int32_t next = v * width + u;
            if (!blobs->mark[next] || blobs->label[next])
                continue;
            blobs->label[next] = label;
            blobs->queue[end++] = (uint16_t)next;
        }
    }
    return blob;
}

/* Out of the way: neither marked nor labelled. */
static void erase(struct vg_blobs *blobs, uint32_t pixels)
{
    for (uint32_t i = 0; i < pixels; i++) {
        blobs->mark[blobs->queue[i]] = 0;
        blobs->label[blobs->queue[i]] = 0;
    }
}

void vg_blobs_find(struct vg_blobs *blobs, const struct vg_maps_size *size, uint32_t least)
{
    const int32_t width = (int32_t)size->width, height = (int32_t)size->height;
    blobs->count = blobs->dropped = 0;
    memset(blobs->label, 0, (size_t)size->width * size->height);
    for (int32_t at = 0; at < width * height; at++) {
        if (!blobs->mark[at] || blobs->label[at])
            continue;
        const bool room = blobs->count < VG_BLOBS_MAX;
        const struct vg_blob blob =
            grow(blobs, width, height, at, (uint8_t)(room ? blobs->count + 1 : VG_BLOBS_MAX + 1));
        if (room && blob.area >= least) {
            blobs->blob[blobs->count++] = blob;
            continue;
        }
        blobs->dropped += blob.area >= least;
        erase(blobs, blob.area);
    }
}

static int32_t absolute(int32_t value)
{
    return value < 0 ? -value : value;
}

/* What has changed at a pixel, plane by plane. */
struct change {
    int32_t by[3];
};

static struct change change_at(const struct vg_maps *maps, int32_t at)
{
    const struct change change = {{maps->luma[at] - maps->long_luma[at],
                                   maps->blue[at] - maps->long_blue[at],
                                   maps->red[at] - maps->long_red[at]}};
    return change;
}

static int32_t change_apart(struct change a, struct change b)
{
    return absolute(a.by[0] - b.by[0]) + absolute(a.by[1] - b.by[1]) + absolute(a.by[2] - b.by[2]);
}

static void add_pair(struct vg_border *border, const struct vg_maps *maps, int32_t in, int32_t out)
{
    const int32_t now = absolute(maps->luma[in] - maps->luma[out]) +
                        absolute(maps->blue[in] - maps->blue[out]) +
                        absolute(maps->red[in] - maps->red[out]);
    const int32_t before = absolute(maps->long_luma[in] - maps->long_luma[out]) +
                           absolute(maps->long_blue[in] - maps->long_blue[out]) +
                           absolute(maps->long_red[in] - maps->long_red[out]);
    border->pairs++;
    border->now += (double)now;
    border->before += (double)before;
    border->step += (double)change_apart(change_at(maps, in), change_at(maps, out));
}

/* The rim of a region may be missing in it (maps.h): so the outside is two pixels away. */
static void border_of_pixel(struct vg_border *border, const struct vg_blobs *blobs, uint8_t label,
                            const struct vg_maps *maps, int32_t x, int32_t y)
{
    static const int32_t ways[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    const int32_t width = (int32_t)maps->size.width, height = (int32_t)maps->size.height;
    for (uint32_t i = 0; i < 4; i++) {
        const int32_t u = x + 2 * ways[i][0], v = y + 2 * ways[i][1];
        if (u < 0 || v < 0 || u >= width || v >= height)
            continue;
        const int32_t beside = (y + ways[i][1]) * width + x + ways[i][0], out = v * width + u;
        if (blobs->label[beside] != label && blobs->label[out] != label)
            add_pair(border, maps, y * width + x, out);
    }
}

/* With all its neighbours in the region; at the edge of the picture it counts as such, too. */
static bool is_deep(const struct vg_blobs *blobs, uint8_t label, const struct vg_maps *maps,
                    int32_t x, int32_t y)
{
    const int32_t width = (int32_t)maps->size.width, height = (int32_t)maps->size.height;
    for (int32_t i = 0; i < 9; i++) {
        const int32_t u = x + i % 3 - 1, v = y + i / 3 - 1;
        if (u >= 0 && v >= 0 && u < width && v < height && blobs->label[v * width + u] != label)
            return false;
    }
    return true;
}

struct vg_border vg_blob_border(const struct vg_blobs *blobs, uint32_t index,
                                const struct vg_maps *maps)
{
    struct vg_border border = {0};
    const struct vg_span span = blobs->blob[index].span;
    const uint8_t label = (uint8_t)(index + 1);
    uint32_t deep = 0;
    for (int32_t y = span.top; y <= span.bottom; y++)
        for (int32_t x = span.left; x <= span.right; x++) {
            const int32_t at = y * (int32_t)maps->size.width + x;
            if (blobs->label[at] != label)
                continue;
            border_of_pixel(&border, blobs, label, maps, x, y);
            if (!is_deep(blobs, label, maps, x, y))
                continue;
            deep++;
            border.inner += (double)change_apart(change_at(maps, at), (struct change){{0, 0, 0}});
        }
    border.inner /= deep ? (double)deep : 1;
    if (border.pairs) {
        border.now /= (double)border.pairs;
        border.before /= (double)border.pairs;
        border.step /= (double)border.pairs;
    }
    return border;
}

int32_t vg_span_width(struct vg_span span)
{
    return span.right - span.left + 1;
}

int32_t vg_span_height(struct vg_span span)
{
    return span.bottom - span.top + 1;
}

static int32_t area_of(struct vg_span span)
{
    return vg_span_width(span) * vg_span_height(span);
}

int32_t vg_span_common(struct vg_span a, struct vg_span b)
{
    const struct vg_span both = {a.left > b.left ? a.left : b.left, a.top > b.top ? a.top : b.top,
                                 a.right < b.right ? a.right : b.right,
                                 a.bottom < b.bottom ? a.bottom : b.bottom};
    return both.left > both.right || both.top > both.bottom ? 0 : area_of(both);
}

double vg_span_iou(struct vg_span a, struct vg_span b)
{
    const int32_t common = vg_span_common(a, b);
    return (double)common / (double)(area_of(a) + area_of(b) - common);
}

struct vg_box vg_span_box(struct vg_span span, const struct vg_maps_size *size, uint32_t width,
                          uint32_t height)
{
    const float shrink = (float)size->shrink;
    const struct vg_box box = {(float)span.left * shrink, (float)span.top * shrink,
                               (float)vg_span_width(span) * shrink,
                               (float)vg_span_height(span) * shrink};
    return vg_box_clip(box, (struct vg_box){0, 0, (float)width, (float)height});
}
