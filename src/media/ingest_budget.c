#include "src/media/ingest_budget.h"

#include <assert.h>
#include <string.h>

void vg_ingest_budget_init(struct vg_ingest_budget *budget)
{
    memset(budget, 0, sizeof *budget);
    for (size_t i = 0; i < VG_SLOTS_FLUX_MAX; i++)
        budget->flux[i].given = VG_DECODE_FULL;
}

/* What full decoding costs: as measured while it was done, else by the size of its pictures. */
static int64_t full_cost(struct vg_ingest_budget *budget, const struct vg_ingest_load *load,
                         int64_t lasted_us)
{
    const uint32_t p = load->place;
    const int64_t spent = load->ladder.cpu_us - budget->flux[p].cpu_us;
    const bool measured = budget->flux[p].packets && load->ladder.step == VG_DECODE_FULL &&
                          load->ladder.packets > budget->flux[p].packets && spent > 0;
    if (measured)
        budget->flux[p].full_us =
            (int64_t)((double)spent * (double)VG_US_PER_S / (double)lasted_us);
    budget->flux[p].cpu_us = load->ladder.cpu_us;
    budget->flux[p].packets = load->ladder.packets;
    return budget->flux[p].full_us
               ? budget->flux[p].full_us
               : vg_decode_budget_guess_us(load->width, load->height, load->fps_milli);
}

static struct vg_decode_ask ask_of(struct vg_ingest_budget *budget,
                                   const struct vg_ingest_load *load, int64_t lasted_us)
{
    const int64_t full = full_cost(budget, load, lasted_us);
    const int64_t interval = load->key_interval ? load->key_interval : 25;
    return (struct vg_decode_ask){
        .priority = load->priority,
        .full_us = full,
        /* a key frame costs about twice the mean picture */
        .keys_us = interval > 2 ? 2 * full / interval : full,
        .has = budget->flux[load->place].given,
        .changed = budget->flux[load->place].changed,
    };
}

/* Hardware costs the cores nothing; who is not decoding keeps its leave. */
static bool in_software(const struct vg_ingest_load *load)
{
    return load->ladder.packets && !vg_decode_step_is_hardware(load->ladder.step);
}

bool vg_ingest_budget_share(struct vg_ingest_budget *budget, double cores,
                            struct vg_ingest_load *loads, size_t count, struct vg_mono_time now)
{
    struct vg_decode_ask asks[VG_SLOTS_FLUX_MAX];
    enum vg_decode_step given[VG_SLOTS_FLUX_MAX];
    size_t who[VG_SLOTS_FLUX_MAX], asking = 0;
    const int64_t lasted = now.us - budget->last.us;
    assert(count <= VG_SLOTS_FLUX_MAX);
    if (budget->last.us && lasted < VG_INGEST_BUDGET_US)
        return false;
    for (size_t i = 0; i < count; i++) {
        loads[i].given = budget->flux[loads[i].place].given;
        if (!in_software(&loads[i])) {
            budget->flux[loads[i].place].packets = 0; /* the next look measures nothing yet */
            continue;
        }
        who[asking] = i;
        asks[asking++] = ask_of(budget, &loads[i], lasted);
    }
    budget->last = now;
    const struct vg_decode_budget share = vg_decode_budget_of(cores);
    vg_decode_budget_share(&share, asks, asking, now, given);
    for (size_t i = 0; i < asking; i++) {
        struct vg_ingest_load *load = &loads[who[i]];
        load->given = given[i];
        if (budget->flux[load->place].given == given[i])
            continue;
        budget->flux[load->place].given = given[i];
        budget->flux[load->place].changed = now;
    }
    return true;
}
