/* How often each flux is looked at: its rate as far as the device's time goes round (decide_share.h). */
#include "scheduler/live_warnings.h"
#include "scheduler/loop.h"
#include "src/base/log.h"

/* Of the device's time. Nearly all: what is to hold at a load of 90 % needs more than that, and the
 * gauge takes back what cannot be had. */
#define CAPACITY_US (VG_US_PER_S * 95 / 100)
/* Without a batch for so long nothing is known of the device any more: it may have been so slow that
 * everybody was shed, and would stay so. */
#define STALE_US     (10 * VG_US_PER_S)
#define SAY_EVERY_US (60 * VG_US_PER_S)
#define REPLACED_MAX 1000 /* in a second; ingest counts them, which is not trusted */

static enum vg_stir stir_of(const struct vg_live_flux *flux)
{
    static const enum vg_stir stir[] = {[VG_RULES_CALM] = VG_STIR_CALM,
                                        [VG_RULES_ARMED] = VG_STIR_ARMED,
                                        [VG_RULES_TOLD] = VG_STIR_ALERT};
    return stir[flux->told_stir];
}

/* Whether it brings pictures that may be looked at. Who does not claims nothing. */
static bool claims(const struct vg_live_flux *flux, const struct vg_slots_state *state)
{
    return flux->used && flux->config.active && flux->permitted &&
           state->connection == VG_CONNECTION_LIVE && state->tag == vg_slots_tag(flux->config.id);
}

static uint32_t milli(double fps)
{
    return fps > 0 && fps < 1e6 ? (uint32_t)(fps * 1000 + 0.5) : 0;
}

static void tell(struct vg_live_flux *flux, const struct vg_slots_state *state, int64_t now_us)
{
    struct vg_share_flux *share = &flux->share;
    const int64_t period_us = flux->wanted_period_us;
    share->wanted_milli = period_us > 0 ? milli(1e6 / (double)period_us) : 0;
    share->floor_milli =
        flux->config.scene ? milli((double)vg_scene_floor_fps(flux->config.scene)) : 0;
    share->source_milli = milli(vg_live_decoded_fps(state));
    share->priority = flux->config.priority;
    /* a flux that is looked at seldom or not says nothing new */
    share->stir = now_us - flux->last_done.us < VG_RULES_TOLD_US ? stir_of(flux) : VG_STIR_CALM;
}

static const char *verdict_text(enum vg_share_verdict verdict)
{
    return verdict == VG_SHARE_COSTLY    ? "it costs more than the device has time for"
           : verdict == VG_SHARE_REDUCED ? "others whose rules need it take all the time"
                                         : "its rules' lowest rate finds no room";
}

/* Once a minute for all to read; what comes and goes in between is for those who look for it. */
static enum vg_log_level say_level(struct vg_live_flux *flux)
{
    const int64_t now_us = vg_mono_now().us;
    if (flux->said_us && now_us - flux->said_us < SAY_EVERY_US)
        return VG_LOG_DEBUG;
    flux->said_us = now_us;
    return VG_LOG_WARN;
}

/* Puts into force what the flux was given. */
static void obey(struct vg_loop *a, struct vg_live_flux *flux)
{
    const struct vg_share_flux *share = &flux->share;
    int64_t period_us = flux->wanted_period_us;
    if (share->verdict != VG_SHARE_WANTED)
        period_us = share->rate_milli ? 1000 * VG_US_PER_S / share->rate_milli : VG_SLOTS_NEVER;
    if (period_us == VG_SLOTS_NEVER && flux->asks)
        vg_log(say_level(flux), "flux %s is not analysed: %s", flux->config.id,
               verdict_text(share->verdict));
    else if (period_us != VG_SLOTS_NEVER && !flux->asks)
        vg_log(say_level(flux), "flux %s is analysed again", flux->config.id);
    vg_loop_set_period(a, flux, period_us);
}

/* Pictures of it that newer ones replaced before their turn, since the last time. */
static int64_t replaced(struct vg_live_flux *flux, const struct vg_slots_state *state)
{
    const uint64_t before = flux->claims ? flux->replaced : UINT64_MAX,
                   now = state->fate[VG_FATE_NEWEST];
    flux->replaced = now;
    return now <= before ? 0 : now - before < REPLACED_MAX ? (int64_t)(now - before) : REPLACED_MAX;
}

/* Jobs of a full batch: of two on the way each has half of the flux at most. */
static uint32_t full_batch(const struct vg_loop *a)
{
    uint32_t asks = 0;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        asks += a->flux[i].used && a->flux[i].asks;
    const uint32_t half = (asks + 1) / 2;
    return half < a->batch_max ? half : a->batch_max;
}

/* What a picture counts for: a job, at what one takes the device over the last minute or so. One that
 * is slow for a while has less to give; no flux costs more by that. */
static int64_t job_cost_us(struct vg_loop *a, int64_t job_us)
{
    const double share = 1.0 / 64;
    a->usual_job_us +=
        a->usual_job_us > 0 ? share * ((double)job_us - a->usual_job_us) : (double)job_us;
    return (int64_t)a->usual_job_us > 1 ? (int64_t)a->usual_job_us : 1;
}

/* What the device has to give in a second, in the time of what a job usually takes. */
static int64_t capacity_us(struct vg_loop *a, int64_t replaced_us, int64_t job_us)
{
    const int64_t there_us = vg_share_gauge(&a->gauge, a->answered_us, replaced_us, CAPACITY_US);
    a->answered_us = 0;
    return job_us > 0 ? (int64_t)((double)there_us * a->usual_job_us / (double)job_us) : there_us;
}

void vg_loop_share(struct vg_loop *a)
{
    const int64_t now_us = vg_mono_now().us;
    struct vg_live_flux *of[VG_LIVE_FLUX_MAX];
    uint32_t count = 0;
    int64_t replaced_us = 0;
    if (now_us - a->shared_us < VG_US_PER_S)
        return;
    const int64_t from_us = vg_loop_timed_from(a);
    if (now_us - a->answer_us > STALE_US) {
        a->batch_time = (struct vg_batch_time){0};
        a->usual_job_us = 0;
    }
    const int64_t job_us = vg_batch_time_job_us(&a->batch_time, full_batch(a));
    const int64_t cost_us = job_us > 0 ? job_cost_us(a, job_us) : 0;
    a->shared_us = now_us;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_live_flux *flux = &a->flux[i];
        struct vg_slots_state state;
        if (!flux->used || !flux->config.active)
            continue;
        vg_slots_state(vg_loop_slots(a, flux), flux->config.slot, &state);
        if (!claims(flux, &state)) {
            flux->claims = false;
            if (!flux->share.shed) { /* whatever comes first is looked at */
                flux->share.verdict = VG_SHARE_WANTED;
                vg_loop_set_period(a, flux, flux->wanted_period_us);
            }
            continue;
        }
        tell(flux, &state, now_us);
        flux->share.cost_us = cost_us;
        replaced_us += replaced(flux, &state) * job_us;
        flux->claims = true;
        of[count] = flux;
        a->share[count++] = flux->share;
    }
    const int64_t there_us = capacity_us(a, replaced_us, job_us);
    vg_share_out_held(a->share, count, there_us,
                      vg_share_most(&a->most, there_us, CAPACITY_US, now_us), now_us);
    for (uint32_t i = 0; i < count; i++) {
        of[i]->share = a->share[i];
        obey(a, of[i]);
    }
    if (a->settings->trial)
        vg_loop_timed_to(&a->settings->trial->share, from_us);
}
