#include "src/media/stamp_line.h"

#include <libavutil/mathematics.h>

#include "src/base/clock.h"

#define JUMP_US   VG_US_PER_S
#define TICKS_MAX (INT64_C(1) << 62)

void vg_stamp_line_init(struct vg_stamp_line *line, int32_t num, int32_t den)
{
    *line = (struct vg_stamp_line){.num = num > 0 ? num : 1, .den = den > 0 ? den : 1000000};
}

static int64_t within(int64_t value)
{
    if (value > TICKS_MAX)
        return TICKS_MAX;
    return value < -TICKS_MAX ? -TICKS_MAX : value;
}

int64_t vg_stamp_line_us(const struct vg_stamp_line *line, int64_t ticks)
{
    return within(av_rescale_rnd(ticks, line->num * VG_US_PER_S, line->den, AV_ROUND_DOWN));
}

int64_t vg_stamp_line_ticks(const struct vg_stamp_line *line, int64_t us)
{
    return within(av_rescale_rnd(us, line->den, line->num * VG_US_PER_S, AV_ROUND_DOWN));
}

/* Whether the step says something else than the arrivals, which tell of lost time alone: a picture
 * may come late, and all of a held stream at once. */
static bool jumps(const struct vg_stamp_line *line, int64_t step, int64_t since_us)
{
    const int64_t step_us = vg_stamp_line_us(line, step);
    if (step_us < -JUMP_US)
        return true;
    return step_us > JUMP_US && step_us - since_us > JUMP_US;
}

/* Wraps rather than overflows: stamps are whatever a stranger sent. */
static int64_t sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t difference(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

int64_t vg_stamp_line_next(struct vg_stamp_line *line, int64_t stamp, int64_t arrival_us)
{
    if (!line->started) {
        *line = (struct vg_stamp_line){
            .num = line->num, .den = line->den, .started = true, .offset = difference(0, stamp)};
    } else {
        const int64_t since_us = arrival_us > line->last_us ? arrival_us - line->last_us : 0;
        const int64_t step = within(difference(stamp, line->last));
        if (jumps(line, step, since_us)) {
            int64_t guess = vg_stamp_line_ticks(line, since_us);
            if (guess < 1)
                guess = line->step_ticks > 0 ? line->step_ticks : 1;
            line->offset = difference(sum(line->highest, guess), stamp);
        } else if (step > 0) {
            line->step_ticks = step;
        }
    }
    line->last = stamp;
    line->last_us = arrival_us;
    const int64_t place = sum(stamp, line->offset);
    if (place > line->highest)
        line->highest = place;
    return place;
}
