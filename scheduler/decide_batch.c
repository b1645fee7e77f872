#include "scheduler/decide_batch.h"

#include <stdlib.h>

/* Lateness in thousandths of a period, weighted 10 (first) to 1 (last). */
static int64_t urgency(const struct vg_candidate *c, int64_t now_us)
{
    const int64_t period = c->period_us > 0 ? c->period_us : 1;
    const int64_t late = now_us - c->due_us;
    return (late > 0 ? late : 0) * 1000 / period *
           (10 - (int64_t)(c->priority < 9 ? c->priority : 9));
}

static int before(const struct vg_candidate *a, const struct vg_candidate *b, int64_t now_us)
{
    const int64_t ua = urgency(a, now_us), ub = urgency(b, now_us);
    if (ua != ub)
        return ua > ub;
    return a->flux < b->flux;
}

/* Selection of the first `most`: at most 64 of 200, and no allocation as qsort might do. */
uint32_t vg_batch_choose(struct vg_candidate *candidates, uint32_t count, uint32_t most,
                         int64_t now_us)
{
    const uint32_t chosen = count < most ? count : most;
    for (uint32_t i = 0; i < chosen; i++) {
        uint32_t best = i;
        for (uint32_t j = i + 1; j < count; j++)
            if (before(&candidates[j], &candidates[best], now_us))
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
