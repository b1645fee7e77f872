#include "src/cli/bench_sizing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load_profile.h"
#include "bench/machine.h"
#include "bench/pipeline_run.h"
#include "bench/size_search.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/bench_pipeline.h"
#include "src/cli/options.h"
#include "src/cli/words.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FLUX_MAX     200
#define TIERS_MAX    16
#define RUNS_MAX     32  /* twice the doublings up to FLUX_MAX, and some */
#define RATE_SLACK   0.1 /* of a class's rate: what a clip of it may differ by */

struct request {
    const char *tiers_text, *profile, *clip, *settle_text, *measure_text, *open_text, *max_text;
    const char *model, *precision, *device;
    bool quick, as_json;
};

/* What one number of flux came to. */
struct size_run {
    uint32_t flux;
    struct vg_hold hold;
    struct vg_pipeline_cost cost;
};

struct stand {
    const struct request *request;
    struct vg_machine machine;
    struct vg_load_profile profile;
    struct class_facts {
        const char *clip; /* borrowed */
        struct vg_clip_facts source;
        char scene[VG_LOAD_SCENE_SIZE];
        double wanted_fps;
    } class[VG_LOAD_CLASSES_MAX];
    uint32_t tier[TIERS_MAX], tier_count;
    struct vg_size_search search;
    struct vg_pipeline_run run;
    struct size_run done[RUNS_MAX];
    uint32_t done_count;
};

/* ---- what is asked ---- */

static enum vg_status read_tiers(struct stand *s, struct vg_fault *fault)
{
    const char *at = s->request->tiers_text;
    while (s->tier_count < TIERS_MAX) {
        char *end = NULL;
        const unsigned long tier = strtoul(at, &end, 10);
        if (end == at || *at < '0' || *at > '9' || tier < 1 || tier > 10000)
            break;
        s->tier[s->tier_count++] = (uint32_t)tier;
        if (*end == '\0')
            return VG_OK;
        if (*end != ',')
            break;
        at = end + 1;
    }
    return vg_fault_set(fault, VG_E_CALL,
                        N_("these are no tiers: numbers of flux, parted by commas"),
                        N_("see vigie help"), "--tiers %s", s->request->tiers_text);
}

static enum vg_status read_numbers(struct stand *s, struct vg_fault *fault)
{
    const struct request *r = s->request;
    double most = 0;
    enum vg_status status = vg_option_number("max", r->max_text, 1, FLUX_MAX, &most, fault);
    const char *settle = r->settle_text ? r->settle_text
                         : r->quick     ? "10"
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
    s->search = (struct vg_size_search){.most = (uint32_t)most,
                                        .end = r->quick ? VG_SIZE_NEAR : VG_SIZE_EXACT};
    return status;
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

static enum vg_status prepare(struct stand *s, struct vg_fault *fault)
{
    const struct request *r = s->request;
    enum vg_status status = read_tiers(s, fault);
    if (!status)
        status = read_numbers(s, fault);
    if (!status)
        status = read_profile(s, fault);
    for (uint32_t i = 0; i < s->profile.class_count && !status; i++)
        status = prepare_class(s, i, fault);
    if (!status)
        status = vg_bench_can_run(r->model, r->precision, r->device, fault);
    if (!status)
        status = vg_machine_read(&s->machine, "", fault);
    s->run.server.model = r->model;
    s->run.server.precision = r->precision;
    s->run.server.device = r->device;
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
    enum vg_status status = vg_pipeline_run(&s->run, &run->hold, &run->cost, fault);
    if (status == VG_E_TIMEOUT && flux > 1) {
        run->hold.lacks = VG_HOLD_LACKS_RATE | VG_HOLD_LACKS_LATENCY | VG_HOLD_LACKS_PICTURES;
        status = VG_OK;
    }
    if (!status) {
        vg_size_search_tell(&s->search, flux, run->hold.lacks);
        say_run(run);
    }
    return status;
}

static enum vg_status search(struct stand *s, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    for (uint32_t flux = vg_size_search_next(&s->search);
         flux && !status && s->done_count < RUNS_MAX; flux = vg_size_search_next(&s->search))
        status = measure(s, flux, fault);
    return status;
}

/* ---- telling ---- */

/* The measure that speaks for a tier: the smallest number of flux at or above it that was held;
 * NULL: none was. */
static const struct size_run *run_of_tier(const struct stand *s, uint32_t tier)
{
    const struct size_run *best = NULL;
    for (uint32_t i = 0; i < s->done_count; i++) {
        const struct size_run *run = &s->done[i];
        if (!run->hold.lacks && run->flux >= tier && (!best || run->flux < best->flux))
            best = run;
    }
    return best;
}

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

static json_t *needs_json(const struct size_run *run)
{
    return json_pack("{s:i, s:f, s:f}", "measured_flux", (int)run->flux, "cpu_cores",
                     run->cost.cpu_cores, "memory_mb", (double)run->cost.resident_bytes / 1e6);
}

/* What was not measured is null until the simulation tells it. */
static json_t *tier_json(const struct stand *s, uint32_t tier)
{
    const enum tier_state state = state_of(s, tier);
    const struct size_run *run = run_of_tier(s, tier);
    return json_pack(
        "{s:i, s:o, s:o, s:o, s:o, s:{s:s, s:n, s:n, s:n, s:n}}", "flux", (int)tier, "held",
        state == TIER_NOT_KNOWN ? json_null() : json_boolean(state == TIER_HELD), "status",
        state == TIER_NOT_KNOWN ? json_null() : json_string("measured"), "latency_ms",
        run ? vg_pipeline_latency_json(vg_hold_latency(&run->hold)) : json_null(), "needs",
        run ? needs_json(run) : json_null(), "energy", "status", "not_measured", "scope",
        "j_per_picture", "w_per_flux", "interval");
}

static json_t *tiers_json(const struct stand *s)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->tier_count; i++)
        (void)json_array_append_new(list, tier_json(s, s->tier[i]));
    return list;
}

static json_t *runs_json(const struct stand *s)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->done_count; i++) {
        const struct size_run *run = &s->done[i];
        (void)json_array_append_new(
            list,
            json_pack("{s:i, s:b, s:o, s:f, s:o, s:f, s:f, s:f, s:f}", "flux", (int)run->flux,
                      "held", run->hold.lacks == 0, "lacks", vg_pipeline_lacks_json(&run->hold),
                      "worst_flux_fps", run->hold.worst_flux_fps, "latency_ms",
                      vg_pipeline_latency_json(vg_hold_latency(&run->hold)), "unanalysed_share",
                      run->hold.unanalysed_share, "cpu_cores", run->cost.cpu_cores, "rss_mb",
                      (double)run->cost.resident_bytes / 1e6, "batch_size", run->cost.batch_size));
    }
    return list;
}

static json_t *report_json(const struct stand *s)
{
    const struct request *r = s->request;
    return json_pack("{s:o, s:o, s:i, s:b, s:o, s:o, s:{s:s, s:s, s:b, s:f, s:f}}", "machine",
                     vg_machine_json(&s->machine), "profile", vg_load_profile_json(&s->profile),
                     "held", (int)s->search.held, "held_is_most_tried", s->search.failed == 0,
                     "tiers", tiers_json(s), "runs", runs_json(s), "method", "model", r->model,
                     "precision", r->precision ? r->precision : "auto", "quick", (int)r->quick,
                     "settle_s", s->run.settle_s, "measure_s", s->run.measure_s);
}

static void print_tier(const struct stand *s, uint32_t tier)
{
    const struct size_run *run = run_of_tier(s, tier);
    if (run)
        (void)printf(_("%5u flux: held here, measured with %u: p95 %.0f ms, %.2f cores, %.0f MB\n"),
                     tier, run->flux, vg_hold_latency(&run->hold)->p95_ms, run->cost.cpu_cores,
                     (double)run->cost.resident_bytes / 1e6);
    else if (state_of(s, tier) == TIER_NOT_HELD)
        (void)printf(_("%5u flux: not held here (%u were not); what it takes is not known yet\n"),
                     tier, s->search.failed);
    else
        (void)printf(_("%5u flux: not known yet, more than was tried\n"), tier);
}

static void print_report(const struct stand *s)
{
    const struct vg_machine *m = &s->machine;
    (void)printf(_("%s, %u cores, %u threads, %.1f GB, %s\n"), m->cpu[0] ? m->cpu : "?", m->cores,
                 m->threads, (double)m->memory_bytes / 1e9, m->kernel);
    for (uint32_t i = 0; i < m->device_count; i++)
        (void)printf("  %s, %s\n", m->device[i].name, m->device[i].driver);
    (void)printf(_("profile %s: %u flux held\n"), s->profile.name, s->search.held);
    for (uint32_t i = 0; i < s->tier_count; i++)
        print_tier(s, s->tier[i]);
}

/* ---- the command ---- */

static enum vg_status run(const struct request *r, struct vg_fault *fault)
{
    struct stand *s = vg_alloc(sizeof *s);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench sizing");
    s->request = r;
    enum vg_status status = prepare(s, fault);
    if (!status)
        status = search(s, fault);
    if (!status && r->as_json)
        status = vg_print_json(report_json(s), fault);
    else if (!status)
        print_report(s);
    vg_free(s);
    return status;
}

enum vg_status vg_bench_sizing(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.tiers_text = "8,20,50,100,200",
                        .open_text = "180",
                        .max_text = "200",
                        .model = "nanodet-g"};
    const struct vg_option options[] = {
        {"tiers", "N,N", N_("numbers of flux to answer for; default 8,20,50,100,200"),
         &r.tiers_text, NULL},
        {"profile", "FILE", N_("classes of flux; without it 4CIF H.264 25/s, five events"),
         &r.profile, NULL},
        {"max", "N", N_("never tries more flux than that; default 200"), &r.max_text, NULL},
        {"settle", "S", N_("before each measure; default 60, 10 with --quick"), &r.settle_text,
         NULL},
        {"measure", "S", N_("each measure; default 600, 60 with --quick"), &r.measure_text, NULL},
        {"open", "S", N_("how long to wait until all are analysed; default 180"), &r.open_text,
         NULL},
        {"quick", NULL, N_("short measures, and the number to a tenth"), NULL, &r.quick},
        {"model", "M", N_("name of the model; default nanodet-g"), &r.model, NULL},
        {"precision", "P", N_("of the arithmetic: f32, f16, int8 or auto (auto)"), &r.precision,
         NULL},
        {"device", "D", N_("number, cpu, gpu or a part of the name"), &r.device, NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench sizing", "[CLIP]",
                                   N_("finds how many flux this machine holds"), options,
                                   COUNT(options)};
    int count = 0;
    vg_live_server_hold_signals();
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && count > 1)
        status = vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"),
                              N_("see vigie help"), "vigie bench sizing CLIP");
    r.clip = count ? argv[1] : NULL;
    return status ? status : run(&r, fault);
}
