#include "scheduler/live_warnings.h"

#include "src/media/decode_steps.h"

#define FAR_OFF 0.8 /* of the wanted rate */

/* Pictures a second that come, as measured or else as the source says; 0: not known. */
static double source_fps(const struct vg_slots_state *state)
{
    const int64_t measured = state->figure[VG_FIGURE_INPUT_RATE];
    return (double)(measured > 0 ? measured : (int64_t)state->fps_milli) / 1000;
}

static bool decodes_keys(const struct vg_slots_state *state)
{
    return state->figure[VG_FIGURE_DECODER] == VG_DECODE_KEYS;
}

double vg_live_decoded_fps(const struct vg_slots_state *state)
{
    const int64_t interval = state->figure[VG_FIGURE_KEY_INTERVAL];
    if (!decodes_keys(state))
        return source_fps(state);
    return interval > 0 ? source_fps(state) / (double)interval : 0;
}

bool vg_live_stalled(const struct vg_slots_state *state, struct vg_mono_time now)
{
    const double fps = vg_live_decoded_fps(state);
    if (state->connection != VG_CONNECTION_LIVE || state->decoded_at.us == 0)
        return false;
    const double silent_us = (double)(now.us - state->decoded_at.us);
    return silent_us > (double)VG_STALLED_US &&
           (fps <= 0 || silent_us > VG_STALLED_INTERVALS * 1e6 / fps);
}

const char *vg_live_state_name(const struct vg_slots_state *state, struct vg_mono_time now)
{
    return vg_live_stalled(state, now) ? "stalled" : vg_connection_name(state->connection);
}

const char *vg_live_warning_name(enum vg_live_warning warning)
{
    static const char *const names[VG_WARNING_COUNT] = {"small",   "slow", "keys",
                                                        "reduced", "shed", "costly"};
    return names[warning];
}

static bool is_shed(const struct vg_live_flux *flux)
{
    return flux->share.verdict == VG_SHARE_SHED || flux->share.verdict == VG_SHARE_COSTLY;
}

/* Of what was admitted; for less nobody needs to look. */
#define COSTLY 2

static bool is_costly(const struct vg_share_flux *share)
{
    return share->verdict == VG_SHARE_COSTLY ||
           (share->declared_us > 0 && share->cost_us / COSTLY > share->declared_us);
}

/* The watch has waited until it was sure of both. */
uint32_t vg_live_warnings(const struct vg_live_flux *flux, const struct vg_slots_state *state)
{
    uint32_t bits = 0;
    const double fps = source_fps(state);
    const double wanted_fps = flux->wanted_period_us > 0 ? 1e6 / (double)flux->wanted_period_us : 0;
    if (flux->view.health.faults & UINT32_C(1) << VG_VIEW_SMALL)
        bits |= 1u << VG_WARNING_SMALL;
    if (flux->view.health.faults & UINT32_C(1) << VG_VIEW_SLOW ||
        (fps > 0 && fps < FAR_OFF * wanted_fps))
        bits |= 1u << VG_WARNING_SLOW;
    if (decodes_keys(state))
        bits |= 1u << VG_WARNING_KEYS;
    if (flux->config.active && flux->share.verdict == VG_SHARE_REDUCED)
        bits |= 1u << VG_WARNING_REDUCED;
    if (flux->config.active && is_shed(flux))
        bits |= 1u << VG_WARNING_SHED;
    if (flux->config.active && is_costly(&flux->share))
        bits |= 1u << VG_WARNING_COSTLY;
    return bits;
}

uint32_t vg_live_blind(const struct vg_live_flux *flux, const struct vg_slots_state *state)
{
    const struct vg_scene *scene = flux->config.scene;
    uint32_t bits = vg_scene_blind(scene, flux->known);
    if (!decodes_keys(state) && !is_shed(flux))
        return bits;
    for (uint32_t i = 0; scene && i < scene->rule_count; i++) {
        const struct vg_rule *rule = &scene->rule[i];
        if (rule->event == VG_EVENT_NONE)
            continue; /* its parts count */
        if (rule->active &&
            (is_shed(flux) || vg_live_decoded_fps(state) < (double)vg_event_floor_fps(rule->event)))
            bits |= UINT32_C(1) << rule->event;
    }
    return bits;
}
