#include "api/fit.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/forecast/admission_model.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/scene/scene.h"

#define UNASKED_US (5 * VG_US_PER_S)

/* What is asked, while it is. Large: on the heap. */
struct question {
    struct vg_flux_config *flux; /* the configuration's; given */
    size_t flux_count;
    struct vg_admission_wish wish[VG_FLUX_MAX]; /* of those that are active */
    uint32_t wish_count;
    struct vg_admission_wish before, asked;
    bool was_active;
    uint32_t declared_milli; /* before */
    struct vg_admission_model model;
    struct vg_admission_plan plan;
    struct vg_admission answer;
};

void vg_fit_release(struct vg_fit *fit)
{
    json_decref(fit->answer);
    *fit = (struct vg_fit){0};
}

/* ---- what the configuration wants ----------------------------------------------------------- */

/* The lowest rate of the stored scene's rules; 0: it has none that can be read. */
static double stored_floor(struct vg_desk *desk, const char *id)
{
    char *text = NULL;
    size_t size = 0;
    uint64_t version = 0;
    struct vg_scene *scene = NULL;
    double floor_fps = 0;
    if (vg_config_scene_get(desk->database, id, &text, &size, &version, NULL) == VG_OK &&
        vg_scene_parse("scene", text, size, &scene, NULL) == VG_OK)
        floor_fps = (double)vg_scene_floor_fps(scene);
    vg_scene_close(&scene);
    vg_free(text);
    return floor_fps;
}

static struct vg_admission_wish wish_of(struct vg_desk *desk, const struct vg_flux_config *flux)
{
    return (struct vg_admission_wish){.id = flux->id,
                                      .rate_fps = flux->rate_fps,
                                      .floor_fps =
                                          flux->has_scene ? stored_floor(desk, flux->id) : 0,
                                      .priority = flux->priority};
}

static enum vg_status read_wishes(struct vg_desk *desk, const struct vg_fit_change *change,
                                  struct question *q, struct vg_fault *fault)
{
    const struct vg_flux_config *asked = change->flux;
    const enum vg_status status =
        vg_config_flux_list(desk->database, &q->flux, &q->flux_count, fault);
    for (size_t i = 0; !status && i < q->flux_count; i++) {
        if (!q->flux[i].active)
            continue;
        const struct vg_admission_wish wish = wish_of(desk, &q->flux[i]);
        q->wish[q->wish_count++] = wish;
        if (strcmp(q->flux[i].id, asked->id) != 0)
            continue;
        q->was_active = true;
        q->before = wish;
        q->declared_milli = q->flux[i].declared_milli;
    }
    q->asked = (struct vg_admission_wish){
        .id = asked->id, .rate_fps = asked->rate_fps, .priority = asked->priority};
    q->asked.floor_fps = change->scene   ? (double)vg_scene_floor_fps(change->scene)
                         : q->was_active ? q->before.floor_fps
                                         : stored_floor(desk, asked->id);
    return status;
}

/* ---- what was measured ---------------------------------------------------------------------- */

static enum vg_status read_published(const struct redisReply *value, const char *key,
                                     struct vg_admission_model *model, struct vg_fault *fault)
{
    if (value->type != REDIS_REPLY_STRING)
        return vg_fault_set(fault, VG_E_STATE, N_("nothing was measured of the devices yet"), NULL,
                            "%s", key);
    if (vg_admission_model_read(value->str, value->len, model, NULL))
        return vg_fault_set(fault, VG_E_INPUT,
                            N_("what analysis told of its devices cannot be read"), NULL, "%s",
                            key);
    return VG_OK;
}

/* By a connection of its own that waits for a moment only. */
static enum vg_status ask_redis(struct vg_desk *desk, struct vg_admission_model *model,
                                struct vg_fault *fault)
{
    struct vg_redis_settings settings = vg_redis_defaults(desk->redis_socket);
    struct vg_config_site site;
    struct vg_redis_link *link = NULL;
    struct redisReply *value = NULL;
    char key[32 + VG_CONFIG_NAME_SIZE];
    settings.dial_ms = settings.answer_ms = VG_FIT_WAIT_MS / 2;
    enum vg_status status = vg_config_site_get(desk->database, &site, fault);
    if (!status)
        status = vg_redis_open(&link, &settings, fault);
    if (!status) {
        (void)snprintf(key, sizeof key, "vigie:capacity:%s", site.node);
        const struct vg_redis_arg command[] = {vg_redis_text("GET"), vg_redis_text(key)};
        status = vg_redis_command(link, command, 2, &value, fault);
    }
    if (!status)
        status = read_published(value, key, model, fault);
    vg_redis_reply_free(&value);
    vg_redis_close(&link);
    return status;
}

/* A Redis that hangs holds up one change, and none of those that follow. */
static enum vg_status read_model(struct vg_desk *desk, struct vg_admission_model *model,
                                 struct vg_fault *fault)
{
    const struct vg_mono_time from = vg_mono_now();
    if (from.us < desk->unasked.us)
        return vg_fault_set(fault, VG_E_CLOSED, N_("Redis does not answer"), NULL, "%s",
                            desk->redis_socket);
    const enum vg_status status = ask_redis(desk, model, fault);
    const struct vg_mono_time now = vg_mono_now();
    if (status && now.us - from.us >= 1000 * VG_FIT_WAIT_MS / 2)
        desk->unasked.us = now.us + UNASKED_US;
    return status;
}

/* Large: on the heap. */
struct vg_fit_measured {
    enum vg_status status;
    struct vg_fault fault;
    struct vg_admission_model model;
};

void vg_fit_prepare(struct vg_desk *desk)
{
    struct vg_fit_measured *m = vg_alloc(sizeof *m);
    vg_fit_forget(desk);
    if (!m)
        return;
    m->status = vg_desk_database(desk, &m->fault);
    if (!m->status)
        m->status = read_model(desk, &m->model, &m->fault);
    desk->measured = m;
}

void vg_fit_forget(struct vg_desk *desk)
{
    vg_free(desk->measured);
    desk->measured = NULL;
}

static enum vg_status take_model(struct vg_desk *desk, struct vg_admission_model *model,
                                 struct vg_fault *fault)
{
    const struct vg_fit_measured *m = desk->measured;
    if (!m)
        return read_model(desk, model, fault);
    *model = m->model;
    if (fault)
        *fault = m->fault;
    return m->status;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static const char *verdict_name(enum vg_admission_verdict verdict)
{
    static const char *const names[] = {[VG_ADMISSION_HELD] = "held",
                                        [VG_ADMISSION_DEGRADED] = "degraded",
                                        [VG_ADMISSION_REFUSED] = "refused"};
    return names[verdict];
}

static const char *reason_name(enum vg_admission_reason reason)
{
    static const char *const names[VG_ADMISSION_REASON_COUNT] = {[VG_ADMISSION_FITS] = "fits",
                                                                 [VG_ADMISSION_RATES] = "rates",
                                                                 [VG_ADMISSION_FLOORS] = "floors",
                                                                 [VG_ADMISSION_LATENCY] = "latency",
                                                                 [VG_ADMISSION_LESS] = "less"};
    return names[reason];
}

static json_t *fallen_json(const struct question *q)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < q->answer.fallen_count && i < VG_ADMISSION_FALLEN_MAX; i++) {
        const struct vg_admission_fallen *one = &q->answer.fallen[i];
        const char *id = one->flux < q->wish_count ? q->wish[one->flux].id : q->asked.id;
        (void)json_array_append_new(list, json_pack("{s:s,s:f,s:f}", "flux", id, "before_fps",
                                                    one->before_milli / 1000.0, "after_fps",
                                                    one->after_milli / 1000.0));
    }
    return list;
}

static json_t *answer_json(const struct question *q, enum vg_language language)
{
    const struct vg_admission *a = &q->answer;
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:o,s:{s:f,s:f},s:f,s:i,s:{s:f,s:f,s:f},s:{s:f,s:f},s:o,s:i}", "verdict",
        verdict_name(a->verdict), "reason", reason_name(a->reason), "message",
        vg_text_in(language, vg_admission_reason_text(a->reason, a->limited_by)), "limited_by",
        a->limited_by == VG_ADMISSION_BY_CORES ? "cores" : "device", "assumed",
        q->plan.decode_assumed ? json_pack("[s]", "decode") : json_array(), "load", "before",
        a->load_before, "after", a->load_after, "headroom", a->headroom, "more",
        (int)(a->more & 0xffffff), "latency_ms", "p50", (double)a->p50_us / 1000, "p95",
        (double)a->p95_us / 1000, "p99", (double)a->p99_us / 1000, "worst", "before",
        a->worst_before, "after", a->worst_after, "fallen", fallen_json(q), "fallen_count",
        (int)a->fallen_count);
}

static json_t *not_known_json(const struct vg_fault *why, enum vg_language language)
{
    return json_pack("{s:s,s:s,s:s}", "verdict", "not_known", "reason", "not_known", "message",
                     vg_text_in(language, why->what));
}

static void refuse(const struct vg_request *request, struct vg_reply *reply,
                   const struct question *q, json_t *answer)
{
    static const char code[] = "does_not_fit";
    const char *message = vg_admission_reason_text(q->answer.reason, q->answer.limited_by);
    vg_reply_error(reply, request->language, 409, code, message, "");
    vg_reply_json(reply, 409,
                  json_pack("{s:{s:s,s:s,s:s},s:O}", "error", "code", code, "message",
                            vg_text_in(request->language, message), "where", "", "admission",
                            answer));
}

/* ---- asking --------------------------------------------------------------------------------- */

/* What takes no more than before was admitted already. */
static bool takes_more(const struct question *q, const struct vg_fit_change *change)
{
    return change->flux->active && !(q->was_active && vg_admission_less(&q->before, &q->asked));
}

/* Who saves again what takes no more admits what it has come to cost. Nothing is asked, and what was
 * admitted is never taken away: nothing may be measured of it yet. */
static void declare_again(struct vg_desk *desk, struct question *q, struct vg_fit *fit)
{
    if (!q->was_active || take_model(desk, &q->model, NULL))
        return;
    fit->declared_milli = vg_admission_declare(&q->model, q->asked.id);
    fit->declared = fit->declared_milli > q->declared_milli;
}

static enum vg_status judge(struct vg_desk *desk, struct question *q, struct vg_fault *fault)
{
    enum vg_status status = take_model(desk, &q->model, fault);
    if (!status)
        status = vg_admission_plan(&q->model, q->wish, q->wish_count, &q->asked, &q->plan, fault);
    return status ? status : vg_admission_ask(&q->plan.ask, &q->answer, fault);
}

static bool ask(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                const struct vg_fit_change *change, enum vg_fit_manner manner, struct question *q,
                struct vg_fit *fit)
{
    struct vg_fault fault = {0};
    const bool willing = vg_request_query(request, "admit") != NULL;
    if (read_wishes(desk, change, q, &fault)) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return false;
    }
    const bool more = takes_more(q, change);
    if (!more && manner == VG_FIT_TO_SAVE) {
        declare_again(desk, q, fit);
        return true;
    }
    if (judge(desk, q, &fault)) {
        if (manner == VG_FIT_TO_SAVE)
            vg_log(VG_LOG_INFO, "it is not known whether flux %s fits: %s", q->asked.id,
                   fault.what);
        fit->answer = not_known_json(&fault, request->language);
        return true;
    }
    if (!more && (q->answer.verdict != VG_ADMISSION_HELD || q->answer.headroom < 0)) {
        /* it is never refused */
        q->answer.verdict = VG_ADMISSION_HELD;
        q->answer.reason = VG_ADMISSION_LESS;
    }
    fit->answer = answer_json(q, request->language);
    fit->declared = true;
    fit->declared_milli = vg_admission_declare(&q->model, q->asked.id);
    if (q->answer.verdict == VG_ADMISSION_HELD || willing || manner == VG_FIT_TO_KNOW)
        return true;
    refuse(request, reply, q, fit->answer);
    return false;
}

bool vg_fit_admits(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                   const struct vg_fit_change *change, enum vg_fit_manner manner,
                   struct vg_fit *fit)
{
    const char *admit = vg_request_query(request, "admit");
    *fit = (struct vg_fit){0};
    if (admit && strcmp(admit, "degraded") != 0) {
        vg_reply_error(reply, request->language, 400, "bad_query", N_("this value cannot be read"),
                       "admit");
        return false;
    }
    struct question *q = vg_alloc(sizeof *q);
    if (!q) {
        vg_reply_error(reply, request->language, 503, "no_memory", N_("no memory left"), "");
        return false;
    }
    const bool admitted = ask(desk, request, reply, change, manner, q, fit);
    vg_free(q->flux);
    vg_free(q);
    if (!admitted)
        vg_fit_release(fit);
    return admitted;
}

enum vg_status vg_fit_declare(struct vg_desk *desk, const char *id, const struct vg_fit *fit,
                              struct vg_fault *fault)
{
    return fit->declared ? vg_config_flux_declare(desk->database, id, fit->declared_milli, fault)
                         : VG_OK;
}
