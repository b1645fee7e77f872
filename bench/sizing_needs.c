#include "bench/sizing_needs.h"

#include <math.h>

#include "bench/flux_hold.h"
#include "scheduler/forecast/simulation.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"

enum {
    SETTLE_S = 10,
    RUN_S = 60, /* a minute of it is judged, as in a measure */
    FEW_FLUX = 32,
    FEW_RUNS = 5
};

#define SPEED_LEAST 0.01
#define SPEED_MOST  10000.0
#define SPEED_STEP  1.01 /* how near the speed is found */
#define SEED        20260101

static const char too_many[] = N_("more flux than can be simulated");

/* ---- one machine ---- */

/* Nobody is stirred: what alerts of a clip raise is not what a flux wants. */
static void fill_flux(const struct vg_size_load *load, struct vg_sim_flux *to, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_size_class *c = &load->class[vg_load_profile_class(&load->profile, i)];
        to[i] = (struct vg_sim_flux){.wanted_milli = (uint32_t)(c->wanted_fps * 1000 + 0.5),
                                     .source_milli = (uint32_t)(c->source_fps * 1000 + 0.5),
                                     .priority = 5};
    }
}

/* What one run of the simulation says. */
static struct vg_size_answer read_run(const struct vg_sim *sim,
                                      const struct vg_sim_settings *settings, double more_ms)
{
    struct vg_sim_report all;
    double wanted = 0, missing = 0;
    vg_sim_read(sim, &all);
    for (uint32_t i = 0; i < settings->flux_count; i++) {
        struct vg_sim_flux_report one;
        vg_sim_read_flux(sim, i, &one);
        const double due = settings->flux[i].wanted_milli / 1000.0 * RUN_S;
        const double missed = due - (double)one.answered;
        wanted += due;
        missing += missed > 1 ? missed - 1 : 0; /* one may be under way at either end */
    }
    struct vg_size_answer answer = {.mean_ms = all.mean_us / 1000 + more_ms,
                                    .p50_ms = (double)all.p50_us / 1000 + more_ms,
                                    .p95_ms = (double)all.p95_us / 1000 + more_ms,
                                    .p99_ms = (double)all.p99_us / 1000 + more_ms,
                                    .worst_share = fmin(all.worst_minute, all.worst),
                                    .unanalysed_share = wanted > 0 ? missing / wanted : 0};
    answer.held = answer.worst_share >= VG_HOLD_SHARE && answer.p95_ms <= VG_HOLD_P95_MS &&
                  answer.unanalysed_share <= VG_HOLD_UNANALYSED;
    return answer;
}

static void add_part(struct vg_size_answer *mean, const struct vg_size_answer *one, uint32_t runs)
{
    mean->mean_ms += one->mean_ms / runs;
    mean->p50_ms += one->p50_ms / runs;
    mean->p95_ms += one->p95_ms / runs;
    mean->p99_ms += one->p99_ms / runs;
    mean->worst_share += one->worst_share / runs;
    mean->unanalysed_share += one->unanalysed_share / runs;
}

/* With few flux much hangs on how their pictures lie to each other: held is what is so in most of
 * several chances, and figures are their means. */
static enum vg_status simulate(struct vg_sim_settings *settings, double more_ms,
                               struct vg_size_answer *answer, struct vg_fault *fault)
{
    const uint32_t runs = settings->flux_count <= FEW_FLUX ? FEW_RUNS : 1;
    uint32_t held = 0;
    for (uint32_t run = 0; run < runs; run++) {
        struct vg_sim *sim = NULL;
        settings->seed = SEED + run;
        const enum vg_status status = vg_sim_open(&sim, settings, fault);
        if (status)
            return status;
        vg_sim_run(sim, SETTLE_S * VG_US_PER_S);
        vg_sim_mark(sim);
        vg_sim_run(sim, (SETTLE_S + RUN_S) * VG_US_PER_S);
        const struct vg_size_answer one = read_run(sim, settings, more_ms);
        add_part(answer, &one, runs);
        held += one.held;
        vg_sim_close(&sim);
    }
    answer->held = 2 * held > runs;
    return VG_OK;
}

static uint32_t milli(double x)
{
    return x > 0 && x < 1e6 ? (uint32_t)(x * 1000 + 0.5) : 0;
}

static struct vg_sim_device device_of(const struct vg_size_costs *costs, double times)
{
    const double spread = costs->spread * sqrt(3); /* what is even within has that deviation */
    return (struct vg_sim_device){
        .start_us = (int64_t)(costs->batch_ms.base * 1000 * times + 0.5),
        .job_us = (int64_t)(costs->batch_ms.each * vg_size_jobs(costs) * 1000 * times + 0.5),
        .jitter_milli = (uint32_t)(1000 * fmin(spread, 0.9)),
        .batch_max = costs->batch_max};
}

static double usable_cores(const struct vg_size_host *host, const struct vg_size_try *machine)
{
    return machine->cores * vg_size_usable_share(host) - machine->foreign_cores;
}

/* The machine around the devices, if it has no more cores than that: decoders, workers and a device
 * that is the processor take their parts of what the rest leaves. */
static void give_host(const struct vg_size_costs *costs, const struct vg_size_load *load,
                      const struct vg_size_host *host, const struct vg_size_try *machine,
                      struct vg_sim_settings *s, struct vg_sim_flux *flux,
                      struct vg_sim_device *device)
{
    const double ground = vg_size_ground_cores(costs, load, s->flux_count);
    const double alert_ms = costs->alert_ms * costs->alerts_share;
    s->host = (struct vg_sim_host){
        .cores_milli = milli(usable_cores(host, machine) - ground),
        .workers = (uint32_t)fmin(fmax((machine->cores + 3) / 4, 1), VG_SIM_WORKERS_MAX),
        .follow_us = (int64_t)(fmax(costs->worker_ms - alert_ms, 0) * 1000 + 0.5),
        .alert_us = (int64_t)(costs->alert_ms * 1000 + 0.5),
        .alerts_ppm = (uint32_t)(costs->alerts_share * 1e6 + 0.5)};
    s->arrival_jitter_us = 0; /* it was decoding */
    s->unseen_us = (int64_t)(fmin(costs->rest_ms, 999) * 1000 + 0.5);
    for (uint32_t d = 0; d < s->device_count && host->device == VG_DEVICE_CPU; d++)
        device[d].cores_milli = milli(costs->device_cores);
    for (uint32_t i = 0; i < s->flux_count; i++) {
        const uint32_t c = vg_load_profile_class(&load->profile, i);
        const double fps = load->class[c].source_fps;
        const double us = fps > 0 ? costs->decode_cores[c] / fps * 1e6 : 0;
        flux[i].decode_us = us > 0 && us < 1e7 ? (int64_t)(us + 0.5) : 0;
    }
}

enum vg_status vg_size_predict(const struct vg_size_costs *costs, const struct vg_size_load *load,
                               const struct vg_size_host *host, uint32_t flux,
                               const struct vg_size_try *machine, struct vg_size_answer *answer,
                               struct vg_fault *fault)
{
    struct vg_sim_device device[VG_DEVICES_MAX];
    *answer = (struct vg_size_answer){.why = costs->why};
    if (!answer->why && (flux > VG_SIM_FLUX_MAX || machine->devices > VG_DEVICES_MAX))
        answer->why = too_many;
    const double decode = vg_size_decode_cores(costs, load, flux);
    if (!answer->why && decode < 0)
        answer->why = N_("what decoding takes was not measured");
    if (answer->why)
        return VG_OK;
    const double others = decode + vg_size_other_cores(costs, load, flux);
    if (machine->cores > 0 && usable_cores(host, machine) <= others)
        return VG_OK; /* what is not the device's takes more than there is */
    for (uint32_t d = 0; d < machine->devices; d++)
        device[d] = device_of(costs, 1 / machine->speed);
    struct vg_sim_flux *list = vg_alloc_array(flux ? flux : 1, sizeof *list);
    if (!list)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench sizing");
    fill_flux(load, list, flux);
    struct vg_sim_settings settings = {
        .flux = list,
        .device = device,
        .flux_count = flux,
        .device_count = machine->devices,
        /* even between none and that: the mean is what was measured */
        .arrival_jitter_us = (int64_t)(fmin(2 * costs->before_ms, 999) * 1000)};
    if (machine->cores > 0)
        give_host(costs, load, host, machine, &settings, list, device);
    const double more_ms = machine->cores > 0 ? 0 : costs->after_ms;
    const enum vg_status status = simulate(&settings, more_ms, answer, fault);
    vg_free(list);
    return status;
}

enum vg_status vg_size_fit(struct vg_size_costs *costs, const struct vg_size_load *load,
                           const struct vg_size_host *host, const struct vg_size_measure *measure,
                           uint32_t count, struct vg_fault *fault)
{
    const struct vg_size_try here = {1, 1, host->cores, costs->foreign_cores};
    double more_ms = 0, flux = 0;
    enum vg_status status = VG_OK;
    costs->rest_ms = 0;
    for (uint32_t i = 0; i < count && !status && !costs->why; i++) {
        struct vg_size_answer answer;
        if (measure[i].due_mean_ms <= 0)
            continue;
        status = vg_size_predict(costs, load, host, measure[i].flux, &here, &answer, fault);
        if (status || answer.why || !answer.held)
            continue;
        more_ms += (measure[i].due_mean_ms - answer.mean_ms) * measure[i].flux;
        flux += measure[i].flux;
    }
    costs->rest_ms = flux > 0 ? fmax(more_ms / flux, 0) : 0;
    return status;
}

/* ---- what it takes ---- */

struct question {
    const struct vg_size_costs *costs;
    const struct vg_size_load *load;
    const struct vg_size_host *host;
    uint32_t flux;
};

static enum vg_status ask(const struct question *q, double speed, uint32_t devices,
                          struct vg_size_answer *answer, struct vg_fault *fault)
{
    const struct vg_size_try machine = {.speed = speed, .devices = devices};
    return vg_size_predict(q->costs, q->load, q->host, q->flux, &machine, answer, fault);
}

/* The least speed of one device that holds them; 0: none does. */
static enum vg_status find_speed(const struct question *q, double *speed, struct vg_fault *fault)
{
    struct vg_size_answer answer;
    double low = SPEED_LEAST, high = SPEED_MOST;
    *speed = 0;
    enum vg_status status = ask(q, high, 1, &answer, fault);
    if (status || answer.why || !answer.held)
        return status;
    while (high / low > SPEED_STEP && !status) {
        const double middle = sqrt(low * high);
        status = ask(q, middle, 1, &answer, fault);
        *(answer.held ? &high : &low) = middle;
    }
    *speed = high;
    return status;
}

/* The least number of devices of that speed; 0: more than can be. */
static enum vg_status find_devices(const struct question *q, double speed, uint32_t *devices,
                                   struct vg_fault *fault)
{
    struct vg_size_answer answer = {.why = NULL};
    enum vg_status status = VG_OK;
    *devices = 0;
    for (uint32_t n = 1; n <= VG_DEVICES_MAX && !status && !*devices; n++) {
        status = ask(q, speed, n, &answer, fault);
        *devices = !answer.why && answer.held ? n : 0;
    }
    return status;
}

static struct vg_size_figure not_known(const char *why)
{
    return (struct vg_size_figure){.status = VG_SIZE_NOT_KNOWN, .why = why};
}

static struct vg_size_figure figure(enum vg_size_status status, double bare)
{
    return (struct vg_size_figure){
        .status = status, .bare = bare, .value = bare / (1 - VG_SIZE_HEADROOM)};
}

static struct vg_size_figure extrapolated(double bare, const char *why_not)
{
    return bare >= 0 ? figure(VG_SIZE_EXTRAPOLATED, bare) : not_known(why_not);
}

static enum vg_status make_device(struct vg_size_needs *needs, const struct question *q,
                                  struct vg_fault *fault)
{
    uint32_t bare = 0, value = 0;
    double speed = 0;
    struct vg_size_figure *f = needs->figure;
    const char *none = q->costs->why               ? q->costs->why
                       : q->flux > VG_SIM_FLUX_MAX ? too_many
                                                   : N_("no device is fast enough");
    enum vg_status status = find_speed(q, &speed, fault);
    f[VG_SIZE_DEVICE_SPEED] = speed > 0 ? figure(VG_SIZE_EXTRAPOLATED, speed) : not_known(none);
    f[VG_SIZE_DEVICES] = not_known(none);
    if (!status && speed > 0)
        status = ask(q, f[VG_SIZE_DEVICE_SPEED].value, 1, &needs->answer, fault);
    if (q->host->device == VG_DEVICE_CPU) {
        f[VG_SIZE_DEVICES] = not_known(N_("the device is the processor itself: see its cores"));
        return status;
    }
    if (!status && speed > 0)
        status = find_devices(q, 1, &bare, fault);
    if (!status && bare > 0)
        status = find_devices(q, 1 - VG_SIZE_HEADROOM, &value, fault);
    if (speed > 0)
        f[VG_SIZE_DEVICES] = value > 0
                                 ? (struct vg_size_figure){VG_SIZE_EXTRAPOLATED, bare, value, NULL}
                                 : not_known(N_("more than sixteen such devices"));
    return status;
}

/* The processor as device, at the share of its time that the jobs take. */
static double device_cores(const struct question *q)
{
    const struct vg_size_costs *c = q->costs;
    const double picture_ms =
        vg_size_jobs(c) * (c->batch_ms.each + c->batch_ms.base / c->batch_max);
    return vg_size_rate(q->load, q->flux) * picture_ms / 1000 * c->device_cores;
}

static double network_mbit(const struct question *q)
{
    uint32_t count[VG_LOAD_CLASSES_MAX];
    double sum = 0;
    vg_size_classes(q->load, q->flux, count);
    for (uint32_t c = 0; c < q->load->profile.class_count; c++) {
        if (count[c] && q->load->class[c].network_bits <= 0)
            return -1;
        sum += count[c] * q->load->class[c].network_bits / 1e6;
    }
    return sum;
}

/* As much of the processor as makes the device as fast as it must be, where it is the device; and what
 * of shared cores is of no use. */
static void make_cores(struct vg_size_needs *needs, const struct question *q)
{
    const double usable = vg_size_usable_share(q->host);
    struct vg_size_figure *f = needs->figure;
    const struct vg_size_figure *speed = &f[VG_SIZE_DEVICE_SPEED];
    const double decode = vg_size_decode_cores(q->costs, q->load, q->flux);
    double analysis = q->costs->why ? -1 : vg_size_other_cores(q->costs, q->load, q->flux);
    const char *why = q->costs->why ? q->costs->why : N_("what decoding takes was not measured");
    if (analysis >= 0 && q->host->device != VG_DEVICE_CPU)
        analysis += device_cores(q);
    else if (analysis >= 0)
        analysis = speed->status == VG_SIZE_NOT_KNOWN
                       ? -1
                       : analysis + q->costs->device_cores * speed->bare;
    f[VG_SIZE_DECODE_CORES] = extrapolated(decode / usable, why);
    f[VG_SIZE_ANALYSIS_CORES] = extrapolated(analysis / usable, speed->why ? speed->why : why);
    f[VG_SIZE_CPU_CORES] =
        extrapolated(decode < 0 || analysis < 0 ? -1 : (decode + analysis) / usable,
                     speed->why ? speed->why : why);
}

static void make_others(struct vg_size_needs *needs, const struct question *q)
{
    struct vg_size_figure *f = needs->figure;
    const struct vg_size_costs *c = q->costs;
    const char *board_why = vg_size_board_why(c, q->host);
    f[VG_SIZE_DECODE_ENGINES] =
        extrapolated(vg_size_decoders(c, q->load, q->flux), vg_size_decoders_why(c));
    f[VG_SIZE_DEVICE_MEMORY_MB] = extrapolated(
        board_why ? -1 : (c->board_bytes.base + c->board_bytes.each * q->flux) / 1e6, board_why);
    f[VG_SIZE_MEMORY_MB] = extrapolated(
        c->why ? -1 : (c->memory_bytes.base + c->memory_bytes.each * q->flux) / 1e6, c->why);
    f[VG_SIZE_NETWORK_MBIT] =
        extrapolated(network_mbit(q), N_("the bit rate of a clip is not known"));
    f[VG_SIZE_DISK_GB_PER_DAY] =
        extrapolated(c->why || c->disk_bytes < 0 ? -1 : c->disk_bytes * q->flux * 86400 / 1e9,
                     c->why ? c->why : N_("no measure was long enough: --measure 60 or more"));
}

static void take_measured(struct vg_size_needs *needs, const struct question *q,
                          const struct vg_size_measure *m)
{
    struct vg_size_figure *f = needs->figure;
    const struct vg_pipeline_cost *c = m->cost;
    const double decode = c->part_cores[VG_TREE_DECODE];
    needs->measured_flux = m->flux;
    f[VG_SIZE_CPU_CORES] = figure(VG_SIZE_MEASURED, c->cpu_cores);
    f[VG_SIZE_DECODE_CORES] = figure(VG_SIZE_MEASURED, decode);
    f[VG_SIZE_ANALYSIS_CORES] = figure(VG_SIZE_MEASURED, fmax(c->cpu_cores - decode, 0));
    f[VG_SIZE_MEMORY_MB] = figure(VG_SIZE_MEASURED, (double)c->resident_bytes / 1e6);
    if (c->board_bytes > 0 && !q->costs->why && q->host->device != VG_DEVICE_CPU)
        f[VG_SIZE_DEVICE_MEMORY_MB] = figure(VG_SIZE_MEASURED, c->board_bytes / 1e6);
}

enum vg_status vg_size_needs_make(struct vg_size_needs *needs, const struct vg_size_costs *costs,
                                  const struct vg_size_load *load, const struct vg_size_host *host,
                                  uint32_t flux, const struct vg_size_measure *measure,
                                  struct vg_fault *fault)
{
    const struct question q = {costs, load, host, flux};
    *needs = (struct vg_size_needs){.answer = {.why = costs->why ? costs->why : too_many}};
    const enum vg_status status = make_device(needs, &q, fault);
    if (status)
        return status;
    make_cores(needs, &q);
    make_others(needs, &q);
    if (measure)
        take_measured(needs, &q, measure);
    return VG_OK;
}

/* ---- telling ---- */

static const char *const need_name[VG_SIZE_NEEDS] = {
    [VG_SIZE_CPU_CORES] = "cpu_cores",
    [VG_SIZE_DECODE_CORES] = "decode_cores",
    [VG_SIZE_ANALYSIS_CORES] = "analysis_cores",
    [VG_SIZE_DECODE_ENGINES] = "decode_engines",
    [VG_SIZE_DEVICE_SPEED] = "device_speed",
    [VG_SIZE_DEVICES] = "devices",
    [VG_SIZE_DEVICE_MEMORY_MB] = "device_memory_mb",
    [VG_SIZE_MEMORY_MB] = "memory_mb",
    [VG_SIZE_NETWORK_MBIT] = "network_mbit",
    [VG_SIZE_DISK_GB_PER_DAY] = "disk_gb_per_day",
};

const char *vg_size_need_name(enum vg_size_need need)
{
    return need_name[need];
}

json_t *vg_size_answer_json(const struct vg_size_answer *answer)
{
    if (answer->why || answer->p99_ms <= 0)
        return json_null();
    return json_pack("{s:f, s:f, s:f}", "p50", answer->p50_ms, "p95", answer->p95_ms, "p99",
                     answer->p99_ms);
}

json_t *vg_size_needs_json(const struct vg_size_needs *needs)
{
    static const char *const status[] = {"not_known", "measured", "extrapolated"};
    json_t *object = json_pack(
        "{s:o, s:f, s:o}", "measured_flux",
        needs->measured_flux ? json_integer((json_int_t)needs->measured_flux) : json_null(),
        "headroom", VG_SIZE_HEADROOM, "latency_ms", vg_size_answer_json(&needs->answer));
    for (int i = 0; i < VG_SIZE_NEEDS; i++) {
        const struct vg_size_figure *f = &needs->figure[i];
        const bool known = f->status != VG_SIZE_NOT_KNOWN;
        (void)json_object_set_new(object, need_name[i],
                                  json_pack("{s:o, s:o, s:s, s:s?}", "value",
                                            known ? json_real(f->value) : json_null(), "bare",
                                            known ? json_real(f->bare) : json_null(), "status",
                                            status[f->status], "why", known ? NULL : f->why));
    }
    return object;
}
