#include "scheduler/decide_gate.h"

#include <stddef.h>

/* A cell differs if its pixels are off by this on the mean, and three times the noise: what a person
 * in the clothes of the wall behind is off by, and more than what coding changes from key frame to
 * key frame. */
#define LEVEL_LEAST 5.0
#define NOISE_TIMES 3.0

/* What still pictures differ by: an eighth of it is new. */
#define NOISE_PART 0.125

/* Beyond that it is no noise any more. */
#define NOISE_MOST 8.0

static int32_t mean_shift(const struct vg_gate_pictures *p)
{
    const int64_t count = (int64_t)p->width * p->height;
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += p->now[i] - p->detected[i];
    const int64_t half = sum < 0 ? -count / 2 : count / 2;
    return count > 0 ? (int32_t)((sum + half) / count) : 0;
}

/* By how much the pixels of a cell differ, less the shift: the mean. The last column and row of cells
 * are of what is there. */
static double cell_off(const struct vg_gate_pictures *p, uint32_t left, uint32_t top, int32_t shift)
{
    const uint32_t right = left + VG_GATE_CELL < p->width ? left + VG_GATE_CELL : p->width;
    const uint32_t bottom = top + VG_GATE_CELL < p->height ? top + VG_GATE_CELL : p->height;
    int32_t sum = 0;
    for (uint32_t y = top; y < bottom; y++)
        for (uint32_t x = left; x < right; x++) {
            const size_t at = (size_t)y * p->width + x;
            const int32_t off = p->now[at] - p->detected[at] - shift;
            sum += off < 0 ? -off : off;
        }
    return (double)sum / ((right - left) * (bottom - top));
}

struct vg_gate_change vg_gate_compare(const struct vg_gate_pictures *pictures, double noise)
{
    const double known = noise > 0 ? (noise < NOISE_MOST ? noise : NOISE_MOST) : 0;
    const double level = LEVEL_LEAST + NOISE_TIMES * known;
    const int32_t shift = mean_shift(pictures);
    struct vg_gate_change change = {0};
    for (uint32_t top = 0; top < pictures->height; top += VG_GATE_CELL)
        for (uint32_t left = 0; left < pictures->width; left += VG_GATE_CELL) {
            const double off = cell_off(pictures, left, top, shift);
            change.cells += off > level;
            change.mean += off > level ? 0 : off;
            change.others += off <= level;
        }
    change.mean = change.others > 0 ? change.mean / change.others : 0;
    return change;
}

static enum vg_gate_verdict why(const struct vg_gate *gate, const struct vg_gate_look *look)
{
    if (!gate->begun || look->begins || look->now_us < gate->detected_us)
        return VG_GATE_BEGINS;
    if (look->stir != VG_STIR_CALM || look->moving > 0 || look->judged > 0)
        return VG_GATE_BUSY;
    if (look->change.cells > 0 || look->now_us - gate->changed_us < VG_GATE_AFTER_US)
        return VG_GATE_CHANGED;
    const int64_t period_us = look->period_us > 0 ? look->period_us : 0;
    return look->now_us + period_us - gate->detected_us > VG_GATE_BOUND_US ? VG_GATE_BOUND
                                                                           : VG_GATE_STILL;
}

enum vg_gate_verdict vg_gate_decide(struct vg_gate *gate, const struct vg_gate_look *look)
{
    const enum vg_gate_verdict verdict = why(gate, look);
    /* where little differs the rest shows the noise, whoever walks through */
    if (!look->begins && look->change.cells <= look->change.others / 4)
        gate->noise += NOISE_PART * (look->change.mean - gate->noise);
    if (verdict == VG_GATE_STILL)
        return verdict;
    const bool seen =
        look->change.cells > 0 || verdict == VG_GATE_BUSY || verdict == VG_GATE_BEGINS;
    if (seen)
        gate->changed_us = look->now_us;
    gate->begun = true;
    gate->detected_us = look->now_us;
    return verdict;
}
