#include "src/engine/input_size.h"

#include <math.h>

/* what a letterbox leaves of the input for the picture, in whole pixels as vg_letterbox_make
 * rounds them */
static struct vg_size inner_of(struct vg_size picture, struct vg_size input)
{
    const double scale =
        fmin((double)input.width / picture.width, (double)input.height / picture.height);
    const double width = floor(picture.width * scale + 0.5);
    const double height = floor(picture.height * scale + 0.5);
    return (struct vg_size){(uint32_t)fmax(width, 1), (uint32_t)fmax(height, 1)};
}

static uint64_t area_of(struct vg_size size)
{
    return (uint64_t)size.width * size.height;
}

static uint32_t stepped(uint32_t size, uint32_t step)
{
    return (size + step - 1) / step * step;
}

/* whether `a` is to be taken rather than `b` */
static int is_better(struct vg_size picture, struct vg_size a, struct vg_size b)
{
    const uint64_t shown_a = area_of(inner_of(picture, a));
    const uint64_t shown_b = area_of(inner_of(picture, b));
    if (shown_a != shown_b)
        return shown_a > shown_b;
    if (area_of(a) != area_of(b))
        return area_of(a) < area_of(b);
    return a.width > b.width;
}

struct vg_size vg_input_size_for(const struct vg_model *model, struct vg_size picture,
                                 uint64_t area)
{
    const struct vg_size own = {model->input_width, model->input_height};
    const uint32_t step = model->input_multiple;
    if (!step || !picture.width || !picture.height)
        return own;
    if (!area) {
        const struct vg_size inner = inner_of(picture, own);
        const struct vg_size same = {stepped(inner.width, step), stepped(inner.height, step)};
        area = area_of(own) * 4 / 5;
        area = area < area_of(same) ? area_of(same) : area;
    }
    struct vg_size best = {0, 0};
    for (uint64_t width = step; width * step <= area; width += step) {
        /* of one width only the height that the picture fills, or the greatest that is allowed */
        const uint64_t most = area / width / step * step;
        const uint64_t wanted = (uint64_t)ceil((double)width * picture.height / picture.width);
        const uint64_t filled = (wanted + step - 1) / step * step;
        const uint64_t height = filled < most ? filled : most;
        const struct vg_size size = {(uint32_t)width, (uint32_t)height};
        if (!best.width || is_better(picture, size, best))
            best = size;
    }
    return best.width ? best : own;
}
