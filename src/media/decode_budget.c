#include "src/media/decode_budget.h"

#include <stdbool.h>

struct vg_decode_budget vg_decode_budget_of(double cores)
{
    return (struct vg_decode_budget){.us_per_s = (int64_t)(cores * (double)VG_US_PER_S),
                                     .margin_frac = 0.1,
                                     .patience_us = 20 * VG_US_PER_S};
}

int64_t vg_decode_budget_guess_us(uint32_t width, uint32_t height, uint32_t fps_milli)
{
    const double pixels = width && height ? (double)width * height : 704.0 * 576.0;
    const double fps = fps_milli ? fps_milli / 1000.0 : 25;
    return (int64_t)(pixels * fps * 0.0042 * 1.25);
}

/* Software steps alone are ranked: 2 full, 1 keys, 0 none. */
static int rank_of(enum vg_decode_step has)
{
    if (has == VG_DECODE_FULL)
        return 2;
    return has == VG_DECODE_KEYS ? 1 : 0;
}

static int64_t at_least_0(int64_t us)
{
    return us > 0 ? us : 0;
}

/* Whether flux a is served before flux b. */
static bool comes_before(const struct vg_decode_ask *asks, size_t a, size_t b)
{
    if (asks[a].priority != asks[b].priority)
        return asks[a].priority < asks[b].priority;
    const int more = rank_of(asks[a].has) - rank_of(asks[b].has);
    return more != 0 ? more > 0 : a < b;
}

/* The one served after `last` (`count`: the first of all); `count` when there is none. */
static size_t next_served(const struct vg_decode_ask *asks, size_t count, size_t last)
{
    size_t best = count;
    for (size_t i = 0; i < count; i++)
        if ((last == count || comes_before(asks, last, i)) &&
            (best == count || comes_before(asks, i, best)))
            best = i;
    return best;
}

/* Whether one of lower priority has this much now: then no patience is due. */
static bool lower_has(const struct vg_decode_ask *asks, size_t count, size_t flux, int rank)
{
    for (size_t i = 0; i < count; i++)
        if (asks[i].priority > asks[flux].priority && rank_of(asks[i].has) >= rank)
            return true;
    return false;
}

/* One round over all flux, which gives out the steps of one rank. */
struct round {
    const struct vg_decode_budget *budget;
    const struct vg_decode_ask *asks;
    size_t count;
    struct vg_mono_time now;
    int rank;
    /* the least cost that was refused, and that of priorities above the one being served */
    uint32_t priority;
    int64_t refused_us, refused_above_us;
};

/* What the sum may be when this flux gets the step of this rank; below 0: not now. Nobody keeps
 * without the margin what one of higher priority, that costs no more, was refused. */
static int64_t limit_for(const struct round *round, size_t flux, int64_t cost_us)
{
    const int64_t with_margin_us =
        (int64_t)((double)round->budget->us_per_s * (1 - round->budget->margin_frac));
    const struct vg_decode_ask *ask = &round->asks[flux];
    if (rank_of(ask->has) >= round->rank)
        return round->refused_above_us <= cost_us ? with_margin_us : round->budget->us_per_s;
    const bool patient = round->now.us - ask->changed.us >= round->budget->patience_us;
    return patient || lower_has(round->asks, round->count, flux, round->rank) ? with_margin_us : -1;
}

/* Whether this flux gets it; `used_us` grows if so. */
static bool serve(struct round *round, size_t flux, int64_t cost_us, int64_t *used_us)
{
    if (round->asks[flux].priority != round->priority) {
        round->priority = round->asks[flux].priority;
        round->refused_above_us = round->refused_us;
    }
    const int64_t limit_us = limit_for(round, flux, cost_us);
    if (*used_us + cost_us <= limit_us) {
        *used_us += cost_us;
        return true;
    }
    if (limit_us >= 0 && cost_us < round->refused_us)
        round->refused_us = cost_us;
    return false;
}

void vg_decode_budget_share(const struct vg_decode_budget *budget, const struct vg_decode_ask *asks,
                            size_t count, struct vg_mono_time now, enum vg_decode_step *given)
{
    struct round round = {.budget = budget,
                          .asks = asks,
                          .count = count,
                          .now = now,
                          .rank = 1,
                          .refused_us = INT64_MAX,
                          .refused_above_us = INT64_MAX};
    int64_t used_us = 0;
    for (size_t i = next_served(asks, count, count); i < count; i = next_served(asks, count, i))
        given[i] = serve(&round, i, at_least_0(asks[i].keys_us), &used_us) ? VG_DECODE_KEYS
                                                                           : VG_DECODE_NONE;
    round.rank = 2;
    round.priority = 0;
    round.refused_us = round.refused_above_us = INT64_MAX;
    for (size_t i = next_served(asks, count, count); i < count; i = next_served(asks, count, i)) {
        const int64_t more_us =
            at_least_0(at_least_0(asks[i].full_us) - at_least_0(asks[i].keys_us));
        if (given[i] == VG_DECODE_KEYS && serve(&round, i, more_us, &used_us))
            given[i] = VG_DECODE_FULL;
    }
}
