#include "src/cli/bench_sizing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/energy_watch.h"
#include "bench/load_profile.h"
#include "bench/machine.h"
#include "bench/pipeline_run.h"
#include "bench/size_search.h"
#include "bench/sizing_costs.h"
#include "bench/sizing_csv.h"
#include "bench/sizing_needs.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"
#include "src/cli/batch_loop.h"
#include "src/cli/bench_model.h"
#include "src/cli/bench_pipeline.h"
#include "src/cli/bench_report.h"
#include "src/cli/device_cores.h"
#include "src/cli/meter_options.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/energy/account_json.h"
#include "src/engine/device_select.h"

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define FLUX_MAX      200
#define TIERS_MAX     16
#define RUNS_MAX      32  /* twice the doublings up to FLUX_MAX, and some */
#define FOREIGN_CORES 0.2 /* a quiet machine has less; said, since nothing else shows it */
#define OWN_OPTIONS   18
#define SAID_MAX      64  /* numbers of flux that the simulation is asked about */
#define RATE_SLACK    0.1 /* of a class's rate: what a clip of it may differ by */

struct request {
    const char *tiers_text, *profile, *clip, *settle_text, *measure_text, *open_text, *max_text;
    const char *model, *precision, *device;
    const char *idle_text, *assumed_text, *days_text, *csv;
    struct vg_meter_options meters;
    const char *page; /* NULL: none is written */
    const char *only; /* "1,4": these are measured, instead of searching */
    bool quick, as_json, raise;
};

/* What one number of flux came to. */
struct size_run {
    uint32_t flux;
    struct vg_hold hold;
    struct vg_pipeline_cost cost;
    struct vg_size_answer predicted;             /* of these flux on this machine */
    struct vg_energy_told energy[VG_METERS_MAX]; /* a meter each */
    uint32_t meters;
};

struct stand {
    const struct request *request;
    char begun_at[32]; /* ISO 8601 */
    char model[VG_MODEL_NAME_SIZE];
    struct vg_machine machine;
    struct vg_load_profile profile;
    struct class_facts {
        const char *clip; /* borrowed */
        struct vg_clip_facts source;
        char scene[VG_LOAD_SCENE_SIZE];
        double wanted_fps;
    } class[VG_LOAD_CLASSES_MAX];
    uint32_t tier[TIERS_MAX], tier_count;
    struct tier_answer {
        struct vg_size_answer here; /* on this machine */
        struct vg_size_needs needs;
    } answer[TIERS_MAX];
    struct vg_size_load load;
    struct vg_size_host host;
    struct vg_size_costs costs;
    struct vg_meter_settings meters;
    struct vg_energy_watch *energy;
    double idle_s, days;
    bool assumed; /* what the machine draws, since it is asked for and no meter tells */
    struct vg_energy_assumption assumption;
    struct vg_size_search search;
    struct vg_pipeline_run run;
    struct size_run done[RUNS_MAX];
    uint32_t done_count;
    uint32_t only[RUNS_MAX], only_count;
    char device_word[16];                  /* which one the server works on, if none is asked for */
    char device_name[VG_DEVICE_TEXT_SIZE]; /* "": several were asked for */
    struct vg_batch_loop before, after;    /* the measures; none where there are several */
    struct {                               /* what the simulation says of this machine */
        const char *why;                   /* msgid: `most` cannot be told; NULL: it is so */
        uint32_t most, count;
        struct {
            uint32_t flux;
            struct vg_size_answer answer;
        } flux[SAID_MAX];
    } said;
};

/* ---- what is asked ---- */

/* "8,20": how many, into `to` that has room for `room`; 0: these are none. */
static uint32_t read_list(const char *text, unsigned long most, uint32_t *to, uint32_t room)
{
    const char *at = text;
    for (uint32_t count = 0; count < room;) {
        char *end = NULL;
        const unsigned long number = strtoul(at, &end, 10);
        if (end == at || *at < '0' || *at > '9' || number < 1 || number > most)
            return 0;
        to[count++] = (uint32_t)number;
        if (*end == '\0')
            return count;
        if (*end != ',')
            return 0;
        at = end + 1;
    }
    return 0;
}

static enum vg_status read_tiers(struct stand *s, struct vg_fault *fault)
{
    const struct request *r = s->request;
    s->tier_count = read_list(r->tiers_text, 10000, s->tier, TIERS_MAX);
    s->only_count = r->only ? read_list(r->only, FLUX_MAX, s->only, RUNS_MAX) : 0;
    if (s->tier_count > 0 && (!r->only || s->only_count > 0))
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL,
                        s->tier_count > 0
                            ? N_("these are no numbers of flux, parted by commas")
                            : N_("these are no tiers: numbers of flux, parted by commas"),
                        N_("see vigie help"), "%s %s", s->tier_count > 0 ? "--only" : "--tiers",
                        s->tier_count > 0 ? r->only : r->tiers_text);
}

static enum vg_status read_numbers(struct stand *s, struct vg_fault *fault)
{
    const struct request *r = s->request;
    double most = 0;
    enum vg_status status = vg_option_count("max", r->max_text, 1, FLUX_MAX, &most, fault);
    /* not shorter: rules that begin together raise their first alerts together, and the clips of
     * those are cut some seconds later */
    const char *settle = r->settle_text ? r->settle_text
                         : r->quick     ? "20"
                                        : "60",
               *measure = r->measure_text ? r->measure_text
                          : r->quick      ? "60"
                                          : "600";
    if (!status)
        status = vg_option_number("settle", settle, 0, 3600, &s->run.settle_s, fault);
    if (!status)
        status = vg_option_number("measure", measure, 2, 86400, &s->run.measure_s, fault);
    if (!status)
        status = vg_option_number("open", r->open_text, 1, 3600, &s->run.open_s, fault);
    if (!status)
        status = vg_option_number("idle", r->idle_text ? r->idle_text : settle, 0, 3600, &s->idle_s,
                                  fault);
    if (!status)
        status = vg_option_number("days", r->days_text, 1, 36500, &s->days, fault);
    s->search = (struct vg_size_search){.most = (uint32_t)most,
                                        .end = r->quick ? VG_SIZE_NEAR : VG_SIZE_EXACT};
    return status;
}

/* "IDLE,FULL" */
static enum vg_status read_assumed(struct stand *s, struct vg_fault *fault)
{
    const char *text = s->request->assumed_text;
    char *end = NULL, *last = NULL;
    if (!text)
        return VG_OK;
    const double idle_w = strtod(text, &end);
    const double full_w = *end == ',' ? strtod(end + 1, &last) : 0;
    s->assumed = true;
    s->assumption = (struct vg_energy_assumption){.idle_w = idle_w, .full_w = full_w};
    if (end != text && last && last != end + 1 && *last == '\0' && idle_w >= 0 &&
        full_w >= idle_w && full_w > 0 && full_w <= 1e6)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("this is no assumption of what the machine draws"),
                        N_("watts at rest and at full load, parted by a comma: 40,120"),
                        "--watts-assumed %s", text);
}

static enum vg_status read_profile(struct stand *s, struct vg_fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    if (!s->request->profile) {
        s->profile = vg_load_profile_defaults();
        return VG_OK;
    }
    enum vg_status status =
        vg_file_read(s->request->profile, VG_LOAD_TEXT_MAX, &text, &size, fault);
    if (!status)
        status = vg_load_profile_parse(&s->profile, s->request->profile, (const char *)text, size,
                                       fault);
    vg_free(text);
    return status;
}

/* A clip of another kind would measure another load. */
static enum vg_status check_clip(const struct vg_load_class *class, const struct class_facts *facts,
                                 struct vg_fault *fault)
{
    const struct vg_clip_facts *clip = &facts->source;
    if (strcmp(clip->codec, class->codec) == 0 && clip->width == class->width &&
        clip->height == class->height && fabs(clip->fps - class->fps) <= RATE_SLACK * class->fps)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("the clip is not of this class of flux"),
                        N_("give one of its codec, size and rate, or change the profile"),
                        "%.200s: %s %ux%u %.3g/s; %s: %s %ux%u %.3g/s", facts->clip, clip->codec,
                        clip->width, clip->height, clip->fps, class->name, class->codec,
                        class->width, class->height, class->fps);
}

static enum vg_status prepare_class(struct stand *s, uint32_t i, struct vg_fault *fault)
{
    const struct vg_load_class *class = &s->profile.class[i];
    struct class_facts *facts = &s->class[i];
    struct vg_text_buffer out;
    facts->clip = class->clip[0] ? class->clip : s->request->clip;
    if (!facts->clip)
        return vg_fault_set(fault, VG_E_CALL, N_("a clip is wanted for this class of flux"),
                            N_("name one in the profile or on the command line"), "%s",
                            class->name);
    vg_text_buffer_init(&out, facts->scene, sizeof facts->scene);
    vg_load_scene(class->events, &out);
    enum vg_status status = vg_clip_facts_read(&facts->source, facts->clip, fault);
    if (!status)
        status = check_clip(class, facts, fault);
    if (!status)
        status = vg_wanted_fps(class->name, facts->scene, class->rate_fps, class->fps,
                               &facts->wanted_fps, fault);
    return status;
}

/* Bits a second of a clip, its container with it; 0: not known. */
static double bits_of(const struct class_facts *facts)
{
    struct stat about;
    return stat(facts->clip, &about) == 0 && facts->source.seconds > 0
               ? 8 * (double)about.st_size / facts->source.seconds
               : 0;
}

/* The costs are those of one device: without --device the server works on the first one that it
 * would take, and not on all. */
static enum vg_status prepare_device(struct stand *s, struct vg_fault *fault)
{
    struct vg_device_info device[VG_DEVICES_MAX];
    struct vg_device_selection chosen;
    const enum vg_status status = vg_device_select(s->request->device, 0, device, &chosen, fault);
    if (status)
        return status;
    (void)snprintf(s->device_word, sizeof s->device_word, "%u", chosen.index[0]);
    s->run.server.device = s->request->device ? s->request->device : s->device_word;
    s->host.device = device[0].kind;
    if (!s->request->device || chosen.count == 1)
        (void)snprintf(s->device_name, sizeof s->device_name, "%s", device[0].name);
    return VG_OK;
}

static void prepare_load(struct stand *s)
{
    s->load.profile = s->profile;
    for (uint32_t c = 0; c < s->profile.class_count; c++)
        s->load.class[c] = (struct vg_size_class){.wanted_fps = s->class[c].wanted_fps,
                                                  .source_fps = s->class[c].source.fps,
                                                  .network_bits = bits_of(&s->class[c])};
    s->host.cores = s->machine.usable_milli / 1000.0;
}

static enum vg_status prepare(struct stand *s, struct vg_fault *fault)
{
    const struct request *r = s->request;
    const struct vg_bench_wish wish = {r->model, r->precision, r->device};
    enum vg_status status = vg_device_cores_limit(fault);
    if (!status)
        status = read_tiers(s, fault);
    if (!status)
        status = read_numbers(s, fault);
    if (!status)
        status = read_assumed(s, fault);
    if (!status)
        status = vg_meter_options_take(&r->meters, &s->meters, fault);
    if (!status)
        status = vg_bench_model(&wish, s->model, fault);
    if (!status)
        status = read_profile(s, fault);
    for (uint32_t i = 0; i < s->profile.class_count && !status; i++)
        status = prepare_class(s, i, fault);
    if (!status)
        status = vg_machine_read(&s->machine, "", fault);
    if (!status)
        status = prepare_device(s, fault);
    if (!status)
        prepare_load(s);
    s->run.server.model = s->model;
    s->run.server.precision = r->precision;
    s->run.server.steady = !r->raise;
    for (uint32_t i = 0; i < FLUX_MAX && !status; i++) {
        const uint32_t c = vg_load_profile_class(&s->profile, i);
        s->run.server.from[i] = (struct vg_load_flux){.clip = s->class[c].clip,
                                                      .clip_s = s->class[c].source.seconds,
                                                      .scene = s->class[c].scene,
                                                      .rate_fps = s->profile.class[c].rate_fps,
                                                      .wanted_fps = s->class[c].wanted_fps};
    }
    return status;
}

/* ---- the search ---- */

static void say_run(const struct size_run *run)
{
    (void)fprintf(stderr, _("%u flux: %s; worst flux %.2f a second, p95 %.0f ms, %.2f cores\n"),
                  run->flux, run->hold.lacks ? _("not held") : _("held"), run->hold.worst_flux_fps,
                  vg_hold_latency(&run->hold)->p95_ms, run->cost.cpu_cores);
    if (run->cost.foreign_cores > FOREIGN_CORES)
        (void)fprintf(stderr, _("others kept %.1f cores busy meanwhile: that is not this load\n"),
                      run->cost.foreign_cores);
}

/* A server that gets no picture through in all the time it is given does not hold them; if it does
 * not do so with one flux, something else is wrong. */
static enum vg_status measure(struct stand *s, uint32_t flux, struct vg_fault *fault)
{
    struct size_run *run = &s->done[s->done_count++];
    struct vg_progress progress;
    run->flux = flux;
    s->run.server.flux = flux;
    vg_progress_init(&progress, stderr);
    progress.unit = VG_PROGRESS_SECONDS;
    s->run.look = vg_bench_show;
    s->run.user = &progress;
    s->run.count = vg_energy_watch_count;
    s->run.count_user = s->energy;
    vg_energy_watch_begin(s->energy, s->run.measure_s);
    enum vg_status status = vg_pipeline_run(&s->run, &run->hold, &run->cost, fault);
    if (status == VG_E_TIMEOUT && flux > 1) {
        run->hold.lacks = VG_HOLD_LACKS_RATE | VG_HOLD_LACKS_LATENCY | VG_HOLD_LACKS_PICTURES;
        status = VG_OK;
    }
    if (!status)
        status = vg_energy_watch_rest(s->energy, s->idle_s, fault);
    if (!status) {
        run->meters = vg_energy_watch_tell(s->energy, flux, s->days, run->energy);
        vg_size_search_tell(&s->search, flux, run->hold.lacks);
        say_run(run);
    }
    return status;
}

/* Costs of several devices are not learnt. */
static enum vg_status loop_batches(const struct stand *s, struct vg_batch_loop *loop,
                                   struct vg_fault *fault)
{
    const struct vg_load_class *class = &s->profile.class[0];
    const struct vg_batch_loop_wish wish = {.engine = {.model = s->model,
                                                       .device = s->run.server.device,
                                                       .precision_text = s->request->precision},
                                            .width = class->width & ~1u,
                                            .height = class->height & ~1u,
                                            .name = class->name,
                                            .scene = s->class[0].scene};
    return s->device_name[0] ? vg_batch_loop_run(&wish, loop, fault) : VG_OK;
}

/* After the measures, which are lost only for who asks the bench to end: what is predicted holds for a
 * machine as fast as it was in them. */
static enum vg_status loop_again(struct stand *s, struct vg_fault *fault)
{
    const int last = VG_BATCH_LOOP_SIZES - 1;
    const enum vg_status status = loop_batches(s, &s->after, fault);
    if (status == VG_E_INTERRUPTED)
        return status;
    if (status) {
        s->after = (struct vg_batch_loop){.jobs = {0}};
        vg_fault_print(fault);
    }
    s->host.alone = vg_batch_loop_mean(&s->before, &s->after);
    if (!s->before.jobs[0] || !s->after.jobs[0])
        return VG_OK;
    const double slower = s->after.ms[last] / s->before.ms[last] - 1;
    if (fabs(slower) > VG_SIZE_SPEED_SLACK)
        (void)fprintf(
            stderr,
            _("the time of batches alone on the device changed by %+.0f %% over the measures: "
              "this machine's speed is not what it was\n"),
            100 * slower);
    return VG_OK;
}

static enum vg_status measure_only(struct stand *s, struct vg_fault *fault)
{
    uint32_t lacks[RUNS_MAX] = {0};
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < s->only_count && !status; i++) {
        status = measure(s, s->only[i], fault);
        lacks[i] = s->done[i].hold.lacks;
    }
    if (!status)
        vg_size_search_take(&s->search, s->only, lacks, s->only_count);
    return status;
}

/* Where the fewest of some numbers were not held, fewer may be. */
static bool held_is_known(const struct stand *s)
{
    return s->search.held > 0 || s->search.failed <= 1 || s->only_count == 0;
}

static enum vg_status search(struct stand *s, struct vg_fault *fault)
{
    enum vg_status status = vg_energy_watch_open(&s->energy, &s->meters, fault);
    if (!status)
        status = vg_energy_watch_rest(s->energy, s->idle_s, fault);
    if (!status && s->only_count > 0)
        return measure_only(s, fault);
    for (uint32_t flux = !status ? vg_size_search_next(&s->search) : 0;
         flux && !status && s->done_count < RUNS_MAX; flux = vg_size_search_next(&s->search))
        status = measure(s, flux, fault);
    return status;
}

/* ---- what was not measured ---- */

static struct vg_size_measure measure_of(const struct size_run *run)
{
    return (struct vg_size_measure){.flux = run->flux,
                                    .pictures = (double)vg_hold_judged(&run->hold),
                                    .cost = &run->cost,
                                    .due_mean_ms = run->hold.due.mean_ms,
                                    .held = run->hold.lacks == 0};
}

/* The measure that speaks for a tier: the smallest number of flux at or above it that was held, and no
 * fewer were not; NULL: there is none. */
static const struct size_run *run_of_tier(const struct stand *s, uint32_t tier)
{
    const struct size_run *best = NULL;
    for (uint32_t i = 0; i < s->done_count; i++) {
        const struct size_run *run = &s->done[i];
        if (!run->hold.lacks && run->flux <= s->search.held && run->flux >= tier &&
            (!best || run->flux < best->flux))
            best = run;
    }
    return best;
}

static enum vg_status predict_here(const struct stand *s, uint32_t flux,
                                   struct vg_size_answer *answer, struct vg_fault *fault)
{
    const struct vg_size_try here = {
        .speed = 1, .devices = 1, .cores = s->host.cores, .foreign_cores = s->costs.foreign_cores};
    return vg_size_predict(&s->costs, &s->load, &s->host, flux, &here, answer, fault);
}

/* The most flux that the simulation holds here, and what it says of numbers about that. */
static enum vg_status predict_most(struct stand *s, struct vg_fault *fault)
{
    struct vg_size_search search = {.most = FLUX_MAX, .end = VG_SIZE_EXACT};
    uint32_t about[SAID_MAX];
    enum vg_status status = VG_OK;
    for (uint32_t n = vg_size_search_next(&search); n && !status && !s->said.why;
         n = vg_size_search_next(&search)) {
        struct vg_size_answer answer = {.why = NULL};
        status = predict_here(s, n, &answer, fault);
        s->said.why = answer.why; /* which is not the same as that they are not held */
        if (!answer.why)
            vg_size_search_tell(&search, n, answer.held ? 0 : 1);
    }
    s->said.most = search.held;
    s->said.count = vg_size_search_about(search.held, about, SAID_MAX);
    for (uint32_t i = 0; i < s->said.count && !status; i++) {
        s->said.flux[i].flux = about[i];
        status = predict_here(s, about[i], &s->said.flux[i].answer, fault);
    }
    return status;
}

/* Also the numbers that were measured, so that the prediction can be judged by them. */
static enum vg_status predict(struct stand *s, struct vg_fault *fault)
{
    struct vg_size_measure measure[RUNS_MAX];
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < s->done_count; i++)
        measure[i] = measure_of(&s->done[i]);
    vg_size_costs_make(&s->costs, &s->load, &s->host, measure, s->done_count);
    status = vg_size_fit(&s->costs, &s->load, &s->host, measure, s->done_count, fault);
    if (!status)
        status = predict_most(s, fault);
    for (uint32_t i = 0; i < s->done_count && !status; i++)
        status = predict_here(s, s->done[i].flux, &s->done[i].predicted, fault);
    for (uint32_t i = 0; i < s->tier_count && !status; i++) {
        const struct size_run *run = run_of_tier(s, s->tier[i]);
        const struct vg_size_measure held = run ? measure_of(run) : (struct vg_size_measure){0};
        status = predict_here(s, s->tier[i], &s->answer[i].here, fault);
        if (!status)
            status = vg_size_needs_make(&s->answer[i].needs, &s->costs, &s->load, &s->host,
                                        s->tier[i], run ? &held : NULL, fault);
    }
    return status;
}

/* ---- telling ---- */

enum tier_state {
    TIER_HELD,
    TIER_NOT_HELD,
    TIER_NOT_KNOWN /* above what was tried */
};

static enum tier_state state_of(const struct stand *s, uint32_t tier)
{
    if (tier <= s->search.held)
        return TIER_HELD;
    return s->search.failed && tier >= s->search.failed ? TIER_NOT_HELD : TIER_NOT_KNOWN;
}

/* Of one measure by one meter, or by what is assumed; never NULL but without memory. */
static json_t *energy_json(const struct stand *s, const struct size_run *run)
{
    const struct vg_energy_told *told =
        run ? vg_energy_told_widest(run->energy, run->meters) : NULL;
    struct vg_energy_account account;
    if (told)
        return vg_energy_account_json(&told->account, told->meter, NULL);
    if (run && run->meters > 0)
        return vg_energy_account_json(&run->energy[0].account, run->energy[0].meter, NULL);
    if (!run || !s->assumed) {
        vg_energy_account_none(&account, run ? N_("no meter of energy can be read")
                                             : N_("these flux were not measured"));
        return vg_energy_account_json(&account, NULL, NULL);
    }
    struct vg_energy_assumption assumption = s->assumption;
    const double busy = run->cost.cpu_cores / s->host.cores;
    const double device =
        run->cost.seconds > 0 ? run->cost.batches.ms / 1e3 / run->cost.seconds : 0;
    assumption.busy = fmin(s->host.device == VG_DEVICE_CPU ? busy : fmax(busy, device), 1);
    vg_energy_account_assume(&account, VG_ENERGY_WALL, &assumption, run->hold.seconds,
                             vg_hold_judged(&run->hold), run->flux, s->days);
    return vg_energy_account_json(&account, NULL, &assumption);
}

static json_t *meters_json(const struct size_run *run)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < run->meters; i++)
        (void)json_array_append_new(
            list, vg_energy_account_json(&run->energy[i].account, run->energy[i].meter, NULL));
    return list;
}

/* What was measured, else what the simulation says, else null with the reason. Energy is that of these
 * flux alone: more of them share what the machine draws at rest, so that each seems to take less. */
static json_t *tier_json(const struct stand *s, uint32_t i)
{
    const uint32_t tier = s->tier[i];
    const enum tier_state state = state_of(s, tier);
    const struct size_run *run = run_of_tier(s, tier);
    const struct vg_size_answer *here = &s->answer[i].here;
    const bool simulated = state == TIER_NOT_KNOWN && !here->why;
    const bool held = simulated ? here->held : state == TIER_HELD;
    json_t *latency = json_null();
    if (run)
        latency = vg_pipeline_latency_json(vg_hold_latency(&run->hold));
    else if (simulated && held)
        latency = vg_size_answer_json(here);
    return json_pack("{s:i, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o}", "flux", (int)tier, "held",
                     state != TIER_NOT_KNOWN || simulated ? json_boolean(held) : json_null(),
                     "status",
                     simulated                 ? json_string("extrapolated")
                     : state == TIER_NOT_KNOWN ? json_null()
                                               : json_string("measured"),
                     "why", state == TIER_NOT_KNOWN ? here->why : NULL, "latency_ms", latency,
                     "needs", vg_size_needs_json(&s->answer[i].needs), "predicted_held",
                     here->why ? json_null() : json_boolean(here->held), "predicted_p99_ms",
                     here->why || here->p99_ms <= 0 ? json_null() : json_real(here->p99_ms),
                     "energy", energy_json(s, run && run->flux == tier ? run : NULL));
}

static json_t *tiers_json(const struct stand *s)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->tier_count; i++)
        (void)json_array_append_new(list, tier_json(s, i));
    return list;
}

static json_t *run_json(const struct stand *s, const struct size_run *run)
{
    const struct vg_size_answer *said = &run->predicted;
    return json_pack(
        "{s:i, s:b, s:o, s:f, s:f, s:o, s:o, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:o}",
        "flux", (int)run->flux, "held", run->hold.lacks == 0, "lacks",
        vg_pipeline_lacks_json(&run->hold), "worst_flux_fps", run->hold.worst_flux_fps,
        "analysed_fps",
        run->hold.seconds > 0 ? (double)vg_hold_judged(&run->hold) / run->hold.seconds : 0.0,
        "latency_ms", vg_pipeline_latency_json(vg_hold_latency(&run->hold)), "due_ms",
        vg_pipeline_latency_json(&run->hold.due), "unanalysed_share", run->hold.unanalysed_share,
        "cpu_cores", run->cost.cpu_cores, "rss_mb", (double)run->cost.resident_bytes / 1e6,
        "batch_size", run->cost.batch_size, "predicted_held",
        said->why ? json_null() : json_boolean(said->held), "predicted_p99_ms",
        said->why || said->p99_ms <= 0 ? json_null() : json_real(said->p99_ms), "energy",
        energy_json(s, run), "meters", meters_json(run), "admitted",
        run->cost.admitted ? json_integer(run->cost.admitted) : json_null(), "foreign_cores",
        run->cost.foreign_cores >= 0 ? json_real(run->cost.foreign_cores) : json_null());
}

static json_t *runs_json(const struct stand *s)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->done_count; i++)
        (void)json_array_append_new(list, run_json(s, &s->done[i]));
    return list;
}

static json_t *said_json(const struct stand *s)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->said.count; i++) {
        const struct vg_size_answer *a = &s->said.flux[i].answer;
        const bool known = !a->why;
        (void)json_array_append_new(
            list, json_pack("{s:i, s:o, s:o}", "flux", (int)s->said.flux[i].flux, "held",
                            known ? json_boolean(a->held) : json_null(), "p99_ms",
                            known && a->p99_ms > 0 ? json_real(a->p99_ms) : json_null()));
    }
    return json_pack("{s:o, s:s?, s:o}", "held",
                     s->said.why ? json_null() : json_integer(s->said.most), "why", s->said.why,
                     "flux", list);
}

/* Medians of batches on the device alone, before the measures and after them. */
static json_t *alone_json(const struct stand *s)
{
    json_t *list = json_array();
    for (int i = 0; i < VG_BATCH_LOOP_SIZES && s->before.jobs[i]; i++)
        (void)json_array_append_new(
            list, json_pack("{s:i, s:f, s:o}", "pictures", (int)s->before.jobs[i], "before_ms",
                            s->before.ms[i], "after_ms",
                            s->after.jobs[i] ? json_real(s->after.ms[i]) : json_null()));
    return list;
}

static json_t *report_json(const struct stand *s)
{
    const struct request *r = s->request;
    return json_pack(
        "{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:s, s:s, s:s, s:b, s:b, s:f, s:f, "
        "s:f, s:f}}",
        "machine", vg_machine_json(&s->machine), "profile", vg_load_profile_json(&s->profile),
        "held", held_is_known(s) ? json_integer(s->search.held) : json_null(), "held_is_most_tried",
        s->search.failed == 0, "tiers", tiers_json(s), "runs", runs_json(s), "costs",
        vg_size_costs_json(&s->costs, &s->load, &s->host), "predicted", said_json(s),
        "batches_alone", alone_json(s), "method", "begun_at", s->begun_at, "model", s->model,
        "precision", r->precision ? r->precision : "auto", "device",
        s->device_name[0] ? s->device_name : s->run.server.device, "quick", (int)r->quick, "raise",
        (int)r->raise, "settle_s", s->run.settle_s, "measure_s", s->run.measure_s, "idle_s",
        s->idle_s, "headroom", VG_SIZE_HEADROOM);
}

/* What it takes, of what is known. */
static void print_needs(const struct vg_size_needs *needs)
{
    static const struct {
        enum vg_size_need need;
        const char *what;
    } rows[] = {
        {VG_SIZE_CPU_CORES, N_("processor, cores such as here")},
        {VG_SIZE_DEVICE_SPEED, N_("one device, so many times as fast as here")},
        {VG_SIZE_DEVICES, N_("or devices such as here")},
        {VG_SIZE_DEVICE_MEMORY_MB, N_("memory of the device, MB")},
        {VG_SIZE_DECODE_ENGINES, N_("decoding hardware, times this machine's")},
        {VG_SIZE_MEMORY_MB, N_("memory, MB")},
        {VG_SIZE_NETWORK_MBIT, N_("network, Mbit/s")},
        {VG_SIZE_DISK_GB_PER_DAY, N_("disk, GB a day")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct vg_size_figure *f = &needs->figure[rows[i].need];
        if (f->status == VG_SIZE_EXTRAPOLATED)
            (void)printf(_("        %s: %.4g (%.4g without headroom)\n"), _(rows[i].what), f->value,
                         f->bare);
    }
}

static void print_tier(const struct stand *s, uint32_t i)
{
    const uint32_t tier = s->tier[i];
    const struct size_run *run = run_of_tier(s, tier);
    const struct vg_size_answer *here = &s->answer[i].here;
    const enum tier_state state = state_of(s, tier);
    if (run) {
        (void)printf(_("%5u flux: held here, measured with %u: p95 %.0f ms, %.2f cores, %.0f MB\n"),
                     tier, run->flux, vg_hold_latency(&run->hold)->p95_ms, run->cost.cpu_cores,
                     (double)run->cost.resident_bytes / 1e6);
        return;
    }
    if (state == TIER_NOT_HELD)
        (void)printf(_("%5u flux: not held here (%u were not); what it takes, extrapolated:\n"),
                     tier, s->search.failed);
    else if (here->why)
        (void)printf(_("%5u flux: not known: %s\n"), tier, _(here->why));
    else if (here->held)
        (void)printf(_("%5u flux: held here, extrapolated: p99 %.0f ms\n"), tier, here->p99_ms);
    else
        (void)printf(_("%5u flux: not held here, extrapolated; what it takes:\n"), tier);
    print_needs(&s->answer[i].needs);
}

/* Of numbers that were asked for only these are spoken of. */
static void print_held(const struct stand *s)
{
    char numbers[RUNS_MAX * 8] = "";
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, numbers, sizeof numbers);
    for (uint32_t i = 0; i < s->only_count; i++)
        vg_text_add(&out, "%s%u", i ? ", " : "", s->only[i]);
    if (s->only_count == 0)
        (void)printf(_("profile %s: %u flux held\n"), s->profile.name, s->search.held);
    else if (held_is_known(s))
        (void)printf(_("profile %s: %u flux held; measured were only %s\n"), s->profile.name,
                     s->search.held, numbers);
    else
        (void)printf(_("profile %s: how many flux are held is not known; measured were only %s\n"),
                     s->profile.name, numbers);
}

static void print_report(const struct stand *s)
{
    const struct vg_machine *m = &s->machine;
    (void)printf(_("%s, %u cores, %u threads, %.1f GB, %s\n"), m->cpu[0] ? m->cpu : "?", m->cores,
                 m->threads, (double)m->memory_bytes / 1e9, m->kernel);
    for (uint32_t i = 0; i < m->device_count; i++)
        (void)printf("  %s, %s\n", m->device[i].name, m->device[i].driver);
    print_held(s);
    for (uint32_t i = 0; i < s->tier_count; i++)
        print_tier(s, i);
}

static enum vg_status write_csv(const char *path, const json_t *report, struct vg_fault *fault)
{
    struct vg_text_buffer out;
    char *text = vg_alloc(VG_SIZE_CSV_SIZE);
    if (!text)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench sizing");
    vg_text_buffer_init(&out, text, VG_SIZE_CSV_SIZE);
    vg_size_csv(report, &out);
    const enum vg_status status = vg_file_write(path, text, out.size, 0644, VG_FILE_WHOLE, fault);
    vg_free(text);
    return status;
}

static enum vg_status tell(const struct stand *s, struct vg_fault *fault)
{
    json_t *report = report_json(s);
    enum vg_status status = VG_OK;
    if (!report)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench sizing");
    if (s->request->csv)
        status = write_csv(s->request->csv, report, fault);
    if (!status && s->request->as_json)
        status = vg_print_json(json_incref(report), fault);
    else if (!status)
        print_report(s);
    if (!status && s->request->page) /* last: what was measured for an hour is out by now */
        status = vg_bench_report_write(s->request->page, report, NULL, fault);
    json_decref(report);
    return status;
}

/* ---- the command ---- */

static enum vg_status run(const struct request *r, struct vg_fault *fault)
{
    struct stand *s = vg_alloc(sizeof *s);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench sizing");
    s->request = r;
    vg_wall_format(vg_wall_now(), s->begun_at, sizeof s->begun_at);
    enum vg_status status = prepare(s, fault);
    if (!status)
        status = loop_batches(s, &s->before, fault);
    if (!status)
        status = search(s, fault);
    if (!status)
        status = loop_again(s, fault);
    if (!status)
        status = predict(s, fault);
    if (!status)
        status = tell(s, fault);
    vg_energy_watch_close(&s->energy);
    vg_free(s);
    return status;
}

enum vg_status vg_bench_sizing(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.tiers_text = "8,20,50,100,200",
                        .open_text = "180",
                        .max_text = "200",
                        .days_text = "365",
                        .model = "nanodet-g"};
    struct vg_option options[OWN_OPTIONS + VG_METER_OPTIONS] = {
        {"tiers", "N,N", N_("numbers of flux to answer for; default 8,20,50,100,200"),
         &r.tiers_text, NULL},
        {"profile", "FILE", N_("classes of flux; without it 4CIF H.264 25/s, five events"),
         &r.profile, NULL},
        {"max", "N", N_("never tries more flux than that; default 200"), &r.max_text, NULL},
        {"settle", "S", N_("before each measure; default 60, 20 with --quick"), &r.settle_text,
         NULL},
        {"measure", "S", N_("each measure; default 600, 60 with --quick"), &r.measure_text, NULL},
        {"open", "S", N_("how long to wait until all are analysed; default 180"), &r.open_text,
         NULL},
        {"quick", NULL, N_("short measures, and the number to a tenth"), NULL, &r.quick},
        {"only", "N,N", N_("measures these numbers of flux, and searches for none"), &r.only, NULL},
        {"raise", NULL, N_("alerts raise rates as in operation, beyond the wanted ones"), NULL,
         &r.raise},
        {"model", "M", N_("name of the model; default nanodet-g"), &r.model, NULL},
        {"precision", "P",
         N_("f32, f16, auto (default) or int8, for which MODEL-int8 is taken where M has no 8-bit "
            "form"),
         &r.precision, NULL},
        {"device", "D",
         N_("number, cpu, gpu or a part of the name; without it the first one that the server "
            "takes"),
         &r.device, NULL},
        {"report", "FILE", N_("writes the answer as a page too, HTML of its own"), &r.page, NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
        {"csv", "FILE", N_("writes measures and tiers as a table too"), &r.csv, NULL},
        {"idle", "S", N_("at rest before and after each measure, where a meter is; as --settle"),
         &r.idle_text, NULL},
        {"days", "N", N_("of the deployment, for its energy; default 365"), &r.days_text, NULL},
        {"watts-assumed", "IDLE,FULL", N_("without a meter: estimates energy by what you assume"),
         &r.assumed_text, NULL},
    };
    vg_meter_options_rows(&r.meters, options + OWN_OPTIONS);
    const struct vg_usage usage = {"bench sizing", "[CLIP]",
                                   N_("finds how many flux this machine holds"), options,
                                   COUNT(options)};
    int count = 0;
    vg_live_server_hold_signals();
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 1, fault);
    r.clip = count ? argv[1] : NULL;
    return status ? status : run(&r, fault);
}
