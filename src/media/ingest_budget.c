#include "src/media/ingest_budget.h"

#include <assert.h>
#include <string.h>

void vg_ingest_budget_init(struct vg_ingest_budget *budget)
{
    memset(budget, 0, sizeof *budget);
}

/* How much of a new measure is believed: an overload is to end soon, and to get more can wait. */
#define DEARER  0.5
#define CHEAPER 0.25

/* What a packet cost since the last look, whether it was decoded or passed over. Time and packets were noted in
 * one moment; when that was does not matter then, as it would for the time spent in a second. */
static void measure(struct vg_ingest_budget *budget, const struct vg_ingest_load *load)
{
    const uint32_t p = load->place;
    const enum vg_decode_step step = load->ladder.step;
    const int64_t spent_us = load->ladder.cpu_us - budget->flux[p].cpu_us;
    const uint64_t before = budget->flux[p].packets;
    const bool same_step = budget->flux[p].step == step;
    budget->flux[p].cpu_us = load->ladder.cpu_us;
    budget->flux[p].packets = load->ladder.packets;
    budget->flux[p].step = step;
    if (!before || load->ladder.packets <= before || spent_us <= 0 || !same_step ||
        (step != VG_DECODE_FULL && step != VG_DECODE_KEYS))
        return;
    double *known = step == VG_DECODE_FULL ? &budget->flux[p].full_us : &budget->flux[p].keys_us;
    const double packet_us = (double)spent_us / (double)(load->ladder.packets - before);
    if (*known <= 0)
        *known = packet_us;
    else
        *known += (packet_us - *known) * (packet_us > *known ? DEARER : CHEAPER);
}

/* What full decoding and that of the key frames cost a second: as measured while it was done, else one from
 * the other (a key frame costs about twice the mean picture), else by the size of the pictures. */
static struct vg_decode_ask ask_of(const struct vg_ingest_budget *budget,
                                   const struct vg_ingest_load *load)
{
    const double fps = load->fps_milli ? load->fps_milli / 1000.0 : 25;
    const double interval = load->key_interval > 2 ? load->key_interval : 2;
    double full = budget->flux[load->place].full_us, keys = budget->flux[load->place].keys_us;
    if (full <= 0 && keys <= 0)
        full = (double)vg_decode_budget_guess_us(load->width, load->height, load->fps_milli) / fps;
    if (full <= 0)
        full = keys * interval / 2;
    if (keys <= 0 || keys > full)
        keys = full * 2 / interval;
    return (struct vg_decode_ask){
        .priority = load->priority,
        .full_us = (int64_t)(full * fps),
        .keys_us = (int64_t)(keys * fps),
        .has = budget->flux[load->place].given,
        .changed = budget->flux[load->place].changed,
    };
}

static void meet(struct vg_ingest_budget *budget, const struct vg_ingest_load *load)
{
    if (budget->flux[load->place].tag == load->tag && load->tag)
        return;
    memset(&budget->flux[load->place], 0, sizeof budget->flux[load->place]);
    budget->flux[load->place].tag = load->tag;
    budget->flux[load->place].given = VG_DECODE_FULL;
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
        meet(budget, &loads[i]);
        loads[i].given = budget->flux[loads[i].place].given;
        if (!in_software(&loads[i])) {
            budget->flux[loads[i].place].packets = 0; /* the next look measures nothing yet */
            continue;
        }
        measure(budget, &loads[i]);
        who[asking] = i;
        asks[asking++] = ask_of(budget, &loads[i]);
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
