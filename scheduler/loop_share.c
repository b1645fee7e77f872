/* How often each flux is looked at: its rate as far as the device's time goes round (decide_share.h). */
#include "scheduler/live_warnings.h"
#include "scheduler/loop.h"
#include "src/base/log.h"

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
static bool claims_of(const struct vg_live_flux *flux, const struct vg_slots_state *state)
{
    return flux->used && flux->config.active && flux->permitted &&
           state->connection == VG_CONNECTION_LIVE && state->tag == flux->tag;
}

/* What was declared is told in jobs: in the time of a device that was exchanged or slows down nobody
 * would be costly by that. */
static int64_t declared_us(const struct vg_loop *a, const struct vg_live_flux *flux)
{
    return (int64_t)(a->usual_job_us * flux->config.declared_milli / 1000);
}

/* What its configuration wants is told by that. */
static void tell(struct vg_live_flux *flux, const struct vg_slots_state *state, int64_t now_us)
{
    struct vg_share_flux *share = &flux->share;
    share->source_milli = vg_loop_milli(vg_live_decoded_fps(state));
    share->priority = flux->config.priority;
    /* a flux that is looked at seldom or not says nothing new */
    share->stir = now_us - flux->last_done.us < VG_RULES_TOLD_US ? stir_of(flux) : VG_STIR_CALM;
}

/* As if the source gave no more than what is wanted: nothing is there to be raised to. */
static void stay_steady(struct vg_share_flux *share)
{
    const uint32_t wanted =
        share->wanted_milli > share->floor_milli ? share->wanted_milli : share->floor_milli;
    if (share->wanted_milli > 0 && (share->source_milli == 0 || share->source_milli > wanted))
        share->source_milli = wanted;
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
    vg_loop_set_period(a, flux, period_us);
}

static void say(struct vg_live_flux *flux)
{
    if (flux->asks)
        vg_log(say_level(flux), "flux %s is analysed again", flux->config.id);
    else
        vg_log(say_level(flux), "flux %s is not analysed: %s", flux->config.id,
               verdict_text(flux->share.verdict));
}

/* Pictures of it that newer ones replaced before their turn, since the last time. */
static int64_t replaced(struct vg_live_flux *flux, const struct vg_slots_state *state)
{
    const uint64_t before = flux->claims ? flux->replaced : UINT64_MAX,
                   now = state->fate[VG_FATE_NEWEST];
    flux->replaced = now;
    return now <= before ? 0 : now - before < REPLACED_MAX ? (int64_t)(now - before) : REPLACED_MAX;
}

/* Who shares, and what was seen of them. */
struct claims {
    uint32_t count, asks; /* those who claim: a->share; those who ask for pictures */
    int64_t replaced;     /* pictures of who claims */
    struct vg_live_flux *of[VG_LIVE_FLUX_MAX];
    bool asked[VG_LIVE_FLUX_MAX];
};

static void leave_out(struct vg_loop *a, struct vg_live_flux *flux)
{
    flux->claims = false;
    if (flux->share.shed)
        return;
    flux->share.verdict = VG_SHARE_WANTED; /* whatever comes first is looked at */
    vg_loop_set_period(a, flux, flux->wanted_period_us);
}

static void take_claims(struct vg_loop *a, struct claims *claims, int64_t now_us)
{
    claims->count = claims->asks = 0;
    claims->replaced = 0;
    for (uint32_t i = 0; i < a->view_count; i++) {
        const struct vg_slots_state *state = &a->view[i].state;
        struct vg_live_flux *flux = &a->flux[a->view[i].flux - a->flux];
        if (!flux->config.active)
            continue;
        claims->asks += flux->asks;
        if (!claims_of(flux, state)) {
            leave_out(a, flux);
            continue;
        }
        tell(flux, state, now_us);
        if (a->settings->steady)
            stay_steady(&flux->share);
        claims->replaced += replaced(flux, state);
        flux->claims = true;
        claims->asked[claims->count] = flux->asks;
        claims->of[claims->count] = flux;
        a->share[claims->count++] = flux->share;
    }
}

static void decide(struct vg_loop *a, const struct claims *claims, int64_t now_us)
{
    const int64_t cost_us = vg_loop_pool_cost_us(a, now_us);
    for (uint32_t i = 0; i < claims->count; i++) {
        a->share[i].cost_us = (int64_t)((double)cost_us * claims->of[i]->part + 0.5);
        a->share[i].declared_us = declared_us(a, claims->of[i]);
    }
    const int64_t there_us = vg_loop_pool_capacity_us(a, claims->replaced * cost_us);
    vg_share_out_held(a->share, claims->count, there_us,
                      vg_share_most(&a->most, there_us, vg_loop_pool_all_us(a), now_us), now_us);
    for (uint32_t i = 0; i < claims->count; i++) {
        claims->of[i]->share = a->share[i];
        obey(a, claims->of[i]);
    }
}

void vg_loop_share(struct vg_loop *a, int64_t now_us)
{
    struct claims claims;
    if (now_us - a->shared_us < VG_US_PER_S)
        return;
    const int64_t from_us = vg_loop_timed_from(a);
    a->shared_us = now_us;
    take_claims(a, &claims, now_us);
    decide(a, &claims, now_us);
    vg_loop_place(a);
    if (a->settings->trial)
        vg_loop_timed_to(&a->settings->trial->share, from_us);
    for (uint32_t i = 0; i < claims.count; i++)
        if (claims.asked[i] != claims.of[i]->asks)
            say(claims.of[i]);
}
