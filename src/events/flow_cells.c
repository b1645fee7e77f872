#include "src/events/flow_cells.h"

#define SAMPLES_MAX 64
#define VIEW_MOST   64 /* sixteenths of a map pixel: a camera that shakes more shows another view */

enum vg_why_not vg_flow_readable(const struct vg_watch *watch)
{
    const struct vg_maps *maps = watch->input->maps;
    if (!maps || !(maps->set & VG_MAPS_FLOW))
        return VG_WHY_NO_MAPS;
    if (!maps->flow_x || !maps->flow_y || !maps->flow_sure || maps->step_us <= 0 ||
        maps->step_us > VG_FLOW_STEP_MOST_US)
        return VG_WHY_LEARNING;
    return VG_WHY_HOLDS;
}

double vg_flow_cell_px(const struct vg_maps *maps)
{
    return (double)(VG_MAPS_CELL * maps->size.shrink);
}

struct vg_point vg_flow_cell_middle(const struct vg_watch_input *in, uint32_t column, uint32_t row)
{
    const double side = vg_flow_cell_px(in->maps);
    return (struct vg_point){(float)(((double)column + 0.5) * side / (double)in->width),
                             (float)(((double)row + 0.5) * side / (double)in->height)};
}

/* How many of `count` cells have their middle before `at` pixels. */
static uint32_t cells_before(double at, double side, uint32_t count)
{
    const double cells = at / side + 0.5;
    if (!(cells > 0))
        return 0;
    return cells < (double)count ? (uint32_t)cells : count;
}

struct vg_flow_span vg_flow_span_of(const struct vg_maps *maps, struct vg_box box)
{
    const double side = vg_flow_cell_px(maps), left = (double)box.left, top = (double)box.top;
    return (struct vg_flow_span){
        .left = cells_before(left, side, maps->size.columns),
        .right = cells_before(left + (double)box.width, side, maps->size.columns),
        .top = cells_before(top, side, maps->size.rows),
        .bottom = cells_before(top + (double)box.height, side, maps->size.rows)};
}

static double per_second(const struct vg_maps *maps, int sixteenths)
{
    return (double)sixteenths / 16 * (double)maps->size.shrink * (double)VG_US_PER_S /
           (double)maps->step_us;
}

/* The value below which half of them lie. */
static int middle_of(const uint32_t count[2 * VIEW_MOST + 1], uint32_t all)
{
    uint32_t below = 0;
    int at = 0;
    while (at < 2 * VIEW_MOST && (below += count[at]) * 2 <= all)
        at++;
    return at - VIEW_MOST;
}

static int within_view(int value)
{
    return value < -VIEW_MOST ? 0 : value > VIEW_MOST ? 2 * VIEW_MOST : value + VIEW_MOST;
}

struct vg_flow_motion vg_flow_of_view(const struct vg_maps *maps)
{
    uint32_t x[2 * VIEW_MOST + 1] = {0}, y[2 * VIEW_MOST + 1] = {0}, all = 0;
    const uint32_t cells = maps->size.columns * maps->size.rows;
    for (uint32_t i = 0; i < cells; i++) {
        if (!maps->flow_sure[i])
            continue;
        x[within_view(maps->flow_x[i])]++;
        y[within_view(maps->flow_y[i])]++;
        all++;
    }
    if (all == 0)
        return (struct vg_flow_motion){0};
    return (struct vg_flow_motion){per_second(maps, middle_of(x, all)),
                                   per_second(maps, middle_of(y, all)), all};
}

static int16_t median(int16_t *value, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = i; k > 0 && value[k] < value[k - 1]; k--) {
            const int16_t swap = value[k];
            value[k] = value[k - 1];
            value[k - 1] = swap;
        }
    return value[count / 2];
}

struct vg_flow_motion vg_flow_of_span(const struct vg_maps *maps, struct vg_flow_span span)
{
    int16_t x[SAMPLES_MAX], y[SAMPLES_MAX];
    if (span.right <= span.left || span.bottom <= span.top)
        return (struct vg_flow_motion){0};
    const uint32_t columns = span.right - span.left;
    const uint32_t all = columns * (span.bottom - span.top);
    const uint32_t each = (all + SAMPLES_MAX - 1) / SAMPLES_MAX;
    uint32_t count = 0;
    for (uint32_t i = 0; i < all; i += each) {
        const uint32_t at = (span.top + i / columns) * maps->size.columns + span.left + i % columns;
        if (!maps->flow_sure[at])
            continue;
        x[count] = maps->flow_x[at];
        y[count++] = maps->flow_y[at];
    }
    if (count == 0)
        return (struct vg_flow_motion){0};
    return (struct vg_flow_motion){per_second(maps, median(x, count)),
                                   per_second(maps, median(y, count)), count};
}
