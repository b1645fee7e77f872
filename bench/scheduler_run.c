#include "bench/scheduler_run.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_folder.h"
#include "bench/live_server.h"
#include "bench/speed_probe.h"
#include "scheduler/analysis.h"
#include "src/base/alloc.h"
#include "src/base/message.h"
#include "src/base/text.h"

#define JITTER_US 8000              /* of a picture's arrival: a network's */
#define REST_US   (3 * VG_US_PER_S) /* for what nobody asks for: it may wait for good */
#define HELD_US   (20 * VG_US_PER_S)
#define SEED      15

/* Of the seconds of a minute of the measure, which is up to two where there is but one. */
#define SAMPLES_MAX 128

/* What was counted by a moment. */
struct moment {
    int64_t us, loop_us;
    uint64_t analysed[VG_SYNTHETIC_MAX], fate[VG_FATE_COUNT];
    struct vg_timed_device_counts device[VG_TRIAL_DEVICES_MAX];
    struct vg_time_histogram_view due, dispatch, share;
};

struct stand {
    const struct vg_scheduler_run *run;
    char folder[VG_BENCH_FOLDER_SIZE], redis[VG_BENCH_FOLDER_SIZE + 8];
    struct vg_synthetic *flux;
    struct vg_timed_device *device[VG_TRIAL_DEVICES_MAX];
    uint32_t devices;
    struct vg_model *model;
    struct vg_stage_times *times;
    struct vg_analysis_trial trial;
    struct vg_analysis_settings settings;
    int control[2]; /* ours, the analysis' */
    pthread_t thread;
    bool running;
    atomic_bool over;
    enum vg_status status; /* valid once over */
    struct vg_fault fault;
    struct moment first, last, minute;
    /* memory, each second of the minute: few, so that looking touches no new pages all the time */
    double own[SAMPLES_MAX], speed_ms[SAMPLES_MAX];
    struct vg_speed_probe probe;
    uint32_t samples;
};

static enum vg_status no_memory(struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench scheduler");
}

/* ---- the analysis ---- */

static void *analysis_main(void *user)
{
    struct stand *s = user;
    s->status = vg_analysis_run(&s->settings, &s->fault);
    atomic_store_explicit(&s->over, true, memory_order_release);
    return NULL;
}

static json_t *flux_json(const struct vg_scheduler_run *run, uint32_t number)
{
    char id[VG_SERVER_ID_SIZE];
    vg_hold_flux_name(number, id);
    return json_pack("{s:s, s:i, s:i, s:i, s:f, s:b, s:o}", "id", id, "ingest",
                     (int)(number / VG_SYNTHETIC_PER_INGEST), "slot",
                     (int)(number % VG_SYNTHETIC_PER_INGEST), "priority", 5, "rate_fps",
                     run->rate_fps, "active", 1, "scene", json_loads(run->scene, 0, NULL));
}

static enum vg_status configure(const struct stand *s)
{
    json_t *flux = json_array();
    for (uint32_t i = 0; i < s->run->flux; i++)
        (void)json_array_append_new(flux, flux_json(s->run, i));
    json_t *message =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "type", "config", "version", 1, "model",
                  s->model->name, "node", "bench", "phase", "test", "flux", flux);
    const enum vg_status status =
        message ? vg_message_write_json(s->control[0], message) : VG_E_MEMORY;
    json_decref(message);
    return status;
}

/* Something that can be named in an alert, and tells persons apart. */
static enum vg_status open_model(struct stand *s)
{
    s->model = vg_alloc(sizeof *s->model);
    if (!s->model)
        return VG_E_MEMORY;
    (void)snprintf(s->model->name, sizeof s->model->name, "timed");
    s->model->class_count = 1;
    s->model->class_map[0] = VG_CLASS_PERSON;
    return VG_OK;
}

static void set_up(struct stand *s)
{
    (void)snprintf(s->redis, sizeof s->redis, "%s/none", s->folder);
    for (uint32_t i = 0; i < s->devices; i++)
        s->trial.unit[i] = vg_timed_device_unit(s->device[i]);
    s->trial.units = s->devices;
    s->trial.model = s->model;
    s->trial.times = s->times;
    s->settings = (struct vg_analysis_settings){.data = s->folder,
                                                .redis = s->redis,
                                                .control_fd = s->control[1],
                                                .ingest_count = vg_synthetic_ingests(s->flux),
                                                .batch_max = s->run->batch_max,
                                                .workers = s->run->workers,
                                                .device_limit_us = s->run->limit_us,
                                                .device_retry_us = s->run->retry_us,
                                                .trial = &s->trial};
    for (uint32_t i = 0; i < s->settings.ingest_count; i++) {
        s->settings.ingest[i].slots_fd = vg_synthetic_slots_fd(s->flux, i);
        s->settings.ingest[i].ready_fd = vg_synthetic_ready_fd(s->flux, i);
    }
}

static enum vg_status start(struct stand *s, struct vg_fault *fault)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->control))
        return vg_fault_set(fault, VG_E_LACK, N_("no memory left"), NULL, "socketpair");
    set_up(s);
    s->running = pthread_create(&s->thread, NULL, analysis_main, s) == 0;
    if (!s->running)
        return vg_fault_set(fault, VG_E_LACK, N_("no memory left"), NULL, "pthread_create");
    const enum vg_status status = configure(s);
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "bench scheduler")
                  : vg_synthetic_start(s->flux, fault);
}

static void stop(struct stand *s)
{
    json_t *quit = json_pack("{s:s}", "type", "quit");
    if (vg_message_write_json(s->control[0], quit))
        (void)shutdown(s->control[0], SHUT_RDWR); /* that ends it too */
    json_decref(quit);
    (void)pthread_join(s->thread, NULL);
    s->running = false;
}

/* ---- looking ---- */

static int64_t thread_us(pthread_t thread)
{
    clockid_t clock;
    struct timespec at = {0};
    if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &at))
        return 0;
    return (int64_t)at.tv_sec * VG_US_PER_S + at.tv_nsec / 1000;
}

static void take_moment(const struct stand *s, struct moment *m)
{
    memset(m->fate, 0, sizeof m->fate);
    m->us = vg_mono_now().us;
    for (uint32_t i = 0; i < s->run->flux; i++) {
        struct vg_slots_state state;
        vg_synthetic_state(s->flux, i, &state);
        m->analysed[i] = state.fate[VG_FATE_ANALYSED];
        for (int f = 0; f < VG_FATE_COUNT; f++)
            m->fate[f] += state.fate[f];
    }
    m->loop_us = thread_us(s->thread);
    for (uint32_t i = 0; i < s->devices; i++)
        m->device[i] = vg_timed_device_read(s->device[i]);
    vg_time_histogram_read(&s->times->stage[VG_STAGE_DUE].fine, &m->due);
    vg_time_histogram_read(&s->trial.dispatch, &m->dispatch);
    vg_time_histogram_read(&s->trial.share, &m->share);
}

/* What this process has by itself, without the pictures' memory (which fills as slots are used and
 * counts twice, as both sides map it); 0: not known. */
static double own_bytes(void)
{
    char text[128] = {0};
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    char *next = n > 0 ? strchr(text, ' ') : NULL; /* behind the size: resident, shared */
    const double resident = next ? strtod(next, &next) : 0, shared = next ? strtod(next, NULL) : 0;
    return (resident - shared) * (double)sysconf(_SC_PAGESIZE);
}

static enum vg_status wait_us(struct stand *s, int64_t us, struct vg_fault *fault)
{
    if (vg_live_server_next_signal(us > 0 ? us : 0))
        return vg_fault_set(fault, VG_E_INTERRUPTED, vg_status_text(VG_E_INTERRUPTED), NULL,
                            "bench scheduler");
    if (!atomic_load_explicit(&s->over, memory_order_acquire))
        return VG_OK;
    const enum vg_status status = s->status ? s->status : VG_E_STATE;
    return vg_fault_set(fault, status, s->fault.what ? s->fault.what : vg_status_text(status), NULL,
                        "%s", s->fault.place);
}

/* Looks each second, for so long. */
static enum vg_status pass(struct stand *s, const char *what, double seconds,
                           struct vg_fault *fault)
{
    const int64_t from_us = vg_mono_now().us, whole_us = (int64_t)(seconds * 1e6);
    enum vg_status status = VG_OK;
    for (int64_t gone_us = 0; gone_us < whole_us && !status; gone_us = vg_mono_now().us - from_us) {
        const int64_t left_us = whole_us - gone_us;
        if (s->run->look)
            s->run->look(s->run->user, what, (double)gone_us / 1e6, seconds);
        status = wait_us(s, left_us < VG_US_PER_S ? left_us : VG_US_PER_S, fault);
        if (s->samples == SAMPLES_MAX)
            continue;
        s->speed_ms[s->samples] = vg_speed_probe_ms(&s->probe);
        s->own[s->samples++] = own_bytes();
    }
    return status;
}

static uint32_t opened(const struct stand *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->run->flux; i++) {
        struct vg_slots_state state;
        vg_synthetic_state(s->flux, i, &state);
        count += state.fate[VG_FATE_ANALYSED] > 0;
    }
    return count;
}

static enum vg_status await_all(struct stand *s, struct vg_fault *fault)
{
    const int64_t until_us = vg_mono_now().us + VG_SCHEDULER_OPEN_S * VG_US_PER_S;
    enum vg_status status = VG_OK;
    while (!status && opened(s) < s->run->flux) {
        if (vg_mono_now().us > until_us)
            return vg_fault_set(fault, VG_E_TIMEOUT,
                                N_("not every flux had a picture analysed in time"), NULL,
                                "%u / %u", opened(s), s->run->flux);
        status = wait_us(s, VG_US_PER_S / 10, fault);
    }
    return status;
}

/* ---- what was found ---- */

static double share_of(const struct stand *s, const struct moment *from, const struct moment *to,
                       uint32_t flux)
{
    const double wanted = (double)(to->us - from->us) / 1e6 * s->run->wanted_fps;
    return wanted > 0 ? (double)(to->analysed[flux] - from->analysed[flux]) / wanted : 0;
}

static double worst_share(const struct stand *s, const struct moment *from, const struct moment *to,
                          uint32_t first, uint32_t *which)
{
    double worst = HUGE_VAL;
    for (uint32_t i = first; i < s->run->flux; i++) {
        const double share = share_of(s, from, to, i);
        *which = share < worst ? i : *which;
        worst = share < worst ? share : worst;
    }
    return s->run->flux > first ? worst : 1;
}

static struct vg_decision_cost cost_of(const struct vg_time_histogram_view *from,
                                       const struct vg_time_histogram_view *to)
{
    struct vg_time_histogram_view view = *to;
    vg_time_histogram_subtract(&view, from);
    return (struct vg_decision_cost){.count = vg_time_histogram_count(&view),
                                     .p50_us = vg_time_histogram_quantile_us(&view, 0.5),
                                     .p99_us = vg_time_histogram_quantile_us(&view, 0.99)};
}

static void tell_latency(const struct stand *s, struct vg_scheduler_found *found)
{
    struct vg_time_histogram_view view = s->last.due;
    vg_time_histogram_subtract(&view, &s->first.due);
    found->due = (struct vg_hold_latency){
        .count = vg_time_histogram_count(&view),
        .mean_ms = vg_time_histogram_mean_us(&view) / 1000,
        .p50_ms = (double)vg_time_histogram_quantile_us(&view, 0.5) / 1000,
        .p95_ms = (double)vg_time_histogram_quantile_us(&view, 0.95) / 1000,
        .p99_ms = (double)vg_time_histogram_quantile_us(&view, 0.99) / 1000};
    found->due_max_ms = (double)vg_time_histogram_quantile_us(&view, 1) / 1000;
}

/* Processor time by pictures is, times 1,000 pictures a second, a share of a core. */
static double percent_of_core(int64_t us, uint64_t pictures)
{
    return pictures ? (double)us / (double)pictures * 1000 / 1e6 * 100 : 0;
}

/* Of all devices, in the measure. */
static struct vg_timed_device_counts device_counts(const struct stand *s)
{
    struct vg_timed_device_counts sum = {0};
    for (uint32_t i = 0; i < s->devices; i++) {
        const struct vg_timed_device_counts *a = &s->first.device[i], *b = &s->last.device[i];
        sum.runs += b->runs - a->runs;
        sum.jobs += b->jobs - a->jobs;
        sum.busy_us += b->busy_us - a->busy_us;
        sum.late_us += b->late_us - a->late_us;
        sum.thread_us += b->thread_us - a->thread_us;
    }
    return sum;
}

static void tell_work(const struct stand *s, struct vg_scheduler_found *found)
{
    const struct vg_timed_device_counts all = device_counts(s);
    const double device_us = (double)(s->last.us - s->first.us) * s->devices;
    for (uint32_t i = 0; i < s->devices; i++)
        found->jobs[i] = s->last.device[i].jobs - s->first.device[i].jobs;
    memcpy(found->device, s->trial.device, sizeof found->device);
    found->batch_size = all.runs ? (double)all.jobs / (double)all.runs : 0;
    found->device_busy = (double)all.busy_us / device_us;
    found->device_late_ms = all.runs ? (double)all.late_us / (double)all.runs / 1000 : 0;
    found->loop_percent = percent_of_core(s->last.loop_us - s->first.loop_us, found->analysed);
    found->device_percent = percent_of_core(all.thread_us, found->analysed);
    found->dispatch = cost_of(&s->first.dispatch, &s->last.dispatch);
    found->share_out = cost_of(&s->first.share, &s->last.share);
}

static void tell_rates(const struct stand *s, struct vg_scheduler_found *found)
{
    uint32_t other = 0;
    found->seconds = (double)(s->last.us - s->first.us) / 1e6;
    for (uint32_t i = 0; i < s->run->flux; i++) {
        found->share[i] = share_of(s, &s->first, &s->last, i);
        found->mean_share += found->share[i] / s->run->flux;
    }
    found->worst_share = worst_share(s, &s->first, &s->last, 0, &found->worst_flux);
    found->worst_other = worst_share(s, &s->first, &s->last, s->run->dear_flux, &other);
    for (int f = 0; f < VG_FATE_COUNT; f++)
        found->fate[f] = s->last.fate[f] - s->first.fate[f];
    found->analysed = found->fate[VG_FATE_ANALYSED];
}

static void tell_drifts(const struct stand *s, struct vg_scheduler_found *found)
{
    double share[VG_HOLD_MINUTES_MAX], p99[VG_HOLD_MINUTES_MAX], own[VG_HOLD_MINUTES_MAX],
        speed_ms[VG_HOLD_MINUTES_MAX];
    const double each_s = found->seconds / found->minutes;
    for (uint32_t m = 0; m < found->minutes; m++) {
        share[m] = found->minute[m].worst_share;
        p99[m] = found->minute[m].p99_ms;
        own[m] = found->minute[m].own_bytes;
        speed_ms[m] = found->minute[m].speed_ms;
    }
    found->share_drift = vg_drift_of(share, found->minutes, each_s);
    found->p99_drift = vg_drift_of(p99, found->minutes, each_s);
    found->p99_at_speed = vg_drift_beside(p99, speed_ms, found->minutes, each_s);
    found->own_drift = found->minutes < 3 ? vg_drift_of(s->own, s->samples, 1)
                                          : vg_drift_of(own, found->minutes, each_s);
    found->own_bytes = s->samples ? s->own[s->samples - 1] : 0;
}

static void tell_ends(const struct stand *s, struct vg_scheduler_found *found)
{
    for (uint32_t i = 0; i < s->run->flux; i++) {
        struct vg_slots_state state;
        vg_synthetic_state(s->flux, i, &state);
        uint64_t sum = 0;
        for (int f = 0; f < VG_FATE_COUNT; f++) {
            found->ended[f] += state.fate[f];
            sum += state.fate[f];
        }
        found->decoded += state.decoded;
        found->left += state.decoded > sum ? state.decoded - sum : sum - state.decoded;
    }
}

/* ---- life ---- */

/* Of what came between two moments. */
static void tell_minute(const struct stand *s, struct vg_scheduler_minute *minute)
{
    uint32_t which = 0;
    struct vg_time_histogram_view due = s->last.due;
    vg_time_histogram_subtract(&due, &s->minute.due);
    minute->worst_share = worst_share(s, &s->minute, &s->last, 0, &which);
    minute->p99_ms = (double)vg_time_histogram_quantile_us(&due, 0.99) / 1000;
    minute->own_bytes = minute->speed_ms = 0;
    for (uint32_t i = 0; i < s->samples; i++) {
        minute->own_bytes += s->own[i] / s->samples;
        minute->speed_ms += s->speed_ms[i] / s->samples;
    }
}

static enum vg_status measure(struct stand *s, struct vg_scheduler_found *found,
                              struct vg_fault *fault)
{
    const uint32_t minutes = vg_hold_minutes(s->run->measure_s);
    enum vg_status status = await_all(s, fault);
    if (!status)
        status = pass(s, N_("settling"), s->run->settle_s, fault);
    (void)vg_synthetic_late_us(s->flux);
    take_moment(s, &s->first);
    s->minute = s->first;
    found->worst_minute = HUGE_VAL;
    for (uint32_t m = 0; m < minutes && !status; m++) {
        s->samples = 0;
        status = pass(s, N_("measuring"), s->run->measure_s / minutes, fault);
        take_moment(s, &s->last);
        tell_minute(s, &found->minute[m]);
        const double share = found->minute[m].worst_share;
        found->worst_minute = share < found->worst_minute ? share : found->worst_minute;
        s->minute = s->last;
    }
    found->minutes = minutes;
    found->source_late_ms = (double)vg_synthetic_late_us(s->flux) / 1000;
    return status;
}

/* Pictures that are not at their end: ready ones may be of a flux that is shed, held ones come. */
static uint64_t under_way(const struct stand *s, uint64_t *ready)
{
    uint64_t held = 0;
    *ready = 0;
    for (uint32_t i = 0; i < s->run->flux; i++) {
        struct vg_slots_state state;
        vg_synthetic_state(s->flux, i, &state);
        *ready += state.ready;
        held += state.held;
    }
    return held;
}

static bool at_rest(const struct stand *s, int64_t since_us)
{
    uint64_t ready = 0;
    for (uint32_t i = 0; i < s->devices; i++)
        if (vg_timed_device_runs(s->device[i]))
            return false; /* it may hang: that has its end */
    const uint64_t held = under_way(s, &ready);
    const int64_t gone_us = vg_mono_now().us - since_us;
    return (held == 0 && (ready == 0 || gone_us > REST_US)) || gone_us > HELD_US;
}

/* No more pictures; those under way come to their end. */
static enum vg_status come_to_rest(struct stand *s, struct vg_scheduler_found *found,
                                   struct vg_fault *fault)
{
    const int64_t since_us = vg_mono_now().us;
    enum vg_status status = VG_OK;
    vg_synthetic_stop(s->flux);
    while (!status && !at_rest(s, since_us))
        status = wait_us(s, VG_US_PER_S / 100, fault);
    (void)under_way(s, &found->ready);
    stop(s);
    return status      ? status
           : s->status ? vg_fault_set(fault, s->status, s->fault.what, NULL, "%s", s->fault.place)
                       : VG_OK;
}

static enum vg_status open_devices(struct stand *s)
{
    enum vg_status status = VG_OK;
    const uint32_t devices = s->run->devices ? s->run->devices : 1;
    if (devices > VG_TRIAL_DEVICES_MAX)
        return VG_E_CALL;
    s->devices = devices;
    for (uint32_t i = 0; i < s->devices && !status; i++)
        status = vg_timed_device_open(&s->device[i], &s->run->device);
    if (!status)
        vg_timed_device_trouble(s->device[s->devices - 1], &s->run->trouble);
    return status;
}

static enum vg_status open_all(struct stand *s, struct vg_fault *fault)
{
    const struct vg_synthetic_settings flux = {.count = s->run->flux,
                                               .width = s->run->width,
                                               .height = s->run->height,
                                               .jitter_us = JITTER_US,
                                               .dear = s->run->dear_flux,
                                               .seed = SEED};
    s->times = vg_alloc(sizeof *s->times);
    if (!s->times || open_model(s) || open_devices(s))
        return no_memory(fault);
    enum vg_status status = vg_bench_folder_make(s->folder, fault);
    if (!status)
        status = vg_synthetic_open(&s->flux, &flux, fault);
    return status ? status : start(s, fault);
}

static void close_all(struct stand *s)
{
    if (s->flux)
        vg_synthetic_stop(s->flux);
    if (s->running)
        stop(s);
    vg_synthetic_close(&s->flux);
    for (int i = 0; i < 2; i++)
        if (s->control[i] >= 0)
            (void)close(s->control[i]);
    vg_bench_folder_remove(s->folder);
    if (s->trial.stays) /* what was borrowed is used yet */
        return;
    for (uint32_t i = 0; i < s->devices; i++)
        vg_timed_device_close(&s->device[i]);
    vg_free(s->model);
    vg_free(s->times);
    vg_free(s);
}

enum vg_status vg_scheduler_run(const struct vg_scheduler_run *run,
                                struct vg_scheduler_found *found, struct vg_fault *fault)
{
    struct stand *s = vg_alloc(sizeof *s);
    memset(found, 0, sizeof *found);
    if (!s)
        return no_memory(fault);
    s->run = run;
    s->control[0] = s->control[1] = -1;
    enum vg_status status = open_all(s, fault);
    if (!status)
        status = measure(s, found, fault);
    if (!status)
        status = come_to_rest(s, found, fault);
    if (!status) {
        tell_rates(s, found);
        tell_latency(s, found);
        tell_work(s, found);
        tell_drifts(s, found);
        tell_ends(s, found);
    }
    close_all(s);
    return status;
}
