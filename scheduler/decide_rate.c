#include "scheduler/decide_rate.h"

struct vg_rate vg_rate_of(double fps)
{
    return (struct vg_rate){.period_us = fps > 0 ? (int64_t)(1e6 / fps + 0.5) : 0};
}

bool vg_rate_wants(struct vg_rate *rate, int64_t t_us)
{
    if (rate->period_us == 0)
        return true;
    if (!rate->started) {
        rate->started = true;
        rate->due_us = t_us + rate->period_us;
        return true;
    }
    /* half a millisecond of grace: time stamps are rounded to the container's time base */
    if (t_us + 500 < rate->due_us)
        return false;
    const int64_t late = t_us - rate->due_us;
    const int64_t periods = late > 0 ? late / rate->period_us + 1 : 1;
    rate->due_us += periods * rate->period_us;
    return true;
}

int64_t vg_rate_next_us(int64_t due_us, int64_t period_us, int64_t now_us)
{
    const int64_t next_us = due_us + period_us;
    const int64_t late_us = now_us - next_us;
    return late_us > period_us ? next_us + late_us / period_us * period_us : next_us;
}

int64_t vg_rate_begin_us(uint32_t place, int64_t period_us, int64_t now_us)
{
    const uint32_t part = place * UINT32_C(2654435769); /* of 2^32: the golden section's fraction */
    return period_us > 0 ? now_us + (int64_t)((double)period_us * (part / 4294967296.0)) : now_us;
}

int64_t vg_rate_change_us(int64_t due_us, int64_t old_us, int64_t new_us, int64_t now_us)
{
    return now_us + (int64_t)((double)(due_us - now_us) / (double)old_us * (double)new_us);
}

double vg_rate_choose(double wanted_fps, double floor_fps, double source_fps)
{
    double fps = wanted_fps > floor_fps ? wanted_fps : floor_fps;
    if (source_fps > 0 && fps > source_fps)
        fps = source_fps;
    return fps;
}
