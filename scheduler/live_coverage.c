#include "scheduler/live_coverage.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/source_url.h"
#include "src/media/decode_steps.h"

#define SAVE_EVERY_US (5 * VG_US_PER_S)

struct vg_live_coverage {
    struct vg_coverage_thread *thread;
    uint64_t begun; /* ledgers so far: numbers of rows are of this process' own */
    struct vg_live_ledger ledger[VG_LIVE_FLUX_MAX];
};

enum vg_status vg_live_coverage_open(struct vg_live_coverage **coverage,
                                     struct vg_coverage_thread *thread)
{
    struct vg_live_coverage *c = vg_alloc(sizeof *c);
    *coverage = c;
    if (!c)
        return VG_E_MEMORY;
    c->thread = thread;
    return VG_OK;
}

static void end(struct vg_live_ledger *ledger, struct vg_mono_time now, struct vg_wall_time wall,
                enum vg_coverage_duty after)
{
    const struct vg_coverage_input last = ledger->coverage.last;
    vg_coverage_end(&ledger->coverage, now, wall, &last, after);
    ledger->id[0] = '\0';
}

void vg_live_coverage_close(struct vg_live_coverage **coverage, struct vg_mono_time now,
                            struct vg_wall_time wall)
{
    struct vg_live_coverage *c = *coverage;
    if (!c)
        return;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (c->ledger[i].id[0])
            end(&c->ledger[i], now, wall, VG_COVERAGE_DUTY_WATCHED);
    vg_free(c);
    *coverage = NULL;
}

static void take(struct vg_coverage_taker *taker, const struct vg_coverage *coverage)
{
    struct vg_live_ledger *ledger = (struct vg_live_ledger *)(void *)taker;
    vg_coverage_thread_give(ledger->thread, ledger->id, coverage->row_number, &coverage->row,
                            VG_COVERAGE_CLOSED);
}

struct vg_live_ledger *vg_live_coverage_find(struct vg_live_coverage *coverage, const char *id)
{
    struct vg_live_ledger *free_one = NULL;
    for (uint32_t i = VG_LIVE_FLUX_MAX; i-- > 0;) {
        struct vg_live_ledger *ledger = &coverage->ledger[i];
        if (strcmp(ledger->id, id) == 0)
            return ledger;
        free_one = ledger->id[0] ? free_one : ledger;
    }
    if (!free_one || strlen(id) >= sizeof free_one->id)
        return NULL;
    *free_one = (struct vg_live_ledger){.taker.take = take, .thread = coverage->thread};
    memcpy(free_one->id, id, strlen(id) + 1);
    vg_coverage_init(&free_one->coverage, &free_one->taker);
    free_one->coverage.row_number = ++coverage->begun << 32;
    return free_one;
}

/* A watched folder without a new file: there is nothing that could be analysed. */
static bool awaits_a_file(const struct vg_slots_state *state)
{
    return state->connection == VG_CONNECTION_WAITING &&
           state->figure[VG_FIGURE_TRANSPORT] == VG_TRANSPORT_AUTO;
}

static enum vg_coverage_duty duty_of(const struct vg_live_flux *flux,
                                     const struct vg_slots_state *state)
{
    if (!flux->config.active || awaits_a_file(state))
        return VG_COVERAGE_DUTY_OFF;
    return !flux->permitted || state->connection == VG_CONNECTION_STOPPED
               ? VG_COVERAGE_DUTY_STOPPED
               : VG_COVERAGE_DUTY_WATCHED;
}

/* What ingest says of its decoder, which is not trusted to be one of its steps. */
static enum vg_coverage_decoding decoding_of(const struct vg_slots_state *state)
{
    if (state->figure[VG_FIGURE_DECODER] == VG_DECODE_KEYS)
        return VG_COVERAGE_DECODES_KEYS;
    return state->figure[VG_FIGURE_DECODER] == VG_DECODE_NONE ? VG_COVERAGE_DECODES_NONE
                                                              : VG_COVERAGE_DECODES_ALL;
}

/* Where its pictures come late, one that has come may wait for its decoder: nobody sees it there. A
 * picture covers half a period more than its own. */
static bool comes_late(const struct vg_live_flux *flux, int64_t source_period_us)
{
    const int64_t period_us =
        flux->wanted_period_us > source_period_us ? flux->wanted_period_us : source_period_us;
    return flux->last_latency_us > period_us / 2;
}

static struct vg_coverage_input input_of(const struct vg_live_flux *flux,
                                         const struct vg_slots_state *state)
{
    struct vg_coverage_input input = {
        .duty = duty_of(flux, state),
        .view = vg_view_coverage(flux->view.health.state),
        .period_us = flux->wanted_period_us,
    };
    if (state->tag != vg_slots_tag(flux->config.id))
        return input; /* its ingest has not come to it yet: no source */
    input.decoding = decoding_of(state);
    input.connected = state->connection == VG_CONNECTION_LIVE;
    input.source_period_us = state->fps_milli ? VG_US_PER_S * 1000 / state->fps_milli : 0;
    input.waiting = flux->in_flight || state->ready > 0 || comes_late(flux, input.source_period_us);
    input.arrived = state->decoded;
    input.corrupt = state->fate[VG_FATE_CORRUPT];
    input.refused = state->fate[VG_FATE_DECODER];
    input.late =
        state->fate[VG_FATE_NEWEST] + state->fate[VG_FATE_POOL] + state->fate[VG_FATE_OVERLOAD];
    return input;
}

static void save(struct vg_live_ledger *ledger, struct vg_mono_time now)
{
    const struct vg_coverage *c = &ledger->coverage;
    if (now.us - ledger->saved.us < SAVE_EVERY_US || vg_coverage_row_sum(&c->row) == 0)
        return;
    ledger->saved = now;
    vg_coverage_thread_give(ledger->thread, ledger->id, c->row_number, &c->row,
                            VG_COVERAGE_RUNNING);
}

void vg_live_coverage_look(const struct vg_live_flux *flux, const struct vg_slots_state *state,
                           struct vg_mono_time now, struct vg_wall_time wall)
{
    if (!flux->ledger)
        return;
    const struct vg_coverage_input input = input_of(flux, state);
    vg_coverage_look(&flux->ledger->coverage, now, wall, &input);
    save(flux->ledger, now);
}

void vg_live_coverage_picture(const struct vg_live_flux *flux, const struct vg_slots_state *state,
                              const struct vg_picture *picture, struct vg_mono_time now,
                              struct vg_wall_time wall)
{
    if (!flux->ledger)
        return;
    const struct vg_coverage_input input = input_of(flux, state);
    vg_coverage_picture(&flux->ledger->coverage, picture->arrival, picture->sequence, now, wall,
                        &input);
}

void vg_live_coverage_leave(struct vg_live_ledger *ledger, struct vg_mono_time now,
                            struct vg_wall_time wall)
{
    if (ledger)
        end(ledger, now, wall, VG_COVERAGE_DUTY_OFF);
}
