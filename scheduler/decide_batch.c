#include "scheduler/decide_batch.h"

#include <stdbool.h>

enum {
    WAKE_US = 2000, /* a loop that is asked to wake up is awake by then */
    START_PART = 20
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t vg_batch_allowed_us(int64_t period_us, uint32_t priority, enum vg_stir stir)
{
    static const int64_t stirred[] = {[VG_STIR_CALM] = 4, [VG_STIR_ARMED] = 3, [VG_STIR_ALERT] = 2};
    const int64_t period = period_us > 0 ? period_us : VG_BATCH_ALLOWED_US;
    const int64_t tenths = 5 + (int64_t)(priority < 9 ? priority : 9);
    return least(period, VG_BATCH_ALLOWED_US) * tenths / 10 * stirred[stir] / 4;
}

static bool before(const struct vg_candidate *a, const struct vg_candidate *b)
{
    if (a->deadline_us != b->deadline_us)
        return a->deadline_us < b->deadline_us;
    return a->flux < b->flux;
}

/* Selection of the first `most`: at most 64 of 200, and no allocation as qsort might do. */
uint32_t vg_batch_choose(struct vg_candidate *candidates, uint32_t count, uint32_t most)
{
    const uint32_t chosen = count < most ? count : most;
    for (uint32_t i = 0; i < count; i++) {
        struct vg_candidate *c = &candidates[i];
        c->deadline_us = c->due_us + vg_batch_allowed_us(c->period_us, c->priority, c->stir);
    }
    for (uint32_t i = 0; i < chosen; i++) {
        uint32_t best = i;
        for (uint32_t j = i + 1; j < count; j++)
            if (before(&candidates[j], &candidates[best]))
                best = j;
        const struct vg_candidate kept = candidates[i];
        candidates[i] = candidates[best];
        candidates[best] = kept;
    }
    return chosen;
}

const struct vg_candidate *vg_batch_next(const struct vg_candidate *batch, uint32_t count)
{
    const struct vg_candidate *first = batch;
    for (uint32_t i = 1; i < count; i++)
        if (batch[i].due_us + batch[i].period_us < first->due_us + first->period_us)
            first = &batch[i];
    return first;
}

static bool fuller_pays(const struct vg_batch_time *time)
{
    return time->start_us > 0 && time->start_us * START_PART >= time->job_us;
}

static int64_t first_due(const struct vg_candidate *batch, uint32_t count)
{
    int64_t first = batch->due_us;
    for (uint32_t i = 1; i < count; i++)
        first = least(first, batch[i].due_us);
    return first;
}

/* Until when a batch that is not full may wait, but for its deadlines; `now` or before: it goes. */
static int64_t patience(const struct vg_candidate *batch, uint32_t count,
                        const struct vg_batch_device *device, int64_t now_us)
{
    if (device->free_us > now_us)
        return device->free_us - WAKE_US;
    const int64_t until = first_due(batch, count) + device->time.start_us;
    return device->next_us <= until ? until : now_us;
}

struct vg_batch_plan vg_batch_plan(struct vg_candidate *candidates, uint32_t count,
                                   const struct vg_batch_device *device, int64_t now_us)
{
    const uint32_t chosen = vg_batch_choose(candidates, count, device->most);
    if (chosen == 0)
        return (struct vg_batch_plan){0, VG_BATCH_NEVER};
    if (chosen == device->most || !fuller_pays(&device->time))
        return (struct vg_batch_plan){chosen, now_us};
    const int64_t latest_us =
        candidates[0].deadline_us - vg_batch_time_of(&device->time, chosen + 1) - WAKE_US;
    const int64_t until_us = least(patience(candidates, chosen, device, now_us), latest_us);
    return until_us > now_us ? (struct vg_batch_plan){0, until_us}
                             : (struct vg_batch_plan){chosen, now_us};
}
