#include "scheduler/forecast/simulation.h"

#include "scheduler/decide_batch.h"
#include "scheduler/decide_rate.h"
#include "scheduler/forecast/latency_counts.h"
#include "scheduler/forecast/shared_processor.h"
#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"

enum {
    BATCHES = 2, /* on a device: one runs, one waits behind it */
    SOURCE_MILLI = 25000,
    LEARNT = 16,    /* batches, before a device's line is believed */
    UNDECODED = 32, /* packets that wait for a decoder; what comes then is not decoded */
    MINUTE_S = 60
};

#define NEVER    INT64_MAX
#define CORE     1000 /* thousandths of one */
#define NOWHERE  UINT32_MAX
#define TICK_US  VG_US_PER_S
#define STALE_US (10 * VG_US_PER_S)
#define ARMED_US (2 * VG_US_PER_S)
#define ALERT_US (12 * VG_US_PER_S) /* until then */

struct batch {
    uint32_t count, jobs;
    int64_t begun_us;
    struct {
        uint32_t flux, jobs;
        int64_t due_us;
    } picture[VG_SIM_BATCH_MAX];
};

struct device {
    struct vg_sim_device is;
    double slow;
    struct batch batch[BATCHES]; /* the first one runs */
    uint32_t batches, learnt;
    uint32_t following;     /* batches of which pictures are with the workers */
    uint32_t left[BATCHES]; /* how many, of each of these; 0: it is over */
    int64_t answered_us;    /* the last one */
    struct vg_batch_time time;
    uint32_t waiting[VG_SIM_FLUX_MAX], waiting_count; /* flux whose picture could go */
    uint32_t flux_count;                              /* that are on it */
    int64_t busy_us;
};

struct flux {
    struct vg_sim_flux is;
    int64_t phase_us, source_period_us; /* of the source */
    int64_t period_us;                  /* between wanted pictures; 0: none are */
    int64_t due_us;                     /* of the picture that comes next */
    bool alive, waits, under_way;
    int64_t waits_since_us, oldest_due_us;
    int64_t stalled_until_us;
    int64_t stirred_us; /* since when; NEVER: calm */
    uint32_t device;    /* in whose waiting it is entered */
    uint32_t place;     /* there; NOWHERE */

    /* with a decoder: packets that arrived, the first one is being decoded */
    int64_t packet, packet_us; /* which comes next, and when */
    int64_t arrived_us[UNDECODED];
    uint32_t first_packet, packets;

    /* its picture that a worker has */
    struct followed {
        uint32_t device, batch, jobs, next; /* next: behind it; NOWHERE */
        int64_t due_us;
    } followed;

    /* since the mark */
    struct vg_sim_flux_report counts;
    int64_t alive_us, minute_alive_us;
    uint64_t minute_answered;
    struct vg_latency_counts latency;
};

struct worker {
    uint32_t first, last; /* flux whose pictures it has; NOWHERE */
};

struct vg_sim {
    struct vg_sim_settings settings;
    struct vg_shared_processor *processor; /* tasks: decoders by flux, devices, workers */
    struct worker worker[VG_SIM_WORKERS_MAX];
    struct vg_random random;
    int64_t now_us, marked_us;
    uint32_t minute_s; /* how much of it is over */
    struct flux *flux;
    struct vg_share_flux *share;
    struct vg_placed_flux *placed;
    struct vg_candidate *candidate;
    struct device *device;
    struct vg_device_state state[VG_DEVICES_MAX];
    uint32_t change; /* the next one */
    uint64_t batches, moves;
    double measure_us; /* what a job takes of the first device, as it is when all begins */
    int64_t capacity_us;
    struct vg_share_gauge gauge;
    int64_t answered_us, replaced_us; /* what the pictures of this second cost */
    bool leapt;                       /* in this second */

    /* what comes next: a tournament over the sources of events, by time, then place */
    uint32_t leaves; /* a power of 2 */
    uint32_t *winner;
    int64_t *when_us;
};

/* ---- events ---------------------------------------------------------------------------------- */

/* Sources of events, in this order: flux, answers of devices, looks at devices, tick, changes. */
static uint32_t answer_of(const struct vg_sim *sim, uint32_t device)
{
    return sim->settings.flux_count + device;
}

static uint32_t look_of(const struct vg_sim *sim, uint32_t device)
{
    return answer_of(sim, sim->settings.device_count) + device;
}

static uint32_t tick_of(const struct vg_sim *sim)
{
    return look_of(sim, sim->settings.device_count);
}

static uint32_t change_of(const struct vg_sim *sim)
{
    return tick_of(sim) + 1;
}

static void set_when(struct vg_sim *sim, uint32_t source, int64_t when_us)
{
    sim->when_us[source] = when_us;
    for (uint32_t i = (sim->leaves + source) / 2; i >= 1; i /= 2) {
        const uint32_t a = sim->winner[2 * i], b = sim->winner[2 * i + 1];
        sim->winner[i] = sim->when_us[b] < sim->when_us[a] ? b : a;
    }
}

/* ---- what a device takes --------------------------------------------------------------------- */

/* Its line: learnt or, until then, as measured when the machine was set up. */
static struct vg_batch_time line_of(const struct device *d)
{
    if (d->learnt >= LEARNT)
        return d->time;
    return (struct vg_batch_time){.start_us = d->is.start_us, .job_us = d->is.job_us};
}

/* Jobs of its full batch: of two on the way each has half of the flux at most. */
static uint32_t full_of(const struct device *d)
{
    const uint32_t half = (d->flux_count + 1) / 2;
    const uint32_t most = half < d->is.batch_max ? half : d->is.batch_max;
    return most ? most : 1;
}

static double full_job_us(const struct device *d)
{
    const struct vg_batch_time line = line_of(d);
    const int64_t us = vg_batch_time_job_us(&line, full_of(d));
    return us > 0 ? (double)us : 1;
}

/* How much of the measure of all a second of it is worth. */
static double speed_of(const struct vg_sim *sim, const struct device *d)
{
    return sim->measure_us / full_job_us(d);
}

static int64_t takes_us(const struct device *d, const struct vg_batch_time *line, uint32_t jobs)
{
    const int64_t parts = (jobs + d->is.batch_max - 1) / d->is.batch_max;
    return parts * line->start_us + (int64_t)jobs * line->job_us;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void wait_begin(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    if (!f->waits || f->under_way || f->place != NOWHERE || f->device == VG_DEVICE_NONE)
        return;
    struct device *d = &sim->device[f->device];
    f->place = d->waiting_count++;
    d->waiting[f->place] = i;
}

static void wait_end(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    if (f->place == NOWHERE)
        return;
    struct device *d = &sim->device[f->device];
    const uint32_t last = d->waiting[--d->waiting_count];
    d->waiting[f->place] = last;
    sim->flux[last].place = f->place;
    f->place = NOWHERE;
}

/* ---- batches --------------------------------------------------------------------------------- */

static void run_first(struct vg_sim *sim, uint32_t device)
{
    struct device *d = &sim->device[device];
    struct batch *batch = &d->batch[0];
    const struct vg_batch_time truth = {.start_us = d->is.start_us, .job_us = d->is.job_us};
    const double off = (2 * vg_random_unit(&sim->random) - 1) * d->is.jitter_milli / 1000;
    const double us = (double)takes_us(d, &truth, batch->jobs) * d->slow * (1 + off);
    const int64_t takes = us > 1 ? (int64_t)us : 1;
    batch->begun_us = sim->now_us;
    if (d->is.cores_milli == 0)
        set_when(sim, answer_of(sim, device), sim->now_us + takes);
    else
        vg_shared_processor_begin(sim->processor, answer_of(sim, device),
                                  (struct vg_shared_work){takes, d->is.cores_milli}, sim->now_us);
}

static uint32_t gather(struct vg_sim *sim, const struct device *d)
{
    for (uint32_t k = 0; k < d->waiting_count; k++) {
        const uint32_t i = d->waiting[k];
        const struct flux *f = &sim->flux[i];
        sim->candidate[k] = (struct vg_candidate){.flux = i,
                                                  .priority = f->is.priority,
                                                  .due_us = f->waits_since_us,
                                                  .period_us = f->period_us,
                                                  .stir = sim->share[i].stir};
    }
    return d->waiting_count;
}

/* When the next picture is due of a flux of the device that does not wait. */
static int64_t next_due(const struct vg_sim *sim, uint32_t device)
{
    int64_t next = VG_BATCH_NEVER;
    for (uint32_t i = 0; i < sim->settings.flux_count; i++) {
        const struct flux *f = &sim->flux[i];
        const bool comes = f->alive && f->period_us > 0 && !f->waits && !f->under_way;
        if (f->device == device && comes && f->due_us < next)
            next = f->due_us;
    }
    return next;
}

static void send(struct vg_sim *sim, uint32_t device, uint32_t count)
{
    struct device *d = &sim->device[device];
    struct batch *batch = &d->batch[d->batches];
    batch->count = count;
    batch->jobs = 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t i = sim->candidate[k].flux;
        struct flux *f = &sim->flux[i];
        wait_end(sim, i);
        f->waits = false;
        f->under_way = true;
        batch->picture[k].flux = i;
        batch->picture[k].jobs = f->is.jobs;
        batch->picture[k].due_us = f->oldest_due_us;
        batch->jobs += f->is.jobs;
    }
    sim->batches++;
    if (d->batches++ == 0)
        run_first(sim, device);
}

static void dispatch(struct vg_sim *sim, uint32_t device)
{
    struct device *d = &sim->device[device];
    int64_t look_us = NEVER;
    while (sim->state[device].well && d->batches + d->following < BATCHES && d->waiting_count > 0) {
        const uint32_t count = gather(sim, d);
        struct vg_batch_device is = {
            .most = d->is.batch_max, .free_us = sim->now_us, .next_us = NEVER, .time = line_of(d)};
        if (d->batches > 0)
            is.free_us = d->batch[0].begun_us + takes_us(d, &is.time, d->batch[0].jobs);
        else if (count < is.most)
            is.next_us = next_due(sim, device);
        const struct vg_batch_plan plan = vg_batch_plan(sim->candidate, count, &is, sim->now_us);
        if (plan.count == 0) {
            look_us = plan.look_us;
            break;
        }
        send(sim, device, plan.count);
    }
    set_when(sim, look_of(sim, device), look_us);
}

static void dispatch_all(struct vg_sim *sim)
{
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        dispatch(sim, d);
}

/* ---- a picture's way ------------------------------------------------------------------------- */

/* When the picture comes that is the first one at or after it is due. */
static int64_t picture_us(struct vg_sim *sim, const struct flux *f)
{
    const int64_t since = f->due_us - f->phase_us;
    const int64_t steps = since > 0 ? (since + f->source_period_us - 1) / f->source_period_us : 0;
    const uint32_t jitter = (uint32_t)sim->settings.arrival_jitter_us;
    int64_t t = f->phase_us + steps * f->source_period_us;
    t += jitter ? vg_random_below(&sim->random, jitter) : 0;
    t = t < f->stalled_until_us ? f->stalled_until_us : t;
    return t > sim->now_us ? t : sim->now_us;
}

/* When its next packet comes: those that a stall held back, as far as a second goes, at once. */
static int64_t packet_us(struct vg_sim *sim, struct flux *f)
{
    const int64_t late = (sim->now_us - VG_US_PER_S - f->phase_us) / f->source_period_us;
    const uint32_t jitter = (uint32_t)sim->settings.arrival_jitter_us;
    f->packet = f->packet < late ? late : f->packet;
    int64_t t = f->phase_us + f->packet++ * f->source_period_us;
    t += jitter ? vg_random_below(&sim->random, jitter) : 0;
    t = t < f->stalled_until_us ? f->stalled_until_us : t;
    return t > sim->now_us ? t : sim->now_us;
}

static void expect(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    if (f->is.decode_us == 0) {
        set_when(sim, i, f->alive && f->period_us > 0 ? picture_us(sim, f) : NEVER);
        return;
    }
    if (f->packet_us < f->stalled_until_us)
        f->packet_us = f->stalled_until_us;
    if (f->packet_us < sim->now_us)
        f->packet_us = packet_us(sim, f);
    set_when(sim, i, f->alive ? f->packet_us : NEVER);
}

static void decode_first(struct vg_sim *sim, uint32_t i)
{
    vg_shared_processor_begin(
        sim->processor, i, (struct vg_shared_work){sim->flux[i].is.decode_us, CORE}, sim->now_us);
}

static void on_packet(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    f->packet_us = packet_us(sim, f);
    set_when(sim, i, f->packet_us);
    if (f->packets == UNDECODED)
        return;
    f->arrived_us[(f->first_packet + f->packets) % UNDECODED] = sim->now_us;
    if (f->packets++ == 0)
        decode_first(sim, i);
}

static void on_picture(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    f->counts.asked++;
    f->counts.replaced += f->waits;
    sim->replaced_us += f->waits ? sim->share[i].cost_us : 0;
    if (!f->waits) {
        f->waits_since_us = sim->now_us;
        f->oldest_due_us = f->due_us;
    }
    f->waits = true;
    f->due_us = vg_rate_next_us(f->due_us, f->period_us, sim->now_us);
    if (f->is.decode_us == 0)
        expect(sim, i);
    wait_begin(sim, i);
    if (f->device != VG_DEVICE_NONE)
        dispatch(sim, f->device);
}

/* The first picture that arrived when one was due is it. */
static void on_decoded(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    const int64_t arrived_us = f->arrived_us[f->first_packet];
    f->first_packet = (f->first_packet + 1) % UNDECODED;
    if (--f->packets > 0)
        decode_first(sim, i);
    if (f->alive && f->period_us > 0 && arrived_us >= f->due_us)
        on_picture(sim, i);
}

static int64_t capacity_of(const struct vg_sim *sim)
{
    int64_t sum = 0;
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        sum += sim->state[d].well ? sim->state[d].capacity_us : 0;
    return sum;
}

/* 0: no picture is wanted. */
static int64_t period_of(uint32_t rate_milli)
{
    const int64_t us = rate_milli ? 1000 * VG_US_PER_S / rate_milli : 0;
    return us;
}

/* A flux that is shed: its picture is nobody's any more. */
static void drop(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    wait_end(sim, i);
    f->counts.lost += f->waits;
    f->counts.sheds++;
    f->waits = false;
    f->period_us = 0;
    expect(sim, i);
}

static void take_rate(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    const int64_t period_us = period_of(sim->share[i].rate_milli);
    if (period_us == f->period_us)
        return;
    if (period_us == 0) {
        drop(sim, i);
        return;
    }
    f->due_us = f->period_us ? vg_rate_change_us(f->due_us, f->period_us, period_us, sim->now_us)
                             : vg_rate_begin_us(i, period_us, sim->now_us);
    f->period_us = period_us;
    expect(sim, i);
}

/* Who gets what from now on. */
static void set_rates(struct vg_sim *sim)
{
    vg_share_out(sim->share, sim->settings.flux_count, sim->capacity_us, sim->now_us);
    for (uint32_t i = 0; i < sim->settings.flux_count; i++)
        take_rate(sim, i);
}

static void learn(struct device *d, const struct batch *batch, int64_t us)
{
    if (batch->jobs > d->is.batch_max)
        return; /* it ran in parts */
    vg_batch_time_note(&d->time, batch->jobs, us);
    d->learnt++;
}

static void answer(struct vg_sim *sim, struct flux *f)
{
    const uint32_t unseen = (uint32_t)(2 * sim->settings.unseen_us);
    const int64_t more_us = unseen ? vg_random_below(&sim->random, unseen + 1) : 0;
    f->under_way = false;
    f->counts.answered++;
    f->minute_answered++;
    vg_latency_add(&f->latency, sim->now_us - f->followed.due_us + more_us);
}

/* Its picture is judged: what it cost is known, and the next one may go. True: the cost leapt. */
static bool follow_end(struct vg_sim *sim, uint32_t i)
{
    struct flux *f = &sim->flux[i];
    answer(sim, f);
    /* by its jobs: that the device is slow is its lack of capacity, and no flux's doing */
    const int64_t cost_us = (int64_t)(sim->measure_us * f->followed.jobs + 0.5);
    sim->answered_us += cost_us;
    const bool leaps = vg_share_cost(&sim->share[i], cost_us);
    sim->leapt = sim->leapt || leaps;
    wait_begin(sim, i);
    if (f->place != NOWHERE && f->device != f->followed.device)
        dispatch(sim, f->device);
    return leaps;
}

static uint32_t worker_of(const struct vg_sim *sim, uint32_t worker)
{
    return look_of(sim, worker);
}

static void follow_first(struct vg_sim *sim, uint32_t worker)
{
    const struct vg_sim_host *host = &sim->settings.host;
    const bool alert =
        host->alerts_ppm > 0 && vg_random_below(&sim->random, 1000000) < host->alerts_ppm;
    const struct vg_shared_work work = {host->follow_us + (alert ? host->alert_us : 0), CORE};
    vg_shared_processor_begin(sim->processor, worker_of(sim, worker), work, sim->now_us);
}

static void follow_begin(struct vg_sim *sim, uint32_t i)
{
    const uint32_t number = i % sim->settings.host.workers;
    struct worker *w = &sim->worker[number];
    sim->flux[i].followed.next = NOWHERE;
    if (w->first == NOWHERE) {
        w->first = w->last = i;
        follow_first(sim, number);
        return;
    }
    sim->flux[w->last].followed.next = i;
    w->last = i;
}

static void on_followed(struct vg_sim *sim, uint32_t worker)
{
    struct worker *w = &sim->worker[worker];
    const uint32_t i = w->first;
    const struct followed *it = &sim->flux[i].followed;
    struct device *d = &sim->device[it->device];
    const uint32_t device = it->device;
    w->first = it->next;
    if (w->first != NOWHERE)
        follow_first(sim, worker);
    if (--d->left[it->batch] == 0)
        d->following--;
    if (follow_end(sim, i))
        set_rates(sim);
    dispatch(sim, device);
}

/* Which of the places of batches being followed is free. */
static uint32_t free_left(const struct device *d)
{
    uint32_t at = 0;
    while (at + 1 < BATCHES && d->left[at] > 0)
        at++;
    return at;
}

static void on_answer(struct vg_sim *sim, uint32_t device)
{
    struct device *d = &sim->device[device];
    const struct batch batch = d->batch[0];
    const int64_t us = sim->now_us - batch.begun_us;
    const bool followed = sim->settings.host.workers > 0;
    const uint32_t at = free_left(d);
    bool leaps = false;
    learn(d, &batch, us);
    d->answered_us = sim->now_us;
    d->busy_us += us;
    d->batch[0] = d->batch[1];
    set_when(sim, answer_of(sim, device), NEVER);
    if (--d->batches > 0)
        run_first(sim, device);
    d->left[at] = followed ? batch.count : 0;
    d->following += followed;
    for (uint32_t k = 0; k < batch.count; k++) {
        const uint32_t i = batch.picture[k].flux;
        sim->flux[i].followed = (struct followed){.device = device,
                                                  .batch = at,
                                                  .jobs = batch.picture[k].jobs,
                                                  .due_us = batch.picture[k].due_us};
        if (followed)
            follow_begin(sim, i);
        else
            leaps = follow_end(sim, i) || leaps;
    }
    if (leaps)
        set_rates(sim);
    dispatch(sim, device);
}

/* ---- every second ---------------------------------------------------------------------------- */

static enum vg_stir stir(struct vg_sim *sim, struct flux *f)
{
    if (f->stirred_us == NEVER && vg_random_below(&sim->random, 3600) < f->is.stirs)
        f->stirred_us = sim->now_us;
    if (f->stirred_us == NEVER)
        return VG_STIR_CALM;
    if (sim->now_us - f->stirred_us < ARMED_US)
        return VG_STIR_ARMED;
    if (sim->now_us - f->stirred_us < ALERT_US)
        return VG_STIR_ALERT;
    f->stirred_us = NEVER;
    return VG_STIR_CALM;
}

static void count_fluxes(struct vg_sim *sim)
{
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        sim->device[d].flux_count = 0;
    for (uint32_t i = 0; i < sim->settings.flux_count; i++)
        if (sim->flux[i].device != VG_DEVICE_NONE && !sim->share[i].shed)
            sim->device[sim->flux[i].device].flux_count++;
}

/* Flux go to where they are to be; what waits goes with them. */
static void place(struct vg_sim *sim)
{
    for (uint32_t i = 0; i < sim->settings.flux_count; i++)
        sim->placed[i].need_us = sim->share[i].shed ? 0 : (int64_t)(sim->share[i].wanted / 1000);
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        sim->state[d].capacity_us =
            (int64_t)(sim->settings.busy_milli * 1000 * speed_of(sim, &sim->device[d]));
    const struct vg_placing placing = {.device = sim->state,
                                       .flux = sim->placed,
                                       .devices = sim->settings.device_count,
                                       .flux_count = sim->settings.flux_count};
    const uint32_t moved = vg_device_place(&placing);
    sim->moves += moved;
    for (uint32_t i = 0; i < sim->settings.flux_count; i++) {
        if (sim->flux[i].device == sim->placed[i].device)
            continue;
        wait_end(sim, i);
        sim->flux[i].device = sim->placed[i].device;
        wait_begin(sim, i);
    }
    count_fluxes(sim);
}

/* What it wants of what its source gives, thousandths of a picture a second. */
static double wanted_milli(const struct flux *f)
{
    const uint32_t asked =
        f->is.wanted_milli > f->is.floor_milli ? f->is.wanted_milli : f->is.floor_milli;
    return asked && asked < f->is.source_milli ? asked : f->is.source_milli;
}

static double part(uint64_t answered, const struct flux *f, int64_t alive_us)
{
    const double wanted = wanted_milli(f) / 1000 * (double)alive_us / (double)VG_US_PER_S;
    return wanted >= 1 ? (double)answered / wanted : 1;
}

static void count_second(struct vg_sim *sim, struct flux *f)
{
    const bool gives = f->alive && sim->now_us >= f->stalled_until_us;
    f->alive_us += gives ? TICK_US : 0;
    f->minute_alive_us += gives ? TICK_US : 0;
    f->counts.shed_us += f->period_us ? 0 : TICK_US;
    if (sim->minute_s < MINUTE_S)
        return;
    const double share = part(f->minute_answered, f, f->minute_alive_us);
    if (share < f->counts.worst_minute)
        f->counts.worst_minute = share;
    f->minute_answered = 0;
    f->minute_alive_us = 0;
}

/* Of a device that had nothing to do nothing is known any more: it may have been so slow that
 * everybody was shed, and would stay so. */
static void forget_stale(struct vg_sim *sim)
{
    for (uint32_t i = 0; i < sim->settings.device_count; i++) {
        struct device *d = &sim->device[i];
        if (d->batches > 0 || sim->now_us - d->answered_us < STALE_US)
            continue;
        d->learnt = 0;
        d->time = (struct vg_batch_time){0};
    }
}

static void on_tick(struct vg_sim *sim)
{
    sim->minute_s++;
    forget_stale(sim);
    for (uint32_t i = 0; i < sim->settings.flux_count; i++) {
        count_second(sim, &sim->flux[i]);
        sim->share[i].stir = stir(sim, &sim->flux[i]);
    }
    sim->minute_s %= MINUTE_S;
    const int64_t replaced_us = sim->leapt ? 0 : sim->replaced_us;
    sim->capacity_us = vg_share_gauge(&sim->gauge, sim->answered_us, replaced_us, capacity_of(sim));
    sim->answered_us = sim->replaced_us = 0;
    sim->leapt = false;
    set_rates(sim);
    place(sim);
    dispatch_all(sim);
    set_when(sim, tick_of(sim), sim->now_us + TICK_US);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void lose_batches(struct vg_sim *sim, uint32_t device)
{
    struct device *d = &sim->device[device];
    for (uint32_t b = 0; b < d->batches; b++)
        for (uint32_t k = 0; k < d->batch[b].count; k++) {
            struct flux *f = &sim->flux[d->batch[b].picture[k].flux];
            f->counts.lost++;
            f->under_way = false;
        }
    d->batches = 0;
    if (d->is.cores_milli > 0)
        vg_shared_processor_stop(sim->processor, answer_of(sim, device), sim->now_us);
    set_when(sim, answer_of(sim, device), NEVER);
    set_when(sim, look_of(sim, device), NEVER);
}

static void change_device(struct vg_sim *sim, const struct vg_sim_change *change)
{
    if (change->which >= sim->settings.device_count)
        return;
    if (change->event == VG_SIM_DEVICE_SLOWS) {
        sim->device[change->which].slow = change->value / 1000.0;
        return;
    }
    sim->state[change->which].well = change->event == VG_SIM_DEVICE_WELL;
    if (change->event == VG_SIM_DEVICE_FAILS)
        lose_batches(sim, change->which);
    place(sim);
    for (uint32_t i = 0; i < sim->settings.flux_count; i++)
        wait_begin(sim, i);
    dispatch_all(sim);
}

static void change_flux(struct vg_sim *sim, const struct vg_sim_change *change)
{
    if (change->which >= sim->settings.flux_count)
        return;
    struct flux *f = &sim->flux[change->which];
    if (change->event == VG_SIM_FLUX_JOBS)
        f->is.jobs = change->value ? change->value : 1;
    if (change->event == VG_SIM_FLUX_STALLS)
        f->stalled_until_us = sim->now_us + change->value * INT64_C(1000);
    if (change->event == VG_SIM_FLUX_STOPS)
        f->alive = false;
    if (change->event == VG_SIM_FLUX_STARTS)
        f->alive = true;
    if (f->due_us < sim->now_us)
        f->due_us = sim->now_us;
    expect(sim, change->which);
}

static void on_change(struct vg_sim *sim)
{
    const struct vg_sim_settings *s = &sim->settings;
    const struct vg_sim_change *change = &s->change[sim->change++];
    if (change->event >= VG_SIM_DEVICE_FAILS)
        change_device(sim, change);
    else
        change_flux(sim, change);
    set_when(sim, change_of(sim),
             sim->change < s->change_count ? s->change[sim->change].at_us : NEVER);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void take_event(struct vg_sim *sim, uint32_t source)
{
    if (source < sim->settings.flux_count && sim->flux[source].is.decode_us > 0)
        on_packet(sim, source);
    else if (source < sim->settings.flux_count)
        on_picture(sim, source);
    else if (source < look_of(sim, 0))
        on_answer(sim, source - answer_of(sim, 0));
    else if (source < tick_of(sim))
        dispatch(sim, source - look_of(sim, 0));
    else if (source == tick_of(sim))
        on_tick(sim);
    else
        on_change(sim);
}

/* What the processor has done. */
static void take_end(struct vg_sim *sim)
{
    const uint32_t task = vg_shared_processor_end(sim->processor);
    if (task < sim->settings.flux_count)
        on_decoded(sim, task);
    else if (task < look_of(sim, 0))
        on_answer(sim, task - answer_of(sim, 0));
    else
        on_followed(sim, task - worker_of(sim, 0));
}

void vg_sim_run(struct vg_sim *sim, int64_t until_us)
{
    for (;;) {
        const uint32_t source = sim->winner[1];
        const int64_t when_us = sim->when_us[source],
                      end_us = vg_shared_processor_next_us(sim->processor);
        const int64_t next_us = end_us <= when_us ? end_us : when_us;
        if (next_us > until_us)
            break;
        if (next_us > sim->now_us)
            sim->now_us = next_us;
        if (end_us <= when_us)
            take_end(sim);
        else
            take_event(sim, source);
    }
    if (until_us > sim->now_us)
        sim->now_us = until_us;
}

void vg_sim_mark(struct vg_sim *sim)
{
    sim->marked_us = sim->now_us;
    sim->minute_s = 0;
    sim->batches = sim->moves = 0;
    for (uint32_t i = 0; i < sim->settings.flux_count; i++) {
        struct flux *f = &sim->flux[i];
        f->counts = (struct vg_sim_flux_report){.worst_minute = 1e9};
        f->latency = (struct vg_latency_counts){0};
        f->alive_us = f->minute_alive_us = 0;
        f->minute_answered = 0;
    }
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        sim->device[d].busy_us = 0;
}

static enum vg_status check(const struct vg_sim_settings *s, struct vg_fault *fault)
{
    bool good = s->flux_count <= VG_SIM_FLUX_MAX && s->device_count > 0 &&
                s->device_count <= VG_DEVICES_MAX && s->arrival_jitter_us >= 0 &&
                s->arrival_jitter_us <= VG_US_PER_S && s->unseen_us >= 0 &&
                s->unseen_us <= VG_US_PER_S;
    good = good && s->host.workers <= VG_SIM_WORKERS_MAX && s->host.follow_us >= 0 &&
           s->host.alert_us >= 0;
    for (uint32_t i = 0; good && i < s->flux_count; i++)
        good = s->flux[i].decode_us >= 0;
    for (uint32_t d = 0; good && d < s->device_count; d++)
        good = s->device[d].batch_max >= 1 && s->device[d].batch_max <= VG_SIM_BATCH_MAX &&
               s->device[d].start_us >= 0 && s->device[d].job_us >= 0 &&
               s->device[d].jitter_milli <= 1000;
    return good ? VG_OK
                : vg_fault_set(fault, VG_E_CALL, N_("a simulation of no machine that could be"),
                               NULL, "%u flux, %u devices", s->flux_count, s->device_count);
}

static void open_flux(struct vg_sim *sim, uint32_t i)
{
    const struct vg_sim_flux *is = &sim->settings.flux[i];
    struct flux *f = &sim->flux[i];
    *f = (struct flux){.is = *is, .alive = true, .stirred_us = NEVER, .device = VG_DEVICE_NONE};
    f->place = NOWHERE;
    f->packet_us = -1; /* none is expected yet */
    f->is.source_milli = is->source_milli ? is->source_milli : SOURCE_MILLI;
    f->is.jobs = is->jobs ? is->jobs : 1;
    f->source_period_us = 1000 * VG_US_PER_S / f->is.source_milli;
    f->source_period_us = f->source_period_us ? f->source_period_us : 1;
    f->phase_us = vg_random_below(&sim->random, (uint32_t)f->source_period_us);
    sim->share[i] = (struct vg_share_flux){.wanted_milli = is->wanted_milli,
                                           .floor_milli = is->floor_milli,
                                           .source_milli = f->is.source_milli,
                                           .priority = is->priority,
                                           .declared_us = is->declared_us};
    sim->placed[i] = (struct vg_placed_flux){.priority = is->priority, .device = VG_DEVICE_NONE};
}

static void open_device(struct vg_sim *sim, uint32_t d)
{
    const struct vg_sim_device *is = &sim->settings.device[d];
    sim->device[d].is = *is;
    sim->device[d].slow = 1;
    sim->device[d].flux_count = sim->settings.flux_count / sim->settings.device_count;
    sim->state[d] = (struct vg_device_state){.well = true, .last = is->last};
}

/* Flux begin at moments of their own, over the first one's period. */
static void start(struct vg_sim *sim)
{
    sim->measure_us = full_job_us(&sim->device[0]);
    for (uint32_t i = 0; i < sim->settings.flux_count; i++)
        if (!sim->share[i].declared_us)
            sim->share[i].declared_us = (int64_t)(sim->measure_us * sim->flux[i].is.jobs + 0.5);
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        sim->state[d].capacity_us =
            (int64_t)(sim->settings.busy_milli * 1000 * speed_of(sim, &sim->device[d]));
    sim->capacity_us = capacity_of(sim);
    vg_share_out(sim->share, sim->settings.flux_count, sim->capacity_us, sim->now_us);
    place(sim);
    for (uint32_t i = 0; i < sim->settings.flux_count; i++) {
        struct flux *f = &sim->flux[i];
        f->period_us = period_of(sim->share[i].rate_milli);
        f->due_us = vg_rate_begin_us(i, f->period_us, 0);
        expect(sim, i);
    }
    set_when(sim, tick_of(sim), TICK_US);
    if (sim->settings.change_count > 0)
        set_when(sim, change_of(sim), sim->settings.change[0].at_us);
}

enum vg_status vg_sim_open(struct vg_sim **sim_out, const struct vg_sim_settings *settings,
                           struct vg_fault *fault)
{
    *sim_out = NULL;
    const enum vg_status status = check(settings, fault);
    if (status)
        return status;
    struct vg_sim *sim = vg_alloc(sizeof *sim);
    if (!sim)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "simulation");
    sim->settings = *settings;
    if (!sim->settings.busy_milli)
        sim->settings.busy_milli = VG_SIM_BUSY_MILLI;
    vg_random_seed(&sim->random, settings->seed);
    const uint32_t flux = settings->flux_count ? settings->flux_count : 1;
    for (sim->leaves = 1; sim->leaves < change_of(sim) + 1;)
        sim->leaves *= 2;
    sim->flux = vg_alloc_array(flux, sizeof *sim->flux);
    sim->share = vg_alloc_array(flux, sizeof *sim->share);
    sim->placed = vg_alloc_array(flux, sizeof *sim->placed);
    sim->candidate = vg_alloc_array(flux, sizeof *sim->candidate);
    sim->device = vg_alloc_array(settings->device_count, sizeof *sim->device);
    sim->winner = vg_alloc_array(2 * (size_t)sim->leaves, sizeof *sim->winner);
    sim->when_us = vg_alloc_array(sim->leaves, sizeof *sim->when_us);
    if (!sim->flux || !sim->share || !sim->placed || !sim->candidate || !sim->device ||
        !sim->winner || !sim->when_us) {
        vg_sim_close(&sim);
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "simulation");
    }
    const uint32_t tasks = worker_of(sim, settings->host.workers);
    if (vg_shared_processor_open(&sim->processor, settings->host.cores_milli, tasks)) {
        vg_sim_close(&sim);
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "simulation");
    }
    for (uint32_t w = 0; w < VG_SIM_WORKERS_MAX; w++)
        sim->worker[w] = (struct worker){NOWHERE, NOWHERE};
    for (uint32_t i = 0; i < sim->leaves; i++) {
        sim->winner[sim->leaves + i] = i;
        sim->when_us[i] = NEVER;
    }
    for (uint32_t i = sim->leaves; i-- > 1;)
        sim->winner[i] = sim->winner[2 * i];
    for (uint32_t i = 0; i < settings->flux_count; i++)
        open_flux(sim, i);
    for (uint32_t d = 0; d < settings->device_count; d++)
        open_device(sim, d);
    start(sim);
    vg_sim_mark(sim);
    *sim_out = sim;
    return VG_OK;
}

void vg_sim_close(struct vg_sim **sim_in)
{
    struct vg_sim *sim = *sim_in;
    if (!sim)
        return;
    vg_shared_processor_close(&sim->processor);
    vg_free(sim->flux);
    vg_free(sim->share);
    vg_free(sim->placed);
    vg_free(sim->candidate);
    vg_free(sim->device);
    vg_free(sim->winner);
    vg_free(sim->when_us);
    vg_free(sim);
    *sim_in = NULL;
}

/* ---- reports --------------------------------------------------------------------------------- */

void vg_sim_read_flux(const struct vg_sim *sim, uint32_t flux, struct vg_sim_flux_report *report)
{
    const struct flux *f = &sim->flux[flux];
    *report = f->counts;
    report->share = part(f->counts.answered, f, f->alive_us);
    if (report->worst_minute > report->share)
        report->worst_minute = report->share;
    report->p50_us = vg_latency_quantile_us(&f->latency, 0.5);
    report->p95_us = vg_latency_quantile_us(&f->latency, 0.95);
    report->p99_us = vg_latency_quantile_us(&f->latency, 0.99);
    report->us_max = f->latency.us_max;
    report->verdict = sim->share[flux].verdict;
    report->rate_milli = sim->share[flux].rate_milli;
    report->device = f->device;
}

static void add_flux(const struct vg_sim *sim, uint32_t i, struct vg_sim_report *sum)
{
    struct vg_sim_flux_report one;
    vg_sim_read_flux(sim, i, &one);
    sum->asked += one.asked;
    sum->answered += one.answered;
    sum->replaced += one.replaced;
    sum->lost += one.lost;
    if (one.worst_minute < sum->worst_minute)
        sum->worst_minute = one.worst_minute;
    if (one.share >= sum->worst)
        return;
    sum->worst = one.share;
    sum->worst_flux = i;
}

void vg_sim_read(const struct vg_sim *sim, struct vg_sim_report *report)
{
    struct vg_latency_counts all = {0};
    int64_t busy_us = 0;
    *report = (struct vg_sim_report){.worst = 1e9, .worst_minute = 1e9};
    for (uint32_t i = 0; i < sim->settings.flux_count; i++) {
        add_flux(sim, i, report);
        report->wanted_us += sim->share[i].wanted / 1000;
        vg_latency_join(&all, &sim->flux[i].latency);
    }
    for (uint32_t d = 0; d < sim->settings.device_count; d++)
        busy_us += sim->device[d].busy_us;
    const int64_t passed_us = sim->now_us - sim->marked_us;
    report->busy =
        passed_us > 0 ? (double)busy_us / (double)passed_us / sim->settings.device_count : 0;
    report->unanswered =
        report->asked ? (double)(report->replaced + report->lost) / (double)report->asked : 0;
    report->batches = sim->batches;
    report->moves = sim->moves;
    report->p50_us = vg_latency_quantile_us(&all, 0.5);
    report->p95_us = vg_latency_quantile_us(&all, 0.95);
    report->p99_us = vg_latency_quantile_us(&all, 0.99);
    report->us_max = all.us_max;
    report->mean_us = vg_latency_mean_us(&all);
    report->capacity_us = (double)sim->capacity_us;
    report->load_us = (double)vg_share_load_us(sim->share, sim->settings.flux_count);
}
