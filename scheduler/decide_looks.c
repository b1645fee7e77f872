#include "scheduler/decide_looks.h"

#include <math.h>

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void vg_looks_credit_tell(struct vg_looks_credit *credit, int64_t now_us, int64_t busy_us)
{
    const int64_t most = VG_LOOKS_CREDIT_US_MAX;
    const int64_t passed = now_us - credit->now_us, busy = busy_us - credit->busy_us;
    credit->now_us = now_us;
    credit->busy_us = busy_us;
    if (passed <= 0 || busy < 0)
        return;
    const int64_t gained = within(passed - passed / VG_LOOKS_SPARE_PART - busy, -most, most);
    credit->left_us = within(credit->left_us + gained, -most, most);
}

uint32_t vg_looks_room(const struct vg_looks_load *load)
{
    const int64_t look_us = load->look_us > 0 ? load->look_us : VG_LOOKS_CREDIT_US_MAX;
    const int64_t paid = load->credit_us / look_us;
    const int64_t in_time = (load->period_us - load->late_us) / look_us - load->pictures;
    return (uint32_t)within(paid < in_time ? paid : in_time, 0, load->places);
}

/* Where a wish stands among the chosen; `held`: behind all. */
static uint32_t rank(const float *worth, uint32_t wish, const uint32_t *chosen, uint32_t held)
{
    uint32_t at = held;
    while (at > 0 && worth[chosen[at - 1]] < worth[wish])
        at--;
    return at;
}

uint32_t vg_looks_choose(const float *worth, uint32_t count, uint32_t most, uint32_t *chosen)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (isnan(worth[i]))
            continue;
        const uint32_t at = rank(worth, i, chosen, held);
        if (at == most)
            continue;
        held += held < most;
        for (uint32_t k = held - 1; k > at; k--)
            chosen[k] = chosen[k - 1];
        chosen[at] = i;
    }
    return held;
}
